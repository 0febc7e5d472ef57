#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What `hypermeter status agent` says while things go wrong: a guest that hangs is named and forgotten when it is back, a
# hypervisor that goes away is away and comes back, a broker that is away leaves its publisher failing and records waiting. The
# answer comes all the while.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# holds EXPRESSION: is true of the agent's status now
holds ()
{
  "$cli" status agent --socket "$dir/a/agent.sock" --output json > "$dir/status.json" 2> "$dir/status.err" || return 1
  python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$dir/status.json" "$1"
}

# says NAME EXPRESSION: comes to be true
says ()
{
  local status=0
  wait_until 300000 holds "$2" || status=$?
  [ "$status" -eq 0 ] || sed 's/^/# /' "$dir/status.json" "$dir/status.err"
  result "$status" "$1"
}

start_libvirtd v
"$real/crowd" start "$uri" "$dir/v" 3 --idle > /dev/null
background agent "$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" -o agent.interval=1s \
  -o inspector.timeout=10s -o inspector.uri="$uri" -o publisher:file.path="$dir/out.ndjson" -o publisher:kafka.required=false \
  -o publisher:kafka.kafka.bootstrap.servers=127.0.0.1:9
running=$started

says status_tells_the_polls_when_all_is_well 's["polls"]["instances"] == 3 and s["hypervisor"]["state"] == "there" and not s["hung"]'
says status_tells_the_inventory_when_all_is_well 's["inventory"]["instances"] == 3 and s["inventory"]["owners_unknown"] == 0'
says status_tells_of_each_pollster_when_it_was_called \
  'all(p["calls"] > 0 and p["time_ns"] > 0 for p in s["plugins"] if p["plugin"] in ("cpu", "disk", "memory", "host_cpu", "self"))'
says status_tells_which_publisher_delivers \
  '{p["publisher"]: p["delivered"] > 0 for p in s["publishers"]} == {"file": True, "kafka": False} and s["outbox"]["confirmed"] > 0'

kill -STOP "$(cat "$dir/v/run/qemu/crowd-002.pid")"
says status_names_a_guest_when_it_hangs '[h["guest"] for h in s["hung"]] == ["crowd-002"] and s["hypervisor"]["hung_guests"] == 1'
kill -CONT "$(cat "$dir/v/run/qemu/crowd-002.pid")"
says status_names_no_guest_when_it_is_back 's["hung"] == [] and s["hypervisor"]["hung_guests_ever"] == 1'

"$real/libvirtd" stop "$dir/v" > /dev/null
says status_says_so_when_the_hypervisor_is_away 's["hypervisor"]["state"] == "away" and s["polls"]["failed"] > 0'
start_libvirtd v
says status_says_so_when_the_hypervisor_is_back 's["hypervisor"]["state"] == "there"'
check agent_stops_after_all_that stop "$running" 60000
