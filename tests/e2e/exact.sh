#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Digits and refusals over a real Kafka. Records written by kcat, as a foreign producer would: the largest integers come out digit by
# digit, and what cannot be taken becomes a dead letter with its reason while the records after it are stored.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# record SEQ TIME SAMPLES: one sample record of instance i-1
record ()
{
  printf '{"schema":"hypermeter.samples/1","source":"default","agent":{"id":"a-1","epoch":"e-1","bin":1,"metering_since":"2026-11-01T00:00:00Z"},"seq":%s,"resource":{"id":"i-1","kind":"instance","project":"p-1","user":"u-1","state":"running","epoch":"b:1:0","epoch_start":"2026-11-20T10:00:00Z"},"time":"%s","read_ns":1000,"interval_ns":60000000000,"clock":{"boot":"b","boot_ns":1,"synced":true},"samples":[%s]}' \
    "$1" "$2" "$3"
}

cumulative () # METER VALUE
{
  printf '{"meter":"%s","type":"cumulative","unit":"ns","value":%s}' "$1" "$2"
}

# send: standard input, one record a line, to one partition
send ()
{
  kcat -P -b "$brokers" -t "$topic" -p 0 -k i-1 -l /dev/stdin
}

good=1
ok_record () # another good record; its number decides its time
{
  record "$good" "2026-11-20T10:$(printf '%02d' "$good"):00Z" "$(cumulative cpu "$((good * 1000))")"
  echo
  good=$((good + 1))
}

start_kafka --nodes 1
"$real/kafka" topic "$dir/k" "$topic" 1 max.message.bytes=4000000 > /dev/null

{
  record 1 2026-11-20T10:01:00Z "$(cumulative cpu '"18446744073709551615"'),$(cumulative cpu.user '"9007199254740993"'),$(cumulative cpu.system 9007199254740992)"
  echo
} | send
check 'collector_takes_the_largest_integers' collect
usage_of () { "$cli" usage --store "$store" --meter "$1" --output ndjson | /usr/bin/python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["quantity"])'; }
sample_of () { "$cli" samples --store "$store" --meter "$1" --output csv | tail -n 1 | tr -d '\r' | cut -d, -f7; }
check_equal 'usage_prints_18446744073709551615_digit_by_digit' 18446744073709551615 "$(usage_of cpu)"
check_equal 'usage_prints_9007199254740993_digit_by_digit' 9007199254740993 "$(usage_of cpu.user)"
check_equal 'samples_print_18446744073709551615_digit_by_digit' 18446744073709551615 "$(sample_of cpu)"
check_equal 'samples_print_9007199254740993_digit_by_digit' 9007199254740993 "$(sample_of cpu.user)"

good=2
{
  echo 'this is no JSON'
  ok_record
  record 100 2026-11-20T11:00:00Z "$(cumulative cpu 1)" | sed 's|samples/1|samples/999|'
  echo
  ok_record
  record 101 2026-11-20T11:00:00Z '{"meter":"cpu","type":"gauge","unit":"ns","value":1}'
  echo
  ok_record
  record 102 2026-11-20T11:00:00Z "$(cumulative cpu 18446744073709551616)"
  echo
  ok_record
  record 103 2026-11-20T11:00:00Z "$(cumulative cpu 1)" | sed 's|"u-1"|"\xff\xfe"|'
  echo
  ok_record
  record 104 2026-11-20T11:00:00Z "$(cumulative cpu 1)" | sed 's|"id":"i-1",||'
  echo
  ok_record
  record 105 2026-11-20T11:00:00Z "$(cumulative cpu 1)" | sed "s|\"u-1\"|\"$(head -c 1000 /dev/zero | tr '\0' x)\"|"
  echo
  ok_record
} > "$dir/lines"
send < "$dir/lines"
# kcat's line reader is not made for a megabyte: this one goes by file.
record 106 2026-11-20T11:00:00Z "$(cumulative cpu 1)" > "$dir/large"
/usr/bin/python3 - "$dir/large" << 'END'
import json, sys
record = json.load(open(sys.argv[1]))
record["resource"]["metadata"] = {"note": "x" * 1100000}
json.dump(record, open(sys.argv[1], "w"))
END
kcat -P -b "$brokers" -t "$topic" -p 0 -k i-1 -X message.max.bytes=4000000 "$dir/large"
ok_record > "$dir/lines"
send < "$dir/lines"
check 'collector_goes_on_after_bad_records' collect
reasons=$("$cli" dead-letters --store "$store" --output csv | tail -n +2 | cut -d, -f6 | tr '\n' ' ')
check_equal 'dead_letters_have_the_reasons' \
  'bad-json bad-schema bad-type out-of-range bad-utf8 missing-field too-large too-large ' "$reasons"
taken=$("$cli" samples --store "$store" --records --output csv | tail -n +2 | wc -l)
check_equal 'each_good_record_after_a_bad_one_is_stored' "$((good - 1))" "$taken"
