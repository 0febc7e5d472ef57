#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent with as few rights as can be: nobody's user, no group, no capability, libvirt's read-only socket. It gives what
# the superuser's gives, sample for sample; what is hidden from it is missing and said once; and its control socket is for
# its owner and group.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

nobody=65534 cycles=6

# A copy of the programs that anybody can run, wherever the build lies.
copy_programs ()
{
  mkdir "$dir/x"
  cp -L "$build"/agent/.libs/hypermeter-agent "$build"/cli/.libs/hypermeter "$build"/metering/.libs/libhypermeter.so.? \
    "$build"/pollsters/.libs/*.so "$build"/notifications/.libs/*.so "$build"/publishers/.libs/*.so "$dir/x"
  chmod -R a+rX "$dir/x"
}

# In front of a command.
plainly=(env LD_LIBRARY_PATH="$dir/x" HYPERMETER_PLUGIN_PATH="$dir/x")
as_nobody=(setpriv --reuid="$nobody" --regid="$nobody" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "${plainly[@]}")
as_other=(setpriv --reuid=65533 --regid=65533 --clear-groups "${plainly[@]}")
as_member=(setpriv --reuid=65533 --regid=65533 --groups="$nobody" "${plainly[@]}")

# place NAME: a folder for nobody's agent
place ()
{
  mkdir "$dir/$1"
  chown "$nobody:$nobody" "$dir/$1"
}

# options NAME [OPTION…]: of an agent in the folder of that name
options ()
{
  local at=$dir/$1
  shift
  printf '%s\n' -o agent.id=e2e-host -o agent.state-dir="$at" -o agent.runtime-dir="$at/run" -o agent.interval=500ms \
    -o agent.meters='*' -o inspector.uri="$uri" -o publisher:file.path="$at/out.ndjson" "$@"
}

# series FILE: resource, its epoch and each meter with its device, of instances
series ()
{
  python3 -c '
import json, sys
found = set()
for line in open(sys.argv[1]):
    record = json.loads(line)["data"]
    resource = record["resource"]
    if resource["kind"] == "instance":
        for sample in record.get("samples", []):
            found.add((resource["id"], resource.get("epoch"), sample["meter"], sample.get("device")))
print(*sorted(found, key=str), sep="\n")' "$1"
}

same_series ()
{
  series "$dir/full/out.ndjson" > "$dir/full.series"
  series "$dir/plain/out.ndjson" > "$dir/plain.series"
  diff "$dir/full.series" "$dir/plain.series" | sed 's/^/# /'
  [ -s "$dir/full.series" ] && cmp -s "$dir/full.series" "$dir/plain.series"
}

has_meters ()
{
  local meter
  for meter in instance power.state cpu vcpus memory disk.device.read.bytes network.incoming.bytes memory.resident; do
    grep -q "'$meter'" "$dir/plain.series" || { echo "# no $meter"; return 1; }
  done
}

has_records () # FILE COUNT
{
  [ -f "$1" ] && [ "$(grep -c 'samples/1.*"kind":"instance"' "$1")" -ge "$2" ]
}

# What takes too long on a busy machine may do so more than once.
no_line_twice ()
{
  grep -vF 'takes longer than' "$1" | sort | uniq -d | sed 's/^/# twice: /' > "$dir/twice"
  cat "$dir/twice"
  [ ! -s "$dir/twice" ]
}

quietly ()
{
  "$@" > "$dir/said"
}

start_libvirtd v
"$real/crowd" start "$uri" "$dir/v" 2 --idle > /dev/null
chmod a+x "$dir" "$dir/v"
uri="qemu:///system?socket=$dir/v/libvirt-sock-ro"
copy_programs

place plain
mkdir "$dir/full"
mapfile -t arguments < <(options full)
"$agent" "${arguments[@]}" --once > "$dir/full.log" 2>&1
mapfile -t arguments < <(options plain)
check agent_polls_when_it_has_no_rights "${as_nobody[@]}" "$dir/x/hypermeter-agent" "${arguments[@]}" --once 2> "$dir/plain.log"
check agent_gives_the_same_series_when_it_has_no_rights same_series
check agent_gives_the_meters_of_a_bill_when_it_has_no_rights has_meters

# -- what a start as the superuser leaves is not for its user
place touched
mapfile -t arguments < <(options touched)
"$agent" "${arguments[@]}" --once > "$dir/touched.log" 2>&1
chown "$nobody:$nobody" "$dir/touched/out.ndjson"
looks=("${as_nobody[@]}" "$dir/x/hypermeter-agent" "${arguments[@]}" --check-config)
expect_exit check_finds_a_lock_of_the_superusers 78 "state-dir: $dir/touched/lock: Permission denied" "${looks[@]}"
chown -R "$nobody:$nobody" "$dir/touched"
check check_finds_all_that_is_its_own quietly "${looks[@]}"
chown root:root "$dir/touched/outbox/journal"
expect_exit check_finds_a_journal_of_the_superusers 78 "state-dir: $dir/touched/outbox/journal: Permission denied" "${looks[@]}"
chown root:root "$dir/touched/outbox"
expect_exit check_finds_an_outbox_of_the_superusers 78 "state-dir: $dir/touched/outbox: Permission denied" "${looks[@]}"

# -- with the guests' processes hidden (hidepid) it goes on, and says once, not once a cycle, what that costs
place hidden
mkdir -p "$dir/host/proc"
mapfile -t arguments < <(options hidden -o inspector.root="$dir/host")
# shellcheck disable=SC2016 # for the inner shell
background hidden unshare --mount --propagation private bash -c 'mount -t proc -o hidepid=invisible proc "$0" && exec "$@"' \
  "$dir/host/proc" "${as_nobody[@]}" "$dir/x/hypermeter-agent" "${arguments[@]}"
running=$started
check agent_goes_on_when_processes_are_hidden wait_until 300000 has_records "$dir/hidden/out.ndjson" $((cycles * 2))

# -- its control socket
command=("$dir/x/hypermeter" status agent --socket "$dir/hidden/run/agent.sock")
check status_is_for_its_owner quietly "${as_nobody[@]}" "${command[@]}"
check status_is_for_the_superuser quietly "${plainly[@]}" "${command[@]}"
expect_exit status_is_not_for_others 77 'ermission' "${as_other[@]}" "${command[@]}"
chmod 777 "$dir/hidden" "$dir/hidden/run" "$dir/hidden/run/agent.sock"
expect_exit status_is_not_for_others_when_the_folder_was_opened 77 'owner and group' "${as_other[@]}" "${command[@]}"
check status_is_for_the_group quietly "${as_member[@]}" "${command[@]}"

check agent_stops_when_it_has_no_rights stop "$running" 60000
check agent_says_once_what_is_hidden no_line_twice "$dir/hidden.log"
