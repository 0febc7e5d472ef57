#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The meters' page and the installed table are those of the plugins that were built. Speaks TAP; run by `make check`
# at the root of the build.
set -u
path=pollsters/.libs:notifications/.libs
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

# same NAME FORM FILE HINT
same ()
{
  number=$1
  if ./data/list_meters "$3" $path > "$fresh" && said=$(diff -u "$4" "$fresh"); then
    echo "ok $number - $2"
  else
    echo "not ok $number - $2"
    printf '%s\n' "$said" "$5" | sed 's/^/# /'
  fi
}

said=''
echo 1..2
same 1 meters_page_is_fresh_when_compared_with_the_plugins markdown "$HYPERMETER_SRCDIR/docs/meters.md" \
  'docs/meters.md is not what the plugins say: run "make update-docs" and commit it'
same 2 meters_table_is_fresh_when_compared_with_the_plugins json data/meters.json \
  'data/meters.json is older than a plugin: run "make"'
