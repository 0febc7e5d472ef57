# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/usage.md about gauges, deltas and states."""
from case import DISK, NIC, POLICY_DAY, SECOND, cases_of, cpu, memory

CASES = {}
case = cases_of(CASES)


@case
def gauge_holds_three_intervals_and_is_unknown_then(c):
    """40 to 70 is unknown; nothing is counted after the last record."""
    c.read(10, memory(1000))
    c.read(70, memory(2000))
    c.read(75, memory(3000))
    c.used("memory", f"{1000 * 1800 + 2000 * 300} KiB.s", 2100)


@case
def gauge_holds_on_where_the_policy_says_so(c):
    c.day = POLICY_DAY
    c.read(10, memory(1000))
    c.read(70, memory(2000))
    c.used("memory", f"{1000 * 3600} KiB.s", 3600, "held")


@case
def gauge_changes_with_the_reading(c):
    c.read(50, memory(1000))
    c.read(55, memory(3000))
    c.read(65, memory(2000))
    c.used("memory", f"{1000 * 300 + 3000 * 600} KiB.s", 900)
    c.used("memory", f"{1000 * 300 + 3000 * 300} KiB.s", 600, hour=0)
    c.used("memory", f"{3000 * 300} KiB.s", 300, hour=1)


def received(c, value, start):
    return "network.incoming.bytes.delta", NIC, value, {"start": c.rfc3339(start)}


@case
def delta_is_summed_once_and_divided(c):
    c.read(80, received(c, 10, 50))
    c.read(90, received(c, 4, 80))
    c.used("network.incoming.bytes.delta", "14 B", 2400, device=NIC)
    c.used("network.incoming.bytes.delta", "3 B", 600, device=NIC, hour=0)
    c.used("network.incoming.bytes.delta", f"{7 + 4} B", 1800, device=NIC, hour=1)


@case
def delta_without_a_start_counts_over_an_interval(c):
    c.read(65, ("network.incoming.bytes.delta", NIC, 10))
    c.used("network.incoming.bytes.delta", "10 B", 600, device=NIC)
    c.used("network.incoming.bytes.delta", "5 B", 300, device=NIC, hour=0)
    c.used("network.incoming.bytes.delta", "5 B", 300, device=NIC, hour=1)


@case
def deltas_of_two_hosts_at_once(c):
    """15 to 18 is in 10 to 20, too."""
    c.read(18, received(c, 30, 15), agent="b", epoch="boot:9:0", state="paused")
    c.read(20, received(c, 100, 10))
    c.used("network.incoming.bytes.delta", "130 B", 780, "overlap", NIC)


@case
def value_that_is_no_integer(c):
    c.read(10, ("site.load", None, 0.5))
    c.read(20, ("site.load", None, 1.5))
    c.used("site.load", "- count.s", 0, "inexact")


@case
def seconds_in_each_state(c):
    """From what happened and `exists` alone."""
    c.tell(0, "started", state="running")
    c.tell(10, "suspended", state="paused")
    c.tell(15, "resumed", state="running")
    c.tell(20, "shutdown", state="shutting-down")
    c.tell(22, "stopped", state="shutoff")
    c.tell(82, "exists")
    c.tell(142, "exists")
    c.tell(150, "undefined", state="undefined")
    c.tell(160, "lost", state="lost")
    c.used("state.time", f"{150 * 60 * SECOND} ns", 150 * 60)
    c.used("state.time", f"{15 * 60 * SECOND} ns", 15 * 60, state="running")
    c.used("state.time", f"{5 * 60 * SECOND} ns", 5 * 60, state="paused")
    c.used("state.time", f"{2 * 60 * SECOND} ns", 2 * 60, state="shutting-down")
    c.used("state.time", f"{128 * 60 * SECOND} ns", 128 * 60, state="shutoff")


@case
def state_is_unknown_after_three_hours(c):
    c.tell(0, "started", state="running")
    c.tell(240, "exists")
    c.tell(250, "exists")
    c.used("state.time", f"{190 * 60 * SECOND} ns", 190 * 60)
    c.used("state.time", f"{190 * 60 * SECOND} ns", 190 * 60, state="running")


@case
def disk_is_unknown_three_hours_after_the_last_exists(c):
    """12 to 192, and again from 312 on."""
    c.read(10, ("disk.device.capacity", DISK, 10))
    c.tell(12, "stopped", state="shutoff")
    c.tell(312, "exists")
    c.tell(322, "exists")
    c.used("disk.device.capacity", f"{10 * (2 + 180 + 10) * 60} B.s", (2 + 180 + 10) * 60, device=DISK)


@case
def owner_changed_a_day_late(c):
    c.read(10, cpu(100), memory(1000), start=5)
    c.tell(12, "owner-changed", came=24 * 60, start=5, project="red", user="bob")
    c.read(22, cpu(160), memory(1000), start=5)
    c.used("cpu", "160 ns", 1020, "from_start")
    c.used("memory", "720000 KiB.s", 720, "late")
    c.used("cpu", "110 ns", 420, "from_start", project="blue", user="ann", flavor="small")
    c.used("cpu", "50 ns", 600, project="red", user="bob", flavor="small")
    c.used("memory", "120000 KiB.s", 120, "late", project="blue", user="ann", flavor="small")
    c.used("memory", "600000 KiB.s", 600, project="red", user="bob", flavor="small")


# -- what a state does to what was read: each row with each column --

GAUGES = {"existence": [("instance", None, 1, "instance.s")], "allocation": [("vcpus", None, 2, "vcpu.s"), ("memory", None, 1000, "KiB.s")], "disk": [("disk.device.capacity", DISK, 10, "B.s")], "activity": []}
COUNTERS = {"existence": [], "allocation": [], "disk": [], "activity": [("network.incoming.bytes", NIC, "B"), ("disk.device.write.bytes", DISK, "B")]}


def samples(column, counted=0, size=1):
    """Gauges of that size; counters that stand there."""
    return [(meter, device, value * size) for meter, device, value, _ in GAUGES[column]] + [(meter, device, counted) for meter, device, _ in COUNTERS[column]]


def expect(c, column, held, counted, flags="", **columns):
    """held: (seconds, size) each; counted: (amount, seconds), flags: of counters."""
    for meter, device, value, unit in GAUGES[column]:
        c.used(meter, f"{sum(value * seconds * size for seconds, size in held)} {unit}", sum(seconds for seconds, _ in held), "", device, **columns)
    for meter, device, unit in COUNTERS[column]:
        c.used(meter, f"{counted[0]} {unit}", counted[1], flags, device, **columns)


def goes_on(c, column, state, event):
    """From 12 on it is in that state."""
    c.read(10, *samples(column, 100), start=5)
    if event:
        c.tell(12, event, state=state, start=5)
    c.read(22, *samples(column, 160), start=5)
    expect(c, column, [(720, 1)], (160, 1020), "from_start")
    if event:
        expect(c, column, [(120, 1)], (110, 420), "from_start", state="running")
        expect(c, column, [(600, 1)], (50, 600), state=state)


def ends(c, column, state, event):
    """From 12 to 35 it is in that state, then another process runs it. Counters were read once more as they ended."""
    c.read(10, *samples(column, 100), start=5)
    c.tell(12, event, *(one for one in samples(column, 110) if column == "activity"), state=state, start=5)
    if state == "shutoff":
        c.tell(22, "exists")
        c.tell(32, "exists")
    c.tell(35, "started", state="running", epoch="boot:2:0", start=35)
    c.read(40, *samples(column, 30))
    c.read(45, *samples(column, 36))
    held = 35 * 60 if column in ("disk", "existence") and state == "shutoff" else 2 * 60 + 5 * 60
    expect(c, column, [(held, 1)], (100 + 10 + 30 + 6, 300 + 120 + 600), "from_start reset")


def changes(c, column, event, said, size):
    """At 12, at once; a value that is another is read then."""
    c.read(10, *samples(column, 100), start=5)
    c.tell(12, event, start=5, **said)
    if size != 1 and column != "activity":
        c.read(12, *samples(column, 0, size))
    c.read(22, *samples(column, 160, size))
    before = {"project": "blue", "user": "ann", "flavor": "small"}
    expect(c, column, [(120, 1), (600, size)], (160, 1020), "from_start")
    expect(c, column, [(120, 1)], (110, 420), "from_start", **before)
    expect(c, column, [(600, size)], (50, 600), **{**before, **said})


TABLE = {
    "running": (goes_on, "running", None),
    "paused": (goes_on, "paused", "suspended"),
    "shutting_down": (goes_on, "shutting-down", "shutdown"),
    "shutoff": (ends, "shutoff", "stopped"),
    "undefined": (ends, "undefined", "undefined"),
    "lost": (ends, "lost", "lost"),
    "resized": (changes, "flavor-changed", {"flavor": "big"}, 2),
    "flavor_changed": (changes, "flavor-changed", {"flavor": "other"}, 1),
    "owner_changed": (changes, "owner-changed", {"project": "red", "user": "bob"}, 1),
}


def add(row, column):
    build, *how = TABLE[row]
    CASES[f"{row}_{column}"] = lambda c: build(c, column, *how)


for _row in TABLE:
    for _column in GAUGES:
        add(_row, _column)
