# SPDX-License-Identifier: Apache-2.0
"""Usage as `hypermeter usage --by resource,device,meter --output ndjson` gives it must equal the generator's own sums exactly.

Usage: compare_sums.py SUMS < usage
"""
import decimal
import json
import sys

decimal.getcontext().prec = 60


def main():
    truth = {}
    for line in open(sys.argv[1]):
        row = json.loads(line)
        nanoseconds = row["factor"] != 1
        quantity = decimal.Decimal(row["value"]) * row["factor"]
        truth[row["resource"], row["device"], row["meter"]] = quantity / 10 ** 9 if nanoseconds else quantity
    wrong, seen = 0, 0
    for line in sys.stdin:
        row = json.loads(line)
        key = row["resource"], row["device"] or "", row["meter"]
        seen += 1
        if truth.pop(key, None) != decimal.Decimal(row["quantity"]):
            wrong += 1
            if wrong <= 5:
                print(f"#   {key}: {row['quantity']}")
    print(f"# {seen} series read, {wrong} wrong, {len(truth)} missing")
    sys.exit(1 if wrong or truth or not seen else 0)


main()
