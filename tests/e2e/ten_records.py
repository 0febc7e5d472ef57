# SPDX-License-Identifier: Apache-2.0
"""Histories that tell a right collector from a wrong one, and what they must come to.

Usage: ten_records.py make DIR SEED       DIR/first, DIR/late and DIR/shuffled (both in a random order) for kcat; DIR/truth.json
       ten_records.py poison DIR < RECORDS    the generator's records as DIR/part1 and DIR/part2, with one that is none after each thousand
       ten_records.py check DIR KEY < USAGE   rows of `hypermeter usage --output ndjson` against a member of truth.json

Every reading's CPU time is a whole number of STEP per hour, so no division leaves a rest.
"""
import collections
import datetime
import decimal
import json
import random
import sys
import time
import zoneinfo

from record_kit import Agent, HOUR, at, write

STEP = 3600 * 10 ** 9
GIB = 1048576
YEAR = 365 * 24 * HOUR


class Instance:
    """One instance on one host: its life there, what is read of it, and what all of them must come to."""

    total = collections.Counter()

    def __init__(self, agent, name, epoch, start, into):
        self.agent, self.into, self.first, self.counted = agent, into, None, 0
        self.said = {"id": name, "project": "blue", "user": "ann", "flavor": "m1.small", "state": "running", "epoch": epoch, "start": start}

    def read(self, when, steps, true=True):
        """Its counter stands at so many steps; where nobody knows since when, the first reading is what it is compared with."""
        self.into.append(self.agent.record(self.said, when, [("cpu", None, round(steps * STEP)), ("memory", None, 2 * GIB)]))
        if true:
            self.first = steps if self.first is None else self.first
            self.counted = steps - (0 if self.said["start"] is not None else self.first)

    def tell(self, when, event, **said):
        self.said = {**self.said, **said}
        self.into.append(self.agent.record(self.said, when, event=event))

    def ends(self, held):
        """No more of this life; `held` is for how many seconds its gauge was known."""
        self.total[self.said["id"] + "|cpu"] += round(self.counted * STEP)
        self.total[self.said["id"] + "|memory"] += 2 * GIB * held


def reboots(agent, into):
    """The value after the reboot is larger than the one before."""
    begin = at("2025-10-20T10:00")
    one = Instance(agent, "vm-reboot", "boot:1:0", begin, into)
    one.read(begin + HOUR, 0.5)
    one.read(begin + 2 * HOUR, 1)
    one.ends(2 * HOUR)
    two = Instance(agent, "vm-reboot", "boot:2:0", begin + 2 * HOUR + HOUR // 2, into)
    two.read(begin + 3 * HOUR, 1.5)
    two.read(begin + 4 * HOUR, 2)
    two.ends(HOUR)


def moves_live(source, destination, late, into):
    """Both hosts tell of it for a while: the destination of a guest that waits. The source's records come last of all."""
    begin, minute = at("2025-10-21T00:00"), 60
    there = Instance(source, "vm-move", "boot:3:0", begin, late)
    for hour in range(1, 7):
        there.read(begin + hour * HOUR, hour)
    there.tell(begin + 6 * HOUR + 5 * minute, "migrated-out", state="shutoff")
    there.ends(5 * HOUR + 5 * minute)
    here = Instance(destination, "vm-move", "boot:9:0", begin + 5 * HOUR + 30 * minute, into)
    here.said["state"] = "paused"
    here.read(begin + 5 * HOUR + 40 * minute, 0.125)
    here.tell(begin + 6 * HOUR + 4 * minute, "resumed", state="running")
    for hour in range(6, 13):
        here.read(begin + hour * HOUR + 10 * minute, hour - 5)
    here.ends(6 * HOUR + 5 * minute)  # what the source said last holds on when it hands over, until the first reading here


def moves_cold(source, destination, late, into):
    """Stopped here, started there."""
    begin = at("2025-10-21T00:00")
    there = Instance(source, "vm-restart", "boot:4:0", begin, late)
    for hour in range(1, 7):
        there.read(begin + hour * HOUR, hour)
    there.tell(begin + 6 * HOUR + 1200, "stopped", state="shutoff")
    there.ends(5 * HOUR + 1200)
    here = Instance(destination, "vm-restart", "boot:10:0", begin + 7 * HOUR, into)
    here.tell(begin + 7 * HOUR, "started")
    for hour in range(8, 13):
        here.read(begin + hour * HOUR, (hour - 7) * 2)
    here.ends(4 * HOUR)


def jumps_ahead(agent, into):
    """One reading of the year to come, then as if nothing had been."""
    begin = at("2025-10-22T00:00")
    one = Instance(agent, "vm-future", "boot:5:0", begin, into)
    for hour in range(1, 13):
        if hour == 6:
            one.read(int(time.time()) + YEAR, 100000, true=False)
        one.read(begin + hour * HOUR, hour)
    one.ends(11 * HOUR)


def passes_the_edge(agent, into):
    """Nothing from four hours before the month's end to eight after it."""
    edge = at("2025-11-01T00:00")
    one = Instance(agent, "vm-edge", "boot:6:0", None, into)
    one.read(edge - 4 * HOUR, 7)
    one.read(edge + 8 * HOUR, 19)
    one.ends(3 * HOUR)
    return {"UTC": {"2025-10": 4, "2025-11": 8}, "Europe/Berlin": {"2025-10": 3, "2025-11": 9}}


def sees_the_clocks_change(agent, into):
    """Five days of UTC, a step an hour, with Europe/Berlin's longest day among them."""
    begin, hours, zone = at("2025-10-24T00:00"), 120, zoneinfo.ZoneInfo("Europe/Berlin")
    one = Instance(agent, "vm-dst", "boot:7:0", None, into)
    for hour in range(hours + 1):
        one.read(begin + hour * HOUR, hour)
    one.ends(hours * HOUR)
    return collections.Counter(str(datetime.datetime.fromtimestamp(begin + hour * HOUR, zone).date()) for hour in range(hours))


def make(folder, seed):
    since, first, late = at("2025-10-01T00:00"), [], []
    one, two = Agent("node-1", since), Agent("node-2", since)
    reboots(one, first)
    moves_live(Agent("node-3", since), two, late, first)
    moves_cold(Agent("node-4", since), two, late, first)
    jumps_ahead(one, first)
    months, days = passes_the_edge(one, first), sees_the_clocks_change(one, first)
    shuffled = first + late
    random.Random(seed).shuffle(shuffled)
    for name, records in (("first", first), ("late", late), ("shuffled", shuffled)):
        write(f"{folder}/{name}", records)
    truth = {"total": Instance.total, "days": {f"vm-dst|{day}": hours * STEP for day, hours in days.items()}}
    for zone, parts in months.items():
        truth[zone] = {f"vm-edge|{month}": steps * STEP for month, steps in parts.items()}
    with open(f"{folder}/truth.json", "w") as out:
        json.dump(truth, out, indent=1)
    print("# Berlin's days:", ", ".join(f"{day} {hours} h" for day, hours in sorted(days.items())))


def poison(folder):
    lines = sys.stdin.readlines()
    for part, begin in ((1, 0), (2, len(lines) // 2)):
        with open(f"{folder}/part{part}", "w") as out:
            for number, line in enumerate(lines[begin:begin + len(lines) // 2], begin + 1):
                key = json.loads(line)["resource"]["id"]
                out.write(f"{key}\t{line}")
                if number % 1000 == 0:
                    out.write(f"{key}\t{line[:-20]}\n")


def check(folder, key):
    truth = json.load(open(f"{folder}/truth.json"))[key]
    got = collections.defaultdict(decimal.Decimal)
    for line in sys.stdin:
        row = json.loads(line)
        if row["meter"] == "state.time" or key != "total" and row["meter"] != "cpu":
            continue
        column = row["meter"] if key == "total" else (row.get("day") or row["month"][:7])[:10]
        got[f"{row['resource']}|{column}"] += decimal.Decimal(row["quantity"])
    wrong = [name for name in sorted({*truth, *got}) if truth.get(name) != got.get(name)]
    for name in wrong:
        print(f"#   {name}: {got.get(name)} instead of {truth.get(name)}")
    sys.exit(1 if wrong else 0)


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "poison":
    poison(sys.argv[2])
else:
    check(sys.argv[2], sys.argv[3])
