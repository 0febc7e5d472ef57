#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Health by progress. /readyz names what is wrong and takes it back: a broker that is away, a database that is stopped or takes nothing, a
# topic that was made anew, a hypervisor that is away; /livez stays, until a thread hangs. /metrics is read by a strict reader; the
# service manager's watchdog hears nothing while nothing progresses. An agent that is to answer nobody has no HTTP in it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

command -v sqlite3 > /dev/null || { echo 'Bail out! no sqlite3'; exit 1; }

# get PATH: the body; the status is in $dir/code. Of whom $address says
get ()
{
  curl --silent --max-time 60 --output "$dir/body" --write-out '%{http_code}' "http://$address$1" > "$dir/code" || :
  cat "$dir/body"
}

answers () # PATH CODE [TEXT]
{
  get "$1" > /dev/null
  [ "$(cat "$dir/code")" = "$2" ] && grep -qF -- "${3-}" "$dir/body"
}

# becomes NAME PATH CODE [TEXT]: comes to be the answer
becomes ()
{
  local status=0
  wait_until 180000 answers "$2" "$3" "${4-}" || status=$?
  [ "$status" -eq 0 ] || echo "#   $(cat "$dir/code") $(tail -c 300 "$dir/body")"
  result "$status" "$1"
}

read_strictly ()
{
  get /metrics | /usr/bin/python3 "$src/tests/openmetrics.py" > "$dir/samples"
}

tells () # PATTERN COUNT: so many samples
{
  read_strictly && [ "$(grep -c "$1" "$dir/samples")" = "$2" ]
}

produce () # TOPIC COUNT: so that there is something to store
{
  local number
  for ((number = 0; number < $2; number++)); do echo '{}'; done > "$dir/produced"
  kcat -P -b "$brokers" -t "$1" -l "$dir/produced"
}

# configure FOLDER ADDRESS TOPIC STORE: a collector
configure ()
{
  mkdir -p "$1"
  cat > "$1/collector.conf" << END
[collector]
state-dir=$1
runtime-dir=$1
listen=$2
stuck-after=10s
ready-commit=2s
[source]
topic=$3
kafka.bootstrap.servers=$brokers
kafka.group.id=$3
kafka.statistics.interval.ms=500
kafka.session.timeout.ms=300000
[store]
url=$4
batch-records=100
END
}

# run_agent NAME [OPTION…]
run_agent ()
{
  local name=$1
  shift
  background "$name" "$agent" -o agent.state-dir="$dir/$name" -o agent.runtime-dir="$dir/$name" -o agent.interval=1s \
    -o publisher:file.path="$dir/$name.ndjson" "$@"
}

has_endpoint () # PID
{
  grep -q endpoint.module "/proc/$1/maps"
}

lacks_endpoint () # PID
{
  ! has_endpoint "$1"
}

hears_nothing () # the last two words on how it fares follow each other
{
  [ "$(grep -E 'STATUS=|WATCHDOG=1' "$dir/notified" | tail -n 2 | grep -c STATUS=)" -eq 2 ]
}

said_more () # two more words on how it fares since $said was counted
{
  [ "$(grep -c STATUS= "$dir/notified")" -ge $((said + 2)) ]
}

mapfile -t addresses < <(/usr/bin/python3 -c '
import socket
sockets = [socket.socket() for _ in range(4)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
for s in sockets:
    print("127.0.0.1:%d" % s.getsockname()[1])')
large=${addresses[0]} small=${addresses[1]} second=$topic.second
touch "$dir/body"
mkdir -p "$dir/k"
kafkas+=("$dir/k")
"$real/kafka" start "$dir/k" > "$dir/brokers" 2> "$dir/kafka.log" &
starting=$!

# -- agents, while the broker starts
run_agent measuring -o inspector.uri=test:///default -o agent.listen="${addresses[2]}"
measuring=$started
run_agent waiting -o inspector.uri="qemu:///system?socket=$dir/none" -o agent.listen="${addresses[3]}"
run_agent silent -o inspector.uri=test:///default
silent=$started
address=${addresses[2]}
becomes agent_is_ready_when_it_measures /readyz 200 '"ready":true'
becomes agent_lives_when_it_measures /livez 200 alive
check agents_metrics_are_understood_by_a_strict_reader wait_until 180000 tells '^hypermeter_agent_instances 1$' 1
check agent_has_the_endpoint_when_it_answers has_endpoint "$measuring"
address=${addresses[3]}
becomes agent_says_so_when_the_hypervisor_is_away /readyz 503 '"hypervisor_away"'
becomes agent_lives_when_the_hypervisor_is_away /livez 200 alive
check silent_agent_runs wait_until 180000 grep -q 'notice: running' "$dir/silent.log"
check agent_has_no_endpoint_when_it_answers_nobody lacks_endpoint "$silent"
check agent_stops_when_it_was_asked stop "$measuring"

# -- two collectors: one on PostgreSQL, one on SQLite
start_postgres
wait "$starting"
brokers=$(cat "$dir/brokers")
make_topics "$topic" 2
"$real/kafka" topic "$dir/k" "$second" 1
configure "$dir/c" "$large" "$topic" "$store"
configure "$dir/s" "$small" "$second" "sqlite://$dir/usage.db"
/usr/bin/python3 "$src/tests/e2e/notified.py" "$dir/notify" > "$dir/notified" &
pids+=("$!")
wait_until 120000 test -S "$dir/notify"
background collector env NOTIFY_SOCKET="$dir/notify" WATCHDOG_USEC=3000000 "$collector" --config "$dir/c/collector.conf"
running=$started
background second "$collector" --config "$dir/s/collector.conf"
second_running=$started
address=$large
becomes readyz_is_ready_when_all_is_well /readyz 200 '"ready":true'
becomes livez_lives_when_all_is_well /livez 200 alive
check watchdog_hears_of_progress wait_until 180000 grep -q WATCHDOG=1 "$dir/notified"
check manager_hears_that_it_is_ready wait_until 180000 grep -q READY=1 "$dir/notified"
check manager_hears_how_it_fares wait_until 180000 grep -q 'STATUS=2 partitions' "$dir/notified"
check metrics_tell_the_lag_of_each_partition wait_until 180000 tells '^hypermeter_collector_lag_records{.*} 0$' 2
check metrics_tell_how_many_partitions_there_are wait_until 180000 tells '^hypermeter_collector_topic_partitions 2$' 1
check metrics_tell_each_reason_of_a_dead_letter tells '^hypermeter_collector_refused_records_total{reason=' 10
is_told_ready () { "$cli" status collector --config "$dir/c/collector.conf" > "$dir/status" && grep -Eq '^ready +yes' "$dir/status"; }
check status_asks_the_collector wait_until 180000 is_told_ready
address=$small
becomes readyz_is_ready_on_sqlite /readyz 200 '"ready":true'

# -- databases that take nothing: one is stopped, in the other somebody else writes
"$real/postgres" kill "$dir/p"
coproc WRITER { sqlite3 "$dir/usage.db"; }
writer=$WRITER_PID
pids+=("$writer")
printf '%s\n' '.timeout 120000' 'BEGIN IMMEDIATE;' "SELECT 'begun';" >&"${WRITER[1]}"
read -r begun <&"${WRITER[0]}" # no record comes before that
[ "$begun" = begun ]
produce "$topic" 2000
produce "$second" 5
becomes readyz_says_so_when_somebody_else_writes /readyz 503 '"store_away"'
address=$large
becomes readyz_says_so_when_the_database_is_stopped /readyz 503 '"store_away"'
becomes readyz_says_that_nothing_is_committed /readyz 503 '"no_commit"'
becomes readyz_says_that_it_is_paused /readyz 503 '"paused"'
check livez_lives_when_the_database_takes_nothing answers /livez 200
echo "ROLLBACK;" >&"${WRITER[1]}"
eval "exec ${WRITER[1]}>&-"
wait "$writer"
"$real/postgres" restart "$dir/p"
becomes readyz_is_ready_when_the_database_is_back /readyz 200
check metrics_tell_what_was_refused wait_until 180000 tells '^hypermeter_collector_refused_records_total{reason="[a-z-]*"} 2000$' 1
address=$small
becomes readyz_is_ready_when_nobody_else_writes /readyz 200
check metrics_tell_that_all_is_stored wait_until 180000 tells '^hypermeter_collector_dead_letters_total 5$' 1
check collector_stops_when_the_other_goes_on stop "$second_running"

# -- a broker that is away
address=$large
"$real/kafka" kill "$dir/k" 1
becomes readyz_says_so_when_the_broker_is_away /readyz 503 '"broker_away"'
check livez_lives_when_the_broker_is_away answers /livez 200
"$real/kafka" restart "$dir/k" 1 2>> "$dir/kafka.log"
becomes readyz_is_ready_when_the_broker_is_back /readyz 200

# -- a thread that hangs: the storing one, with something to store; and a topic that is made anew meanwhile
coproc STOPPED { /usr/bin/python3 "$src/tests/e2e/stop_thread.py" "$running" store; }
stopper=$STOPPED_PID
pids+=("$stopper")
read -r _ <&"${STOPPED[0]}"
produce "$topic" 1
"$real/kafka" remove "$dir/k" "$second"
"$real/kafka" topic "$dir/k" "$second" 1
background second "$collector" --config "$dir/s/collector.conf"
address=$small
becomes readyz_says_so_when_the_topic_was_made_anew /readyz 503 '"halted"'
becomes livez_lives_when_a_partition_is_halted /livez 200 alive
check metrics_count_the_halted_partition wait_until 180000 tells '^hypermeter_collector_halted_partitions 1$' 1
address=$large
becomes livez_says_so_when_a_thread_hangs /livez 503 stuck
becomes readyz_says_so_when_a_thread_hangs /readyz 503 '"stuck"'
said=$(grep -c STATUS= "$dir/notified")
check manager_still_hears_how_it_fares wait_until 180000 said_more
check watchdog_hears_nothing_when_a_thread_hangs wait_until 180000 hears_nothing
eval "exec ${STOPPED[1]}>&-"
becomes livez_lives_when_the_thread_goes_on /livez 200
becomes readyz_is_ready_when_the_thread_goes_on /readyz 200

check collector_stops_after_all_that stop "$running"
