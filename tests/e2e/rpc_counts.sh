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
cycles=0 # of the last measurement

# asks EXPRESSION: of the agent's status now
asks ()
{
  "$cli" status agent --socket "$dir/a/agent.sock" --output json 2> "$dir/status.err" \
    | python3 -c 'import json, sys; s = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" 2>> "$dir/status.err"
}

polls () { asks 's["polls"]["made"]'; }
has_polls () { [ "$(($(polls) + 0))" -ge "$1" ]; }
is_each () { [ "$(asks "[one['interval_ns'] for one in s['sources'] if one['source'] == 'default'] == [$1 * 10 ** 9]")" = True ]; }

# configure SECONDS METERS
configure ()
{
  printf '%s\n' '[agent]' id=e2e-host "state-dir=$dir/a" "runtime-dir=$dir/a" polling= "interval=$1s" "meters=$2" \
    '[inspector]' "uri=$uri" '[publisher:file]' "path=$dir/out.ndjson" > "$dir/agent.conf"
}

# poll_each SECONDS METERS: from now on
poll_each ()
{
  configure "$1" "$2"
  kill -HUP "$running"
  wait_until 120000 is_each "$1"
}

# pause METERS: no poll is under way afterwards, and none comes. The first interval may be taken right before a poll, the second one only after it.
pause () { poll_each 80000 "$1" && poll_each 85000 "$1"; }

# measure METERS: the calls of $cycles cycles, from one pause to the next, as "rpc NUMBER COUNT" and "qmp COMMAND COUNT" lines
measure ()
{
  local offset before
  rm -rf "$dir/a" "$dir/out.ndjson"
  configure 2 "$1"
  background agent "$agent" --config "$dir/agent.conf"
  running=$started
  wait_until 120000 has_polls 4
  pause "$1"
  before=$(polls)
  offset=$(stat -c %s "$dir/v/libvirtd.log")
  poll_each 2 "$1"
  wait_until 120000 has_polls $((before + 3))
  pause "$1"
  cycles=$(($(polls) - before))
  "$real/libvirtd" calls "$dir/v" "$offset" > "$dir/calls"
  stop "$running" 60000
}

# of KIND NAME: calls per cycle
of ()
{
  awk -v kind="$1" -v name="$2" '$1 == kind && (name == "*" || $2 == name) { n += $3 } END { print n / '"$cycles"' }' "$dir/calls"
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
  for set in default billing; do
    meters=''
    [ "$set" = default ] || meters='instance;power.state;cpu;vcpus;memory;memory.usage;network.*;disk.device.*.requests;disk.device.*.bytes'
    measure "$meters"
    bulk=$(of rpc $get_all_domain_stats) lists=$(of rpc $list_all_domains) info=$(of rpc $get_info) pools=$(of rpc $list_all_pools) qmp=$(of qmp '*')
    echo "# $guests guests, $set meters, a cycle of $cycles: $bulk bulk calls, $lists lists of domains, $info virDomainGetInfo, $pools lists of pools, $qmp QMP commands, $(others) other RPCs in all"
    printf '%s %s %s %s\n' "$bulk" "$lists" "$pools" "$(awk -v q="$qmp" -v g="$guests" 'BEGIN { print q / g }')" > "$dir/$set.$guests"
    check "no_other_calls_with_${guests}_guests_and_${set}_meters" [ "$(others)" -eq 0 ]
    check "no_getinfo_with_${guests}_guests_and_${set}_meters" [ "${info%.*}" -eq 0 ]
  done
  "$real/crowd" stop "$uri" "$dir/v" > /dev/null
done
for set in default billing; do
  check_equal "calls_lists_and_qmp_a_guest_are_constant_with_${set}_meters" "$(cat "$dir/$set.3")" "$(cat "$dir/$set.30")"
done
