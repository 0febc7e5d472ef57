#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages say what the programs say: every long option of --help and every key of --write-config is in its page, and
# nothing else is; each page has its parts and is clean to groff. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"
pages=$source_root/docs/man

# same NAME: the lists that the files `program` and `page` hold; the program's must not be empty
same ()
{
  sort -u "$work/program" > "$work/program.sorted"
  sort -u "$work/page" > "$work/page.sorted"
  if [ ! -s "$work/program" ]; then
    echo 'the program says nothing' > "$work/why"
    result 1 "$1"
  elif diff -u --label program --label page "$work/program.sorted" "$work/page.sorted" > "$work/why"; then
    result 0 "$1"
  else
    result 1 "$1"
  fi
}

# plain PAGE: its source without fonts and escapes
plain () { sed 's/\\f[A-Z]//g; s/\\-/-/g; s/\\(mu/x/g' "$pages/$1"; }

options_of_help () { sed -nE 's/^ +(-[a-z], )?(--[a-z-]+).*/\2/p'; }
options_of_page () { plain "$1" | awk '/^\.TP/ { tag = 1; next } tag { print; tag = 0 }' | grep -oE -- '--[a-z]+[a-z-]*'; }

# The keys as SECTION KEY; a section of one plugin goes under its kind's name where the page has no section of its own for it.
keys_of_config ()
{
  awk -v known="$(plain "$1" | sed -n 's/^\.SS \[\(.*\)\]$/ \1 /p' | tr -d '\n')" '
    /^#?\[.*\]$/ {
      section = $0; gsub(/^#?\[|\]$/, "", section)
      if (index(known, " " section " ") == 0) sub(/:.*/, ":NAME", section)
      next
    }
    /^#?[a-z-]+=/ { key = $0; sub(/^#/, "", key); sub(/=.*/, "", key); print section, key }'
}
keys_of_page ()
{
  plain "$1" | awk '
    /^\.S[SH]/ { section = $2; gsub(/[][]/, "", section); next }
    /^\.BI [a-z-]+= / { key = $2; sub(/=$/, "", key); print section, key }'
}

# -- options

cli=./cli/hypermeter
commands=$($cli --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
{
  for command in $commands; do
    [ "$command" = demo ] || echo "$command"
  done
  echo 'status agent'
  # A group names its subcommands, or has examples of each.
  for group in outbox dead-letters anomalies policy; do
    $cli $group --help | sed -n "/^Subcommands:/,/^\$/s/^  \([a-z-]*\) .*/$group \1/p"
  done
  printf '%s\n' 'store status' 'store backup' 'store restore' 'periods list' 'periods show' 'periods close'
} > "$work/commands"
$cli --help > "$work/help"
while read -r command; do
  # shellcheck disable=SC2086 # a list of words
  $cli $command --help > "$work/one" < /dev/null
  grep -q '^Examples:' "$work/one" || echo "$command: no examples"
  grep -q '^Exit status: 0 ' "$work/one" || echo "$command: no exit status"
  cat "$work/one" >> "$work/help"
done < "$work/commands" > "$work/why"
HYPERMETER_LIBEXEC=$source_root/scripts/real $cli demo --help > "$work/one"
[ "$(grep -cE '^(Examples:|Exit status: 0 )' "$work/one")" -eq 2 ] || echo 'demo: no examples, or no exit status' >> "$work/why"
result "$([ ! -s "$work/why" ]; echo $?)" every_command_helps_with_examples_and_exit_status
# A letter that means one thing here and another there is a trap.
grep -ohE '^ +-[a-z], --[a-z-]+' "$work/help" | sed 's/[ ,]\+/ /g' | sort -u > "$work/short"
{ cut -d' ' -f2 "$work/short" | uniq -d; cut -d' ' -f3 "$work/short" | sort | uniq -d; } > "$work/why"
result "$([ ! -s "$work/why" ]; echo $?)" short_options_mean_the_same_everywhere
options_of_help < "$work/help" > "$work/program"
options_of_page hypermeter.1 > "$work/page"
same hypermeter_page_has_the_options_of_the_program
printf '%s\n' "$commands" > "$work/program"
plain hypermeter.1 | awk '/^\.SH/ { inside = $2 == "COMMANDS" } inside && /^\.B / { print $2 }' | head -n "$(printf '%s\n' "$commands" | wc -l)" > "$work/page"
same hypermeter_page_has_the_commands_of_the_program
for program in agent collector; do
  "./$program/hypermeter-$program" --help | options_of_help > "$work/program"
  options_of_page "hypermeter-$program.8" > "$work/page"
  same "${program}_page_has_the_options_of_the_program"
  "./$program/hypermeter-$program" --write-config=- | keys_of_config "hypermeter-$program.conf.5" > "$work/program"
  keys_of_page "hypermeter-$program.conf.5" > "$work/page"
  same "${program}_configuration_page_has_the_keys_of_the_program"
done

# -- flags of usage: what the bucket's table names

sed -n '/^hm_flag_name/,/^}/p' "$pages/../../collector/usage/bucket.c" | grep -oE '"[a-z_]+"' | tr -d '"' > "$work/program"
plain hypermeter.1 | awk '/^\.SH/ { inside = $2 == "FLAGS"; next } /^\.TP/ { tag = inside; next } tag { print; tag = 0 }' \
  | grep -oE '[a-z_]{3,}' > "$work/page"
same hypermeter_page_has_the_flags_of_usage

# -- layout

# check NAME: nothing in `why`
check ()
{
  if [ -s "$work/why" ]; then result 1 "$1"; else result 0 "$1"; fi
}

for page in "$pages"/*.[158]; do
  name=$(basename "$page" | tr '.-' '__')
  parts='NAME SYNOPSIS DESCRIPTION FILES EXAMPLES'
  case $page in
    *.8) parts="$parts OPTIONS SIGNALS EXIT ENVIRONMENT" ;;
    *.1) parts="$parts OPTIONS EXIT ENVIRONMENT" ;;
  esac
  for part in $parts; do
    grep -q "^\.SH $part" "$page" || echo "no .SH $part"
  done > "$work/why"
  check "${name}_has_its_parts"
  if command -v groff > /dev/null; then
    groff -man -ww -z -Tutf8 "$page" > "$work/why" 2>&1
    check "${name}_is_clean_to_groff"
  fi
done
command -v groff > /dev/null || echo '# no groff here: the layout was not checked'

echo "1..$number"
