# SPDX-License-Identifier: Apache-2.0
"""Runs COMMAND… and says what it cost: measure.py FILE COMMAND…

FILE gets one line, "wall_s cpu_s peak_kib written_bytes", then a line per name of its threads, "NAME cpu_s". What it has written is what
it handed to write(2): its files, pipes and logs. The exit status is the command's."""
import glob
import os
import sys
import time


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def look_at_threads(pid, seen):
    for task in glob.glob(f"/proc/{pid}/task/*"):
        try:
            seen[task] = (read(f"{task}/comm").strip(), int(read(f"{task}/schedstat").split()[0]) / 1e9)
        except OSError:
            pass  # it has ended; what was seen last stands


def main():
    threads = {}
    began = time.monotonic()
    pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        look_at_threads(pid, threads)
        time.sleep(0.05)
    wall = time.monotonic() - began
    written = next(line.split()[1] for line in read(f"/proc/{pid}/io").splitlines() if line.startswith("wchar:"))
    _, status, usage = os.wait4(pid, 0)
    sums = {}
    for name, cpu in threads.values():
        sums[name] = sums.get(name, 0) + cpu
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        print(f"{wall:.3f} {usage.ru_utime + usage.ru_stime:.3f} {usage.ru_maxrss} {written}", file=file)
        for name, cpu in sorted(sums.items()):
            print(f"{name} {cpu:.3f}", file=file)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
