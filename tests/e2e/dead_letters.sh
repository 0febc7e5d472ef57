#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What was refused is not lost. Over a real Kafka, half of the agents sign with keys that the collector does not know, and a foreign meter changes its
# type. The keys are added while the collector runs, everything is replayed, and the collector is killed with -9 in the middle of it: in the
# end each series' usage equals the generator's sum, and every dead letter is on the mirror topic.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

mirror=hypermeter.dead-letter
resources=20 records=600 unknown=300 # those of agent-0 to agent-9

ask () # QUERY
{
  sqlite3 -readonly "$dir/usage.db" "$1" 2> /dev/null
}

says () # EXPECTED QUERY
{
  [ "$(ask "$2")" = "$1" ]
}

start_collector ()
{
  background collector "$collector" --config "$dir/collector.conf"
  running=$started
}

kill_collector ()
{
  kill -9 "$running"
  { wait "$running" || :; } 2> /dev/null
}

# make_keys: each agent's, and the collector's folder of those that it knows
make_keys ()
{
  local agent
  for ((agent = 0; agent < resources; agent++)); do
    mkdir -p "$dir/keys/agent-$agent"
    (umask 077 && openssl rand -hex 32 > "$dir/keys/agent-$agent/key-$agent")
  done
  mkdir "$dir/known"
  for ((agent = resources / 2; agent < resources; agent++)); do cp -a "$dir/keys/agent-$agent" "$dir/known/"; done
}

# foreign SEQ TYPE: a record of a meter that nobody has told the collector about
foreign ()
{
  printf '{"schema":"hypermeter.samples/1","source":"lab","agent":{"id":"a-1","epoch":"e-1","bin":1,"metering_since":"2026-11-01T00:00:00Z"},"seq":%s,"resource":{"id":"i-1","kind":"instance","project":"p-1","user":"u-1","state":"running","epoch":"b:1:0","epoch_start":"2026-11-20T10:00:00Z"},"time":"2026-11-20T10:0%s:00Z","read_ns":1000,"interval_ns":60000000000,"clock":{"boot":"b","boot_ns":1,"synced":true},"samples":[{"meter":"lab.heat","type":"%s","unit":"K","value":3}]}\n' \
    "$1" "$1" "$2"
}

write_config ()
{
  cat > "$dir/collector.conf" << END
[collector]
state-dir=$dir/c
runtime-dir=$dir/c
keys-dir=$dir/known
signatures=require
[source:lab]
signatures=off
[source]
topic=$topic
dead-letter-topic=$mirror
kafka.bootstrap.servers=$brokers
[store]
url=$store
keep-raw=0s
keep-bins=0s
END
}

letters ()
{
  "$cli" dead-letters "$@" --store "$store"
}

compare ()
{
  "$cli" usage --store "$store" --source default --by resource,device,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/compare_sums.py" "$dir/sums"
}

refused_again () # ID
{
  local status=0
  letters replay "$1" --wait 180 --output csv > "$dir/answer" 2>&1 || status=$?
  [ "$status" -eq 1 ] && grep -q 'refused again: bad-signature: ' "$dir/answer"
}

known_by_now ()
{
  [ "$(grep -c "signatures: $resources keys" "$dir/collector.log")" -ge 1 ]
}

# hold: the forty-first answer never ends, so that whoever gives it is killed in the middle however late that is
hold ()
{
  sqlite3 "$dir/usage.db" 'CREATE VIEW endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
    CREATE TRIGGER hold AFTER UPDATE ON request WHEN (SELECT count(*) FROM request WHERE done > 0) > 40 BEGIN SELECT max (i) FROM endless; END'
}

mirrored ()
{
  letters --settled --output ndjson > "$dir/letters"
  kcat -C -b "$brokers" -t "$mirror" -e -q -J > "$dir/messages" 2>> "$dir/kcat.log"
  /usr/bin/python3 "$src/tests/e2e/check_mirror.py" "$dir/letters" "$dir/messages" > "$dir/compared"
}

all_mirrored ()
{
  local status=0
  wait_until 180000 mirrored || status=1
  cat "$dir/compared"
  return "$status"
}

start_kafka --nodes 1
make_topics "$topic" 2
"$cli" topics create dead-letter --dead-letter "$mirror" --partitions 2 --brokers "$brokers" --timeout 60s >> "$dir/topics.log" 2>&1
make_keys
write_config
"$build/tests/generate" --records "$records" --resources "$resources" --seed 7 --brokers "$brokers" --topic "$topic" --sums "$dir/sums" \
  --keys "$dir/keys" > "$dir/generate.log" 2>&1
{ foreign 1 gauge; foreign 2 cumulative; } | kcat -P -b "$brokers" -t "$topic" -p 0 -k i-1

start_collector
check 'collector_reads_past_what_it_refuses' wait_until 180000 says $((records + 2)) 'SELECT sum(next) FROM offsets WHERE partition >= 0'
check_equal 'records_of_unknown_keys_and_a_meters_other_type_are_refused' "bad-signature|$unknown
bad-type|1" "$(ask 'SELECT reason, count(*) FROM dead_letter GROUP BY reason ORDER BY reason')"
bad=$(ask "SELECT id FROM dead_letter WHERE reason = 'bad-type'") first=$(ask 'SELECT min(id) FROM dead_letter WHERE reason <> '"'bad-type'")
check 'a_letter_is_refused_again_as_long_as_its_key_is_unknown' refused_again "$first"

# The keys come while the collector runs; it is killed before it is asked, and again while it answers.
cp -a "$dir/keys/." "$dir/known/"
kill -HUP "$running"
check 'keys_are_added_while_the_collector_runs' wait_until 180000 known_by_now
kill_collector
letters replay --all --no-wait --reason 'keys were added' --output csv > "$dir/asked"
check_equal 'what_is_asked_without_a_collector_is_kept' $((unknown + 1)) "$(ask 'SELECT count(*) FROM request WHERE done = 0')"
expect_exit 'a_command_says_that_no_collector_answers' 75 'does a collector run?' letters discard "$bad" --wait 0
hold
start_collector
check 'the_next_collector_answers' wait_until 180000 says 1 'SELECT count(*) > 20 FROM request WHERE done > 0'
kill_collector
open=$(ask 'SELECT count(*) FROM request WHERE done = 0')
echo "# $open of $(ask 'SELECT count(*) FROM request') requests were open when it was killed"
check 'it_was_killed_in_the_middle_of_them' [ "$open" -gt 0 ]
sqlite3 "$dir/usage.db" 'DROP TRIGGER hold; DROP VIEW endless'
start_collector
check 'all_is_answered_in_the_end' wait_until 180000 says 0 'SELECT count(*) FROM request WHERE done = 0'
check_equal 'each_letter_was_settled_once' "accepted|$unknown
discarded|1" "$(ask 'SELECT outcome, count(*) FROM dead_letter GROUP BY outcome ORDER BY outcome')"
check_equal 'each_record_is_there_once' "$((records + 1))" "$(ask 'SELECT count(*) FROM raw')"
check_equal 'replayed_records_are_verified' "$records" "$(ask 'SELECT count(*) FROM raw WHERE verified')"
check 'usage_equals_the_generators_sums' compare
check_equal 'a_letter_tells_who_wanted_what' "replay keys were added accepted" \
  "$(letters show "$first" --output ndjson | jq -r '"\(.asked_for) \(.why) \(.answer)"')"
check 'each_letter_is_on_the_mirror_topic' all_mirrored
check 'the_collector_ends_in_order' stop "$running"
