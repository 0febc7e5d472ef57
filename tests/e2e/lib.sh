# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the end-to-end tests share; sourced first by each. Gives a temporary folder $dir, the built programs, TAP lines, and a
# clean-up that stops by its process id all that a test started, also when it fails.
# HM_BUILD names the build tree (default: the source tree).

# shellcheck disable=SC2034 # what is set here is used by the tests
set -Eeuo pipefail
# A test that says own_mounts=yes before runs in a mount namespace of its own: what another test starts meanwhile (its libvirtd has one, too) would
# take its mounts along, and a file system lives on, with its errors, until the last of them is gone.
if [ "${own_mounts-}" = yes ] && [ -z "${HM_OWN_MOUNTS-}" ] && [ "$(id -u)" -eq 0 ]; then
  HM_OWN_MOUNTS=yes exec unshare --mount -- "$0" "$@"
fi
src=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
src=$(cd "$src" && pwd)
build=${HM_BUILD:-$src}
real=$src/scripts/real
# shellcheck source-path=SCRIPTDIR source=../../scripts/real/common.sh
. "$real/common.sh"

agent=$build/agent/hypermeter-agent
collector=$build/collector/hypermeter-collector
cli=$build/cli/hypermeter
topic=hypermeter.samples
HYPERMETER_PLUGIN_PATH=$build/pollsters/.libs:$build/notifications/.libs:$build/publishers/.libs:$build/collector/stores/.libs:$build/agent/.libs
HYPERMETER_METERS=$build/data/meters.json
export HYPERMETER_PLUGIN_PATH HYPERMETER_METERS

dir=$(mktemp -d /tmp/hm-e2e.XXXXXX)
store=sqlite://$dir/usage.db
pids=() libvirtds=() kafkas=() postgreses=() mounts=() tests=0 failures=0

# ok STATUS NAME: one TAP line for a command's exit status
result ()
{
  tests=$((tests + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $tests - $2"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $2"
  fi
}

# check NAME COMMAND…
check ()
{
  local name=$1 status=0
  shift
  "$@" || status=$?
  result "$status" "$name"
}

# check_equal NAME EXPECTED GOT
check_equal ()
{
  [ "$2" = "$3" ] || printf '#   expected: %s\n#   got:      %s\n' "$2" "$3"
  check "$1" [ "$2" = "$3" ]
}

ended_with ()
{
  [ "$1" -eq "$2" ] && grep -qF -- "$3" "$dir/expect.err"
}

# expect_exit NAME CODE TEXT COMMAND…: the command ends with CODE and its standard error holds TEXT
expect_exit ()
{
  local name=$1 code=$2 text=$3 status=0
  shift 3
  "$@" > "$dir/expect.out" 2> "$dir/expect.err" || status=$?
  [ "$status" -eq "$code" ] || echo "#   exit status $status instead of $code: $(tail -n 1 "$dir/expect.err")"
  grep -qF -- "$text" "$dir/expect.err" || echo "#   standard error: $(tail -n 1 "$dir/expect.err")"
  check "$name" ended_with "$status" "$code" "$text"
}

# Also one that has ended and that nobody has waited for yet.
gone ()
{
  ! kill -0 "$1" 2> /dev/null || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"
}

# background NAME COMMAND…: in the background with its output in $dir/NAME.log; the pid is in $started
background ()
{
  local name=$1
  shift
  "$@" > "$dir/$name.log" 2>&1 &
  started=$!
  pids+=("$started")
}

# stop PID [MILLISECONDS]: SIGTERM, and its exit status
stop ()
{
  kill "$1" 2> /dev/null || :
  wait_until "${2:-60000}" gone "$1" || { echo "# $1 does not stop" >&2; kill -9 "$1"; }
  wait "$1"
}

has_watched () # N: the watch has begun so many turns
{
  [ -f "$dir/turns" ] && [ "$(wc -l < "$dir/turns")" -ge "$1" ]
}

# watch_machine: from here on it is known when the machine stood still
watch_machine ()
{
  background stood "$src/tests/e2e/standstill.py" "$dir/turns"
  wait_until 60000 has_watched 1
}

times_stood ()
{
  wc -l < "$dir/stood.log"
}

# stood_still N: again, since times_stood said N. The turn that the watch is in counts, too: it has ended when the one after the next begins.
stood_still ()
{
  wait_until 120000 has_watched $(($(wc -l < "$dir/turns") + 2)) || return 1
  [ "$(times_stood)" -gt "$1" ] && tail -n "+$(($1 + 1))" "$dir/stood.log" | sed 's/^/# the machine /'
}

start_libvirtd ()
{
  mkdir -p "$dir/$1"
  libvirtds+=("$dir/$1")
  uri=$("$real/libvirtd" start "$dir/$1")
}

# test_driver COUNT: that many instances of libvirt's test driver, which needs no daemon; its URI is in $uri
test_driver ()
{
  local number
  {
    echo '<node>'
    for ((number = 1; number <= $1; number++)); do
      printf "<domain type='test'><name>guest-%03d</name><uuid>00000000-0000-4000-8000-%012d</uuid><memory>65536</memory>" "$number" "$number"
      echo "<vcpu>1</vcpu><os><type>hvm</type></os></domain>"
    done
    echo '</node>'
  } > "$dir/node.xml"
  uri=test://$dir/node.xml
}

# start_kafka [OPTION…]
# shellcheck disable=SC2120 # the options are optional
start_kafka ()
{
  mkdir -p "$dir/k"
  kafkas+=("$dir/k")
  brokers=$("$real/kafka" start "$dir/k" "$@" 2> "$dir/kafka.log")
}

# start_postgres [OPTION…]: the URL of an empty database is in $store then
# shellcheck disable=SC2120 # the options are optional
start_postgres ()
{
  mkdir -p "$dir/p"
  postgreses+=("$dir/p")
  store=$("$real/postgres" start "$dir/p" "$@" 2> "$dir/postgres.log")
}

# make_topics NAME PARTITIONS: that of samples under this name, and that of meters
make_topics ()
{
  "$cli" topics create samples meters --samples "$1" --partitions "$2" --brokers "$brokers" --timeout 60s > "$dir/topics.log" 2>&1
}

# The generator's records are of a fixed month: nothing of them may be too old.
for_ever=(-o store.keep-raw=0s -o store.keep-bins=0s)

# collect [OPTION…]: the collector up to the end of the topic
collect ()
{
  "$collector" -o collector.state-dir="$dir/c" -o collector.runtime-dir="$dir/c" -o source.kafka.bootstrap.servers="$brokers" \
    -o source.topic="$topic" -o store.url="$store" "${for_ever[@]}" "$@" --until-end > "$dir/collect.log" 2>&1 \
    || { local status=$?; tail -n 5 "$dir/collect.log" | sed 's/^/# /'; return "$status"; }
}

# What a test has to do before all that it started is ended; one that has something defines it anew. A trap of its own would lose the status.
at_end () { :; }

clean_up ()
{
  local status=$? pid folder
  trap - EXIT INT TERM
  at_end || :
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill -CONT "$pid" 2> /dev/null || :
    kill "$pid" 2> /dev/null && wait_until 8000 gone "$pid" || kill -9 "$pid" 2> /dev/null || :
  done
  for folder in ${libvirtds[@]+"${libvirtds[@]}"}; do "$real/libvirtd" stop "$folder" > /dev/null 2>&1 || :; done
  for folder in ${kafkas[@]+"${kafkas[@]}"}; do "$real/kafka" stop "$folder" > /dev/null 2>&1 || :; done
  for folder in ${postgreses[@]+"${postgreses[@]}"}; do "$real/postgres" stop "$folder" > /dev/null 2>&1 || :; done
  release "$dir"
  for folder in ${mounts[@]+"${mounts[@]}"}; do umount -l "$folder" 2> /dev/null || :; done
  if [ "$status" -ne 0 ] || [ "$failures" -ne 0 ]; then
    for log in "$dir"/*.log; do
      [ ! -s "$log" ] || { echo "# end of ${log##*/}:"; tail -n 8 "$log" | sed 's/^/#   /'; }
    done
  fi
  rm -rf "$dir"
  [ "$status" -ne 0 ] || [ "$failures" -eq 0 ] || status=1
  [ "$tests" -eq 0 ] || echo "1..$tests"
  exit "$status"
}
trap clean_up EXIT
trap 'echo "# ${BASH_SOURCE[0]##*/} line $LINENO: exit status $? of: $BASH_COMMAND"' ERR
trap 'exit 130' INT
trap 'exit 143' TERM
