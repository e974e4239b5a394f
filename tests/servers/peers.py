# SPDX-License-Identifier: MIT
"""What the servers of the tests have in common.

A server is started as `NAME --state DIR --root DIR [OPTIONS]`: it keeps its
own files in the state directory, serves the repositories below the root,
prints `ready URL` once connections are accepted, and ends on SIGTERM. It
listens on 127.0.0.1, on a port the kernel chooses: nothing can be raced for.

Secrets come in files, never in arguments: tests look for them in the list of
processes.
"""

import argparse
import base64
import json
import os
import signal
import socket
import subprocess
import time

HOST = "127.0.0.1"


def parser(description):
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--state", metavar="DIR", required=True)
    options.add_argument("--root", metavar="DIR", default=".",
                         help="where the repositories are")
    return options


def add_users_option(options):
    options.add_argument("--users", metavar="FILE",
                         help="lines `name:token`, any of which is let in")


def add_tls_options(options):
    options.add_argument("--tls", action="store_true")
    options.add_argument("--ca", metavar="DIR",
                         help="its ca.pem signs; made when not there")
    options.add_argument("--certificate", default="good",
                         choices=["good", "expired", "other-host"])


def parse(options):
    """Options with absolute paths, in a process group of its own.

    A whole server, with the children it runs, then ends by one signal.
    """
    settings = options.parse_intermixed_args()
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, end)
    os.closerange(3, 256)
    settings.state = os.path.abspath(settings.state)
    settings.root = os.path.abspath(settings.root)
    os.makedirs(settings.state, exist_ok=True)
    if getattr(settings, "ca", "") is None:
        settings.ca = settings.state + "/ca"
    return settings


def end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.killpg(0, signal.SIGTERM)


def listen(backlog=128):
    """A listening socket and its port."""
    listener = socket.create_server((HOST, 0), backlog=backlog)
    return listener, listener.getsockname()[1]


def ready(url):
    """Tells the caller, whose pipe is not needed afterwards."""
    print("ready", url, flush=True)
    os.dup2(2, 1)


def url(settings, port):
    tls = getattr(settings, "tls", False)
    return f"{'https' if tls else 'http'}://{HOST}:{port}"


def git_environment(settings):
    """What git sees on the side of the server: nothing of the test's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": settings.state,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }


def http_backend_environment(settings):
    return git_environment(settings) | {
        "GIT_PROJECT_ROOT": settings.root,
        "GIT_HTTP_EXPORT_ALL": "1",
        # Without a user, git takes pushes only when told to.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.receivepack",
        "GIT_CONFIG_VALUE_0": "true",
    }


def serve_connections(listener, command, environment, log):
    """As inetd does: one process a connection, the socket its stdin, stdout.
    """
    children = []
    while True:
        connection, _ = listener.accept()
        children = [child for child in children if child.poll() is None]
        children.append(subprocess.Popen(
            command, stdin=connection, stdout=connection, stderr=log,
            env=environment))
        connection.close()


class Log:
    """requests.jsonl: a line a request, written before it is answered."""

    def __init__(self, settings):
        self.file = open(settings.state + "/requests.jsonl", "ab", 0)

    def write(self, method, path, authorization, **more):
        line = {"time": time.time(), "method": method, "path": path,
                "authorization": scheme(authorization)} | more
        self.file.write(json.dumps(line).encode() + b"\n")


def scheme(authorization):
    """`Basic`, `Bearer` or `none`: a log holds no secret."""
    return (authorization or "none").split(" ")[0]


def read_users(path):
    """The values of Authorization that belong to the users of the file."""
    with open(path, encoding="utf-8") as lines:
        return ["Basic " + base64.b64encode(line.rstrip("\n").encode())
                .decode() for line in lines]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stderr=subprocess.PIPE)


def openssl_request(subject, key, *options):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=" + subject, "-keyout", key, *options)


def make_ca(directory):
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(directory + "/ca.pem"):
        # Debian's openssl.cnf makes it one that may sign.
        openssl_request("CA of the tests", directory + "/ca.key", "-x509",
                        "-days", "2", "-out", directory + "/ca.pem")


def make_certificate(settings):
    """A file with certificate and key, signed by the CA of the test."""
    make_ca(settings.ca)
    name = settings.state + "/server"
    hosts = f"IP:{HOST},DNS:localhost"
    if settings.certificate == "other-host":
        hosts = "DNS:git.example.org"
    openssl_request("server of the tests", name + ".key",
                    "-addext", "subjectAltName=" + hosts,
                    "-out", name + ".csr")
    # `req -x509` refuses to make one that has expired.
    openssl("x509", "-req", "-in", name + ".csr", "-out", name + ".crt",
            "-days", "-1" if settings.certificate == "expired" else "2",
            "-copy_extensions", "copyall",
            "-CA", settings.ca + "/ca.pem", "-CAkey", settings.ca + "/ca.key")
    with open(name + ".pem", "wb") as pem:
        for part in ".crt", ".key":
            with open(name + part, "rb") as source:
                pem.write(source.read())
    return name + ".pem"


def tls_context(settings):
    import ssl  # slow to load, and most servers do without
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(settings))
    return context
