#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What tells a right collector from a wrong one, on both stores side by side and through a real Kafka; what it must come to is known beforehand (ten_records.py).
# Here: a topic taken again, twice; shuffled; a second collector on one SQLite store; a reboot; a migration, live and cold, with the source's records last of
# all; a reading of the year to come; a month's edge within a gap; a month in which the clocks change; poison among the records, and a store that is away under load.
#
# Elsewhere: a kill at each statement: tests/test_collector_points.c (all of them) and collector_kills.sh, collector_kills_postgresql.sh (real ones); two collectors on one partition of
# PostgreSQL: fencing.sh; a late record after the close, and a correction: billing.sh. `make chaos` has the long outages.

# shellcheck source-path=SCRIPTDIR source=../kit/both.sh
. "$(dirname "$(readlink -f "$0")")/../kit/both.sh"

seed=${HM_SEED:-$RANDOM}
echo "# HM_SEED=$seed"
known=$src/tests/e2e/ten_records.py
columns=project,user,flavor,state,resource,agent,device,meter,hour

# comes_to KEY OPTION… KIND
comes_to ()
{
  hm "${*: -1}" usage --output ndjson "${@:2:$# - 2}" | /usr/bin/python3 "$known" check "$dir" "$1"
}

flagged () # RESOURCE FLAG KIND
{
  hm "$3" usage --resource "$1" --meter cpu --by resource --output ndjson | jq -e --arg flag "$2" '.flags | index ($flag)'
}

# All that usage says, and everything that was held out.
dump () # KIND
{
  hm "$1" usage --by "$columns" --output csv | sort && hm "$1" anomalies --output csv | cut -d , -f 3- | sort
}

keep () { dump "$1" > "$dir/dump.$1" && [ "$(wc -l < "$dir/dump.$1")" -gt 200 ]; }
is_the_same () { dump "$1" > "$dir/again.$1" && cmp "$dir/dump.$1" "$dir/again.$1"; }
stores_agree () { keep "$1" && dump sqlite > "$dir/other.$1" && cmp "$dir/dump.$1" "$dir/other.$1"; }

# As if nobody knew how far it was taken.
is_taken_again () # GROUP KIND
{
  sql "$2" 'DELETE FROM offsets' > /dev/null && group=$1 take "$2" && is_the_same "$2"
}

is_put_aside () # KIND
{
  hm "$1" anomalies --kind future --output ndjson | jq -r .subject | grep -x vm-future > /dev/null
}

# -- poison, and a store that is away under load

records ()
{
  sql "$1" 'SELECT count(*) FROM raw' 2> /dev/null | sed 1d | tr -d '\r'
}

letters ()
{
  hm "$1" dead-letters --output ndjson | jq -r .reason | sort | uniq -c | xargs
}

has () # NUMBER KIND
{
  [ "$(records "$2")" -ge "$1" ]
}

# Somebody else has SQLite's write lock; PostgreSQL's server is killed.
take_stores_away ()
{
  background holder /usr/bin/python3 -c 'import signal, sqlite3, sys
store = sqlite3.connect (sys.argv[1], timeout=120, isolation_level=None)
store.execute ("BEGIN IMMEDIATE")
print ("held", flush=True)
signal.pause ()' "$dir/load.db"
  holder=$started
  wait_until 120000 grep -qx held "$dir/holder.log" && "$real/postgres" kill "$dir/p"
}

give_stores_back ()
{
  kill "$holder" && "$real/postgres" restart "$dir/p"
}

# Until it says that it cannot store.
waits () { wait_until 300000 grep -qE 'trying again|locked|cannot be written|not there' "$dir/collector-$1.log" && ! gone "${running[$1]}"; }
comes_to_the_sums () { hm "$1" usage --by resource,device,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/compare_sums.py" "$dir/sums"; }
has_six_letters () { [ "$(letters "$1")" = '6 bad-json' ]; }

start_both
/usr/bin/python3 "$known" make "$dir" "$seed"

use ten
check 'records_are_sent' send first
each 'collector_takes_them' take
check 'the_sources_of_both_migrations_come_last' send late
each 'collector_takes_what_comes_last' take
each 'all_comes_to_what_was_used' comes_to total --by resource,meter
each 'reboot_is_seen_though_the_value_grew' flagged vm-reboot reset
each 'migration_is_seen' flagged vm-move overlap
each 'what_moved_cold_is_seen' flagged vm-restart moved
each 'a_month_edge_in_a_gap_divides_it' comes_to UTC --resource vm-edge --by resource,meter,month
each 'so_does_that_of_another_zone' comes_to Europe/Berlin --resource vm-edge --by resource,meter,month --zone Europe/Berlin
each 'days_are_as_long_as_the_clocks_made_them' comes_to days --resource vm-dst --by resource,meter,day --zone Europe/Berlin
each 'both_stores_say_the_same' stores_agree
each 'reading_of_the_year_to_come_is_put_aside' is_put_aside
each 'topic_is_taken_again' is_taken_again again
each 'topic_is_taken_a_third_time' is_taken_again third

use shuffled
check 'records_are_sent_in_a_random_order' send shuffled
each 'collector_takes_what_is_shuffled' take
each 'what_is_shuffled_comes_to_the_same' is_the_same

use load
"$build/tests/generate" --records 6000 --resources 60 --seed "$seed" --sums "$dir/sums" | /usr/bin/python3 "$known" poison "$dir"
settings=(-o store.batch-records=100)
run_all
check 'half_of_the_load_is_sent' send part1
each 'some_of_it_is_stored' wait_until 300000 has 100
expect_exit 'a_second_collector_is_refused_one_sqlite_store' 75 'another collector has this store' \
  "$collector" -o collector.state-dir="$dir/second" -o collector.runtime-dir="$dir/second" -o collector.listen= -o source.kafka.bootstrap.servers="$brokers" \
  -o source.topic="${topics[sqlite]}" -o store.url="${stores[sqlite]}" "${for_ever[@]}"
check 'stores_go_away' take_stores_away
check 'the_other_half_is_sent' send part2
each 'collector_waits_for_its_store' waits
check 'stores_come_back' give_stores_back
each 'all_is_stored' wait_until 300000 has 6000
each 'poison_is_put_aside' wait_until 300000 has_six_letters
each 'load_comes_to_the_generators_sums' comes_to_the_sums
check 'collectors_end_in_order' end_all
