#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `hypermeter outbox cat|verify` on an outbox whose records are known (tests/seed_outbox.c), whole and with everything that can lie in its folder;
# and the same folder read from docs/outbox.md alone (tests/outbox_read.py). Speaks TAP; run by `make check` at the root of the build.

# shellcheck source-path=SCRIPTDIR source=kit/ask.sh
. "$(dirname "$(readlink -f "$0")")/kit/ask.sh"

# fresh: an outbox as it was seeded, in $box
box=$work/state/outbox
fresh ()
{
  rm -rf "$box"
  mkdir -p "$box"
  "$build/tests/seed_outbox" "$box" || echo 'seed_outbox failed' > "$work/err"
}

# values: the `n` of each record that was printed, raw or not
values () { grep -oE '"n":[0-9]+' "$work/out" | cut -d : -f 2 | paste -sd ' ' -; }

# state FILE: what verify says of it
state () { /usr/bin/python3 -c 'import json, sys
for row in json.load(sys.stdin)["rows"]:
    if row["file"] == sys.argv[1]:
        print(row["state"], row["records"], row["missing"], ",".join(row["damaged"]))' "$1" < "$work/out"; }

# patch FILE OFFSET BYTES: overwrites bytes (as printf has them) of a file
patch ()
{
  # shellcheck disable=SC2059 # the bytes are a format
  printf "$3" | dd of="$box/$1" bs=1 seek="$2" conv=notrunc status=none
}

first=billing-0000000000000001.segment
second=billing-0000000000000004.segment
diagnostic='diagnostic-0000000000000001.segment'

# -- whole

fresh
ask outbox cat --folder "$box"
equals cat_prints_both_lanes_in_their_order '0|1 2 3 4 5 6 7' "$status|$(values)"
equals cat_prints_an_event_a_line '{"specversion":"1.0","id":"node-1/epoch/web/1","source":"default","type":"hypermeter.samples/1","subject":"web","time":"2026-11-21T01:27:00.000000000Z","datacontenttype":"application/json","hmsignature":"v1;key-1;00ff","data":{"n":1,"text":"ä"}}' \
  "$(sed -n 1p "$work/out")"
ask outbox cat --folder "$box" --raw
cp "$work/out" "$work/raw"
equals cat_raw_prints_the_values_alone '{"n":2,"text":"ä"}' "$(sed -n 2p "$work/out")"
/usr/bin/python3 "$source_root/tests/outbox_read.py" "$box" > "$work/python" 2> "$work/err"
equals the_page_is_enough_to_read_the_records "$(cat "$work/raw")" "$(sed '$d' "$work/python")"
equals the_page_is_enough_to_read_the_journal \
  '{"bins": [{"bin": 5984081, "epoch": "epoch", "records": 4, "sum": "18446744073709551615"}], "counted": {"billing": 0, "diagnostic": 0}, "damages": [{"count": 1, "first": 1, "lane": "diagnostic"}], "losses": [{"from": 1, "id": 2, "reason": "no room", "records": 7, "resources": 2}], "next_loss": 1, "order": 0, "publishers": [{"billing": 2, "diagnostic": 1, "name": "kafka"}], "released": {"billing": 1, "diagnostic": 1}}' \
  "$(sed -n '$p' "$work/python")"
ask outbox cat --folder "$box" --lane billing --from 3 --limit 2
equals cat_prints_what_was_asked_for '0|4 5' "$status|$(values)"
ask outbox cat --folder "$box" --lane diagnostic
equals cat_prints_one_lane '0|3 6' "$status|$(values)"
printf '[agent]\nstate-dir=%s\n' "$work/state" > "$work/agent.conf"
ask outbox cat --config "$work/agent.conf" -n 1
equals cat_finds_the_folder_of_the_configuration '0|1' "$status|$(values)"
ask outbox verify --folder "$box" --output json
equals verify_is_content_with_a_whole_outbox '0|whole 3 0 |whole 2 0 |whole 2 0 |whole None None ' \
  "$status|$(state "$first")|$(state "$second")|$(state "$diagnostic")|$(state journal)"
ask outbox verify --folder "$box"
equals verify_has_a_table '0|5' "$status|$(wc -l < "$work/out")"

# -- damaged

patch "$first" 60 'x'
ask outbox cat --folder "$box"
equals cat_prints_what_is_not_damaged '1|2 3 4 5 6 7' "$status|$(values)"
equals cat_says_what_is "hypermeter outbox cat: $first: 136 bytes at 32 are damaged" "$(cat "$work/err")"
ask outbox verify --folder "$box" --output json
equals verify_names_the_damage '1|damaged 2 1 32+136' "$status|$(state "$first")"

fresh
patch "$first" 9 'x'
ask outbox cat --folder "$box"
equals cat_loses_nothing_for_a_damaged_header '1|1 2 3 4 5 6 7' "$status|$(values)"

fresh
printf 'torn' >> "$box/$diagnostic"
ask outbox cat --folder "$box"
equals cat_does_not_mind_what_is_half_written '0|1 2 3 4 5 6 7' "$status|$(values)"
ask outbox verify --folder "$box" --output json
equals verify_calls_it_torn '1|torn 2 0 ' "$status|$(state "$diagnostic" | sed 's/[0-9]*+4$//')"

fresh
truncate -s 100 "$box/journal"
ask outbox verify --folder "$box" --output json
equals verify_takes_the_journal_slot_that_is_left '1|damaged' "$status|$(state journal | cut -d ' ' -f 1)"

# -- what is not the outbox's

fresh
: > "$box/billing-0000000000000006.segment"
printf 'no segment, though its name says so\n' > "$box/billing-0000000000000007.segment"
mkdir "$box/billing-0000000000000008.segment"
printf 'somebody keeps notes here' > "$box/notes"
cp "$box/$second" "$box/billing-0000000000000009.segment"
/usr/bin/python3 - "$box/$second" "$box/diagnostic-0000000000000009.segment" << 'END'
import struct, sys, zlib
head = struct.pack('<8sIIQI', b'\x89HMSEG\r\n', 2, 1, 9, 0)
open(sys.argv[2], 'wb').write(head + struct.pack('<I', zlib.crc32(head)) + b'whatever comes then')
END
ask outbox cat --folder "$box"
equals cat_passes_over_what_is_no_segment '1|1 2 3 4 5 6 7|5' "$status|$(values)|$(wc -l < "$work/err")"
ask outbox verify --folder "$box" --output json
equals verify_names_what_is_no_segment '1|no segment|no segment|no segment|no segment' \
  "$status|$(for i in 6 7 8 9; do state "billing-000000000000000$i.segment" | cut -d ' ' -f 1,2; done | paste -sd '|' -)"
equals verify_names_another_format 'other format' "$(state diagnostic-0000000000000009.segment | cut -d ' ' -f 1,2)"
equals verify_names_foreign_files 'foreign' "$(state notes | cut -d ' ' -f 1)"
equals verify_reads_the_others_all_the_same 'whole 3 0 ' "$(state "$first")"

# -- written again in the next segment after a failed sync

fresh
tail -c +33 "$box/$second" >> "$box/$first"
ask outbox cat --folder "$box"
equals cat_prints_once_what_was_written_twice '0|1 2 3 4 5 6 7' "$status|$(values)"
ask outbox verify --folder "$box" --output json
equals verify_counts_it_once '0|whole 3 0 ' "$status|$(state "$first")"

# -- status and replay of an agent that does not run

fresh
: > "$work/state/lock"
ask outbox status --folder "$box" --output json
equals status_sums_up_the_files '0|files 7 1 kafka 2 1|billing 2 5 1 5 1|diagnostic 1 2 1 2 1' \
  "$status|$(/usr/bin/python3 -c 'import json, sys
answer = json.load(sys.stdin)
box, kafka = answer["outbox"], answer["publishers"][0]
print(box["state"], box["unsaid"], box["open_bins"], kafka["publisher"], kafka["billing"], kafka["diagnostic"], end="|")
print("|".join(" ".join(str(lane[key]) for key in ("lane", "segments", "records", "first", "last", "released")) for lane in answer["lanes"]))' < "$work/out")"
ask outbox status --folder "$box" --output csv
equals status_counts_what_waits_for_a_publisher 'publishers,kafka,waiting,6' "$(grep '^publishers,kafka,waiting' "$work/out" | tr -d '\r')"

# marks: how far kafka is, by the journal
marks () { "$cli" outbox status --folder "$box" --output json | /usr/bin/python3 -c 'import json, sys
kafka = json.load(sys.stdin)["publishers"][0]
print(kafka["billing"], kafka["diagnostic"])'; }

ask outbox replay --folder "$box" --from billing:3 --from diagnostic:2
equals replay_never_passes_over_what_is_not_confirmed '0|2 1' "$status|$(marks)"
ask outbox replay --folder "$box"
equals replay_goes_back_to_the_beginning '0|1 1' "$status|$(marks)"
equals replay_says_how_many_records_and_who_knows_them '1|1' "$(grep -cE '^kafka +7$' "$work/out")|$(grep -c 'collector recognises' "$work/err")"
ask outbox replay --folder "$box" --publisher nobody
equals replay_knows_its_publishers '64|1' "$status|$(grep -c 'no publisher "nobody"' "$work/err")"
for bad in billing billing:0 billing:-1 other:1 bill:1 billing:9223372036854775808 billing:1x; do
  ask outbox replay --folder "$box" --from "$bad"
  equals "replay_refuses_to_begin_at_$bad" 64 "$status"
done
exec 9> "$work/state/lock"
flock 9
ask outbox replay --folder "$box"
equals replay_leaves_alone_what_an_agent_has '75|1' "$status|$(grep -c 'an agent runs with this folder' "$work/err")"
exec 9>&-
rm "$work/state/lock"
ask outbox replay --folder "$box"
equals replay_makes_no_lock_of_its_own '69|no' "$status|$([ -e "$work/state/lock" ] && echo yes || echo no)"
printf '[agent]\nruntime-dir = %s\nstate-dir = %s\n' "$work/nowhere" "$work/state" > "$work/agent.conf"
ask outbox status --config "$work/agent.conf" --output csv
equals status_reads_the_files_when_no_agent_answers '0|outbox,,state,files' "$status|$(grep '^outbox,,state' "$work/out" | tr -d '\r')"
ask outbox status --config "$work/agent.conf" --socket "$work/nowhere/agent.sock"
equals status_is_unavailable_when_the_agent_that_is_meant_is_not_there 69 "$status"

# -- refusals

ask outbox
equals outbox_wants_a_subcommand 64 "$status"
ask outbox nix
equals outbox_knows_its_subcommands 64 "$status"
ask outbox cat --lane other --folder "$box"
equals cat_knows_its_lanes 64 "$status"
ask outbox cat --limit -1 --folder "$box"
equals cat_takes_no_negative_limit 64 "$status"
ask outbox verify extra --folder "$box"
equals verify_takes_no_more 64 "$status"
ask outbox verify --output xml --folder "$box"
equals verify_knows_its_forms 64 "$status"
ask outbox verify --folder "$work/nowhere"
equals verify_says_that_there_is_none 69 "$status"
mkdir "$work/other"
touch "$work/other/file"
for what in status cat verify replay; do
  refuses "to_${what}_a_folder_of_something_else" 69 "no outbox is there: $work/other" outbox "$what" --folder "$work/other"
done
if [ -e /dev/full ]; then
  "$cli" outbox cat --folder "$box" > /dev/full 2> "$work/err"
  equals cat_says_that_output_is_full 73 "$?"
fi

echo "1..$number"
