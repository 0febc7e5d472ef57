#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Exactly once, with PostgreSQL: as collector_kills.sh, and the database is killed with -9 too, one of its backends or all of the server, most
# of them inside an open transaction of the collector, which lives through it.

# shellcheck source-path=SCRIPTDIR source=../chaos/kills.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/kills.sh"

postgres=$real/postgres
kills=${HM_KILLS:-10}
database=database_dies

sql ()
{
  psql -X -q -A -t -d "$store" -c "$1" 2>> "$dir/psql.log"
}

committed () # records behind the offsets in the store
{
  sql 'SELECT coalesce(sum(next), 0) FROM hypermeter.offsets' || echo 0
}

server_pid ()
{
  head -n 1 "$(cat "$dir/p/postgres.folder")/data/postmaster.pid"
}

backend_pid ()
{
  sql "SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'hypermeter'"
}

has_backend ()
{
  [ -n "$(backend_pid)" ]
}

# A server process outlives its program by a moment.
has_no_backend ()
{
  local pid
  pid=$(backend_pid) && [ -z "$pid" ]
}

# By turns a backend, after which the server ends all others and mends itself, and the server with all that is its own. What is stored
# afterwards the collector has stored over a new connection.
database_dies ()
{
  local before status=0
  wait_until 60000 has_no_backend || return 1
  start_collector
  wait_until 60000 has_backend || return 1
  if [ $((lives % 2)) -eq 0 ]; then
    kill_process backend "$(backend_pid)" inside || return 1
  else
    kill_process server "$(server_pid)" inside || return 1
    "$postgres" kill "$dir/p" && "$postgres" restart "$dir/p" || return 1
  fi
  wait_until 120000 has_backend || return 1
  before=$(committed)
  wait_until 240000 has_passed "$before" || { echo '# nothing is stored after the database has come back'; status=1; }
  end_collector anywhere || status=1
  return "$status"
}

# To the last digit, and in each of them.
views_agree ()
{
  local view
  "$cli" usage --store "$store" --by meter --output csv | sed 1d | cut -d , -f 1-3 | sort > "$dir/usage.csv"
  [ -s "$dir/usage.csv" ] || return 1
  for view in usage_hourly usage_daily usage_monthly; do
    sql "SELECT meter || ',' || trim_scale (sum (quantity)) || ',' || unit FROM hypermeter.$view GROUP BY meter, unit" | sort > "$dir/$view.csv"
    diff "$dir/usage.csv" "$dir/$view.csv" || return 1
  done
}

start_kafka --nodes 1
start_postgres
make_topics "$topic" 4
check 'collector_broker_and_database_are_killed_often_enough_inside_a_transaction' flow_with_kills
check 'collector_reads_to_the_end_after_the_kills' collect
check_equal 'offsets_say_that_each_record_was_stored' "$((records / resources * resources))" "$(committed)"
check_equal 'each_record_is_there_once' "$((records / resources * resources))" "$(sql 'SELECT count(*) FROM hypermeter.raw')"
check 'usage_equals_the_generators_sums' compare "$store"
check 'views_add_up_to_what_usage_prints' views_agree
