#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What happens to guests, against what the agent says of it: start, suspend, resume, reboot, a disk and an interface plugged in and
# out, another owner, save and restore, destroy, undefine, and a guest that is gone after two seconds. The polls are an hour
# apart, so whatever is measured was measured because of an event.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

nova=http://openstack.org/xmlns/libvirt/nova/1.1
disk='disk:vdb' nic='nic:52:54:00:66:00:01'

now () { date +%s%N; }
v () { virsh -q -c "$uri" "$@" > /dev/null; }

# told ID EVENT N: the agent has told EVENT of ID at least N times
told ()
{
  [ "$(grep -F "\"id\":\"$1\"" "$dir/out.ndjson" | grep -cF "\"event\":\"$2\"")" -ge "$3" ]
}

# expect BEGIN ID DEVICE LABEL EVENT…: a line for each event that is to come of what began at BEGIN; waits for them
expect ()
{
  local begin=$1 id=$2 device=$3 label=$4 event
  shift 4
  for event; do
    expected=$((expected + 1))
    counts[$id$event]=$((${counts[$id$event]:-0} + 1))
    wait_until 120000 told "$id" "$event" "${counts[$id$event]}" || echo "# $label: no $event"
    echo "$begin $(now) $id $event $device $label" >> "$dir/steps"
  done
}

# step ID DEVICE LABEL EVENTS COMMAND…: EVENTS are separated by commas
step ()
{
  local id=$1 device=$2 label=$3 events=$4 begin
  shift 4
  begin=$(now)
  "$@" || { echo "# $label: exit status $?"; return 1; }
  # shellcheck disable=SC2086 # a word each
  expect "$begin" "$id" "$device" "$label" ${events//,/ }
}

uuid_of () { virsh -q -c "$uri" domuuid "$1" | tr -d '\n'; }

set_owner ()
{
  v metadata "$1" "$nova" --live --config --key nova \
    --set "$(virsh -q -c "$uri" metadata "$1" "$nova" | sed 's/<project uuid="[^"]*"/<project uuid="p-buyer"/')"
}

plug_nic ()
{
  echo "<interface type='ethernet'><mac address='${nic#nic:}'/><model type='virtio'/></interface>" > "$dir/nic.xml"
  v "$1" "$linux" "$dir/nic.xml" --live
}

# The guest that nobody stops.
two_seconds ()
{
  local begin id
  begin=$(now)
  "$real/crowd" start "$uri" "$dir/v" 1 --short
  id=$(uuid_of crowd-001)
  expect "$begin" "$id" - 'define' defined
  expect "$begin" "$id" - 'start' started
  expect "$begin" "$id" - 'the guest turns itself off' shutdown stopped
  step "$id" - 'undefine' undefined "$real/crowd" stop "$uri" "$dir/v"
}

# A machine that stands still may hold the agent up for as long as such a guest lives: then there is another.
lives_of_two_seconds ()
{
  local life stood
  for life in 1 2 3; do
    stood=$(times_stood)
    two_seconds || return 1
    ! wait_until 10000 short_guest_was_measured || return 0 # what is under way still comes
    echo "# guest $life was gone before it could be measured"
    stood_still "$stood" || return 1
  done
  return 1
}

everything_else ()
{
  local begin id
  begin=$(now)
  "$real/crowd" start "$uri" "$dir/v" 1
  id=$(uuid_of crowd-001)
  expect "$begin" "$id" - 'define and start' defined started
  step "$id" - 'suspend' suspended v suspend crowd-001
  step "$id" - 'resume' resumed v resume crowd-001
  step "$id" - 'reset (no record)' '' v reset crowd-001
  step "$id" - 'another owner' described,owner-changed set_owner crowd-001
  step "$id" - 'save' suspended,stopped v save crowd-001 "$dir/v/saved"
  step "$id" - 'restore' started v restore "$dir/v/saved"
  step "$id" - 'destroy' stopped v destroy crowd-001
  step "$id" - 'undefine' undefined v undefine crowd-001
}

hot_plug ()
{
  local id
  id=$(uuid_of "$linux")
  qemu-img create -q -f qcow2 "$dir/v/more.qcow2" 16M
  step "$id" "$disk" 'attach-disk' device-added v attach-disk "$linux" "$dir/v/more.qcow2" vdb --driver qemu --subdriver qcow2 --live
  step "$id" "$nic" 'attach-interface' device-added plug_nic attach-device
  step "$id" "$disk" 'detach-disk' device-removed v detach-disk "$linux" vdb --live
  step "$id" "$nic" 'detach-interface' device-removed plug_nic detach-device
  step "$id" - 'destroy and undefine' stopped,undefined "$real/guest" remove "$uri" "$dir/v" "$linux"
}

judge ()
{
  local status=0
  /usr/bin/python3 "$src/tests/e2e/check_lifecycle.py" "$dir/steps" "$dir/out.ndjson" > "$dir/table" || status=$?
  sed 's/^/# /' "$dir/table"
  return "$status"
}

# What a guest used that was not polled is known from its first and last values. Of the last one that turned itself off.
short_guest_was_measured ()
{
  local id
  id=$(awk '$4 == "shutdown" { id = $3 } END { print id }' "$dir/steps")
  grep -F "\"id\":\"$id\"" "$dir/out.ndjson" | grep -F '"schema":"hypermeter.samples/1"' > "$dir/first"
  grep -qF '"meter":"vcpus"' "$dir/first" && grep -qF '"meter":"memory"' "$dir/first" && grep -qF '"meter":"cpu"' "$dir/first"
}

declare -A counts=()
expected=0 linux=linux
: > "$dir/steps"
: > "$dir/out.ndjson"
watch_machine
start_libvirtd v
background agent "$agent" -o agent.id=e2e-lifecycle -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" -o agent.interval=1h \
  -o agent.exists-interval=5s -o inspector.uri="$uri" -o publisher:file.path="$dir/out.ndjson"
running=$started
check 'agent_says_that_it_runs' wait_until 120000 grep -qF 'running' "$dir/agent.log"
"$real/guest" define "$uri" "$dir/v" "$linux" --project-id p-acme --user-id u-1 > /dev/null
check 'agent_tells_of_a_guest_that_lives_for_two_seconds' lives_of_two_seconds
check 'agent_tells_of_a_life_with_all_its_turns' everything_else
"$real/guest" wait "$uri" "$linux"
check 'agent_tells_of_devices_that_come_and_go' hot_plug
check 'agent_stops_with_status_0' stop "$running" 60000
check_equal 'each_command_has_its_records' "$expected" "$(wc -l < "$dir/steps")"
check 'records_fit_the_commands_times' judge
check 'two_seconds_were_measured' short_guest_was_measured
