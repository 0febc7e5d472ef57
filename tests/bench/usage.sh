# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The part `usage` of scripts/bench, which sources it: what reading, closing, exporting and verifying cost with a million series. Each size is
# measured a tenth as large first: what takes constant memory takes the same in both.

# shellcheck disable=SC2034,SC2154 # what they share

# measured COMMAND…: its seconds and peak KiB are in $wall and $memory
measured ()
{
  /usr/bin/python3 "$src/tests/bench/measure.py" "$dir/cost" "$@" > "$dir/measured.log" 2>&1 \
    || { local status=$?; tail -n 5 "$dir/measured.log" | sed 's/^/# /'; return "$status"; }
  read -r wall _ memory _ < "$dir/cost"
}

per_second () # COUNT SECONDS
{
  awk -v n="$1" -v s="$2" 'BEGIN { print n / s }'
}

milliseconds () # NAME, of the lines of the programs: wall and CPU
{
  awk -v name="$1" '$1 == name { print $2 * 1000, $3 * 1000 }' "$dir/reading"
}

# usage_reading WHICH TITLE ROUNDS: one project's month through the store and by SQL, in turn
usage_reading ()
{
  local read_wall read_cpu sql_wall
  "$bare/usage_read" "$store" "$1" "$3" > "$dir/reading"
  read -r read_wall read_cpu < <(milliseconds read)
  read -r sql_wall _ < <(milliseconds sql)
  figure "$on: SQL on the view, $2" "$sql_wall" ms
  figure "$on: store and grouping, $2" "$read_wall" ms "$sql_wall"
  figure "$on: CPU time of that in the reader" "$read_cpu" ms
}

# The same lines by the database's own client: what an export can at best be.
bare_export ()
{
  case $store in
    sqlite:*) measured sqlite3 -readonly -csv "${store#sqlite://}" ".output $dir/bare.csv" 'SELECT * FROM statement_line ORDER BY number, line' ;;
    *) measured psql -q "$store" -c "\\copy (SELECT * FROM statement_line ORDER BY number, line) TO '$dir/bare.csv' (FORMAT csv)" ;;
  esac
  bare_rate=$(per_second "$lines" "$wall")
}

usage_closing ()
{
  local wall memory lines bare_rate
  measured "$bare/usage_close" "$store"
  lines=$(grep -oE '[0-9]+ lines' "$dir/measured.log" | grep -oE '[0-9]+')
  figure "$on: close of the month ($lines lines)" "$(awk '$1 == "close" { print $2 }' "$dir/measured.log")" s
  figure "$on: close, peak memory" "$(awk -v k="$memory" 'BEGIN { print k / 1024 }')" MiB
  bare_export
  figure "$on: the client's own export" "$bare_rate" rows/s
  rm -rf "$dir/export"
  measured "$cli" export --store "$store" --period 2025-10 --to-dir "$dir/export" --output csv
  [ "$(tail -q -n +2 "$dir/export"/*.csv | wc -l)" -eq "$lines" ]
  figure "$on: export of the month for all" "$(per_second "$lines" "$wall")" rows/s "$bare_rate"
  figure "$on: export, peak memory" "$(awk -v k="$memory" 'BEGIN { print k / 1024 }')" MiB
  rm -rf "$dir/export" "$dir/bare.csv"
}

usage_of () # SERIES
{
  local on="$1 series" wall memory cells
  "$bare/usage_load" "$store" "$1" > "$dir/reading"
  read -r _ wall _ cells < "$dir/reading"
  figure "$on: load of $cells cells" "$wall" s
  [[ $store = sqlite:* ]] || pg_analyse
  usage_reading month "a project's month" 10
  usage_reading open "its open month (days, hours)" 2
  measured "$cli" usage --store "$store" --project 00000000000000000000000000000000 --from 2025-10-01 --to 2025-11-01 --ids --output csv
  [ "$(wc -l < "$dir/measured.log")" -eq 31 ]
  figure "$on: hypermeter usage of that month, from start to end" "$(awk -v s="$wall" 'BEGIN { print s * 1000 }')" ms
  usage_closing
}

# What autovacuum does in its own time.
pg_analyse ()
{
  psql -q "$store" -c 'VACUUM ANALYZE rollup, buckets, resource_state, evidence'
}

# Records of the generator, through the collector, then made again from what is stored.
usage_verify ()
{
  local wall memory resources=300 written
  records=30000 topic=verify-$1
  "$real/kafka" topic "$dir/k" "$topic" 4 > /dev/null
  "$build/tests/generate" --records "$records" --resources "$resources" --brokers "$brokers" --topic "$topic" --keys "$dir/keys"
  rm -rf "$dir/c"
  group=$((group + 1))
  consume -o collector.signatures=off
  measured "$cli" verify --store "$store"
  figure "verify of $resources resources of $((records / resources)) records" "$(per_second "$resources" "$wall")" resources/s
  figure 'verify: records' "$(per_second "$records" "$wall")" records/s
  figure 'verify: peak memory' "$(awk -v k="$memory" 'BEGIN { print k / 1024 }')" MiB
}

# fresh_store NAME
fresh_store ()
{
  rm -f "$dir/usage.db"*
  [ "$1" = sqlite ] && store=sqlite://$dir/usage.db && return
  "$real/postgres" stop "$dir/p" > /dev/null 2>&1 || :
  start_postgres
}

bench_usage ()
{
  local kind size
  [ -n "${brokers-}" ] || start_kafka --nodes 1
  make_keys
  for kind in $stores; do
    for size in $((series / 10)) "$series"; do
      echo "-- usage: $kind, $size series of 30 meters a resource"
      fresh_store "$kind"
      usage_of "$size"
    done
    fresh_store "$kind"
    usage_verify "$kind"
  done
}
