#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What reads hostile bytes (the outbox's files, records, headers, signatures) below libFuzzer, side by side, for a short time and from the corpora that are
# checked in; `make fuzz` is the long one. FUZZ_SECONDS says how long (20). Speaks TAP.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

seconds=${FUZZ_SECONDS:-20}

# Built one after the other, so that those that run have the processors to themselves.
make -C "$build" --no-print-directory -s fuzz-programs > "$dir/build.log" 2>&1
for target in segment record headers signature; do
  background "$target" make -C "$build" --no-print-directory -s "fuzz-$target" "FUZZ_SECONDS=$seconds"
  declare "pid_$target=$started"
done
for target in segment record headers signature; do
  status=0 name=pid_$target
  wait "${!name}" || status=$?
  sed -nE '/^stat::(number_of_executed_units|new_units_added)|SUMMARY|ERROR|Assertion/s/^/# /p' "$dir/$target.log"
  [ "$status" -eq 0 ] || tail -n 40 "$dir/$target.log" | sed 's/^/# /'
  result "$status" "the reader of $target survives $seconds s of hostile input"
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$target.log")
  check 'and has read some thousands of inputs' [ "${runs:-0}" -gt 1000 ]
done
