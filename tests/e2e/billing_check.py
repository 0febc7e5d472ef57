# SPDX-License-Identifier: Apache-2.0
"""Rows of an export, of a view or of `hypermeter usage`, added up by decimals, against what billing_records.py knows.

Usage: billing_check.py TRUTH PART… < ROWS    PART: october, november, or a member of TRUTH: all of them added up
       billing_check.py TRUTH total METER PART… < ROWS    the same of one meter of all, and prints the sum

ROWS: CSV with a heading, or an object a line. Adjustments are left out: they were not measured.
"""
import collections
import csv
import decimal
import json
import sys

decimal.getcontext().prec = 80
KEYS = ("project", "user", "resource", "flavor", "meter")


def expected(truth, parts):
    sums = collections.Counter()
    for part in parts:
        rows = truth[part] if part in truth else {k: v for k, v in truth["sums"].items() if k.startswith(part + "|")}
        for key, amount in rows.items():
            sums[tuple(key.split("|")[1:])] += amount
    return sums


def read(lines):
    rows = list(lines)
    if rows and rows[0].startswith("{"):
        return [json.loads(row) for row in rows]
    return list(csv.DictReader(rows))


def add_up(pairs, kept):
    sums = collections.defaultdict(decimal.Decimal)
    for key, amount in pairs:
        sums[tuple(value for name, value in zip(KEYS, key) if name in kept)] += decimal.Decimal(amount)
    return {key: amount for key, amount in sums.items() if amount}


def main():
    truth, parts = json.load(open(sys.argv[1])), sys.argv[2:]
    rows = [row for row in read(sys.stdin) if not row.get("adjustment")]
    kept = [name for name in KEYS if rows and name in rows[0]]
    if parts[0] == "total":
        meter, parts, kept = parts[1], parts[2:], ["meter"]
        rows = [row for row in rows if row["meter"] == meter]
        truth_of = {(meter,): sum(v for k, v in expected(truth, parts).items() if k[-1] == meter)}
        print("#", meter, *truth_of.values())
    else:
        truth_of = add_up(expected(truth, parts).items(), kept)
    got = add_up(((tuple(row.get(name) or "" for name in KEYS), row["quantity"]) for row in rows), kept)
    wrong = {key for key in {*truth_of, *got} if truth_of.get(key) != got.get(key)}
    for key in sorted(wrong)[:8]:
        print(f"#   {'|'.join(key)}: {got.get(key)} instead of {truth_of.get(key)}")
    sys.exit(1 if wrong or not rows else 0)


main()
