#!/usr/bin/env python3
"""Runs two or more commands in turn and prints figures and ratios.

usage: pairs.py [-n RUNS] [-b COMMAND] NAME=COMMAND NAME=COMMAND...

Each command is run by sh, alternately, RUNS times after one warm-up, as a
whole process tree: wall time, CPU time (user and system, children included)
and the peak memory of its largest process. {n} in a command becomes a number
that is new for every run. The command of -b is run before each and is not
measured; {name} in it becomes the name. The ratio of each command is to the first one, run
by run; medians are printed. A command that fails ends the measurement.
"""
import argparse
import os
import statistics
import sys
import time


def run(command, log):
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.execvp("sh", ["sh", "-c", command])
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"failed ({status}): {command}; see {os.environ['BENCH_LOG']}")
    return {"wall_ms": wall * 1e3,
            "cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3,
            "peak_mb": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("-b", default="")
    parser.add_argument("commands", nargs="+")
    args = parser.parse_args()
    log = os.open(os.environ.setdefault("BENCH_LOG", "/dev/null"),
                  os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    commands = [c.split("=", 1) for c in args.commands]
    figures = {name: [] for name, _ in commands}
    number = int(time.time() * 1000) % 10**9
    for turn in range(args.n + 1):
        for name, command in commands:
            number += 1
            if args.b:
                run(args.b.replace("{n}", str(number)).replace("{name}", name),
                    log)
            row = run(command.replace("{n}", str(number)), log)
            if turn > 0:
                figures[name].append(row)
    base = commands[0][0]
    print(f"{'':14}{'wall ms':>10}{'CPU ms':>10}{'peak MB':>10}"
          f"   ratio to {base}: wall, CPU, peak")
    for name, rows in figures.items():
        line = f"{name:14}"
        for key in ("wall_ms", "cpu_ms", "peak_mb"):
            line += f"{statistics.median(r[key] for r in rows):10.1f}"
        ratios = [statistics.median(a[k] / b[k] for a, b in
                                    zip(rows, figures[base]))
                  for k in ("wall_ms", "cpu_ms", "peak_mb")]
        print(line + "   " + ", ".join(f"{r:.2f}" for r in ratios))


main()
