# SPDX-License-Identifier: Apache-2.0
"""Compares what the file publisher wrote with what an independent client read from the bus: the same ids, each with the same bytes.

Usage: compare_bus.py [--refused ID] FILE < lines
FILE is NDJSON of the file publisher. A line is kcat's %T TAB %p TAB %k TAB %h TAB %s. Also judges that the records of a key came
in order. --refused: records of that resource are missing, of no other, and the gap records say how many. Prints how many there
were and the largest gap between two append times.
"""
import json
import re
import sys


def taken_records(path):
    """id → bytes, of every line."""
    taken = {}
    with open(path, "rb") as file:
        for line in file:
            at = line.index(b',"data":')
            taken[json.loads(line[:at] + b"}")["id"]] = line[at + len(b',"data":'):].rstrip(b"\n")[:-1]
    return taken


def read_bus(lines):
    """id → bytes, repeats, append times, order faults."""
    found, repeats, times, faults, last = {}, 0, [], [], {}
    for line in lines:
        time, partition, key, headers, value = line.rstrip(b"\n").split(b"\t", 4)
        identity = re.search(rb"ce_id=([^,]*)", headers).group(1).decode()
        times.append(int(time))
        if identity in found:
            repeats += 1
            if found[identity] != value:
                faults.append(f"{identity} has two contents")
            continue
        found[identity] = value
        record = json.loads(value)
        series = (record["agent"]["epoch"], record["resource"]["id"])
        if record["seq"] <= last.get(series, (0, partition))[0] or last.get(series, (0, partition))[1] != partition:
            faults.append(f"{identity} comes after {last[series]}")
        last[series] = (record["seq"], partition)
    return found, repeats, times, faults


def said_lost(found):
    records = (json.loads(value) for value in found.values())
    return sum(record["records"] for record in records if record["schema"] == "hypermeter.gap/1")


def main():
    path = sys.argv[-1]
    refused = sys.argv[2] if sys.argv[1] == "--refused" else None
    taken = taken_records(path)
    found, repeats, times, faults = read_bus(sys.stdin.buffer)
    missing = [identity for identity in taken if identity not in found]
    times.sort()
    stall = max((b - a for a, b in zip(times, times[1:])), default=0)
    print(f"# {len(taken)} taken, {len(found)} on the bus, {repeats} times again, {len(missing)} missing; "
          f"largest gap between append times {stall / 1000:.1f} s")
    faults += [f"{identity} is missing" for identity in missing if not refused or refused not in identity]
    faults += [f"{identity} has other bytes" for identity in taken if taken[identity] != found.get(identity, taken[identity])]
    faults += [f"{identity} was never taken" for identity in found if identity not in taken]
    if said_lost(found) != len(missing) or not taken or bool(refused) != bool(missing):
        faults.append(f"{said_lost(found)} are said to be lost in gap records")
    for fault in faults[:10]:
        print(f"#   {fault}")
    return bool(faults)


sys.exit(main())
