# SPDX-License-Identifier: MIT
"""The peak memory of nr-mask for input that would tempt it to keep it all."""
import os
import re
import subprocess
import sys

VALUE = b"aaaaaaaaaaaaaaaaaaaab"
LIMIT_KB = 4096
BLOCK = 1 << 16
INPUTS = {
    "one long line": b"x" * BLOCK,
    "the beginning of the value again and again": b"a" * BLOCK,
    "the value again and again": VALUE * (BLOCK // len(VALUE)),
    "the value and something else": (VALUE + b".") * (BLOCK // 22),
    "nothing but backslashes": b"\\" * BLOCK,
    "nothing but escape characters": b"\x1b" * BLOCK,
    "nothing but colours": b"\x1b[1m" * (BLOCK // 4),
}


def feed(block):
    child = subprocess.Popen(["nr-mask"], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL,
                             env={"A_SECRET": VALUE,
                                  "PATH": os.environ["PATH"]})
    for _ in range(160):
        child.stdin.write(block)
    child.stdin.flush()
    with open("/proc/%d/status" % child.pid) as status:
        peak = int(re.search(r"VmHWM:\s*(\d+)", status.read())[1])
    child.stdin.close()
    if child.wait() != 0:
        sys.exit("nr-mask failed")
    return peak


for name, block in INPUTS.items():
    peak = feed(block)
    # The sanitizers need memory of their own.
    if peak > LIMIT_KB and "NR_SANITIZE" not in os.environ:
        sys.exit("%s: %d KB" % (name, peak))
