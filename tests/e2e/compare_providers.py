# SPDX-License-Identifier: Apache-2.0
"""What the agent read of /proc must be libvirt's own counters.

Usage: compare_providers.py BEFORE SNAPSHOT AFTER [--exact NAME]
BEFORE and AFTER are virsh domstats --raw, SNAPSHOT is print_snapshot's output in between: each counter of each guest must lie
between the two. The vCPUs' counters of the guest --exact, which is suspended, must be equal in all three.
"""
import sys

COUNTERS = ["cpu.time", "cpu.user", "cpu.system"]
OF_VCPU = ["time", "delay"]


def domstats(path):
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


def snapshot(path):
    domains = {}
    for line in open(path):
        name, _, rest = line.strip().partition(" ")
        key, _, value = rest.partition("=")
        domains.setdefault(name, {})[key] = value
    return domains


def keys_of(before):
    vcpus = [(f"vcpu.{i}.{what}", f"vcpu:{i}.{what}") for i in range(int(before["vcpu.maximum"])) for what in OF_VCPU]
    return [(key, key) for key in COUNTERS] + vcpus


def main():
    before, ours, after = domstats(sys.argv[1]), snapshot(sys.argv[2]), domstats(sys.argv[3])
    exact = sys.argv[5] if len(sys.argv) > 5 else None
    bad, n = [], 0
    for name in before:
        for theirs, key in keys_of(before[name]):
            n += 1
            low, value, high = int(before[name][theirs]), int(ours[name].get(key, -1)), int(after[name][theirs])
            wants_equal = name == exact and theirs.startswith("vcpu.")
            if not low <= value <= high or (wants_equal and low != high):
                bad.append(f"{name} {key}: {low} <= {value} <= {high} is not so{', or not equal' if wants_equal else ''}")
        if ours[name].get("vcpu.current") != after[name]["vcpu.current"]:
            bad.append(f"{name} vcpu.current: {ours[name].get('vcpu.current')} is not {after[name]['vcpu.current']}")
        resident, theirs = int(ours[name].get("balloon.rss", -1)), [int(d[name]["balloon.rss"]) for d in (before, after)]
        if not min(theirs) * 0.9 <= resident <= max(theirs) * 1.1:  # goes both ways
            bad.append(f"{name} balloon.rss: {resident} is not about {theirs}")
    print(f"# compared {n} counters of {len(before)} guests")
    for line in bad:
        print(f"#   {line}")
    sys.exit(1 if bad or n == 0 else 0)


main()
