#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Losses, each in its way, through a real Kafka: records removed from the bus, whole segments dropped by retention, records left out though
# heartbeats count them, records that an agent tells it lost, dead letters with and without a signature. `hypermeter gaps` and `hypermeter agents` name exactly what is
# gone, per agent and bin; read again from the start, they say the same. HM_SEED repeats a run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

seed=${HM_SEED:-$RANDOM}
losses=$src/tests/e2e/losses.py
echo "# seed $seed"

send () # FILE…: part of a partition, named PARTITION.PART, by its order
{
  local file
  for file; do
    [ ! -f "$dir/$file" ] || kcat -P -b "$brokers" -t "$topic" -p "${file%.*}" -K '\t' "$dir/$file" -l
  done
}

send_signed ()
{
  local key id signature value
  while IFS=$'\t' read -r key id signature value; do
    printf '%s' "$value" | kcat -P -b "$brokers" -t "$topic" -p 1 -k "$key" -H "ce_id=$id" -H "hm-signature=$signature"
  done < "$dir/signed"
}

stored () # PARTITION
{
  sqlite3 -readonly "$dir/usage.db" "SELECT next FROM offsets WHERE partition = $1"
}

lowest () # PARTITION
{
  kcat -Q -b "$brokers" -t "$topic:$1:-2" | sed -n 's/.*offset //p'
}

has_dropped ()
{
  [ "$(lowest 2)" -gt "$stored2" ]
}

# says WHAT COMMAND ARGUMENT…
says ()
{
  local what=$1
  shift
  "$cli" "$@" --store "$store" --output ndjson | /usr/bin/python3 "$losses" "$what" "$dir" "$stored0" "$low0" "$stored2" "$low2"
}

# What does not depend on when it was read.
dump ()
{
  "$cli" agents --bins --store "$store" --output csv
  "$cli" gaps --store "$store" --output csv
  "$cli" anomalies --store "$store" --output csv
  "$cli" dead-letters --store "$store" --output csv | cut -d, -f 1,3-
}

collect_again ()
{
  sqlite3 "$dir/usage.db" "UPDATE offsets SET next = CASE partition WHEN 0 THEN $low0 WHEN 2 THEN $low2 ELSE 0 END"
  collect "$@"
}

says_in_log ()
{
  grep -qE -- "$1" "$dir/watch.log"
}

"$build/tests/generate" --records 1200 --resources 10 --seed "$seed" | /usr/bin/python3 "$losses" plan "$dir" "$seed"
start_kafka --nodes 1
"$real/kafka" topic "$dir/k" "$topic" 3 segment.bytes=1048576 retention.bytes=1048576
send 0.1 1.1 2.1
check 'collector_takes_the_first_part' collect
stored0=$(stored 0) stored2=$(stored 2)
send 0.2 1.2 2.2 1.3
send_signed
"$real/kafka" drop "$dir/k" "$topic" 0 "$(/usr/bin/python3 "$losses" offset "$dir")"
check 'retention_drops_a_segment_that_nobody_has_read' wait_until 120000 has_dropped
low0=$(lowest 0) low2=$(lowest 2)
check 'collector_goes_on_after_what_is_gone' collect -o collector.keys-dir="$dir/keys"
check 'gaps_are_exactly_what_was_removed_or_told' says gaps gaps
check 'bins_lack_exactly_what_was_removed' says bins agents --bins
check 'agents_lack_exactly_what_was_removed' says agents agents
check_equal 'an_agents_missing_records_are_found_by_asking_for_them' "$("$cli" agents --store "$store" --output ndjson | grep -vc '"missing":0,')" \
  "$("$cli" agents --missing --store "$store" --output ndjson | wc -l)"
dump > "$dir/before"
check 'collector_reads_everything_again' collect_again -o collector.keys-dir="$dir/keys"
dump > "$dir/after"
check 'what_is_said_is_the_same_when_everything_was_read_again' cmp "$dir/before" "$dir/after"

background watch "$collector" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" \
  -o source.topic="$topic" -o store.url="$store" "${for_ever[@]}" -o collector.silent-after=2s
watching=$started
check 'collector_says_which_agent_is_silent_and_whose_resources_are_on_it' \
  wait_until 300000 says_in_log 'agent agent-2 of default is silent: nothing has come of it since .*; projects on it: project-2'
grep '^agent-2' "$dir/1.3" | tail -n 1 > "$dir/1.4"
check 'collector_goes_on_watching' wait_until 300000 says_in_log 'agent agent-9 of default is silent'
send 1.4
check 'collector_says_that_it_is_heard_again' wait_until 300000 says_in_log 'agent agent-2 of default is heard again'
stop "$watching" 60000
