# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the tests that `make check` runs at the root of the build and that ask `hypermeter` as its users do, sourced first by each. Gives the built programs, a temporary
# folder $work, TAP lines, questions and what is expected of their answers; at the end all is gone, PostgreSQL too.

# shellcheck disable=SC2034 # what is set here is used by the tests
set -u
export LC_ALL=C.UTF-8
build=$PWD
source_root=${HYPERMETER_SRCDIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=../../scripts/real/common.sh
. "$source_root/scripts/real/common.sh"
export HYPERMETER_METERS=$build/data/meters.json HYPERMETER_PLUGIN_PATH=${HYPERMETER_PLUGIN_PATH:-$build/collector/stores/.libs}
cli=$build/cli/hypermeter
work=$(mktemp -d)
trap '"$source_root/scripts/real/postgres" stop "$work" > /dev/null 2>&1; rm -rf "$work"' EXIT
number=0
store='' # of figures

# result STATUS NAME: one TAP line for an exit status; what $work/why says goes with a failure
result ()
{
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $number - $2"
  else
    echo "not ok $number - $2"
    sed 's/^/# /' "$work/why"
  fi
}

# equals NAME EXPECTED ACTUAL
equals ()
{
  if [ "$2" = "$3" ]; then
    result 0 "$1"
  else
    { echo "expected:"; printf '%s\n' "$2"; echo "but it is:"; printf '%s\n' "$3"; cat "$work/err"; } > "$work/why"
    result 1 "$1"
  fi
}

bail_out () # TEXT
{
  echo "Bail out! $1"
  exit 1
}

# seeded STORE [WHAT]: the records of seed_store.c are in it then; without them there is nothing to ask
seeded ()
{
  "$build/tests/seed_store" "$1" "$HYPERMETER_METERS" "${@:2}" 2> "$work/err" || bail_out "$1 could not be seeded: $(cat "$work/err")"
}

# ask ARGUMENT…: runs the command; its output is in the files out and err, its status in $status
ask ()
{
  "$cli" "$@" > "$work/out" 2> "$work/err"
  status=$?
}

# rows FORM [COLUMN…]: the answer as cli_rows.py reads it
rows () { /usr/bin/python3 "$source_root/tests/cli_rows.py" "$@" < "$work/out" 2>> "$work/err" || echo 'no answer of that form'; }

# figures NAME EXPECTED COLUMNS ARGUMENT…: these columns of $store's usage, exactly
figures ()
{
  local name=$1 expected=$2 columns=$3
  shift 3
  ask usage --store "$store" --output ndjson "$@"
  # shellcheck disable=SC2086 # a list of words
  equals "usage_$name" "$expected" "$(rows ndjson $columns)"
}

# refuses NAME STATUS TEXT ARGUMENT…: that exit status, one line on standard error with TEXT in it, and no answer
refuses ()
{
  local name=$1 expected=$2 text=$3
  shift 3
  ask "$@"
  if [ "$status" -eq "$expected" ] && grep -qF -- "$text" "$work/err" && [ "$(wc -l < "$work/err")" -eq 1 ] && [ ! -s "$work/out" ]; then
    result 0 "refuses_$name"
  else
    { echo "status $status, not $expected; or not one line with '$text':"; cat "$work/err" "$work/out"; } > "$work/why"
    result 1 "refuses_$name"
  fi
}
