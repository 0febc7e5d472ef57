#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What hangs holds up nobody else: a crowd of guests, one of whose QEMU is stopped for ten cycles; libvirtd stopped, and started anew;
# and a stop of the agent in each of these states. The records come from the file publisher.
#
# Environment: HUNG_GUESTS  how many guests (100; 40 where there is little memory)
#              HUNG_AWAY    seconds for which libvirtd is stopped (10)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

guests=${HUNG_GUESTS:-$(awk '/^MemAvailable/ { print ($2 > 5000000 ? 100 : 40) }' /proc/meminfo)} away=${HUNG_AWAY:-10}
interval=4000 tries=3
out=$dir/out.ndjson

# run_agent NAME [OPTION…]
run_agent ()
{
  local name=$1
  shift
  background "$name" "$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" \
    -o agent.interval=${interval}ms -o inspector.timeout=2s -o inspector.uri="$uri" -o publisher:file.path="$out" "$@"
}

size () # bytes of the output; the file publisher writes whole lines
{
  stat -c %s "$out" 2> /dev/null || echo 0
}

lines () # of the agent's log
{
  wc -l < "$dir/agent.log"
}

# records ID FROM: sample records of a guest behind that byte
records ()
{
  if [ -f "$out" ]; then tail -c "+$(($2 + 1))" "$out" | grep -c "samples/1.*$1" || :; else echo 0; fi
}

has_records () # ID FROM N
{
  [ "$(records "$1" "$2")" -ge "$3" ]
}

# all_have_records N: each guest has, behind the byte $from
all_have_records ()
{
  /usr/bin/python3 "$src/tests/e2e/hung_records.py" all "$out" "$from" "$guests" "$1"
}

# queued PID STATE: bytes that wait to be read at the Unix sockets of libvirtd or a QEMU; of LISTEN, connections that wait to be accepted. What
# is accepted is seen where the client is, all else where libvirtd is.
queued ()
{
  { ss -xapH && nsenter -t "$daemon" -n ss -xapH; } | awk -v owner="pid=$1," -v state="$2" '$2 == state && index ($0, owner) { n += $3 } END { print n + 0 }'
}

is_queued () # PID STATE N: more than N are
{
  [ "$(queued "$1" "$2")" -gt "$3" ]
}

# watch_cycles N: waits for N cycles from here on and for one more, as we may be in the middle of one; they are behind the byte $from
watch_cycles ()
{
  from=$(size)
  wait_until $((60000 + $1 * 5 * interval)) has_records "$witness" "$from" $(($1 + 1)) && wait_until 120000 all_have_records $(($1 + 1))
}

judge () # CYCLES [HUNG_ID]
{
  /usr/bin/python3 "$src/tests/e2e/hung_records.py" judge "$out" "$from" "$interval" "$@"
}

# one_try COMMAND…: anew, up to $tries times in all, only if the machine stood still meanwhile: then each guest's records are late, or one seems to
# hang that does not. In all else a failure is one at once.
one_try ()
{
  local try stood
  for ((try = 1; try <= tries; try++)); do
    stood=$(times_stood)
    ! "$@" || return 0
    echo "# that was try $try of $tries"
    stood_still "$stood" || return 1
  done
  return 1
}

nothing_hangs ()
{
  mark=$(lines)
  watch_cycles 4 && judge 4 && said agent ' hangs: ' 0
}

# The first cycle is the one in which it is found.
one_hangs ()
{
  wait_until 120000 is_whole "$victim" "$(size)" "$whole" || return 1
  mark=$(lines)
  kill -STOP "$qemu"
  if watch_cycles 10 && judge 10 "$victim" && said agent 'domain crowd-003 hangs' 1 && said agent ' hangs: ' 1; then return 0; fi
  kill -CONT "$qemu"
  return 1
}

samples_in_last () # ID: how many samples the guest's last record has
{
  grep "samples/1.*$1" "$out" | tail -n 1 | grep -o '"meter":' | wc -l
}

is_whole () # ID FROM SAMPLES: a record behind that byte has as many
{
  has_records "$1" "$2" 1 && [ "$(samples_in_last "$1")" -ge "$3" ]
}

threads_and_files ()
{
  echo "$(awk '/^Threads/ { print $2 }' "/proc/$1/status") $(find "/proc/$1/fd" -type l | wc -l)"
}

memory ()
{
  awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

# The least of some looks: a thread or a file that is there for a moment is none that stays.
least_threads_and_files ()
{
  for _ in {1..20}; do threads_and_files "$1"; sleep 0.05; done | awk '
    NR == 1 || $1 < threads { threads = $1 }
    NR == 1 || $2 < files { files = $2 }
    END { print threads, files }'
}

is_as_before ()
{
  local threads files
  read -r threads files <<< "$(threads_and_files "$1")"
  [ "$threads" -le "${2% *}" ] && [ "$files" -le "${2#* }" ]
}

mark=0 # so many lines of the log are of what was before
said () # LOG TEXT N: the log has N lines with it behind the mark
{
  [ "$(tail -n "+$((mark + 1))" "$dir/$1.log" | grep -c -- "$2")" -eq "$3" ]
}

# check_as_before NAME
check_as_before ()
{
  local status=0
  wait_until 120000 is_as_before "$running" "$before" || status=1
  [ "$status" -eq 0 ] || echo "#   threads and descriptors: $before before, $(threads_and_files "$running") now"
  result "$status" "$1"
}

# timed_stop NAME: SIGTERM ends the agent with status 0; the stop's limit is 5 s. What hangs comes back by itself after 15 s at the earliest, libvirt's
# keepalive.
timed_stop ()
{
  local began
  began=$(now_ms)
  check "$1" stop "$started" 14000
  echo "#   the stop took $(($(now_ms) - began)) ms"
}

watch_machine
start_libvirtd v
began=$SECONDS
"$real/crowd" start "$uri" "$dir/v" "$guests" --idle > /dev/null
echo "# $guests guests within $((SECONDS - began)) s"
victim=$(virsh -q -c "$uri" domuuid crowd-003 | awk 'NF') witness=$(virsh -q -c "$uri" domuuid crowd-001 | awk 'NF')
qemu=$(cat "$dir/v/run/qemu/crowd-003.pid") daemon=$(cat "$dir/v/libvirtd.pid")
at_end () { kill -CONT "$qemu" "$daemon" 2> /dev/null; }

run_agent agent
running=$started
check 'agent_polls_every_guest' wait_until 120000 has_records "$victim" 0 2
whole=$(samples_in_last "$victim")
echo '# nothing hangs:'
check 'every_guest_has_a_record_of_each_cycle_while_nothing_hangs' one_try nothing_hangs
before=$(least_threads_and_files "$running") memory_before=$(memory "$running")

echo '# crowd-003 hangs:'
check 'the_others_have_every_sample_of_ten_cycles_while_one_hangs' one_try one_hangs
check 'the_domain_that_hangs_is_named_once' said agent 'domain crowd-003 hangs' 1
check 'no_other_is' said agent ' hangs: ' 1
here=$(size)
kill -CONT "$qemu"
check 'the_records_of_the_one_that_hung_are_whole_again' wait_until 120000 is_whole "$victim" "$here" "$whole"
check 'that_it_answers_again_is_said_once' said agent 'domain crowd-003 answers again' 1
check_as_before 'threads_and_descriptors_are_as_before_after_a_domain_hung'

mark=$(lines)
kill -STOP "$daemon"
sleep "$away"
wait_until 120000 said agent 'hypervisor: .*tried again until it answers' 1
here=$(size)
kill -CONT "$daemon"
check 'the_agent_goes_on_after_libvirtd_was_stopped' wait_until 120000 is_whole "$victim" "$here" "$whole"
check 'that_libvirtd_is_away_is_said_once' said agent 'hypervisor: .*tried again until it answers' 1
check_as_before 'threads_and_descriptors_are_as_before_after_libvirtd_was_stopped'

"$real/libvirtd" restart "$dir/v" > /dev/null
daemon=$(cat "$dir/v/libvirtd.pid") here=$(size)
check 'the_agent_goes_on_after_libvirtd_was_started_anew' wait_until 120000 is_whole "$victim" "$here" "$whole"
check_as_before 'threads_and_descriptors_are_as_before_after_libvirtd_was_started_anew'
echo "# threads and descriptors: $before; memory: $memory_before KiB before, $(memory "$running") KiB after"
check 'memory_has_not_grown_by_half' [ "$(memory "$running")" -lt $((memory_before * 3 / 2)) ]

kill -STOP "$qemu"
check 'a_cycle_passes_while_a_domain_hangs' watch_cycles 1
timed_stop 'the_agent_stops_while_a_domain_is_spared'
kill -CONT "$qemu"

# With so long a time limit whatever hangs is under way when the signal comes.
run_agent second -o inspector.timeout=300s
check 'another_agent_polls' wait_until 120000 has_records "$victim" "$(size)" 1
kill -STOP "$qemu"
check 'a_call_hangs_at_a_domain' wait_until 120000 is_queued "$qemu" ESTAB 0
timed_stop 'the_agent_stops_while_a_call_hangs_at_a_domain'
kill -CONT "$qemu"
run_agent third -o inspector.timeout=300s
check 'yet_another_agent_polls' wait_until 120000 has_records "$victim" "$(size)" 1
kill -STOP "$daemon"
check 'a_call_hangs_at_libvirtd' wait_until 120000 is_queued "$daemon" ESTAB 0
timed_stop 'the_agent_stops_while_libvirtd_hangs'
opening=$(queued "$daemon" LISTEN)
run_agent fourth -o inspector.timeout=300s
check 'the_opening_of_a_connection_hangs' wait_until 120000 is_queued "$daemon" LISTEN "$opening"
# A thread of its own opens it, and may be ahead of the one that will hear of the signal.
check 'the_agent_runs_while_the_opening_of_a_connection_hangs' wait_until 120000 grep -qF 'notice: running' "$dir/fourth.log"
timed_stop 'the_agent_stops_while_the_opening_of_a_connection_hangs'
kill -CONT "$daemon"
