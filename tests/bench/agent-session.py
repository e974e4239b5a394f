#!/usr/bin/env python3
"""Measures coding agents on one script: ten commands, then a last word.

usage: agent-session.py SERVER [-n RUNS] NAME=COMMAND...

Each command is run by sh in a git work tree of its own with the prompt on
standard input, alternately, RUNS times after one warm-up; {url} in it is a
model's server that replays the script. Measured are the time from the start
to the first request of the script, and, by nr-limit, CPU time and peak memory
of all its processes together. Ratios are the first command's to the
others', run by run; medians are printed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

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


def run(server_path, command, log):
    with tempfile.TemporaryDirectory() as work:
        server, url = start_server(server_path, work)
        slot = work + "/slot"
        subprocess.run(["git", "init", "-q", slot], check=True)
        with open(work + "/prompt", "w", encoding="utf-8") as file:
            file.write("Write down ten steps.\n")
        pid = os.fork()
        if pid == 0:
            os.chdir(slot)
            os.dup2(os.open(work + "/prompt", os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.execvp("nr-limit", [
                "nr-limit", "--report", work + "/report", "sh", "-c",
                "date +%s.%N >../start; " + command.replace("{url}", url)])
        _, status = os.waitpid(pid, 0)
        server.terminate()
        server.wait()
        with open(slot + "/steps.txt", encoding="utf-8") as file:
            if status != 0 or len(file.readlines()) != STEPS:
                sys.exit(f"failed ({status}): {command}")
        with open(work + "/start", encoding="utf-8") as file:
            start = float(file.read())
        with open(work + "/report", encoding="utf-8") as file:
            report = json.load(file)
        return dict(zip(KEYS, (
            (first_request(work) - start) * 1e3,
            (report["user_seconds"] + report["system_seconds"]) * 1e3,
            report["peak_memory_bytes"] / 2 ** 20)))


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
