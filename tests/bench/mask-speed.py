#!/usr/bin/env python3
"""mask-speed.py NAME FILE: how fast nr-mask alone reads a file, and its peak
memory, which time(1) measures: a child of Python begins with Python's."""
import os
import subprocess
import sys
import tempfile
import time

name, path = sys.argv[1:]
best, peak = float("inf"), 0
for _ in range(3):
    with open(path, "rb") as file, tempfile.NamedTemporaryFile() as memory:
        start = time.monotonic()
        subprocess.run(["/usr/bin/time", "-f", "%M", "-o", memory.name,
                        "nr-mask"], stdin=file, stdout=subprocess.DEVNULL,
                       check=True)
        best = min(best, time.monotonic() - start)
        peak = max(peak, int(memory.read()))
print(f"{name:18}{os.path.getsize(path) / 1e6 / best:8.0f}{peak / 1024:8.1f}")
