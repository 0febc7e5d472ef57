#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Several collectors on one PostgreSQL. The owner of partitions is stopped (SIGSTOP) before it begins to write what it has folded, between fold
# and commit, and inside COPY; each time the other takes over and stores all there is while it is still stopped, and woken it writes
# nothing. Then a third joins, one leaves, partitions are added. Totals equal the generator's sums; how long nothing was stored is printed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

generate=$build/tests/generate
produced=0 first=0 unnoted=0
declare -A collectors=()

ask ()
{
  psql -X -q -A -t -d "$store" -c "$1" 2>> "$dir/psql.log"
}

# produce NUMBER-OF-INSTANCES: 40 records of each, all of them new
produce ()
{
  "$generate" --records $(($1 * 40)) --resources "$1" --first "$first" --brokers "$brokers" --topic "$topic" --sums "$dir/sums.$first" || return 1
  first=$((first + $1)) produced=$((produced + $1 * 40))
}

stored ()
{
  [ "$(ask 'SELECT count(*) FROM hypermeter.raw')" = "$produced" ]
}

# stall LIMIT: until all is stored, and how long that took
stall ()
{
  local began
  began=$(now_ms)
  wait_until "$1" stored || { echo "# $(ask 'SELECT count(*) FROM hypermeter.raw') of $produced records are stored"; return 1; }
  echo "# all is stored after $(($(now_ms) - began)) ms"
}

# start_one NAME: a collector with a folder, a trace and a file to stop it of its own
start_one ()
{
  printf 0 > "$dir/trace.$1"
  HYPERMETER_TRACE_TRANSACTIONS=$dir/trace.$1 HM_STOP_AT=$dir/stop.$1 LD_PRELOAD=$build/tests/chaos/.libs/stop_at.so \
    background "$1" "$collector" "${for_ever[@]}" -o collector.state-dir="$dir/state.$1" -o collector.runtime-dir="$dir/state.$1" \
    -o collector.log-level=info -o source.kafka.bootstrap.servers="$brokers" -o source.topic="$topic" -o source.kafka.session.timeout.ms=6000 \
    -o source.kafka.heartbeat.interval.ms=1000 -o source.kafka.metadata.max.age.ms=2000 -o store.url="$limited" -o store.batch-records=200
  collectors[$1]=$started
}

is_stopped ()
{
  grep -q '^State:[[:space:]]*T' "/proc/${collectors[$1]}/status" 2> /dev/null
}

# Each write of a resource's row but those of rolling up, which any collector does, with partitions or without, and which alone changes `rolled`,
# is noted by the database.
note_writes ()
{
  ask "CREATE TABLE public.written (source text, resource text, version bigint);
    CREATE FUNCTION public.note () RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN INSERT INTO public.written VALUES (new.source, new.resource, new.version); RETURN NULL; END';
    CREATE TRIGGER added AFTER INSERT ON hypermeter.resource_state FOR EACH ROW EXECUTE FUNCTION public.note ();
    CREATE TRIGGER changed AFTER UPDATE ON hypermeter.resource_state FOR EACH ROW WHEN (old.rolled = new.rolled)
      EXECUTE FUNCTION public.note ()"
}

writes () # that were noted
{
  ask 'SELECT count(*) FROM public.written'
}

tables ()
{
  ask 'SELECT topic, partition, next FROM hypermeter.offsets ORDER BY 1, 2; SELECT * FROM hypermeter.buckets ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    SELECT source, resource, fold, seen FROM hypermeter.resource_state ORDER BY 1, 2;
    SELECT * FROM public.written ORDER BY 1, 2, 3;
    SELECT grain, source, resource, agent, epoch, seq, "offset" FROM hypermeter.raw ORDER BY 1, 2, 3, 4, 5, 6;
    SELECT source, agent, epoch, records, samples, duplicates FROM hypermeter.agent ORDER BY 1, 2, 3' | sha256sum
}

# Until it has partitions, and with them something to write.
make_it_stop ()
{
  local tries
  for ((tries = 0; tries < 30; tries++)); do
    produce 10 || return 1
    ! wait_until 5000 is_stopped one || return 0
  done
  echo '# it did not stop'
  return 1
}

# stops_in STATEMENT: the first one stops there; the second takes over and stores what the first had and what comes then
stops_in ()
{
  echo "$1" > "$dir/stop.one"
  make_it_stop && produce 50 && stall 180000 && is_stopped one
}

fences () # how often it has found itself out of the group, and what it held is given up
{
  grep -c ' partitions of .* were lost' "$dir/one.log" || :
}

has_looked ()
{
  [ "$(fences)" -gt "$1" ] && [ "$(cat "$dir/trace.one")" = 0 ]
}

writes_nothing_when_woken ()
{
  local before fenced
  before=$(tables) fenced=$(fences)
  echo "# $(writes) writes of rows of $first resources"
  [ "$(writes)" -ge $((first - unnoted)) ] || return 1
  kill -CONT "${collectors[one]}" && wait_until 180000 has_looked "$fenced" && [ "$(tables)" = "$before" ]
}

all_is_exact ()
{
  cat "$dir"/sums.* > "$dir/sums"
  "$cli" usage --store "$store" --by resource,device,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/compare_sums.py" "$dir/sums"
}

a_third_joins_and_one_leaves ()
{
  start_one three
  produce 50 && stall 180000 || return 1
  stop "${collectors[two]}" || return 1
  produce 50 && stall 180000
}

# The same records again, so that each resource is in two partitions, and all of them are repetitions; then new ones.
partitions_are_added ()
{
  local again=$((first - 50))
  "$real/kafka" partitions "$dir/k" "$topic" 7 || return 1
  "$generate" --records 2000 --resources 50 --first "$again" --brokers "$brokers" --topic "$topic" --sums "$dir/again" || return 1
  produce 50 && stall 180000 && wait_until 180000 repetitions_are_counted
}

repetitions_are_counted ()
{
  [ "$(ask 'SELECT sum(duplicates) FROM hypermeter.agent')" -ge 2000 ]
}

start_kafka --nodes 1
start_postgres --fast yes
limited="$store?options=-clock_timeout%3D4s%20-cidle_in_transaction_session_timeout%3D4s"
make_topics "$topic" 4
start_one one
start_one two
check 'two_collectors_store_all' eval 'produce 50 && stall 180000'
unnoted=$first # resources that may have been stored before writes were noted
check 'writes_are_noted' note_writes
for statement in BEGIN COMMIT CopyData; do
  check "other_takes_over_from_one_that_is_stopped_at_$statement" stops_in "$statement"
  check "one_that_was_stopped_at_${statement}_writes_nothing_when_it_is_woken" writes_nothing_when_woken
done
check 'nothing_is_lost_when_a_third_joins_and_one_leaves' a_third_joins_and_one_leaves
check 'nothing_is_lost_when_partitions_are_added' partitions_are_added
check 'usage_equals_the_generators_sums' all_is_exact
