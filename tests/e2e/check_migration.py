#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Judges what two agents said of one guest that migrated, and what a collector made of it.

check_migration.py ID RECORDS1 RECORDS2 USAGE: what the file publishers of source and destination wrote, and `hypermeter usage --by
device,meter --output ndjson` of that instance. Each host's counters are one segment, counted once: from zero to its last reading.
Prints the lifecycle records in order of time; the exit status is 0 when all is well.
"""
import decimal
import json
import sys

problems = []


def check(is_well, what):
    if not is_well:
        problems.append(what)


def read(path, uuid):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line)["data"] for line in lines]
    return [record for record in records if record["resource"]["id"] == uuid]


def event(records, word):
    found = [record for record in records if record.get("event") == word]
    check(found, f"no {word}")
    return found[0] if found else {"resource": {}, "agent": {}}


def readings(records):
    """The last value of each cumulative series, in order of time."""
    last = {}
    for record in sorted(records, key=lambda r: (r["time"], r["seq"])):
        for sample in record.get("samples", []):
            if sample["type"] == "cumulative":
                last[sample.get("device", ""), sample["meter"]] = int(sample["value"])
    return last


def judge_records(source, destination):
    out, into = event(source, "migrated-out"), event(destination, "migrated-in")
    check(into["resource"].get("state") == "paused", "owns something before it is resumed")
    check(out["resource"].get("state") == "shutoff", "not shut off after it went away")
    stood = event(source, "suspended").get("time", "~")
    check(out.get("samples") or out.get("last_read", "") >= stood, "was not read after its CPUs stood still")
    check(not any(r.get("event") == "undefined" for r in source), "the source says that the instance is no more")
    check(event(destination, "resumed")["resource"].get("state") == "running", "not running after it was resumed")
    epochs = [{r["resource"]["epoch"] for r in records if r.get("samples") and "epoch" in r["resource"]} for records in (source, destination)]
    check(len(epochs[0]) == len(epochs[1]) == 1 and epochs[0] != epochs[1], f"epochs {epochs}")
    for record in sorted(source + destination, key=lambda r: r["time"]):
        if "event" in record:
            print(f"{record['time'][11:26]}  {record['agent']['id']:12}  {record['event']:13} {record['resource']['state']:13} "
                  f"{record['resource'].get('epoch', '-')[-14:]:14}  {len(record.get('samples', [])) or ''}")


def judge_usage(source, destination, path):
    used = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            used[row["device"] or "", row["meter"]] = decimal.Decimal(row["quantity"])
    first, second = readings(source), readings(destination)
    for series in [("", "cpu")] + [s for s in first if s[1] in ("network.outgoing.bytes", "disk.device.read.bytes")]:
        expected = first.get(series, 0) + second.get(series, 0)
        check(used.get(series) == expected, f"{series}: {used.get(series)} instead of {first.get(series)} + {second.get(series)}")
        print(f"{series[1]} {series[0]}: {first.get(series)} + {second.get(series)} = {used.get(series)}")


def main():
    uuid = sys.argv[1]
    source, destination = read(sys.argv[2], uuid), read(sys.argv[3], uuid)
    judge_records(source, destination)
    judge_usage(source, destination, sys.argv[4])
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


sys.exit(main())
