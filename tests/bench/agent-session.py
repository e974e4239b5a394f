#!/usr/bin/env python3
"""Measures coding agents on one script: ten commands, then a last word.

usage: agent-session.py SERVER [-n RUNS] NAME=COMMAND...

Each command is run by sh in a git work tree of its own with the prompt on
standard input, alternately, RUNS times after one warm-up; {url} in it is a
model's server that replays the script. Measured are the time from the start
to the first request of the script and, by nr-limit, the CPU time of all its
processes together; and in runs apart the memory that all of them have at most,
each page counted once (treememory.py; as nr-limit sums it up, without root).
Ratios are the first command's to the others', run by run; medians are printed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import treememory

STEPS = 10
SCRIPT = [{"text": "next", "run": f"echo step {i} >>steps.txt"}
          for i in range(STEPS)] + [{"text": "all done"}]
KEYS = "ms to 1st", "CPU ms", "peak MB"


def start_server(path, state):
    with open(state + "/script.json", "w", encoding="utf-8") as file:
        json.dump(SCRIPT, file)
    server = subprocess.Popen(
        [path, "--state", state, "--script", state + "/script.json",
         "--with-tools"], stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().split()[1]


def first_request(state):
    with open(state + "/requests.jsonl", encoding="utf-8") as file:
        for line in file:
            request = json.loads(line)
            if request["method"] == "POST" and request["body"].get("tools"):
                return request["time"]
    sys.exit("no request came")


class Session:
    """A server, a work tree and a prompt, while a command runs."""

    def __init__(self, server_path, command):
        self.place = tempfile.TemporaryDirectory()
        self.work = self.place.name
        self.server, url = start_server(server_path, self.work)
        self.command = command.replace("{url}", url)
        subprocess.run(["git", "init", "-q", self.work + "/slot"], check=True)
        with open(self.work + "/prompt", "w", encoding="utf-8") as file:
            file.write("Write down ten steps.\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.place.cleanup()

    def start(self, argv, log):
        with open(self.work + "/prompt", encoding="utf-8") as prompt:
            return subprocess.Popen(argv, stdin=prompt, stdout=log, stderr=log,
                                    cwd=self.work + "/slot")

    def check(self, status):
        with open(self.work + "/slot/steps.txt", encoding="utf-8") as file:
            if status != 0 or len(file.readlines()) != STEPS:
                sys.exit(f"failed ({status}): {self.command}")


def time_run(server_path, command, log):
    with Session(server_path, command) as session:
        report_path = session.work + "/report"
        session.check(session.start([
            "nr-limit", "--report", report_path, "sh", "-c",
            "date +%s.%N >../start; " + session.command], log).wait())
        with open(session.work + "/start", encoding="utf-8") as file:
            start = float(file.read())
        with open(report_path, encoding="utf-8") as file:
            report = json.load(file)
        return [(first_request(session.work) - start) * 1e3,
                (report["user_seconds"] + report["system_seconds"]) * 1e3,
                report["peak_memory_bytes"] / 2 ** 20]


def run(server_path, command, log):
    figures = time_run(server_path, command, log)
    if treememory.can_tell():
        with Session(server_path, command) as session:
            process = session.start(["sh", "-c", session.command], log)
            figures[2] = treememory.peak(process) / 2 ** 20
            session.check(process.wait())
    return dict(zip(KEYS, figures))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=5)
    parser.add_argument("server")
    parser.add_argument("commands", nargs="+")
    args = parser.parse_args()
    log = os.open(os.environ.setdefault("BENCH_LOG", "/dev/null"),
                  os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    commands = [c.split("=", 1) for c in args.commands]
    rows = {name: [] for name, _ in commands}
    for turn in range(args.n + 1):
        for name, command in commands:
            row = run(args.server, command, log)
            if turn:
                rows[name].append(row)
    base = rows[commands[0][0]]
    print(f"{'':14}" + "".join(f"{key:>11}" for key in KEYS) +
          f"   {commands[0][0]} takes of it, %")
    for name, row in rows.items():
        line = f"{name:14}" + "".join(
            f"{statistics.median(r[key] for r in row):11.1f}" for key in KEYS)
        parts = [statistics.median(a[key] / b[key] * 100
                                   for a, b in zip(base, row)) for key in KEYS]
        print(line + "   " + ", ".join(f"{part:.1f}" for part in parts))


main()
