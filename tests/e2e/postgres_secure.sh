#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Collector and command line reach a real PostgreSQL over TLS, with a password from a file. Whatever is wrong with either is said in words: at the
# start, with its exit status, and in the log of a collector that runs, which goes on by itself when it is right again. A password that changes,
# connections that are cut within a transaction, a server that comes back with another certificate: no record is lost or counted twice. A client's
# certificate does as well. No password is in a log, in what is printed, in a command line or in an environment.

# shellcheck source-path=SCRIPTDIR source=../chaos/kills.sh
. "$(dirname "$(readlink -f "$0")")/../chaos/kills.sh"

postgres=$real/postgres
records=6000 resources=20 sent=0 looks=0

committed () # records in the store
{
  "$postgres" sql "$dir/p" 'SELECT count(*) FROM hypermeter.raw' hypermeter 2>> "$dir/psql.log" || echo 0
}

# send N: the next ones of all records
send ()
{
  sed -n "$((sent + 1)),$((sent + $1))p" "$dir/records" | sed 's/.*"resource":{"id":"\([^"]*\)".*/\1\t&/' \
    | kcat -P -b "$brokers" -t "$topic" -K '\t' || return 1
  sent=$((sent + $1))
}

has_all ()
{
  [ "$(committed)" -eq "$sent" ]
}

all_is_stored ()
{
  wait_until 90000 has_all && ! gone "$collecting"
}

# -- what is wrong at the start

collect_into () # URL
{
  "$collector" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" \
    -o source.topic="$topic" -o store.url="$1" "${for_ever[@]}" --until-end
}

keep_said ()
{
  looks=$((looks + 1))
  cat "$dir/expect.out" "$dir/expect.err" > "$dir/said.$looks.log"
}

# refuses NAME CODE TEXT URL: the collector
refuses ()
{
  expect_exit "collector_$1" "$2" "$3" collect_into "$4"
  keep_said
}

# both_refuse NAME CODE TEXT URL
both_refuse ()
{
  refuses "$@"
  expect_exit "cli_$1" "$2" "$3" "$cli" usage --store "$4"
  keep_said
}

# check_says NAME TEXT URL: --check-config, as 78
check_says ()
{
  expect_exit "check_finds_$1" 78 "[store]: url: $2" "$collector" -o store.url="$3" "${for_ever[@]}" --check-config \
    -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" -o source.topic="$topic"
  keep_said
}

# show NAME: the server comes back with that certificate
show ()
{
  "$postgres" present "$dir/p" "$1" && "$postgres" kill "$dir/p" && "$postgres" restart "$dir/p"
}

# -- while the collector runs

says ()
{
  tail -n "+$log_from" "$dir/collector.log" | grep -F 'the store does not take records, trying again' | grep -qF -- "$1"
}

# says_and_waits TEXT: from now on; it goes on running, and nothing is stored
says_and_waits ()
{
  local before
  before=$(committed) log_from=$(($(wc -l < "$dir/collector.log") + 1))
  send 500 && wait_until 60000 says "$1" && ! gone "$collecting" && [ "$(committed)" -eq "$before" ]
}

is_encrypted ()
{
  [ "$("$postgres" sql "$dir/p" "SELECT bool_and (ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'hypermeter'")" = t ]
}

write_password () # PASSWORD FILE
{
  echo "localhost:$port:*:hypermeter:$1" > "$tls/$2"
}

cut_connections ()
{
  "$postgres" sql "$dir/p" "SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE application_name = 'hypermeter'" > /dev/null
}

waits_when_the_password_changes ()
{
  "$postgres" sql "$dir/p" "ALTER ROLE hypermeter PASSWORD '$second'" && cut_connections || return 1
  says_and_waits 'password authentication failed for user "hypermeter"'
}

# As soon as one has a transaction open; three times.
is_cut_within_transactions ()
{
  local cutting
  for _ in 1 2 3; do
    "$postgres" sql "$dir/p" "DO \$\$ DECLARE n int := 0; BEGIN FOR i IN 1..30000 LOOP PERFORM pg_stat_clear_snapshot (); SELECT count (pg_terminate_backend (pid))
      INTO n FROM pg_stat_activity WHERE application_name = 'hypermeter' AND xact_start < clock_timestamp (); EXIT WHEN n > 0; PERFORM pg_sleep (0.001); END LOOP;
      IF n = 0 THEN RAISE EXCEPTION 'no transaction was open'; END IF; END \$\$" 2>> "$dir/psql.log" &
    cutting=$!
    { send 500 && wait "$cutting" && all_is_stored; } || return 1
  done
}

goes_on_with_a_renewed_certificate ()
{
  (cd "$tls" && umask 077 && sign renewed localhost) && send 200 && show renewed && send 300 && all_is_stored
}

# -- through a proxy that ends TLS

# Rows of about 8 KiB leave the least room for the next TLS record in what libpq reads into; how long the last one is, their number decides.
reads_through_a_proxy ()
{
  local count rows proxied
  "$postgres" sql "$dir/p" "UPDATE hypermeter.raw SET value = value || convert_to (repeat (' ', 8000 - length (value)), 'UTF8')
    WHERE resource = 'instance-000001'" hypermeter || return 1
  background proxy /usr/bin/python3 "$src/tests/e2e/tls_proxy.py" "$tls/server.crt" "$tls/server.key" \
    "$(cat "$dir/p/postgres.folder")/.s.PGSQL.$port"
  wait_until 10000 [ -s "$dir/proxy.log" ] || return 1
  proxied=${store/localhost:$port/localhost:$(head -n 1 "$dir/proxy.log")}
  for count in {13..6}; do
    "$postgres" sql "$dir/p" "DELETE FROM hypermeter.raw WHERE resource = 'instance-000001' AND seq > $count" hypermeter
    rows=$(timeout 20 "$cli" samples --store "$proxied" --resource instance-000001 --output ndjson 2> "$dir/proxied.err" | wc -l)
    [ "$rows" -eq $((count * 30)) ] || { echo "# of $count records $rows samples came: $(tail -n 1 "$dir/proxied.err")"; return 1; }
  done
}

# -- secrets

in_a_file () # the URL with the password in it, which only a file may hold
{
  printf '[collector]\nstate-dir=%s\nruntime-dir=%s\n[source]\nkafka.bootstrap.servers=%s\n[store]\nkeep-raw=0s\nkeep-bins=0s\nurl=%s\n' "$dir/c" "$dir/c" "$brokers" \
    "$(sed "s,hypermeter@,hypermeter:$second@,; s,&passfile=[^&]*,," <<< "$store")" > "$dir/plain.conf"
  "$collector" --config "$dir/plain.conf" --print-config > "$dir/printed.log" && grep -qF 'hypermeter:******@localhost' "$dir/printed.log" || return 1
  "$collector" --config "$dir/plain.conf" --until-end > "$dir/plain.log" 2>&1 || return 1
  ! "$cli" store backup --config "$dir/plain.conf" "$dir/copy" > "$dir/backup.log" 2>&1 || return 1
  ! "$collector" --config "$dir/plain.conf" -o "store.url=$(sed -n 's/^url=//p' "$dir/plain.conf" | sed "s,$tls/ca.pem,$tls/other.pem,")" --until-end \
    > "$dir/distrust.log" 2>&1
}

note_processes ()
{
  local folder
  for folder in /proc/[0-9]*; do
    tr '\0' ' ' < "$folder/cmdline" || :
    echo
  done > "$dir/processes" 2> /dev/null
  tr '\0' '\n' < "/proc/$collecting/environ" > "$dir/environment"
  grep -qF "store.url=$store" "$dir/processes" && [ -s "$dir/environment" ]
}

# Each file is looked at whole, and none is empty that would show it.
no_secret_is_said ()
{
  local secret file
  cp "$(cat "$dir/p/postgres.folder")/log" "$dir/server.log"
  for file in collector.log said.1.log printed.log plain.log backup.log distrust.log server.log processes environment; do
    [ -s "$dir/$file" ] || { echo "# $file is empty"; return 1; }
  done
  for secret in "$first" "$second" "$wrong"; do
    [ "${#secret}" -ge 12 ] && ! grep -lF -- "$secret" "$dir"/*.log "$dir/processes" "$dir/environment" || return 1
  done
}

start_kafka --nodes 1
start_postgres --secure yes
tls=$dir/p/tls
port=$(cat "$(cat "$dir/p/postgres.folder")/port")
first=$(cat "$tls/password") second=$(random_password) wrong=$(random_password)
(
  cd "$tls"
  umask 077
  make_authority other
  sign expired localhost -1
  sign foreign elsewhere.example
  write_password "$wrong" wrong
)
make_topics "$topic" 2
"$generate" --records "$records" --resources "$resources" --sums "$dir/sums" > "$dir/records"

both_refuse 'refuses_a_wrong_password' 69 'password authentication failed for user "hypermeter"' "$store&passfile=$tls/wrong"
both_refuse 'refuses_another_authority' 69 "certificate verify failed (the server's certificate is not signed by sslrootcert's" \
  "$store&sslrootcert=$tls/other.pem"
both_refuse 'is_refused_in_plain_text' 69 'no encryption' "$store&sslmode=disable"
both_refuse 'refuses_a_password_file_that_is_not_there' 69 "no password supplied (passfile=$tls/none: No such file" "$store&passfile=$tls/none"
check_says 'a_password_file_that_is_not_there' "passfile=$tls/none: No such file" "$store&passfile=$tls/none"
cp "$tls/pgpass" "$tls/open"
chmod 640 "$tls/open"
both_refuse 'refuses_a_password_file_that_others_can_read' 69 "(passfile=$tls/open: libpq takes no password file" "$store&passfile=$tls/open"
both_refuse 'refuses_an_authority_that_is_not_there' 69 "sslrootcert=$tls/none.pem: No such file" "$store&sslrootcert=$tls/none.pem"
both_refuse 'refuses_a_list_of_revoked_certificates_that_is_not_there' 69 "sslcrl=$tls/none.pem: No such file" "$store&sslcrl=$tls/none.pem"
cp "$tls/client.key" "$tls/open.key"
chmod 644 "$tls/open.key"
refuses 'refuses_a_key_that_others_can_read' 69 "(sslkey=$tls/open.key: libpq takes no key" "$store&sslcert=$tls/client.crt&sslkey=$tls/open.key"
check_says 'a_key_that_others_can_read' "sslkey=$tls/open.key: libpq takes no key" "$store&sslkey=$tls/open.key"
show expired
both_refuse 'refuses_a_certificate_whose_time_is_over' 69 'certificate verify failed' "$store"
check 'server_says_that_the_time_is_over' grep -q 'alert certificate expired' "$(cat "$dir/p/postgres.folder")/log"
show foreign
both_refuse 'refuses_the_certificate_of_another_host' 69 'does not match host name "localhost"' "$store"
show server

start_collector
send 1000
check 'records_are_stored_over_tls' all_is_stored
check 'connections_are_encrypted' is_encrypted
check_equal 'usage_is_read_over_tls' "$resources" "$("$cli" usage --store "$store" --by resource --meter cpu --output ndjson | wc -l)"
check 'collector_waits_when_the_password_changes' waits_when_the_password_changes
write_password "$second" pgpass
check 'collector_goes_on_with_the_new_password' all_is_stored
check 'nothing_is_lost_when_connections_are_cut_within_a_transaction' is_cut_within_transactions
check 'collector_goes_on_when_the_certificate_is_renewed' goes_on_with_a_renewed_certificate
show expired
check 'collector_waits_when_the_certificates_time_is_over' says_and_waits 'certificate verify failed'
show server
check 'collector_goes_on_when_the_certificate_is_good_again' all_is_stored
check 'processes_are_looked_at' note_processes
check 'collector_stops' stop "$collecting"
check 'password_in_a_configuration_file_is_masked' in_a_file

"$postgres" rule "$dir/p" 'hostssl all all 127.0.0.1/32 cert'
show server
send $((records / resources * resources - sent))
both_refuse 'is_refused_without_a_certificate_where_one_is_asked_for' 69 'connection requires a valid client certificate' "$store"
store+="&sslcert=$tls/client.crt&sslkey=$tls/client.key"
check 'collector_has_a_certificate_instead_of_a_password' collect
check_equal 'each_record_is_there_once' "$sent" "$(committed)"
check 'usage_equals_the_generators_sums' compare "$store"
check 'no_secret_is_said' no_secret_is_said
check 'large_tls_records_are_read' reads_through_a_proxy
