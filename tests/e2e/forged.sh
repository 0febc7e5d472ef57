#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signatures over a real Kafka, where every source must sign: among true records there are forged, altered, cross-signed, unsigned and repeated
# ones. Each false one is a dead letter with its reason, and the sums are those of the true ones. Then keys are exchanged while the
# collector runs, and a real agent's records are verified by the key file that it signs with.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# key FILE: a new one
key ()
{
  mkdir -p "$(dirname "$1")"
  openssl rand -hex 32 > "$1"
  chmod 600 "$1"
}

generate ()
{
  "$build/tests/generate" --brokers "$brokers" --topic "$topic" --resources 50 "$@"
}

# letters: how many there are of each reason and first word of the detail
letters ()
{
  "$cli" dead-letters --store "$store" --output ndjson | /usr/bin/python3 -c '
import collections, json, sys
rows = [json.loads(line) for line in sys.stdin]
assert all(row["key"] and row["value"] for row in rows)
count = collections.Counter(row["reason"] + "/" + row["detail"].split(":")[0] for row in rows)
print(", ".join(f"{name} {n}" for name, n in sorted(count.items())))'
}

sums_are_right ()
{
  "$cli" usage --store "$store" --by resource,device,meter --output ndjson | /usr/bin/python3 "$src/tests/e2e/compare_sums.py" "$dir/sums"
}

# records_of AGENT: how many of its records are stored
records_of ()
{
  "$cli" samples --store "$store" --records --output ndjson \
    | /usr/bin/python3 -c 'import json, sys; print(sum(json.loads(line)["agent"] == sys.argv[1] for line in sys.stdin))' "$1"
}
stored () { [ "$(records_of "$1")" -ge "$2" ]; }
said () { [ "$(grep -cF -- "$1" "$dir/collector.log")" -ge 1 ]; }

start_kafka --nodes 1
make_topics "$topic" 3
for number in {0..49}; do
  key "$dir/keys/agent-$number/key-$number"
  key "$dir/forger/agent-$number/key-$number"
  mkdir -p "$dir/crossed/agent-$number"
done
for number in {0..49}; do
  cp -p "$dir/keys/agent-$number/key-$number" "$dir/crossed/agent-$(((number + 1) % 50))/"
done

generate -n 2000 --keys "$dir/keys" --sums "$dir/sums"
generate -n 200 --keys "$dir/forger" --epoch forged
generate -n 200 --keys "$dir/keys" --altered
generate -n 200 --keys "$dir/crossed" --epoch crossed
generate -n 200 --epoch unsigned
generate -n 200 --keys "$dir/keys"
head -c 100000 /dev/zero | tr '\0' x > "$dir/large"
for header in "hm-signature=$(cat "$dir/large")" ce_id=twice; do
  echo '{}' | kcat -P -b "$brokers" -t "$topic" -k instance-000000 -H "$header" -H ce_id=some
done

policy=(-o collector.signatures=require -o collector.keys-dir="$dir/keys")
check 'collector_goes_on_past_false_records' collect "${policy[@]}"
check_equal 'false_records_are_refused_each_for_its_reason' 'bad-signature/ce_id 1, bad-signature/does not match 400, bad-signature/hm-signature 1, bad-signature/unsigned 200, wrong-agent/signed with another agent'"'"'s key 200' \
  "$(letters 2> "$dir/letters.log" || :)"
check 'true_records_come_to_what_they_come_to_alone' sums_are_right

# Keys exchanged while it runs, and a real agent's.
background collector "$collector" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o store.url="$store" \
  -o source.topic="$topic" -o source.kafka.bootstrap.servers="$brokers" "${for_ever[@]}" "${policy[@]}"
running=$started
wait_until 180000 said 'notice: running'
check 'collector_says_what_it_goes_by' said 'signatures: 50 keys of 50 agents, signatures=require'
key "$dir/keys/e2e-host/e2e-key"
kill -HUP "$running"
check 'collector_takes_a_new_key_on_sighup' wait_until 180000 said 'signatures: 51 keys of 51 agents'
test_driver 2
"$agent" -o agent.id=e2e-host -o agent.state-dir="$dir/a" -o agent.runtime-dir="$dir/a" -o inspector.uri="$uri" -o agent.key-id=e2e-key \
  -o agent.key-file="$dir/keys/e2e-host/e2e-key" -o publisher:kafka.kafka.bootstrap.servers="$brokers" -o publisher:kafka.topic="$topic" \
  -o agent.stop-timeout=60s --once 2> "$dir/agent.log"
check 'collector_takes_the_records_of_an_agent_with_that_key' wait_until 180000 stored e2e-host 2
echo nonsense > "$dir/keys/e2e-host/e2e-key"
kill -HUP "$running"
check 'collector_keeps_its_keys_when_one_is_no_good' wait_until 180000 said 'stay as they were'
expect_exit 'check_config_names_the_key_that_is_no_good' 78 e2e-host/e2e-key "$collector" -o collector.state-dir="$dir/c" "${policy[@]}" --check-config
check 'collector_stops' stop "$running"
