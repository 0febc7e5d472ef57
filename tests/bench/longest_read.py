# SPDX-License-Identifier: Apache-2.0
"""Median over the cycles of the longest read in each, in ms. Standard input: records, one a line."""
import json
import statistics
import sys

longest = {}
for line in sys.stdin:
    record = json.loads(line)
    if record["schema"] == "hypermeter.samples/1" and record["resource"]["kind"] == "instance":
        second = record["time"][:19]
        longest[second] = max(longest.get(second, 0), record["read_ns"])
print(statistics.median(longest.values()) / 1e6)
