#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a broker may do to an agent: have no such topic, not let it write, refuse what is too large, not answer for a while, be
# another one under the same address. Sampling goes on, each is said, and afterwards every record that the file publisher saw is on the
# bus, byte for byte and in order, or a gap record says what is missing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

declare -A agents # pids, by name
large=2500 # bytes; a guest's record is smaller, the agent's own larger

# run_agent NAME [OPTION…]: sends to the topic of that name; its records are in $dir/NAME.ndjson as well
run_agent ()
{
  local name=$1
  shift
  background "$name" "$agent" -o agent.id=host -o agent.state-dir="$dir/$name" -o agent.runtime-dir="$dir/$name" -o agent.interval=100ms \
    -o agent.meters='instance;vcpus;memory' -o agent.stop-timeout=120s -o inspector.uri="$uri" -o publisher:file.path="$dir/$name.ndjson" \
    -o publisher:kafka.topic="$name" -o publisher:kafka.kafka.bootstrap.servers="$brokers" "$@"
  agents[$name]=$started
}

taken () # NAME
{
  if [ -f "$dir/$1.ndjson" ]; then wc -l < "$dir/$1.ndjson"; else echo 0; fi
}

has_taken () # NAME N
{
  [ "$(taken "$1")" -ge "$2" ]
}

said () # NAME TEXT
{
  grep -q -- "$2" "$dir/$1.log"
}

# By the ends of the two partitions: whoever reads a topic that grows comes to no end.
has_sent () # NAME N
{
  [ "$(kcat -Q -b "$brokers" -t "$1:0:-1" -t "$1:1:-1" 2> /dev/null | awk '{ sum += $NF } END { print sum + 0 }')" -ge "$2" ]
}

goes_on () # NAME: takes some more
{
  wait_until 300000 has_taken "$1" $(($(taken "$1") + 40))
}

sends_all () # NAME: at least all that is taken by now
{
  wait_until 300000 has_sent "$1" "$(taken "$1")"
}

dump () # NAME
{
  kcat -C -q -b "$brokers" -t "$1" -e -f '%T\t%p\t%k\t%h\t%s\n' >> "$dir/$1.bus"
}

same_on_the_bus () # NAME [OPTION…]
{
  local name=$1
  shift
  /usr/bin/python3 "$src/tests/e2e/compare_bus.py" "$@" "$dir/$name.ndjson" < "$dir/$name.bus"
}

signal_broker () # SIGNAL
{
  # shellcheck disable=SC2046 # one word a pid
  kill "-$1" $(pids_with_argument "$dir/k/node1/server.properties")
}

has_gap () # NAME
{
  [ -f "$dir/$1.ndjson" ] && grep -q '"type":"hypermeter.gap/1".*too large' "$dir/$1.ndjson"
}

start_kafka --acl yes
port=${brokers##*:}
test_driver 4
make_topics steady 2
make_topics ruled 2
"$real/kafka" allow "$dir/k" ruled Read Describe
"$real/kafka" topic "$dir/k" small 2 max.message.bytes=$large > /dev/null

run_agent late -o publisher:kafka.kafka.topic.metadata.propagation.max.ms=1000
run_agent ruled
run_agent small -o publisher:kafka.kafka.compression.codec=none -o agent.interval=500ms \
  -o agent.meters='instance;agent.*'
run_agent steady -o publisher:kafka.kafka.reconnect.backoff.max.ms=500

check 'topic_that_is_missing_is_said' wait_until 300000 said late 'nknown topic'
check 'agent_goes_on_when_the_topic_is_missing' goes_on late
check 'right_that_is_missing_is_said' wait_until 300000 said ruled 'authorization failed'
check 'agent_goes_on_when_it_may_not_write' goes_on ruled
check 'record_that_is_too_large_is_said_to_be_missing' wait_until 300000 has_gap small
check 'agent_goes_on_when_a_record_is_too_large' goes_on small

expect_exit 'topics_check_says_77_when_it_may_not' 77 'ruled' "$cli" topics check samples --samples ruled --brokers "$brokers" --timeout 60s
make_topics late 2
"$real/kafka" allow "$dir/k" ruled Write
check 'agent_sends_all_when_the_topic_comes' sends_all late
check 'agent_sends_all_when_it_may_write' sends_all ruled
for name in late ruled small; do
  check "agent_of_${name}_drains_and_stops" stop "${agents[$name]}" 150000
done
# What is refused at the very end is said by the next process, which has nothing that is too large.
run_agent small -o agent.meters=instance
check 'agent_of_small_goes_on_after_a_restart' goes_on small
check 'agent_of_small_drains_and_stops_again' stop "${agents[small]}" 150000
for name in late ruled small; do
  dump "$name"
done
check 'all_is_on_the_bus_after_the_topic_came' same_on_the_bus late
check 'all_is_on_the_bus_after_the_right_came' same_on_the_bus ruled
check 'all_but_what_is_too_large_is_on_the_bus' same_on_the_bus small --refused /host/

# -- a broker that does not answer for a while

signal_broker STOP
at=$(taken steady)
check 'agent_goes_on_when_the_broker_does_not_answer' wait_until 300000 has_taken steady $((at + 200))
signal_broker CONT
check 'agent_sends_all_when_the_broker_answers_again' sends_all steady

# -- another one under its address

"$real/kafka" stop "$dir/k"
check 'agent_goes_on_when_the_broker_is_gone' goes_on steady
mkdir "$dir/other"
kafkas+=("$dir/other")
"$real/kafka" start "$dir/other" --port "$port" > /dev/null 2>> "$dir/kafka.log"
make_topics steady 2
check 'agent_sends_to_the_other_cluster' wait_until 300000 has_sent steady 80
check 'agent_of_steady_drains_and_stops' stop "${agents[steady]}" 150000
dump steady
mv "$dir/steady.bus" "$dir/other.bus"
"$real/kafka" stop "$dir/other"
"$real/kafka" start "$dir/k" > /dev/null 2>> "$dir/kafka.log"
dump steady
cat "$dir/other.bus" >> "$dir/steady.bus"
check 'all_is_on_the_one_or_the_other_bus' same_on_the_bus steady
