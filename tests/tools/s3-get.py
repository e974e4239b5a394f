#!/usr/bin/env python3
"""s3-get.py ENDPOINT BUCKET/KEY: prints an object of S3.

Signs by itself (Signature Version 4, as Amazon describes it): what is tested
does not check itself.
"""
import datetime
import hashlib
import hmac
import os
import sys
import urllib.parse
import urllib.request

EMPTY = hashlib.sha256(b"").hexdigest()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def main():
    endpoint, name = sys.argv[1:]
    path = "/" + urllib.parse.quote(name, safe="/-._~")
    host = urllib.parse.urlsplit(endpoint).netloc
    now = datetime.datetime.now(datetime.timezone.utc)
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{day}/us-east-1/s3/aws4_request"
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = (f"GET\n{path}\n\nhost:{host}\nx-amz-content-sha256:{EMPTY}\n"
                 f"x-amz-date:{moment}\n\n{names}\n{EMPTY}")
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for word in day, "us-east-1", "s3", "aws4_request":
        key = sign(key, word)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signature = sign(
        key, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}").hex()
    request = urllib.request.Request(endpoint + path, headers={
        "x-amz-content-sha256": EMPTY, "x-amz-date": moment,
        "Authorization": "AWS4-HMAC-SHA256 Credential="
        f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"})
    with urllib.request.urlopen(request) as answer:
        while piece := answer.read(1 << 16):
            sys.stdout.buffer.write(piece)


main()
