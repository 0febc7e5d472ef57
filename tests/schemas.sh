#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds what the encoder writes against docs/schemas. Run in the build folder, after `make check` built
# tests/print_records.
set -eu
source_dir=${HYPERMETER_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
tests/print_records >"$printed"
/usr/bin/python3 "$source_dir/tests/schemas.py" "$source_dir/docs/schemas" <"$printed"
