# SPDX-License-Identifier: Apache-2.0
"""What an agent's records say of counters' lives, from the lines of its file publisher.

Usage: epochs.py lives LINES METER [DEVICE]    each life of that series, in order: resource's epoch, own epoch or -, whether its start
                                               is known, last value
       epochs.py sums LINES < usage            usage as `hypermeter usage --by resource,device,meter --output ndjson` gives it must be,
                                               for each counter, the sum of what its lives reached, and nothing a regress
"""
import decimal
import json
import sys

decimal.getcontext().prec = 60


def records(path):
    for line in open(path):
        if line.endswith("\n"):
            record = json.loads(line)["data"]
            if record["resource"]["kind"] == "instance":
                yield record


def series(path):
    """(resource, device, meter) → its lives in order: (resource's epoch, own epoch) → (start, last value)"""
    found = {}
    for record in sorted(records(path), key=lambda record: record["time"]):  # two reads at once may be written in either order
        resource = record["resource"]
        for sample in record.get("samples", []):
            if sample["type"] != "cumulative":
                continue
            own = sample.get("epoch")
            start = sample.get("epoch_start") if own else resource.get("epoch_start")
            lives = found.setdefault((resource["id"], sample.get("device", ""), sample["meter"]), {})
            life = resource["epoch"], own or "-"
            value = int(sample["value"])
            assert life not in lives or value >= lives[life][1], f"{sample} is lower than {lives[life]} in {life}"
            lives[life] = start, value
    return found


def print_lives(path, meter, device=""):
    for (_, of, name), lives in series(path).items():
        if (of, name) == (device, meter):
            for (epoch, own), (start, value) in lives.items():
                print(epoch, own, "known" if start else "unknown", value)


def compare_sums(path):
    truth = {}
    for key, lives in series(path).items():
        truth[key] = decimal.Decimal(sum(value for _, value in lives.values()))
    wrong, seen = 0, 0
    for row in map(json.loads, sys.stdin):
        key = row["resource"], row["device"] or "", row["meter"]
        if key not in truth:
            continue
        seen += 1
        expected, got = truth.pop(key), decimal.Decimal(row["quantity"])
        if expected != got or "regress" in str(row["flags"]):
            wrong += 1
            print(f"#   {key}: {got} instead of {expected}, {row['flags']}")
    missing = {key: value for key, value in truth.items() if value != 0}
    print(f"# {seen} counters compared, {wrong} wrong, {len(missing)} missing")
    sys.exit(1 if wrong or missing or not seen else 0)


{"lives": print_lives, "sums": compare_sums}[sys.argv[1]](*sys.argv[2:])
