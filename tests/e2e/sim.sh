#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A simulated fleet (tests/sim/) through a real Kafka: signed records, lost, doubled, shuffled and late, in a topic of several partitions, taken by a
# collector with SQLite and one with PostgreSQL, each killed with -9 twice in the midst of it. What the stores hold then is what can be known of the records, and
# what a store holds that got them without a bus.
#
# HYPERMETER_SIM_KAFKA histories, 3 to 100, from HYPERMETER_SIM_SEED on. The broker stamps records with the time of now, and what it stamped is what decides about
# late and future ones; so the fleet lives until now, a third of it until two days ago, and most of its records are late. That a record of the future comes to
# count once its time has come takes longer than a test may, and has no run through a bus; nor has what comes too late to be counted.

# shellcheck source-path=SCRIPTDIR source=../kit/both.sh
. "$(dirname "$(readlink -f "$0")")/../kit/both.sh"

histories=${HYPERMETER_SIM_KAFKA:-100}
seed=${HYPERMETER_SIM_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "# HYPERMETER_SIM_SEED=$seed"
settings=(-o collector.signatures=require -o collector.keys-dir="$dir/keys" -o store.batch-records=5)
declare -A killers=()

# sim STEP OPTION…
sim ()
{
  "$build/tests/sim/sim_kafka" "$1" --seed="$seed" --histories="$histories" --end="$end" --stamps="$dir/stamps" "${@:2}"
}

send_part () # FROM TO
{
  sim send --brokers="$brokers" --topic="$topic" --keys="$dir/keys" --from="$1" --to="$2" > "$dir/send.log" 2>&1
}

of_store () # STEP KIND
{
  sim "$1" --store="${stores[$2]}"
}

stored () # KIND
{
  sql "$1" "SELECT coalesce (sum (next), 0) FROM offsets WHERE topic = '$topic'" | sed 1d | tr -d '\r'
}

sent () { wc -l < "$dir/stamps"; }
has_all () { [ "$(stored "$1")" -eq "$(sent)" ]; }
takes_all () { wait_until 300000 has_all "$1" || { echo "# $(stored "$1") of $(sent) deliveries"; return 1; }; }

# What was said of each kind of store by the last `each`.
say ()
{
  local kind
  for kind in "${kinds[@]}"; do sed -n "s/^#/# $kind:/p" "$dir/each.$kind"; done
}

# Of the resources that ended days ago.
is_rolled_up () # KIND
{
  local there
  there=$(sql "$1" "SELECT count (*), count (CASE WHEN rolled > last_grain THEN 1 END) FROM resource_state WHERE last_grain < $(((end - 86400) * 1000000000))" | sed 1d | tr -d '\r')
  [ "${there%,*}" -gt 0 ] && [ "${there%,*}" = "${there#*,}" ]
}
runs () { grep -qF 'notice: running' "$dir/collector-$1.log"; }
comes_to_be_rolled_up () { wait_until 300000 runs "$1" && wait_until 300000 is_rolled_up "$1"; }

hm_verify () { hm "$1" verify --output csv; }

overtaken='not done: (no reading of that id is held|a lower value of a counter cannot be counted|another reading of that moment counts already)'

# decide_about KIND DECISION ID…: a decision may settle what else is held of its series, or leave it held for another reason; that is asked for
# once more where it has not
decide_about ()
{
  local answers status=0
  answers=$(hm "$1" anomalies "$2" "${@:3}" --author ada --reason 'looked at it' --wait 300 --output csv) || status=$?
  printf '%s\n' "$answers"
  [ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && [ "$(wc -l <<< "$answers")" -eq $(($# - 1)) ] \
    && [ "$(grep -c 'not done: ' <<< "$answers")" -eq "$(grep -cE "$overtaken" <<< "$answers")" ]; }
}

# decide KIND: over and over, one decision at a time, as what is held out, and why, may be another afterwards. It is never what it was before:
# then nothing came of a decision.
decide ()
{
  local decision ids list
  local -A seen=()
  while of_store decide "$1" > "$dir/decide.$1" || return 1; list=$(grep -E '^(release|reject|rebase) ' "$dir/decide.$1" | sort); do
    [ -z "${seen[$list]:-}" ] || { echo '# the same is to be decided as before'; return 1; }
    seen[$list]=yes
    decision=$(sed -nE '/^(release|reject|rebase) /{ s/ .*//p; q }' "$dir/decide.$1")
    mapfile -t ids < <(sed -n "s/^$decision //p" "$dir/decide.$1")
    echo "# $decision: ${#ids[@]}"
    decide_about "$1" "$decision" "${ids[@]}" || return 1
  done
}

# Who is to be killed; the shell is not to say so.
run_to_be_killed ()
{
  local kind command
  for kind in "${kinds[@]}"; do
    mapfile -t command < <(what_runs "$kind")
    HYPERMETER_TRACE_TRANSACTIONS=$dir/transaction.$kind background "collector-$kind" "${command[@]}"
    running[$kind]=$started
    disown "$started"
  done
}

# watches PID: it has a trace open, or has killed already: collectors have transactions of their own
watches ()
{
  find "/proc/$1/fd" -lname "$dir/transaction.*" 2> /dev/null | grep -q . || gone "$1"
}

# As soon as a transaction is open.
begin_to_kill ()
{
  local kind
  for kind in "${kinds[@]}"; do
    background "killer-$kind" /usr/bin/python3 "$src/tests/e2e/kill_at.py" "${running[$kind]}" "$dir/transaction.$kind" inside 0
    killers[$kind]=$started
    disown "$started"
    wait_until 120000 watches "$started" || return 1
  done
}

# Whoever was too quick for that.
end_killing ()
{
  local kind
  for kind in "${kinds[@]}"; do
    kill -9 "${killers[$kind]}" "${running[$kind]}" 2> /dev/null || :
    wait_until 120000 gone "${killers[$kind]}" && wait_until 120000 gone "${running[$kind]}" || return 1
  done
  pids=()
}

# kill_in_the_midst FROM TO: while these are sent, some after the other
kill_in_the_midst ()
{
  local at
  begin_to_kill || return 1
  for ((at = $1; at < $2; at += 10)); do
    [ $((at + 10)) -lt "$2" ] || end_killing || return 1
    send_part "$at" $((at + 10)) || return 1
  done
}

was_in_the_midst () # KIND
{
  local n open
  n=$(stored "$1") open=$(cat "$dir/killer-$1.log")
  echo "# $n of $(sent) deliveries were stored, and a transaction was open: ${open:-0}"
  [ "$n" -gt 0 ] && [ "$n" -lt "$(sent)" ]
}

start_both
make_topics "$topic" 4
psql -X -q -d "$base" -c 'CREATE DATABASE sim'
for kind in "${kinds[@]}"; do topics[$kind]=$topic; done
used=sim stores=([sqlite]=sqlite://$dir/sim.db [postgresql]=${base%/*}/sim)
for host in host-0 host-1; do
  mkdir -p "$dir/keys/$host"
  openssl rand -hex 32 > "$dir/keys/$host/$host"
  chmod 600 "$dir/keys/$host/$host"
done
end=$(date +%s)
sim meters > "$dir/meters.json"
export HYPERMETER_METERS=$dir/meters.json

each 'store_has_its_policies' of_store make
check 'the_first_records_are_sent' send_part 0 30
run_to_be_killed
each 'collector_takes_them' takes_all
check 'collectors_are_killed_while_more_are_sent' kill_in_the_midst 30 60
each 'collector_was_in_the_midst' was_in_the_midst
say
run_to_be_killed
each 'collector_goes_on' takes_all
each 'people_decide' decide
say
check 'collectors_are_killed_while_the_others_are_sent' kill_in_the_midst 60 100
each 'collector_was_in_the_midst_again' was_in_the_midst
say
run_all
each 'collector_takes_all' takes_all
each 'people_decide_about_the_others' decide
say
check 'collectors_end_in_order' end_all
run_all
each 'days_that_are_over_are_rolled_up' comes_to_be_rolled_up
check 'collectors_end_once_more' end_all
each 'store_is_what_its_records_are_folded_to' hm_verify
each 'store_holds_what_can_be_known' of_store check
grep '^#' "$dir/each.sqlite"
