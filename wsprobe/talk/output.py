"""What a session receives, as bytes for standard output: raw messages in a row, or JSON lines."""

from __future__ import annotations

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from wsprobe.read.frames import TEXT, agreed_deflate
from wsprobe.read.reading import Head
from wsprobe.talk.session import TalkSession
from wsprobe.wire.framing import Control, FrameFault, Incoming, ReceivedMessage

_ENCODE = msgspec.json.Encoder().encode
_ENCODE_LINES = msgspec.json.Encoder().encode_lines

PIECE = 1 << 18
"""Bytes of messages that become output at once. Made whole, 16 MiB of text would take 80, and a second."""


class RawOutput:
    """Each message unchanged, followed by *separator*; a NUL once, where the message has its own (STOMP)."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._came = 0
        self.ambiguous = 0
        """Number of the first message that contains the separator; 0 if none does."""

    def heard(self, heard: Sequence[Incoming], at: int) -> Iterator[bytes]:
        """The bytes for what was *heard*, in pieces."""
        messages = [each.data for each in heard if isinstance(each, ReceivedMessage)]
        separator = self._separator
        if separator == b"\0":
            messages = [each.removesuffix(separator) for each in messages]
        if separator and not self.ambiguous and any([separator in each for each in messages]):
            number = next(n for n, each in enumerate(messages, 1) if separator in each)
            self.ambiguous = self._came + number
        self._came += len(messages)
        if sum(map(len, messages)) > PIECE:
            for each in messages:
                yield each  # not copied: it may be long
                yield separator
        elif messages:
            yield separator.join([*messages, b""])

    def opened(self, head: Head, url: str, at: int) -> bytes:
        """Return nothing: here a message has nothing around it."""
        return b""

    def closed(self, held: TalkSession, how: str, at: int) -> bytes:
        """Nothing, too."""
        return b""


class JsonOutput:
    """One object per line: open, message, ping, pong, close; times are milliseconds from the start."""

    ambiguous = 0

    def heard(self, heard: Sequence[Incoming], at: int) -> Iterator[bytes]:
        """The lines for what was *heard*, in pieces; a Close is written at the end."""
        when = at / 1000
        lines: list[dict[str, Any]] = []
        size = 0
        for each in heard:
            if isinstance(each, ReceivedMessage):
                value = {"event": "message", "at": when, "size": len(each.data)}
                if len(each.data) > PIECE:
                    yield _lines(lines)
                    yield from _long_line(value, each)
                    lines, size = [], 0
                    continue
                lines.append(
                    value | ({"text": each.data.decode()} if each.opcode == TEXT else _binary(each.data))
                )
                size += len(each.data)
                if size > PIECE:
                    yield _lines(lines)
                    lines, size = [], 0
            elif isinstance(each, Control) and each.what != "close":
                control: dict[str, Any] = {"event": each.what, "at": when, "size": len(each.data)}
                lines.append(control | _either(each.data))
            elif isinstance(each, FrameFault):
                lines.append({"event": "fault", "at": when, "code": each.code, "text": each.text})
        yield _lines(lines)

    def opened(self, head: Head, url: str, at: int) -> bytes:
        """The line for the open session."""
        protocol = head.joined(b"sec-websocket-protocol") or b""
        extensions = head.joined(b"sec-websocket-extensions") or b""
        return _lines(
            [
                {
                    "event": "open",
                    "at": at / 1000,
                    "url": url,
                    "protocol": protocol.decode("latin-1"),
                    "extensions": extensions.decode("latin-1"),
                    "compression": agreed_deflate(head) is not None,
                }
            ]
        )

    def closed(self, held: TalkSession, how: str, at: int) -> bytes:
        """The line for the end: the server's Close, or ours if it sent none; *how* the connection ended."""
        theirs, ours = held.close_received, held.close_sent
        payload = theirs.data if theirs is not None else b""
        if theirs is None and ours is not None:
            payload = held.close_said
        value: dict[str, Any] = {
            "event": "close",
            "at": at / 1000,
            "code": int.from_bytes(payload[:2]) if len(payload) > 1 else None,
            "reason": payload[2:].decode("utf-8", "replace"),
            "size": len(payload),
            "by": held.closed_first or None,
            "clean": theirs is not None and ours is not None,
            "how": how,
        }
        return _lines([value])


def _either(data: bytes) -> dict[str, str]:
    """Bytes that may be text."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return _binary(data)


def _binary(data: bytes) -> dict[str, str]:
    return {"binary": b64encode(data).decode("ascii")}


def _long_line(value: dict[str, Any], message: ReceivedMessage) -> Iterator[bytes]:
    """The line of *value* with a long *message*, in pieces."""
    text = message.opcode == TEXT
    yield _ENCODE(value | {"text" if text else "binary": ""})[:-2]
    decoder = getincrementaldecoder("utf-8")()
    size = PIECE if text else PIECE // 3 * 3  # base64 has four characters for three bytes
    for at in range(0, len(message.data), size):
        piece = message.data[at : at + size]
        yield _safe(_ENCODE(decoder.decode(piece))[1:-1]) if text else b64encode(piece)
    yield b'"}\n'


def _lines(values: Sequence[dict[str, Any]]) -> bytes:
    return _safe(_ENCODE_LINES(values))


_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""DEL, C1 controls, and characters that have no width or change the direction of writing: a terminal acts on
some of these, and a person sees none."""


def _safe(lines: bytes) -> bytes:
    """*lines* of JSON with these escaped; the rest is unchanged."""
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    return _UNSAFE.sub(lambda found: json_escape(found[0]), lines.decode()).encode()


@cache
def json_escape(character: str) -> str:
    """*character* as JSON has it in ASCII. Cached: a text of these alone would take five times as long."""
    units = character.encode("utf-16-be")
    return "".join([f"\\u{int.from_bytes(units[at : at + 2]):04x}" for at in range(0, len(units), 2)])
