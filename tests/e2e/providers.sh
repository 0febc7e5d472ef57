#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each way to read a field gives libvirt's own counter: /proc against the bulk call on guests that boot Linux, and the host's pools and
# totals against virsh. What is read here without libvirt must cost no RPC.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# Bits of HmField.
cpu=$((1 << 1 | 1 << 2)) vcpus=$((1 << 4 | 1 << 5)) resident=$((1 << 8)) perf=$((1 << 12))
of_process=$((cpu | vcpus | resident)) of_host=$((1 << 14 | 1 << 15 | 1 << 16))

# snapshot FIELDS OPTION…
snapshot ()
{
  "$build/tests/print_snapshot" --state-dir "$dir/s" --fields "$1" "${@:2}" "$uri"
}

domstats ()
{
  virsh -c "$uri" domstats --raw --cpu-total --balloon --vcpu > "$1"
}

# between [--exact NAME]
# shellcheck disable=SC2120 # the arguments are optional
between ()
{
  domstats "$dir/before"
  snapshot "$of_process" > "$dir/snapshot"
  domstats "$dir/after"
  /usr/bin/python3 "$src/tests/e2e/compare_providers.py" "$dir/before" "$dir/snapshot" "$dir/after" "$@"
}

# value NAME KEY: of the last snapshot
value ()
{
  awk -v name="$1" -v key="$2=" '$1 == name && index ($2, key) == 1 { print substr ($2, length (key) + 1) }' "$dir/snapshot"
}

epoch ()
{
  awk -v name="$1" '$1 == name { for (i = 2; i <= NF; i++) if ($i ~ /^epoch=/) print $i }' "$dir/snapshot"
}

# The list of domains is the only call of a read once the connection and the inventory stand.
costs_one_rpc ()
{
  snapshot "$of_process" --repeat 3 --quiet > "$dir/cost"
  tail -n 1 "$dir/cost" | grep -q ' rpcs=1 unanswered=0 '
}

# vCPUs of a guest that was suspended come to stand, but not at once where they have to wait for a processor to do so.
stands_still () # NAME
{
  virsh -c "$uri" domstats --raw --vcpu "$1" > "$dir/then"
  sleep 0.5
  virsh -c "$uri" domstats --raw --vcpu "$1" | cmp -s "$dir/then"
}

new_process_is_read ()
{
  local before
  before=$(epoch two)
  virsh -q -c "$uri" destroy two > /dev/null
  virsh -q -c "$uri" start two > /dev/null
  between && [ "$(epoch two)" != "$before" ]
}

host_says_what_virsh_says ()
{
  local what
  mkdir -p "$dir/pool"
  virsh -q -c "$uri" pool-create-as here dir --target "$dir/pool" > /dev/null
  virsh -c "$uri" pool-info here --bytes > "$dir/pool-info"
  snapshot "$of_host" > "$dir/snapshot"
  for what in Capacity Allocation Available; do
    [ "$(value - "pool:here.${what,,}")" = "$(awk -v key="$what:" '$1 == key { print $2 }' "$dir/pool-info")" ] || { echo "#   $what"; return 1; }
  done
}

# What the machine's CPUs and libvirt allow decides whether there is anything to be read: nothing where not.
perf_is_what_is_enabled ()
{
  if virsh -q -c "$uri" perf one --enable cpu_cycles > "$dir/perf.log" 2>&1; then
    snapshot "$perf" > "$dir/snapshot"
    [ -n "$(value one perf.cpu_cycles)" ] && [ -z "$(value one perf.instructions)" ]
  else
    echo "# no perf events here: $(tail -n 1 "$dir/perf.log")"
    snapshot "$perf" > "$dir/snapshot"
    [ -z "$(value one perf.cpu_cycles)" ] && [ -n "$(epoch one)" ]
  fi
}

start_libvirtd v
mkdir -p "$dir/s"
"$real/guest" define "$uri" "$dir/v" one --project-id p --project-name P --user-id u --user-name n --flavor m1.tiny > /dev/null
"$real/guest" define "$uri" "$dir/v" two --project-id p --project-name P --user-id u --user-name n --flavor m1.tiny --vcpus 2 > /dev/null
for name in one two; do "$real/guest" wait "$uri" "$name"; done

check 'process_accounts_lie_between_two_domstats' between
virsh -q -c "$uri" suspend two > /dev/null
wait_until 60000 stands_still two
check 'process_accounts_of_suspended_vcpus_are_equal' between --exact two
check 'process_accounts_cost_one_list_of_domains' costs_one_rpc
check 'process_accounts_follow_the_guest_to_its_next_process' new_process_is_read
check 'host_pools_say_what_virsh_says' host_says_what_virsh_says
check_equal 'host_totals_are_those_of_both_guests' '2 3 163840' \
  "$(value - instances) $(value - vcpus.allocated) $(value - memory.allocated)"
check 'perf_events_are_those_that_are_enabled' perf_is_what_is_enabled
