# SPDX-License-Identifier: MIT
"""Encodes values with the encoders that programs really use, sends all of
that through nr-mask, and looks for what is left of a value."""
import base64
import html
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.parse

SEPARATOR = "\n= = = =\n"
SPLIT = ("eightchr", "one\nvalue of two lines", 'say "no\\"')
VALUES = [
    'say "no\\"',
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    'p@ss"w\\ord\'with $every `kind` of <quote> & more/',
    "pässwörd-€-𝄞-ünïcode",
    "Zm9v/b+r=baz+/quux==",
    "eightchr",
    "ends with a backslash\\",
    '"quoted at both ends"',
    "one\nvalue of two lines",
    "tab\tand\x07bell\x1bescape",
    "a{b}c|d;e(f)g*h?i[j]k!l#m~n^o,p",
    "100%sure&it=works+fine",
    "long-" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEF" * 5,
]


def run(*command, text=b""):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE,
                          check=True).stdout.decode("utf-8", "surrogateescape")


def chunks(text, width, end="\n"):
    return end.join(text[i:i + width] for i in range(0, len(text), width))


NODE = """
const value = require("fs").readFileSync(0, "utf8");
const params = new URLSearchParams(); params.set("v", value);
console.log(JSON.stringify({
  "JSON.stringify": JSON.stringify(value),
  "JSON.stringify twice": JSON.stringify(JSON.stringify(value)),
  "encodeURIComponent": encodeURIComponent(value),
  "encodeURI": encodeURI(value),
  "URLSearchParams": params.toString().slice(2),
  "Buffer hex": Buffer.from(value).toString("hex"),
  "Buffer base64": Buffer.from(value).toString("base64"),
  "Buffer base64url": Buffer.from(value).toString("base64url"),
}));
"""


def node_forms(value):
    yield from json.loads(
        run("node", "-e", NODE, text=value.encode())).items()


def double(text):
    return urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="")


def escape_all(text, how):
    return "".join(how(c) if c in '"\\\'<>&+`/=' else c for c in text)


def text_forms(value):
    raw = value.encode()
    yield "raw", value
    yield "json", json.dumps(value, ensure_ascii=False)
    yield "json ascii", json.dumps(value)
    yield "json ascii upper", re.sub(
        r"\\u[0-9a-f]{4}", lambda m: "\\u" + m[0][2:].upper(),
        json.dumps(value))
    yield "json slash", json.dumps(value).replace("/", "\\/")
    yield "json slash unicode", json.dumps(
        value, ensure_ascii=False).replace("/", "\\u002f")
    yield "json go", re.sub("[<>&]", lambda m: "\\u%04x" % ord(m[0]),
                            json.dumps(value, ensure_ascii=False))
    yield "json in json", json.dumps(json.dumps(value))
    yield "json in json in json", json.dumps(json.dumps(json.dumps(value)))
    yield "jq", run("jq", "-c", ".", text=json.dumps(value).encode())
    yield "jq ascii", run("jq", "-ac", ".", text=json.dumps(value).encode())
    yield "jq @json", run("jq", "-c", "@json", text=json.dumps(value).encode())
    yield "jq @sh", run("jq", "-r", "@sh", text=json.dumps(value).encode())
    yield "jq @uri", run("jq", "-r", "@uri", text=json.dumps(value).encode())
    yield "jq @html", run("jq", "-r", "@html", text=json.dumps(value).encode())
    yield "jq @csv", run("jq", "-r", "[.]|@csv",
                         text=json.dumps(value).encode())
    yield "python repr", repr(value)
    yield "python bytes", repr(raw)
    yield "shlex", shlex.quote(value)
    yield "printf %q", run("bash", "-c", 'printf "%q\n" "$1"', "-", value)
    yield "set -x", subprocess.run(
        ["bash", "-xc", ': "$1"', "-", value], stderr=subprocess.PIPE,
        check=True).stderr.decode("utf-8", "surrogateescape")
    yield "sql", "'" + value.replace("'", "''") + "'"
    yield "make", value.replace("$", "$$")
    yield "html", html.escape(value)
    yield "xml", value.replace("&", "&amp;").replace("<", "&lt;").replace(
        ">", "&gt;")
    yield "crlf", value.replace("\n", "\r\n")


def encoded_forms(value):
    raw = value.encode()
    yield "hex", raw.hex()
    yield "HEX", raw.hex().upper()
    yield "hex:", raw.hex(":")
    yield "HEX space", raw.hex(" ").upper()
    yield "xxd", run("xxd", "-p", text=raw)
    yield "quote", urllib.parse.quote(value, safe="")
    yield "quote lower", re.sub(
        "%..", lambda m: m[0].lower(), urllib.parse.quote(value, safe=""))
    yield "quote path", urllib.parse.quote(value)
    yield "quote_plus", urllib.parse.quote_plus(value)
    yield "uri component", urllib.parse.quote(value, safe="!~*'()")
    yield "uri", urllib.parse.quote(value, safe=";/?:@&=+$,#!~*'()")
    yield "quote twice", double(value)


def base64_forms(value):
    raw = value.encode()
    for before in (b"", b"x", b"xy", b"user:"):
        for after in (b"", b"\n", b"z", b"#%~9#%"):
            plain = before + raw + after
            standard = base64.b64encode(plain).decode()
            yield "base64", standard
            yield "base64 url", base64.urlsafe_b64encode(plain).decode()
            yield "base64 json", standard.replace("/", "\\/")
            yield "base64 uri", urllib.parse.quote(standard, safe="")
    for before in range(0, 80, 7):
        plain = b"." * before + raw + b"." * 60
        yield "openssl", run("openssl", "base64", text=plain)
        encoded = base64.b64encode(plain).decode()
        yield "base64 in lines", chunks(encoded, 76)
        yield "base64 in CRLF lines", chunks(encoded, 76, "\r\n")
        yield "base64 in indented lines", chunks(encoded, 76, "\n    ")
        yield "base64 in lines, JSON", json.dumps(chunks(encoded, 76))


def mask(text, value):
    env = {"SECRET": value, "PATH": os.environ["PATH"]}
    return subprocess.run(["nr-mask"], input=text, env=env,
                          stdout=subprocess.PIPE, check=True).stdout


def longest_common(a, b):
    best = ""
    for i in range(len(a)):
        while i + len(best) < len(a) and a[i:i + len(best) + 1] in b:
            best = a[i:i + len(best) + 1]
    return best


def check(value, name, form, out, left_over):
    """What may stay of a form: quotes, and what was around the value."""
    if "***" not in out:
        return "%s of %r: not masked: %r" % (name, value, out)
    common = longest_common(out.replace("***", "\0"), left_over(form, value))
    if len(common) > 3 and common.strip("\\\"'") not in "&quot;":
        return "%s of %r: %r is left in %r" % (name, value, common, out)
    return None


def check_splits(cases, value):
    """The text forms, and some base64: the same for every split."""
    forms = [form for _, form, left_over in cases if left_over is around]
    forms += [form for _, form, left_over in cases[len(forms)::9]]
    text = "\n".join(forms).encode("utf-8", "surrogateescape")
    splits = os.path.join(os.environ["NR_TESTS"], "mask_splits")
    result = subprocess.run([splits, value], input=text, check=False,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if result.returncode != 0:
        return result.stderr.decode("utf-8", "replace")[:2000]
    return None


def around(form, value):
    """The form without the quotes that an encoder put around it."""
    quotes = r"""([\\"']|&quot;)*"""
    return re.sub("^([+] : )?" + quotes + "|" + quotes + "$", "",
                  form.strip())


def inside_base64(form, value):
    """The digits of every alignment that the value decides."""
    digits = []
    for before in range(3):
        text = base64.b64encode(b"\0" * before + value.encode()).decode()
        digits.append(text[before * 8 // 6 + 1:len(text) - 4])
    return "\n".join(digits + [d.replace("+", "-").replace("/", "_")
                               for d in digits])


def main():
    problems = []
    for value in VALUES:
        cases = [(*form, around)
                 for form in [*text_forms(value), *encoded_forms(value),
                              *node_forms(value)]]
        cases += [(*form, inside_base64) for form in base64_forms(value)]
        text = SEPARATOR.join(form for _, form, _ in cases)
        raw = text.encode("utf-8", "surrogateescape")
        out = mask(raw, value)
        if value in SPLIT:
            problems.append(check_splits(cases, value))
        outs = out.decode("utf-8", "surrogateescape").split(SEPARATOR)
        for (name, form, left_over), out in zip(cases, outs, strict=True):
            problems.append(check(value, name, form, out, left_over))
    problems = [p for p in problems if p]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
