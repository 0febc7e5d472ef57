#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Bills as their users meet them, on a store whose records are known (tests/seed_bills.c): a month is closed, a record comes late, the next close corrects; what was
# exported stays as it is, byte by byte, and Python's decimals add it up to what `hypermeter usage` says. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"

seed () { "$build/tests/seed_bills" "$store" "$HYPERMETER_METERS" "$1" 2> "$work/err"; }

# answers PID: what it asked for, until it waits no more
answers ()
{
  seed answer
  ! kill -0 "$1" 2> /dev/null
}

# answered NAME EXPECTED ARGUMENT…: asks, lets the collector answer, and tells the answer
answered ()
{
  local name=$1 expected=$2 asking
  shift 2
  "$cli" "$@" --wait 60 --store "$store" --output csv > "$work/answer" 2> "$work/err" &
  asking=$!
  wait_until 60000 answers "$asking"
  wait "$asking"
  status=$?
  equals "$name" "$expected" "$(sed -nE '2{s/^[0-9]*,//; s/, [0-9]+ lines?//g; s/ is next since [0-9:.TZ-]+/ is next/g; p}' "$work/answer" | tr -d '\r"')"
}

# lines FILE: who used how much CPU time, by Python's own reader
lines () { /usr/bin/python3 -c 'import csv, sys
for r in csv.DictReader(open(sys.argv[1], newline="")):
  if r["meter"] == "cpu": print(*(r[c] for c in ("statement", "project", "resource", "meter", "unit", "quantity", "covered_seconds", "adjustment")), sep="|")' "$1"; }

# sum FILE: quantities of cpu in a CSV by Python's decimals
sum () { /usr/bin/python3 -c 'import csv, decimal, sys; print(sum(decimal.Decimal(r["quantity"]) for r in csv.DictReader(open(sys.argv[1], newline="")) if r["meter"] == "cpu"))' "$1"; }

# used OPTION…: cpu of October in Berlin, with a column each for who, how much and how long
used ()
{
  ask usage --from 2025-10 --to 2025-11 --zone Europe/Berlin --by resource --meter cpu --store "$store" --output csv "$@"
  sed -n '2,$p' "$work/out" | tr -d '\r' | cut -d, -f1,3,5
}

# parts NAME EXPECTED COLUMNS PATTERN ARGUMENT…: these columns of the rows whose part is so called
parts ()
{
  local name=$1 expected=$2 columns=$3 pattern=$4
  shift 4
  ask "$@" --store "$store" --output ndjson
  # shellcheck disable=SC2086 # a list of words
  equals "$name" "$expected" "$(grep -E "\"part\":\"($pattern)\"" "$work/out" | /usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson $columns 2>> "$work/err")"
}

# line STATEMENT RESOURCE: the number of its line of cpu
line ()
{
  /usr/bin/python3 -c 'import csv, sys
for r in csv.DictReader(open(sys.argv[1], newline="")):
  if (r["statement"], r["resource"], r["meter"], r["adjustment"]) == (*sys.argv[2:4], "cpu", ""): print(r["line"])' "$bills/statement-00000$1.csv" "$1" "$2"
}

# A statement's line is proven by what was known when it was made; with those that correct it, or that it corrects.
corrected ()
{
  local first second
  first=$(line 1 r1) second=$(line 2 r1)
  parts "${kind}_proof_of_a_corrected_line_is_of_its_time" "line|$first|200000000000
corrected-by|2/$second|90000000000
bucket||100000000000
bucket||100000000000
segment|2 intervals|200000000000" 'part id quantity' 'line|corrected-by|bucket|unexplained|segment' proof --statement 1 --line "$first"
  parts "${kind}_proof_of_a_correction_names_what_it_corrects" "correction|$second|90000000000
corrects|1/$first|200000000000
bucket||145000000000
bucket||145000000000
segment|2 intervals|290000000000" 'part id quantity' 'correction|corrects|bucket|unexplained|segment' proof --statement 2 --line "$second"
}

# What statements have said is known although no raw record is left; of other moments that is not so.
as_of ()
{
  local october=(--from 2025-10 --to 2025-11 --zone Europe/Berlin)
  seed prune
  ask proof --statement 1 --line "$(line 1 r1)" --store "$store" --output ndjson
  equals "${kind}_proof_says_what_it_does_not_explain" '1 2' "$(grep -c '"part":"unexplained".*"-90000000000"' "$work/out") $(grep -c 'shown is what is stored now\|do not add up' "$work/err")"
  equals "${kind}_raw_records_are_gone" 1 "$("$build/cli/hypermeter" samples --store "$store" --output csv | wc -l)"
  equals "${kind}_usage_as_of_a_statement_is_what_it_says" 'r1,200000000000,7200
r2,20000000000,7200' "$(used --as-of statement:1)"
  equals "${kind}_usage_as_of_a_correction_has_it_in" 'r1,290000000000,7200
r2,20000000000,7200' "$(used --as-of statement:2)"
  ask periods list --store "$store" --output csv
  equals "${kind}_usage_as_of_the_close_is_what_its_statement_says" 'r1,200000000000,7200
r2,20000000000,7200' "$(used --as-of "$(sed -n 2p "$work/out" | cut -d, -f9)")"
  equals "${kind}_usage_as_of_a_statement_is_filtered" 'r2,20000000000,7200' "$(used --as-of statement:1 --project p,2)"
  ask usage "${october[@]}" --by month --meter cpu --as-of statement:2 --store "$store" --output csv
  equals "${kind}_usage_as_of_a_statement_has_its_month" 310000000000 "$(sed -n 2p "$work/out" | cut -d, -f3)"
  equals "${kind}_usage_as_of_now_needs_no_raw_record" "$(used)" "$(used --as-of now)"
  refuses "${kind}_usage_as_of_another_moment_is_refused" 64 'are gone, and some of them were received, or decided about, later than that. Nor do statements tell: 2025-10 of Europe/Berlin was stated at other moments: statement 1 (' \
    usage "${october[@]}" --as-of 2025-10-31T22:30:00Z --store "$store"
  refuses "${kind}_usage_as_of_another_moment_of_more" 64 'none that was closed is within the time asked for from 2025-10-31T23:00:00.000000000Z on' \
    usage --from 2025-11 --to 2025-12 --zone Europe/Berlin --as-of 2025-10-31T22:30:00Z --store "$store"
  refuses "${kind}_usage_as_of_another_moment_without_a_period" 64 'which --from and --to would have to name' usage --as-of 2025-10-31T22:30:00Z --store "$store"
  refuses "${kind}_usage_as_of_no_statement" 64 'there is no statement 77' usage --as-of statement:77 --store "$store"
  refuses "${kind}_usage_as_of_a_statement_without_number" 64 'is no number of a statement' usage --as-of statement:x --store "$store"
}

# answered_both PID PID: what is asked is answered, and neither client waits any more
answered_both ()
{
  seed answer
  ! kill -0 "$1" 2> /dev/null && ! kill -0 "$2" 2> /dev/null
}

# Two clients ask for one adjustment at once: each may be the first.
twins ()
{
  local asking=() told=0 one
  for one in 1 2; do
    "$build/cli/hypermeter" adjust --project p1 --meter cpu --unit s --quantity=3 --reason twice --author a@b --id twin --wait 60 --store "$store" \
      > "$work/twin-$one" 2>&1 &
    asking+=($!)
  done
  wait_until 60000 answered_both "${asking[@]}"
  for one in "${asking[@]}"; do wait "$one" && told=$((told + 1)); done
  cat "$work"/twin-[12] > "$work/err"
  equals "${kind}_both_of_two_at_once_are_told" 2 "$told"
  ask adjust --list --store "$store" --output csv
  equals "${kind}_what_two_ask_for_under_one_id_is_one" 1 "$(grep -c ',twin' "$work/out")"
}

bills ()
{
  local kind=$1 bills=$work/$1-bills hash
  seed first
  ask periods list --zone Europe/Berlin --store "$store" --output csv
  equals "${kind}_months_that_are_over_are_provisional" '2025-10,Europe/Berlin,2025-09-30T22:00:00.000000000Z,2025-10-31T23:00:00.000000000Z,provisional' \
    "$(sed -n '2p' "$work/out" | cut -d, -f1-5)"
  refuses "${kind}_export_without_a_statement" 1 'no closed period' export --to-dir "$bills" --store "$store"
  answered "${kind}_close_waits_for_what_is_not_stored" "not done: 2025-10 of Europe/Berlin cannot be closed yet: not all that was sent is stored: hypermeter.samples/0 (until when it is stored nobody has noted: offset 4 is next)" \
    periods close 2025-10 --zone Europe/Berlin --author a@b
  equals "${kind}_close_that_is_refused_fails" 1 "$status"
  ask adjust --project p1 --meter cpu --unit s --quantity=-0.5 --reason 'slow disk' --author a@b --id slow-1 --wait 0 --store "$store"
  equals "${kind}_who_has_no_answer_is_not_to_ask_again" '75 1' "$status $(grep -c "do not ask again; 'hypermeter adjust --list'" "$work/err")"
  ask adjust --list --store "$store" --output csv
  equals "${kind}_adjustments_that_wait_are_listed" ',,,p1,,,,cpu,-0.5,s,asked' "$(sed -n '2,$p' "$work/out" | cut -d, -f1-11)"
  refuses "${kind}_an_id_is_of_one_adjustment" 64 'something else was asked for' \
    adjust --project p1 --meter cpu --unit s --quantity=-1 --reason 'slow disk' --author a@b --id slow-1 --wait 0 --store "$store"
  answered "${kind}_adjust_takes_away" 'adjusted: -0.5 s of project p1, in the next statement' \
    adjust --project p1 --meter cpu --unit s --quantity=-0.5 --reason 'slow disk' --author a@b --id slow-1
  answered "${kind}_what_is_done_is_not_asked_for_again" 'adjusted: -0.5 s of project p1, in the next statement' \
    adjust --project p1 --meter cpu --unit s --quantity=-0.5 --reason 'slow disk' --author a@b --id slow-1
  answered "${kind}_close_makes_a_statement" 'closed 2025-10 of Europe/Berlin: statement 1' \
    periods close 2025-10 --zone Europe/Berlin --accept-missing --accept-unrolled --author a@b
  ask export --period 2025-10 --zone Europe/Berlin --to-dir "$bills" --store "$store"
  equals "${kind}_export_says_what_was_used" '1|p1||cpu|ns|-500000000|0|1
1|p,2|r2|cpu|ns|20000000000|7200|
1|p1|r1|cpu|ns|200000000000|7200|' "$(lines "$bills/statement-000001.csv")"
  hash=$(sha256sum < "$bills/statement-000001.csv")
  ask export --to-dir "$bills" --output ndjson --store "$store"
  equals "${kind}_ndjson_is_what_the_statement_says" "$(sha256sum < "$bills/statement-000001.ndjson" | cut -d' ' -f1)" \
    "$(/usr/bin/python3 -c 'import json, sys; print([f["statement_sha256"] for f in json.load(open(sys.argv[1]))["files"]][0])' "$bills/manifest.json")"

  seed late
  ask periods list --store "$store" --output csv
  equals "${kind}_late_records_touch_the_period" '1,,yes' "$(sed -n '2p' "$work/out" | cut -d, -f6-8)"
  answered "${kind}_next_close_corrects" 'statement 2 corrects statement 1 (2025-10 of Europe/Berlin)' periods close --corrections --accept-unrolled --author a@b
  equals "${kind}_one_line_is_told_in_the_singular" 1 "$(grep -c ', 1 line"' "$work/answer")"
  ask export --to-dir "$bills" --store "$store"
  equals "${kind}_correction_has_the_right_sign" '2|p1|r1|cpu|ns|90000000000|0|' "$(lines "$bills/statement-000002.csv")"
  equals "${kind}_closed_export_stays_as_it_is" "$hash" "$(sha256sum < "$bills/statement-000001.csv")"
  ask usage --from 2025-09-30T22:00:00Z --to 2025-10-31T23:00:00Z --by meter --meter cpu --output ndjson --store "$store"
  equals "${kind}_exports_add_up_to_usage" "$(sed -nE 's/.*"quantity":"([0-9]+)".*/\1/p' "$work/out")" \
    "$(($(sum "$bills/statement-000001.csv") + $(sum "$bills/statement-000002.csv") + 500000000))"
  ask periods show 2025-10 --project p1 --store "$store" --output csv
  equals "${kind}_show_tells_projects" '1,p1,cpu,199500000000,ns
2,p1,cpu,90000000000,ns' "$(grep ,cpu, "$work/out" | tr -d '\r' | cut -d, -f1-5)"
  ask periods show 2025-10 --project p1 --store "$store"
  equals "${kind}_show_tells_people_hours_as_usage_does" '1 p1 cpu 3.325 min 2h
2 p1 cpu 1.5 min 0s' "$(grep ' cpu ' "$work/out" | tr -s ' ' | sed 's/^ //' | cut -d' ' -f1-6)"
  ask adjust --list --store "$store" --output csv
  equals "${kind}_adjustments_are_listed" '1,1,,p1,,,,cpu,-500000000,ns,billed' "$(sed -n '2,$p' "$work/out" | cut -d, -f1-11)"

  corrected
  ask export --by project,meter --to-dir "$bills" --store "$store"
  equals "${kind}_export_adds_up_by_project" '1|p,2||cpu|ns|20000000000|7200|
1|p1||cpu|ns|199500000000|7200|' "$(lines "$bills/statement-000001-by-project-meter.csv")"
  ask export --verify "$bills"
  equals "${kind}_export_is_verified" '5 files are as manifest 4 says' "$(cat "$work/out")"
  echo '{}' >> "$bills/statement-000001.ndjson"
  ask export --verify "$bills"
  equals "${kind}_verify_finds_what_was_changed" '1 1' "$status $(grep -c 'statement-000001.ndjson: was changed' "$work/err")"
  refuses "${kind}_export_overwrites_nothing" 73 'is there already, and is another' export --to-dir "$bills" --output ndjson --store "$store"
  exec 9> "$bills/.export.lock"
  flock 9
  refuses "${kind}_second_export_at_a_time_is_refused" 75 'another export is writing here' export --to-dir "$bills" --store "$store"
  exec 9>&-
  ask export --period 2025-11 --zone Europe/Berlin --provisional --to-dir "$bills" --store "$store"
  equals "${kind}_provisional_has_no_number" 30000000000 "$(sum "$bills/provisional-2025-11.csv")"
  as_of
  twins
}

# -- statements that somebody has changed in the store

sql () # TEXT
{
  if [[ $store == sqlite:* ]]; then
    /usr/bin/python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as store: store.executescript(sys.argv[2])' "${store#sqlite://}" "$1"
  else
    PGOPTIONS='-c search_path=hypermeter' psql -X -q -v ON_ERROR_STOP=1 -d "$store" -c "$1"
  fi
}

# altered NAME EXPECTED TEXT UNDO: verify finds it after TEXT, and nothing when it is undone
altered ()
{
  sql "$3"
  ask verify --store "$store" --output csv
  equals "$1" "1 $2" "$status $(sed -n '2,$p' "$work/out" | tr -d '\r' | cut -d, -f3,7-10 | tr '\n' ' ' | sed -E 's/[0-9a-f]{64}/HASH/g')"
  ask verify --resource r1 --store "$store"
  equals "${1}_and_one_resource_is_verified_without" 0 "$status"
  sql "$4"
}

alterations ()
{
  local kind=$1
  ask verify --store "$store"
  equals "${kind}_verify_finds_nothing_wrong_with_statements" 0 "$status"
  altered "${kind}_verify_finds_a_changed_line" 'statement,sha256,HASH,HASH,1 ' \
    "UPDATE statement_line SET quantity = '99' WHERE number = 1 AND line = 1" \
    "UPDATE statement_line SET quantity = '-500000000' WHERE number = 1 AND line = 1"
  altered "${kind}_verify_finds_lines_that_are_gone" 'statement,lines,1,0,2 statement,sha256,HASH,HASH,2 statement,lines,of no statement,,9 ' \
    'UPDATE statement_line SET number = 9 WHERE number = 2' 'UPDATE statement_line SET number = 2 WHERE number = 9'
  altered "${kind}_verify_finds_that_the_last_correction_is_gone" 'statement,usage,2025-10 Europe/Berlin,1 line not stated; the first: r1 cpu 90000000000 ns,1 ' \
    'CREATE TABLE gone AS SELECT * FROM statement WHERE number = 2; CREATE TABLE gone_line AS SELECT * FROM statement_line WHERE number = 2;
     DELETE FROM statement_line WHERE number = 2; DELETE FROM statement WHERE number = 2' \
    'INSERT INTO statement SELECT * FROM gone; INSERT INTO statement_line SELECT * FROM gone_line; DROP TABLE gone; DROP TABLE gone_line'
  altered "${kind}_verify_finds_a_statement_that_is_gone" \
    'statement,number,,1 to 1,1 statement,corrects,1,,2 statement,lines,5,0,3 statement,sha256,HASH,HASH,3 statement,lines,of no statement,,1 ' \
    'UPDATE statement SET number = 3 WHERE number = 1' 'UPDATE statement SET number = 1 WHERE number = 3'
  altered "${kind}_verify_finds_a_correction_of_nothing" 'statement,corrects,7,,2 ' \
    'UPDATE statement SET corrects = 7 WHERE number = 2' 'UPDATE statement SET corrects = 1 WHERE number = 2'
  altered "${kind}_verify_finds_a_period_without_its_statement" 'statement,period,of no closed period,,1 statement,corrects,1,,2 statement,period,2025-10 Europe/Berlin,, ' \
    'UPDATE statement SET period = 77 WHERE number = 1' "UPDATE statement SET period = (SELECT id FROM period) WHERE number = 1"
}

# -- what somebody has put into an export's folder

# forge TEXT: changes the folder's one manifest by Python's TEXT, in which `first` is what it says of its first file
forge ()
{
  /usr/bin/python3 -c 'import hashlib, json, sys
manifest = json.load(open("manifest.json"))
first = manifest["files"][0]
exec(sys.argv[1])
for name in ("manifest.json", "manifest-000001.json"): json.dump(manifest, open(name, "w"))' "$1"
}

# spoiled NAME TEXT COMMAND [OPTION…]: an export is whole, and --verify tells TEXT after COMMAND in its folder
spoiled ()
{
  local name=$1 text=$2 command=$3
  shift 3
  rm -rf "$work/bad"
  cp -a "$work/good" "$work/bad"
  (cd "$work/bad" && eval "$command") 2> "$work/err"
  timeout 30 "$cli" export --verify "$work/bad" "$@" > "$work/out" 2> "$work/err"
  status=$?
  equals "$name" '1 1' "$status $(grep -cF -- "$text" "$work/err")"
}

forgeries ()
{
  local kind=$1 unnamed='is there, and the manifest does not name it'
  rm -rf "$work/good"
  ask export --to-dir "$work/good" --store "$store"
  ask export --verify "$work/good"
  equals "${kind}_whole_export_is_verified" '0 2 files are as manifest 1 says' "$status $(cat "$work/out")"
  spoiled "${kind}_verify_finds_a_statement_of_no_manifest" "statement-000004.csv: $unnamed" 'cp statement-000001.csv statement-000004.csv'
  spoiled "${kind}_verify_finds_a_statement_that_was_taken_from_the_manifest" "statement-000001.csv: $unnamed" 'forge "del manifest[\"files\"][0]"'
  spoiled "${kind}_verify_finds_a_manifest_of_no_number" "manifest-000009.json: $unnamed" 'cp manifest.json manifest-000009.json'
  spoiled "${kind}_verify_waits_for_no_pipe" 'statement-000001.csv: is no regular file' 'rm statement-000001.csv; mkfifo statement-000001.csv'
  spoiled "${kind}_verify_follows_no_link" 'statement-000001.csv: is no regular file' 'ln -sf /dev/zero statement-000001.csv'
  spoiled "${kind}_store_finds_what_was_forged_with_its_hash" 'statement-000001.csv: is not what the lines in the store give' \
    "sed -i s/200000000000/999/ statement-000001.csv; forge 'first[\"sha256\"] = hashlib.sha256(open(first[\"file\"], \"rb\").read()).hexdigest()'" --store "$store"
  ask export --verify "$work/bad"
  equals "${kind}_manifest_alone_cannot_tell_it" 0 "$status"
  ask export --by project,meter --to-dir "$work/good" --store "$store"
  ask export --project p1 --output ndjson --to-dir "$work/good" --store "$store"
  ask export --verify "$work/good" --store "$store"
  equals "${kind}_export_is_verified_by_the_store" '0 6 files are as manifest 3 says and as the statements in the store give them' "$status $(tr '\n' ' ' < "$work/out" | sed 's/ $//')"
  sql "UPDATE statement_line SET quantity = '99' WHERE number = 1 AND line = 1"
  timeout 30 "$cli" export --verify "$work/good" --store "$store" > "$work/out" 2> "$work/err"
  equals "${kind}_changed_line_shows_in_each_file_that_has_it" '1 3' "$? $(grep -c 'is not what the lines in the store give' "$work/err")"
  sql "UPDATE statement_line SET quantity = '-500000000' WHERE number = 1 AND line = 1"
}

store=sqlite://$work/bills.db
bills sqlite
alterations sqlite
forgeries sqlite
if url=$("$source_root/scripts/real/postgres" start "$work" --fast yes 2> "$work/err"); then
  store=$url
  bills postgresql
  alterations postgresql
  forgeries postgresql
else
  cat "$work/err" > "$work/why"
  result 1 postgresql_is_there
fi

# -- refusals
store=sqlite://$work/bills.db
refuses zone_that_does_not_exist 64 'no time zone' periods close 2025-11 --zone Europe/Atlantis --store "$store"
refuses zone_that_the_grain_does_not_serve 64 'grain = 30m would do' periods close 2025-11 --zone Asia/Kolkata --store "$store"
refuses period_that_is_none 64 'no month or day' periods close 2025-13 --store "$store"
refuses period_that_was_not_closed 1 'was closed' periods show 2025-11 --store "$store"
refuses months_that_the_grain_does_not_serve 64 'grain = 30m would do' periods list --zone Asia/Kolkata --store "$store"
refuses period_of_another_zone 1 'but of Europe/Berlin' periods show 2025-10 --zone UTC --store "$store"
refuses period_whose_name_is_none 64 'no month or day' periods show October --store "$store"
refuses recompute_of_nothing 1 'no such resource' recompute --resource nope --reason x --store "$store"
ask periods --store "$store" --output csv
equals periods_are_listed '2025-10,Europe/Berlin,closed,1 partition; 2 resources are not rolled up yet' "$(sed -n 2p "$work/out" | tr -d '\r' | cut -d, -f1,2,5,11)"
ask periods list --zone UTC --store "$store" --output csv
equals months_that_lie_over_a_closed_one_are_told '2025-10,UTC,overlaps 2025-10 Europe/Berlin' "$(grep -m 1 ,UTC, "$work/out" | cut -d, -f1,2,5)"
ask periods show 2025-10 --store "$store"
equals show_tells_what_was_accepted '  accepted  not all that was sent is stored: hypermeter.samples/0 (until when it is stored nobody has noted: offset 4 is next); 2 resources are not rolled up yet' \
  "$(sed -nE '4{s/ is next since [0-9:.TZ-]+/ is next/; p}' "$work/out")"
refuses adjust_by_nothing 64 'no quantity' adjust --project p --meter cpu --unit s --quantity 0 --reason x --store "$store"
refuses adjust_with_a_comma 64 'no quantity' adjust --project p --meter cpu --unit s --quantity=-1,5 --reason x --store "$store"
refuses adjust_of_a_unit_that_is_none 64 'is no unit' adjust --project p --meter cpu --unit parsec --quantity 1 --reason x --store "$store"
refuses period_that_is_not_over 64 'is not over' periods close 2099-01 --store "$store"
refuses adjust_by_nobody 64 '--author: says nothing' adjust --project p --meter cpu --unit s --quantity 1 --reason x --author '' --store "$store"
refuses adjust_for_no_reason 64 '--reason: says nothing' adjust --project p --meter cpu --unit s --quantity 1 --reason ' ' --author a@b --store "$store"
refuses close_by_nobody 64 '--author: says nothing' periods close 2025-11 --zone Europe/Berlin --author ' ' --store "$store"
refuses policy_by_nobody 64 '--author: says nothing' policy set --unknown hold --author '' --store "$store"
refuses erase_by_nobody 64 '--author: says nothing' erase --resource r1 --reason x --author '' --store "$store"
refuses recompute_for_no_reason 64 '--reason: says nothing' recompute --resource r1 --reason $'\t' --store "$store"
refuses adjust_without_a_reason 64 '--reason is needed' adjust --project p --meter cpu --unit s --quantity 1 --store "$store"
refuses export_to_nowhere 64 'which folder' export --store "$store"
refuses export_of_what_has_not_begun 64 '2099-01 has not begun' export --to-dir "$work/x" --provisional --period 2099-01 --store "$store"
refuses export_as_a_table 64 'csv or ndjson' export --to-dir "$work/x" --output json --store "$store"
refuses export_by_what_no_line_has 64 'has source, project' export --to-dir "$work/x" --by state --store "$store"
refuses export_of_a_part_of_a_period 64 'cut 2025-10 of Europe/Berlin, which is from 2025-09-30T22:00:00.000000000Z to 2025-10-31T23:00:00.000000000Z' \
  export --to-dir "$work/x" --from 2025-10 --to 2025-11 --store "$store"
refuses export_of_the_rest_of_a_period 64 'cut 2025-10 of Europe/Berlin' export --to-dir "$work/x" --from 2025-10-20 --store "$store"
refuses export_of_the_beginning_of_a_period 64 'cut 2025-10 of Europe/Berlin' export --to-dir "$work/x" --to 2025-10-20 --store "$store"
refuses export_of_no_time 64 'cut 2025-10' export --to-dir "$work/x" --from 2025-10-20 --to 2025-10-20 --store "$store"
refuses export_of_a_time_of_which_nothing_is_closed 1 'no closed period within --from and --to' export --to-dir "$work/x" --from 2025-11-01T00:00:00Z --store "$store"
refuses export_of_a_period_of_another_zone 1 'no closed period 2025-10 of UTC' export --to-dir "$work/x" --period 2025-10 --zone UTC --store "$store"
refuses export_of_a_zone_that_is_none 64 '--zone: there is no time zone' export --to-dir "$work/x" --period 2025-10 --zone Europe/Atlantis --store "$store"
refuses export_of_a_zone_alone 64 'of which --period, or --from and --to?' export --to-dir "$work/x" --zone UTC --store "$store"
equals what_is_refused_leaves_no_file '' "$(find "$work/x" -name 's*' 2> /dev/null)"
ask export --to-dir "$work/ranged" --from 2025-10 --to 2025-11 --zone Europe/Berlin --store "$store"
equals export_takes_months_of_a_zone "0 statement-000001.csv statement-000002.csv" "$status $(cd "$work/ranged" && echo statement-*)"
refuses from_after_to 64 'lies after' export --to-dir "$work/x" --from 2026-02 --to 2026-01 --store "$store"

# -- what was read, besides what was used

# told NAME COLUMNS EXPECTED ARGUMENT…: these columns of usage, exactly; also when it is folded again
told ()
{
  local name=$1 columns=$2 expected=$3
  shift 3
  ask usage --range --store "$store" --output ndjson "$@"
  # shellcheck disable=SC2086 # a list of words
  equals "$name" "$expected" "$(/usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson $columns < "$work/out" 2>> "$work/err")"
  ask usage --range --store "$store" --output ndjson --as-of now "$@"
  # shellcheck disable=SC2086 # a list of words
  equals "${name}_as_of_now" "$expected" "$(/usr/bin/python3 "$source_root/tests/cli_rows.py" ndjson $columns < "$work/out" 2>> "$work/err")"
}

ranges () # KIND
{
  local kind=$1 read='quantity unit covered_seconds min max last mean value_unit readings flags'
  told "${kind}_range_is_told_of_each_series" "resource $read" \
    'r3|4683600|KiB.s|14400|100|700|700|325.25|KiB|5|
r4|180000|KiB.s|3600|50|60|60|50|KiB|2|' --meter memory --by resource
  told "${kind}_range_of_several_series_has_no_last" "project $read" 'p3|4863600|KiB.s|18000|50|700||270.2|KiB|7|' --meter memory
  told "${kind}_range_is_of_the_zone_and_its_mean_is_rounded" "day mean last" '2025-10-31T00:00:00.000000000+01:00|200.333333333333333333|201
2025-11-01T00:00:00.000000000+01:00|700|700' --meter memory --resource r3 --by day --zone Europe/Berlin
  told "${kind}_range_is_of_each_hour" "hour min max last mean readings" '2025-10-31T20:00:00.000000000Z|100|100|100|100|1
2025-10-31T21:00:00.000000000Z|300|300|300|300|1
2025-10-31T22:00:00.000000000Z|201|201|201|201|1
2025-10-31T23:00:00.000000000Z|700|700|700|700|1
2025-11-01T00:00:00.000000000Z|700|700|700||1' --meter memory --resource r3 --by hour
  told "${kind}_range_goes_with_the_unit" "quantity unit min max last mean value_unit" \
    '1.2705|MiB.h|0.0977|0.6836|0.6836|0.3176|MiB' --meter memory --resource r3 --by resource --unit MiB.h --decimals 4
  told "${kind}_range_of_fractions_has_no_mean" "$read" '|count.s|0|0.25|0.75|0.5||count|3|inexact' --meter acme.load --by ''
  told "${kind}_range_of_a_counter_is_how_often_it_was_read" 'resource min max last mean value_unit readings' \
    'r1||||||3
r2||||||2' --meter cpu --by resource
}

# filtered KIND: parts of statements
filtered ()
{
  local kind=$1 parts=$work/$1-parts id
  id=$(printf '{"project":"p1","meter":"c*"}' | sha256sum | cut -c1-16)
  ask export --project p1 --meter 'c*' --to-dir "$parts" --store "$store"
  equals "${kind}_part_says_how_much_it_is" "2 files in $parts: 3 of 6 lines, *-only-$id*.csv" "$(cat "$work/out")"
  equals "${kind}_part_has_its_lines_under_their_numbers" '1|p1||cpu|ns|-500000000|0|1
1|p1|r1|cpu|ns|200000000000|7200|' "$(lines "$parts/statement-000001-only-$id.csv")"
  equals "${kind}_part_has_the_lines_of_the_whole_byte_by_byte" "$(grep -E ',p1,.*,cpu,|^statement' "$work/$kind-bills/statement-000001.csv")" \
    "$(cat "$parts/statement-000001-only-$id.csv")"
  equals "${kind}_manifest_tells_a_part" "{'project': 'p1', 'meter': 'c*'} 2 2 5" \
    "$(/usr/bin/python3 -c 'import json, sys
f = json.load(open(sys.argv[1]))["files"][0]
print(f["filter"], f["lines"], f["kept_lines"], f["statement_lines"])' "$parts/manifest.json")"
  ask export --verify "$parts"
  equals "${kind}_parts_stand_for_no_statement" 'statement 1 was exported in part alone
statement 2 was exported in part alone
2 files are as manifest 1 says' "$(cat "$work/out")"
  ask export --project p1 --meter 'c*' --to-dir "$parts" --store "$store"
  equals "${kind}_part_is_the_same_when_it_is_made_again" "2 files in $parts, all of them there already: 3 of 6 lines, *-only-$id*.csv" "$(cat "$work/out")"
  ask export --project p1 --meter 'c*' --output ndjson --to-dir "$parts" --store "$store"
  equals "${kind}_part_as_ndjson_is_lines_of_the_whole" "$(grep -E '"project":"p1".*"meter":"cpu"' "$work/$kind-bills/statement-000001.ndjson")" \
    "$(cat "$parts/statement-000001-only-$id.ndjson")"
  ask export --project nobody --period 2025-10 --to-dir "$parts" --store "$store"
  equals "${kind}_part_may_be_empty" '0 0 of 6 lines' "$status $(grep -oE '[0-9]+ of [0-9]+ lines' "$work/out")"
  ask export --resource r2 --by project,meter --to-dir "$parts" --store "$store"
  equals "${kind}_part_is_added_up" '1|p,2||cpu|ns|20000000000|7200|' "$(lines "$(echo "$parts"/statement-000001-only-*-by-project-meter.csv)")"
  ask export --project p1 --period 2025-11 --zone Europe/Berlin --provisional --to-dir "$parts" --store "$store"
  equals "${kind}_part_of_what_is_provisional" 10000000000 "$(sum "$(echo "$parts"/provisional-2025-11-only-*.csv)")"
  ask export --to-dir "$parts" --store "$store"
  ask export --verify "$parts"
  equals "${kind}_parts_and_wholes_are_told_apart" '10 files are as manifest 5 says' "$(grep -v '^provisional-2025-11-only-.*: is provisional' "$work/out")"
}

for kind in sqlite ${url:+postgresql}; do
  store=sqlite://$work/bills.db
  [ "$kind" = sqlite ] || store=$url
  filtered "$kind"
  seed gauges
  ranges "$kind"
  seed roll
  if [ "$kind" = sqlite ]; then
    equals rollups_are_there 4 "$(/usr/bin/python3 -c 'import sqlite3, sys
print(*sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM rollup WHERE resource = ?", ("r3",)).fetchone())' "$work/bills.db")"
  fi
  ranges "${kind}_rolled_up"
done
if [ -n "$url" ]; then
  equals parts_are_the_same_of_both_stores "$(cd "$work/sqlite-parts" && sha256sum statement-* provisional-*)" "$(cd "$work/postgresql-parts" && sha256sum statement-* provisional-*)"
fi
refuses part_by_what_is_no_text 64 '--project' export --project $'\xff' --to-dir "$work/x" --store "$store"
refuses part_of_a_folder_to_be_verified 64 'takes no choice' export --verify "$work/sqlite-parts" --project p1
refuses range_of_an_explanation 64 '--range: not with --explain' usage --explain --range --resource r3 --meter memory --store "$store"

# -- time that no statement bills
store=sqlite://$work/bills.db
answered close_that_leaves_out_a_month_is_refused 'not done: 2025-12 of Europe/Berlin cannot be closed: no statement bills 2025-10-31T23:00:00.000000000Z to 2025-11-30T23:00:00.000000000Z; close 2025-11 of Europe/Berlin, which begins there, before it or in its place; --accept-gap leaves it out, and then only adjustments can bill it' \
  periods close 2025-12 --zone Europe/Berlin --accept-missing --accept-unrolled --author a@b
answered close_leaves_out_a_month_when_its_author_says_so 'closed 2025-12 of Europe/Berlin: statement 3; statement 4 corrects statement 1 (2025-10 of Europe/Berlin)' \
  periods close 2025-12 --zone Europe/Berlin --accept-missing --accept-unrolled --accept-gap --author a@b
ask periods list --store "$store" --output csv
equals list_tells_what_no_statement_bills ',,2025-10-31T23:00:00.000000000Z,2025-11-30T23:00:00.000000000Z,unbilled,' "$(grep ,unbilled, "$work/out" | cut -d, -f1-6)"
ask periods show 2025-12 --store "$store"
equals show_tells_what_no_statement_bills 1 "$(grep -c '; no statement bills 2025-10-31T23:00:00.000000000Z to 2025-11-30T23:00:00.000000000Z' "$work/out")"

# -- what another owner had

evening=(--resource r3 --meter cpu --from 2025-10-31T18:00:00Z --to 2025-10-31T23:00:00Z)
store=sqlite://$work/owners.db
seed names
parts proof_has_the_own_part_of_what_changed_owner 'bucket|2025-10-31T22:00:00.000000000Z|2025-10-31T23:00:00.000000000Z|33333333334
segment|2025-10-31T22:00:00.000000000Z|2025-10-31T23:00:00.000000000Z|33333333334
other-owner|2025-10-31T20:00:00.000000000Z|2025-10-31T22:00:00.000000000Z|
opening|2025-10-31T22:00:00.000000000Z|2025-10-31T22:00:00.000000000Z|
record|2025-10-31T22:00:00.000000000Z|2025-10-31T23:00:00.000000000Z|33333333334' 'part from to quantity' 'bucket|segment|other-owner|opening|record' proof "${evening[@]}" --project p4
parts explanation_has_the_reading_before 'segment|1 interval|400000000000|500000000000
opening|e1/4||400000000000
record|e1/5|400000000000|500000000000' 'part id first last' 'segment|opening|record' usage --explain "${evening[@]}" --project p4
ask proof "${evening[@]}" --project p4 --export "$work/opened" --store "$store"
equals proof_exports_the_reading_before 'node/e1/r3/4 400000000000
node/e1/r3/5 500000000000' "$(/usr/bin/python3 -c 'import json, sys
for path in sys.argv[1:]:
  print(open(path + ".ce_id").read(), json.load(open(path + ".value"))["samples"][0]["value"])' "$work/opened/000001" "$work/opened/000002")"
parts explanation_has_the_own_part_of_what_changed_owner 'figure|33333333334|3600
segment|33333333334|3600' 'part quantity covered_seconds' 'figure|segment' usage --explain "${evening[@]}" --project p4
parts explanation_tells_the_rest_of_the_time 'uncovered|2025-10-31T18:00:00.000000000Z|2025-10-31T20:00:00.000000000Z
other-owner|2025-10-31T22:00:00.000000000Z|2025-10-31T23:00:00.000000000Z' 'part from to' 'uncovered|other-owner' usage --explain "${evening[@]}" --project p3

# A part is as proven as the whole: one line of another project was changed behind the statement's back.
store=sqlite://$work/bills.db
/usr/bin/python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as store: store.execute("UPDATE statement_line SET quantity = quantity + 1 WHERE number = 1 AND resource = ?", ("r2",))' "$work/bills.db"
for filter in '--project p1' '--meter c*' '--resource r2' '--user nobody'; do
  read -r option value <<< "$filter"
  refuses "part_of_a_statement_that_was_changed_by_${option#--}" 1 'not those that it was made of' \
    export "$option" "$value" --period 2025-10 --to-dir "$work/changed" --store "$store"
done
refuses whole_of_a_statement_that_was_changed 1 'not those that it was made of' export --period 2025-10 --to-dir "$work/changed" --store "$store"
equals nothing_of_it_has_a_name '' "$(find "$work/changed" -type f ! -name '.*')"

echo "1..$number"
