#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent and a real broker with TLS and SASL. A wrong password and a wrong authority are said in the log and in the status, in words,
# and sampling goes on meanwhile; when the password's file is right, all that was taken is in the topic, without a restart. Meters are
# declared before the first record. No secret is printed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# run_agent NAME CA [OPTION…]: in the background, with the password of the file $dir/NAME.password; its socket is $dir/NAME/agent.sock
run_agent ()
{
  cat > "$dir/$1.conf" << END
[agent]
id=$1
state-dir=$dir/$1
runtime-dir=$dir/$1
interval=500ms
[inspector]
uri=test:///default
[publisher:kafka]
kafka.bootstrap.servers=$(sed -n 's/^bootstrap.servers=//p' "$tls/client.conf")
kafka.security.protocol=SASL_SSL
kafka.sasl.mechanisms=PLAIN
kafka.sasl.username=hypermeter
kafka.sasl.password.file=$dir/$1.password
kafka.ssl.ca.location=$2
kafka.broker.address.family=v4
END
  background "$1" "$agent" --config "$dir/$1.conf" "${@:3}"
}

# holds NAME EXPRESSION: is true of that agent's status now
holds ()
{
  "$cli" status agent --socket "$dir/$1/agent.sock" --output json > "$dir/status.json" 2> "$dir/status.err" || return 1
  python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); k = s["publishers"][0]; sys.exit(not eval(sys.argv[2]))' \
    "$dir/status.json" "$2" 2>> "$dir/status.err"
}

# says TEST-NAME NAME EXPRESSION: comes to be true
says ()
{
  local status=0
  wait_until 300000 holds "$2" "$3" || status=$?
  [ "$status" -eq 0 ] || sed 's/^/# /' "$dir/status.json" "$dir/status.err"
  result "$status" "$1"
}

# read_topic TOPIC FORMAT: all of it, by an independent client, over TLS
read_topic ()
{
  kcat -q -C -F "$tls/client.conf" -X broker.address.family=v4 -t "$1" -o beginning -e -f "$2" 2>> "$dir/kcat.log"
}

# Of each resource, the numbers of its records are there from 1 without a hole.
whole ()
{
  read_topic "$topic" '%s\n' > "$dir/records"
  python3 -c '
import collections, json, sys
seen = collections.defaultdict(set)
for line in open(sys.argv[1]):
    record = json.loads(line)
    seen[record["agent"]["epoch"], record["resource"]["id"]].add(record["seq"])
print("#", {key[1]: len(numbers) for key, numbers in seen.items()})
sys.exit(not seen or any(numbers != set(range(1, len(numbers) + 1)) for numbers in seen.values()))' "$dir/records"
}

# Every meter of a record has its row, and no record came before the last of them.
declared_first ()
{
  read_topic hypermeter.meters '%T %k %s\n' > "$dir/declared"
  read_topic "$topic" '%T %s\n' > "$dir/sent"
  python3 -c '
import json, sys
rows, last = {}, 0
for line in open(sys.argv[1]):
    time, name, row = line.split(" ", 2)
    rows[name], last = json.loads(row), max(last, int(time))
used, first = set(), 1 << 62
for line in open(sys.argv[2]):
    time, record = line.split(" ", 1)
    used |= {(sample["meter"], sample["type"], sample["unit"]) for sample in json.loads(record).get("samples", [])}
    first = min(first, int(time))
print("#", len(rows), "declared,", len(used), "used")
sys.exit(not used or not used <= {(name, row["type"], row["unit"]) for name, row in rows.items()} or last > first)' \
    "$dir/declared" "$dir/sent"
}

prints_no_secret ()
{
  "$agent" --config "$dir/right.conf" -o publisher:kafka.kafka.ssl.key.password=open-sesame \
    -o publisher:kafka.kafka.ssl.keystore.password=open-sesame --print-config > "$dir/printed"
  ! grep -rqF -e open-sesame -e "$(cat "$tls/password")" "$dir/printed" "$dir/right.log" "$dir/stranger.log" && grep -q 'key.password=\*\*\*' "$dir/printed"
}

start_kafka --secure yes
tls=$dir/k/tls
"$real/kafka" topic "$dir/k" "$topic" 2 &
"$real/kafka" topic "$dir/k" hypermeter.meters 1 cleanup.policy=compact
wait "$!"
(umask 077 && echo not-the-password > "$dir/right.password" && cp "$tls/password" "$dir/stranger.password")
(cd "$dir" && make_authority other)

run_agent right "$tls/ca.pem" -o agent.stop-timeout=60s
right=$started
run_agent stranger "$dir/other.pem"
says status_names_the_reason_when_the_password_is_wrong right 'k["delivered"] == 0 and "uthentication failed" in k.get("last_failure", "")'
says status_names_the_reason_when_the_authority_is_wrong stranger 'k["delivered"] == 0 and "certificate verify failed" in k.get("last_failure", "")'
check log_names_the_reason_when_the_password_is_wrong grep -q 'warning.*no broker can be reached.*uthentication failed' "$dir/right.log"
check log_names_the_reason_when_the_authority_is_wrong grep -q 'warning.*no broker can be reached.*certificate verify failed' "$dir/stranger.log"
says agent_samples_on_when_the_password_is_wrong right 's["polls"]["made"] >= 10 and s["outbox"]["waiting"] >= 20'
check agent_stops_when_the_authority_is_wrong stop "$started" 120000

# The status that was asked last tells how much had been taken by then.
check status_answers_when_the_password_is_wrong wait_until 60000 holds right True
taken=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["outbox"]["appended"])' "$dir/status.json")
cat "$tls/password" > "$dir/right.password"
says agent_delivers_all_it_had_taken_when_the_password_is_right right "k['delivered'] >= $taken"
check agent_stops_when_it_has_delivered stop "$right" 120000
check topic_holds_everything_when_the_password_was_wrong_for_a_while whole
check meters_are_declared_before_the_first_record declared_first
check no_secret_is_printed prints_no_secret
