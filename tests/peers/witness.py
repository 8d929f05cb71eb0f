"""Those who saw the same bytes: the probe's own report, a socket read by the standard library, curl, a log."""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import subprocess
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, cast

from tests.peers.place import HOST, PATIENCE, until
from wsprobe.exchange import Received
from wsprobe.recording import archive

DATE = re.compile(rb"(?im)^(date: )[^\r\n]*")
"""The one field in which two answers to the same request differ."""


@dataclass(frozen=True)
class Answer:
    """What one client was told. The clock in Date is left out."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    head: bytes
    body: bytes

    def field(self, name):
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


def timeless(head):
    return DATE.sub(rb"\1now", head)


def _answer(status, reason, fields, head, body):
    kept = [(name, "now" if name.lower() == "date" else value) for name, value in fields]
    return Answer(status, reason, kept, timeless(head), body)


@dataclass(frozen=True)
class Told:
    """What ``wsprobe connect --json`` printed, and the status with which it ended."""

    exit_status: int
    value: dict[str, Any]

    @property
    def outcome(self):
        return cast(str, self.value["outcome"])

    @property
    def request(self):
        return base64.b64decode(self.value["request"]["raw"])

    @property
    def key(self):
        (key,) = (value for name, value in self.value["request"]["headers"] if name == "Sec-WebSocket-Key")
        return cast(str, key)

    @property
    def answer(self):
        response = self.value["response"]
        body = response["body"]
        return _answer(
            response["status"],
            response["reason"],
            [(name, value) for name, value in response["headers"]],
            base64.b64decode(response["raw"]),
            b"" if body is None else base64.b64decode(body["raw"]),
        )

    @property
    def findings(self):
        return {finding["id"] for finding in self.value["findings"]}

    @property
    def failed(self):
        return {finding["id"] for finding in self.value["findings"] if finding["level"] == "fail"}

    @property
    def exchange(self):
        return archive.load(json.dumps(self.value))

    @property
    def received(self):
        return b"".join(event.data for event in self.exchange.events if isinstance(event, Received))


class _Tape(io.RawIOBase):
    """A socket's bytes for a reader, kept."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self.sock.recv_into(buffer)
        self.data += bytes(buffer[:size])
        return size

    def makefile(self, mode):
        return io.BufferedReader(self)


def by_socket(port, request, tls=None):
    """Send *request* as it is; the answer as the standard library reads it, *head* as it came."""
    with socket.create_connection((HOST, port), PATIENCE) as sock:
        link = sock if tls is None else tls[0].wrap_socket(sock, server_hostname=tls[1])
        with link:
            link.sendall(request)
            tape = _Tape(link)
            response = HTTPResponse(cast(socket.socket, tape), method="GET")
            response.begin()
            fields = list(response.msg.items())
            body = response.read()
            return _answer(response.status, response.reason, fields, _head(tape.data), body)


def by_curl(url, request):
    """Have curl send the fields of *request* to *url* (http:), and no other; its output as it came."""
    lines = request.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    fields = [option for line in lines for option in ("-H", line)]
    own = ["-H", "User-Agent:"] if not any(line.lower().startswith("user-agent:") for line in lines) else []
    done = subprocess.run(
        ["curl", "-s", "-i", "--raw", "--http1.1", "-m", f"{PATIENCE:g}", "-H", "Accept:", *own, *fields, url],
        capture_output=True,
        check=True,
        timeout=2 * PATIENCE,
    )
    head = _head(done.stdout)
    status_line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    _, status, reason = (*status_line.split(" ", 2), "")[:3]
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    return _answer(int(status), reason, pairs, head, done.stdout[len(head) :])


def _head(data):
    return data[: data.index(b"\r\n\r\n") + 4]


def logged(log, key):
    """Return the words of the line that *log* has about the handshake with *key*, the key left out."""

    def line():
        lines = log.read_text("latin-1").splitlines(keepends=True) if log.exists() else []
        found = (each for each in lines if each.startswith(f"{key} ") and each.endswith("\n"))
        return next((each.split()[1:] for each in found), None)

    return until(line, f"a line about {key} in {log.name}")
