#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the file publisher wrote while something hung, guest by guest and cycle by cycle.

Usage: hung_records.py all FILE FROM GUESTS N      whether so many guests have N records
       hung_records.py judge FILE FROM INTERVAL_MS CYCLES [HUNG_ID]
FROM: a byte of FILE, from which on it is read. Every guest but HUNG_ID must have a record of each of CYCLES cycles or more, no two of them
further apart than one and a half intervals, all with the meters that its first record has; HUNG_ID has records too, with less in
them, but for the first, which may have been read before it hung. Prints how late the records were, which is judged by nobody."""
import json
import sys
from datetime import datetime, timezone


def nanoseconds(text):
    day, fraction = text.rstrip("Z").split(".")
    return int(datetime.fromisoformat(day).replace(tzinfo=timezone.utc).timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def read(path, begin):
    guests = {}
    with open(path, "rb") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                break  # it is being written
            data = json.loads(line)["data"]
            if data["schema"] != "hypermeter.samples/1" or data.get("resource", {}).get("kind") != "instance":
                continue
            meters = {(sample["meter"], sample.get("device")) for sample in data["samples"]}
            guests.setdefault(data["resource"]["id"], []).append((nanoseconds(data["time"]), meters))
    return guests


def lateness(guests, interval):
    """Milliseconds behind the earliest of all records' places in the interval: mean and greatest."""
    times = [time for records in guests.values() for time, _ in records]
    first = min(times)
    late = [((time - first + interval // 2) % interval) - interval // 2 for time in times]
    late = [value - min(late) for value in late]
    return sum(late) / len(late) / 1e6, max(late) / 1e6


def check(guests, interval, cycles, hung):
    problems = []
    for guest, records in sorted(guests.items()):
        gaps = [b[0] - a[0] for a, b in zip(records, records[1:])]
        if guest == hung:
            continue
        if len(records) < cycles:
            problems.append(f"{guest}: {len(records)} records")
        if any(gap > interval * 3 // 2 for gap in gaps):
            problems.append(f"{guest}: {max(gaps) // 10**6} ms without a record")
        if any(records[0][1] - meters for _, meters in records):
            problems.append(f"{guest}: a record without what others have")
    if hung:
        whole = max(len(meters) for guest, records in guests.items() if guest != hung for _, meters in records)
        less = [len(meters) for _, meters in guests.get(hung, [])]
        less = less[1:] if less and less[0] >= whole else less
        if len(less) < cycles or not 0 < min(less) <= max(less) < whole:
            problems.append(f"{hung}: {len(less)} records that say less than the others', of {cycles}")
    return problems


def judge(path, begin, interval, cycles, hung=""):
    guests, interval, cycles = read(path, int(begin)), int(interval), int(cycles)
    others = {guest: records for guest, records in guests.items() if guest != hung}
    mean, most = lateness(others, interval * 10**6)
    print(f"# {len(others)} guests, {min(map(len, others.values()))} to {max(map(len, others.values()))} records each, "
          f"late by {mean:.0f} ms on average, {most:.0f} ms at most")
    problems = check(guests, interval * 10**6, cycles, hung)
    for problem in problems[:5]:
        print(f"#   {problem}")
    return 1 if problems else 0


def all_have(path, begin, guests, number):
    records = read(path, int(begin)).values()
    return 0 if len(records) == int(guests) and all(len(of) >= int(number) for of in records) else 1


sys.exit({"judge": judge, "all": all_have}[sys.argv[1]](*sys.argv[2:]))
