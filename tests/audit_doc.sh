#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The worked example of docs/audit.md, run as it stands there; then with each thing that it is to find out: other bytes, another signature, another
# record. And a person's erasure, which leaves sums, roots and paths as they were. Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"

hypermeter () { "$cli" "$@"; }
export cli
export -f hypermeter # for the example, which runs in a shell of its own

# shellcheck disable=SC2016 # a fence of the document, no command
sed -n '/^```sh$/,/^```$/{/^```/!p}' "$source_root/docs/audit.md" > "$work/example"
printf '2a%.0s' {1..32} > "$work/secret"
seeded "sqlite://$work/bill.db" bill
[ "$(wc -l < "$work/example")" -ge 20 ] || bail_out 'there is no example'

# example FOLDER [LINE…]: runs the document's commands; LINEs are put in after the records were written
example ()
{
  local folder=$work/$1
  shift
  mkdir -p "$folder"
  { sed '/^cd /q' "$work/example"; printf '%s\n' "$@"; sed '1,/^cd /d' "$work/example"; } > "$work/script"
  store=sqlite://$work/bill.db secret=$work/secret folder=$folder bash -eu "$work/script" > "$work/why" 2>&1
}

# finds NAME LINE…: the example does not come to its end
finds ()
{
  local name=$1
  shift
  if example "$name" "$@"; then result 1 "audit_finds_$name"; else result 0 "audit_finds_$name"; fi
}

example right
result $? 'audit_example_is_right'
finds other_bytes 'sed -i s/1/2/ 000001.value'
finds another_hash 'sed -i s/1/2/ 000001.value' 'sha256sum 000001.value > 000001.sha256'
finds another_signature 'sed -i "s/.$/x/" 000001.signature'
finds another_key 'printf %064d 7 > secret' "secret=\$PWD/secret"
finds a_record_that_was_not_there 'cp 000002.entry 000001.entry'
# shellcheck disable=SC2016 # run by the example's shell
finds another_way 'sed -i "0,/^left\|^right/s/^right .*/right $(sed -n 1p 000002.path | cut -c 6-)/;0,/^left/s/^left .*/left 00/" 000001.path'

# -- what came late: other evidence than the statement was made of, of all resources and days

/usr/bin/python3 -c 'import sqlite3, sys
store = sqlite3.connect (sys.argv[1])
assert store.execute ("UPDATE evidence SET since = 1, records = records + 1, root = replace (root, substr (root, 1, 1), substr (root, 2, 1))").rowcount > 1
store.commit ()' "$work/bill.db" > "$work/why" 2>&1
result $? 'audit_example_gets_other_evidence'
example late
result $? 'audit_example_is_right_after_a_late_record'

# -- erasure

sum () { hypermeter usage --store "sqlite://$work/bill.db" --by resource,meter,day --output ndjson; }

sum > "$work/sum.before"
hypermeter proof --store "sqlite://$work/bill.db" --statement 1 --line 2 --export "$work/before" > "$work/why" 2>&1
# Its command is in the document: what it asks for, a collector does.
# shellcheck disable=SC2016 # a fence of the document, no command
sed -n '/^```console$/,/^```$/{/^```/!p}' "$source_root/docs/audit.md" | grep -e '--dry-run' -e '--reason' > "$work/erase"
{ store=sqlite://$work/bill.db bash -eu -c "$(sed '/--reason/s/$/ --no-wait/' "$work/erase")" &&
  "$build/tests/seed_bills" "sqlite://$work/bill.db" "$HYPERMETER_METERS" answer &&
  hypermeter erase --list --store "sqlite://$work/bill.db" --output csv; } > "$work/why" 2>&1
grep -q '^1,.*,u-1,1,.*,a letter of 3 February' "$work/why" && [ "$(wc -l < "$work/erase")" -eq 2 ]
result $? 'erasure_takes_a_description'
sum > "$work/sum.after"
cmp "$work/sum.before" "$work/sum.after" > "$work/why" 2>&1
result $? 'erasure_leaves_sums'
hypermeter proof --store "sqlite://$work/bill.db" --statement 1 --line 2 --export "$work/after" > "$work/why" 2>&1
diff -r "$work/before" "$work/after" >> "$work/why" 2>&1
result $? 'erasure_leaves_paths_and_roots'
example erased
result $? 'audit_example_is_right_after_an_erasure'

# -- damage

# damages NAME SQL WHAT: verify finds nothing in a new store, and WHAT after SQL
damages ()
{
  seeded "sqlite://$work/$1.db" bill
  hypermeter verify --store "sqlite://$work/$1.db" > "$work/why" 2>&1
  result $? "verify_finds_nothing_before_${1}"
  /usr/bin/python3 -c 'import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
assert store.execute (sys.argv[2]).rowcount > 0
store.commit ()' "$work/$1.db" "$2"
  hypermeter verify --store "sqlite://$work/$1.db" --output ndjson > "$work/why" 2>&1
  if [ $? -eq 1 ] && grep -q "\"what\":\"$3\"" "$work/why"; then result 0 "verify_finds_$1"; else result 1 "verify_finds_$1"; fi
}

damages a_changed_cell "UPDATE buckets SET cells = replace (cells, '\"n\":', '\"n\":7')" cell
damages a_deleted_record 'DELETE FROM raw WHERE seq = 5' cell
damages a_changed_day "UPDATE rollup SET cells = replace (cells, '\"n\":', '\"n\":7') WHERE step = 1" day
damages a_changed_month "UPDATE rollup SET cells = replace (cells, '\"n\":', '\"n\":7') WHERE step = 2" month

# -- signatures

# signatures NAME STATUS EXPECTED OPTION…: how many records are what
signatures ()
{
  local name=$1 wanted=$2 expected=$3
  shift 3
  hypermeter samples --verify --store "sqlite://$work/signed.db" --output csv "$@" > "$work/out" 2> "$work/err"
  equals "$name" "$wanted $expected" "$? $(sed -n '2,$p' "$work/out" | tr -d '\r' | cut -d, -f7,8 | sort | uniq -c | sed -E 's/ *([0-9]+) (.*)/\1 \2/' | tr '\n' ';')"
}

# changed SQL
changed ()
{
  /usr/bin/python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as store: assert store.execute(sys.argv[2]).rowcount == 1' "$work/signed.db" "$1" 2> "$work/err"
}

seeded "sqlite://$work/signed.db" bill
mkdir -p "$work/keys/node-17"
install -m 600 "$work/secret" "$work/keys/node-17/node-17-2026"
signatures samples_verify_finds_all_right 0 '12 verified,;' --keys-dir "$work/keys"
signatures samples_verify_says_where_it_has_no_key 0 '12 no key,;'
printf '[collector]\nsilent-after=1h\nsignatures=require\nkeys-dir=%s\n' "$work/keys" > "$work/collector.conf"
signatures samples_verify_takes_the_collectors_keys 0 '12 verified,;' --config "$work/collector.conf"
changed "UPDATE raw SET value = CAST (replace (CAST (value AS TEXT), '1', '2') AS BLOB) WHERE seq = 5"
changed 'UPDATE raw SET signature = NULL WHERE seq = 6'
changed 'UPDATE raw SET signature = NULL, verified = 0 WHERE seq = 7'
changed "UPDATE raw SET signature = 'v1;node-17-2026;00' WHERE seq = 2 AND length (value) = 832"
changed "UPDATE raw SET resource = 'other' WHERE resource = 'node-17'"
signatures samples_verify_finds_what_is_wrong 1 '1 unsigned,;7 verified,;1 wrong,its signature is gone;1 wrong,malformed;2 wrong,mismatch;' --keys-dir "$work/keys"
signatures samples_verify_checks_what_it_does_not_show 1 '1 verified,;' --keys-dir "$work/keys" --limit 1
mv "$work/keys/node-17" "$work/keys/node-18"
signatures samples_verify_holds_a_key_against_its_agent 1 '1 unsigned,;1 wrong,its signature is gone;1 wrong,malformed;2 wrong,mismatch;7 wrong,other-agent;' --keys-dir "$work/keys"
mv "$work/keys/node-18" "$work/keys/node-17"
cp "$work/bill.db" "$work/signed.db"
signatures samples_verify_says_what_was_erased 0 '1 erased,;11 verified,;' --keys-dir "$work/keys"
refuses keys_that_are_not_there 78 'keys-dir' samples --verify --store "sqlite://$work/signed.db" --keys-dir "$work/nowhere"
refuses keys_without_a_question 64 'of --verify alone' samples --store "sqlite://$work/signed.db" --keys-dir "$work/keys"
refuses bytes_of_what_is_verified 64 'whole records' samples --verify --records --store "sqlite://$work/signed.db"
echo "1..$number"
