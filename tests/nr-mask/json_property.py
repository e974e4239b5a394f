# SPDX-License-Identifier: MIT
"""Random nested JSON documents through nr-mask, as several encoders write
them: what comes out is JSON with the same keys and the same shape. With
--json that is so for values that span several strings and numbers, too.

json_property.py SEED DOCUMENTS"""
import json
import os
import random
import subprocess
import sys

VALUES = {
    "A_SECRET": "known-value\\", "B_SECRET": '"quoted value', "C_TOKEN":
    "u0041known", "D_TOKEN": "1234567890", "E_SECRET": "tab\tand\nnewline x",
    "F_SECRET": "pässwörd-€-𝄞", "G_SECRET": "e2c", "H_PASSWORD": "q7x2",
}
SPANNING = {"I_SECRET": '},{"', "J_SECRET": '5,12345', "K_SECRET": '"],["x',
            "L_SECRET": ': "known', "M_SECRET": 'false,"password='}
KEYS = ["a", "name", "password", "token", "api_key", "secrets", "credentials",
        "authorization", "Cookie", "max_tokens", "url", "client_secret", "",
        "note", "private_key", "x y", "ключ", "tokenizer"]
PIECES = ["password", "token=", "PASSWORD='", "secret: ", '"', "'", "\\",
          "\\n", "\n", "\t", " ", ",", ":", "{", "}", "[", "]", "abcdefgh1",
          "Hunter2Hunter2", "Bearer ", "Basic ", "mF_9.B5f-4.1JqMabcdef",
          "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.x", "http://u:",
          "pw@host/", "-----BEGIN RSA PRIVATE KEY-----\n",
          "MIIEowIBAAKCAQEAu1SU1LfVLPHC\nhki/x=\n",
          "-----END RSA PRIVATE KEY-----", "curl -u u:p ", "$", "<x>", "***",
          "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "é", "\u2028", "\x7f",
          "cookie: a=b; c=d1234567", '"password":"', '\\"secret\\":\\"',
          "--token ", "<", ">", "/", "=", "(", "x"] + list(VALUES.values())


def text(rng):
    pieces = rng.choices(PIECES, k=rng.choice((0, 1, 1, 2, 3, 6)))
    whole = "".join(pieces)
    if rng.random() < 0.1:
        whole = json.dumps({rng.choice(KEYS): whole, "z": [1, whole]})
    if rng.random() < 0.1:
        whole = json.dumps({"inner": whole, "secret": rng.choice((1, "x"))})
    return whole


def value(rng, depth):
    kind = rng.randrange(11 if depth < 5 else 7)
    if kind < 3:
        return text(rng)
    if kind == 3:
        return rng.choice((0, -1, 1.5, 12345, 1234567890, 1e30, 123456789012))
    if kind == 4:
        return rng.choice((True, False, None))
    if kind < 7:
        return text(rng)
    if kind < 9:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): value(rng, depth + 1)
            for _ in range(rng.randrange(5))}


def encode(rng, document):
    encoded = json.dumps(document, ensure_ascii=rng.random() < 0.5,
                         separators=rng.choice(((",", ":"), (", ", ": "),
                                                (" , ", " : "))))
    if rng.random() < 0.3:
        encoded = encoded.replace("/", "\\/")
    if rng.random() < 0.2:
        encoded = encoded.replace("<", "\\u003c").replace("'", "\\u0027")
    return encoded


def shape(document):
    if isinstance(document, dict):
        return {key: shape(item) for key, item in document.items()}
    if isinstance(document, list):
        return [shape(item) for item in document]
    if isinstance(document, (bool, type(None))):
        return document
    return "scalar" # a number may become a string


def problem(before, after):
    try:
        masked = json.loads(after)
    except ValueError as error:
        return str(error)
    if shape(json.loads(before)) != shape(masked):
        return "the shape differs"
    return None


def check(lines, options, values):
    masked = subprocess.run(
        ["nr-mask", *options], input="\n".join(lines).encode(), check=True,
        stdout=subprocess.PIPE, env={**values, "PATH": os.environ["PATH"]})
    failures = 0
    for before, after in zip(lines, masked.stdout.decode().split("\n"),
                             strict=True):
        wrong = problem(before, after)
        if wrong and failures < 5:
            print("%s\nin:  %s\nout: %s" % (wrong, before, after))
        failures += wrong is not None
    print("%d of %d documents" % (failures, len(lines)))
    return failures


def main(seed, count):
    rng = random.Random(seed)
    lines = [encode(rng, {"doc": value(rng, 0), "more": value(rng, 0)})
             for _ in range(count)]
    failures = check(lines, [], VALUES)
    failures += check(lines, ["--json"], {**VALUES, **SPANNING})
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
