# SPDX-License-Identifier: MIT
"""A web server for repositories, in which anything can be made to go wrong."""

import http.server
import os
import socket
import subprocess
import tempfile

import peers


class GitServer(http.server.ThreadingHTTPServer):
    """Serves on a socket that is listening already."""

    daemon_threads = True

    def __init__(self, settings, listener, handler):
        super().__init__(listener.getsockname(), handler, False)
        self.socket.close()
        self.socket = listener
        self.settings = settings
        self.log = peers.Log(settings)
        self.accepted = []  # values of Authorization; none: all are let in
        self.context = None
        if settings.tls:
            self.context = peers.tls_context(settings)

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            # The handshake is left to the thread of the connection.
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        """Clients that leave early are what the tests are about."""


class GitHandler(http.server.BaseHTTPRequestHandler):
    """Runs `git http-backend` for every request that is let in."""

    protocol_version = "HTTP/1.1"
    challenge = 'Basic realm="tests"'

    def do_GET(self):
        self.server.log.write(
            self.command, self.path, self.headers["Authorization"],
            host=self.headers["Host"])
        self.answer()

    do_POST = do_PUT = do_HEAD = do_GET

    def answer(self):
        """What subclasses replace."""
        self.answer_well()

    def answer_well(self):
        if self.is_let_in():
            self.send_git(*self.run_git())
        else:
            self.send_text(401, "who are you?\n",
                           [("WWW-Authenticate", self.challenge)])

    def is_let_in(self):
        accepted = self.server.accepted
        return not accepted or self.headers["Authorization"] in accepted

    def log_message(self, *_):
        """There is a log of ours."""

    def read_body(self):
        """The pieces of the request's body."""
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers["Content-Length"] or 0))

    def send_text(self, status, text, headers=(), kind="text/plain"):
        for _ in self.read_body():
            pass
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def run_git(self):
        """Status, headers and body, when git is done: the work is done."""
        path, _, query = self.path.partition("?")
        with tempfile.TemporaryFile(dir=self.server.settings.state) as body:
            for piece in self.read_body():
                body.write(piece)
            environment = peers.http_backend_environment(
                self.server.settings) | {
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REMOTE_ADDR": peers.HOST,
                "CONTENT_TYPE": self.headers["Content-Type"] or "",
                "CONTENT_LENGTH": str(body.tell()),
                "HTTP_CONTENT_ENCODING":
                    self.headers["Content-Encoding"] or "",
                "HTTP_GIT_PROTOCOL": self.headers["Git-Protocol"] or "",
            }
            body.seek(0)
            result = subprocess.run(
                ["git", "http-backend"], stdin=body, check=False,
                stdout=subprocess.PIPE, env=environment)
        return split_cgi(result.stdout)

    def send_git(self, status, headers, body):
        self.send_git_headers(status, headers)
        self.send_piece(body)
        self.end_pieces()

    def send_git_headers(self, status, headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_piece(self, data):
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end_pieces(self):
        self.wfile.write(b"0\r\n\r\n")

    def reset(self):
        """Ends the connection as a crash of the peer does: with RST."""
        self.close_connection = True
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())

    def say_no_more(self):
        """Keeps the connection, silently, for as long as the client does."""
        self.close_connection = True
        while self.connection.recv(65536):
            pass


def split_cgi(output):
    head, _, body = output.partition(b"\r\n\r\n")
    status, headers = 200, []
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name == "Status":
            status = int(value.split()[0])
        elif name:
            headers.append((name, value))
    return status, headers, body
