#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An agent that is stopped, killed, and started while libvirtd is away: it says once who a guest is, finds what ended in the
# meantime and since when that can be, and its deltas come to what the counter came to.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

says ()
{
  python3 "$src/tests/e2e/remember.py" "$@"
}

start_agent ()
{
  background agent "$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/r" -o agent.interval=1s \
    -o agent.meters='instance;network.incoming.bytes;network.incoming.bytes.delta' -o inspector.uri="$uri" \
    -o publisher:file.path="$dir/out.ndjson"
}

has_polls () # ID NUMBER
{
  [ -f "$dir/out.ndjson" ] && [ "$(says polls "$dir/out.ndjson" "$1")" -ge "$2" ]
}

more_polls () # ID: three more than there are
{
  local have=0
  [ ! -f "$dir/out.ndjson" ] || have=$(says polls "$dir/out.ndjson" "$1")
  wait_until 300000 has_polls "$1" $((have + 3))
}

has_moved () # ID: what came in is counted, and it is more than nothing
{
  [ "$(says deltas "$dir/out.ndjson" "$1")" = same ]
}

count () # ID EVENT
{
  says events "$dir/out.ndjson" "$1" | awk -v event="$2" '$1 == event { n++ } END { print n + 0 }'
}

has_event () # ID EVENT
{
  [ "$(count "$1" "$2")" -gt 0 ]
}

remembers () # ID
{
  grep -q "$1" "$dir/a/inventory.json" 2> /dev/null
}

is_within () # VALUE FIRST LAST
{
  [ -n "$1" ] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

start_libvirtd v
one=$("$real/guest" define "$uri" "$dir/v" one --project-id p-one --user-id u)
two=$("$real/guest" define "$uri" "$dir/v" two --project-id p-two --user-id u)
"$real/guest" wait "$uri" one
"$real/guest" wait "$uri" two

start_agent
more_polls "$one"
check 'agent_stops_cleanly' stop "$started" 60000
start_agent
more_polls "$one"
wait_until 120000 has_moved "$one" || :
check 'agent_stops_cleanly_again' stop "$started" 60000
check_equal 'deltas_come_to_the_counter_when_the_agent_was_restarted' same "$(says deltas "$dir/out.ndjson" "$one")"
check_equal 'guest_is_described_by_each_agent' 2 "$(count "$one" described)"
check_equal 'guest_is_found_once_when_the_agent_was_restarted' 1 "$(count "$one" found)"

begun=$(date +%s)
start_agent
more_polls "$two"
wait_until 120000 remembers "$two"
kill -9 "$started"
wait "$started" 2> /dev/null || :
virsh -q -c "$uri" destroy two > /dev/null
ended=$(date +%s)
start_agent
check 'end_is_found_when_the_agent_was_away' wait_until 300000 has_event "$two" stopped
check_equal 'end_is_observed_by_comparison' 'stopped shutoff comparison' "$(says events "$dir/out.ndjson" "$two" | grep '^stopped')"
check 'end_is_not_before_the_guest_was_last_seen' is_within "$(says not_before "$dir/out.ndjson" "$two" stopped)" $((begun - 120)) "$ended"
stop "$started" 60000

"$real/libvirtd" stop "$dir/v" > /dev/null
start_agent
away=$started
wait_until 120000 grep -qF 'notice: running' "$dir/agent.log"
check 'agent_waits_when_libvirtd_is_away' wait_until 120000 grep -qE 'warning: (no events|hypervisor): ' "$dir/agent.log"
stop "$away" 60000
check 'agent_still_knows_the_guest_when_libvirtd_was_away' remembers "$one"
start_libvirtd v
start_agent
check 'end_is_found_when_libvirtd_was_away' wait_until 300000 has_event "$one" stopped
check_equal 'guest_is_still_found_once' 1 "$(count "$one" found)"
