#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure from configure.ac; run once in a fresh clone.
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux m4
autoreconf --force --install --warnings=all,no-obsolete
echo "Now run ./configure && make"
