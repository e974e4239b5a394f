#!/usr/bin/env python3
"""mask-corpus.py KIND MEGABYTES: generates input for nr-mask, always the
same."""
import random
import sys

WORDS = """token tokens secret secrets password passed author authorization
access private key api_key credential cookie basic bearer http https build
test compile error warning the of and to in for with from at line file object
module package version installing fetching resolving cached layer step""".split()
HEX = "0123456789abcdef"


def stress(rng):
    """Words that rules begin with, addresses, hashes, a secret now and
    then."""
    while True:
        line = ["%02d:%02d:%02d" % (rng.randrange(24), rng.randrange(60),
                                    rng.randrange(60))]
        line += rng.choices(WORDS, k=rng.randrange(4, 14))
        kind = rng.randrange(40)
        if kind < 6:
            line.append("https://host%d.example.org:8080/path/%d?q=%d" %
                        (rng.randrange(99), rng.randrange(999), kind))
        elif kind < 12:
            line.append("sha256:" + "".join(rng.choices(HEX, k=64)))
        elif kind == 12:
            line.append("password=" + "".join(rng.choices(HEX, k=20)))
        elif kind == 13:
            line.append("ghp_" + "".join(rng.choices(HEX, k=36)))
        elif kind == 14:
            line.append('{"token": "%x", "n": 1}' % rng.getrandbits(64))
        yield " ".join(line) + "\n"


REPEATED = {
    "bearer": "Bearer x1" + "a" * 20000000,
    "password": "password=",
    "password-quoted": "password=\"x",
    "jwt": "eyJ",
    "jwt-dash": "eyJ-",
    "url": "://a:",
    "http-url": "http://a:",
    "pem": "-----BEGIN PRIVATE KEY-----\n",
    "pem-lines": "-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 16 + "\n",
    "value": "known-value-0123456789",
    "value-start": "known-value-012345678",
    "backslashes": "\\",
    "quotes": "\"'",
    "secret-array": '{"secret":["a",{"token":{"x":[',
    "colours": "\033[1m.",
    "colours-dense": "\033[31mab\033[0m",
    "tokens": "ghp_",
    "token-word": "token ",
    "hex-lines": "0123456789abcdef" * 5 + "\n",
    "options": "--token ",
    "stars": "*",
    "escapes": "\033",
}


def main():
    kind, size = sys.argv[1], int(sys.argv[2]) * 1000000
    out, done = sys.stdout.buffer, 0
    if kind == "stress":
        lines = stress(random.Random(1))
        while done < size:
            block = "".join(next(lines) for _ in range(1000)).encode()
            done += out.write(block)
        return
    if kind == "list":
        print("\n".join(REPEATED))
        return
    unit = REPEATED[kind].encode()
    block = unit * max(1, 65536 // len(unit))
    while done < size:
        done += out.write(block)


main()
