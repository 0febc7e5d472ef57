#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each row of the tables of docs/usage.md (tests/rows/), from the bytes on the wire through a store to `hypermeter usage`: in order, reversed, doubled; with SQLite and
# PostgreSQL. All of them are fed to one store at once. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$source_root/tests/e2e

cases () { /usr/bin/python3 "$source_root/tests/rows/rows.py" "$@" 2> "$work/err"; }

# answer FILE ARGUMENT…: what the command says of $store
answer ()
{
  ask "${@:2}" --store "$store"
  cp "$work/out" "$1"
}

# The collector: takes the messages, if there are any, and answers what was asked; what became of them
feed () { "$build/tests/feed_store" "$store" "$HYPERMETER_METERS" "$work/keys" "$@" 2> "$work/err"; }

# order COMMAND…: asks the collector for something, and lets it answer
order ()
{
  ask "$@" --wait 0 --author rows --store "$store"
  feed > "$work/fed"
}

check ()
{
  local kind=$1 decision ids name by resource meter failed
  feed > "$work/fed"
  order policy set --from 2100-03-10 --unknown hold --network-limit 8Mbit
  order policy set --from 2100-03-11 --unknown none --network-limit 0
  equals "feed_$kind" "$(cases counts)" "$(feed "$work/messages")"
  answer "$work/anomalies" anomalies --output ndjson
  cases decide < "$work/anomalies" > "$work/decisions"
  while read -r decision ids; do
    # shellcheck disable=SC2086 # a word each
    order anomalies "$decision" $ids --reason 'looked at it'
  done < "$work/decisions"
  answer "$work/anomalies" anomalies --output ndjson
  cases explain > "$work/explain"
  while read -r resource meter; do
    answer "$work/explain.$resource.$meter" usage --explain --from 2100-03 --to 2100-04 --resource "$resource" --meter "$meter" --output ndjson
  done < "$work/explain"
  cases views > "$work/views"
  while read -r name by; do
    answer "$work/usage.$name" usage --from 2100-03 --to 2100-04 --by "$by" --output ndjson
  done < "$work/views"
  cases check "$work" "$kind" $((number + 1)) > "$work/results"
  failed=$?
  cat "$work/results"
  number=$((number + $(grep -c '^\(not \)\?ok ' "$work/results")))
  equals "all_rows_are_checked_$kind" 0 "$failed"
  ask verify --store "$store"
  equals "rows_folded_again_are_the_same_$kind" 0 "$status"
}

cases make "$work" "$HYPERMETER_METERS"
export HYPERMETER_METERS=$work/meters.json
store=sqlite://$work/rows.db
check sqlite
store=$("$source_root/scripts/real/postgres" start "$work" --fast yes 2> "$work/err")
check postgresql
echo "1..$number"
