#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A month's bill, on both stores side by side, each fed by a collector of its own from a real Kafka: closed, exported, corrected after a late record, adjusted, proven,
# and its store damaged and mended. What it must come to is known beforehand (billing_records.py), to the nanosecond.

# shellcheck source-path=SCRIPTDIR source=../kit/both.sh
. "$(dirname "$(readlink -f "$0")")/../kit/both.sh"

october=(--from 2025-10-01T00:00:00Z --to 2025-11-01T00:00:00Z)
november=(--from 2025-11-01T00:00:00Z --to 2025-12-01T00:00:00Z)
declare -A kept=()

send_signed ()
{
  local kind key id signature value
  while IFS=$'\t' read -r key id signature value; do
    for kind in "${kinds[@]}"; do
      printf '%s' "$value" | kcat -P -b "$brokers" -t "${topics[$kind]}" -p 0 -k "$key" -H "ce_id=$id" -H "hm-signature=$signature"
    done
  done < "$dir/signed"
}

# comes_to KIND PART…: rows on standard input
comes_to ()
{
  /usr/bin/python3 "$src/tests/e2e/billing_check.py" "$dir/truth.json" "${@:2}"
}

# usage_comes_to PART… KIND, of the month that the first part is of
usage_comes_to ()
{
  local kind=${*: -1} parts=("${@:1:$# - 1}") span=("${october[@]}")
  [ "${parts[0]}" = october ] || span=("${november[@]}")
  hm "$kind" usage "${span[@]}" --by project,user,resource,flavor,meter --output ndjson "${more[@]}" | comes_to "$kind" "${parts[@]}"
}
more=()

views_come_to ()
{
  local kind=${*: -1} view
  for view in usage_hourly usage_daily usage_monthly; do
    sql "$kind" "SELECT project, \"user\", resource, flavor, meter, quantity FROM $view WHERE bucket_ns >= 1759276800000000000 AND bucket_ns < 1761955200000000000" \
      | comes_to "$kind" "${@:1:$# - 1}" || return 1
  done
}

close_month () # MONTH KIND [OPTION…]
{
  hm "$2" periods close "$1" --author desk@example.org --output csv --wait 180 "${@:3}" > "$dir/close.$2" 2>&1
}

# Until then the broker says nothing, and the store says that the partition was read up to half an hour past the month's end.
is_refused ()
{
  sql "$1" 'UPDATE offsets SET reached = 1761957000000000000' > /dev/null || return 1
  ! close_month 2025-10 "$1" || return 1
  cat "$dir/close.$1"
  grep -qF "not all that was sent is stored: ${topics[$1]}/0 (stored until 2025-11-01T00:30:00.000000000Z: offset " "$dir/close.$1"
}

# By the run to the end alone: a close right after it waits for no collector to note that.
notes_its_end ()
{
  [ "$(sql "$1" 'SELECT count(*) FROM offsets WHERE reached > 1761958800000000000' | tr -d '\r' | tail -n 1)" = 1 ]
}

is_closed () { close_month "$@" || grep -qF 'is closed already' "$dir/close.$2"; }
closes_october () { wait_until 240000 is_closed 2025-10 "$1" || { cat "$dir/close.$1"; return 1; }; }
closes_november () { wait_until 240000 is_closed 2025-11 "$1" || { cat "$dir/close.$1"; return 1; }; }

export_all () # FORM KIND
{
  hm "$2" export --to-dir "$dir/bills.$2" --output "$1"
}

statement_comes_to () # FILE PART… KIND
{
  local kind=${*: -1}
  comes_to "$kind" "${@:2:$# - 2}" < "$dir/bills.$kind/$1"
}

hashes_are_right ()
{
  "$cli" export --verify "$dir/bills.$1" && (cd "$dir/bills.$1" && jq -r '.files[] | "\(.sha256)  \(.file)"' manifest.json | sha256sum --check --quiet)
}

# Each signature is made again by openssl, each hash by sha256sum; there are as many as were signed.
proof_is_right ()
{
  local line folder=$dir/proof.$1 secret=$dir/keys/node-1/key-1 number checked=0
  line=$(sql "$1" "SELECT line FROM statement_lines WHERE number = 1 AND resource = 'vm-c' AND meter = 'cpu'" | sed 1d)
  mkdir "$folder"
  hm "$1" proof --statement 1 --line "$line" --export "$folder" --output ndjson > "$folder/chain.ndjson" || return 1
  (cd "$folder" && sha256sum --check --quiet ./*.sha256) || return 1
  for number in "$folder"/*.signature; do
    [ -s "$number" ] || continue
    [ "$(openssl dgst -sha256 -mac HMAC -macopt hexkey:"$(cat "$secret")" "${number%ature}ed" | sed 's/.*= //')" = "$(cut -d ';' -f 3 "$number")" ] \
      || return 1
    checked=$((checked + 1))
  done
  echo "# $checked signatures"
  [ "$checked" -eq 3 ]
}

verify_says () # STATUS KIND
{
  local status=0
  hm "$2" verify --output ndjson > "$dir/verify.$2" 2>&1 || status=$?
  sed -n 1,5p "$dir/verify.$2"
  [ "$status" -eq "$1" ]
}

# A digit of each cell of an hour of a day that is rolled up.
damage_and_verify ()
{
  sql "$1" "UPDATE buckets SET cells = replace (cells, '\"q\":[', '\"q\":[7,') WHERE resource = 'vm-b' AND grain = 1760086800000000000" > /dev/null \
    && verify_says 1 "$1" && grep -q '"what":"cell"' "$dir/verify.$1" && ! grep -qE '"vm-[ac]"' "$dir/verify.$1"
}

mends ()
{
  hm "$1" recompute --resource vm-b --reason 'somebody wrote into it' --wait 180 --output csv
}

is_touched ()
{
  [ "$(hm "$1" periods list --output csv | grep '^2025-10,' | tr -d '\r' | cut -d, -f8)" = yes ]
}

# Made again into another folder, it is the file that was made before.
exports_the_same ()
{
  local folder
  folder=$(mktemp -d "$dir/again.XXXXXX")
  hm "$1" export --to-dir "$folder" --output csv || return 1
  [ "$(sha256sum < "$folder/statement-000001.csv")" = "${kept[$1]}" ]
}

adjusts ()
{
  hm "$1" adjust --project blue --meter cpu --unit s --quantity=-12.5 --reason 'slow disks' --author desk@example.org --wait 180 --output csv
}

has_one_correction ()
{
  [ "$(sql "$1" 'SELECT number, corrects, period FROM statements ORDER BY number' | tr -d '\r' | sed 1d | xargs)" = '1,,2025-10 2,,2025-11 3,1,2025-10' ]
}

is_adjusted ()
{
  [ "$(sql "$1" 'SELECT number, project, meter, quantity FROM statement_lines WHERE adjustment IS NOT NULL' | tr -d '\r' | sed 1d)" = 2,blue,cpu,-12500000000 ] \
    && [ "$(grep -c ',cpu,.*,-12500000000,' "$dir/bills.$1/statement-000002.csv")" -eq 1 ]
}

# Without the adjustment.
exports_add_up ()
{
  { cat "$dir/bills.$1/statement-000001.csv"; sed 1d "$dir/bills.$1/statement-000002.csv"; sed 1d "$dir/bills.$1/statement-000003.csv"; } > "$dir/all.$1"
  comes_to "$1" october november correction moved < "$dir/all.$1" && comes_to "$1" total cpu october november correction moved < "$dir/all.$1"
}

is_held ()
{
  hm "$1" anomalies list --undecided --output ndjson > "$dir/held.$1" && [ "$(jq -r '"\(.kind) \(.subject) \(.meter) \(.amount)"' "$dir/held.$1")" = \
    'implausible vm-a cpu 1000000000000000000' ]
}

releases ()
{
  hm "$1" anomalies release "$(jq -r .id "$dir/held.$1")" --reason 'a load test' --author desk@example.org --wait 180 --output csv
}

counts_what_was_held ()
{
  usage_comes_to november moved after held "$1"
}

# vm-b was forgotten, vm-x is not there, vm-c has a gap, but for what the late record says.
reconciles ()
{
  printf '%s\n' resource,created,deleted vm-a,2025-09-30T12:00:00Z, vm-c,2025-10-05T00:00:00Z, vm-x,2025-10-30T00:00:00Z, > "$dir/inventory.$1"
  ! hm "$1" reconcile --expected "$dir/inventory.$1" "${october[@]}" --output ndjson > "$dir/findings.$1" || return 1
  cat "$dir/findings.$1"
  [ "$(jq -r '"\(.finding) \(.resource) \(.from[5:16]) \(.to[5:16]) \(.missing_seconds)"' "$dir/findings.$1")" = 'unknown vm-b 10-01T00:00 11-01T00:00 2678400
partly vm-c 10-31T15:00 10-31T18:00 10800
partly vm-c 10-31T21:00 11-01T00:00 10800
unmetered vm-x 10-30T00:00 11-01T00:00 172800' ]
}

mkdir -p "$dir/keys/node-1"
openssl rand -hex 32 > "$dir/keys/node-1/key-1"
chmod 600 "$dir/keys/node-1/key-1"
/usr/bin/python3 "$src/tests/e2e/billing_records.py" "$dir" "$dir/keys/node-1/key-1"
settings=(-o collector.keys-dir="$dir/keys")
start_both
use bill
check 'records_are_sent' eval 'send_signed && send records'
each 'collector_takes_a_month' take
each 'its_end_is_noted' notes_its_end
each 'usage_is_right_to_the_nanosecond' usage_comes_to october
each 'usage_of_the_days_after_it_is_right' usage_comes_to november
each 'views_add_up_to_the_same' views_come_to october

# -- closed
# The broker is stopped before anybody can have heard from it how far the partition goes.
kill -STOP "$(pids_with_argument "$dir/k/node1/server.properties")"
run_all
each 'close_is_refused_before_its_partition_has_passed' is_refused
kill -CONT "$(pids_with_argument "$dir/k/node1/server.properties")"
each 'month_is_closed' closes_october
each 'statement_is_exported' export_all csv
each 'statement_is_exported_as_ndjson' export_all ndjson
each 'statement_says_what_was_used' statement_comes_to statement-000001.csv october
each 'statement_says_the_same_as_ndjson' statement_comes_to statement-000001.ndjson october
each 'manifest_has_the_hash_of_each_file' hashes_are_right

# -- proven, damaged, mended, while the collectors run
each 'records_behind_a_line_are_proven' proof_is_right
each 'verify_finds_nothing' verify_says 0
each 'verify_finds_a_changed_cell' damage_and_verify
each 'recompute_mends_it' mends
each 'verify_finds_nothing_any_more' verify_says 0
each 'usage_is_as_before' usage_comes_to october

# -- a late record
before=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
for kind in "${kinds[@]}"; do
  kept[$kind]=$(sha256sum < "$dir/bills.$kind/statement-000001.csv")
done
check 'collectors_stop' end_all
check 'a_record_of_the_closed_month_comes_late' send late
each 'collector_takes_what_is_late' take
each 'usage_of_the_closed_month_is_another' usage_comes_to october correction
each 'usage_of_the_month_after_it_is_too' usage_comes_to november moved
more=(--as-of "$before")
each 'usage_as_of_before_is_what_it_was' usage_comes_to october
more=(--as-of "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)")
each 'usage_as_of_now_is_what_it_is' usage_comes_to october correction
more=()
each 'period_is_touched' is_touched
each 'closed_statement_stays_as_it_was' exports_the_same

# -- corrected and adjusted
run_all
each 'adjustment_is_taken' adjusts
each 'next_month_is_closed' closes_november
each 'it_has_one_correction' has_one_correction
each 'its_statements_are_exported' export_all csv
each 'next_statement_says_what_was_used' statement_comes_to statement-000002.csv november moved
each 'correction_has_the_right_signs_and_amounts' statement_comes_to statement-000003.csv correction
each 'adjustment_is_in_the_next_statement' is_adjusted
each 'closed_statement_still_stays_as_it_was' exports_the_same
each 'all_that_was_exported_is_what_was_used' exports_add_up
each 'manifest_has_the_hash_of_each_file_again' hashes_are_right

# -- held out and released
check 'a_reading_beyond_what_a_host_can_do_comes' send odd
each 'it_is_held_out' wait_until 180000 is_held
each 'it_counts_nothing' usage_comes_to november moved after
each 'it_is_released' releases
each 'it_counts_exactly_what_it_said' counts_what_was_held
each 'verify_finds_nothing_in_the_end' verify_says 0
each 'inventory_is_reconciled' reconciles
check 'collectors_end_in_order' end_all
