# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests share that pull plugs; sourced first by each. On top of tests/e2e/lib.sh: an agent with a synthetic fleet and the ledger
# pollster, a broker that freezes, the look into the outbox after a kill, the comparison at the end.

# shellcheck source-path=SCRIPTDIR source=../e2e/lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../e2e/lib.sh"

# shellcheck disable=SC2034 # what is set here is used by the tests
held=0 unconfirmed=0 killed_at=''
chaos=$src/tests/chaos
state=$dir/a interval=1s running='' looks=0 frozen=''
HM_LEDGER=$dir/ledger
HYPERMETER_PLUGIN_PATH+=:$build/tests/chaos/.libs
export HM_LEDGER

# make_topic: $topic, and the one that meters are declared on, without which nothing is sent
make_topic ()
{
  "$cli" topics create samples meters --brokers "$brokers" --samples "$topic" --partitions 4 > "$dir/topics.log" 2>&1
}

# run_agent [OPTION…]: its process id is in $running
run_agent ()
{
  "$build/tests/chaos/chaos_agent" -o agent.id=chaos -o agent.state-dir="$state" -o agent.runtime-dir="$dir/run" -o agent.polling= \
    -o agent.interval="$interval" -o 'agent.meters=chaos.ledger' "$@" >> "$dir/agent.log" 2>&1 &
  running=$!
  pids=("$running")
}

# start_agent [OPTION…]: the same, to Kafka
start_agent ()
{
  run_agent -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$topic" "$@"
}

# kill_agent MILLISECONDS MILLISECONDS: -9, after a while and then so long after a poll has begun; $killed_at is the wall clock's milliseconds
# right after it. Fails unless the agent polled and ended by this and nothing else.
kill_agent ()
{
  local status=0 ended=0
  killed_at=$(/usr/bin/python3 "$chaos/kill_after_poll.py" "$running" "$HM_LEDGER" "$1" "$2" 2> "$dir/kill") || status=$?
  { wait "$running" || ended=$?; } 2> /dev/null # the shell says there that it was killed
  [ "$ended" -eq 137 ] || status=1
  [ "$status" -eq 0 ] || echo "# not as it should be when it was killed (exit status $ended): $(cat "$dir/kill")"
  running='' pids=()
  return "$status"
}

# stop_agent: SIGTERM; all that waits is sent first
stop_agent ()
{
  local status=0
  stop "$running" 150000 || status=$?
  running='' pids=()
  return "$status"
}

# look: what lies in the outbox now, for compare; $unconfirmed says how many records of it the journal does not say to be confirmed
look ()
{
  looks=$((looks + 1))
  /usr/bin/python3 "$chaos/outbox.py" "$state/outbox" kafka > "$dir/left.$looks" 2> "$dir/look" || { sed 's/^/# /' "$dir/look"; return 1; }
  # shellcheck disable=SC2034
  read -r held unconfirmed < "$dir/look"
}

values () # in the ledger so far
{
  [ ! -f "$HM_LEDGER" ] || wc -l < "$HM_LEDGER"
}

has_values ()
{
  [ "$(($(values) + 0))" -ge "$1" ]
}

arrived () # records in the topic, repeats included
{
  local parts=() part
  for ((part = 0; part < 4; part++)); do parts+=(-t "$topic:$part:-1"); done
  kcat -Q -b "$brokers" "${parts[@]}" 2> /dev/null | awk '{ n += $NF } END { print n + 0 }'
}

has_arrived ()
{
  [ "$(arrived)" -ge "$1" ]
}

freeze ()
{
  frozen=$(pids_with_argument "$dir/k/node1/server.properties")
  kill -STOP "$frozen"
}

thaw ()
{
  [ -z "$frozen" ] || kill -CONT "$frozen" || return 1
  frozen=''
}

# settle: a last life in which all that waits is sent
settle ()
{
  start_agent -o agent.stop-timeout=120s
  wait_until 300000 has_values $(($(values) + 1)) || return 1
  stop_agent
}

# note_kill: what the last look found is what the last kill left, if it was one
note_kill ()
{
  [ -z "$killed_at" ] || echo "$killed_at $unconfirmed $dir/left.$looks" >> "$dir/kills"
}

# most_kills_meet_unsent: of those that were noted
most_kills_meet_unsent ()
{
  local status=0
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%T\t%h\n' > "$dir/arrivals" || return 1
  /usr/bin/python3 "$chaos/unsent.py" "$dir/kills" "$dir/arrivals" || status=$?
  rm -f "$dir/arrivals"
  return "$status"
}

# is_settled: after such a life all that lies in the outbox is confirmed
is_settled ()
{
  settle && look && [ "$unconfirmed" -eq 0 ]
}

# compare [OPTION…]: the ledger, the topic and all looks
compare ()
{
  local status=0
  kcat -C -q -b "$brokers" -t "$topic" -e -f '%h\t%s\n' > "$dir/topic" || return 1
  /usr/bin/python3 "$chaos/compare.py" "$@" "$HM_LEDGER" "$dir/topic" "$dir"/left.* || status=$?
  rm -f "$dir/topic"
  return "$status"
}

# mount_on FOLDER OPTION…: unmounted at the end
mount_on ()
{
  mkdir -p "$1"
  mount "${@:2}" "$1"
  mounts+=("$1")
}
