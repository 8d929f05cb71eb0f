"""A response head as llhttp reads it: the HTTP parser of Node (so of ws) and of undici, strict as both use it.

Sources: llhttp 9.3.1, src/llhttp/http.ts and src/native/http.c; the limit is node's src/node_http_parser.cc
(TrackHeader) and undici's lib/dispatcher/client-h1.js (trackHeader).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

import msgspec

from wsprobe.read.reading import Reading

MAX_HEAD = 16 * 1024
"""Bytes of names and values together at which the head has overflowed (--max-http-header-size)."""

_WORDS = (b"HTTP", b"RTSP", b"ICE")
_VERSIONS = ((0, 9), (1, 0), (1, 1), (2, 0))
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
SPACE = re.compile(rb"[ \t]*")
_LENGTH_MAX = 2**64 - 1


class Head(msgspec.Struct, frozen=True):
    """One response head that holds."""

    at: int
    """Microseconds: when its last byte was read."""
    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    """(name in lower case, value as it stands, white space behind it kept), in order."""
    upgrade: bool
    """Upgrade is there, Connection names it, and the status is 101: llhttp hands the connection over."""
    stop: int
    """Offset in ``Reading.received`` behind it."""

    def joined(self, name: bytes, *, trims: bool = True) -> str | None:
        """The values of *name* joined by ", ", None if there are none: node's IncomingMessage and Fetch alike.

        *trims*: node takes the white space behind a value away (src/node_http_parser.cc, ToTrimmedString).
        """
        values = [value.rstrip(b" \t") if trims else value for key, value in self.fields if key == name]
        return b", ".join(values).decode("latin-1") if values else None


class Fault(msgspec.Struct, frozen=True):
    """Why llhttp gives up."""

    at: int
    code: str
    """``HPE_...``."""
    reason: str


class Wrong(Exception):
    """What llhttp gives up on: offset, code and reason."""

    def __init__(self, at: int, code: str, reason: str) -> None:
        self.found = at, code, reason


class Short(Exception):
    """More bytes are needed."""


def heads(
    reading: Reading, *, counts_reason: bool, parser: type[Parser] | None = None
) -> Iterator[Head | Fault]:
    """Each response head, interim ones too, until one is no interim one; or what is wrong with it.

    Ends without either where the bytes end first. *counts_reason*: the reason phrase counts to the limit.
    *parser*: of another llhttp than today's.
    """
    reader = (parser or Parser)(reading.received, counts_reason)
    at = 0
    while True:
        try:
            head = reader.head(at)
        except Wrong as wrong:
            offset, code, reason = wrong.found
            yield Fault(reading.when(offset), code, reason)
            return
        except Short:
            return
        status, fields, upgrade, at = head
        yield Head(reading.when(at - 1), status, fields, upgrade, at)
        if status >= 200 or status == 101:
            return
        if not reader.keeps_alive(fields) and (more := reader.behind(at)) is not None:
            yield Fault(reading.when(more), "HPE_CLOSED_CONNECTION", "Data after `Connection: close`")
            return


class Parser:
    """The states of llhttp for a response, a method each."""

    def __init__(self, data: bytes, counts_reason: bool) -> None:
        self._data = data
        self._counts_reason = counts_reason
        self._counted = 0
        self._http = (1, 1)

    def keeps_alive(self, fields: tuple[tuple[bytes, bytes], ...]) -> bool:
        """llhttp_should_keep_alive, behind the interim head with these *fields*."""
        tokens = _tokens(fields)
        return b"keep-alive" in tokens if self._http < (1, 1) else b"close" not in tokens

    def behind(self, at: int) -> int | None:
        """The offset of the first byte from *at* on that is no line end, None if there is none yet."""
        rest = self._data[at:].lstrip(b"\r\n")
        return len(self._data) - len(rest) if rest else None

    def head(self, at: int) -> tuple[int, tuple[tuple[bytes, bytes], ...], bool, int]:
        """Status, fields, whether it upgrades, and the offset behind the head that begins at *at*."""
        data = self._data
        while data[at : at + 1] in (b"\r", b"\n"):
            at += 1
        self._counted = 0
        status, at = self._status_line(at)
        fields: list[tuple[bytes, bytes]] = []
        while (stop := self._end(at)) is None:
            name, value, at = self._field(at, fields)
            fields.append((name, value))
        return status, tuple(fields), status == 101 and _upgrades(fields), stop

    def _end(self, at: int) -> int | None:
        """The offset behind the empty line at *at*, None if a field begins there."""
        if self._byte(at) != b"\r":
            return None
        if self._byte(at + 1) != b"\n":
            raise Wrong(at + 1, "HPE_STRICT", "Expected LF after headers")
        return at + 2

    def _byte(self, at: int) -> bytes:
        """Raises Short at the end of what came."""
        if at >= len(self._data):
            raise Short
        return self._data[at : at + 1]

    def _count(self, start: int, stop: int) -> None:
        """TrackHeader: also of a name or value that has not ended yet."""
        self._counted += stop - start
        if self._counted >= MAX_HEAD:
            offset = stop - 1 - (self._counted - MAX_HEAD)
            raise Wrong(offset, "HPE_HEADER_OVERFLOW", "Header overflow")

    def _status_line(self, at: int) -> tuple[int, int]:
        at = self._version(self._protocol(at))
        if self._byte(at) != b" ":
            raise Wrong(at, "HPE_INVALID_VERSION", "Expected space after version")
        start = at + 1
        for at in range(start, start + 3):
            if not self._byte(at).isdigit():
                raise Wrong(at, "HPE_INVALID_STATUS", "Invalid status code")
        status, at = int(self._data[start : start + 3]), start + 3
        after = self._byte(at)
        if after == b" ":
            at = self._reason(at + 1)
        elif after != b"\r":
            raise Wrong(at, "HPE_INVALID_STATUS", "Invalid response status")
        if self._byte(at + 1) not in (b"\r", b"\n"):
            raise Wrong(at + 1, "HPE_STRICT", "Expected LF after CR")
        return status, at + 2

    def _protocol(self, at: int) -> int:
        words: tuple[bytes, ...] = _WORDS
        for place in count():
            byte = self._byte(at + place)
            words = tuple(word for word in words if word[place : place + 1] == byte)
            if not words:
                raise Wrong(at + place, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
            if place + 1 == len(words[0]):
                break
        at += len(words[0])
        if self._byte(at) != b"/":
            raise Wrong(at, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        return at + 1

    def _version(self, at: int) -> int:
        if not (major := self._byte(at)).isdigit():
            raise Wrong(at, "HPE_INVALID_VERSION", "Invalid major version")
        if self._byte(at + 1) != b".":
            raise Wrong(at + 1, "HPE_INVALID_VERSION", "Expected dot")
        if not (minor := self._byte(at + 2)).isdigit():
            raise Wrong(at + 2, "HPE_INVALID_VERSION", "Invalid minor version")
        if (int(major), int(minor)) not in _VERSIONS:
            raise Wrong(at + 2, "HPE_INVALID_VERSION", "Invalid HTTP version")
        self._http = int(major), int(minor)
        return at + 3

    def _reason(self, at: int) -> int:
        """The offset of the CR that ends the reason phrase."""
        stops = [stop for end in (b"\r", b"\n") if (stop := self._data.find(end, at)) >= 0]
        stop = min(stops, default=len(self._data))
        if self._counts_reason:
            self._count(at, stop)
        if self._byte(stop) == b"\n":
            raise Wrong(stop, "HPE_CR_EXPECTED", "Missing expected CR after response line")
        return stop

    def _field(self, at: int, fields: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line."""
        byte = self._byte(at)
        if byte == b" " and not fields:
            raise Wrong(at, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line")
        if byte == b"\n":
            raise Wrong(at, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        stop = _TOKEN.match(self._data, at).end()  # type: ignore[union-attr]
        self._count(at, stop)
        after = self._byte(stop)
        name = self._data[at:stop].lower()
        if after == b" " and name in SPECIAL:
            raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        if after != b":" or stop == at:
            raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
        present = {key for key, value in fields if value or key != b"transfer-encoding"}
        if name == b"transfer-encoding" and b"content-length" in present:
            reason = "Transfer-Encoding can't be present with Content-Length"
            raise Wrong(stop, "HPE_INVALID_TRANSFER_ENCODING", reason)
        if name == b"content-length" and b"transfer-encoding" in present:
            reason = "Content-Length can't be present with Transfer-Encoding"
            raise Wrong(stop, "HPE_INVALID_CONTENT_LENGTH", reason)
        start = SPACE.match(self._data, stop + 1).end()  # type: ignore[union-attr]
        value, at = self._value(start, name, name in present)
        return name, value, at

    def _value(self, start: int, name: bytes, again: bool) -> tuple[bytes, int]:
        """The value that begins at *start*, and the offset of the next line."""
        first = self._byte(start)
        if first == b"\n":
            raise Wrong(start, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
        if first == b"\r":
            if self._byte(start + 1) != b"\n":
                raise Wrong(start + 1, "HPE_STRICT", "Expected LF after CR")
            if self._byte(start + 2) in (b" ", b"\t"):
                raise Wrong(start + 2, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
            if name == b"content-length":
                raise Wrong(start + 2, "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
            return b"", start + 2
        if name == b"content-length":
            self._length(start, again)
        stop = VALUE.match(self._data, start).end()  # type: ignore[union-attr]
        self._count(start, stop)
        after = self._byte(stop)
        if after == b"\n":
            raise Wrong(stop, "HPE_CR_EXPECTED", "Missing expected CR after header value")
        if after != b"\r":
            raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
        if self._byte(stop + 1) != b"\n":
            raise Wrong(stop + 1, "HPE_LF_EXPECTED", "Missing expected LF after header value")
        if self._byte(stop + 2) in (b" ", b"\t"):
            raise Wrong(stop + 2, "HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace after header value")
        return self._data[start:stop], stop + 2

    def _length(self, at: int, again: bool) -> None:
        """A Content-Length's value: digits, then spaces, then the end of its line."""
        if again:
            raise Wrong(at, "HPE_UNEXPECTED_CONTENT_LENGTH", "Duplicate Content-Length")
        length = 0
        while (byte := self._byte(at)).isdigit():
            length = 10 * length + int(byte)
            if length > _LENGTH_MAX:
                raise Wrong(at, "HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow")
            at += 1
        while (byte := self._byte(at)) == b" ":
            at += 1
        if byte not in (b"\r", b"\n"):
            raise Wrong(at, "HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length")


SPECIAL = (b"connection", b"content-length", b"proxy-connection", b"transfer-encoding", b"upgrade")


def _upgrades(fields: list[tuple[bytes, bytes]]) -> bool:
    """F_UPGRADE and F_CONNECTION_UPGRADE: Upgrade has any value, and a token of Connection is "upgrade"."""
    return any(key == b"upgrade" and value for key, value in fields) and b"upgrade" in _tokens(fields)


def _tokens(fields: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
    """Of Connection and Proxy-Connection, in lower case."""
    named = [value for key, value in fields if key in (b"connection", b"proxy-connection")]
    tokens = [token for value in named for token in value.split(b",")]
    return {token.lstrip(b" \t").rstrip(b" ").lower() for token in tokens}
