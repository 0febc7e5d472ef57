#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a store has, for the chaos tests' comparison, and whether its usage is what its records add up to.

Usage: http_store.py topic STORE > FILE      every raw record as headers TAB value, each agent process' in its order
       http_store.py sums STORE < USAGE      USAGE: the usage that `hypermeter usage --by resource,meter --output ndjson` gives

The meter chaos.ledger is cumulative and lives as long as the guest's process, whatever agent reads it: usage is the last value less the first."""
import json
import sqlite3
import sys

METER = "chaos.ledger"


def rows(store):
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        yield from database.execute("SELECT agent, epoch, resource, seq, value FROM raw ORDER BY epoch, resource, seq")


def print_topic(store):
    out = sys.stdout.buffer
    for agent, epoch, resource, seq, value in rows(store):
        value = value.encode() if isinstance(value, str) else value
        out.write(f"ce_id={agent}/{epoch}/{resource}/{seq}\t".encode() + value + b"\n")


def expected(store):
    first, last = {}, {}
    for _, _, resource, _, value in rows(store):
        for sample in json.loads(value).get("samples", []):
            if sample["meter"] == METER:
                first.setdefault(resource, int(sample["value"]))
                last[resource] = int(sample["value"])
    return {resource: value - first[resource] for resource, value in last.items()}


def compare(store):
    used = {row["resource"]: row for row in map(json.loads, sys.stdin) if row["meter"] == METER}
    sums, wrong = expected(store), 0
    for resource, value in sums.items():
        got = used.get(resource, {}).get("quantity")
        if got is None or int(got) != value:
            wrong += 1
            print(f"# {resource}: {got} instead of {value}")
    print(f"# {len(sums)} resources, {sum(sums.values())} ns of {METER}")
    return 1 if wrong or not sums or set(used) - set(sums) else 0


if __name__ == "__main__":
    if sys.argv[1] == "topic":
        print_topic(sys.argv[2])
    else:
        sys.exit(compare(sys.argv[2]))
