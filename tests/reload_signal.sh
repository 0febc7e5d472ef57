#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# SIGHUP to either daemon at the wrong moment: before its configuration is read, and while the agent stops. It ends neither, and one that came early is answered once the
# daemon runs. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
export HYPERMETER_PLUGIN_PATH=$build/collector/stores/.libs:$build/pollsters/.libs:$build/notifications/.libs:$build/publishers/.libs
mkfifo "$work/pipe"
: > "$work/err"
(umask 077 && echo a-token-of-enough-characters > "$work/token")

# tells PROGRAM ARGUMENT…: in words, what reload_signal.py saw
tells ()
{
  /usr/bin/python3 "$source_root/tests/reload_signal.py" "$work/pipe" "$cli" "$work/run/$1.sock" "$build/$1/hypermeter-$1" --config "$work/pipe" -o "$1.state-dir=$work/$1" \
    -o "$1.runtime-dir=$work/run" "${@:2}" 2> "$work/err"
}

equals agent_takes_a_reload_that_came_early_and_none_while_it_stops 'runs reads-anew waits stops ended-by-15' \
  "$(tells agent -o agent.stop-timeout=5m -o inspector.uri=test:///default -o publisher:kafka.kafka.bootstrap.servers=127.0.0.1:9 | xargs)"
equals collector_takes_a_reload_that_came_early 'runs reads-anew ended-with-0' \
  "$(tells collector -o source.topic= -o ingest.listen=127.0.0.1:0 -o "ingest.token-file=$work/token" -o "store.url=sqlite://$work/usage.db" | xargs)"

echo "1..$number"
