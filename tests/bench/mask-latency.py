#!/usr/bin/env python3
"""mask-latency.py COMMAND...: how long a write takes through each command, in
microseconds: a line with a secret in it, and a part of a line."""
import os
import statistics
import subprocess
import sys
import time

WRITES = [
    b"token ghp_16C7e42F292c6912E7710c838347Ae178B4a known-value-0123456789\n",
    b"a part of a line, and then"]


def measure(command, runs):
    with subprocess.Popen([command], stdin=subprocess.PIPE, bufsize=0,
                          stdout=subprocess.PIPE) as process:
        times = []
        for turn in range(runs):
            start = time.perf_counter()
            process.stdin.write(WRITES[turn % 2] + b" .")
            answer = b""
            while not answer.endswith(b" ."):
                answer += os.read(process.stdout.fileno(), 4096)
            times.append((time.perf_counter() - start) * 1e6)
        process.stdin.close()
    return sorted(times[100:])


print(f"{'':14}{'median':>9}{'99 of 100':>11}   extra median")
base = None
for name in sys.argv[1:]:
    figures = measure(name, 4000)
    median = statistics.median(figures)
    base = median if base is None else base
    print(f"{name:14}{median:9.1f}{figures[len(figures) * 99 // 100]:11.1f}"
          f"{median - base:15.1f}")
