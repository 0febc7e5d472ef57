#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An autumn and a spring in which clocks change, in five time zones: usage by local hour, day and month, and bills of local days and months, come to the last
# digit to what a walk over all readings comes to (zones.py). Random readings, signed, through a real Kafka into stores with steps of half an hour and of an hour, on
# SQLite and PostgreSQL. A zone that steps of an hour do not serve is refused, with the grain that would do.

# shellcheck source-path=SCRIPTDIR source=../kit/both.sh
. "$(dirname "$(readlink -f "$0")")/../kit/both.sh"

seed=${HM_SEED:-$RANDOM}
echo "# HM_SEED=$seed"
known=$src/tests/e2e/zones.py
all=$topic.zones
began=()
zones=(Europe/Berlin America/New_York Asia/Kolkata Australia/Lord_Howe UTC)

# grain LENGTH: the stores with steps of that, fed from the one topic
grain ()
{
  use "$1"
  topics=([sqlite]=$all [postgresql]=$all)
  settings=(-o usage.grain="$1" -o collector.keys-dir="$dir/keys" -o collector.signatures=require)
}

begin ()
{
  run_all
  began+=("${running[@]}")
}

end_them ()
{
  local pid status=0
  for pid in "${began[@]}"; do
    stop "$pid" 120000 || status=1
  done
  return "$status"
}

# ask KIND ZONE FILE STEP|'' OPTION…
ask ()
{
  hm "$1" usage --zone "$2" --output ndjson --by "resource,device,meter${4:+,$4}" "${@:5}" > "$dir/$1.$used/$3"
}

# comes_to ZONE KIND
comes_to ()
{
  local step months=(--from 2025-10 --to 2026-05)
  mkdir -p "$dir/$2.$used"
  for step in hour day month; do
    ask "$2" "$1" "$step" "$step" "${months[@]}" || return 1
  done
  ask "$2" "$1" total '' "${months[@]}" && ask "$2" "$1" ever month \
    && ask "$2" "$1" same day --from 2025-10-01T00:00:00Z --to 2026-05-01T00:00:00Z \
    && /usr/bin/python3 "$known" check "$dir/truth.$used" "$1" "$dir/$2.$used"
}

# refused TEXT COMMAND… KIND: wrong usage, and the text
refused ()
{
  local kind=${*: -1} status=0
  hm "$kind" "${@:2:$# - 2}" > "$dir/refused.$kind" 2>&1 || status=$?
  cat "$dir/refused.$kind"
  [ "$status" -eq 64 ] && grep -qF -- "$1" "$dir/refused.$kind"
}

would_do () { refused 'a store with grain = 30m would do' "$@"; }
is_no_zone () { refused "there is no time zone 'Europe/Atlantis'" "$@"; }

# no_preview REFUSAL ZONE KIND: each kind writes into a folder of its own, for one that is being written to refuses a second export
no_preview () { "$1" export --provisional --period 2025-10 --zone "$2" --to-dir "$dir/none.$3" "$3"; }

# closes PERIOD ZONE KIND: asked once, answered when all that it waits for has come
closed ()
{
  hm "$3" periods close "$1" --zone "$2" --accept-gap --author desk@example.org --output csv --wait 300 > "$dir/close.$3" 2>&1 || grep -qF 'is closed already' "$dir/close.$3"
}
closes () { wait_until 400000 closed "$@" || { cat "$dir/close.$3"; return 1; }; }

# bills_come_to KIND: each statement that there is
bills_come_to ()
{
  local file period zone n=0
  hm "$1" export --to-dir "$dir/bills.$1.$used" --output ndjson > /dev/null || return 1
  while IFS=$'\t' read -r file period zone; do
    /usr/bin/python3 "$known" lines "$dir/truth.$used" "$zone" "$period" < "$dir/bills.$1.$used/$file" || return 1
    n=$((n + 1))
  done < <(jq -r '.files[] | [.file, .period, .zone] | @tsv' "$dir/bills.$1.$used/manifest.json")
  [ "$n" -eq "$statements" ]
}

# What bills of those months would say now, whether or not they can be closed: parts of them are in bills already.
previews_come_to () # ZONE PERIOD… KIND
{
  local kind=${*: -1} folder period
  folder=$(mktemp -d "$dir/preview.XXXXXX")
  for period in "${@:2:$# - 2}"; do
    hm "$kind" export --provisional --period "$period" --zone "$1" --to-dir "$folder" --output ndjson > /dev/null \
      && /usr/bin/python3 "$known" lines "$dir/truth.$used" "$1" "$period" < "$folder/provisional-$period.ndjson" || return 1
  done
}

# A zone may be served in some months and not in others.
month_comes_to () # PERIOD NEXT ZONE KIND
{
  hm "$4" usage --zone "$3" --from "$1" --to "$2" --by resource,device,meter,day --output ndjson \
    | /usr/bin/python3 "$known" lines "$dir/truth.$used" "$3" "$1"
}

mkdir -p "$dir/keys/node-1"
openssl rand -hex 32 > "$dir/keys/node-1/key-1"
chmod 600 "$dir/keys/node-1/key-1"
/usr/bin/python3 "$known" make "$dir" "$seed" "$dir/keys/node-1/key-1"
start_both
make_topics "$all" 1
"$real/kafka" produce "$dir/k" "$all" < "$dir/records"

grain 1h
each 'hours_are_taken' take
begin
for zone in Europe/Berlin America/New_York UTC; do
  each "hours_make_hours_days_and_months_of_$zone" comes_to "$zone"
done
for zone in Asia/Kolkata Australia/Lord_Howe; do
  each "an_hour_is_too_long_for_days_of_$zone" would_do usage --zone "$zone" --by day
  each "an_hour_is_too_long_for_hours_of_$zone" would_do usage --zone "$zone" --by hour
  each "an_hour_is_too_long_for_a_month_of_$zone" would_do usage --zone "$zone" --from 2025-10 --to 2025-11
  each "an_hour_is_too_long_for_a_bill_of_$zone" would_do periods close 2025-10 --zone "$zone"
  each "an_hour_is_too_long_for_a_preview_of_$zone" no_preview would_do "$zone"
done
each 'an_hour_will_do_for_a_month_of_Lord_Howe_that_is_11_hours_ahead' month_comes_to 2025-11 2025-12 Australia/Lord_Howe
each 'usage_knows_no_zone_that_is_none' is_no_zone usage --zone Europe/Atlantis --by day
each 'close_knows_no_zone_that_is_none' is_no_zone periods close 2025-10 --zone Europe/Atlantis
each 'list_knows_no_zone_that_is_none' is_no_zone periods list --zone Europe/Atlantis
each 'export_knows_no_zone_that_is_none' no_preview is_no_zone Europe/Atlantis

grain 30m
each 'half_hours_are_taken' take
begin
for zone in "${zones[@]}"; do
  each "half_hours_make_hours_days_and_months_of_$zone" comes_to "$zone"
done
each 'a_month_of_Lord_Howe_is_closed' closes 2025-10 Australia/Lord_Howe
each 'a_day_of_24_and_a_half_hours_is_closed' closes 2026-04-05 Australia/Lord_Howe
each 'a_day_of_25_hours_is_closed' closes 2025-11-02 America/New_York
each 'a_day_of_23_hours_is_closed' closes 2026-03-29 Europe/Berlin
each 'a_day_of_Kolkata_is_closed' closes 2026-03-15 Asia/Kolkata
statements=5
each 'statements_of_half_hours_come_to_it' bills_come_to
for zone in "${zones[@]}"; do
  each "bills_of_${zone}_would_come_to_it" previews_come_to "$zone" 2025-10 2026-03
done

grain 1h
each 'a_month_of_745_hours_is_closed' closes 2025-10 Europe/Berlin
each 'a_month_of_743_hours_is_closed' closes 2026-03 America/New_York
statements=2
each 'statements_of_hours_come_to_it' bills_come_to
check 'collectors_end_in_order' end_them
