#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What people ask `hypermeter` for the sake of a bill, on stores whose records are known (tests/seed_store.c): usage in a time zone, by revision and by size; the
# readings that are held out, and decisions about them; what holds from a time on; the cloud's inventory against what was metered. Speaks TAP; run by `make
# check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
store=sqlite://$work/seeded.db
held=sqlite://$work/held.db
web=4f0c6a52-0000-4000-8000-000000000001
other=4f0c6a52-0000-4000-8000-000000000002

seeded "$store"
seeded "$held" held

# -- usage

figures is_told_by_flavor_and_state $'m1.small|running|600000000000' 'flavor state quantity' --by flavor,state --meter cpu
figures is_told_by_site_and_agent $'site-a|node-17|600000000000' 'source agent quantity' --by source,agent --meter cpu
figures days_are_those_of_a_zone $'2026-01-31T00:00:00.000000000+01:00|240000000000\n2026-02-01T00:00:00.000000000+01:00|360000000000' \
  'day quantity' --by day --meter cpu --zone Europe/Berlin
figures months_are_those_of_a_zone $'2026-01-01T00:00:00.000000000+01:00|240000000000\n2026-02-01T00:00:00.000000000+01:00|360000000000' \
  'month quantity' --by month --meter cpu --zone Europe/Berlin
figures months_of_a_zone_are_the_same_in_a_period $'2026-01-01T00:00:00.000000000+01:00|240000000000\n2026-02-01T00:00:00.000000000+01:00|360000000000' \
  'month quantity' --by month --meter cpu --zone Europe/Berlin --from 2026-01 --to 2026-03
figures hours_are_those_of_a_zone 2026-01-31T22:00:00.000000000+01:00 hour --by hour --meter cpu --zone Europe/Berlin --limit 1
figures period_is_of_the_zone 240000000000 quantity --meter cpu --zone Europe/Berlin --to 2026-02
figures in_utc_is_as_without_a_zone $'2026-01-01T00:00:00.000000000Z|360000000000\n2026-02-01T00:00:00.000000000Z|240000000000' \
  'month quantity' --by month --meter cpu --zone UTC
figures tells_the_largest_first $'disk:vda|10737418240' 'device quantity' --by device --meter disk.device.read.bytes --top 1
figures tells_all_by_size $'disk:vda|10737418240\ndisk:vdb|5120' 'device quantity' --by device --meter disk.device.read.bytes --top 9
ask usage --store "$store" --by hour --meter cpu --zone Europe/Berlin
equals usage_table_shows_the_local_clock '2026-01-31 22:00+01:00' "$(awk 'NR == 2 { print $2, $3 }' "$work/out")"
# the_same_as_of T: what is explained is the figure that usage has
the_same_as_of ()
{
  local expected
  ask usage --store "$store" --output ndjson --resource "$web" --meter cpu --as-of "$1"
  expected=$(rows ndjson quantity)
  ask usage --store "$store" --output ndjson --resource "$web" --meter cpu --as-of "$1" --explain
  equals "usage_explains_what_was_known_at_$1" "$expected" "$(grep '"part":"figure"' "$work/out" | /usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson quantity)"
}

the_same_as_of 2026-01-31T23:00:00Z
the_same_as_of now
ask usage --store "$store" --explain --resource "$web" --meter cpu --limit 1
equals usage_says_that_records_are_left_out '1 of 10 records is shown' "$(grep -oE '[0-9]+ of [0-9]+ records is shown' "$work/err")"
equals usage_explains_for_people '600,000,000,000 ns 5h' "$(grep -oE '600,000,000,000  ns +5h' "$work/out" | head -n 1 | tr -s ' ')"
ask usage --store "$store" --explain --resource "$web" --meter 'disk.device.read.b*' --output ndjson
grep -v '"part":"record"' "$work/out" > "$work/parts"
mv "$work/parts" "$work/out"
equals usage_explains_a_figure_in_the_columns_of_its_segments "figure|disk.device.read.bytes||2026-01-31T21:00:00.000000000Z|2026-02-01T02:00:00.000000000Z|10737423360|B|36000|2 segments
segment|disk.device.read.bytes|disk:vda|2026-01-31T21:00:00.000000000Z|2026-02-01T02:00:00.000000000Z|10737418240|B|18000|10 intervals
segment|disk.device.read.bytes|disk:vdb|2026-01-31T21:00:00.000000000Z|2026-02-01T02:00:00.000000000Z|5120|B|18000|10 intervals" \
  "$(rows ndjson part meter device from to quantity unit covered_seconds id)"
ask usage --store "$store" --explain --resource "$web" --meter cpu --from 2026-01-31T20:00:00Z --output ndjson
equals usage_explains_of_which_meter_time_is_not_covered 'cpu|2026-01-31T20:00:00.000000000Z|2026-01-31T21:00:00.000000000Z' \
  "$(grep '"part":"uncovered"' "$work/out" | /usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson meter from to)"
# A contradicted reading counts nothing: there is no amount, also not over time, and the unit is that of the reading.
seeded "sqlite://$work/contradicted.db" contradicted
for meter in memory cpu; do
  ask anomalies --store "sqlite://$work/contradicted.db" --output ndjson
  grep "\"meter\":\"$meter\"" "$work/out" > "$work/told"
  expected="held|$(/usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson id base value amount unit < "$work/told")"
  ask usage --store "sqlite://$work/contradicted.db" --explain --resource "$web" --meter "$meter" --output ndjson
  equals "usage_explains_what_is_held_of_${meter}_as_anomalies_do" "$expected" \
    "$(grep '"part":"held"' "$work/out" | /usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson part id first last quantity unit)"
done
refuses what_an_explanation_cannot_heed 64 '--unit: not with --explain' usage --store "$store" --explain --resource "$web" --meter cpu --unit h
refuses columns_of_one_figure 64 '--by: not with --explain' usage --store "$store" --explain --resource "$web" --meter cpu --by hour
refuses the_largest_of_one_figure 64 '--top: not with --explain' usage --store "$store" --explain --resource "$web" --meter cpu --top 3
refuses a_device_of_sums 64 '--device: with --explain alone' usage --store "$store" --device disk:vda
refuses a_zone_that_is_none 64 'Europe/Atlantis' usage --store "$store" --zone Europe/Atlantis
refuses a_zone_whose_days_begin_within_a_step 64 'grain = 30m' usage --store "$store" --zone Asia/Kolkata --by day
refuses a_moment_of_such_a_zone 64 'grain = 30m' usage --store "$store" --zone Asia/Kolkata --from 2026-01-31
refuses a_period_that_ends_before_it_begins 64 'lies after --to' usage --store "$store" --from 2026-02 --to 2026-01
refuses a_unit_that_does_not_fit 64 'B of disk.device.read.bytes cannot be converted to h' usage --store "$store" --unit h --meter disk.device.read.bytes
refuses fewer_than_none 64 '--top' usage --store "$store" --top -1
refuses a_column_that_is_none 64 'none of source, project, user, resource, flavor, state' usage --store "$store" --by colour

# -- readings that are held out

what='noticed kind source subject device meter value base amount unit decision'
ask anomalies --store "$held" --output ndjson
# shellcheck disable=SC2086 # a list of words
equals anomalies_tell_what_is_held "2026-01-31T22:00:00.000000000Z|implausible|site-a|$web||cpu|18446744073709551615|5|18446744073709551610|ns|
2026-01-31T23:00:00.000000000Z|regress|site-a|$web|disk:vda|disk.device.read.bytes|10|20||B|reject
2026-01-31T23:00:00.000000000Z|conflict|site-a|$web||memory|77|||KiB|" "$(rows ndjson $what)"
ids=$(rows ndjson id)
first=$(head -n 1 <<< "$ids") second=$(sed -n 2p <<< "$ids") third=$(sed -n 3p <<< "$ids")
equals anomalies_name_each_by_16_digits 3 "$(grep -cE '^[0-9a-f]{16}$' <<< "$ids")"
ask anomalies list --store "$held" --undecided --output csv
equals anomalies_tell_what_waits $'implausible\nconflict' "$(rows csv kind)"
ask anomalies --store "$held" --kind regress --output csv
equals anomalies_of_one_kind_are_chosen regress "$(rows csv kind)"
ask anomalies --store "$held" --resource nobody --output csv
equals anomalies_of_another_resource_are_none '' "$(rows csv kind)"
ask anomalies --store "$held" --from 2026-01-31T22:30:00Z --limit 1 --output csv
equals anomalies_take_a_period_and_a_limit regress "$(rows csv kind)"
ask anomalies show "$second" --store "$held" --output ndjson
equals anomalies_show_the_decision_that_stands 'reject|it was not restored|second@desk|rebase by first@desk at 2026-02-01T00:00:00.000000000Z: restored|8' \
  "$(rows ndjson decision reason author earlier seq)"
ask anomalies show "$first" --store "$held"
equals anomalies_show_one_to_people "kind implausible
value 18446744073709551615
agent node-17" "$(sed -n -E 's/^(kind|value|agent) +([^ ]*)$/\1 \2/p' "$work/out")"
ask anomalies release "$first" --store "$held" --reason $'a\ttest' --author me --no-wait --output ndjson
equals anomalies_are_asked_to_be_released "0 $first|1|" "$status $(rows ndjson id request answer)"
ask anomalies rebase "$first" "$second" --store "$held" --reason again --wait 0 --output csv
equals anomalies_wait_for_a_collector "75 2" "$status $(rows csv id | wc -l)"
ask store status --store "$held" --output csv
equals anomalies_that_nobody_answered_stay_asked 'requests not answered|3' "$(rows csv what value | grep '^requests')"
refuses a_decision_without_a_reason 64 'why? --reason' anomalies release "$first" --store "$held"
refuses a_decision_about_nothing 64 'which ones?' anomalies reject --store "$held" --reason x
refuses a_reading_that_is_not_held 64 "no reading '0123456789abcdef' is held" anomalies reject 0123456789abcdef --store "$held" --reason x
refuses to_show_a_reading_that_is_not_held 64 "no reading '0123456789abcdef' is held" anomalies show 0123456789abcdef --store "$held"
refuses to_release_a_lower_value 64 'cannot be counted' anomalies release "$second" --store "$held" --reason x
refuses to_rebase_a_conflict 64 'counts already' anomalies rebase "$third" --store "$held" --reason x
ask anomalies show "$first" --store "$held" --output ndjson
equals anomalies_show_that_it_can_be_decided 'yes 0' "$(rows ndjson decidable) $(wc -l < "$work/err")"

# The raw records before 22:30 are gone; the state there is as after the last record that is told.
move_edge()
{
  /usr/bin/python3 -c 'import json, sqlite3, sys
store = sqlite3.connect(sys.argv[1])
checkpoint = json.dumps({"version": 1, "fold": sys.argv[3], "rows": []})
change = "UPDATE resource_state SET edge = 1769898600000000000, checkpoint = ? WHERE resource = ?"
assert store.execute(change, (checkpoint, sys.argv[2])).rowcount == 1
store.commit()' "$work/held.db" "$web" "$1" 2> "$work/err"
}

move_edge '{"version":1}'
ask anomalies show "$first" --store "$held" --output ndjson
equals anomalies_show_that_the_raw_records_are_gone 'no 1' "$(rows ndjson decidable) $(grep -c 'are gone (before 2026-01-31T22:30:00.000000000Z), so no decision' "$work/err")"
ask anomalies show "$third" --store "$held" --output ndjson
equals anomalies_show_that_later_ones_can_be_decided 'yes 0' "$(rows ndjson decidable) $(wc -l < "$work/err")"
move_edge '{"version":1,"last":[1769900400000000000,"node-17","boot:1:0",8],"revisions":[[0,"p1","u1","",1]],"lives":[],"series":[]}'
ask anomalies show "$third" --store "$held" --output ndjson
equals anomalies_show_that_the_state_at_the_edge_is_of_a_later_record 'no 1' \
  "$(rows ndjson decidable) $(grep -c 'are gone (before 2026-01-31T23:00:00.000000001Z), so no decision' "$work/err")"
refuses to_do_something_else_with_anomalies 64 "'eat' is none of list, show, release" anomalies eat --store "$held"
ask store status --store "$held" --output csv
equals refused_decisions_are_not_asked 'requests not answered|3' "$(rows csv what value | grep '^requests')"

# -- what holds from a time on

ask policy set --store "$held" --network-limit 10Gbit --from 2099-01 --no-wait --output csv
equals policy_is_asked_for '0 4|' "$status $(rows csv request answer)"
ask policy --store "$held" --output csv
equals policy_holds_not_before_a_collector_has_it '0 ' "$status $(rows csv from)"
refuses a_policy_of_nothing 64 'what is to be set?' policy set --store "$held"
refuses a_limit_that_is_no_rate 64 "'10GB' is no rate" policy set --store "$held" --network-limit 10GB
refuses to_set_nothing 64 "see 'hypermeter policy set --help'" policy set --store "$held"
refuses another_word_for_unknown_time 64 "'maybe' is none of none, hold" policy set --store "$held" --unknown maybe
refuses a_policy_from_within_a_step 64 'steps of 1h' policy set --store "$held" --unknown hold --from 2099-01-01T00:30:00Z

# -- the cloud's inventory

# reconciles NAME EXPECTED INVENTORY ARGUMENT…
reconciles ()
{
  local name=$1 expected=$2
  printf '%s\n' "$3" > "$work/inventory"
  shift 3
  ask reconcile --expected "$work/inventory" --store "$store" --output ndjson "$@"
  equals "reconcile_$name" "$expected" "$status $(rows ndjson finding resource from to missing_seconds detail)"
}

header=resource,created,deleted
night='--from 2026-01-31T21:00:00Z --to 2026-02-01T02:00:00Z'
# shellcheck disable=SC2086 # lists of words
{
  reconciles finds_nothing_where_both_agree '0 ' "$header
$web,2026-01-31T21:00:00Z,
$other,2026-01-31T21:00:00Z,2026-01-31T22:30:00Z" $night
  reconciles finds_what_is_unmetered "1 unmetered|lost-1|2026-01-31T22:10:00.000000000Z|2026-02-01T02:00:00.000000000Z|13800|never seen" "$header
$web,,
$other,2026-01-31T21:00:00Z,2026-01-31T22:30:00Z
lost-1,2026-01-31T22:10:00Z," $night
  reconciles finds_what_is_unknown "1 unknown|$other|2026-01-31T21:00:00.000000000Z|2026-01-31T22:30:00.000000000Z|5400|not expected at all" "{\"resource\": \"$web\"}" $night
  reconciles finds_what_goes_on_after_it_was_deleted "1 unknown|$other|2026-01-31T22:00:00.000000000Z|2026-01-31T22:30:00.000000000Z|1800|after it was deleted" "$header
$web,,
$other,2026-01-31T21:00:00Z,2026-01-31T22:00:00Z" $night
  reconciles finds_what_is_partly_metered "1 partly|$web|2026-01-31T20:20:00.000000000Z|2026-01-31T21:00:00.000000000Z|2400|began late
partly|$other|2026-01-31T22:30:00.000000000Z|2026-02-01T00:00:00.000000000Z|5400|ended early" "$header
$web,2026-01-31T20:20:00Z,
$other,2026-01-31T21:00:00Z,2026-02-01T00:00:00Z" --from 2026-01-31T20:00:00Z --to 2026-02-01T02:00:00Z
  reconciles reads_times_of_nova "1 partly|$web|2026-01-31T20:20:00.000000000Z|2026-01-31T21:00:00.000000000Z|2400|began late" "$header
$web,2026-01-31T20:20:00.000000,
$other,2026-01-31T21:00:00Z,2026-01-31 22:30:00" --expected-zone UTC --zone Europe/Berlin --from 2026-01-31T20:00:00Z --to 2026-02-01T02:00:00Z
  reconciles reads_times_of_a_zone "1 partly|$web|2026-01-31T20:20:00.000000000Z|2026-01-31T21:00:00.000000000Z|2400|began late" "$header
$web,2026-01-31T21:20:00,
$other,2026-01-31T21:00:00Z,2026-01-31T23:30:00" --expected-zone Europe/Berlin --from 2026-01-31T20:00:00Z --to 2026-02-01T02:00:00Z
  reconciles passes_over_what_is_within_the_tolerance '0 ' "$header
$web,2026-01-31T20:20:00Z,
$other,,2026-01-31T22:30:00Z" --from 2026-01-31T21:00:00Z --to 2026-02-01T02:00:00Z --tolerance 40m
}
seeded "sqlite://$work/outage.db" outage
printf '%s\n' "$header" "$web,2026-01-31T21:00:00Z," > "$work/inventory"
ask reconcile --expected "$work/inventory" --store "sqlite://$work/outage.db" --output ndjson --from 2026-01-31T21:00:00Z --to 2026-02-01T00:00:00Z --tolerance 40m
equals reconcile_takes_no_state_for_a_look "1 partly|$web|2026-01-31T23:00:00.000000000Z|2026-02-01T00:00:00.000000000Z|3600" "$status $(rows ndjson finding resource from to missing_seconds)"

printf '%s\n' "$header" "$web,yesterday," > "$work/inventory"
refuses a_line_of_the_inventory_that_is_wrong 64 "$work/inventory:2: created: 'yesterday' is no time" reconcile --expected "$work/inventory" --store "$store"
printf '%s\n' "$header" "$web,2025-10-26T02:30:00.000000," > "$work/inventory"
refuses a_time_of_no_zone 64 "$work/inventory:2: created: '2025-10-26T02:30:00.000000' does not say of which time zone it is" reconcile --expected "$work/inventory" --store "$store"
refuses a_time_that_a_clock_shows_twice 64 "$work/inventory:2: created: the clock of Europe/Berlin shows '2025-10-26T02:30:00.000000' twice" \
  reconcile --expected "$work/inventory" --expected-zone Europe/Berlin --store "$store"
refuses a_zone_of_an_inventory_that_is_none 64 '--expected-zone: there is no time zone' reconcile --expected "$work/inventory" --expected-zone CEST --store "$store"
printf 'resource,created,deleted,created\n' > "$work/inventory"
refuses a_column_that_is_there_twice 64 "$work/inventory:1: the header has column 'created' twice" reconcile --expected "$work/inventory" --store "$store"
refuses to_reconcile_with_nothing 64 '--expected FILE' reconcile --store "$store"
refuses an_inventory_that_is_not_there 69 none.csv reconcile --expected "$work/none.csv" --store "$store"
refuses a_tolerance_that_is_none 64 "'long' is no duration" reconcile --expected "$work/inventory" --tolerance long --store "$store"
refuses an_inventory_without_a_beginning 64 'since when? --from' reconcile --expected <(printf '%s\na,,\n' "$header") --store "$store"
refuses a_period_that_is_not_over 64 'no step of that period is over' reconcile --expected <(printf '%s\n' "$header") --store "$store" --from 2099-01

HYPERMETER_METERS=$work/none.json refuses to_fold_without_meters_and_says_where_they_come_from 78 'set HYPERMETER_METERS, or give --config' \
  usage --store "$store" --resource "$web" --meter cpu --as-of now

# -- what decides a bill is the store's

# refuses_to_collect NAME KEY VALUE TEXT: a collector that would count otherwise than the store was counted
refuses_to_collect ()
{
  mkdir -p "$work/state"
  printf '[collector]\nstate-dir=%s\nruntime-dir=%s\n[store]\nurl=%s\n[usage]\n%s=%s\n' "$work/state" "$work/state" "$store" "$2" "$3" > "$work/other.conf"
  status=0
  "$build/collector/hypermeter-collector" --config "$work/other.conf" --until-end > "$work/out" 2> "$work/err" || status=$?
  equals "collector_refuses_$1" '78 1' "$status $(grep -c -F "$4" "$work/err")"
}

refuses_to_collect with_gauges_that_hold_longer hold-intervals 6 "other.conf, [usage]: hold-intervals: the store was made with 3"
refuses_to_collect with_another_interval fallback-interval 10s "other.conf, [usage]: fallback-interval: the store was made with 1m"

# -- a terminal is told that something is waited for, and nothing else is

closing=sqlite://$work/closing.db
seeded "$closing" empty
/usr/bin/python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
  "$cli" periods close 2026-01 --wait 1 --store "$closing" > "$work/out" 2> "$work/err" < /dev/null
status=$?
equals closing_shows_on_a_terminal_that_it_waits '75 yes' \
  "$status $(grep -q '0 of 1 answered by the collector; waits [01] s more' "$work/out" && echo yes)"

echo "1..$number"
