"""Bun: which answers open the socket, how it reads frames, the events that it fires, and its HTTP parser.

Sources: bun src/bun.js/bindings/webcore/WebSocket.cpp, src/http/websocket_client/WebSocketUpgradeClient.zig
(processResponse), src/http/websocket_client.zig (handleData). Bun 1.4.5 checks more than the public sources do,
so the order of the checks is the measured one. The parser: picohttpparser.c (phr_parse_response, parse_headers,
get_token_to_eol).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wsprobe.browsers.extensions import NAME, Agreed, NotParsed, Parameters, accept, parse
from wsprobe.browsers.network import Hindered
from wsprobe.browsers.runtime.client import Client
from wsprobe.browsers.runtime.facts import RuntimeFacts, tell
from wsprobe.browsers.runtime.frames import MOST_SAFE, FrameSession, Header, Wrong, close_of, is_valid, text_of
from wsprobe.browsers.runtime.heads import (
    DIGITS,
    VALUE,
    BadHead,
    Failed,
    Fault,
    Field,
    Head,
    LineFeedParser,
    Opened,
    heads,
)
from wsprobe.browsers.script import CLOSED, CLOSING, OPEN, WebSocket
from wsprobe.exchange import Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, TEXT
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept, parts, split_list

_UPGRADE = "bun src/http/websocket_client/WebSocketUpgradeClient.zig"
_FRAMES = "bun src/http/websocket_client.zig"
_WINDOW = re.compile(r"[1-9][0-9]?")


class Facts(RuntimeFacts, frozen=True, kw_only=True):
    most_head: int
    """The number of bytes from which on an incomplete head is too large."""
    most_message: int
    """The most bytes of one message."""
    close_timeout: int
    """The most seconds from the script's close() to the server's Close."""


def _fault(reading: Reading, head: Head, *, asked: bool, named: bool) -> str:
    """The key of the first failed check, "" if there is none: missing fields first, then wrong values."""
    upgrade, accepts = head.values(b"upgrade"), head.values(b"sec-websocket-accept")
    connection = head.values(b"connection")
    if not upgrade or not upgrade[0]:
        return "no-upgrade"
    if not connection:
        return "no-connection"
    if not accepts or not accepts[0]:
        return "no-accept"
    if asked and not named:
        return "no-protocol"
    if b"upgrade" not in (token.strip(b" \t").lower() for value in connection for token in parts(value)):
        return "connection"
    if upgrade[0].lower() != b"websocket":
        return "upgrade"
    key = reading.request.key
    return "" if key is not None and accepts[0] == expected_accept(key) else "accept"


def _extensions(head: Head) -> Agreed | str | None:
    """The agreed permessage-deflate, None without extensions, or the key of the fault."""
    values = head.values(b"sec-websocket-extensions")
    if not values:
        return None
    mentions: list[tuple[str, Parameters]] = []
    try:
        for value in values:
            mentions += parse(value.decode("latin-1"))
        if len(mentions) != 1 or mentions[0][0] != NAME:
            return "extension"
        texts = [text for _, text in mentions[0][1] if text is not None]
        if b"\\" in values[0] or not all(_WINDOW.fullmatch(text) for text in texts):
            return "extension"
        return accept([mentions[0][1]])
    except NotParsed:
        return "extension"


def _written(agreed: Agreed) -> str:
    """``WebSocket.extensions``: rebuilt from the agreed parameters, without a window of 15 bits."""
    parts = [NAME]
    if not agreed.takeover:
        parts.append("server_no_context_takeover")
    if not agreed.client_takeover:
        parts.append("client_no_context_takeover")
    if agreed.bits != 15:
        parts.append(f"server_max_window_bits={agreed.bits}")
    if agreed.client_bits != 15:
        parts.append(f"client_max_window_bits={agreed.client_bits}")
    return "; ".join(parts)


class BunSession(FrameSession[Facts]):
    """An open WebSocket. ``Wrong`` carries the key of a failure, and the values for its text."""

    source = _UPGRADE
    checks = (
        ("rsv23", lambda header, _: header.rsv23),
        ("mask", lambda header, _: header.masked),
        ("opcode", lambda header, _: not header.known),
        ("unexpected", lambda header, own: header.opcode == CONTINUATION and own.fragments is None),
        ("unexpected", lambda header, own: header.is_data and own.fragments is not None),
        ("fragmented", lambda header, _: header.is_control and not header.final),
        ("rsv1", lambda header, own: header.rsv1 and (own.inflater is None or not header.is_data)),
        ("control", lambda header, _: header.is_control and header.code > 125),
        ("control", lambda header, _: header.opcode == CLOSE and header.code == 1),
    )

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        self.limit = facts.close_timeout
        self.fragments: list[bytes] | None = None
        self._type = TEXT
        self._waiting = 0
        self._compressed = False

    @property
    def closing(self) -> bool:
        return self.due is not None

    def called(self, at: int) -> None:
        if self.script.close_called:
            self.begin_limit(at)

    def expired(self) -> None:
        self.because = f"no Close from the server within {self.limit} s: {_FRAMES}"
        self.ends(1006, clean=False)

    def lost(self, ended: Ended) -> None:
        self.because = f"the connection ended: {_FRAMES}"
        self.ends(1006, clean=False)

    def begun(self, header: Header) -> None:
        if header.is_data:
            self._type, self._compressed, self.fragments = header.opcode, header.rsv1, []

    def measured(self, header: Header) -> None:
        if header.length > MOST_SAFE:
            raise Wrong("length")
        if not header.is_control and header.length + self._waiting > self.facts.most_message:
            raise Wrong("too-big")

    def frame(self, header: Header, payload: bytes) -> None:
        if header.opcode == CLOSE:
            self._close(payload)
        elif not header.is_control:
            self._data(header, payload)

    def _data(self, header: Header, payload: bytes) -> None:
        assert self.fragments is not None
        self.fragments.append(payload)
        self._waiting += len(payload)
        if not header.final:
            return
        message, self.fragments, self._waiting = b"".join(self.fragments), None, 0
        if self._compressed and self.inflater is not None:
            try:
                message = self.inflater.feed(message, True)
            except ValueError:
                raise Wrong("deflate") from None
            if len(message) > self.facts.most_message:
                raise Wrong("too-big")
        data = message if self._type == BINARY else text_of(message)
        if self.script.ready_state == OPEN:
            self.script.message(data)
            self.called(self.at)

    def _close(self, payload: bytes) -> None:
        code, reason = close_of(payload)
        if payload and not is_valid(code):
            raise Wrong("close-code", {"code": code})
        text = text_of(reason)
        self.because = f"the server sent Close {code}: {_FRAMES}"
        self.script.ready_state = CLOSING
        self.ends(code, text, clean=True)

    def fail(self, key: str, *given: Mapping[str, object]) -> None:
        text, code = self.facts.failure(key, *given)
        self.because = f"{text}: {_FRAMES}"
        tell(self.script, CLOSED, self.facts, text, code, self.url)
        self.ends(1006, clean=False)


_SPACES = re.compile(rb" *")
_HTTP = (b"H", b"T", b"T", b"P", b"/", b"1", b".", DIGITS, b" ")
INVALID = "invalid"


class Picohttpparser(LineFeedParser):
    wrong = INVALID

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def status_line(self, at: int) -> tuple[int, int]:
        at = self.past(_SPACES, self.sequence(at, _HTTP, INVALID))
        self.byte(at + 3)
        stop = self.sequence(at, (DIGITS,) * 3, INVALID)
        end = self.past(VALUE, stop)
        line = self.line_end(end, INVALID)
        if end > stop and self.byte(stop) != b" ":
            raise BadHead(stop, INVALID)
        return int(self.data[at:stop]), line

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line. A line that continues the value before it has the name
        b""."""
        if fields and self.byte(at) in (b" ", b"\t"):
            return b"", b"", self.line_end(self.past(VALUE, at), INVALID)
        return super().field(at, fields)

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        if any(not name for name, _ in fields):  # Bun refuses a continuation line
            raise BadHead(stop - 1, INVALID)


class Bun(Client[Facts]):
    """Its ErrorEvent contains the reason and the URL."""

    session = BunSession
    name = "bun"
    common_names = "openssl"
    source = http = _UPGRADE
    because_early = "bun src/bun.js/bindings/webcore/WebSocket.cpp"
    may_close = staticmethod(is_valid)  # WebSocket.cpp
    code_of_long_reason = None

    def heads(self, reading: Reading) -> Iterator[Head | Fault]:
        return heads(reading, Picohttpparser(reading.received, self.facts.most_head))

    def certificate(self, found: Hindered) -> dict[str, str]:
        why, code = found.word("bun", (found.error, "CERT_UNTRUSTED"))
        return {"why": why, "code": code}

    def judged(self, reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
        if head.status != 101:
            return self.failure("status", {"status": head.status})
        protocol: str | None = None
        for name, value in head.fields:  # in the server's order
            if name == b"sec-websocket-version" and value != b"13":
                return self.failure("version")
            if name == b"sec-websocket-protocol":
                named = [part for part in split_list(value) if part]
                if protocol is not None or len(named) != 1 or named[0].decode("latin-1") not in protocols:
                    return self.failure("protocol")
                protocol = named[0].decode("latin-1")
            if name == b"sec-websocket-extensions" and isinstance(_extensions(head), str):
                return self.failure("extension")
        fault = _fault(reading, head, asked=bool(protocols), named=protocol is not None)
        if fault:
            return self.failure(fault)
        agreed = _extensions(head)
        if agreed is None or isinstance(agreed, str):
            return Opened(protocol or "", "", head.stop)
        return Opened(protocol or "", _written(agreed), head.stop, True, agreed.takeover, agreed.bits)


ENGINE = Bun
