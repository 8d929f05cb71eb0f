"""The recorded answers of real servers (servers.jsonl), and the exchanges that they came in.

A line has what was asked otherwise than a plain handshake (``asked``), the bytes that came (``answer``,
base64), how it ended, who wrote it as far as the bytes tell (``author``), and which kinds of cause are the true
one (``causes``, empty where nothing can be said). ``rank``: how far down it may stand, where that is not among
the first three."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec

from tests.exchanges import exchange, frame
from wsprobe.diagnosis.evidence import answer_of
from wsprobe.diagnosis.words import own_words
from wsprobe.exchange import (
    Connected,
    Ended,
    Exchange,
    Plan,
    Received,
    Sent,
    TlsDone,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.read import read
from wsprobe.request import target

AT = "127.0.0.1:24301"
ENDS = {"open": "local"}
"""Of a recording that was still open after a second of silence, we closed first."""


class Recorded(msgspec.Struct, frozen=True):
    line: int
    server: str
    behind: str
    asked: dict[str, Any]
    ended: str
    author: str
    causes: tuple[str, ...]
    answer: bytes
    late: bool = False
    rank: int = 3

    def __str__(self):
        return f"{self.line}-{self.server}{'-' if self.behind else ''}{self.behind}"


def recorded():
    text = (Path(__file__).parent / "servers.jsonl").read_text("ascii")
    return [
        Recorded(**{**row, "causes": tuple(row["causes"]), "answer": b64decode(row["answer"])})
        for row in map(json.loads, text.splitlines())
    ]


def reading_of(answer, ended="open", asked=None, late=False):
    """The reading of an exchange in which *answer* came to a handshake that differed by *asked*."""
    asked = asked or {}
    scheme, request = request_of(asked)
    to = target.parse(f"{scheme}://{AT}/")
    events = [Connected(0, "127.0.0.1", 24301)]
    if asked.get("connect_proxy"):
        events += [
            TunnelSent(1, b"CONNECT"),
            TunnelReceived(2, answer),
            TunnelFailed(3, "refused"),
            Ended(4, "error"),
        ]
        return read(Exchange(Plan(to, request), tuple(events)))
    if scheme == "wss":
        events.append(TlsDone(1, "TLSv1.3", "x", None, None, False))
    events.append(Sent(1, request))
    if answer:
        events.append(Received(2, answer))
    events.append(Ended(1_000_002 if late else 3000, ENDS.get(ended, ended)))
    return read(Exchange(Plan(to, request), tuple(events)))


def session_of(*steps, how="fin", **asked):
    """The reading of a handshake that differed by *asked*, with *steps* behind it (`exchanges.exchange`)."""
    scheme, request = request_of(asked)
    url = f"{scheme}://{AT}{asked.get('path', '/ws')}"
    return read(exchange(Plan(target.parse(url), request), *steps, how=how))


SWITCHED = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n"
ENGINE = frame(1, b'0{"sid":"a","pingInterval":25000}')
CONNECT = frame(1, b"40", bytes(4))
"""How a session of Socket.IO begins: the server's packet, and the client's."""


def words_of(answer):
    """The server's own words in it."""
    reading = reading_of(answer, "fin")
    return own_words(answer_of(reading, reading.final))


def request_of(asked):
    """The scheme, and the bytes of the request."""
    note = asked.get("note", "")
    path = note.removeprefix("plain GET of ") if note.startswith("plain GET of ") else asked.get("path", "/ws")
    fields = {
        "Host": AT,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    }
    if note.startswith("plain GET"):
        fields = {"Host": AT}
    if note == "no Sec-WebSocket-Key":
        del fields["Sec-WebSocket-Key"]
    if note == "short key":
        fields["Sec-WebSocket-Key"] = "abc"
    if note == "Connection: keep-alive":
        fields["Connection"] = "keep-alive"
    if "origin" in asked:
        fields["Origin"] = asked["origin"]
    if "protocols" in asked:
        fields["Sec-WebSocket-Protocol"] = ", ".join(asked["protocols"])
    for each in asked.get("headers", ()):
        name, _, value = each.partition(": ")
        fields[name] = value
    lines = [
        f"{asked.get('method', 'GET')} {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    return asked.get("scheme", "ws"), "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")
