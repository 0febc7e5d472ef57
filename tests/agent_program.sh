#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The program hypermeter-agent as a person meets it: command line, messages, exit status, files, signals. Its hypervisor is
# libvirt's test driver, its publisher a file. Speaks TAP; run by `make check` at the root of the build.
set -uo pipefail
# shellcheck source-path=SCRIPTDIR source=../scripts/real/common.sh
. "$(dirname "$(readlink -f "$0")")/../scripts/real/common.sh"
export HYPERMETER_PLUGIN_PATH=${HYPERMETER_PLUGIN_PATH:-$PWD/pollsters/.libs:$PWD/notifications/.libs:$PWD/publishers/.libs}
agent=$PWD/agent/hypermeter-agent
cli=$PWD/cli/hypermeter
dir=$(mktemp -d)
pid='' manager='' second=''
# shellcheck disable=SC2086 # none or one word each
trap 'kill -KILL $pid $manager $second 2> /dev/null; rm -rf "$dir"' EXIT
number=0
common=(-o agent.id=test-host -o agent.state-dir="$dir/state" -o agent.runtime-dir="$dir/run" -o inspector.uri=test:///default)

# report STATUS NAME: one TAP line
report ()
{
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $number - $2"
  else
    echo "not ok $number - $2"
    sed 's/^/# /' "$dir/out" "$dir/err" 2> /dev/null
  fi
}

# says TEXT: the program said that, on either stream
says () { [ -z "$1" ] || grep -qF -- "$1" "$dir/out" "$dir/err"; }

# expect NAME STATUS TEXT ARGUMENT…: how it ends, and what it says
expect ()
{
  local name=$1 status=$2 text=$3 got=0
  shift 3
  "$agent" "$@" > "$dir/out" 2> "$dir/err" || got=$?
  [ "$got" -eq "$status" ] && says "$text"
  report $? "$name"
}

# expect_status NAME STATUS TEXT ARGUMENT…: the same of `hypermeter status agent`
expect_status ()
{
  local agent=$cli name=$1 status=$2 text=$3
  shift 3
  expect "$name" "$status" "$text" status agent "$@"
}

# expect_outbox NAME STATUS TEXT ARGUMENT…: of `hypermeter outbox`
expect_outbox ()
{
  local agent=$cli name=$1 status=$2 text=$3
  shift 3
  expect "$name" "$status" "$text" outbox "$@"
}

# expect_config NAME TEXT: $dir/agent.conf is refused with 78, and one line that says the file, then TEXT
expect_config ()
{
  local got=0
  "$agent" --config "$dir/agent.conf" --check-config > "$dir/out" 2> "$dir/err" || got=$?
  [ "$got" -eq 78 ] && [ "$(wc -l < "$dir/err")" -eq 1 ] && grep -qF -- "$dir/agent.conf$2" "$dir/err"
  report $? "$1"
}

gone () { ! kill -0 "$pid" 2> /dev/null; }
# json EXPRESSION: holds for the answer that the program printed as JSON
json () { python3 -c 'import json, sys; answer = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$dir/out" "$1"; }

# heard TEXT: the service manager did
heard () { grep -q -- "^$1" "$dir/heard" 2> /dev/null; }

# told TEXT…: it does; an agent that was built without libsystemd tells nothing
told ()
{
  local text
  if ! grep -q '^#define HAVE_LIBSYSTEMD' config.h; then
    [ ! -s "$dir/heard" ]
    return
  fi
  for text; do
    wait_until 60000 heard "$text" || return
  done
}

lines_are () { [ -f "$dir/daemon.ndjson" ] && [ "$(wc -l < "$dir/daemon.ndjson")" -ge "$1" ]; }
said () { grep -qF -- "$1" "$dir/err"; }
sampled () { [ -f "$dir/reload.ndjson" ] && grep -qF "\"meter\":\"$1\"" "$dir/reload.ndjson"; }

# -- wrong usage and plain answers
expect agent_refuses_an_option_when_it_is_unknown 64 '--nonsense' --nonsense
expect agent_refuses_arguments_when_there_are_some 64 'surplus' surplus
expect agent_prints_its_version_when_asked 0 'hypermeter-agent ' --version
expect agent_prints_examples_when_asked_for_help 0 'publisher:kafka.kafka.bootstrap.servers' --help
expect agent_lists_plugins_when_asked 0 'lifecycle' --list-plugins
expect agent_lists_meters_when_asked 0 'disk.device.read.bytes' --list-meters=text
expect agent_says_which_meters_are_here_when_asked 0 'on           1  cpu  ' --list-meters -o inspector.uri=test:///default
expect agent_says_why_a_meter_is_not_here_when_asked 0 "the host let them wait; none here: no instance here gives it" --list-meters \
  -o inspector.uri=test:///default
expect agent_lists_meters_when_the_hypervisor_is_away 0 'none here: hypervisor: ' --list-meters -o inspector.uri=qemu+unix:///system?socket=/nonexistent
expect agent_lists_meters_as_json_when_asked 0 '"name": "cpu"' --list-meters=json
expect agent_lists_meters_as_markdown_when_asked 0 ' | cumulative | ns | on | cpu |' --list-meters=markdown
expect agent_refuses_a_form_when_it_is_unknown 64 'xml' --list-meters=xml

# -- configuration
printf '[agent]\nid=node-17\ninterval=10s\n[publisher:kafka]\nkafka.bootstrap.servers=127.0.0.1:9\n' > "$dir/agent.conf"
expect agent_accepts_the_configuration_when_it_is_good 0 'good' --config "$dir/agent.conf" "${common[@]}" --check-config
printf '[agent]\nintervall=10s\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_key_is_unknown ', [agent]: intervall: unknown key, the nearest known one is "interval"'
printf '[agents]\nid=x\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_section_is_unknown ', [agents]: unknown section'
printf '[agent]\ninterval=often\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_type_is_wrong ', [agent]: interval: '
printf '[inspector]\nconnections=99\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_value_is_out_of_range ', [inspector]: connections: '
printf '[agent]\nid=a\nid=b\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_key_is_there_twice ':3: key id'
printf '[key:new]\nfile=/nowhere/key\n[publisher:file]\npath=/dev/null\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_key_file_is_missing ', [key:new]: file: /nowhere/key: No such file'
printf '[publisher:nope]\nx=1\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_plugin_is_missing ', [publisher:nope]: there is no such plugin'
printf '[publisher:file]\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_plugin_lacks_a_key ', [publisher:file]: path: '
printf '[publisher:kafka]\nkafka.acks=1\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_a_guarantee_would_go ', [publisher:kafka]: kafka.acks: '
printf '[publisher:kafka]\nkafka.no.such=1\n' > "$dir/agent.conf"
expect_config agent_refuses_the_configuration_when_librdkafka_does ', [publisher:kafka]: kafka.no.such: '
expect agent_warns_of_a_namespace_when_no_plugin_is_of_it 0 '[agent]: namespaces: there is no plugin of hypermeter.poll.computer, so' \
  -o 'agent.namespaces=hypermeter.poll.computer;hypermeter.poll.host' "${common[@]}" --check-config
expect agent_refuses_a_configuration_file_when_it_is_missing 78 "$dir/none.conf" --config "$dir/none.conf" --check-config

# -- polling.yaml
fixtures=${HYPERMETER_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/fixtures/polling
expect agent_takes_a_polling_when_ceilometer_ships_it 0 'no pollster that runs here gives' \
  -o agent.polling="$fixtures/ceilometer-default.yaml" "${common[@]}" --check-config
expect agent_takes_a_polling_when_it_has_exclusions 0 'good' -o agent.polling="$fixtures/with-exclusions.yaml" "${common[@]}" --check-config
expect agent_says_which_keys_a_polling_makes_needless 0 "[agent] interval is not used: $fixtures/with-exclusions.yaml" \
  -o agent.polling="$fixtures/with-exclusions.yaml" -o agent.interval=10s "${common[@]}" --check-config
expect agent_refuses_a_polling_when_its_file_is_missing 78 "polling: $dir/none.yaml: No such file" \
  -o agent.polling="$dir/none.yaml" "${common[@]}" --check-config
printf 'sources:\n- name: a\n  interval: soon\n  meters: [cpu]\n' > "$dir/polling.yaml"
expect agent_refuses_a_polling_by_line_and_reason 78 "$dir/polling.yaml:3: source a: invalid interval value" \
  -o agent.polling="$dir/polling.yaml" "${common[@]}" --check-config

printf '[publisher:kafka]\nkafka.sasl.password=hunter2\n' > "$dir/agent.conf"
expect agent_prints_the_configuration_when_asked 0 'kafka.sasl.password=******' --config "$dir/agent.conf" --print-config
! grep -q hunter2 "$dir/out" "$dir/err"
report $? agent_masks_secrets_when_it_prints

expect agent_writes_a_configuration_when_there_is_none 0 '' --config "$dir/new.conf" --write-config
expect agent_takes_the_configuration_when_it_wrote_it_itself 0 'good' --config "$dir/new.conf" "${common[@]}" --check-config
expect agent_keeps_a_configuration_when_there_is_one 73 '--force' --config "$dir/new.conf" --write-config
expect agent_replaces_a_configuration_when_forced 0 '' --config "$dir/new.conf" --write-config --force

# -- once
expect agent_polls_once_when_asked 0 '' "${common[@]}" -o publisher:file.path="$dir/once.ndjson" --once
grep -q '"type":"hypermeter.samples/1"' "$dir/once.ndjson" && grep -q '"event":"described"' "$dir/once.ndjson" \
  && grep -q '"kind":"host"' "$dir/once.ndjson" && grep -q '"meter":"cpu"' "$dir/once.ndjson"
report $? agent_writes_samples_and_descriptions_when_it_polls_once
expect agent_polls_one_namespace_when_asked 0 '' "${common[@]}" -o publisher:file.path="$dir/host.ndjson" --once \
  --namespace hypermeter.poll.host
grep -q '"kind":"host"' "$dir/host.ndjson" && ! grep -q '"kind":"instance"' "$dir/host.ndjson"
report $? agent_writes_nothing_else_when_it_polls_one_namespace
expect agent_fails_once_when_the_hypervisor_is_away 69 'none.sock' "${common[@]}" \
  -o "inspector.uri=qemu:///system?socket=$dir/none.sock" -o publisher:file.path="$dir/away.ndjson" --once
expect agent_fails_once_when_the_broker_is_away 69 'not delivered' "${common[@]}" -o agent.stop-timeout=500ms \
  -o publisher:kafka.kafka.bootstrap.servers=127.0.0.1:9 --once

# -- running, under a service manager that is played here
python3 - "$dir/notify" > "$dir/heard" << 'END' &
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
said = ""
while said != "STOPPING=1":
    said = manager.recv(4096).decode()
    print(said, flush=True)
END
manager=$!
wait_until 60000 test -S "$dir/notify"
NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=300000 "$agent" "${common[@]}" -o agent.interval=200ms \
  -o publisher:file.path="$dir/daemon.ndjson" > "$dir/agent.out" 2> "$dir/agent.err" &
pid=$!
wait_until 60000 lines_are 8
ran=$?
report "$ran" agent_polls_on_schedule_when_it_runs
[ "$ran" -eq 0 ] || { sed 's/^/# /' "$dir/agent.err"; echo 'Bail out! no agent runs'; exit 1; } # all that comes asks it, or waits for it
told READY=1 WATCHDOG=1 'STATUS=1 instance, '
report $? agent_tells_its_service_manager_when_it_is_ready_and_lives
grep -qE 'notice: starts: version=[0-9.]+ id=test-host source=default uri=test:///default polling=default/200ms meters=[0-9]+ plugins=.*\bcpu\b' \
  "$dir/agent.err"
report $? agent_says_what_it_is_when_it_starts
kill -HUP "$pid"
wait_until 60000 grep -qF 'the polling by [agent] interval and meters is as it was' "$dir/agent.err"
report $? agent_goes_on_when_told_to_read_a_configuration_that_did_not_change
told RELOADING=1
report $? agent_tells_its_service_manager_when_it_reads_its_configuration
expect agent_refuses_to_start_when_another_has_the_folder 75 "$dir/state" "${common[@]}" \
  -o publisher:file.path="$dir/second.ndjson" --once
expect agent_says_section_and_key_when_messages_cannot_be_read_there 78 ', [notification]: file: /dev/null: neither' \
  -o agent.state-dir="$dir/messages" -o inspector.uri=test:///default -o publisher:file.path="$dir/messages.ndjson" -o notification.file=/dev/null --once

# -- told something while it starts: a service manager that does not listen yet holds it up where it says that it is ready
python3 - "$dir/deaf" "$agent" "${common[@]}" -o agent.id=third -o agent.state-dir="$dir/state-3" -o agent.runtime-dir="$dir/run-3" \
  -o publisher:file.path="$dir/third.ndjson" > "$dir/out" 2> "$dir/err" << 'END'
import os, signal, socket, subprocess, sys
manager, crowd = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
manager.bind(sys.argv[1])
manager.settimeout(0.1)
crowd.connect(sys.argv[1])
crowd.setblocking(False)
signal.alarm(120)
for asked, at in (signal.SIGHUP, "starts: "), (signal.SIGTERM, "notice: running"):
    try:
        while True:
            crowd.send(b"crowd")
    except BlockingIOError:
        pass
    with subprocess.Popen(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]), stderr=subprocess.PIPE, text=True) as agent:
        for text in dict.fromkeys((at, "notice: running")):
            print(next((line for line in agent.stderr if text in line), "it ended"))
            if text == at:
                agent.send_signal(asked)
        while agent.poll() is None:
            try:
                heard = manager.recv(4096).decode()
            except TimeoutError:
                continue
            if asked == signal.SIGHUP and heard.startswith("RELOADING=1"):
                agent.terminate()
        assert agent.returncode == 0, (asked, agent.returncode)
END
report $? agent_answers_what_it_is_told_while_it_starts

# -- asked for its status
socket=$dir/run/agent.sock
expect_status status_is_a_table_when_nothing_else_is_asked_for 0 'agent id ' --socket "$socket"
says 'PUBLISHER  STATE'
report $? status_has_a_table_of_publishers_when_it_is_one
expect_status status_is_the_agents_answer_when_json_is_asked_for 0 '' --socket "$socket" --output json
json 'answer["ok"] is True and answer["agent"]["id"] == "test-host" and answer["polls"]["made"] > 0 and answer["publishers"][0]["publisher"] == "file"'
report $? status_holds_what_the_agent_did_when_it_is_json
expect_status status_is_rows_when_csv_is_asked_for 0 'outbox,,waiting,' --socket "$socket" --output csv
printf '[agent]\nruntime-dir=%s\n' "$dir/run" > "$dir/agent.conf"
/usr/bin/python3 -c 'import os, subprocess, sys
unread, written = os.pipe ()
os.close (unread)
ended = subprocess.run (sys.argv[1:], stdout=written, stderr=subprocess.PIPE)
sys.exit ((ended.returncode, ended.stderr) != (-13, b""))' "$cli" status agent --socket "$socket"
report $? status_ends_quietly_when_nobody_reads_it
expect_status status_finds_the_socket_when_a_configuration_names_it 0 'test-host' --config "$dir/agent.conf"
expect_status status_is_refused_when_the_form_is_unknown 64 'xml' --socket "$socket" --output xml
expect_outbox outbox_status_is_the_agents_when_it_runs 0 'outbox files' status --socket "$socket"
expect_outbox outbox_replay_names_the_publisher_and_says_what_repeats_are 0 'collector recognises' replay --socket "$socket" --publisher file
expect_outbox outbox_replay_knows_the_agents_publishers 64 'no publisher' replay --socket "$socket" --publisher nobody
expect_status status_is_unavailable_when_no_agent_is_there 69 "$dir/none.sock" --socket "$dir/none.sock"
python3 - "$socket" > "$dir/out" 2> "$dir/err" << 'END'
import json, socket, sys
def ask(data, end=False):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(sys.argv[1])
        client.sendall(data)
        if end:
            client.shutdown(socket.SHUT_WR)
        return json.loads(client.makefile("rb").readline())
assert ask(b'{"command":"ping"}\n') == {"ok": True}
assert "version" in ask(b'{"command":"version"}\n')
for bad in b"\n", b"status\n", b'{"command":"stop"}\n', b"\0\n", b"\xff\xfe\n", b"[" * 5000 + b"\n":
    answer = ask(bad)
    assert answer["ok"] is False and answer["exit"] == 64 and answer["error"], (bad, answer)
assert ask(b'{"command":', end=True)["ok"] is False
assert "64 KiB" in ask(b"a" * 65537)["error"]
END
report $? agent_answers_every_request_when_it_is_good_or_bad

# -- beside another one in the same folder
"$agent" "${common[@]}" -o agent.id=second -o agent.state-dir="$dir/state-2" -o publisher:file.path="$dir/second.ndjson" \
  > "$dir/second.out" 2> "$dir/second.err" &
second=$!
wait_until 60000 grep -q "$socket: another process has it" "$dir/second.err"
report $? agent_leaves_a_socket_alone_when_another_agent_has_it
wait_until 60000 test -s "$dir/second.ndjson"
report $? agent_polls_all_the_same_when_it_has_no_socket
expect_status status_is_the_first_agents_when_a_second_one_came 0 'test-host' --socket "$socket"
kill -TERM "$second"
wait "$second"
second=

kill -TERM "$pid"
wait_until 60000 gone
report $? agent_stops_when_told_to
wait "$pid"
report $? agent_ends_with_0_when_it_was_told_to_stop
pid=
[ ! -e "$socket" ]
report $? agent_removes_its_socket_when_it_stops
told STOPPING=1
report $? agent_tells_its_service_manager_when_it_stops
kill "$manager" 2> /dev/null
manager=
expect_status status_is_unavailable_when_the_agent_stopped 69 "$socket" --socket "$socket"

# -- another polling under way
printf 'sources:\n- name: slow\n  interval: 1d\n  meters: [cpu]\n' > "$dir/polling.yaml"
"$agent" "${common[@]}" -o agent.polling="$dir/polling.yaml" -o publisher:file.path="$dir/reload.ndjson" > "$dir/out" 2> "$dir/err" &
pid=$!
wait_until 60000 sampled cpu
report $? agent_polls_the_meters_of_its_polling_when_it_runs
printf 'sources:\n- name: fast\n  interval: 200ms\n  meters: [vcpus]\n' > "$dir/new.yaml"
mv "$dir/new.yaml" "$dir/polling.yaml"
wait_until 60000 said 'source fast: new, each 200ms; source slow: gone' && wait_until 60000 sampled vcpus
report $? agent_polls_by_the_new_polling_when_its_file_is_replaced
printf 'sources:\n- name: fast\n' > "$dir/polling.yaml"
kill -HUP "$pid"
wait_until 60000 said "polling.yaml:2: source fast: missing meters value: the configuration in force stays"
report $? agent_keeps_the_old_polling_when_the_new_one_is_wrong
kill -TERM "$pid"
wait_until 60000 gone && wait "$pid"
report $? agent_stops_after_a_reload
pid=

echo "1..$number"
