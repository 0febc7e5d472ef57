#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says when the machine stood still: a line for each nap of 50 ms that took a quarter of a second or more. It asks nothing of what is tested, so that
no fault of that is taken for the machine's."""
import time

while True:
    began = time.monotonic()
    time.sleep(0.05)
    took = time.monotonic() - began
    if took >= 0.25:
        print(f"stood still for {took * 1000:.0f} ms", flush=True)
