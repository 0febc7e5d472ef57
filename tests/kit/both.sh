# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the end-to-end tests that go through both kinds of store side by side, sourced first by each; on top of lib.sh. One broker, one PostgreSQL; of each kind a
# topic of one partition, a store and a collector of its own.

# shellcheck source-path=SCRIPTDIR source=../e2e/lib.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../e2e/lib.sh"

kinds=(sqlite postgresql)
settings=() # of every collector
base='' used=''
declare -A stores=() topics=() running=()

start_both ()
{
  start_kafka --nodes 1
  start_postgres --fast yes
  base=$store
}

# use NAME: topics and stores of this name, made if they are not there
use ()
{
  local kind
  used=$1
  stores=([sqlite]=sqlite://$dir/$1.db [postgresql]=${base%/*}/$1)
  psql -X -q -d "$base" -c "CREATE DATABASE \"$1\"" 2>> "$dir/psql.log" || :
  for kind in "${kinds[@]}"; do
    topics[$kind]=$topic.$1.$kind
    make_topics "${topics[$kind]}" 1
  done
}

# each NAME COMMAND…: the command with each kind of store after it, both at once; a line for each
each ()
{
  local name=$1 kind status
  local -A asked=()
  shift
  for kind in "${kinds[@]}"; do
    "$@" "$kind" > "$dir/each.$kind" 2>&1 &
    asked[$kind]=$!
  done
  for kind in "${kinds[@]}"; do
    status=0
    wait "${asked[$kind]}" || status=$?
    [ "$status" -eq 0 ] || sed 's/^\([^#]\)/# \1/' "$dir/each.$kind"
    result "$status" "${kind}_$name"
  done
}

# hm KIND ARGUMENT…
hm ()
{
  "$cli" "${@:2}" --store "${stores[$1]}"
}

sql () # KIND TEXT
{
  if [ "$1" = sqlite ]; then
    sqlite3 -csv -header -cmd '.timeout 20000' "${stores[$1]#sqlite://}" "$2"
  else
    PGOPTIONS='-c search_path=hypermeter' psql -X -q --csv -v ON_ERROR_STOP=1 -d "${stores[$1]}" -c "$2"
  fi
}

# what_runs KIND: a collector's command line. A member is known by its folder and leaves its group without a word: each group has a folder.
what_runs ()
{
  local name=${group:-$used}.$1
  printf '%s\n' "$collector" "${for_ever[@]}" -o collector.state-dir="$dir/state.$name" -o collector.runtime-dir="$dir/state.$name" -o collector.listen= \
    -o source.kafka.bootstrap.servers="$brokers" -o source.kafka.group.id="$name" -o source.topic="${topics[$1]}" -o store.url="${stores[$1]}" \
    "${settings[@]}"
}

# take KIND: what there is
take ()
{
  local command
  mapfile -t command < <(what_runs "$1")
  "${command[@]}" --until-end > "$dir/take-$1.log" 2>&1
}

run_all ()
{
  local kind command
  for kind in "${kinds[@]}"; do
    mapfile -t command < <(what_runs "$kind")
    background "collector-$kind" "${command[@]}"
    running[$kind]=$started
  done
}

end_all ()
{
  local kind status=0
  for kind in "${kinds[@]}"; do
    stop "${running[$kind]}" 120000 || status=1
  done
  return "$status"
}

send () # FILE
{
  local kind
  for kind in "${kinds[@]}"; do
    kcat -P -b "$brokers" -t "${topics[$kind]}" -p 0 -K '\t' -l "$dir/$1" || return 1
  done
}
