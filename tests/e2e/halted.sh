#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What an operator is told and does: a configuration that would not start is refused beforehand, with its place; a partition that is halted
# goes on in either of the two ways that docs/collector.md has, and nothing counts twice.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

start_kafka --nodes 1
mkdir -p "$dir/c"
cat > "$dir/collector.conf" << END
[collector]
state-dir=$dir/c
runtime-dir=$dir/c
listen=
[source]
kafka.bootstrap.servers=$brokers
[store]
url=$store
keep-raw=0s
keep-bins=0s
END

# -- what would not start is said beforehand, with its place
refuses () # NAME TEXT KEY=VALUE
{
  expect_exit "check_config_$1" 78 "$2" "$collector" --config "$dir/collector.conf" --check-config -o "$3"
}
refuses knows_the_stores "command line, [store]: url: there is no store 'mysql'" store.url=mysql://host/db
refuses knows_paths 'command line, [store]: url: ' store.url=sqlite://relative.db
refuses knows_urls 'command line, [store]: url: ' store.url='postgresql://host/db?bogus=1'
refuses looks_for_keys 'command line, [collector]: keys-dir: ' collector.keys-dir="$dir/nowhere"
refuses looks_for_tls 'command line, [collector]: tls-certificate: ' collector.tls-certificate="$dir/nowhere"
is_good ()
{
  "$collector" --config "$dir/collector.conf" --check-config > "$dir/checked"
}
check check_config_takes_what_is_good is_good

# -- a halted partition: the topic ends before what is stored, as one does that was made anew. Two ways back, both of which read again
# what is stored already, and count nothing twice
record () # SEQ: its number decides its time, by both clocks, and its value
{
  printf '{"schema":"hypermeter.samples/1","source":"default","agent":{"id":"a-1","epoch":"e-1","bin":1,"metering_since":"2026-11-01T00:00:00Z"},"seq":%s,"resource":{"id":"i-1","kind":"instance","project":"p-1","user":"u-1","state":"running","epoch":"b:1:0","epoch_start":"2026-11-20T10:00:00Z"},"time":"2026-11-20T10:0%s:00Z","read_ns":1000,"interval_ns":60000000000,"clock":{"boot":"b","boot_ns":%s000000000,"synced":true},"samples":[{"meter":"cpu","type":"cumulative","unit":"ns","value":%s000}]}\n' \
    "$1" "$1" "$(($1 * 60))" "$1"
}

send () # TOPIC SEQ…
{
  local to=$1 number
  shift
  for number; do record "$number"; done | kcat -P -b "$brokers" -t "$to" -p 0 -k i-1
}

of () # TOPIC COMMAND…: in a group of its own: a static member that is back in its group keeps the partitions of the topic that it had
{
  local of=$1
  shift
  "$@" -o source.topic="$of" -o source.kafka.group.id="$of"
}

stored () # records and usage of the instance
{
  echo "$(sqlite3 "$dir/usage.db" "SELECT count(*) FROM raw WHERE resource = 'i-1'")" \
    "$("$cli" usage --store "$store" --resource i-1 --meter cpu --output csv | tail -n 1 | tr -d '\r' | grep -o ',[0-9]*,ns' | head -n 1)"
}

"$real/kafka" topic "$dir/k" first.life 1 > /dev/null
"$real/kafka" topic "$dir/k" second.life 1 > /dev/null
send first.life 1 2 3
check collector_takes_what_there_is of first.life collect
check_equal usage_is_that_of_three_records '3 ,3000,ns' "$(stored)"
sqlite3 "$dir/usage.db" "UPDATE offsets SET next = next + 5 WHERE topic = 'first.life'"
expect_exit collector_halts_when_the_topic_is_another_one 1 'is halted: it ends at 3, before the 8 that is stored' \
  of first.life "$collector" --config "$dir/collector.conf" --until-end
sqlite3 "$dir/usage.db" "DELETE FROM offsets WHERE topic = 'first.life'"
send first.life 4
check collector_goes_on_when_the_offsets_are_deleted of first.life collect
check_equal usage_counts_once_what_is_read_again '4 ,4000,ns' "$(stored)"
send second.life 3 4 5
check collector_goes_on_with_a_topic_of_another_name of second.life collect
check_equal usage_counts_once_what_is_sent_again '5 ,5000,ns' "$(stored)"
