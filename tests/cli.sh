#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The command `hypermeter` as its users meet it, on a store whose records are known (tests/seed_store.c): every subcommand in
# every form, figures digit by digit, filters, refusals with their exit status, and completion. JSON and CSV are read by
# Python's own modules. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
store=sqlite://$work/seeded.db
empty=sqlite://$work/empty.db
lost=sqlite://$work/lost.db
evil=$'p-\x1b[31m,"evil"\r\nmeter,1'
web=4f0c6a52-0000-4000-8000-000000000001
other=4f0c6a52-0000-4000-8000-000000000002

seeded "$store"
seeded "$empty" empty
seeded "$lost" losses

# -- every subcommand in every form

# The age of the last commit is another one each time it is asked for.
same () { rows "$1" | grep -v '^seconds since'; }

# agrees NAME LINES ARGUMENT…: the same rows in the three forms for machines, and LINES lines of a harmless table
agrees ()
{
  local name=$1 lines=$2 json ndjson csv
  shift 2
  ask "$@" --store "$store" --output json && json=$status:$(same json)
  ask "$@" --store "$store" --output ndjson && ndjson=$status:$(same ndjson)
  ask "$@" --store "$store" --output csv && csv=$status:$(same csv)
  equals "${name}_says_the_same_in_json_and_ndjson" "$json" "$ndjson"
  equals "${name}_says_the_same_in_json_and_csv" "$json" "$csv"
  ask "$@" --store "$store"
  equals "${name}_is_a_table_that_steers_no_terminal" "0 $lines" "$status $(rows table)"
}

agrees usage 13 usage
agrees usage_by_everything 47 usage --by project,user,resource,device,meter,hour,day,month
agrees usage_with_ids 13 usage --ids
agrees resources 4 resources
agrees resources_with_ids 4 resources --ids
agrees meters "$(($(grep -c '"name"' "$HYPERMETER_METERS") + 4))" meters
agrees units "$(($(grep -c '^  UNIT (' "$source_root/metering/unit.c") * 3 + 1))" meters --units
agrees samples 62 samples
agrees records 16 samples --records
agrees dead_letters 11 dead-letters
agrees agents 3 agents
agrees processes 4 agents --processes
agrees status 9 status
agrees store_status 8 store status

# -- figures, digit by digit

all=$'|host.cpu.time|90000000000|ns|1800|from_start
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|acme.balance|-9000|count.s|1800|
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|acme.load||count.s|0|inexact
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|acme.widgets|7|widget|5400|from_start
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|disk.device.write.bytes|9007199254740993|B|5400|from_start
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|network.incoming.bytes|18446744073709551615|B|5400|from_start
p-\\u001b[31m,\\"evil\\"\\r\\nmeter,1|state.time|5400000000000|ns|5400|
p-research|cpu|600000000000|ns|18000|from_start
p-research|disk.device.read.bytes|10737423360|B|36000|from_start
p-research|memory|8493465600|KiB.s|16200|
p-research|state.time|18000000000000|ns|18000|
p-research|vcpus|32400|vcpu.s|16200|'
what='quantity unit covered_seconds flags'
figures is_per_project_and_meter_when_nothing_else_is_asked "$all" "project meter $what"
figures is_the_same_when_it_is_asked_for_by_name "$all" "project meter $what" --by meter,project
figures has_only_the_columns_that_were_asked_for $'host.cpu.time|90000000000' 'meter quantity' --by '' --resource node-17
figures knows_months $'2026-01-01T00:00:00.000000000Z|360000000000|10800\n2026-02-01T00:00:00.000000000Z|240000000000|7200' \
  'month quantity covered_seconds' --by month --meter cpu
figures knows_days $'2026-01-31T00:00:00.000000000Z|4718592000|9000\n2026-02-01T00:00:00.000000000Z|3774873600|7200' \
  'day quantity covered_seconds' --by day --meter memory
figures knows_hours $'2026-01-31T21:00:00.000000000Z|120000000000
2026-01-31T22:00:00.000000000Z|120000000000
2026-01-31T23:00:00.000000000Z|120000000000
2026-02-01T00:00:00.000000000Z|120000000000
2026-02-01T01:00:00.000000000Z|120000000000
2026-02-01T02:00:00.000000000Z|0' 'hour quantity' --by hour --meter cpu
figures knows_devices $'disk:vda|10737418240\ndisk:vdb|5120' 'device quantity' --by device --meter disk.device.read.bytes
figures knows_users_and_resources $"u-2|$other|7" 'user resource quantity' --by user,resource --meter acme.widgets

# -- filters

figures takes_one_project "$(grep '^p-research' <<< "$all")" "project meter $what" --project p-research
figures takes_a_project_whatever_its_id_is_made_of "$(grep '^p-.u001b' <<< "$all")" "project meter $what" --project "$evil"
figures takes_one_user $'cpu\ndisk.device.read.bytes\nmemory\nstate.time\nvcpus' meter --user u-1
figures takes_one_resource $'acme.balance\nacme.load\nacme.widgets\ndisk.device.write.bytes\nnetwork.incoming.bytes\nstate.time' meter --resource "$other"
figures takes_one_site "$all" "project meter $what" --source site-a
figures finds_nothing_of_another_site '' meter --source site-b
figures takes_meters_that_match $'disk.device.read.bytes\ndisk.device.write.bytes' meter --by '' --meter 'disk.*'
figures begins_where_it_is_told 240000000000 quantity --meter cpu --from 2026-02
figures ends_where_it_is_told 360000000000 quantity --meter cpu --to 2026-02-01
figures takes_rfc_3339_with_an_offset 120000000000 quantity --meter cpu --from 2026-01-31T23:00:00+01:00 --to 2026-01-31T23:00:00Z
figures reaches_back_from_now '' meter --from -1h
figures ends_now_with_all_there_is "$all" "project meter $what" --to now
figures stops_at_its_limit $'host.cpu.time\nacme.balance' meter --limit 2
figures has_no_limit_when_it_is_zero "$all" "project meter $what" --limit 0

# -- units

figures turns_time_into_hours '0.166666666666666667|h' 'quantity unit' --meter cpu --unit h
figures turns_gauges_into_hours_of_their_unit '2.25|GiB.h' 'quantity unit' --meter memory --unit GiB.h
figures rounds_to_the_decimals_that_are_asked_for '0.17|h' 'quantity unit' --meter cpu --unit h --decimals 2
figures takes_bytes_for_bytes $'10737423360|B\n9007199254740993|B' 'quantity unit' --meter 'disk.*' --by '' --unit B
refuses a_unit_that_is_none 64 "'furlong' is no unit" usage --store "$store" --unit furlong
refuses a_unit_of_another_kind 64 'cannot be converted to h' usage --store "$store" --unit h --project p-research
refuses half_an_answer_before_a_unit_that_does_not_fit 64 'cannot be converted to h' usage --store "$store" --unit h --output ndjson
refuses decimals_beyond_reason 64 '--decimals: 0 to 38' usage --store "$store" --decimals 39
refuses decimals_below_zero 64 '--decimals: 0 to 38' usage --store "$store" --decimals -1

# -- tables for people

ask usage --store "$store"
equals usage_table_reads_well 'PROJECT          METER                         QUANTITY  UNIT     COVERED  FLAGS
-                host.cpu.time                     1.5   min          30m  from_start
Evil�and�Sons �  acme.balance                     -2.5   count.h      30m
Evil�and�Sons �  acme.load                         -     count.s       0s  inexact
Evil�and�Sons �  acme.widgets                      7     widget    1h 30m  from_start
Evil�and�Sons �  disk.device.write.bytes       8,192     TiB       1h 30m  from_start
Evil�and�Sons �  network.incoming.bytes   16,777,216     TiB       1h 30m  from_start
Evil�and�Sons �  state.time                        1.5   h         1h 30m
Research         cpu                              10     min           5h  from_start
Research         disk.device.read.bytes           10     GiB          10h  from_start
Research         memory                            2.25  GiB.h     4h 30m
Research         state.time                        5     h             5h
Research         vcpus                             9     vcpu.h    4h 30m' "$(cat "$work/out")"
ask usage --store "$store" --meter 'network.*' --unit B
equals usage_table_has_every_digit_in_the_unit_that_was_asked_for '18,446,744,073,709,551,615' \
  "$(awk 'NR == 2 { print $(NF - 4) }' "$work/out")"
ask usage --store "$store" --ids --meter cpu
equals usage_table_shows_ids_when_they_are_asked_for p-research "$(awk 'NR == 2 { print $1 }' "$work/out")"
ask resources --store "$store"
equals resources_table_reads_well "RESOURCE                              NAME             KIND      STATE    PROJECT          USER           FLAVOR    AGENT    LAST SEEN
$web  web              instance  running  Research         operator       m1.small  node-17  2026-02-01 02:00:00Z
$other  漢字 �]0;owned�  instance  paused   Evil�and�Sons �  =cmd|' /C'!A0  m1.大     node-18  2026-01-31 22:30:00Z
node-17                               -                host      -        -                -              -         node-17  2026-01-31 21:30:00Z" \
  "$(cat "$work/out")"
cp "$work/out" "$work/utf8"
LC_ALL=C "$cli" resources --store "$store" --user u-1 --ids > "$work/out" 2> "$work/err"
LC_ALL=C "$cli" resources --store "$store" > "$work/out" 2> "$work/err"
equals resources_table_is_the_same_in_every_locale "$(cat "$work/utf8")" "$(cat "$work/out")"
LC_ALL=C "$cli" resources --store "$store" --project 漢 > "$work/out" 2> "$work/err"
equals resources_takes_an_id_of_any_letters_in_every_locale '0 nothing found' "$? $(cat "$work/err")"

# -- what else is told

ask resources --store "$store" --output ndjson
equals resources_tells_names_as_they_are 'web|Research|operator|running|m1.small|site-a
\u6f22\u5b57 \u001b]0;owned\u0007|Evil\tand\nSons \u202e|=cmd|'"' /C'"'!A0|paused|m1.\u5927|site-a
|||||site-a' "$(rows ndjson name project_name user_name state flavor source)"
ask resources --store "$store" --from 2026-02-01T00:30:00.5Z --output csv
equals resources_takes_a_moment_within_a_step "$web" "$(rows csv resource)"
ask meters --store "$store" --output json
equals meters_tells_foreign_ones_from_shipped_ones 'acme.balance|gauge|count|i64|no|
acme.load|gauge|count|double|no|
acme.widgets|cumulative|widget|u64|no|
cpu|cumulative|ns|u64|yes|on
vcpu.time|cumulative|ns|u64|yes|off' "$(rows json meter type unit value shipped default | grep -E '^(acme|cpu\||vcpu.time)' | sort)"
printf '{"meters": [{"name": "only.one", "type": "gauge", "unit": "B", "value": "u64", "hold": "none", "wrap": 0, "life": "process", "default": "on", "help": "x"}]}' > "$work/meters.json"
ask meters --store "$empty" --meters "$work/meters.json" --output csv
equals meters_takes_the_table_that_an_option_names only.one "$(rows csv meter)"
HYPERMETER_METERS=$work/meters.json ask meters --store "$empty" --output csv
equals meters_takes_the_table_that_the_environment_names only.one "$(rows csv meter)"
HYPERMETER_METERS=$work/none.json refuses a_table_of_meters_that_is_not_there 78 none.json meters --store "$empty"

ask samples --store "$store" --resource "$other" --output csv
equals samples_have_every_digit '-5|gauge
0.25|gauge
7|cumulative
9007199254740993|cumulative
18446744073709551615|cumulative' "$(rows csv value type | sort -gu)"
ask samples --store "$store" --meter cpu --from 2026-01-31T23:30:00Z --to 2026-02-01T00:30:00.000000001Z --output ndjson
equals samples_take_moments_within_a_step '2026-01-31T23:30:00.000000000Z|300000000000|e1|6
2026-02-01T00:00:00.000000000Z|360000000000|e1|7
2026-02-01T00:30:00.000000000Z|420000000000|e2|1' "$(rows ndjson time value agent_epoch seq)"
ask samples --store "$store" --project "$evil" --limit 3 --output ndjson
equals samples_stop_at_their_limit $'disk.device.write.bytes\nnetwork.incoming.bytes\nacme.balance' "$(rows ndjson meter)"
ask samples --store "$store" --records --resource node-17 --output ndjson
equals samples_show_the_exact_bytes_of_a_record 'hypermeter.samples/1 node-17 90000000000' \
  "$(/usr/bin/python3 -c 'import json,sys
row = json.loads(sys.stdin.read())
record = json.loads(row["value"])
print(row["schema"], record["resource"]["id"], record["samples"][0]["value"])' < "$work/out" 2>> "$work/err")"
refuses meters_of_whole_records 64 '--meter' samples --store "$store" --records --meter cpu

reasons='bad-json bad-utf8 bad-schema missing-field bad-type out-of-range too-large bad-signature wrong-agent store-refused'
ask dead-letters --store "$store" --output csv
equals dead_letters_tell_every_reason "$reasons" "$(rows csv reason | tr '\n' ' ' | sed 's/ $//')"
ask dead-letters --store "$store" --output json
equals dead_letters_hide_no_byte 'no json \u001b[2J, \"here\"\n 256 None 1048577 v1;k;00' \
  "$(/usr/bin/python3 -c 'import base64,json,sys
rows = json.load(sys.stdin)["rows"]
every = base64.b64decode(rows[1]["value_base64"])
print(json.dumps(rows[0]["value"])[1:-1], sum(n == i for i, n in enumerate(every)), rows[1]["value"], len(rows[6]["value"]),
      rows[7]["signature"])' < "$work/out" 2>> "$work/err")"
ask dead-letters --store "$store" --from 2026-01-31T22:00:00.000000001Z --output csv
equals dead_letters_take_a_period '' "$(rows csv id)"
ask dead-letters --store "$store" --limit 2 --output csv
equals dead_letters_stop_at_their_limit $'1\n2' "$(rows csv id)"

ask dead-letters list --store "$store" --refused bad-type --limit 1 --output csv
equals dead_letters_of_one_reason_are_chosen '5' "$(rows csv id)"

# What is asked of a collector, where none runs: it is kept, and nothing else changes.
asked=sqlite://$work/asked.db
"$build/tests/seed_store" "$asked" "$HYPERMETER_METERS" > /dev/null 2>> "$work/err"
letter='id reason verified value outcome asked_for author why answer'
ask dead-letters show 1 --store "$asked" --output ndjson
equals dead_letters_show_one 'no|1' "$(rows ndjson verified id)"
ask dead-letters show 2 --store "$asked"
equals dead_letters_show_one_to_people 'id 2
partition 0
reason bad-utf8
value_base64 AAECAwQF' "$(sed -n -E 's/^(id|partition|reason|value_base64) +([^ ]{1,8}).*/\1 \2/p' "$work/out")"
ask dead-letters discard 1 4 --store "$asked" --no-wait --reason $'a\ttest' --author me --output ndjson
equals dead_letters_are_asked_to_be_discarded '0 1|1|
4|2|' "$status $(rows ndjson id request answer)"
ask dead-letters show 4 --store "$asked" --output ndjson
# shellcheck disable=SC2086 # a list of words
equals dead_letters_show_what_was_asked '4|missing-field|no|{}||discard|me|a\ufffdtest|' "$(rows ndjson $letter)"
ask dead-letters replay --all --refused bad-json --wait 0 --store "$asked" --output csv
equals dead_letters_wait_for_a_collector '75 1' "$status $(rows csv id)"
equals dead_letters_say_that_no_collector_answers 1 "$(grep -c 'does a collector run? What was asked is kept' "$work/err")"
ask dead-letters show 1 --store "$asked" --output ndjson
equals dead_letters_know_who_asks_by_default "$(id -un)@" "$(rows ndjson author | sed 's/@.*/@/')"
ask dead-letters --store "$asked" --output csv
equals dead_letters_stay_open_without_a_collector "$reasons" "$(rows csv reason | tr '\n' ' ' | sed 's/ $//')"
refuses a_dead_letter_that_is_not_there 64 'no dead letter 99' dead-letters show 99 --store "$asked"
refuses a_dead_letter_without_a_number 64 "'x' is no dead letter" dead-letters show x --store "$asked"
refuses no_dead_letter 64 'which one?' dead-letters show --store "$asked"
refuses to_replay_nothing 64 'Ids, or --all' dead-letters replay --store "$asked"
refuses to_replay_what_is_not_there 64 'no dead letter 99' dead-letters replay 1 99 --store "$asked"
refuses to_discard_all_and_one 64 'either ids or --all' dead-letters discard 1 --all --store "$asked"
refuses a_filter_of_named_dead_letters 64 'choose among --all' dead-letters discard 1 --refused bad-json --store "$asked"
refuses to_do_something_else_with_dead_letters 64 "'eat' is none of" dead-letters eat 1 --store "$asked"

ask agents --store "$store" --processes --output ndjson
equals agents_tell_each_process_when_asked 'node-17|e1|8|31|1|2026-02-01T00:00:00.000000000Z
node-17|e2|4|20|0|2026-02-01T02:00:00.000000000Z
node-18|e1|3|10|0|2026-01-31T22:30:00.000000000Z' "$(rows ndjson agent epoch records samples duplicates last_time)"
ask agents --store "$store" --limit 1 --output csv
equals agents_stop_at_their_limit '|2|12' "$(rows csv epoch processes records)"
ask agents --store "$lost"
equals agents_are_silent_by_what_came 1 "$(grep -cE '^node-1 .* 20[0-9-]+ [0-9:]+Z?  *silent ' "$work/out")"
ask agents --store "$lost" --silent-after 100000d --agent node-1 --output csv
equals agents_are_heard_within_the_silence_that_is_asked_for heard "$(rows csv state)"
printf '[collector]\nsilent-after=100000d\n[store]\nurl=%s\n' "$lost" > "$work/patient.conf"
ask agents --config "$work/patient.conf" --agent node-1 --output csv
equals agents_are_heard_within_the_silence_of_the_configuration heard "$(rows csv state)"
refuses a_silence_that_is_none 64 "'soon' is no duration" agents --store "$lost" --silent-after soon
ask agents --store "$lost" --output ndjson
equals agents_tell_what_is_missing 'node-1|22|12|1|9|3|6|0|3|mail,web
node-2|0|0|0|0|0|1|0||' "$(rows ndjson agent expected received accounted missing holes open late backlog projects)"
ask agents --store "$lost" --missing --processes --output csv
equals agents_tell_where_something_is_missing 'e0|7
e1|2' "$(rows csv epoch missing)"
ask agents --store "$lost" --bins --agent node-1 --output csv
equals agents_tell_each_bin 'e0|2026-01-31T20:15:00.000000000Z|incomplete|7|0|0|7
e1|2026-01-31T21:00:00.000000000Z|complete|5|5|0|0
e1|2026-01-31T21:05:00.000000000Z|accounted|5|4|1|0
e1|2026-01-31T21:10:00.000000000Z|incomplete|5|3|0|2
e1|2026-01-31T21:15:00.000000000Z|unknown||5|0|0
e1|2026-01-31T22:00:00.000000000Z|unknown||1|0|0' "$(rows csv epoch from state expected received accounted missing)"
ask agents --store "$lost" --bins --from 2026-01-31T21:09:59Z --to 2026-01-31T21:15:00Z --output csv
equals agents_bins_take_a_period 'accounted
incomplete' "$(rows csv state)"
ask agents --store "$lost" --from 2026-01-31T21:10:00Z --output csv
equals agents_take_a_period 'node-1|5|3|0|2' "$(rows csv agent expected received accounted missing)"
ask agents --store "$lost" --source nowhere --output csv
equals agents_take_a_source '' "$(rows csv agent)"
ask gaps --store "$lost" --output ndjson
equals gaps_tell_what_bus_and_agents_lost 'bus||hypermeter.samples|0|21|25||4|
agent|node-1|||||2026-01-31T21:05:03.000000000Z|1|room' "$(rows ndjson where agent topic partition first_offset end_offset from records reason | sed 's/the bus does not have these offsets//')"
ask gaps --store "$lost" --agent node-1 --output csv
equals gaps_take_an_agent agent "$(rows csv where)"
ask gaps --store "$lost" --from 2026-01-31T21:30:00Z --output csv
equals gaps_take_a_period '' "$(rows csv where)"
ask anomalies --store "$lost" --output csv
equals anomalies_tell_what_cannot_be_right 'conflict|site-a|lone|record 1 of agent node-2 (e1) on lone is stored with other bytes
bin_said_twice|site-a|node-1|epoch e0, bin 5899635: 7 records (sum 1) were said first, then 8 (sum 1)' "$(rows csv kind source subject detail)"

ask status --store "$store" --output csv
equals status_counts_what_is_stored 'raw records|15
resources|3
usage rows|9
dead letters|10
next offset of hypermeter.samples/0|26
next offset of hypermeter.samples/1|42' "$(rows csv what value | grep -vE '^(last commit|seconds since|bytes)')"
ask status collector --store "$store" --output csv
equals status_of_the_collector_is_the_store '0 1' "$status $(rows csv what | grep -c '^raw records$')"
# A collector whose store is away: that is when it has something to say.
mkdir "$work/run"
printf '[collector]\nruntime-dir=%s\n[store]\nurl=postgresql://nobody@127.0.0.1:9/away\n' "$work/run" > "$work/away.conf"
/usr/bin/python3 -c 'import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listens", flush=True)
answers = b"""{"summary":"2 partitions","ready":false,"reasons":[{"reason":"store_away","detail":"."}]}\n"""
for _ in range(2):
    connection, _ = listener.accept()
    connection.recv(1000)
    connection.sendall(answers)
    connection.close()' "$work/run/collector.sock" > "$work/listens" &
wait_until 60000 test -s "$work/listens"
ask status collector --config "$work/away.conf"
equals status_tells_of_a_collector_when_its_store_is_away '69 1 1 1' \
  "$status $(grep -c '^collector  *2 partitions$' "$work/out") $(grep -c '^not ready because  *store_away$' "$work/out") $(wc -l < "$work/err")"
ask status collector --config "$work/away.conf" --output csv
equals status_tells_programs_of_a_collector_when_its_store_is_away '69 collector|2 partitions
not ready because|store_away' "$status $(rows csv what value)"
wait $!
ask status collector --config "$work/away.conf"
equals status_has_nothing_to_tell_when_neither_is_there '69 0' "$status $(wc -l < "$work/out")"

ask status --store "$store"
equals status_says_in_people_words_how_long_ago 1 "$(grep -cE '^last commit +[0-9<].* ago \([0-9]{4}-[0-9-]+ [0-9:]+Z\)$' "$work/out")"

# -- the same records in PostgreSQL

postgres=$("$source_root/scripts/real/postgres" start "$work" --fast yes) || bail_out 'there is no PostgreSQL'
seeded "$postgres"

# same_in_both COMMAND [ARGUMENT…]: what is asked of either store has the same answer
same_in_both ()
{
  local sqlite name="$*"
  ask "$@" --store "$store" --output ndjson
  sqlite=$status:$(same ndjson)
  ask "$@" --store "$postgres" --output ndjson
  equals "postgresql_says_what_sqlite_does_of_${name//[ ,]/_}" "$sqlite" "$status:$(same ndjson)"
}

same_in_both usage
same_in_both usage --as-of 2026-01-31T23:00:00Z
same_in_both usage --as-of now
same_in_both usage --explain --resource "$web" --meter cpu
same_in_both proof --resource "$web" --meter cpu
same_in_both verify
same_in_both usage --by project,user,resource,device,meter,hour,day,month
same_in_both usage --project p-research
same_in_both resources
same_in_both meters
same_in_both samples
same_in_both samples --records
same_in_both samples --project p-research
same_in_both dead-letters
same_in_both agents

ask status --store "$postgres"
equals postgresql_has_a_status "0 9" "$status $(rows table)"
ask store backup "$work/never" --store "$postgres"
equals postgresql_is_backed_up_by_its_own_means 1 "$([ "$status" -ne 0 ] && [ ! -e "$work/never" ] && echo 1)"
case $postgres in *\?*) mark='&' ;; *) mark='?' ;; esac
ask store backup "$work/its own" --store "${postgres/@/:s3cret@}${mark}sslpassw%6Frd=s3cret&application_name=copy"
eval "$(sed -n 's/.*\(pg_dump .*\)/\1/p' "$work/err")" 2> "$work/why"
equals postgresql_backup_that_it_tells_works '0 PGDMP 0' "$? $(head -c 5 "$work/its own") $(grep -c s3cret "$work/err")"

# -- a copy of the store, and a store of the copy

ask store status --store "$store" --output csv
equals store_status_tells_what_is_kept_since_when 'raw records|15
raw records since|2026-01-31T21:00:00.000000000Z
resources|3
usage rows|9
dead letters not settled|10
requests not answered|0' "$(rows csv what value | grep -v '^bytes in use')"
ask store status --store "$empty" --output ndjson
equals store_status_has_no_moment_when_there_is_no_record 'raw records since|' "$(rows ndjson what value | grep since)"
ask store backup "$work/copy.db" --store "$store" --output csv
equals store_backup_says_what_it_wrote "0 $store|$work/copy.db|$(stat -c %s "$work/copy.db")" "$status $(rows csv store file bytes)"
equals store_backup_shows_no_progress_but_on_a_terminal '' "$(cat "$work/err")"
equals store_backup_can_be_read_by_its_owner_alone 600 "$(stat -c %a "$work/copy.db")"
ask usage --store "sqlite://$work/copy.db" --output ndjson
equals store_backup_can_be_asked_what_the_store_can "$all" "$(rows ndjson project meter quantity unit covered_seconds flags)"
refuses a_backup_over_a_file 73 'copy.db: is there already' store backup "$work/copy.db" --store "$store"
refuses a_backup_into_a_folder_that_is_not_there 73 'No such file' store backup "$work/no/copy.db" --store "$store"
refuses a_backup_of_a_store_that_is_not_there 69 none.db store backup "$work/other.db" --store "sqlite://$work/none.db"
refuses a_backup_to_nowhere 64 'one FILE' store backup --store "$store"
refuses a_backup_to_two_places 64 'one FILE' store backup --store "$store" a b
refuses a_store_that_is_asked_for_nothing 64 'which subcommand' store
refuses a_store_that_is_asked_for_anything 64 "'vacuum' is no subcommand" store vacuum
ask store restore "$work/copy.db" --store "sqlite://$work/restored.db"
equals store_restore_says_what_comes_next '0 1 1' "$status $(grep -c "^sqlite://$work/restored.db *$work/copy.db" "$work/out") $(grep -c bus_gap "$work/out")"
ask usage --store "sqlite://$work/restored.db" --output ndjson
equals store_restore_makes_the_store_it_was "$all" "$(rows ndjson project meter quantity unit covered_seconds flags)"
refuses a_restore_over_a_store 73 'restored.db: is there already' store restore "$work/copy.db" --store "sqlite://$work/restored.db"
refuses a_restore_of_what_is_no_backup 1 'not an SQLite database' store restore "$source_root/README.md" --store "sqlite://$work/new.db"
refuses a_restore_of_nothing 69 none.db store restore "$work/none.db" --store "sqlite://$work/new.db"
exec 9> "$work/kept.db.lock"
flock 9
refuses a_restore_while_a_collector_has_the_store 75 'another collector' store restore "$work/copy.db" --store "sqlite://$work/kept.db"
exec 9>&-

# -- nothing to tell

for command in usage resources samples 'samples --records' dead-letters agents 'agents --bins' gaps anomalies; do
  name=${command/ --/_}
  # shellcheck disable=SC2086 # a list of words
  {
    ask $command --store "$empty" --output json
    equals "${name}_is_an_empty_list_when_there_is_nothing" '0 {"rows":[]}' "$status $(cat "$work/out")"
    ask $command --store "$empty" --output ndjson
    equals "${name}_is_no_line_when_there_is_nothing" '0 ' "$status $(cat "$work/out")"
    ask $command --store "$empty" --output csv
    equals "${name}_is_a_heading_when_there_is_nothing" '0 1' "$status $(wc -l < "$work/out")"
    ask $command --store "$empty"
    equals "${name}_says_so_when_there_is_nothing" '0  nothing found' "$status $(cat "$work/out") $(cat "$work/err")"
  }
done
ask status --store "$empty" --output ndjson
equals status_has_no_moment_when_nothing_was_committed '0 last commit|' "$status $(rows ndjson what value | head -n 1)"
ask status --store "$empty"
equals status_says_never_when_nothing_was_committed 1 "$(grep -c '^last commit  *never$' "$work/out")"

# -- what is refused

refuses dead_letters_of_a_reason_that_there_is_not 64 "--refused: 'bogus' is none of bad-json, " dead-letters --store "$store" --refused bogus
refuses anomalies_of_a_kind_that_there_is_not 64 "--kind: 'bogus' is none of agent_id_twice, " anomalies --store "$store" --kind bogus
kinds=$(sed "s/.* is none of //; s/,//g" "$work/err")
ask anomalies --store "$lost" --kind conflict --output csv
equals anomalies_are_of_the_kind_that_is_asked_for '0 conflict' "$status $(rows csv kind | sort -u)"
refuses the_status_of_something_else 64 "'broker' is not expected" status broker
refuses the_status_of_an_agent_that_is_not_there 69 "$work/none.sock" status agent --socket "$work/none.sock"
refuses the_status_of_an_agent_in_another_form 64 "'xml' is none of" status agent --output xml
refuses the_status_of_an_agent_whose_configuration_is_not_there 78 none.conf status agent --config "$work/none.conf"

refuses a_command_that_is_none 64 "'usages' is no command" usages
refuses no_command 64 'which command?'
refuses help_on_a_command_that_is_none 64 "'usages' is no command" help usages
refuses an_option_that_is_none 64 '--colour' usage --store "$store" --colour
refuses a_word_too_many 64 "'cpu' is not expected" usage --store "$store" cpu
refuses a_form_that_is_none 64 "'xml' is none of" usage --store "$store" --output xml
refuses a_column_that_is_none 64 "'colour' is none of" usage --store "$store" --by project,colour
refuses a_moment_that_is_none 64 "--from: 'tomorrow' is no time" usage --store "$store" --from tomorrow
refuses a_moment_within_a_step 64 'steps of 1h' usage --store "$store" --to 2026-01-31T21:30:00Z
refuses an_end_before_the_beginning 64 'lies after --to' usage --store "$store" --from 2026-02 --to 2026-01
refuses a_limit_below_zero 64 '--limit' usage --store "$store" --limit -1
refuses a_limit_that_is_no_number 64 'few' usage --store "$store" --limit few
refuses a_period_where_there_is_none 64 '--from' status --store "$store" --from today
refuses an_owner_of_agents 64 '--project' agents --store "$store" --project p-research
refuses processes_and_bins_at_once 64 'one of the two' agents --store "$lost" --bins --processes
refuses an_owner_of_dead_letters 64 '--project' dead-letters --store "$store" --project p-research
refuses a_store_that_is_no_url 64 'is no URL' usage --store nonsense
refuses a_store_that_is_not_there 69 none.db usage --store "sqlite://$work/none.db"
refuses meters_of_a_store_that_is_not_there 69 none.db meters --store "sqlite://$work/none.db"
refuses a_store_without_its_plugin 78 "no plugin 'nosuch'" usage --store nosuch://user:password@host/x
equals cli_prints_no_password_of_a_store_that_it_refuses '' "$(grep password "$work/err")"
echo 'no database' > "$work/text.db"
refuses a_store_that_is_another_file 1 'not an SQLite database' usage --store "sqlite://$work/text.db"
HYPERMETER_PLUGIN_PATH=$work refuses a_store_when_there_are_no_plugins 78 "no plugin 'sqlite'" usage --store "$store"
for form in table json ndjson csv; do
  "$cli" usage --store "$store" --output $form > /dev/full 2> "$work/err"
  equals "cli_fails_when_standard_output_is_full_of_$form" '73 hypermeter usage: standard output could not be written' "$? $(cat "$work/err")"
done

# -- configuration

printf '[collector]\nmeters=%s\n[store]\nurl=%s\n' "$work/meters.json" "$store" > "$work/collector.conf"
ask usage --config "$work/collector.conf" --output ndjson
equals cli_takes_the_store_from_the_configuration "$all" "$(rows ndjson project meter quantity unit covered_seconds flags)"
ask usage --config "$work/collector.conf" --store "$empty" --output ndjson
equals cli_takes_an_option_before_the_configuration '0 ' "$status $(rows ndjson)"
ask meters --config "$work/collector.conf" --limit 1 --output csv
equals cli_takes_the_meters_from_the_configuration only.one "$(rows csv meter)"
printf '[store]\nurl=x\nurl=y\n' > "$work/twice.conf"
refuses a_configuration_that_says_it_twice 78 'twice.conf:3' usage --config "$work/twice.conf"
refuses a_configuration_that_is_not_there 78 none.conf usage --config "$work/none.conf"

# -- the agent's polling, explained

fixtures=$source_root/tests/fixtures/polling
explain () { ask config explain --option agent.polling="$fixtures/with-exclusions.yaml" --output ndjson "$@"; }
why='meter polled source interval pattern reason'
explain cpu
# shellcheck disable=SC2086 # a list of words
equals explain_names_the_source_that_polls_a_meter "0 cpu|yes|everything_but_disks|1m||on by default, and the source excludes others only
cpu|no|disks|10m|*|left to source everything_but_disks, which is more frequent" "$status $(rows ndjson $why)"
explain disk.root.size disk.device.read.latency
# shellcheck disable=SC2086
equals explain_names_the_pattern_that_decides "0 disk.root.size|yes|disks|10m|*|the pattern names it
disk.device.read.latency|no|everything_but_disks|1m|!disk.*|the source excludes it, and no other takes it
disk.device.read.latency|no|disks|10m|!disk.device.*.latency|the source excludes it, and no other takes it" "$status $(rows ndjson $why)"
equals explain_names_file_and_line "$fixtures/with-exclusions.yaml:5" "$(explain cpu; rows ndjson where | head -n 1)"
ask config explain vcpu.time nosuch.meter --output ndjson
# shellcheck disable=SC2086
equals explain_says_why_nothing_polls_a_meter "1 vcpu.time|no||||off by default, and no source names it
nosuch.meter|no||||no shipped plugin gives it" "$status $(rows ndjson $why)"
ask config explain cpu hardware.cpu.util --option agent.polling="$fixtures/with-everything.yaml" --output ndjson
# shellcheck disable=SC2086
equals explain_tells_what_is_for_some_instances_or_for_no_plugin "0 cpu|yes|fast|500ms|cpu|the pattern names it, for the instances that it lists
hardware.cpu.util|no|slow|5m|hardware.*|the source names it, and no shipped plugin gives it" "$status $(rows ndjson $why)"
ask config explain --output csv
equals explain_tells_of_every_meter_when_none_is_named "0 $(grep -c '"name"' "$HYPERMETER_METERS")" "$status $(rows csv meter | wc -l)"
printf '[agent]\nid=x\ninterval=5s\nmeters=cpu\n[publisher:kafka]\n' > "$work/agent.conf"
mkdir "$work/agent.conf.d"
printf '[agent]\ninterval=7s\n' > "$work/agent.conf.d/10.conf"
ask config explain 'cpu*' --config "$work/agent.conf" --output ndjson
equals explain_takes_interval_and_meters_with_drop_ins_where_there_is_no_file 'cpu|yes|7s
cpu.guest|no|
cpu.steal|no|
cpu.system|no|
cpu.user|no|' "$(rows ndjson meter polled interval)"
ask config explain cpu --config "$work/agent.conf"
equals explain_is_a_table_that_steers_no_terminal '0 2' "$status $(rows table)"
refuses a_polling_that_is_wrong_by_its_line 78 "$work/bad.yaml:1: unknown key source" config explain --option "agent.polling=$(
  printf 'source: []\n' > "$work/bad.yaml"
  echo "$work/bad.yaml"
)"
refuses a_polling_that_is_not_there 78 none.yaml config explain --option agent.polling="$work/none.yaml"
refuses to_explain_two_figures 64 'narrow it by --meter' usage --explain --resource "$web" --store "$store"
refuses to_explain_what_is_not_there 64 'there is no such usage' usage --explain --resource nobody --store "$store"
refuses figures_as_of_no_moment 64 '--as-of' usage --as-of soon --store "$store"
refuses to_prove_a_statement_that_is_not_there 64 'there is no statement 7' proof --statement 7 --line 1 --store "$store"
refuses to_prove_nothing 64 'either --statement and --line' proof --store "$store"
refuses to_recompute_without_a_reason 64 '--reason' recompute --all --store "$store"
refuses to_recompute_nothing_in_particular 64 'which resources?' recompute --reason why --store "$store"
refuses a_pattern_that_is_none 64 "'a b' is neither" config explain 'a b'
refuses config_without_explain 64 'it takes the word explain' config

# -- topics, without a broker (tests/e2e/kafka_three.sh has some)

topics () { name=$1; shift; refuses "$name" "$@" --timeout 1s; }
topics topics_without_a_word 64 'create or check' topics
topics a_topic_that_is_none 64 "'nix' is none of samples, meters, config, dead-letter" topics check nix
topics a_retention_that_is_too_short 64 'at least 7d' topics create --retention 6d
topics a_retention_that_is_none 64 "'long' is no duration" topics create --retention long
topics partitions_that_are_none 64 '--partitions=0' topics create --partitions 0
topics replication_that_is_none 64 '--replication=-1' topics create --replication=-1
topics an_option_without_its_prefix 64 'kafka.KEY=VALUE' topics check --option acks=1
topics a_key_that_librdkafka_has_not 78 'kafka.acsk' topics check --option kafka.acsk=1
topics a_value_that_librdkafka_refuses 78 'kafka.security.protocol: librdkafka refuses its value' topics check --option kafka.security.protocol=secret
equals cli_tells_no_value_of_a_key 0 "$(grep -c 'secret' "$work/err")"
topics a_password_file_that_is_not_there 78 'kafka.sasl.password.file' topics check --option kafka.sasl.password.file="$work/none"
topics a_topic_of_two_uses 78 'samples and meters cannot both be the topic one' topics check --samples one --meters one
topics a_broker_that_is_not_there 69 'Connection refused' topics check --brokers 127.0.0.1:9
printf '[publisher:kafka]\ntopic=one\nkafka.bootstrap.servers=127.0.0.1:9\n' > "$work/bus.conf"
topics a_broker_of_the_agents_configuration 69 '127.0.0.1:9' topics check --config "$work/bus.conf"
topics a_topic_of_the_agents_configuration_twice 78 'the topic one' topics check --config "$work/bus.conf" --meters one
printf '[publisher:kafka]\ndeclare-topic=\n' > "$work/bus.conf"
topics a_topic_of_meters_that_are_not_declared 78 'declare-topic is empty' topics check meters --config "$work/bus.conf"
printf '[source]\ntopic=one\nkafka.bootstrap.servers=127.0.0.1:9\nkafka.group.id=g\n' > "$work/bus.conf"
topics a_broker_of_the_collectors_configuration 69 '127.0.0.1:9' topics check --config "$work/bus.conf"
topics a_topic_of_the_collectors_configuration_twice 78 'the topic one' topics check --config "$work/bus.conf" --meters one

# -- help

ask --help
commands='usage resources meters samples dead-letters agents gaps anomalies policy reconcile verify recompute proof'
commands+=' status config outbox store topics periods export adjust erase demo'
equals cli_tells_all_commands "$commands" \
  "$(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$work/out" | tr '\n' ' ' | sed 's/ $//')"
for command in usage resources meters samples dead-letters agents gaps anomalies policy reconcile verify recompute proof status export adjust erase; do
  ask "$command" --help
  equals "cli_helps_with_$command" "0 hypermeter $command Examples: 0" \
    "$status $(sed -n '2s/^  \(hypermeter [a-z-]*\) .*/\1/p' "$work/out") $(grep '^Examples:' "$work/out") $(grep -c 'is no command' "$work/err")"
  cp "$work/out" "$work/help"
  # An agent to ask is in agent_program.sh; what asks a collector, a statement or a file of one's own is in ask_cli.sh, bills.sh and audit_doc.sh.
  sed -n '/^Examples:/,/^$/s/^  \(hypermeter.*\)/\1/p' "$work/help" \
    | grep -v -e '|' -e 'status agent' -e ' --expected ' -e ' --reason ' -e 'policy set' -e 'proof' -e 'export' -e 'adjust' -e 'erase --user' -e '--explain' -e 'statement:' > "$work/examples" || :
  : > "$work/failed"
  while read -r _ arguments; do
    eval "ask $arguments --store '$store'"
    [ "$status" -eq 0 ] || { echo "$arguments"; cat "$work/err"; } >> "$work/failed"
  done < "$work/examples"
  equals "cli_examples_of_${command}_work" '' "$(cat "$work/failed")"
  ask help "$command"
  equals "cli_takes_help_before_$command" "$(cat "$work/help")" "$(cat "$work/out")"
done
for words in 'periods show' 'status agent' 'outbox cat'; do
  # shellcheck disable=SC2086 # a list of words
  ask $words --help
  cp "$work/out" "$work/help"
  # shellcheck disable=SC2086 # a list of words
  ask help $words
  equals "cli_takes_help_before_${words/ /_}" "0 $(cat "$work/help")" "$status $(cat "$work/out")"
done
ask --version
equals cli_tells_its_version "0 hypermeter $(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$build/config.h")" "$status $(cat "$work/out")"

if [ -e /dev/full ]; then
  for words in --version --help 'periods --help'; do
    # shellcheck disable=SC2086 # a list of words
    "$cli" $words > /dev/full 2> "$work/err"
    equals "cli_says_that_output_is_full_${words// /_}" '73 1' "$? $(grep -c 'could not be written' "$work/err")"
  done
fi

# -- completion: what the shell would offer for the last word

PATH=$build/cli:$build/agent:$build/collector:$PATH
# shellcheck source=data/hypermeter
. "$source_root/data/hypermeter"

# offers NAME EXPECTED WORD…
offers ()
{
  local name=$1 expected=$2
  shift 2
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=(stale)
  _hypermeter
  equals "completion_offers_$name" "$expected" "${COMPREPLY[*]}"
}

offers commands "$commands" hypermeter ''
offers a_command usage hypermeter us
offers the_main_options '--help --version' hypermeter -
offers the_options_of_a_command '--from' hypermeter usage --fr
offers no_option_that_a_command_has_not '' hypermeter agents --proj
offers forms 'json' hypermeter usage --output j
offers forms_after_the_equals_sign 'table json ndjson csv' hypermeter usage --output =
offers forms_that_begin_so_after_the_equals_sign 'ndjson' hypermeter usage --output = nd
offers forms_of_files 'csv ndjson' hypermeter export --output ''
offers columns 'month' hypermeter usage --by mo
offers nothing_where_a_file_comes '' hypermeter usage --config ''
offers explain_to_config explain hypermeter config ''
offers meters_to_explain 'disk.root.size' hypermeter config explain disk.r
offers the_options_of_config '--config' hypermeter config explain --conf
offers nothing_of_a_command_that_is_none '' hypermeter nix --fr
offers whose_status 'agent collector' hypermeter status ''
offers the_options_of_status '--store' hypermeter status --st
offers the_options_of_status_agent '--socket' hypermeter status agent --so
offers what_is_done_to_topics 'create check' hypermeter topics ''
offers which_topics 'samples meters config dead-letter' hypermeter topics create ''
offers the_options_of_topics '--partitions' hypermeter topics create --part
offers the_subcommands_of_outbox 'verify' hypermeter outbox v
offers the_options_of_outbox_cat '--lane --limit' hypermeter outbox cat --l
offers the_subcommands_of_dead_letters 'discard' hypermeter dead-letters d
offers the_options_of_replaying '--no-wait' hypermeter dead-letters replay --no
offers the_options_of_dead_letters '--settled' hypermeter dead-letters --se
offers reasons_of_refusal 'bad-json' hypermeter dead-letters --refused bad-j
offers the_subcommands_of_store 'backup' hypermeter store b
offers the_options_of_store_backup '--store' hypermeter store backup --st
offers nothing_where_a_backup_goes '' hypermeter store backup ''
offers the_subcommands_of_anomalies 'release reject rebase' hypermeter anomalies re
offers the_options_of_releasing '--reason' hypermeter anomalies release --rea
offers all_kinds_of_anomalies "$kinds" hypermeter anomalies --kind ''
offers kinds_of_anomalies 'implausible' hypermeter anomalies --kind im
offers the_subcommands_of_policy 'set' hypermeter policy s
offers what_becomes_of_unknown_time 'none hold' hypermeter policy set --unknown ''
offers zones 'Europe/Berlin' hypermeter usage --zone Europe/Berl
offers lanes 'billing' hypermeter outbox cat --lane b
offers the_options_of_the_agent '--write-config' hypermeter-agent --wri
offers the_options_of_the_collector '--until-end' hypermeter-collector --unt

# -- what was read, besides what was used

agrees usage_with_what_was_read 13 usage --range
agrees usage_of_each_series_with_what_was_read 47 usage --range --by project,user,resource,device,meter,hour,day,month
same_in_both usage --range
same_in_both usage --range --by resource,device,hour
same_in_both usage --range --as-of 2026-01-31T23:00:00Z
offers what_was_read '--range' hypermeter usage --ran
offers parts_of_statements '--meter' hypermeter export --met

echo "1..$number"
