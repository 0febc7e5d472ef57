# SPDX-License-Identifier: Apache-2.0
"""Kills an agent with SIGKILL: after a while, and then as soon as a poll has put something into the ledger, or so long after that.

Usage: kill_after_poll.py PID LEDGER MILLISECONDS MILLISECONDS. Prints the wall clock's milliseconds right after the kill. An agent that does not
poll at all is killed too, and that is a failure; so is one that ends by itself.
"""
import os
import signal
import sys
import time


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    pid, path, first, second = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) / 1000, int(sys.argv[4]) / 1000
    deadline = time.monotonic() + 180 + first
    polled = False
    for wait in (0, first):  # its first poll of all; then any other
        time.sleep(wait)
        before = size(path)
        while size(path) == before and is_there(pid) and time.monotonic() < deadline:
            time.sleep(0.001)
        polled = size(path) > before
    time.sleep(second)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        print("the agent had ended by itself", file=sys.stderr)
        return 1
    print(time.time_ns() // 10**6)
    if not polled:
        print("the agent did not poll", file=sys.stderr)
    return 0 if polled else 1


sys.exit(main())
