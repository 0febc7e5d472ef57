#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a poll costs libvirtd, counted in libvirtd's own debug log for 3 and for 30 guests: bulk calls stay constant however many
# guests there are, as does the one list of storage pools; no call is made for a single guest, since /proc tells what one would;
# nothing else is asked in a cycle without events.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# Procedure numbers of libvirt's remote protocol.
get_info=16 list_all_domains=273 list_all_pools=281 get_all_domain_stats=344
cycles=3

polls () # sample records of the first guest so far
{
  if [ -f "$dir/out.ndjson" ]; then grep -c "samples/1.*$first" "$dir/out.ndjson" || :; else echo 0; fi
}

has_polls ()
{
  [ "$(polls)" -ge "$1" ]
}

# measure METERS: the calls of $cycles cycles, as "rpc NUMBER COUNT" and "qmp COMMAND COUNT" lines. A poll has just ended when its
# records are there, and the next one is two seconds away.
measure ()
{
  local offset running have
  rm -rf "$dir/a" "$dir/out.ndjson"
  background agent "$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" -o agent.interval=2s \
    -o agent.meters="$1" -o inspector.uri="$uri" -o publisher:file.path="$dir/out.ndjson"
  running=$started
  wait_until 30000 has_polls 3 || { echo "# the agent does not poll"; return 1; }
  have=$(polls)
  wait_until 30000 has_polls $((have + 1))
  offset=$(stat -c %s "$dir/v/libvirtd.log")
  wait_until 60000 has_polls $((have + 1 + cycles))
  "$real/libvirtd" calls "$dir/v" "$offset" > "$dir/calls"
  stop "$running"
}

# of KIND NAME: calls per cycle
of ()
{
  awk -v kind="$1" -v name="$2" '$1 == kind && (name == "*" || $2 == name) { n += $3 } END { print n / '$cycles' }' "$dir/calls"
}

others () # RPCs that are none of these, in all cycles
{
  awk '$1 == "rpc" && $2 != '$get_info' && $2 != '$list_all_domains' && $2 != '$list_all_pools' && $2 != '$get_all_domain_stats' { n += $3 } END { print n + 0 }' \
    "$dir/calls"
}

export LIBVIRTD_LOG=debug
start_libvirtd v
for guests in 3 30; do
  "$real/crowd" start "$uri" "$dir/v" "$guests" --idle > /dev/null
  first=$(virsh -q -c "$uri" domuuid crowd-001 | awk 'NF') # reads all of it: whoever stops early can kill virsh, and pipefail us
  for set in default billing; do
    meters=''
    [ "$set" = default ] || meters='instance;power.state;cpu;vcpus;memory;memory.usage;network.*;disk.device.*.requests;disk.device.*.bytes'
    measure "$meters"
    bulk=$(of rpc $get_all_domain_stats) lists=$(of rpc $list_all_domains) info=$(of rpc $get_info) pools=$(of rpc $list_all_pools) qmp=$(of qmp '*')
    echo "# $guests guests, $set meters, a cycle: $bulk bulk calls, $lists lists of domains, $info virDomainGetInfo, $pools lists of pools, $qmp QMP commands, $(others) other RPCs in all"
    printf '%s %s %s %s\n' "$bulk" "$lists" "$pools" "$(awk -v q="$qmp" -v g="$guests" 'BEGIN { print q / g }')" > "$dir/$set.$guests"
    check "no_other_calls_with_${guests}_guests_and_${set}_meters" [ "$(others)" -eq 0 ]
    check "no_getinfo_with_${guests}_guests_and_${set}_meters" [ "${info%.*}" -eq 0 ]
  done
  "$real/crowd" stop "$uri" "$dir/v" > /dev/null
done
for set in default billing; do
  check_equal "calls_lists_and_qmp_a_guest_are_constant_with_${set}_meters" "$(cat "$dir/$set.3")" "$(cat "$dir/$set.30")"
done
