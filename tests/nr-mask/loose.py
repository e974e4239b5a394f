# SPDX-License-Identifier: MIT
"""Values with each character escaped in another way, or not at all, as what
passed through several hands is, through nr-mask; and the same for every split.

loose.py SEED TEXTS"""
import os
import random
import subprocess
import sys

VALUES = ['pa"ss/word+1', "it's a=long%secret & more", "back\\slash\\\\ed<tag>",
          "tab\tand$dollar`tick`", "?leading-and-more", "semi;colon,comma|pipe",
          "curly{brace}[bracket]", "ünïcode-is-raw/slash"]
NAMES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
LETTERS = {"\t": "\\t", "\n": "\\n"}


def ways(char):
    code = ord(char)
    yield char
    if code >= 128:
        return
    yield "\\u%04x" % code
    yield "\\u%04X" % code
    yield "\\\\u%04x" % code
    yield "\\x%02x" % code
    yield "\\%03o" % code
    yield "%%%02x" % code
    yield "%%25%02X" % code
    yield "&#%d;" % code
    yield "&#x%02X;" % code
    if char in NAMES:
        yield NAMES[char]
    if char in LETTERS:
        yield LETTERS[char]
    elif code > 32:
        yield "\\" + char
        yield "\\\\\\" + char
    if char == " ":
        yield "+"
    if char == "'":
        yield "'\\''"
        yield "'\"'\"'"
        yield "''"


def write(rng, value):
    out = ""
    for i, char in enumerate(value):
        if char.isalnum() or char in "-_.":
            out += char
        elif char == "\\" or (i > 0 and value[i - 1] == "\\"):
            # Runs of backslashes are escaped as runs.
            out += "\\\\" if char == "\\" else char
        else:
            out += rng.choice(list(ways(char)))
    return out


def main(seed, count):
    rng = random.Random(seed)
    env = {"SECRET_%d" % i: value for i, value in enumerate(VALUES)}
    env["PATH"] = os.environ["PATH"]
    texts = [write(rng, rng.choice(VALUES)) for _ in range(count)]
    raw = "".join("[(%s)]\n" % text for text in texts).encode()
    masked = subprocess.run(["nr-mask", "-n"], input=raw, env=env, check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    lines = masked.splitlines()
    wrong = [(text, line) for text, line in zip(texts, lines, strict=True)
             if line != "[(***)]"]
    for text, line in wrong[:9]:
        print("%r became %r" % (text, line))
    splits = os.path.join(os.environ["NR_TESTS"], "mask_splits")
    for at in range(0, min(count, 300), 30):
        part = "; ".join(texts[at:at + 6]).encode()
        result = subprocess.run([splits, *VALUES], input=part, check=False,
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)
        if result.returncode != 0:
            print(part, result.stderr.decode())
            return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
