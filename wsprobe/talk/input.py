"""Standard input as messages to send: one per line, one up to each NUL, or one JSON object per line."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from wsprobe.talk.session import Outgoing
from wsprobe.wire.framing import is_utf_8


class InputError(ValueError):
    """A line that cannot be sent. The message is one line with its number and the reason."""


class InputLines(Protocol):
    """Takes the input in pieces, as they are read."""

    def feed(self, data: bytes) -> list[Outgoing]:
        """Return what *data* completed. Raises InputError."""

    def end(self) -> list[Outgoing]:
        """Return the rest without an end. Raises InputError."""


STOMP = re.compile(
    rb"(?:\r?\n)*(?:CONNECT|STOMP|SEND|SUBSCRIBE|UNSUBSCRIBE|BEGIN|COMMIT|ABORT|ACK|NACK|DISCONNECT)\r?\n"
)
"""The beginning of a client's frame of STOMP 1.0 to 1.2, in which a NUL ends the frame and is part of it."""


class RawInput:
    """Each line is a message: text if it is UTF-8, unless *binary*. The NUL at the end of a STOMP frame is
    part of it."""

    def __init__(self, separator: bytes = b"\n", binary: bool = False) -> None:
        self._separator = separator
        self._do: Literal["text", "binary"] = "binary" if binary else "text"
        self._begun: list[bytes] = []

    def feed(self, data: bytes) -> list[Outgoing]:
        """See ``InputLines``."""
        first, *more = _split(data, self._separator)
        self._begun.append(first)
        if not more:
            return []
        lines = [b"".join(self._begun), *more]
        self._begun = [lines.pop()]
        if self._separator == b"\n" and b"\r" in data and self._do == "text":
            lines = [line.removesuffix(b"\r") for line in lines]
        if self._separator == b"\0":
            lines = [line + b"\0" if STOMP.match(line) else line for line in lines]
        return self._said(lines)

    def end(self) -> list[Outgoing]:
        """See ``InputLines``. No message follows the last line end."""
        last, self._begun = b"".join(self._begun), []
        return self._said([last]) if last else []

    def _said(self, lines: list[bytes]) -> list[Outgoing]:
        if self._do == "binary" or all(map(bytes.isascii, lines)) or is_utf_8(self._separator.join(lines)):
            return [Outgoing(self._do, lines)]
        outgoing: list[Outgoing] = []
        for line in lines:
            do: Literal["text", "binary"] = "text" if is_utf_8(line) else "binary"
            if outgoing and outgoing[-1].do == do:
                assert isinstance(outgoing[-1].data, list)
                outgoing[-1].data.append(line)
            else:
                outgoing.append(Outgoing(do, [line]))
        return outgoing


LONG = 4096
"""Length of a line from which searching for its end separately is faster."""


def _split(data: bytes, separator: bytes) -> list[bytes]:
    """Like ``data.split(separator)``, which looks at one byte after the other: with long lines ``find``
    (memchr) takes a third of the time."""
    end = data.find(separator)
    if end < 0:
        return [data]
    if end < LONG:
        return data.split(separator)
    found, at = [], 0
    while end >= 0:
        found.append(data[at:end])
        at = end + 1
        end = data.find(separator, at)
    found.append(data[at:])
    return found


FORMS = (
    '{"send": ...}, {"binary": "base64"}, {"ping": "text"}, {"pong": "text"}, '
    '{"close": CODE, "reason": "text"}, {"await": "text"}'
)


class JsonInput:
    """Each line is an object with what to send."""

    def __init__(self) -> None:
        self._raw = RawInput(binary=True)
        self._line = 0

    def feed(self, data: bytes) -> list[Outgoing]:
        """See ``InputLines``."""
        return self._all(self._raw.feed(data))

    def end(self) -> list[Outgoing]:
        """See ``InputLines``."""
        return self._all(self._raw.end())

    def _all(self, lines: Sequence[Outgoing]) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        for group in lines:
            for line in group.data:
                self._line += 1
                if not line.strip():
                    continue
                one = self._one(line)
                if outgoing and one.do == outgoing[-1].do in ("text", "binary"):
                    assert isinstance(outgoing[-1].data, list)
                    outgoing[-1].data.append(one.data[0])
                else:
                    outgoing.append(one)
        return outgoing

    def _one(self, line: bytes) -> Outgoing:
        try:
            value = msgspec.json.decode(line)
        except RecursionError:
            raise self._wrong("nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._wrong(f"not JSON: {error}") from None
        match value:
            case {"send": str() as text, **rest} if not rest:
                return Outgoing("text", [text.encode()])
            case {"send": other, **rest} if not rest:
                return Outgoing("text", [msgspec.json.encode(other)])
            case {"binary": str() as coded, **rest} if not rest:
                try:
                    return Outgoing("binary", [b64decode(coded, validate=True)])
                except ValueError:
                    raise self._wrong("the member binary is not base64") from None
            case {"ping": str() as text, **rest} if not rest:
                return self._control("ping", text.encode())
            case {"pong": str() as text, **rest} if not rest:
                return self._control("pong", text.encode())
            case {"await": str() as text, **rest} if not rest:
                return Outgoing("await", [text.encode()])
            case {"close": int() | None as code, **rest} if set(rest) <= {"reason"}:
                return self._close(code, rest.get("reason", ""))
        raise self._wrong(f"none of {FORMS}")

    def _control(self, do: Literal["ping", "pong"], data: bytes) -> Outgoing:
        if len(data) > 125:
            raise self._wrong(f"a {do} has room for 125 bytes, but this has {len(data)} (RFC 6455 section 5.5)")
        return Outgoing(do, [data])

    def _close(self, code: int | None, reason: object) -> Outgoing:
        if (
            isinstance(code, bool)
            or (code is not None and not 0 <= code <= 65535)
            or not isinstance(reason, str)
        ):
            raise self._wrong("a close needs a code from 0 to 65535 and a reason as text")
        if len(reason.encode()) > 123 or (reason and code is None):
            raise self._wrong("a reason has room for 123 bytes, and needs a code (RFC 6455 section 5.5.1)")
        return Outgoing("close", [reason.encode()], code)

    def _wrong(self, why: str) -> InputError:
        return InputError(f"line {self._line} of standard input: {why}")
