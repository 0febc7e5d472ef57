#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --check-config of both daemons: a configuration that could not start is refused with file, section, key and reason, as long as nothing has
# to be connected to for that; and nothing is made. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
# The collector's stores and the agent's plugins are in folders of their own in a build.
export HYPERMETER_PLUGIN_PATH=$build/collector/stores/.libs:$build/pollsters/.libs:$build/notifications/.libs:$build/publishers/.libs
tls=$source_root/tests/fixtures/tls
: > "$work/none" # a file that is no folder, no certificate and no token
chmod 600 "$work/none"
printf 'a-token-of-enough-characters\n' > "$work/token"
chmod 600 "$work/token"
printf 'a-token-of-enough-characters\n' > "$work/open-token"
chmod 644 "$work/open-token"

# check PROGRAM: on $work/conf; what it says is in the files out and err, its status in $status
check ()
{
  "$build/$1/hypermeter-$1" --config "$work/conf" --check-config > "$work/out" 2> "$work/err"
  status=$?
}

# starts NAME PROGRAM: it is good, and nothing was made
starts ()
{
  before=$(cd "$work" && find . | sort)
  check "$2"
  equals "${2}_would_start_with_$1" "0 the configuration is good $before" "$status $(head -n 1 "$work/out") $(cd "$work" && find . | sort)"
}

# ends NAME PROGRAM TEXT: refused in one line that begins with the file and TEXT
ends ()
{
  before=$(cd "$work" && find . | sort)
  check "$2"
  equals "${2}_would_not_start_with_$1" "78 1 1 $before" \
    "$status $(grep -cF -- "hypermeter-$2: $work/conf, $3" "$work/err") $(wc -l < "$work/err") $(cd "$work" && find . | sort)"
}

# -- agent

agent () { printf '[agent]\nstate-dir=%s\n[publisher:file]\npath=%s\n%b' "$1" "$2" "${3:-}" > "$work/conf"; }
http () { printf '[agent]\nstate-dir=%s\n[publisher:http]\nurl=https://127.0.0.1:9\n%s=%s\n' "$work/state" "$1" "$2" > "$work/conf"; }

: > "$work/out" # what the first find sees
: > "$work/err"
agent "$work/state/of/the/agent" "$work/records"
starts folders_that_can_be_made agent
equals agent_says_with_whose_rights_it_looked "with the rights of $(id -un) (uid $(id -u));" "$(grep -oF "with the rights of $(id -un) (uid $(id -u));" "$work/out")"
agent "$work/none/state" "$work/records"
ends a_state_folder_below_a_file agent "[agent]: state-dir: $work/none/state: Not a directory"
agent "$work/state" "$work/nowhere/records"
ends a_file_in_no_folder agent "[publisher:file]: path: $work/nowhere: No such file or directory"
agent "$work/state" "$work"
ends a_folder_for_a_file agent "[publisher:file]: path: $work: Is a directory"
agent "$work/state" /dev/null 'rotate-size=1MiB\n'
ends a_device_that_is_rotated agent '[publisher:file]: path: /dev/null: only a regular file can be rotated'
agent "$work/state" "$work/records" "[notification]\nfile=$work\n"
ends messages_of_a_folder agent "[notification]: file: $work: neither a regular file nor a FIFO"
agent "$work/used" "$work/records"
mkdir -p "$work/used/outbox/quarantine" "$work/file"
touch "$work/used"/{lock,metering-since,inventory.json,generations,deltas} "$work/used/outbox"/{journal,billing-0000000000000001.segment}
starts a_state_folder_that_was_used agent
for name in lock metering-since inventory.json generations deltas; do
  mkdir -p "$work/$name.state/$name"
  agent "$work/$name.state" "$work/records"
  ends "a_folder_in_place_of_$name" agent "[agent]: state-dir: $work/$name.state/$name: Is a directory"
done
touch "$work/file/outbox"
agent "$work/file" "$work/records"
ends a_file_for_an_outbox agent "[agent]: state-dir: $work/file/outbox: Not a directory"
agent "$work/dangling" "$work/records"
ln -s "$work/nowhere" "$work/dangling"
ends a_link_to_nowhere agent "[agent]: state-dir: $work/dangling: No such file or directory"
http token-file "$work/token"
starts a_token agent
http token-file "$work/nowhere"
ends a_token_that_is_not_there agent "[publisher:http]: token-file: $work/nowhere: No such file"
http token-file "$work/open-token"
ends a_token_that_others_may_read agent "[publisher:http]: token-file: $work/open-token: "
http tls-ca "$tls/ca.pem"
starts a_ca agent
http tls-ca "$work/none"
ends a_ca_of_another_sort agent "[publisher:http]: tls-ca: $work/none: "
http tls-certificate "$work/nowhere"
ends a_certificate_that_is_not_there agent "[publisher:http]: tls-certificate: $work/nowhere: "

# -- collector

# collector [SECTION LINES]…: a good configuration with those lines in place of its own
collector ()
{
  local state=$work/state url=sqlite://$work/usage.db
  printf '[collector]\nstate-dir=%s\nlisten=%s\n%b[store]\nurl=%s\n[source]\nkafka.bootstrap.servers=127.0.0.1:9\n[ingest]\n%b' \
    "${state_dir:-$state}" "${listen-}" "${1:-}" "${store_url:-$url}" "${2:-}" > "$work/conf"
}

collector
starts folders_that_can_be_made collector
equals collector_says_with_whose_rights_it_looked 1 "$(grep -cF "with the rights of $(id -un) (uid $(id -u));" "$work/out")"
state_dir=$work/none/state
collector
ends a_state_folder_below_a_file collector "[collector]: state-dir: $work/none/state: Not a directory"
state_dir=$work/later store_url=sqlite://$work/later/usage.db
collector
starts a_store_in_the_state_folder_that_is_made collector
state_dir=$work/later/
collector
starts a_store_in_a_folder_that_is_written_otherwise collector
state_dir=/$work//./later store_url=sqlite:////$work/later/usage.db
collector
starts a_store_in_a_folder_with_more_slashes collector
state_dir=$work/has store_url=sqlite://$work/has/usage.db
mkdir "$work/has"
touch "$work/has/usage.db" "$work/has/usage.db.lock" "$work/has/collector.lock"
collector
starts a_store_that_is_there collector
for name in usage.db usage.db.lock collector.lock; do
  mkdir -p "$work/$name.has/$name"
  state_dir=$work/$name.has store_url=sqlite://$work/$name.has/usage.db
  collector
  ends "a_folder_in_place_of_$name" collector \
    "$([ $name = collector.lock ] && echo '[collector]: state-dir' || echo '[store]: url'): $work/$name.has/$name: Is a directory"
done
state_dir=$work/later store_url=sqlite://$work/nowhere/usage.db
collector
ends a_store_in_no_folder collector "[store]: url: $work/nowhere: No such file or directory"
state_dir='' store_url=''
collector "meters=$work/nowhere\n"
ends no_table_of_meters collector "[collector]: meters: "
collector "keys-dir=$work/nowhere\n"
ends no_folder_of_keys collector "[collector]: keys-dir: $work/nowhere: No such file"
listen=127.0.0.1:0
collector "tls-certificate=$work/none\n"
ends a_certificate_of_another_sort collector "[collector]: tls-certificate: $work/none: "
collector "tls-certificate=$tls/server.pem\ntls-client-ca=$work/none\n"
ends a_client_ca_of_another_sort collector "[collector]: tls-client-ca: $work/none: "
collector "tls-certificate=$tls/server.pem\ntls-client-ca=$tls/ca.pem\n" \
  "listen=127.0.0.1:0\ntls-certificate=$tls/server.pem\ntls-client-ca=$tls/ca.pem\ntoken-file=$work/token\n"
starts certificates_and_tokens collector
collector '' "listen=127.0.0.1:0\ntoken-file=$work/nowhere\n"
ends tokens_that_are_not_there collector "[ingest]: token-file: $work/nowhere: No such file"
collector '' "listen=127.0.0.1:0\ntoken-file=$work/none\n"
ends a_file_without_tokens collector "[ingest]: token-file: $work/none: line 1: no token"
collector '' "listen=127.0.0.1:0\ntls-certificate=$work/nowhere\ntoken-file=$work/token\n"
ends a_certificate_that_is_not_there collector "[ingest]: tls-certificate: $work/nowhere: "
collector '' "listen=127.0.0.1:0\ntls-certificate=$tls/server.pem\ntls-client-ca=$work/nowhere\n"
ends a_client_ca_that_is_not_there collector "[ingest]: tls-client-ca: $work/nowhere: "

echo "1..$number"
