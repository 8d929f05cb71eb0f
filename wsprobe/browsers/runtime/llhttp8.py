"""A response head as read by llhttp 8, the HTTP parser of undici 6, built without its strict mode.

- A field name may be empty, and may contain spaces.
- A value may continue on the next line.
- A status may have any number of digits.
- The status line and the head may end in a bare LF.

Source: llhttp 8.1.0, src/llhttp/http.ts.
"""

from __future__ import annotations

import re

from wsprobe.browsers.runtime.heads import Field, Wrong
from wsprobe.browsers.runtime.llhttp import CONNECTION, SPACE, SPECIAL, VALUE, Llhttp, tokens_of

_NAME = re.compile(rb"[ !#$%&'*+\-.^_`|~0-9A-Za-z]*")
_MAX_STATUS = 999
_PROTOCOL = b"HTTP/"
_KNOWN = (b"close", b"keep-alive", b"upgrade")


class Llhttp8(Llhttp):
    """The states that differ from those of llhttp 9."""

    _tokens: frozenset[bytes] = frozenset()
    """The tokens of the Connection fields in the head being read."""

    def start(self, at: int) -> int:
        self._tokens = frozenset()
        return super().start(at)

    def tokens(self, fields: tuple[Field, ...]) -> set[bytes]:
        return set(self._tokens)

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        if {b"transfer-encoding", b"content-length"} <= {name for name, value in fields if value}:
            reason = "Content-Length can't be present with Transfer-Encoding"
            raise Wrong(stop - 1, "HPE_UNEXPECTED_CONTENT_LENGTH", reason)

    def _protocol(self, at: int) -> int:
        for place in range(len(_PROTOCOL)):
            if self.byte(at + place) != _PROTOCOL[place : place + 1]:
                raise Wrong(at + place, "HPE_INVALID_CONSTANT", "Expected HTTP/")
        return at + len(_PROTOCOL)

    def status_line(self, at: int) -> tuple[int, int]:
        at = self._version(self._protocol(at))
        if self.byte(at) != b" ":
            raise Wrong(at, "HPE_INVALID_VERSION", "Expected space after version")
        status, at = 0, at + 1
        while self.byte(at).isdigit():
            status = 10 * status + int(self.byte(at))
            if status > _MAX_STATUS:
                raise Wrong(at, "HPE_INVALID_STATUS", "Response overflow")
            at += 1
        if self.byte(at) not in (b" ", b"\r", b"\n"):
            raise Wrong(at, "HPE_INVALID_STATUS", "Invalid response status")
        while (byte := self.byte(at)) not in (b"\r", b"\n"):
            at += 1
        if byte == b"\n":
            return status, at + 1
        self.byte(at + 1)  # whatever it is
        return status, at + 2

    def end(self, at: int) -> int | None:
        match self.byte(at):
            case b"\n":
                return at + 1
            case b"\r":
                self.byte(at + 1)  # whatever it is
                return at + 2
            case _:
                return None

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        if not fields and self.byte(at) == b" ":
            raise Wrong(at, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line")
        stop = _NAME.match(self.data, at).end()  # type: ignore[union-attr]
        self._count(at, stop)
        name = self.data[at:stop].lower()
        if any(name.startswith(word + b" ") for word in SPECIAL):
            raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
        if self.byte(stop) != b":":
            raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
        start = SPACE.match(self.data, stop + 1).end()  # type: ignore[union-attr]
        again = name == b"content-length" and any(name == key for key, _ in fields)
        value, at = self._value(start, name, again)
        return name, value, at

    def _value(self, start: int, name: bytes, again: bool) -> tuple[bytes, int]:
        while (first := self.byte(start)) == b"\r":
            self.byte(start + 1)  # whatever it is
            if self.byte(start + 2) not in (b" ", b"\t"):
                if name == b"content-length":
                    raise Wrong(start + 2, "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
                return b"", start + 2
            start = SPACE.match(self.data, start + 2).end()  # type: ignore[union-attr]
        if first == b"\n":
            raise Wrong(start, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
        value, lines = b"", list[bytes]()
        while True:
            if name == b"content-length":
                self._length(start, again or value != b"")
            stop = VALUE.match(self.data, start).end()  # type: ignore[union-attr]
            self._count(start, stop)
            value += self.data[start:stop]
            lines.append(self.data[start:stop])
            if self.byte(stop) != b"\r":
                raise Wrong(stop, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char")
            if self.byte(stop + 1) != b"\n":
                raise Wrong(stop + 1, "HPE_LF_EXPECTED", "Missing expected LF after header value")
            start = stop + 2
            if self.byte(start) not in (b" ", b"\t"):
                self._note(name, lines)
                return value, start

    def _note(self, name: bytes, lines: list[bytes]) -> None:
        """Collect the tokens of a Connection field. Each line has its own tokens; after a line that ends in a
        known token, llhttp 8 looks for no more."""
        for line in lines if name in CONNECTION else ():
            found = tokens_of(line)
            self._tokens |= frozenset(found)
            if found[-1] in _KNOWN:
                return
