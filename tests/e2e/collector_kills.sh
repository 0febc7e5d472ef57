#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Exactly once, with SQLite. 100,000 records flow from a generator that keeps its own sums through a real Kafka, while collector and
# broker are killed with -9 again and again: at least 20 times, at least 10 of them inside an open transaction; the collector's process is the
# database's too. Afterwards each series' usage equals the generator's sum, and taking the whole topic again, twice, changes no table.
# The same records shuffled within a resource and sent twice give the same tables.

# shellcheck source-path=SCRIPTDIR source=../chaos/kills.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/kills.sh"

database_file=$dir/usage.db

sql ()
{
  sqlite3 -readonly "$database_file" "$1"
}

committed () # records behind the offsets in the store
{
  sql 'SELECT coalesce(sum(next), 0) FROM offsets' 2> /dev/null || echo 0
}

# rows QUERY…: fails where one cannot be asked or gives nothing
rows ()
{
  local query
  for query; do
    sql "$query" > "$dir/rows" || return 1
    [ -s "$dir/rows" ] || { echo "# there is nothing: $query" >&2; return 1; }
    cat "$dir/rows"
  done
}

# Whatever way the records came: what usage is read from, what was taken, and whose it is.
taken=('SELECT * FROM buckets ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9' 'SELECT source, resource, fold, seen FROM resource_state ORDER BY 1, 2'
  'SELECT grain, source, resource, agent, epoch, seq, time, value FROM raw ORDER BY 1, 2, 3, 4, 5, 6'
  'SELECT source, agent, epoch, records, samples FROM agent ORDER BY 1, 2, 3'
  'SELECT bin, source, agent, epoch, records, (sum_high + (sum_low >> 32)) & 4294967295, sum_low & 4294967295 FROM bin ORDER BY 1, 2, 3, 4')

# tables: their rows, without what is about arrival alone
tables ()
{
  rows "${taken[@]}" 'SELECT grain, source, resource, agent, epoch, seq, "offset" FROM raw ORDER BY 1, 2, 3, 4, 5, 6' \
    'SELECT count(*) FROM dead_letter' 'SELECT topic, partition, next FROM offsets ORDER BY 1, 2' | sha256sum
}

# take_again GROUP: the whole topic into the filled store, as if nobody knew how far it was taken
take_again ()
{
  local after
  sqlite3 "$database_file" 'DELETE FROM offsets'
  rm -rf "$dir/c" # another member, so another group too: this one would wait for the member that is gone
  collect -o source.kafka.group.id="$1" || return 1
  after=$(tables) && [ "$after" = "$before" ]
}

# same_tables OPTION…: the same seed sent another way into another topic and another store gives the same rows
same_tables ()
{
  local other=hypermeter.other.$tests database_file=$dir/other.db
  rm -rf "$dir/c" "$dir/other.db"*
  make_topics "$other" 3
  "$generate" --records 20000 --resources 50 --seed "$seed" --brokers "$brokers" --topic "$other" --sums "$dir/sums" "$@" || return 1
  topic=$other store=sqlite://$dir/other.db collect -o source.kafka.group.id="$other" || return 1
  compare "sqlite://$dir/other.db" || return 1
  rows "${taken[@]}" > "$dir/dump" || return 1
  if [ -f "$dir/dump.first" ]; then cmp "$dir/dump.first" "$dir/dump"; else cp "$dir/dump" "$dir/dump.first"; fi
}

start_kafka --nodes 1
make_topics "$topic" 4
check 'collector_and_broker_are_killed_often_enough_inside_a_transaction' flow_with_kills
check 'collector_reads_to_the_end_after_the_kills' collect
check_equal 'offsets_say_that_each_record_was_stored' "$((records / resources * resources))" "$(committed)"
check_equal 'each_record_is_there_once' "$((records / resources * resources))" "$(sql 'SELECT count(*) FROM raw')"
check 'usage_equals_the_generators_sums' compare "$store"
before=$(tables)
check 'tables_do_not_change_when_the_topic_is_taken_again' take_again again
check 'tables_do_not_change_when_the_topic_is_taken_a_third_time' take_again third
check 'tables_in_order_are_right' same_tables
check 'tables_shuffled_within_a_resource_are_the_same' same_tables --shuffle
check 'tables_doubled_are_the_same' same_tables --double
check 'tables_shuffled_and_doubled_are_the_same' same_tables --shuffle --double
