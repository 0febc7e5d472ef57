#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job with all real parts: QEMU guests that boot Linux → agent → Apache Kafka → collector → SQLite → usage.
# One poll is compared value by value with what virsh says before and after it; the topic is read by kcat and judged by a JSON Schema
# validator, neither of them ours.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

identity=(-o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a")
options=("${identity[@]}" -o agent.stop-timeout=60s)

start_guests ()
{
  local name
  start_libvirtd v
  "$real/guest" define "$uri" "$dir/v" one --project-id p-acme --project-name Acme --user-id u-1 --user-name alice \
    --flavor m1.tiny > /dev/null
  "$real/guest" define "$uri" "$dir/v" two --project-id p-initech --project-name Initech --user-id u-2 --user-name peter \
    --flavor m1.small --vcpus 2 > /dev/null
  for name in one two; do
    "$real/guest" wait "$uri" "$name"
  done
}

# domstats FILE: what libvirt says of all guests now
domstats ()
{
  virsh -c "$uri" domstats --raw --state --cpu-total --balloon --vcpu --block --interface > "$1"
}

values_lie_between ()
{
  domstats "$dir/before"
  "$agent" "${options[@]}" -o inspector.uri="$uri" -o publisher:kafka.kafka.bootstrap.servers="$brokers" \
    -o publisher:kafka.topic="$topic" --once 2> "$dir/once.log"
  domstats "$dir/after"
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%s\n' > "$dir/values"
  /usr/bin/python3 "$src/tests/e2e/compare_domstats.py" "$dir/before" "$dir/after" "$dir/values" \
    "$(virsh -c "$uri" domuuid one)=one" "$(virsh -c "$uri" domuuid two)=two"
}

has_drained () # NAME
{
  ! grep -qF 'not delivered in time' "$dir/$1.log"
}

topic_reads_well ()
{
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%k\t%h\t%s\n' > "$dir/topic"
  /usr/bin/python3 "$src/tests/e2e/check_topic.py" "$src/docs/schemas" < "$dir/topic"
}

measured_since () # TIME: a sample record is of a time after that
{
  jq -en --arg since "$1" 'any(inputs; .type == "hypermeter.samples/1" and .time > $since)' "$dir/frozen.ndjson" > "$dir/measured" 2>&1
}

# A broker that hangs, and the limit that is the default: 5 s, a fifth of which is kept for the publishers' end; the broker is
# waited for until the rest has passed. What was measured after the broker was stopped is what no broker can have confirmed.
stops_while_the_broker_hangs ()
{
  local began status=0
  : > "$dir/frozen.ndjson"
  background frozen "$agent" "${identity[@]}" -o agent.interval=1s -o inspector.uri="$uri" \
    -o publisher:file.path="$dir/frozen.ndjson" -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$topic"
  wait_until 120000 grep -qF running "$dir/frozen.log" || return 1
  kill -STOP "$broker" || return 1
  wait_until 120000 measured_since "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)" || return 1
  began=$(now_ms)
  stop "$started" 60000 || status=$?
  began=$(($(now_ms) - began))
  echo "# the stop took $began ms"
  [ "$status" -eq 0 ] && [ "$began" -ge 3900 ] && ! has_drained frozen
}

usage_of ()
{
  "$cli" usage --store "$store" --by project --meter "$1" --output csv | awk -F, '/^p-(acme|initech),/ && $3 != "0"' | wc -l
}

# Usage above zero in two projects for each of these.
usage_is_there ()
{
  local meter found
  for meter in cpu memory disk.device.read.bytes disk.device.write.bytes network.incoming.bytes network.outgoing.bytes instance vcpus; do
    found=$(usage_of "$meter")
    [ "$found" -eq 2 ] || { echo "#   $meter: $found projects"; return 1; }
  done
}

expect_exit 'agent_once_fails_with_69_when_the_hypervisor_is_away' 69 '' \
  "$agent" "${options[@]}" -o inspector.uri="qemu:///system?socket=$dir/none" -o publisher:file.path="$dir/out.ndjson" --once
start_guests
expect_exit 'agent_once_fails_with_69_when_the_broker_is_away' 69 '' \
  "$agent" "${options[@]}" -o inspector.uri="$uri" -o publisher:kafka.kafka.bootstrap.servers=127.0.0.1:9 \
  -o agent.stop-timeout=2s --once

# The agent is there before the broker: it measures, waits, says so, and delivers once the broker comes.
port=$(reserve_free "$dir/k" 3) # as many as a broker has
background early "$agent" "${options[@]}" -o inspector.uri="$uri" -o agent.interval=1s \
  -o publisher:kafka.kafka.bootstrap.servers="127.0.0.1:$port" -o publisher:kafka.topic="$topic"
early=$started
start_kafka --port "$port"
make_topics "$topic" 4
delivered () { [ "$(kcat -C -q -b "$brokers" -t "$topic" -e -f 'x\n' 2> /dev/null | wc -l)" -ge 6 ]; }
check 'agent_delivers_what_it_measured_before_the_broker_came' wait_until 300000 delivered
check 'agent_stops_on_sigterm' stop "$early" 90000
check 'agent_has_drained_on_sigterm' has_drained early

check 'agent_once_values_lie_between_two_domstats' values_lie_between
check 'topic_has_keys_cloudevents_headers_and_valid_values' topic_reads_well

background agent "$agent" "${options[@]}" -o inspector.uri="$uri" -o agent.interval=1s \
  -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$topic"
running=$started
wait_until 120000 grep -qF running "$dir/agent.log" # events are told from then on
"$real/crowd" start "$uri" "$dir/v" 1 --idle > /dev/null
virsh -q -c "$uri" suspend crowd-001 > /dev/null
virsh -q -c "$uri" resume crowd-001 > /dev/null
lifecycle () { [ "$(kcat -C -q -b "$brokers" -t "$topic" -e -f '%s\n' 2> /dev/null | grep -c '"event":"resumed"')" -gt 0 ]; }
check 'agent_sends_lifecycle_records_of_suspend_and_resume' wait_until 120000 lifecycle
check 'agent_stops_with_status_0' stop "$running" 90000
check 'agent_has_sent_everything' has_drained agent
check 'collector_reads_to_the_end' collect
check 'usage_of_two_projects_is_above_zero_for_each_meter' usage_is_there
names=$("$cli" resources --store "$store" --output csv | awk -F, '$3 == "instance" && $2 !~ /crowd/ { print $2 ":" $6 }' | sort | tr '\n' ' ')
check_equal 'resources_have_the_names_that_their_metadata_gives' 'one:Acme two:Initech ' "$names"

broker=$(pids_with_argument "$dir/k/node1/server.properties")
at_end () { kill -CONT "$broker" 2> /dev/null; }
check 'agent_gives_up_at_its_limit_when_the_broker_hangs' stops_while_the_broker_hangs
