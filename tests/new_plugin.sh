#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a new plugin costs, and that it works untouched: a fresh skeleton is built and tested in a copy of the tree, and
# outside of it against installed headers alone; so is the code of docs/first-pollster.md. Speaks TAP; needs a build.
#
# Usage: HM_BUILD=<build folder> tests/new_plugin.sh
# shellcheck disable=SC2317 # the steps are called by name
set -u
source_root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${HM_BUILD:?where the project was built}" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
unset HYPERMETER_PLUGIN_PATH CFLAGS MAKEFLAGS MFLAGS MAKELEVEL
number=0 failed=0

# try NAME COMMAND…: one test; what it printed is shown when it fails
try ()
{
  name=$1
  shift
  number=$((number + 1))
  if "$@" > "$work/said" 2>&1; then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    tail -n 25 "$work/said" | sed 's/^/# /'
    failed=1
  fi
}
# fails TEXT COMMAND…: the command fails and says so
fails ()
{
  text=$1
  shift
  ! "$@" > "$work/fails" 2>&1 && grep -q -- "$text" "$work/fails"
}

# -- in the tree

copy_tree () { make -s -C "$build" distdir distdir="$work/tree" top_distdir="$work/tree" && chmod -R u+w "$work/tree"; }

write_in_tree ()
{
  cp -R "$work/tree" "$work/before" && "$work/tree/scripts/new-plugin" probe
}

# One .c, one test, at most five lines in makefiles, no other file touched.
count_cost ()
{
  changed=$(diff -rq "$work/before" "$work/tree")
  lines=$(cd "$work" && diff -r before tree | grep -c '^> ')
  printf '%s\n%s lines\n' "$changed" "$lines"
  [ "$(printf '%s\n' "$changed" | wc -l)" -eq 4 ] && [ "$lines" -le 5 ] \
    && [ "$(wc -l < "$work/tree/pollsters/probe.c")" -le 40 ] \
    && [ "$(printf '%s\n' "$changed" | grep -c '^Files .*/\(pollsters/local\|tests/plugins\).mk differ$')" -eq 2 ] \
    && [ -f "$work/tree/pollsters/probe.c" ] && [ -f "$work/tree/tests/test_probe.c" ]
}

configure_tree ()
{
  mkdir "$work/build" && (cd "$work/tree" && ./autogen.sh) && (cd "$work/build" && "$work/tree/configure" --enable-werror)
}

build_in_tree () { make -C "$work/build" -j2 pollsters/probe.la tests/test_probe; }

test_in_tree ()
{
  HYPERMETER_PLUGIN_PATH=$work/build/pollsters/.libs HYPERMETER_SRCDIR=$work/tree CMOCKA_MESSAGE_OUTPUT=TAP "$work/build/tests/test_probe"
}

# The skeleton's test notices a pollster that says something else.
test_of_broken_in_tree ()
{
  sed -i 's/domain->balloon_unused/domain->balloon_usable/' "$work/tree/pollsters/probe.c"
  build_in_tree && fails 'not ok' test_in_tree
}

lint_in_tree ()
{
  "$work/tree/scripts/lint" -v > "$work/lint" 2>&1
  ! grep probe "$work/lint" && "$work/tree/scripts/format" --check pollsters/probe.c tests/test_probe.c
}

without_test_in_tree ()
{
  mv "$work/tree/tests/test_probe.c" "$work/kept" && fails 'probe.c: a plugin without a test' make -C "$work/build" check-plugin-tests \
    && mv "$work/kept" "$work/tree/tests/test_probe.c"
}

try new_plugin_tree_is_copied copy_tree
try new_plugin_writes_in_tree write_in_tree
try new_plugin_refuses_a_name_that_is_taken fails 'is there already' "$work/tree/scripts/new-plugin" probe
try new_plugin_costs_two_files_and_five_lines count_cost
try new_plugin_keeps_the_rules_of_the_tree lint_in_tree
try new_plugin_tree_is_configured configure_tree
try new_plugin_fails_the_build_without_its_test without_test_in_tree
try new_plugin_builds_in_tree build_in_tree
try new_plugin_passes_its_test_in_tree test_in_tree
try new_plugin_fails_its_test_when_it_is_broken test_of_broken_in_tree

# -- out of the tree: what `make install` installs, moved to a folder of the test's

install_all ()
{
  make -s -C "$build" install DESTDIR="$work/stage" || return 1
  pc=$(find "$work/stage" -name hypermeter.pc)
  prefix=$(sed -n 's/^prefix=//p' "$pc")
  sed -i "s|^prefix=.*|prefix=$work/stage$prefix|; s|=$prefix/|=$work/stage$prefix/|" "$pc"
  PKG_CONFIG_PATH=$(dirname "$pc")
  export PKG_CONFIG_PATH
  pkg-config --exists --print-errors hypermeter
}

check_in () { make -C "$1" check; }
exports_one_symbol () { [ "$(nm -D --defined-only "$1" | awk '{print $3}')" = hm_plugin ]; }
test_of_broken_outside ()
{
  sed -i 's/domain->balloon_unused/domain->balloon_usable/' "$work/own/probe.c"
  fails 'ERROR' make -C "$work/own" check
}

# Each block of the page behind a line "<!-- file: NAME -->" becomes that file.
extract ()
{
  mkdir "$2" && awk -v folder="$2" '
    /^<!-- file: / { file = $3; next }
    /^```/ { if (writing) { writing = 0; file = "" } else if (file != "") writing = 1; next }
    writing { print > (folder "/" file); n++ }
    END { exit n == 0 }' "$1"
}

try new_plugin_headers_are_installed install_all
try new_plugin_writes_out_of_tree "$source_root/scripts/new-plugin" probe --namespace hypermeter.poll.compute --out-of-tree "$work/own"
try new_plugin_builds_and_passes_its_test_out_of_tree check_in "$work/own"
try new_plugin_exports_one_symbol exports_one_symbol "$work/own/probe.so"
try new_plugin_fails_its_test_out_of_tree_when_it_is_broken test_of_broken_outside
try new_plugin_takes_a_namespace_of_ones_own "$source_root/scripts/new-plugin" probe --namespace hypermeter.poll.mine --out-of-tree "$work/mine"
try new_plugin_of_ones_own_namespace_passes_its_test check_in "$work/mine"
try first_pollster_page_has_code extract "$source_root/docs/first-pollster.md" "$work/headroom"
try first_pollster_builds_and_passes_its_test check_in "$work/headroom"
try first_pollster_exports_one_symbol exports_one_symbol "$work/headroom/headroom.so"
try first_pollster_is_installed_beside_the_others make -C "$work/headroom" install

echo "1..$number"
exit $failed
