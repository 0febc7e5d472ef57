# SPDX-License-Identifier: Apache-2.0
"""Each value of one poll must lie between what virsh domstats said before and after it.

Usage: compare_domstats.py BEFORE AFTER VALUES UUID=NAME...
VALUES holds the topic's records, one a line; the last sample record of each instance is taken.
Says which meters were compared; fails when a value lies outside, or when too few were compared.
"""
import json
import sys


def parse(path):
    domains, name = {}, None
    for line in open(path):
        line = line.strip()
        if line.startswith("Domain:"):
            name = line.split("'")[1]
            domains[name] = {}
        elif "=" in line:
            key, value = line.split("=", 1)
            domains[name][key] = value
    return domains


def devices(stats, group, wanted):
    """number of the device whose name is wanted"""
    for i in range(int(stats.get(f"{group}.count", 0))):
        if stats.get(f"{group}.{i}.name") == wanted:
            return i
    return None


DISK = {"read.requests": "rd.reqs", "write.requests": "wr.reqs", "flush.requests": "fl.reqs", "read.bytes": "rd.bytes",
        "write.bytes": "wr.bytes", "read.latency": "rd.times", "write.latency": "wr.times", "flush.latency": "fl.times",
        "capacity": "capacity", "allocation": "allocation", "usage": "physical"}
NIC = {"bytes": "bytes", "packets": "pkts", "packets.error": "errs", "packets.drop": "drop"}
PLAIN = {"cpu": "cpu.time", "cpu.user": "cpu.user", "cpu.system": "cpu.system", "memory": "balloon.current",
         "vcpus": "vcpu.current", "power.state": "state.state", "memory.available": "balloon.available",
         "memory.resident": "balloon.rss", "memory.swap.in": "balloon.swap_in", "memory.swap.out": "balloon.swap_out",
         "memory.major_faults": "balloon.major_fault", "memory.minor_faults": "balloon.minor_fault"}


def sum_of(stats, what):
    parts = [stats.get(f"vcpu.{i}.{what}") for i in range(int(stats.get("vcpu.maximum", 0)))]
    return None if not parts or None in parts else sum(int(p) for p in parts)


def statistic(stats, sample, only_nic):
    meter, device = sample["meter"], sample.get("device", "")
    if meter in PLAIN:
        return stats.get(PLAIN[meter])
    if meter == "cpu.guest":
        return sum_of(stats, "time")
    if meter == "cpu.steal":
        delay = sum_of(stats, "delay")
        return delay if delay is not None else sum_of(stats, "wait")
    if meter.startswith("disk.device."):
        i = devices(stats, "block", device.removeprefix("disk:"))
        return stats.get(f"block.{i}.{DISK.get(meter.removeprefix('disk.device.'))}")
    if meter.startswith("network."):
        _, direction, what = meter.split(".", 2)
        return stats.get(f"net.{only_nic}.{'rx' if direction == 'incoming' else 'tx'}.{NIC.get(what)}")
    if meter == "memory.usage":
        available, usable = stats.get("balloon.available"), stats.get("balloon.usable")
        return None if available is None or usable is None else int(available) - int(usable)
    return None


def main():
    before, after = parse(sys.argv[1]), parse(sys.argv[2])
    names = dict(argument.split("=") for argument in sys.argv[4:])
    records = {}
    for line in open(sys.argv[3]):
        record = json.loads(line)
        if record["schema"] == "hypermeter.samples/1" and record["resource"]["id"] in names:
            records[record["resource"]["id"]] = record  # the last one: --once came last
    bad, compared = [], set()
    for uuid, name in names.items():
        for sample in records[uuid]["samples"]:
            low, high = statistic(before[name], sample, 0), statistic(after[name], sample, 0)
            if low is None or high is None:
                continue
            value, low, high = int(sample["value"]), int(low), int(high)
            compared.add(sample["meter"])
            gauge_that_moves = sample["meter"] in ("memory.usage", "memory.resident", "memory.available",
                                                   "disk.device.allocation", "disk.device.usage")
            if gauge_that_moves:  # goes both ways: within a tenth of the two is what can be said
                low, high = min(low, high) * 9 // 10, max(low, high) * 11 // 10
            if not low <= value <= high:
                bad.append(f"{name} {sample['meter']} {sample.get('device', '')}: {low} <= {value} <= {high} is not so")
    print(f"# compared {len(compared)} meters of {len(names)} guests: {' '.join(sorted(compared))}")
    for line in bad:
        print(f"#   {line}")
    sys.exit(1 if bad or len(compared) < 25 else 0)


main()
