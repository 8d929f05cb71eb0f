"""Those who saw the same bytes: the probe's own report, a socket read by the standard library, curl, a log."""

import base64
import io
import json
import re
import socket
import ssl
import subprocess
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, cast

from tests.peers.place import HOST, PATIENCE, needs, until
from wsprobe.exchange import Connected, Received
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


def _answer(status, reason, fields, head, body):
    kept = [(name, "now" if name.lower() == "date" else value) for name, value in fields]
    return Answer(status, reason, kept, DATE.sub(rb"\1now", head), body)


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
        if response is None:
            return None
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
    def connected(self):
        return next(event for event in self.exchange.events if isinstance(event, Connected))

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


def same(told, who):
    """*who* (socket, curl), if the answer to the same request is the same to it; else what it was told."""
    if who == "curl":
        needs("curl")
        seen = by_curl(told.value["url"].replace("ws", "http", 1), told.request)
    else:
        plan = told.exchange.plan
        tls = (ssl.create_default_context(cafile=plan.tls.ca_file), plan.target.host)
        try:
            seen = by_socket(told.connected.port, told.request, tls if plan.target.secure else None)
        except ssl.SSLCertVerificationError:
            seen = None
    return who if seen == told.answer else f"{who} has {seen}"


def logged(told, wanted, log):
    """What *log* has of the request. Of proxies that write the key of a handshake, status and how many bytes it
    sent, as a number only if it is not as many as came here; HAProxy counts those of its own form of a message,
    and says how it ended. Of others *wanted*, once a line that begins with "seen" has it."""
    if not wanted[0].isdecimal():
        return until(
            lambda: wanted if f"seen {wanted}\n" in log.read_text() else None, f"{wanted!r} in the log"
        )

    def line():
        lines = log.read_text("latin-1").splitlines(keepends=True) if log.exists() else []
        found = (each for each in lines if each.startswith(f"{told.key} ") and each.endswith("\n"))
        return next((each.split()[1:] for each in found), None)

    status, size, state, *_ = until(line, f"a line about {told.key} in {log.name}")
    sent = "all" if size == str(len(told.received)) else f"{size} bytes"
    return f"{status} {sent if state[0] == chr(34) else state}"
