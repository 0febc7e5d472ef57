#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says when the machine stood still: a line for each turn in which something took a quarter of a second more than its own time: a nap, an fsync, or a
little computing, which waits for a CPU where a sleeper is woken at once; or in which, so says the kernel, for so long somebody waited for a CPU or a
disk. It asks nothing of what is tested, so that no fault of that is taken for the machine's.

Usage: standstill.py FILE, which gets a line for each turn; it is to lie where what is tested writes."""
import os
import sys
import time

LIMIT = 0.25
NAP, NAPS = 0.05, 5  # short ones: what happens within a nap is not seen
WORK = 0.005


def compute(rounds):
    for _ in range(rounds):
        pass


def rounds_of_work():
    """How many rounds are WORK seconds of this CPU."""
    rounds = 1000
    while True:
        began = time.thread_time()
        compute(rounds)
        took = time.thread_time() - began
        if took >= WORK / 2:
            return int(rounds * WORK / took)
        rounds *= 2


def nap():
    """The longest of the naps, without what was asked for."""
    longest = 0
    for _ in range(NAPS):
        began = time.monotonic()
        time.sleep(NAP)
        longest = max(longest, time.monotonic() - began)
    return longest - NAP


def sync(file):
    began = time.monotonic()
    os.write(file, b"a turn\n")
    os.fsync(file)
    return time.monotonic() - began


def wait_for_cpu(rounds):
    began, used = time.monotonic(), time.thread_time()
    compute(rounds)
    return time.monotonic() - began - (time.thread_time() - used)


def pressure(what):
    """For how long somebody has waited for it since the start of the machine, if the kernel counts that."""
    try:
        with open(f"/proc/pressure/{what}", encoding="ascii") as file:
            return int(file.readline().rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return 0


def main():
    file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    rounds = rounds_of_work()
    cpu, disk = pressure("cpu"), pressure("io")
    while True:
        took = {"an fsync": sync(file), "a nap": nap(), "the wait of what computes": wait_for_cpu(rounds)}
        was, cpu, disk = (cpu, disk), pressure("cpu"), pressure("io")
        took.update({"anybody's wait for a CPU": cpu - was[0], "anybody's wait for a disk": disk - was[1]})
        kinds = [f"{what} {seconds * 1000:.0f} ms" for what, seconds in took.items() if seconds >= LIMIT]
        if kinds:
            print("stood still: " + ", ".join(kinds), flush=True)


main()
