# SPDX-License-Identifier: Apache-2.0
"""Kills a process with SIGKILL after a while; where wanted, as soon as a transaction is open then.

Usage: kill_at.py PID TRACE anywhere|inside MILLISECONDS. TRACE's first byte is 1 while a transaction is open; what it is after the kill
is printed.
"""
import os
import signal
import sys
import time


def main():
    pid, trace, where, milliseconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    file = os.open(trace, os.O_RDONLY)
    deadline = time.monotonic() + 30
    while where == "inside" and time.monotonic() < deadline and os.pread(file, 1, 0) != b"1":
        pass  # the first transaction of this life …
    wait = time.monotonic() + milliseconds / 1000
    while time.monotonic() < wait:
        time.sleep(0.001)
    while where == "inside" and time.monotonic() < deadline and os.pread(file, 1, 0) != b"1":
        pass  # … and the one that is open after the wait
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        print("# the process had ended by itself", file=sys.stderr)
        sys.exit(1)
    print(os.pread(file, 1, 0).decode())


main()
