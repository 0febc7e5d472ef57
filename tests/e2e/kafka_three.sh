#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Three brokers, topics made by `hypermeter topics create`, an agent that sends without a pause, and the leader of a partition
# killed meanwhile: every record that the file publisher saw is on the bus, byte for byte and in order, and the stall is printed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

out=$dir/out.ndjson patience=60s

# topics WORD…: for the table's reader, a row is topic,state,setting,is,wanted,reason
topics ()
{
  "$cli" topics "$@" --brokers "$brokers" --timeout "$patience" --output csv > "$dir/topics.csv" 2> "$dir/topics.log"
}

# finds STATE SETTING [TOPIC]: a check says that
finds ()
{
  topics check || :
  grep -q "^${3:-$topic},$1,$2," "$dir/topics.csv"
}

has_three_brokers ()
{
  [ "$(kcat -L -J -b "$brokers" 2> /dev/null | /usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)["brokers"]))')" = 3 ]
}

# Each topic is there, as it should be. A node that a busy machine kept from saying that it is alive lags for a moment.
is_content ()
{
  topics create && [ "$(count exists) $(count created) $(count good) $(count warning) $(count bad)" = '4 0 4 0 0' ]
}

is_good ()
{
  topics check && ! grep -q ',\(warning\|bad\),' "$dir/topics.csv"
}

count () # STATE
{
  grep -c ",$1," "$dir/topics.csv" || :
}

setting_of () # TOPIC KEY: by the broker's own client
{
  jars=$("$real/kafka" fetch)
  java -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.admin.ConfigCommand --bootstrap-server "$brokers" --describe --topic "$1" 2> /dev/null \
    | sed -n "s/^ *$2=\([^ ]*\) .*/\1/p"
}

leader () # of partition 0
{
  kcat -L -J -b "$brokers" -t "$topic" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["topics"][0]["partitions"][0]["leader"])'
}

taken ()
{
  if [ -f "$out" ]; then wc -l < "$out"; else echo 0; fi
}

# By the ends of the partitions: whoever reads a topic that grows comes to no end.
on_the_bus ()
{
  local number ends=()
  for number in {0..11}; do ends+=(-t "$topic:$number:-1"); done
  kcat -Q -b "$brokers" "${ends[@]}" 2> /dev/null | awk '{ sum += $NF } END { print sum + 0 }'
}

has_taken () { [ "$(taken)" -ge "$1" ]; }
has_sent () { [ "$(on_the_bus)" -ge "$1" ]; }

same_on_the_bus ()
{
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%T\t%p\t%k\t%h\t%s\n' > "$dir/bus"
  /usr/bin/python3 "$src/tests/e2e/compare_bus.py" "$out" < "$dir/bus"
}

start_kafka --nodes 3
wait_until 120000 has_three_brokers
check 'topics_check_finds_them_missing' finds bad topic
check 'topics_create_would_when_it_runs_dry' topics create --dry-run
check_equal 'topics_create_makes_none_when_it_runs_dry' '4 0' "$(count missing) $(kcat -L -b "$brokers" | grep -c 'topic "hypermeter' || :)"
check 'topics_create_makes_all' topics create
check_equal 'topics_create_says_each_and_finds_nothing_bad' '4 0' "$(count created) $(count bad)"
check 'topics_create_is_content_when_they_are_there' wait_until 300000 is_content
check_equal 'topic_of_samples_is_kept_by_the_time_of_arrival' LogAppendTime "$(setting_of "$topic" message.timestamp.type)"
check 'topics_check_is_good_when_all_are_well' wait_until 300000 is_good

test_driver 20
background agent "$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" -o agent.interval=150ms \
  -o agent.meters='instance;vcpus;memory' -o agent.stop-timeout=120s -o inspector.uri="$uri" -o publisher:file.path="$out" \
  -o publisher:kafka.required=true -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$topic"
running=$started
check 'agent_sends' wait_until 300000 has_sent 300
killed=$(leader)
at=$(taken)
"$real/kafka" kill "$dir/k" "$killed"
echo "# node $killed is killed after $at records"
patience=20s # what is asked of a broker that was just killed is never answered, so it is asked again sooner than others wait for it
check 'agent_goes_on_taking' wait_until 300000 has_taken $((at + 600))
check 'topics_check_finds_the_copies_that_lag' wait_until 300000 finds warning 'partitions short of copies'
check 'agent_goes_on_sending' wait_until 300000 has_sent $((at + 600))
"$real/kafka" restart "$dir/k" "$killed"
at=$(taken)
check 'agent_sends_when_the_node_is_back' wait_until 300000 has_sent $((at + 200))
check 'agent_drains_and_stops' stop "$running" 150000
check 'every_record_is_on_the_bus_byte_for_byte_and_in_order' same_on_the_bus
check 'topics_check_is_good_when_the_node_has_caught_up' wait_until 300000 is_good
