#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The broker is away for a while (HM_AWAY seconds, 30), and the agent of 1,000 guests is started anew twice meanwhile, once after a
# stop and once after a kill -9. Nothing is lost, each tick is polled but those that the agent says to have skipped, and memory does not
# know how much waits. Prints how fast the backlog is sent when the broker is back.

# shellcheck source-path=SCRIPTDIR source=../chaos/lib.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/lib.sh"

away=${HM_AWAY:-30} topic=away
options=(-o outbox.max-bytes=4GiB -o agent.stop-timeout=1s)

resident () # KiB
{
  awk '/^VmRSS:/ { print $2 }' "/proc/$running/status"
}

# It polls on, and each second, or each that it did not skip, once.
polls_for () # SECONDS
{
  wait_until $((120000 + $1 * 8000)) has_values $(($(values) + $1 * 1000))
}

# How many ticks the agent says to have skipped, for compare: a line of process id, monotonic milliseconds and number. Asked before its end, and
# no sooner than that moment: what is skipped in between is said, not missed.
says_skipped ()
{
  /usr/bin/python3 -c 'import json, subprocess, sys, time
at = time.monotonic_ns() // 10**6
status = json.loads(subprocess.run(sys.argv[2:], check=True, stdout=subprocess.PIPE).stdout)
skipped, = (source["skipped"] for source in status["sources"] if source["source"] == "default")
print(sys.argv[1], at, skipped)' "$running" "$cli" status agent --socket "$dir/run/agent.sock" --output json 2> "$dir/status.log" >> "$dir/skipped"
}

asks_for_skipped ()
{
  wait_until 120000 says_skipped
}

# As is_settled; the last life is asked too.
ends_settled ()
{
  start_agent -o agent.stop-timeout=120s
  wait_until 120000 has_values $(($(values) + 1)) && asks_for_skipped && stop_agent && look && [ "$unconfirmed" -eq 0 ]
}

polls_while_the_broker_is_away ()
{
  polls_for $((away / 3)) && asks_for_skipped || return 1
  stop_agent || echo "# the stop says that not all was sent"
  look && [ "$unconfirmed" -gt 0 ] || return 1
  echo "# stopped: $held records on disk, $unconfirmed unconfirmed"
  start_agent "${options[@]}"
  polls_for $((away / 3)) && asks_for_skipped && kill_agent 0 0 && look && [ "$unconfirmed" -gt 0 ] || return 1
  echo "# killed: $held records on disk, $unconfirmed unconfirmed"
  start_agent "${options[@]}"
  polls_for $((away / 3))
}

# To a broker that is back; whoever was not there to poll meanwhile is no record.
catches_up ()
{
  local began backlog before
  "$real/kafka" restart "$dir/k" 1 2>> "$dir/kafka.log"
  before=$(arrived) backlog=$(values) began=$(now_ms)
  wait_until 300000 has_arrived "$backlog" || return 1
  awk -v n="$((backlog - before))" -v ms="$(($(now_ms) - began))" \
    'BEGIN { printf "# %d records caught up in %.1f s: %.0f records/s\n", n, ms / 1000, n * 1000 / ms }'
}

start_kafka --nodes 1
make_topic
start_agent "${options[@]}"
wait_until 180000 has_arrived 5000
before=$(resident)
"$real/kafka" kill "$dir/k" 1
check 'agent_polls_on_when_the_broker_is_away' polls_while_the_broker_is_away
after=$(resident)
echo "# resident: $before KiB with nothing waiting, $after KiB with the backlog of $away s"
check 'memory_is_flat_with_a_backlog' [ "$after" -le $((before + 8192)) ]
check 'backlog_is_sent_when_the_broker_is_back' catches_up
check 'agent_says_how_many_ticks_it_skipped' asks_for_skipped
stop_agent || echo "# the stop says that not all was sent"
check 'all_that_waits_is_sent' ends_settled
check 'nothing_is_lost_and_each_tick_was_polled' compare --whole 1 --ticks 1000 --skipped "$dir/skipped"
