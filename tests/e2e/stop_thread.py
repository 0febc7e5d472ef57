#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stops one thread of a process (PID, NAME; NAME "-": the main one) until stdin ends, and lets it go on. Says "stopped" then."""
import ctypes
import os
import sys

ATTACH, DETACH = 16, 17


def find(pid, name):
    for thread in os.listdir('/proc/%d/task' % pid):
        if name == '-' and int(thread) == pid:
            return int(thread)
        try:
            with open('/proc/%d/task/%s/comm' % (pid, thread)) as comm:
                if comm.read().strip() == name:
                    return int(thread)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended meanwhile
    sys.exit('no thread %s' % name)


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
thread = find(int(sys.argv[1]), sys.argv[2])
if libc.ptrace(ATTACH, thread, None, None) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.waitpid(thread, 0x40000000)
print('stopped', flush=True)
sys.stdin.read()
libc.ptrace(DETACH, thread, None, None)
