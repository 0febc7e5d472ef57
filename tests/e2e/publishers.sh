#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Four publishers at once: Kafka and a file that rotates, both required, and two optional ones that hang: one never comes back from
# publish(), one never confirms. Kafka gets the same records in the same order as the file, as it did without those two, while the key that
# signs is exchanged and another program moves the file away, both told by SIGHUP. Every signature is verified by Python's hmac over the bytes
# from Kafka.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

mkdir "$dir/plugins" "$dir/keys"
cp -L "$build/tests/plugins/.libs/stuck.so" "$build/tests/plugins/.libs/silent.so" "$dir/plugins"
export HYPERMETER_PLUGIN_PATH=$dir/plugins:$HYPERMETER_PLUGIN_PATH

# write_key ID
write_key ()
{
  (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$dir/keys/$1")
}

# What hangs, for configure.
hung=$'[publisher:stuck]\nrequired=false\n[publisher:silent]\nrequired=false'

# use NAME OPTIONAL-PUBLISHERS: a topic, a folder for files and a state of their own
use ()
{
  topic=$1 out=$dir/out.$1 optional=$2
  mkdir "$out"
  "$real/kafka" topic "$dir/k" "$topic" 1 > /dev/null
}

# configure INTERVAL KEY…
configure ()
{
  local interval=$1 key
  shift
  cat > "$dir/agent.conf" << END
[agent]
id=e2e-host
state-dir=$dir/$topic
runtime-dir=$dir/$topic
polling=
interval=$interval
stop-timeout=15s
[inspector]
uri=test:///default
$optional
[publisher:kafka]
topic=$topic
kafka.bootstrap.servers=$brokers
[publisher:file]
path=$out/records
rotate-size=16KiB
END
  for key in "$@"; do
    printf '[key:%s]\nfile=%s\n%s\n' "$key" "$dir/keys/$key" "${from[$key]}" >> "$dir/agent.conf"
  done
}

# The end of the one partition: reading to it would not end while records come.
in_kafka () { kcat -Q -b "$brokers" -t "$topic:0:-1" | awk '{ print $NF }'; }
has () { [ "$(in_kafka)" -ge "$1" ]; }
in_files () { cat "$out"/records* | wc -l; }
same_count () { [ "$(in_kafka)" -eq "$(in_files)" ]; }
logged () { grep -qF -- "$1" "$dir/$topic.log"; }
rotated () { [ "$(find "$out" -name 'records.*Z.*' | wc -l)" -ge "$1" ]; }
start_agent () { background "$topic" "$agent" --config "$dir/agent.conf"; running=$started; }

# hear TEXT: SIGHUP, and the log says so in time
hear ()
{
  kill -HUP "$running"
  wait_until 300000 logged "$1"
}

# compare COUNT: with so many keys
compare ()
{
  kcat -C -q -b "$brokers" -t "$topic" -p 0 -e -f '%T\t%h\t%k\t%s\n' \
    | /usr/bin/python3 "$src/tests/e2e/check_publishers.py" "$1" "$dir/keys" "$out"/records*
}

declare -A from=([a]='' [b]='from=2026-01-01T00:00:00Z')
write_key a
write_key b
start_kafka

use alone ''
configure 200ms a
start_agent
check kafka_has_records_when_nothing_hangs wait_until 300000 has 60
check agent_stops_when_nothing_hangs stop "$running" 60000
check kafka_has_the_records_of_the_file_when_nothing_hangs compare 1

use beside "$hung"
configure 200ms a
start_agent
check kafka_goes_on_when_optional_publishers_hang wait_until 300000 has 60
configure 200ms a b
check agent_signs_with_another_key_when_told hear 'signed with key b from now on'
check kafka_goes_on_when_the_key_is_exchanged wait_until 300000 has $(($(in_kafka) + 60))
check file_is_rotated_when_it_is_full wait_until 300000 rotated 2
wait_until 300000 mv "$out/records" "$out/records.moved" # not there for a moment while it is rotated
kill -HUP "$running"
check file_is_opened_anew_when_another_program_moved_it wait_until 300000 test -s "$out/records"
configure 1h a b
check agent_polls_no_more_when_told hear 'interval 200ms to 1h'
check kafka_has_as_many_records_as_the_files wait_until 300000 same_count
began=$(now_ms)
check agent_stops_when_optional_publishers_hang stop "$running" 60000
echo "# stopped after $(($(now_ms) - began)) ms; its limit is 15 s, and 2 s for the publishers' end"
check kafka_has_the_records_of_the_files_in_their_order compare 2
