# SPDX-License-Identifier: Apache-2.0
"""The table of docs/usage.md about several agents that tell of one resource: a is heard first, b is the other one."""
from case import SECOND, cases_of, cpu, memory

CASES = {}
case = cases_of(CASES)

OTHER = {"agent": "b", "epoch": "boot:9:0"}


def running(c, minutes):
    c.used("state.time", f"{minutes * 60 * SECOND} ns", minutes * 60)
    c.used("state.time", f"{minutes * 60 * SECOND} ns", minutes * 60, state="running")


@case
def gauges_and_state_of_two_hosts_at_once(c):
    """The destination owns nothing until its guest runs and the source's does not; what the source said holds until the first reading there."""
    here = {"agent": "b", "epoch": "boot:9:0"}
    c.read(10, memory(1000))
    c.read(18, memory(500), **here, state="paused")
    c.read(20, memory(1000))
    c.tell(21, "resumed", **here, state="running")
    c.tell(22, "migrated-out", state="shutoff")
    c.read(24, memory(500), **here, state="running")
    c.read(28, memory(500), **here, state="running")
    c.used("memory", f"{1000 * 14 * 60 + 500 * 4 * 60} KiB.s", 18 * 60, "overlap")
    c.used("state.time", f"{18 * 60 * SECOND} ns", 18 * 60, state="running")


@case
def both_hosts_run_it(c):
    """A split brain: two processes work, and there is one guest."""
    there = {"agent": "b", "epoch": "boot:9:0"}
    c.read(10, cpu(100), memory(1000))
    c.read(15, cpu(10), memory(700), **there, start=12)
    c.read(20, cpu(200), memory(1000))
    c.read(25, cpu(60), memory(700), **there, start=12)
    c.read(30, cpu(300), memory(1000))
    c.used("cpu", f"{200 + 60} ns", 1200 + 780, "baseline moved overlap")
    c.used("memory", "1200000 KiB.s", 1200, "overlap")
    c.used("state.time", f"{1200 * SECOND} ns", 1200)
    c.used("cpu", "200 ns", 1200, "baseline overlap", agent="a")
    c.used("cpu", "60 ns", 780, "moved overlap", agent="b")


@case
def other_agent_says_undefined(c):
    """However long nothing is heard of the owner. The value is unknown from 40 on, the state is not."""
    c.read(10, memory(1000))
    c.tell(50, "undefined", **OTHER, state="undefined")
    c.read(55, memory(1000))
    c.used("memory", f"{1000 * 1800} KiB.s", 1800)
    running(c, 45)


@case
def other_agent_says_no_state(c):
    """The same."""
    c.read(10, memory(1000))
    c.read(50, memory(700), **OTHER, state=None)
    c.read(60, memory(700), **OTHER, state=None)
    c.read(65, memory(1000))
    c.used("memory", f"{1000 * 1800} KiB.s", 1800, "overlap")
    running(c, 55)


@case
def other_agent_says_shutoff(c):
    """The same."""
    c.read(10, memory(1000))
    c.tell(60, "stopped", **OTHER, state="shutoff")
    c.read(70, memory(1000))
    c.used("memory", f"{1000 * 1800} KiB.s", 1800)
    running(c, 60)


@case
def other_agent_says_a_state_where_there_was_none(c):
    c.read(10, memory(1000), state=None)
    c.read(15, memory(700), **OTHER)
    c.read(25, memory(700), **OTHER)
    c.used("memory", f"{1000 * 300 + 700 * 600} KiB.s", 900)
    running(c, 10)


@case
def other_agent_runs_it_and_the_owner_paused(c):
    """What the owner says then is noted alone."""
    c.read(10, memory(1000))
    c.tell(12, "suspended", state="paused")
    c.tell(13, "resumed", **OTHER, state="running")
    c.read(15, memory(700), **OTHER, state="running")
    c.read(16, memory(1000))
    c.read(25, memory(700), **OTHER, state="running")
    c.used("memory", f"{1000 * 300 + 700 * 600} KiB.s", 900, "overlap")
    c.used("state.time", f"{(2 + 12) * 60 * SECOND} ns", (2 + 12) * 60, state="running")
    c.used("state.time", f"{60 * SECOND} ns", 60, state="paused")


@case
def other_agent_after_the_owner_said_shutoff(c):
    c.read(10, memory(1000))
    c.tell(12, "migrated-out", state="shutoff")
    c.read(20, memory(700), **OTHER, state="running")
    c.read(30, memory(700), **OTHER, state="running")
    c.used("memory", f"{1000 * 120 + 700 * 600} KiB.s", 720)
    c.used("state.time", f"{12 * 60 * SECOND} ns", 12 * 60, state="running")
    c.used("state.time", f"{8 * 60 * SECOND} ns", 8 * 60, state="shutoff")


@case
def other_agent_after_three_intervals_of_silence(c):
    c.read(10, memory(1000))
    c.read(50, memory(700), **OTHER)
    c.read(60, memory(700), **OTHER)
    c.read(65, memory(1000))
    c.used("memory", f"{1000 * 1800 + 700 * 900} KiB.s", 2700, "overlap")
    running(c, 55)


@case
def other_agent_within_three_intervals(c):
    """The owner's last word holds until 40; at 40 itself it is not missed yet."""
    c.read(10, memory(1000))
    c.read(40, memory(700), **OTHER)
    c.read(41, memory(700), **OTHER)
    c.read(45, memory(700), **OTHER)
    c.used("memory", f"{1000 * 1800 + 700 * 240} KiB.s", 2040, "overlap")
    running(c, 35)
