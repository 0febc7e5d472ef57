#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `hypermeter erase` as who is asked for it meets it, on a store whose records are known (tests/seed_bills.c): names go, and usage, what proves it and what is made anew when a
# record comes late are those of a store in which nothing was erased. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"

# tells ARGUMENT…: asks $store
tells () { ask "$@" --store "$store"; }

csv () { tells "$@" --output csv; tr -d '\r' < "$work/out" | sed 1d; }

# seed URL WHAT
seed () { "$build/tests/seed_bills" "$1" "$HYPERMETER_METERS" "$2" 2> "$work/err"; }

# answers PID: what it asked for, until it waits no more
answers ()
{
  seed "$store" answer
  ! kill -0 "$1" 2> /dev/null
}

# answered ARGUMENT…: asks, lets the collector answer, and tells what it said
answered ()
{
  local asking
  "$cli" "$@" --wait 60 --store "$store" --output csv > "$work/answer" 2> "$work/err" &
  asking=$!
  wait_until 60000 answers "$asking"
  wait "$asking"
  tr -d '\r' < "$work/answer" | sed 1d
}

sums () { csv usage --by project,user,state,meter,hour; }

# made_anew: what folding again in memory tells
made_anew ()
{
  csv usage --by project,user,state,meter,hour --as-of 2025-12-01T00:00:00Z
  csv usage --explain --resource r3 --meter cpu --from 2025-10-31T18:00:00Z --to 2025-11-01T02:00:00Z
}

# names: in how many answers a name is still to be found
names ()
{
  { tells resources --output ndjson; cat "$work/out"
    tells samples --records --output ndjson; cat "$work/out"; } | grep -c Ada
}

# erases KIND TWIN: the store $store and another one, both empty
erases ()
{
  local kind=$1 twin=$2 before erased
  seed "$store" names
  seed "$twin" names
  answered periods close 2025-10 --zone Europe/Berlin --accept-missing --accept-unrolled --author a@b > "$work/closed"
  equals "${kind}_names_are_there" 3 "$(names)"
  before=$(sums)
  tells proof --statement 1 --line 2 --export "$work/$kind-before"
  equals "${kind}_dry_run_counts" 'r3,site,1,0' "$(csv erase --project p4 --dry-run)"
  equals "${kind}_dry_run_of_all_counts" 'r3,site,2,0' "$(csv erase --resource r3 --dry-run)"
  equals "${kind}_dry_run_erases_nothing" "3 $before" "$(names) $(sums)"
  equals "${kind}_erase_of_a_project_is_answered" 'r3,site,erased: 1 description,0' \
    "$(answered erase --project p3 --reason 'asked for' --author a@b | cut -d, -f1,2,4,5)"
  equals "${kind}_another_projects_names_stay" 2 "$(names)"
  equals "${kind}_erase_is_answered" 'r3,site,erased: 1 description,0' \
    "$(answered erase --user u3 --reason 'asked for too' --author a@b | cut -d, -f1,2,4,5)"
  equals "${kind}_names_are_gone" 0 "$(names)"
  equals "${kind}_usage_is_what_it_was" "$before" "$(sums)"
  equals "${kind}_erasures_are_listed" '1,r3,site,p3,,1,a@b,asked for
2,r3,site,,u3,1,a@b,asked for too' "$(csv erase --list | cut -d, -f1,3-)"
  equals "${kind}_resources_tell_it" '(erased)' "$(tells resources; awk '$1 == "r3" { print $2 }' "$work/out")"
  erased=$(tells samples --records --output ndjson; grep -c '"erased":true.*flavor.vcpus' "$work/out")
  equals "${kind}_samples_tell_it" 2 "$erased"
  equals "${kind}_readings_of_a_description_stay" 3 "$(csv samples --meter cpu | wc -l)"

  tells proof --statement 1 --line 2 --export "$work/$kind-after"
  equals "${kind}_proof_of_it_is_shown" 0 "$status"
  equals "${kind}_proof_has_what_is_left" 2 "$(find "$work/$kind-after" -name '*.redacted' | wc -l)"
  equals "${kind}_paths_and_roots_are_what_they_were" '' "$(cd "$work/$kind-after" && for file in *.entry *.path *.key *.ce_id; do cmp "$file" "../$kind-before/$file" 2>&1; done)"

  seed "$store" names-late
  seed "$twin" names-late
  before=$(store=$twin sums)
  equals "${kind}_late_record_counts_as_if_nothing_was_erased" "$before" "$(sums)"
  before=$(store=$twin made_anew)
  equals "${kind}_as_of_and_explain_tell_what_they_would_have" "$before" "$(made_anew)"
  tells verify
  equals "${kind}_verify_finds_nothing" 0 "$status"
  equals "${kind}_nothing_is_folded_without_it" 0 "$(csv anomalies list | grep -c folded_without_erased)"
}

store=sqlite://$work/usage.db
erases sqlite "sqlite://$work/twin.db"
equals sqlite_file_has_no_name_left 0 "$(grep -c -a -F "Ada's" "$work/usage.db")"
if store=$("$source_root/scripts/real/postgres" start "$work" --fast yes 2> "$work/err"); then
  erases postgresql "sqlite://$work/third.db"
else
  equals postgresql_is_there '' "$(cat "$work/err")"
fi

# -- refusals: no collector is asked

store=sqlite://$work/usage.db
refuses to_erase_without_a_reason 64 --reason erase --user u3 --store "$store"
refuses to_erase_nothing_in_particular 64 'whose names?' erase --reason x --store "$store"
refuses to_erase_what_is_not_there 1 'no such resource' erase --resource nobody --reason x --store "$store"
tells erase --resource r3 --reason x --wait 0
equals erase_without_a_collector_says_where_to_look '75 1' "$status $(grep -cF "'hypermeter erase --list' shows when it is done" "$work/err")"

echo "1..$number"
