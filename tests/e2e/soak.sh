#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many polls, one right after the other: the process has the same memory, descriptors and threads after the first tenth of them and at
# the end. On libvirt's test driver, with domains that come and go, and on 20 QEMU guests. `make soak` runs it in full length.
#
# 10,000 polls of the driver; of the guests 1,000, or 100 unless in full length.
#
# Environment: SOAK=full

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

if [ "${SOAK:-}" = full ]; then qemu=1000; else qemu=100; fi

# soak NAME POLLS OPTION…
soak ()
{
  local name=$1 began status=0
  shift
  began=$(now_ms)
  echo "# $name:"
  "$build/tests/soak" --polls "$@" 2> "$dir/soak.log" || status=$?
  echo "# $name: $(($(now_ms) - began)) ms"
  return "$status"
}

check 'nothing_grows_on_the_test_driver' soak "test driver" 10000 --churn 10 test:///default
start_libvirtd v
"$real/crowd" start "$uri" "$dir/v" 20 --idle > /dev/null
check 'nothing_grows_on_20_qemu_guests' soak '20 QEMU guests' "$qemu" "$uri"
