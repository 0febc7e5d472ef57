#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A guest migrates live from one libvirtd to another, each with its own agent. The source's agent cannot reach the broker until the
# guest has ended on the destination, so all it knows arrives late; what comes out is what was used on both, each counted once.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# start_agent NUMBER BROKERS: where it sees the pid files of its own libvirtd, as both have a process of the guest for a while
start_agent ()
{
  background "agent-$1" "$real/libvirtd" exec "$dir/v$1" "$agent" -o agent.id="host-$1" -o agent.state-dir="$dir/a$1" -o agent.runtime-dir="$dir/a$1" \
    -o agent.interval=1s -o agent.stop-timeout=60s -o inspector.uri="${uris[$1]}" -o publisher:file.path="$dir/host-$1.ndjson" \
    -o publisher:kafka.kafka.bootstrap.servers="$2" -o publisher:kafka.topic="$topic"
}

start_host ()
{
  export LIBVIRTD_HOSTNAME="host-$1"
  start_libvirtd "v$1"
  uris[$1]=$uri
}

# said NUMBER TEXT N: agent NUMBER has made N records of the guest that hold TEXT
said ()
{
  [ "$(grep -F "\"id\":\"$id\"" "$dir/host-$1.ndjson" | grep -cF -- "$2")" -ge "$3" ]
}

migrate ()
{
  virsh -q -c "${uris[1]}" migrate crowd-001 --desturi "${uris[2]}" --live --persistent --undefinesource --unsafe \
    --migrateuri "unix://$dir/migration.sock" > /dev/null
}

# How many records of agent NUMBER lie in the topic.
arrived ()
{
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%s\n' | { grep -cF "\"agent\":{\"id\":\"host-$1\"" || [ $? -eq 1 ]; }
}

# What there was when it began to look: the agent goes on.
all_arrived ()
{
  local made
  made=$(wc -l < "$dir/host-1.ndjson")
  [ "$(arrived 1)" -ge "$made" ]
}

judge ()
{
  local status=0
  "$cli" usage --store "$store" --resource "$id" --by device,meter --output ndjson > "$dir/usage"
  /usr/bin/python3 "$src/tests/e2e/check_migration.py" "$id" "$dir/host-1.ndjson" "$dir/host-2.ndjson" "$dir/usage" > "$dir/table" \
    || status=$?
  sed 's/^/# /' "$dir/table"
  return "$status"
}

uris=()
touch "$dir/host-1.ndjson" "$dir/host-2.ndjson"
start_host 1
start_host 2
start_kafka --nodes 1
make_topics "$topic" 2
port=$(reserve_free "$dir" 1)
start_agent 1 "127.0.0.1:$port"
source=$started
start_agent 2 "$brokers"
destination=$started
for log in agent-1 agent-2; do
  wait_until 120000 grep -qF 'running' "$dir/$log.log"
done

"$real/crowd" start "${uris[1]}" "$dir/v1" 1
id=$(virsh -q -c "${uris[1]}" domuuid crowd-001 | tr -d '\n')
check 'source_reads_the_guest' wait_until 120000 said 1 '"schema":"hypermeter.samples/1"' 3
check 'guest_migrates' migrate
check 'source_tells_that_it_went' wait_until 120000 said 1 '"event":"migrated-out"' 1
check 'destination_tells_that_it_came' wait_until 120000 said 2 '"event":"migrated-in"' 1
check 'destination_tells_that_it_goes_on' wait_until 120000 said 2 '"event":"resumed"' 1
check 'destination_reads_the_guest' wait_until 120000 said 2 '"schema":"hypermeter.samples/1"' 3
virsh -q -c "${uris[2]}" destroy crowd-001 > /dev/null
virsh -q -c "${uris[2]}" undefine crowd-001 > /dev/null
check 'destination_tells_the_end' wait_until 120000 said 2 '"event":"exists"' 1
check 'destination_stops_with_status_0' stop "$destination" 90000
check_equal 'nothing_of_the_source_has_arrived' 0 "$(arrived 1)"
check 'collector_takes_the_destination' collect

background forward /usr/bin/python3 "$src/tests/e2e/forward.py" "$port" "$brokers"
check 'source_delivers_when_the_broker_is_there' wait_until 300000 all_arrived
check 'source_stops_with_status_0' stop "$source" 90000
check 'collector_takes_what_arrives_late' collect
check 'each_segment_is_counted_once' judge
