"""What is sent in a session: standard input as messages, and what a person types at the prompt.

Of standard input, a message is one line, the bytes up to a NUL, or one JSON object per line. What is typed is a
text, or a command that begins with a slash.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from wsprobe.nearest import nearest
from wsprobe.talk import raw_frame
from wsprobe.talk.session import Outgoing
from wsprobe.text import whole_number
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


COMMANDS = {
    "/ping": ("[TEXT]", "send a Ping"),
    "/close": ("[CODE [REASON]]", "close; the default code is 1000"),
    "/send": ("FILE", "send the bytes of a file as one message"),
    "/binary": ("HEX", "send a binary message"),
    "/frame": ("FRAME", "send a frame written by hand: fin=0 opcode=1 payload=text"),
    "/reconnect": ("", "close, and connect again"),
    "/info": ("", "show what was negotiated, and how much was sent and received"),
    "/json": ("", "switch indented JSON on or off"),
    "/help": ("", "this"),
}
"""Name -> its arguments, and what it does."""


INTERRUPT = "\x03"
"""Stands for ^C, which cannot be typed as text."""


class PromptCommand(Struct, frozen=True):
    """A command that sends nothing, or needs to read a file."""

    what: Literal["send", "info", "json", "help", "reconnect"]
    argument: str = ""


class TypedError(ValueError):
    """An invalid command. The message is one line. Nothing is sent."""


def typed(line: str) -> Outgoing | PromptCommand:
    """Return the action for *line*. Raises TypedError."""
    data = line.encode("utf-8", "surrogateescape")
    if line.startswith("//"):
        return Outgoing("text", (data[1:],))
    if not line.startswith("/"):
        return Outgoing("text", (data,))
    name, _, rest = line.partition(" ")
    rest = rest.strip()
    match name:
        case "/ping":
            payload = rest.encode("utf-8", "surrogateescape")
            if len(payload) > 125:
                raise TypedError(
                    f"a Ping has room for 125 bytes, but this has {len(payload)} (RFC 6455 section 5.5)"
                )
            return Outgoing("ping", (payload,))
        case "/close":
            return _close(rest)
        case "/binary":
            try:
                return Outgoing("binary", (bytes.fromhex(rest),))
            except ValueError:
                raise TypedError(f"/binary: {rest!r} is not hexadecimal") from None
        case "/frame":
            try:
                return Outgoing("frame", (raw_frame.frame(rest),))
            except raw_frame.FrameError as error:
                raise TypedError(f"/frame: {error}") from None
        case "/send":
            if not rest:
                raise TypedError("/send: give a file")
            return PromptCommand("send", rest)
        case "/info":
            return PromptCommand("info")
        case "/json":
            return PromptCommand("json")
        case "/reconnect":
            return PromptCommand("reconnect")
        case "/help":
            return PromptCommand("help")
    near = nearest(name, COMMANDS)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise TypedError(f"no command {name}{meant}: nothing was sent. /{name} is the text; /help lists all")


def _close(rest: str) -> Outgoing:
    code, _, reason = rest.partition(" ")
    if not code:
        return Outgoing("close", code=1000)
    number = whole_number(code, 65535)
    if number is None:
        raise TypedError(f"/close: {code!r} is not a code from 0 to 65535: /close 4000 some reason")
    data = reason.strip().encode("utf-8", "surrogateescape")
    if len(data) > 123:
        raise TypedError(
            f"/close: a reason has room for 123 bytes, but this has {len(data)} (RFC 6455 section 5.5.1)"
        )
    return Outgoing("close", (data,), number)
