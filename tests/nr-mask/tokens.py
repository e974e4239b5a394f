# SPDX-License-Identifier: MIT
"""Every kind of token of the default rules: masked at its shortest, not when
it is one shorter, and not in the middle of a word."""
import itertools
import re
import subprocess
import sys

SETS = {}
CASES = []


def expand(members):
    return re.sub("(.)-(.)", lambda m: "".join(
        chr(c) for c in range(ord(m[1]), ord(m[2]) + 1)), members)


def mixed(members, length):
    """Not the beginning of another kind of token."""
    letters = [c for c in members if c.isalnum() and c not in "gskxr"]
    return "".join(itertools.islice(itertools.cycle(letters[::-1]), length))


def add_token(members, length, anchor):
    tail = mixed(SETS[members], int(length))
    CASES.append((anchor + tail, anchor + "***"))
    CASES.append(("(%s%sz)" % (anchor, tail) if "z" in SETS[members] else
                  "(%s%s)" % (anchor, tail), "(%s***)" % anchor))
    CASES.append(("v" + anchor + tail, "v" + anchor + tail))
    CASES.append((anchor + tail[1:] + ",", anchor + tail[1:] + ","))


def main(path):
    with open(path) as rules:
        lines = [line.split() for line in rules]
    for line in lines:
        if line[:1] == ["set"]:
            SETS[line[1]] = expand(line[2])
        elif line[:1] == ["token"]:
            for anchor in line[4:]:
                anchor = anchor.replace("\\\\", "\\").replace("\\s", " ")
                add_token(line[2], line[3], anchor)
    text = "".join("%s\n" % given for given, _ in CASES)
    masked = subprocess.run(["nr-mask"], input=text, text=True, check=True,
                            stdout=subprocess.PIPE).stdout.splitlines()
    wrong = ["%s: want %s, got %s" % (*case, got) for case, got in
             zip(CASES, masked, strict=True) if case[1] != got]
    print("\n".join(wrong))
    return 1 if wrong or len(CASES) < 500 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
