# SPDX-License-Identifier: MIT
"""nr-mask between two pipes that do not block, with a slow reader."""
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

SECRET = os.environ["GIT_TOKEN"].encode()
TEXT = (b"some text " + SECRET + b"\n") * 20000


def pipe():
    ends = os.pipe()
    for end in ends:
        os.set_inheritable(end, True)
        fcntl.fcntl(end, fcntl.F_SETFL,
                    fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
    return ends


def feed(fd):
    at = 0
    while at < len(TEXT):
        try:
            at += os.write(fd, TEXT[at:at + 70000])
        except BlockingIOError:
            time.sleep(0.001)
    os.close(fd)


in_read, in_write = pipe()
out_read, out_write = pipe()
child = subprocess.Popen(["nr-mask"], stdin=in_read, stdout=out_write)
os.close(in_read)
os.close(out_write)
threading.Thread(target=feed, args=(in_write,)).start()
output = b""
while True:
    try:
        data = os.read(out_read, 4000)
    except BlockingIOError:
        # It goes on after signals, too.
        child.send_signal(signal.SIGSTOP)
        child.send_signal(signal.SIGCONT)
        time.sleep(0.002)
        continue
    if not data:
        break
    output += data
if child.wait() != 0:
    sys.exit("nr-mask failed")
if output != TEXT.replace(SECRET, b"***"):
    sys.exit("the output is wrong")
