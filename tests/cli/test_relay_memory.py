"""What `wsprobe relay` takes of memory: with 200 sessions, and before servers that mean harm."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.cases import part
from tests.cli.processes import started
from tests.exchanges import SAMPLE_OPENED
from tests.hostile.servers import SERVERS, serving
from tests.served import Server

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process is read from /proc"),
]

MOST = 100
"""MiB."""
SESSIONS = 200
FRAMES = (b"\x82\x90mask" + b"x" * 16) * 5000
REQUEST = (
    b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Relay:
    """A relay in a process of its own."""

    def __init__(self, pid, port):
        self._pid = pid
        self.port = port
        self.reported = threading.Semaphore(0)

    def read(self, lines):
        """Count the reports."""
        for _ in lines:
            self.reported.release()

    def peak(self, reports):
        """The most memory that it had, in MiB, once there were so many *reports*."""
        for _ in range(reports):
            assert self.reported.acquire(timeout=60)
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@contextmanager
def relaying(*arguments):
    with started("relay", "--json", *arguments, stderr=subprocess.DEVNULL) as process:
        url = json.loads(process.stdout.readline())["ready"]["ws"]
        relay = Relay(process.pid, int(url.rstrip("/").rpartition(":")[2]))
        reader = threading.Thread(target=relay.read, args=(process.stdout,))
        reader.start()
        try:
            yield relay
        finally:
            process.kill()
            reader.join()


def opened(port, path=b""):
    stream = socket.create_connection(("127.0.0.1", port), timeout=30)
    stream.sendall(REQUEST % path)
    return stream


class Echo(Server):
    """Answers every handshake with a 101, and returns what comes."""

    def answer(self, request, stream):
        stream.sendall(SAMPLE_OPENED + request.rest)
        while data := stream.recv(65536):
            stream.sendall(data)


def test_two_hundred_sessions():
    with ExitStack() as stack:
        url = f"ws://127.0.0.1:{stack.enter_context(Echo()).port}/"
        relay = stack.enter_context(relaying(url))
        streams = [stack.enter_context(opened(relay.port)) for _ in range(SESSIONS)]
        for stream in streams:
            stream.sendall(FRAMES)
            left = len(SAMPLE_OPENED) + len(FRAMES)
            while left:
                left -= len(stream.recv(left))
        for stream in streams:
            stream.shutdown(socket.SHUT_WR)
        for stream in streams:
            assert stream.recv(1) == b""
        assert relay.peak(SESSIONS) < MOST


@pytest.mark.parametrize("options", [(), ("--tell-page",)])
@pytest.mark.parametrize("name", ["endless-fields", "endless-body", "endless-messages", "pmd-bomb"])
def test_a_server_that_means_harm(name, options):
    """Those of the lab that take the most."""
    assert drained(f"lab:{name}", *options) < MOST


RELAYS = ((), ("--tell-page",), ("--browser-mode",))
MEETINGS = [
    (name, options)
    for number, name in enumerate(name for name, server in SERVERS.items() if not server.http2)
    for options in part(RELAYS, len(RELAYS), number)
]
"""Each server and each relay; with WSPROBE_TESTS=all each server with each relay."""


@pytest.mark.floods
@pytest.mark.parametrize(("name", "options"), MEETINGS)
def test_every_server_that_means_harm(name, options):
    with serving(SERVERS[name]) as port:
        assert drained(f"ws://127.0.0.1:{port}/", *options) < MOST


def drained(url, *options):
    """The most memory, in MiB, of a relay to *url* whose client reads all that comes within three seconds."""
    with relaying(*options, "-m", "3", url) as relay, opened(relay.port) as stream:
        with suppress(OSError):
            while stream.recv(1 << 18):
                pass
        return relay.peak(1)
