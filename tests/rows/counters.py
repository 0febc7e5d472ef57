# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/usage.md about counters, and where an interval crosses the edge of a bucket."""
from case import INTERVAL, NIC, POLICY_DAY, SECOND, cases_of, cpu, memory, received

CASES = {}
case = cases_of(CASES)


@case
def two_points(c):
    c.read(50, cpu(100))
    c.read(70, cpu(160))
    c.used("cpu", "60 ns", 1200, "baseline")
    c.used("cpu", "30 ns", 600, "baseline", hour=0)
    c.used("cpu", "30 ns", 600, hour=1)


@case
def first_point_of_a_known_start(c):
    c.read(10, cpu(100), start=5)
    c.used("cpu", "100 ns", 300, "from_start")


@case
def first_point_of_a_start_as_metering_began(c):
    c.read(10, cpu(100), start=0)
    c.used("cpu", "100 ns", 600, "from_start")


@case
def first_point_of_an_unknown_start(c):
    c.read(10, cpu(100))
    c.used("cpu", "0 ns", 0, "baseline")


@case
def first_point_of_a_start_before_metering(c):
    c.read(10, cpu(100), start=-1)
    c.read(20, cpu(130), start=-1)
    c.used("cpu", "30 ns", 600, "baseline")


@case
def new_epoch_of_a_known_start(c):
    """What the old one used from 20 to 25 nobody can know."""
    c.read(10, cpu(100), start=5)
    c.read(20, cpu(160), start=5)
    c.read(30, cpu(40), epoch="boot:2:0", start=25)
    c.used("cpu", "200 ns", 1200, "from_start reset")
    c.uncovered("cpu", (20, 25))


@case
def new_epoch_of_an_unknown_start(c):
    c.read(10, cpu(100))
    c.read(20, cpu(160))
    c.read(30, cpu(40), epoch="boot:2:0")
    c.used("cpu", "100 ns", 1200, "baseline reset_inferred")


@case
def new_epoch_although_the_value_grew(c):
    c.read(10, cpu(100), start=5)
    c.read(20, cpu(160), start=5)
    c.read(30, cpu(500), epoch="boot:2:0", start=25)
    c.used("cpu", "660 ns", 1200, "from_start reset")


@case
def new_epoch_of_a_start_before_metering(c):
    c.read(10, cpu(100))
    c.read(20, cpu(160))
    c.read(30, cpu(40), epoch="boot:2:0", start=-1)
    c.read(40, cpu(70), epoch="boot:2:0", start=-1)
    c.used("cpu", "90 ns", 1200, "baseline")


@case
def lower_value(c):
    c.read(10, cpu(100))
    c.read(20, cpu(200))
    c.read(30, cpu(150))
    c.read(40, cpu(260))
    c.used("cpu", "160 ns", 1800, "baseline regress")
    c.held(30, "regress", 150, 200)


def three_lower_values(c, rebased=False):
    c.read(10, cpu(100))
    c.read(20, cpu(200))
    c.read(30, cpu(150))
    c.read(35, cpu(151))
    c.read(40, cpu(152))
    c.read(45, cpu(160))
    if rebased:
        c.decide(40, "rebase")
    c.held(30, "regress", 150, 200)
    c.held(35, "regress", 151, 200)
    c.held(40, "regress_stuck", 152, 200)
    if not rebased:
        c.held(45, "regress_stuck", 160, 200)


@case
def lower_value_three_times(c):
    three_lower_values(c)
    c.used("cpu", "100 ns", 600, "baseline regress regress_stuck")


@case
def lower_value_three_times_and_rebased(c):
    """From 152 on, eight more until 45."""
    three_lower_values(c, rebased=True)
    c.used("cpu", "108 ns", 900, "baseline regress regress_stuck rebased")


@case
def lower_value_and_rejected(c):
    c.read(10, cpu(100))
    c.read(20, cpu(200))
    c.read(30, cpu(150))
    c.read(40, cpu(260))
    c.decide(30, "reject")
    c.held(30, "regress", 150, 200)
    c.used("cpu", "160 ns", 1800, "baseline regress")


@case
def lower_value_that_the_kernel_of_the_guest_counts(c):
    c.read(10, ("memory.swap.in", None, 100))
    c.read(20, ("memory.swap.in", None, 200))
    c.read(30, ("memory.swap.in", None, 40))
    c.used("memory.swap.in", "140 KiB", 1200, "baseline reset")


@case
def wrap_of_32_bits(c):
    c.read(10, ("test.wrap32", None, 4294967290))
    c.read(20, ("test.wrap32", None, 5))
    c.used("test.wrap32", "11 count", 600, "baseline wrap")


@case
def wrap_of_64_bits(c):
    c.read(10, ("test.wrap64", None, 18446744073709551610))
    c.read(20, ("test.wrap64", None, 5))
    c.used("test.wrap64", "11 count", 600, "baseline wrap")


def twice_of_what_four_cpus_can(c, decision=None):
    """Of 600 s each."""
    c.read(10, cpu(0))
    c.read(20, cpu(4800 * SECOND))
    if decision:
        c.decide(20, decision)
    c.held(20, "implausible", 4800 * SECOND, 0)


@case
def implausible_time_of_cpus(c):
    """What is too much at 20 is not at 40."""
    twice_of_what_four_cpus_can(c)
    c.read(40, cpu(6000 * SECOND))
    c.used("cpu", f"{6000 * SECOND} ns", 1800, "baseline implausible")


@case
def implausible_and_released(c):
    twice_of_what_four_cpus_can(c, "release")
    c.used("cpu", f"{4800 * SECOND} ns", 600, "baseline implausible released")


@case
def implausible_and_rejected(c):
    twice_of_what_four_cpus_can(c, "reject")
    c.used("cpu", "0 ns", 0, "baseline implausible")


@case
def implausible_and_rebased(c):
    twice_of_what_four_cpus_can(c, "rebase")
    c.read(30, cpu(4860 * SECOND))
    c.used("cpu", f"{60 * SECOND} ns", 600, "baseline implausible rebased")


@case
def implausible_time_of_one_cpu(c):
    """Of 600 s."""
    c.read(10, ("vcpu.time", "vcpu:0", 0))
    c.read(20, ("vcpu.time", "vcpu:0", 1200 * SECOND))
    c.read(30, ("vcpu.time", "vcpu:0", 600 * SECOND))
    c.held(20, "implausible", 1200 * SECOND, 0, "vcpu.time", device="vcpu:0")
    c.used("vcpu.time", f"{600 * SECOND} ns", 1200, "baseline implausible", "vcpu:0")


@case
def all_cpus_busy_are_plausible(c):
    c.read(10, cpu(0))
    c.read(20, cpu(2400 * SECOND))
    c.used("cpu", f"{2400 * SECOND} ns", 600, "baseline")


@case
def implausible_bytes_of_a_limited_network(c):
    """600 MB in ten minutes is what it carries; 700 MB would be believed, two thousand are not."""
    c.day = POLICY_DAY
    c.read(10, received(0))
    c.read(20, received(2000000000))
    c.read(30, received(600000000))
    c.used("network.incoming.bytes", "600000000 B", 1200, "baseline implausible", NIC)
    c.held(20, "implausible", 2000000000, 0, "network.incoming.bytes", "B", NIC)


@case
def any_bytes_of_a_network_without_a_limit(c):
    c.read(10, received(0))
    c.read(20, received(2000000000))
    c.used("network.incoming.bytes", "2000000000 B", 600, "baseline", NIC)


@case
def gap_longer_than_three_intervals(c):
    c.read(10, cpu(100))
    c.read(80, cpu(800))
    c.used("cpu", "700 ns", 4200, "baseline estimated_distribution")
    c.used("cpu", "500 ns", 3000, "baseline estimated_distribution", hour=0)
    c.used("cpu", "200 ns", 1200, "estimated_distribution", hour=1)


@case
def gap_of_three_intervals(c):
    c.read(10, cpu(100))
    c.read(40, cpu(400))
    c.used("cpu", "300 ns", 1800, "baseline")


MOVED = {"agent": "b", "epoch": "boot:9:0", "start": 22}


def moves(c, came=None):
    c.read(10, cpu(100), start=5, came=came)
    c.read(20, cpu(200), start=5, came=came)
    c.tell(25, "migrated-out", state="shutoff", came=came)
    c.read(30, cpu(80), **MOVED, state="running")
    c.read(40, cpu(120), **MOVED, state="running")


@case
def live_migration(c):
    """What the source counted from 20 on is not measured."""
    moves(c)
    c.used("cpu", "320 ns", 1980, "from_start moved")
    c.uncovered("cpu", (20, 22))
    c.used("cpu", "200 ns", 900, "from_start", agent="a")
    c.used("cpu", "120 ns", 1080, "moved", agent="b")


@case
def outbox_of_the_source_comes_days_later(c):
    moves(c, came=3 * 24 * 60)
    c.used("cpu", "320 ns", 1980, "from_start moved late")
    c.used("cpu", "200 ns", 900, "from_start late", agent="a")
    c.used("cpu", "120 ns", 1080, "moved", agent="b")


@case
def counters_of_two_hosts_at_once(c):
    """The interval that comes later in order says so."""
    c.read(10, cpu(100), start=5)
    c.read(18, cpu(30), agent="b", epoch="boot:9:0", start=15, state="paused")
    c.read(20, cpu(200), start=5)
    c.used("cpu", "230 ns", 1080, "from_start moved overlap")
    c.used("cpu", "200 ns", 900, "from_start overlap", agent="a")
    c.used("cpu", "30 ns", 180, "moved", agent="b")


@case
def same_time_and_value(c):
    c.read(10, cpu(100))
    c.read(20, cpu(200))
    c.read(20, cpu(200))
    c.read(30, cpu(300))
    c.used("cpu", "200 ns", 1200, "baseline duplicate")


@case
def same_time_and_other_value(c):
    """The smaller number's is the reading."""
    c.read(10, cpu(100), memory(1000))
    c.read(20, cpu(200), memory(1000))
    c.read(20, cpu(250), memory(3000))
    c.read(30, cpu(300), memory(1000))
    c.used("cpu", "200 ns", 1200, "baseline conflict")
    c.used("memory", "1200000 KiB.s", 1200, "conflict")
    c.held(20, "conflict", 250, 200)
    c.held(20, "conflict", 3000, 1000, "memory", "KiB")


@case
def same_time_and_other_value_and_rejected(c):
    c.read(10, cpu(100))
    c.read(20, cpu(200))
    c.read(20, cpu(250))
    c.read(30, cpu(300))
    c.decide(20, "reject")
    c.held(20, "conflict", 250, 200)
    c.used("cpu", "200 ns", 1200, "baseline conflict")


@case
def same_time_and_other_value_of_another_process(c):
    """The smaller epoch's is the reading, whatever its number."""
    c.read(10, cpu(100))
    c.read(20, cpu(250), agent="a e2")
    c.read(20, cpu(200))
    c.read(30, cpu(300), agent="a e2")
    c.used("cpu", "200 ns", 1200, "baseline conflict")
    c.held(20, "conflict", 250, 200)


@case
def late_reading(c):
    """Without that of 55 the hours would have 120 and 180."""
    c.read(50, cpu(100))
    c.read(55, cpu(350), came=100)
    c.read(75, cpu(400))
    c.used("cpu", "300 ns", 1500, "baseline late")
    c.used("cpu", f"{250 + 13} ns", 600, "baseline late", hour=0)
    c.used("cpu", "37 ns", 900, hour=1)


def clock(minute, synced):
    """Of a host that booted a day before."""
    return {"boot": "boot", "boot_ns": (24 * 60 + minute) * 60 * SECOND, "synced": synced, "max_error_ns": SECOND // 1000}


def steps(c, by):
    """From 50 on the clock is wrong by so many minutes, and not synchronised; at 76 it is right, whatever was the time since boot."""
    c.read(40, cpu(100), clock=clock(40, True))
    c.read(50 + by, cpu(160), came=50, clock=clock(50, False))
    c.read(65 + by, cpu(220), came=65, clock=clock(65, False))
    c.read(76, cpu(260), clock=clock(75, True))
    c.used("cpu", "160 ns", 2160, "baseline clock_step")
    c.used("cpu", f"{60 + 40} ns", 1200, "baseline clock_step", hour=0)
    c.used("cpu", f"{20 + 40} ns", 960, "clock_step", hour=1)


@case
def clock_stepped_ahead(c):
    steps(c, 120)


@case
def clock_stepped_back(c):
    steps(c, -30)


@case
def clock_stepped_by_a_second(c):
    c.read(10, cpu(100), clock=clock(10, False))
    c.read(20 + 1 / 60, cpu(160), clock=clock(20, False))
    c.used("cpu", "60 ns", 601, "baseline")


@case
def clock_stepped_by_two_seconds(c):
    c.read(10, cpu(100), clock=clock(10, False))
    c.read(20 + 2 / 60, cpu(160), clock=clock(20, False))
    c.used("cpu", "60 ns", 600, "baseline clock_step")


@case
def from_the_future_until_its_time_comes(c):
    """That of 40 was there at 20, and waits until something is appended after 40."""
    c.read(10, cpu(100))
    c.read(40, cpu(150), came=20)
    c.read(30, cpu(130))
    c.read(50, cpu(180))
    c.used("cpu", "80 ns", 2400, "baseline future")


@case
def from_the_future_whose_time_does_not_come(c):
    c.read(10, cpu(100))
    c.read(40, cpu(150), came=20)
    c.read(30, cpu(130))
    c.used("cpu", "30 ns", 1200, "baseline")


@case
def five_minutes_ahead_is_no_future(c):
    c.read(10, cpu(100))
    c.read(25, cpu(150), came=20)
    c.used("cpu", "50 ns", 900, "baseline")


# -- what crosses the edge of a bucket --


@case
def edge_gives_the_rest_to_the_largest_remainder(c):
    """3 1/3 and 6 2/3."""
    c.read(50, cpu(100))
    c.read(80, cpu(110))
    c.used("cpu", "10 ns", 1800, "baseline")
    c.used("cpu", "3 ns", 600, "baseline", hour=0)
    c.used("cpu", "7 ns", 1200, hour=1)


@case
def edge_gives_the_rest_to_the_earlier_of_equal_remainders(c):
    c.read(50, cpu(100))
    c.read(70, cpu(105))
    c.used("cpu", "5 ns", 1200, "baseline")
    c.used("cpu", "3 ns", 600, "baseline", hour=0)
    c.used("cpu", "2 ns", 600, hour=1)


@case
def edges_of_three_buckets(c):
    """7/8, 5 1/4 and 7/8."""
    hourly = 6 * INTERVAL
    c.read(50, cpu(100), interval=hourly)
    c.read(130, cpu(107), interval=hourly)
    c.used("cpu", "7 ns", 4800, "baseline")
    c.used("cpu", "1 ns", 600, "baseline", hour=0)
    c.used("cpu", "5 ns", 3600, hour=1)
    c.used("cpu", "1 ns", 600, hour=2)
