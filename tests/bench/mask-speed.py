#!/usr/bin/env python3
"""mask-speed.py NAME FILE: how fast nr-mask alone reads a file."""
import os
import subprocess
import sys
import time

name, path = sys.argv[1:]
best, peak = float("inf"), 0
for _ in range(3):
    start = time.monotonic()
    with open(path, "rb") as file:
        child = subprocess.Popen(["nr-mask"], stdin=file,
                                 stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit("nr-mask failed")
    best = min(best, time.monotonic() - start)
    peak = max(peak, usage.ru_maxrss)
print(f"{name:18}{os.path.getsize(path) / 1e6 / best:8.0f}{peak / 1024:8.1f}")
