#!/usr/bin/env python3
"""run-examples.py PAGE.1...: runs the EXAMPLES of man pages, and checks.

In the EXAMPLES section of an mdoc page, the lines of a literal display that
begin with "$ " are commands, those that follow are the output expected of
them, standard error included. A command goes on while its lines end in a
backslash. "..." in an expected line stands for anything; a line "..." alone
for any lines. The commands of a page run one after another in one sh, in the
current directory. Exits 1 and shows the difference at the first that fails.
"""
import re
import subprocess
import sys


def examples(path):
    """Yields (command, expected lines) of a page."""
    section = display = False
    command, expected = None, []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(".Sh "):
            section = line == ".Sh EXAMPLES"
        elif line.startswith(".Bd ") and section:
            display = True
        elif line.startswith(".Ed"):
            display = False
            if command:
                yield command, expected
            command, expected = None, []
        elif display:
            line = line.replace("\\e", "\\").replace("\\&", "")
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            elif command and command.endswith("\\") and not expected:
                command += "\n" + line
            elif command:
                expected.append(line)


def matches(expected, actual):
    pattern = "\n".join(expected)
    parts = [re.escape(p) for p in pattern.split("...")]
    return re.fullmatch(".*".join(parts), actual, re.DOTALL)


def main():
    for page in sys.argv[1:]:
        shell = subprocess.Popen(["sh"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        mark = "--- end of the example ---"
        for command, expected in examples(page):
            shell.stdin.write(f"(exit ${{code:-0}})\n{command}\ncode=$?\n"
                              f"printf '%s\\n' '{mark}'\n")
            shell.stdin.flush()
            actual = []
            for line in shell.stdout:
                if line.rstrip("\n").endswith(mark):
                    rest = line.rstrip("\n")[:-len(mark)]
                    if rest:
                        actual.append(rest)
                    break
                # Told in a chroot and in many a container, of every page.
                if not line.startswith("nothing can be mounted here"):
                    actual.append(line.rstrip("\n"))
            if not matches(expected, "\n".join(actual)):
                print(f"{page}: $ {command}\nexpected:",
                      *expected, "got:", *actual, sep="\n")
                sys.exit(1)
        shell.stdin.close()
        shell.wait()


main()
