# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests share that kill -9 the collector, the broker and the database while records flow; sourced first by each. On top of
# tests/e2e/lib.sh. The generator keeps its own sums; the collector says in a byte that outlives it whether a transaction is open.
#
# HM_RECORDS, HM_KILLS and HM_SEED choose other sizes. A test with a database of its own sets $database to a function that kills and mends it.

# shellcheck source-path=SCRIPTDIR source=../e2e/lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../e2e/lib.sh"

# shellcheck disable=SC2034 # what is set here is used by the tests
records=${HM_RECORDS:-100000} kills=${HM_KILLS:-20} seed=${HM_SEED:-$RANDOM} resources=250 database=''
generate=$build/tests/generate
collecting='' lives=0
declare -A killed=() inside=() # by process: how often, and how often with a transaction open
HYPERMETER_TRACE_TRANSACTIONS=$dir/transaction
export HYPERMETER_TRACE_TRANSACTIONS
RANDOM=$seed
echo "# HM_SEED=$seed"

# start_collector: its process id is in $collecting
start_collector ()
{
  printf 0 > "$HYPERMETER_TRACE_TRANSACTIONS"
  "$collector" "${for_ever[@]}" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" \
    -o source.topic="$topic" -o store.url="$store" -o store.batch-records=2000 >> "$dir/collector.log" 2>&1 &
  collecting=$!
  pids+=("$collecting")
}

# kill_process NAME PID anywhere|inside: after a random while, or as soon as a transaction is open then
kill_process ()
{
  local open
  open=$(/usr/bin/python3 "$src/tests/e2e/kill_at.py" "$2" "$HYPERMETER_TRACE_TRANSACTIONS" "$3" "$((RANDOM % 300 + 20))") || return 1
  killed[$1]=$((${killed[$1]:-0} + 1))
  if [ "$open" = 1 ]; then inside[$1]=$((${inside[$1]:-0} + 1)); fi
}

# end_collector anywhere|inside
end_collector ()
{
  local status=0
  kill_process collector "$collecting" "$1" || status=1
  { wait "$collecting" || :; } 2> /dev/null # the shell says there that it was killed
  unset 'pids[-1]'
  return "$status"
}

# has_passed N: more records than that are behind the offsets
has_passed ()
{
  [ "$(committed)" -gt "$1" ]
}

# The collector lives through it: what it takes afterwards it takes from the broker that has come back.
broker_dies ()
{
  local before pid
  start_collector
  pid=$(pids_with_argument "$dir/k/node1/server.properties")
  kill_process broker "$pid" inside || return 1
  wait_until 60000 gone "$pid" || return 1
  "$real/kafka" restart "$dir/k" 1 2>> "$dir/kafka.log" || return 1
  before=$(committed)
  wait_until 300000 has_passed "$before" || { echo "# nothing is stored after the broker has come back"; return 1; }
  end_collector anywhere
}

# Of ten lives in a row one is with a broker that dies and, where the test has a database that can, three with a database that does.
one_life ()
{
  local status=0
  case $((lives % 10)) in
    3) broker_dies || status=$? ;;
    1 | 4 | 8) ${database:-inside_dies} || status=$? ;;
    0 | 6) start_collector; end_collector anywhere || status=$? ;;
    *) inside_dies || status=$? ;;
  esac
  lives=$((lives + 1))
  return "$status"
}

inside_dies ()
{
  start_collector
  end_collector inside
}

total () # of a table's numbers
{
  local sum=0 number
  for number; do sum=$((sum + number)); done
  echo "$sum"
}

# Half of the kills at least must have met an open transaction.
flow_with_kills ()
{
  local name
  background generate "$generate" --records "$records" --resources "$resources" --seed "$seed" --brokers "$brokers" --topic "$topic" \
    --sums "$dir/sums"
  local generating=$started
  while [ "$(total "${killed[@]}")" -lt "$kills" ] || [ "$(total "${inside[@]}")" -lt $((kills / 2)) ]; do
    one_life || { echo "# life $lives was not as it should be"; return 1; }
    [ "$lives" -lt $((kills * 3)) ] || break
  done
  wait "$generating" || return 1
  for name in "${!killed[@]}"; do
    echo "# $name: ${killed[$name]} kills, ${inside[$name]:-0} of them inside an open transaction"
  done
  echo "# $(committed) of $records records were stored by then"
  [ "$(total "${inside[@]}")" -ge $((kills / 2)) ]
}

# compare STORE: usage with the generator's sums
compare ()
{
  "$cli" usage --store "$1" --by resource,device,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/compare_sums.py" "$dir/sums"
}
