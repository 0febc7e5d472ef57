#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Nothing is lost on the agent's side. An agent of 1,000 guests polls into its outbox and a real Kafka while it and the broker are
# killed with -9 and frozen at random moments, most of them with records on disk that are not in Kafka. Afterwards what is in Kafka is
# held against the ledger that the pollster kept of each value before it gave it, and against what lay on disk after each kill.
#
# HM_CHAOS_SEED, HM_CHAOS_KILLS choose another run; HM_CHAOS_HOURS goes on for so long with longer pauses and, as root, with a disk that is
# full at times (make chaos).

# shellcheck source-path=SCRIPTDIR source=../chaos/lib.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/lib.sh"

seed=${HM_CHAOS_SEED:-$RANDOM} kills=${HM_CHAOS_KILLS:-30} hours=${HM_CHAOS_HOURS:-0}
# The longest pauses, in milliseconds: of a life before its kill, of a freeze.
if [ "$hours" = 0 ]; then interval=250ms life_ms=700 freeze_ms=300; else interval=1s life_ms=20000 freeze_ms=15000; fi
RANDOM=$seed
echo "# HM_CHAOS_SEED=$seed"

some () # up to so many milliseconds
{
  echo $(((RANDOM * 32768 + RANDOM) % $1))
}

pause () # MILLISECONDS
{
  sleep "$(awk -v ms="$1" 'BEGIN { print ms / 1000 }')"
}

count_arrived ()
{
  came=$(arrived)
}

# An agent that is sending: something has come to Kafka since it was started.
start_sending ()
{
  wait_until 120000 count_arrived || return 1
  start_agent
  wait_until 120000 has_arrived $((came + 1))
}

# Each is one life of the agent up to its kill; one_life thaws the broker afterwards. They run with errexit off: each command that may fail
# gives the status.
dies_at_work ()
{
  start_agent
  kill_agent "$(some "$life_ms")" "$(some 60)"
}

dies_while_sending ()
{
  start_sending || return 1
  kill_agent "$(some "$life_ms")" "$(some 60)"
}

dies_before_a_frozen_broker ()
{
  freeze || return 1
  start_agent
  kill_agent "$(some "$life_ms")" "$(some 200)"
}

dies_while_the_broker_freezes ()
{
  start_sending || return 1
  pause "$(some "$life_ms")"
  freeze || return 1
  kill_agent "$(some "$freeze_ms")" "$(some 200)"
}

dies_after_a_freeze_of_its_own ()
{
  start_sending || return 1
  pause "$(some "$life_ms")"
  kill -STOP "$running" || return 1
  pause "$(some "$freeze_ms")"
  kill -CONT "$running" || return 1
  kill_agent 0 "$(some 60)"
}

# The broker comes back after the kill, or while another life is waiting for it, which is killed too.
dies_without_a_broker ()
{
  start_agent
  pause "$(some "$life_ms")"
  "$real/kafka" kill "$dir/k" 1 || return 1
  brokers_killed=$((brokers_killed + 1))
  kill_agent "$(some "$life_ms")" "$(some 200)" || return 1
  if [ $((RANDOM % 2)) -eq 0 ]; then
    look && note_kill || return 1
    start_agent
  fi
  "$real/kafka" restart "$dir/k" 1 2>> "$dir/kafka.log" || return 1
  [ -z "$running" ] || kill_agent "$(some "$life_ms")" "$(some 60)"
}

# Of ten lives in a row one is without a broker.
one_life ()
{
  local ways=(dies_at_work dies_while_sending dies_before_a_frozen_broker dies_while_the_broker_freezes dies_after_a_freeze_of_its_own)
  local way=${ways[RANDOM % 5]} status=0
  [ $((lives % 10)) -ne 4 ] || way=dies_without_a_broker
  lives=$((lives + 1))
  "$way" || { status=1; echo "# failed: ${way//_/ }"; }
  thaw || status=1
  look && note_kill && [ "$status" -eq 0 ] || return 1
  echo "# $lives ${way//_/ }: $held records on disk, $unconfirmed not confirmed by the journal"
}

run_with_kills ()
{
  lives=0 brokers_killed=0
  while [ "$lives" -lt "$kills" ]; do
    one_life || return 1
  done
  echo "# $lives lives of the agent; the broker was killed $brokers_killed times"
}

# one_round NAME [OPTION…]: a topic and a ledger of its own, so that what is compared stays small however long it goes on. OPTION: for
# compare
one_round ()
{
  topic=chaos.$1 looks=0
  rm -f "$dir"/left.* "$dir/kills" "$HM_LEDGER"
  make_topic
  check "agent_starts_after_each_kill_$1" run_with_kills
  check "all_that_waits_is_sent_$1" is_settled
  check "most_kills_meet_records_that_are_not_in_kafka_$1" most_kills_meet_unsent
  check "kafka_holds_what_the_ledger_says_$1" compare --whole 1 "${@:2}"
}

# Every other round has a disk that is full soon, where that can be made; what it costs is said in gap records.
next_round ()
{
  round=$((round + 1))
  if [ $((round % 2)) -eq 0 ] && [ "$(id -u)" -eq 0 ]; then
    state=$dir/small/a
    [ -d "$dir/small" ] || mount_on "$dir/small" -t tmpfs -o size=8m chaos
    one_round "$round" --losses
  else
    state=$dir/a
    one_round "$round"
  fi
}

start_kafka --nodes 1
began=$SECONDS round=0
next_round
while [ $((SECONDS - began)) -lt "$(awk -v h="$hours" 'BEGIN { print int (h * 3600) }')" ] && [ "$failures" -eq 0 ]; do
  next_round
done
