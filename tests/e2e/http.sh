#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The small site: an agent sends over HTTP to a collector on SQLite, and there is no Kafka. The collector is killed with -9, then the agent, then
# both. Nothing is lost, each id is stored once, and usage is what the ledger says.

# shellcheck source-path=SCRIPTDIR source=../chaos/lib.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/lib.sh"

export HM_FLEET=100
token=the-token-of-this-test
port=$(reserve_free "$dir" 1)
url=http://127.0.0.1:$port
(umask 077 && echo "$token" > "$dir/token" && echo another-token-of-nobody > "$dir/wrong")
taker=''

start_collector ()
{
  "$collector" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o collector.listen= -o source.topic= \
    -o ingest.listen="127.0.0.1:$port" -o ingest.token-file="$dir/token" -o store.url="$store" >> "$dir/collector.log" 2>&1 &
  taker=$!
  takers+=("$taker")
}

kill_collector ()
{
  kill -9 "$taker"
  { wait "$taker" || :; } 2> /dev/null # the shell says there that it was killed
}

send ()
{
  run_agent -o publisher:http.url="$url" -o publisher:http.token-file="$dir/${1:-token}" "${@:2}"
}

stored ()
{
  sqlite3 -readonly "$dir/usage.db" 'SELECT count(*) FROM raw' 2> /dev/null || echo 0
}

has_stored ()
{
  [ "$(stored)" -ge "$1" ]
}

# While the collector is away, and after it has come back, which it is given time for.
goes_on ()
{
  local before
  before=$(stored)
  wait_until 120000 has_values $(($(values) + HM_FLEET)) || return 1
  start_collector
  wait_until 180000 has_stored $((before + HM_FLEET))
}

usage_is_right ()
{
  "$cli" usage --store "$store" --by resource,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/http_store.py" sums "$dir/usage.db"
}

compare_store ()
{
  /usr/bin/python3 "$src/tests/e2e/http_store.py" topic "$dir/usage.db" > "$dir/topic" || return 1
  /usr/bin/python3 "$chaos/compare.py" --whole 1 "$HM_LEDGER" "$dir/topic" "$dir"/left.*
}

# The agent's outbox keeps what the collector does not let in.
is_not_let_in ()
{
  wait_until 180000 grep -q 'the collector answers with status 401' "$dir/agent.log" || return 1
  kill_agent 0 0 && look_here && [ "$unconfirmed" -gt 0 ] && [ "$(stored)" -eq 0 ]
}

look_here () # as look, of this publisher
{
  looks=$((looks + 1))
  /usr/bin/python3 "$chaos/outbox.py" "$state/outbox" http > "$dir/left.$looks" 2> "$dir/look" || { sed 's/^/# /' "$dir/look"; return 1; }
  read -r held unconfirmed < "$dir/look"
  echo "# $held records in the outbox, $unconfirmed unconfirmed; $(stored) stored"
}

# All that waits is sent; whoever ends has nothing left.
ends_with_nothing_left ()
{
  stop_agent && look_here && [ "$unconfirmed" -eq 0 ]
}

takers=()
at_end () { kill -9 ${takers[@]+"${takers[@]}"} 2> /dev/null; }

start_collector
send wrong
check 'wrong_token_is_not_let_in' is_not_let_in
send
check 'records_are_stored_without_kafka' wait_until 180000 has_stored $((HM_FLEET * 2))
kill_collector
check 'collector_goes_on_after_a_kill' goes_on
check 'agent_is_killed_in_the_midst' kill_agent 300 0
look_here
send
check 'agent_goes_on_after_a_kill' wait_until 180000 has_stored $(($(stored) + HM_FLEET * 2))
kill_collector
kill_agent 0 200 || echo "# the agent did not poll when it was killed"
look_here
send token -o agent.stop-timeout=60s
check 'both_go_on_after_a_kill' goes_on
check 'agent_ends_with_nothing_left' ends_with_nothing_left
check_equal 'each_record_is_stored_once' "$(sqlite3 -readonly "$dir/usage.db" 'SELECT count(DISTINCT agent || epoch || resource || seq) FROM raw')" "$(stored)"
check 'nothing_is_lost' compare_store
check 'usage_is_what_was_measured' usage_is_right
kill "$taker"
wait_until 60000 gone "$taker" || kill -9 "$taker"
