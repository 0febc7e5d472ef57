#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judges the lifecycle records of lifecycle.sh against the times of the commands that caused them.

check_lifecycle.py STEPS RECORDS: STEPS has a line "BEGIN END ID EVENT DEVICE LABEL" per expected record, times in nanoseconds, in
the order of the commands; RECORDS is what the file publisher wrote. A command falls into [BEGIN, END]; its record must have been
told since BEGIN, and the state before it must not be known of later than END. Prints a table; the exit status is 0 when all is well.
"""
import json
import re
import sys
from datetime import datetime, timezone

WHOLE = {"cpu", "disk.device.read.bytes"}
problems = []


def check(is_well, what):
    if not is_well:
        problems.append(what)


def nanoseconds(text):
    seconds, fraction = re.fullmatch(r"(.*)\.([0-9]{9})Z", text).groups()
    whole = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(whole.timestamp()) * 10**9 + int(fraction)


def clock(moment):
    return datetime.fromtimestamp(moment / 10**9, timezone.utc).strftime("%H:%M:%S.%f")[:-3] if moment is not None else "-"


def read_records(path):
    """The records of each instance, in the order in which they were made."""
    of = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)["data"]
            record["at"] = nanoseconds(record["time"])
            for key in ("not_before", "last_read"):
                record[key] = nanoseconds(record[key]) if key in record else None
            of.setdefault(record["resource"]["id"], []).append(record)
    return of


def find(records, start, event, device):
    for i in range(start, len(records)):
        if records[i].get("event") == event and (device == "-" or records[i].get("device") == device):
            return i
    return None


def judge_step(step, record):
    """What a guest is can be seen at a look that is made for another reason, before libvirt tells of it; its states cannot."""
    begin, end, label = step[0], step[1], step[5]
    not_before = record["not_before"]
    check(record["at"] >= begin, f"{label}: told before it began")
    check(not_before is None or not_before <= end, f"{label}: the state before is known of after its end")
    check(not_before is None or not_before <= record["at"], f"{label}: not_before is later than time")
    seen = ["event", "comparison"] if record["event"] in ("described", "owner-changed") else ["event"]
    check(record["observed"] in seen, f"{label}: {record['observed']}")


def judge_steps(steps, of):
    places = {}
    print(f"{'command':34} {'from':12}  {'to':12}  {'event':15} {'told':12}  {'not before':12}  {'observed':10} {'last read':12} final")
    for step in steps:
        begin, end, uuid, event, device, label = step
        records = of.get(uuid, [])
        place = find(records, places.get(uuid, 0), event, device)
        if place is None:
            check(False, f"{label}: no {event} in its turn")
            continue
        places[uuid] = place + 1
        record = records[place]
        judge_step(step, record)
        print(f"{label:34} {clock(begin)}  {clock(end)}  {event:15} {clock(record['at'])}  {clock(record['not_before']):12}  "
              f"{record['observed']:10} {clock(record['last_read']):12} {len(record.get('samples', [])) or '-'}")


def meters(record):
    return {sample["meter"] for sample in record.get("samples", [])}


def last_whole(records, epoch):
    """When all that this test looks at was read last in a life, as far as records of samples tell."""
    return max((r["at"] for r in records if "event" not in r and r["resource"].get("epoch") == epoch and WHOLE <= meters(r)), default=None)


def judge_end(uuid, records, i):
    """An end says when the counters were last read, and its values are of the life that ended. A QEMU that is about to exit may not
    even give CPU time any more: then the end must not say that it was read."""
    record = records[i]
    started = [other for other in records[:i] if other.get("event") in ("started", "migrated-in", "found")]
    epoch = started[-1]["resource"].get("epoch") if started else None
    check(record["last_read"] is None or record["last_read"] <= record["at"], f"{uuid}: read after the end")
    if record.get("samples"):
        check("cpu" in meters(record) or record["last_read"] == last_whole(records[:i], epoch),
              f"{uuid}: final values without cpu, but read {clock(record['last_read'])}")
        check(record["resource"].get("epoch") == epoch, f"{uuid}: final values of another life")
        check(record.get("read_ns", 0) > 0, f"{uuid}: final values that do not say when they were read")
        check(all(sample["type"] == "cumulative" for sample in record["samples"]), f"{uuid}: a final gauge")
    elif record["last_read"] is None:
        read = set().union(*(meters(other) for other in records[records.index(started[-1]):i]))
        check(not WHOLE <= read, f"{uuid}: all was read, but its end does not say so")
        print(f"{record['event']} {clock(record['at'])}: {'disks were never read' if read else 'never read'}")
    else:
        print(f"{record['event']} {clock(record['at'])}: not measured for the last {(record['at'] - record['last_read']) / 10**9:.3f} s")


def judge_instance(uuid, records):
    check(records[0].get("event") == "described", f"{uuid}: begins with {records[0].get('event')}")
    check([r["seq"] for r in records] == list(range(1, len(records) + 1)), f"{uuid}: numbers with gaps")
    for i, record in enumerate(records):
        event = record.get("event")
        if event in ("stopped", "crashed", "migrated-out"):
            judge_end(uuid, records, i)
        if event == "exists":
            check("display_name" in record.get("description", {}), f"{uuid}: exists without a description")
        if event in ("undefined", "lost"):
            check(i + 1 < len(records) and records[i + 1].get("event") == "exists", f"{uuid}: {event} without its audit")


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        steps = [[int(w) if i < 2 else w for i, w in enumerate(line.rstrip("\n").split(" ", 5))] for line in lines]
    of = read_records(sys.argv[2])
    judge_steps(steps, of)
    for uuid in dict.fromkeys(step[2] for step in steps):
        if uuid in of:
            judge_instance(uuid, of[uuid])
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


sys.exit(main())
