#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The lives of counters, with a real guest: a disk and an interface that are unplugged and plugged in again under their names, a reset, an
# agent that is another, save and restore, a libvirtd that counts domains from 1 again. At the end each counter's usage at the
# collector is exactly what its lives reached, one after the other.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

nic=nic:52:54:00:10:00:01
reads=disk.device.read.bytes

v () { virsh -q -c "$uri" "$@" > /dev/null; }

# begin_agent NAME COMMAND…: NAME's records go to $dir/NAME.ndjson too
begin_agent ()
{
  local name=$1
  shift
  background "$name" "$@" "$agent" -o agent.stop-timeout=60s -o agent.id="$name" -o agent.state-dir="$dir/$name" -o agent.runtime-dir="$dir/$name" \
    -o agent.interval=1s -o inspector.uri="$uri" -o publisher:file.path="$dir/$name.ndjson" \
    -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$name"
}

# lives METER [DEVICE] [AGENT]
lives () { /usr/bin/python3 "$src/tests/e2e/epochs.py" lives "$dir/${3:-outside}.ndjson" "$1" "${2:-}"; }
# last METER [DEVICE] [AGENT]: its last life, without the value
last () { lives "$@" | tail -n 1 | cut -d ' ' -f 1-3; }
epoch () { last cpu | cut -d ' ' -f 1; }

# A life after FORMER that has counted something.
is_new () # FORMER METER [DEVICE] [AGENT]
{
  local former=$1 now
  shift
  now=$(lives "$@" | tail -n 1)
  [ -n "$now" ] && [ "${now% *}" != "$former" ] && [ "${now##* }" -gt 0 ]
}

# polled [AGENT]: until it has read something after this moment.
records () { wc -l < "$dir/$1.ndjson"; }
has_more () { [ "$(records "$1")" -ge $(($2 + 10)) ]; } # a poll makes two or three; so does a found guest
polled () { wait_until 180000 has_more "${1:-outside}" "$(records "${1:-outside}")"; }

is_last () { [ "$(last "${@:2}")" = "$1" ]; }

device_is_gone ()
{
  local xml
  xml=$(virsh -q -c "$uri" dumpxml one) && [[ $xml != *"<alias name='$1'/>"* ]]
}

# replug ELEMENT ALIAS
replug ()
{
  virsh -q -c "$uri" dumpxml --xpath "/domain/devices/$1" one > "$dir/$1.xml"
  v detach-device --live one "$dir/$1.xml"
  wait_until 180000 device_is_gone "$2"
  polled
  v attach-device --live one "$dir/$1.xml"
}

start_libvirtd v
start_kafka --nodes 1
for name in outside inside; do "$real/kafka" topic "$dir/k" "$name" 1 > /dev/null; done
begin_agent outside
outside=$started
begin_agent inside "$real/libvirtd" exec "$dir/v"
inside=$started
for name in outside inside; do wait_until 180000 test -s "$dir/$name.ndjson"; done
"$real/guest" define "$uri" "$dir/v" one --project-id p-1 --user-id u-1 > /dev/null
"$real/guest" wait "$uri" one
polled
polled inside

first=$(epoch)
first_id=$(virsh -q -c "$uri" domid one)
check_equal 'disk_lives_with_its_process' "$first - known" "$(last "$reads" disk:vda)"
check_equal 'interface_without_a_visible_tap_lives_with_its_process' "$first - known" "$(last network.incoming.bytes "$nic")"
tap=$(last network.incoming.bytes "$nic" inside)
ifindex=$("$real/libvirtd" exec "$dir/v" cat /sys/class/net/vnet0/ifindex)
check_equal 'interface_has_its_taps_ifindex_and_start' "$first $ifindex known" "$tap"

disk=$(last "$reads" disk:vda) net=$(last network.incoming.bytes "$nic")
replug disk virtio-disk0
check 'disk_plugged_in_again_has_a_new_life' wait_until 180000 is_new "$disk" "$reads" disk:vda
replug interface net0
check 'interface_plugged_in_again_has_a_new_life' wait_until 180000 is_new "$net" network.incoming.bytes "$nic"
check 'tap_plugged_in_again_has_a_new_life' wait_until 180000 is_new "$tap" network.incoming.bytes "$nic" inside
disk=$(last "$reads" disk:vda) net=$(last network.incoming.bytes "$nic")
check_equal 'plugged_disk_says_since_when_it_counts' known "${disk##* }"
check_equal 'plugged_interface_says_since_when_it_counts' known "${net##* }"
check_equal 'plugged_tap_says_since_when_it_counts' known "$(last network.incoming.bytes "$nic" inside | cut -d ' ' -f 3)"
check_equal 'resource_keeps_its_life_while_devices_come_and_go' "$first" "$(epoch)"

guest=$(last memory.minor_faults)
v reset one
check 'guest_that_was_reset_has_a_new_life' wait_until 240000 is_new "$guest" memory.minor_faults
check_equal 'resource_keeps_its_life_at_a_reset' "$first" "$(epoch)"
guest=$(last memory.minor_faults)

check 'agent_inside_stops' stop "$inside" 120000
check 'agent_outside_stops' stop "$outside" 120000
begin_agent outside
outside=$started
polled
check_equal 'resource_keeps_its_life_when_the_agent_is_another' "$first" "$(epoch)"
check_equal 'disk_keeps_its_life_when_the_agent_is_another' "$disk" "$(last "$reads" disk:vda)"
check_equal 'interface_keeps_its_life_when_the_agent_is_another' "$net" "$(last network.incoming.bytes "$nic")"
check_equal 'guest_keeps_its_life_when_the_agent_is_another' "$guest" "$(last memory.minor_faults)"

is_another () { [ -n "$(epoch)" ] && [ "$(epoch)" != "$1" ]; }
polled
v managedsave one
v start one
check 'restored_guest_has_a_new_life' wait_until 180000 is_another "$first"
second=$(epoch)
check 'restored_disk_lives_with_its_process' wait_until 180000 is_last "$second - known" "$reads" disk:vda

v destroy one
"$real/libvirtd" stop "$dir/v" > /dev/null
uri=$("$real/libvirtd" start "$dir/v")
v start one
check_equal 'domain_id_is_the_first_one_again' "$first_id" "$(virsh -q -c "$uri" domid one)"
check 'guest_started_by_another_libvirtd_has_a_new_life' wait_until 180000 is_another "$second"
check_equal 'no_life_came_back' 3 "$(lives cpu | cut -d ' ' -f 1 | sort -u | wc -l)"

polled
check 'agent_stops_at_the_end' stop "$outside" 120000
topic=outside
check 'collector_reads_to_the_end' collect
usage_is_exact ()
{
  "$cli" usage --store "$store" --by resource,device,meter --output ndjson > "$dir/usage"
  /usr/bin/python3 "$src/tests/e2e/epochs.py" sums "$dir/outside.ndjson" < "$dir/usage"
}
check 'usage_is_what_the_lives_reached' usage_is_exact
