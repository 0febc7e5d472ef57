#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Each rule of scripts/lint, shown by a tree that breaks it and nothing else. Speaks TAP.
set -u
source_root=$(cd "${HYPERMETER_SRCDIR:-$(dirname "$0")/..}" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
number=0

# A tree without an offence.
plant ()
{
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/metering "$tree"/agent/inspector "$tree"/pollsters "$tree"/notifications "$tree"/publishers "$tree"/collector/engine \
    "$tree"/collector/stores "$tree"/cli "$tree"/data "$tree"/tests "$tree"/docs "$tree"/scripts
  for file in README.md CONTRIBUTING.md tests/plugins.mk; do echo > "$tree/$file"; done
  for file in configure.ac Makefile.am autogen.sh; do echo '# SPDX-License-Identifier: Apache-2.0' > "$tree/$file"; done
}

# write FILE: a C file with standard input behind the lines that every file opens with
write ()
{
  { echo '/* SPDX-License-Identifier: Apache-2.0 */'; echo '/* some: a file. */'; cat; } > "$tree/$1"
}

result ()
{
  number=$((number + 1))
  echo "$1 $number - $2"
  [ "$1" = ok ] || printf '%s\n' "$said" | sed 's/^/# /'
}

lint () { said=$("$source_root/scripts/lint" --tree "$tree" 2>&1); }

# passes NAME, fails NAME TEXT: what lint has to say of the tree as it stands
passes () { if lint && [ -z "$said" ]; then result ok "$1"; else result 'not ok' "$1"; fi; }
fails ()
{
  if lint; then result 'not ok' "$1"
  elif [ "$(printf '%s\n' "$said" | wc -l)" -eq 1 ] && printf '%s' "$said" | grep -q -- "$2"; then result ok "$1"
  else result 'not ok' "$1"; fi
  plant
}

# refuses FILE INCLUDE
refuses ()
{
  echo "#include $2" | write "$1"
  fails "lint_refuses_${1}_when_it_includes_$2" "$1:3: may not include"
}

# takes FILE INCLUDE
takes ()
{
  echo "#include $2" | write "$1"
  passes "lint_takes_${1}_when_it_includes_$2"
  plant
}

plant
passes lint_says_nothing_when_the_tree_keeps_the_rules

refuses metering/a.c '"agent/inspector/plan.h"'
refuses metering/a.c '<yajl/yajl_gen.h>'
refuses pollsters/a.c '"metering/registry.h"'
refuses pollsters/a.c '"pollsters/b.h"'
refuses notifications/a.c '"agent/inspector/plan.h"'
refuses publishers/a.c '<librdkafka/rdkafka.h>'
refuses publishers/kafka.c '"publishers/file_path.h"'
refuses agent/a.c '"collector/stores/store.h"'
refuses agent/inspector/plan.c '<libvirt/libvirt.h>'
refuses agent/inspector/inspector_read.c '<libxml/tree.h>'
refuses collector/a.c '"agent/inspector/plan.h"'
refuses collector/engine/engine.c '<sqlite3.h>'
refuses collector/engine/engine.c '"collector/stores/sqlite.h"'
refuses cli/a.c '"collector/engine/engine.h"'
refuses cli/a.c '"collector/stores/sqlite.h"'
refuses cli/a.c '<some_library.h>'

takes metering/json.c '<yajl/yajl_gen.h>'
takes pollsters/a.c '"metering/hypermeter.h"'
takes publishers/kafka.c '<librdkafka/rdkafka.h>'
takes publishers/kafka.c '"publishers/kafka_options.h"'
takes publishers/kafka_options.c '"publishers/kafka_options.h"'
takes agent/inspector/inspector_read.c '<libvirt/libvirt.h>'
takes collector/stores/sqlite_read.c '"collector/stores/sqlite.h"'
takes collector/engine/engine.c '"collector/stores/store.h"'
takes cli/a.c '"collector/stores/store.h"'
takes tests/a.c '<libvirt/libvirt.h>'
takes agent/a.c '<sys/stat.h>'

echo 'int x;' > "$tree/agent/a.c"
sed -i '1i /* a: a file. */' "$tree/agent/a.c"
sed -i '2i /* more. */' "$tree/agent/a.c"
fails lint_refuses_a_file_when_it_has_no_licence_line 'a.c:1: the first line is not the SPDX line'

printf '/* SPDX-License-Identifier: Apache-2.0 */\nint x;\n' > "$tree/agent/a.c"
fails lint_refuses_a_file_when_it_does_not_say_what_it_is_for 'a.c:2: the second line'

printf '#!/bin/sh\necho\n' > "$tree/scripts/a"
fails lint_refuses_a_script_when_it_has_no_licence_line 'scripts/a: no SPDX line'

printf 'static void\nf (void)\n{\n  goto out;\nout:\n  return;\n}\n' | write agent/a.c
fails lint_refuses_a_jump_when_it_is_code 'a.c:6: goto'

printf '/* Never goto anywhere. */\nconst char *x = "goto it"; /* goto\n goto\n*/\n' | write agent/a.c
passes lint_takes_the_word_when_it_is_text_or_comment
plant

printf '__attribute__ ((constructor)) static void\nf (void)\n{\n}\n' | write metering/a.c
passes lint_takes_a_constructor_when_it_is_in_no_plugin
plant
printf '__attribute__ ((constructor)) static void\nf (void)\n{\n}\n' | write pollsters/a.c
fails lint_refuses_a_constructor_when_it_is_in_a_plugin 'no constructor'
printf 'const char *\ng_module_check_init (GModule *module)\n{\n  return NULL;\n}\n' | write publishers/a.c
fails lint_refuses_a_modules_own_check_when_it_is_in_a_plugin 'no constructor'

touch "$tree/collector/stores/a.h"
fails lint_refuses_a_header_when_no_makefile_names_it 'stores/a.h: no makefile'
touch "$tree/collector/stores/a.h"
echo 'x = %D%/a.h' > "$tree/collector/stores/local.mk"
passes lint_takes_a_header_when_its_makefile_names_it
plant
echo > "$tree/docs/a.md"
fails lint_refuses_a_page_when_no_makefile_names_it 'docs/a.md: no makefile names it'
echo > "$tree/docs/a.md"
echo 'EXTRA_DIST += %D%/a.md' > "$tree/docs/local.mk"
passes lint_takes_a_page_when_its_makefile_names_it
plant

lines () { i=0; while [ $i -lt "$1" ]; do echo '  x++;'; i=$((i + 1)); done; }
{ printf 'static void\nf (int x)\n{\n'; lines 40; echo '}'; } | write agent/a.c
passes lint_takes_a_function_when_it_has_forty_lines
plant
{ printf 'static void\nf (int x)\n{\n'; lines 41; echo '}'; } | write agent/a.c
fails lint_refuses_a_function_when_it_has_forty_one_lines 'a function of 41 lines'
{ printf 'typedef struct\n{\n'; lines 60; echo '} X;'; } | write agent/a.c
passes lint_takes_a_structure_when_it_is_long
plant

lines 398 | write agent/a.c
passes lint_takes_a_file_when_it_has_four_hundred_lines
plant
lines 399 | write agent/a.c
fails lint_refuses_a_file_when_it_has_one_line_more '401 lines'

printf 'static void\nf (void)\n{\n                {\n' | write agent/a.c
fails lint_refuses_code_when_it_is_nested_too_deep 'nested deeper'

echo "/* TO""DO: later. */" | write agent/a.c
fails lint_refuses_a_mark_of_unfinished_work_when_it_is_in_code 'a.c:3'
echo 'EXTRA_DIST += %D%/a.md' > "$tree/docs/local.mk"
echo "FIX""ME" > "$tree/docs/a.md"
fails lint_refuses_a_mark_of_unfinished_work_when_it_is_in_a_document 'docs/a.md:1'

echo 'HM_POLLSTER (a, HM_NS_POLL_COMPUTE, "a", meters, emit);' | write pollsters/a.c
fails lint_refuses_a_plugin_when_it_has_no_test 'pollsters/a.c: a plugin without a test'
echo 'HM_POLLSTER (a, HM_NS_POLL_COMPUTE, "a", meters, emit);' | write pollsters/a.c
echo 'int x;' | write tests/test_a.c
fails lint_refuses_a_plugin_when_its_test_is_not_run 'pollsters/a.c: a plugin without a test'
echo 'HM_POLLSTER (a, HM_NS_POLL_COMPUTE, "a", meters, emit);' | write pollsters/a.c
echo 'int x;' | write tests/test_a.c
echo 'unit_tests += %D%/test_a' > "$tree/tests/plugins.mk"
passes lint_takes_a_plugin_when_its_test_is_run

echo "1..$number"
