"""A response head as read by llhttp, the HTTP parser of Node (and so of ws) and of undici, as strict as both
use it.

Sources: llhttp 9.3.1, src/llhttp/http.ts and src/native/http.c. The size limit: node's src/node_http_parser.cc
(TrackHeader) and undici's lib/dispatcher/client-h1.js (trackHeader). ``Llhttp8``: llhttp 8.1.0, the same file.
"""

from __future__ import annotations

import re

from wsprobe.browsers.runtime.heads import DIGITS, SPACE, TOKEN, VALUE, BadHead, Field, HeadParser

MAX_HEAD = 16 * 1024
"""Total bytes of names and values from which on the head is too large (node --max-http-header-size)."""

_VERSIONS = ((0, 9), (1, 0), (1, 1), (2, 0))
_LENGTH_MAX = 2**64 - 1


class Llhttp(HeadParser):
    """The states of llhttp for a response: one method for each."""

    words: tuple[bytes, ...] = (b"HTTP/", b"RTSP/", b"ICE/")
    """The beginnings of a status line that it accepts."""
    expected = "Expected HTTP/, RTSP/ or ICE/"
    lenient = False
    """Whether a value may continue on the next line, and a bare LF end the head."""

    def __init__(self, data: bytes, *, counts_reason: bool) -> None:
        """*counts_reason*: the reason phrase counts towards the size limit."""
        super().__init__(data)
        self._counts_reason = counts_reason
        self._counted = 0
        self._present: set[bytes] = set()
        """The names of the head's fields so far, without a Transfer-Encoding that is empty."""
        self._http = (1, 1)
        self._tokens: set[bytes] = set()
        """The tokens of the Connection and Proxy-Connection fields in the head being read."""

    def behind(self, at: int, fields: tuple[Field, ...]) -> None:
        rest = self.data[at:].lstrip(b"\r\n")
        alive = b"keep-alive" in self._tokens if self._http < (1, 1) else b"close" not in self._tokens
        if rest and not alive:  # llhttp_should_keep_alive
            more = len(self.data) - len(rest)
            raise BadHead(more, "HPE_CLOSED_CONNECTION", "Data after `Connection: close`")

    def start(self, at: int) -> int:
        while self.data[at : at + 1] in (b"\r", b"\n"):
            at += 1
        self._counted = 0
        self._present, self._tokens = set(), set()
        return at

    def upgrades(self, status: int, fields: tuple[Field, ...]) -> bool:
        """True if there is an Upgrade field with any value, and a token of Connection is "upgrade" (F_UPGRADE
        and F_CONNECTION_UPGRADE)."""
        named = any(key == b"upgrade" and value for key, value in fields)
        return status == 101 and named and b"upgrade" in self._tokens

    def end(self, at: int) -> int | None:
        byte = self.byte(at)
        if byte == b"\r":
            return self._behind_cr(at + 1, "Expected LF after headers")
        return at + 1 if byte == b"\n" and self.lenient else None

    def _count(self, start: int, stop: int) -> None:
        """Count the bytes of a name or value towards the limit, even of one that is incomplete
        (TrackHeader)."""
        self._counted += stop - start
        if self._counted >= MAX_HEAD:
            offset = stop - 1 - (self._counted - MAX_HEAD)
            raise BadHead(offset, "HPE_HEADER_OVERFLOW", "Header overflow")

    def status_line(self, at: int) -> tuple[int, int]:
        at = self._version(self._protocol(at))
        for _ in range(3):
            at = self.expect(at, DIGITS, "HPE_INVALID_STATUS", "Invalid status code")
        status = int(self.data[at - 3 : at])
        after = self.byte(at)
        if after == b" ":
            at = self._reason(at + 1)
        elif after != b"\r":
            raise BadHead(at, "HPE_INVALID_STATUS", "Invalid response status")
        return status, self.expect(at + 1, b"\r\n", "HPE_STRICT", "Expected LF after CR")

    def _protocol(self, at: int) -> int:
        first = self.byte(at)
        word = next((word for word in self.words if word.startswith(first)), self.words[0])
        letters = (word[place : place + 1] for place in range(len(word)))
        return self.sequence(at, letters, "HPE_INVALID_CONSTANT", self.expected)

    def _version(self, at: int) -> int:
        at = self.expect(at, DIGITS, "HPE_INVALID_VERSION", "Invalid major version")
        at = self.expect(at, b".", "HPE_INVALID_VERSION", "Expected dot")
        at = self.expect(at, DIGITS, "HPE_INVALID_VERSION", "Invalid minor version")
        self._http = int(self.data[at - 3 : at - 2]), int(self.data[at - 1 : at])
        if self._http not in _VERSIONS:
            raise BadHead(at - 1, "HPE_INVALID_VERSION", "Invalid HTTP version")
        return self.expect(at, b" ", "HPE_INVALID_VERSION", "Expected space after version")

    def _reason(self, at: int) -> int:
        """The offset of the CR that ends the reason phrase."""
        stops = [stop for end in (b"\r", b"\n") if (stop := self.data.find(end, at)) >= 0]
        stop = min(stops, default=len(self.data))
        if self._counts_reason:
            self._count(at, stop)
        if self.byte(stop) == b"\n":
            raise BadHead(stop, "HPE_CR_EXPECTED", "Missing expected CR after response line")
        return stop

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line."""
        byte = self.byte(at)
        if byte == b" " and not fields:
            raise BadHead(at, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line")
        if byte == b"\n":
            raise BadHead(at, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        stop = self.past(TOKEN, at)
        self._count(at, stop)
        after = self.byte(stop)
        name = self.data[at:stop].lower()
        if after == b" " and name in SPECIAL:
            raise BadHead(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        if after != b":" or stop == at:
            raise BadHead(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
        present = self._present
        if name == b"transfer-encoding" and b"content-length" in present:
            reason = "Transfer-Encoding can't be present with Content-Length"
            raise BadHead(stop, "HPE_INVALID_TRANSFER_ENCODING", reason)
        if name == b"content-length" and b"transfer-encoding" in present:
            reason = "Content-Length can't be present with Transfer-Encoding"
            raise BadHead(stop, "HPE_INVALID_CONTENT_LENGTH", reason)
        start = self.past(SPACE, stop + 1)
        value, at = self._value(start, name, name in present)
        if value or name != b"transfer-encoding":
            present.add(name)
        return name, value, at

    def _value(self, start: int, name: bytes, again: bool) -> tuple[bytes, int]:
        """The value that begins at *start*, and the offset of the next line."""
        while (first := self.byte(start)) == b"\r":
            self._behind_cr(start + 1, "Expected LF after CR")
            if self.byte(start + 2) not in (b" ", b"\t"):
                if name == b"content-length":
                    raise BadHead(start + 2, "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
                return b"", start + 2
            if not self.lenient:
                raise BadHead(start + 2, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
            start = self.past(SPACE, start + 2)
        if first == b"\n":
            raise BadHead(start, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
        lines: list[bytes] = []
        while True:
            if name == b"content-length":
                self._length(start, again or any(lines))
            stop = self.past(VALUE, start)
            self._count(start, stop)
            lines.append(self.data[start:stop])
            if self.byte(stop) == b"\n" and not self.lenient:
                raise BadHead(stop, "HPE_CR_EXPECTED", "Missing expected CR after header value")
            start = self._value_end(stop)
            if self.byte(start) not in (b" ", b"\t"):
                self._note(name, lines)
                return b"".join(lines), start
            if not self.lenient:
                raise BadHead(start, "HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace after header value")

    def _behind_cr(self, at: int, reason: str) -> int:
        """The offset after the byte that follows a CR."""
        return self.expect(at, b"\n", "HPE_STRICT", reason)

    def _note(self, name: bytes, lines: list[bytes]) -> None:
        """Collect the tokens of a Connection field. Each line has its own tokens; after a line that ends in a
        known token, llhttp looks for no more."""
        for line in lines if name in CONNECTION else ():
            found = tokens_of(line)
            self._tokens.update(found)
            if found[-1] in _KNOWN:
                return

    def _value_end(self, at: int) -> int:
        """The offset after the line end at *at*, which ends a value."""
        at = self.expect(at, b"\r", "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
        return self.expect(at, b"\n", "HPE_LF_EXPECTED", "Missing expected LF after header value")

    def _length(self, at: int, again: bool) -> None:
        """Check the value of a Content-Length: digits, then spaces, then the end of the line."""
        if again:
            raise BadHead(at, "HPE_UNEXPECTED_CONTENT_LENGTH", "Duplicate Content-Length")
        length = 0
        while (byte := self.byte(at)).isdigit():
            length = 10 * length + int(byte)
            if length > _LENGTH_MAX:
                raise BadHead(at, "HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow")
            at += 1
        while (byte := self.byte(at)) == b" ":
            at += 1
        if byte not in (b"\r", b"\n"):
            raise BadHead(at, "HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length")


SPECIAL = (b"connection", b"content-length", b"proxy-connection", b"transfer-encoding", b"upgrade")
CONNECTION = (b"connection", b"proxy-connection")


def tokens_of(value: bytes) -> list[bytes]:
    """The tokens of a comma-separated *value*, in lower case. As in llhttp, spaces and tabs before a token are
    not part of it, behind it only spaces."""
    return [token.lstrip(b" \t").rstrip(b" ").lower() for token in value.split(b",")]


_NAME = re.compile(rb"[ !#$%&'*+\-.^_`|~0-9A-Za-z]*")
_MAX_STATUS = 999
_KNOWN = (b"close", b"keep-alive", b"upgrade")


class Llhttp8(Llhttp):
    """llhttp 8, the parser of undici 6, built without its strict mode: the states that differ.

    - A field name may be empty, and may contain spaces.
    - A value may continue on the next line.
    - A status may have any number of digits.
    - The status line and the head may end in a bare LF.
    """

    words = (b"HTTP/",)
    expected = "Expected HTTP/"
    lenient = True

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        if {b"transfer-encoding", b"content-length"} <= {name for name, value in fields if value}:
            reason = "Content-Length can't be present with Transfer-Encoding"
            raise BadHead(stop - 1, "HPE_UNEXPECTED_CONTENT_LENGTH", reason)

    def _behind_cr(self, at: int, reason: str) -> int:
        self.byte(at)  # whatever it is
        return at + 1

    def status_line(self, at: int) -> tuple[int, int]:
        status, at = 0, self._version(self._protocol(at))
        while self.byte(at).isdigit():
            status = 10 * status + int(self.byte(at))
            if status > _MAX_STATUS:
                raise BadHead(at, "HPE_INVALID_STATUS", "Response overflow")
            at += 1
        if self.byte(at) not in (b" ", b"\r", b"\n"):
            raise BadHead(at, "HPE_INVALID_STATUS", "Invalid response status")
        while (byte := self.byte(at)) not in (b"\r", b"\n"):
            at += 1
        return status, self._behind_cr(at + 1, "") if byte == b"\r" else at + 1

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        if not fields and self.byte(at) == b" ":
            raise BadHead(at, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line")
        stop = self.past(_NAME, at)
        self._count(at, stop)
        name = self.data[at:stop].lower()
        if any(name.startswith(word + b" ") for word in SPECIAL):
            raise BadHead(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        colon = self.expect(stop, b":", "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
        value, at = self._value(self.past(SPACE, colon), name, name in self._present)
        self._present.add(name)
        return name, value, at
