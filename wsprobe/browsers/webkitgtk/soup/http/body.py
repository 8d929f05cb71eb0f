"""The body of a response that is no 101: where it ends, which is when libsoup goes on.

Sources: libsoup/soup-message-headers.c (soup_message_headers_set, get_encoding), libsoup/soup-message.c
(soup_message_is_keepalive), libsoup/http1/soup-client-message-io-http1.c (parse_headers, io_read),
libsoup/http1/soup-body-input-stream.c.
"""

from __future__ import annotations

from typing import Literal

from wsprobe.browsers.webkitgtk.soup.http.head import Head
from wsprobe.pattern import pattern
from wsprobe.value import dataclass

Encoding = Literal["none", "length", "chunked", "eof", "unrecognized"]

_NUMBER = pattern(rb"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
_CHUNK_SIZE = pattern(rb"[ \t\n\v\f\r]*([+-]?)(?:0[xX])?([0-9A-Fa-f]+)")
_UNSIGNED, _SIGNED = 2**64 - 1, 2**63 - 1
_LINE = 128
"""Bytes of a line of the chunked coding that there is room for, its end included."""


class Unended(Exception):
    """The connection ended too early for the body."""


class TooLong(Exception):
    """A line of the chunked coding does not end in the room there is. The argument: offset of its last byte."""


@dataclass(frozen=True, slots=True)
class Framing:
    encoding: Encoding
    length: int
    """-1: not known."""
    keep_alive: bool


def framing(head: Head) -> Framing:
    """How the body of a response with this *head* to a GET is framed."""
    encoding, length = _encoding(head)
    keep_alive = encoding != "eof" and _keeps_alive(head)
    if head.status in (204, 304):
        return Framing("none", -1, keep_alive)
    if encoding == "length" and not keep_alive:
        # "Some servers suck": too short a body is forgiven where the connection ends with it.
        return Framing("eof", length, keep_alive)
    return Framing(encoding, length, keep_alive)


def body_end(data: bytes, start: int, frame: Framing, *, ended: bool) -> int | None:
    """Offset after the body; None if it has not ended yet. *ended*: nothing more comes.

    Raises ``Unended`` and ``TooLong``.
    """
    if frame.encoding == "none":
        return start
    if frame.encoding == "chunked":
        end = _chunked_end(data, start, ended=ended)
    elif frame.length >= 0:
        end = start + frame.length if len(data) - start >= frame.length else None
    else:
        end = None
    if end is None and ended:
        if frame.encoding == "eof":
            return len(data)
        raise Unended
    return end


def _encoding(head: Head) -> tuple[Encoding, int]:
    """The last Transfer-Encoding or Content-Length counts, but that chunked stays chunked."""
    encoding: Encoding | None = None
    length = -1
    for name, value in head.fields:
        if name == b"transfer-encoding":
            if value.lower() == b"chunked":
                encoding = "chunked"
            elif value.lower() != b"identity":
                encoding = "unrecognized"
        elif name == b"content-length" and encoding != "chunked":
            number = _length(value)
            encoding, length = ("unrecognized", -1) if number is None else ("length", number)
    return encoding or "eof", length


def _length(value: bytes) -> int | None:
    if not value:
        return 0
    match = _NUMBER.fullmatch(value)
    if match is None:
        return None
    number = _signed(int(match[2].lstrip(b"0")[:20] or b"0"), minus=match[1] == b"-")
    # -1 stands for "not known"; what is less is out of the range of the property, which then stays 0.
    return 0 if number < -1 else number


def _signed(number: int, *, minus: bool) -> int:
    """What strtoull() makes of it, kept in a goffset: 64 bits with a sign."""
    if number > _UNSIGNED:
        number = _UNSIGNED
    elif minus:
        number = -number & _UNSIGNED
    return number if number <= _SIGNED else number - _UNSIGNED - 1


def _keeps_alive(head: Head) -> bool:
    if head.old:
        return head.fields.has_token(b"connection", b"keep-alive")
    return not head.fields.has_token(b"connection", b"close")


def _chunked_end(data: bytes, start: int, *, ended: bool) -> int | None:
    at: int | None = start
    while at is not None and (line := _line_end(data, at)) is not None:
        match = _CHUNK_SIZE.match(data, at, line)
        size = _signed(int(match[2].lstrip(b"0")[:17] or b"0", 16), minus=match[1] == b"-") if match else 0
        if size <= 0:
            return _trailers_end(data, line, ended=ended)
        at = _line_end(data, line + size)
    return None


def _line_end(data: bytes, at: int) -> int | None:
    """Offset after the line at *at*, None if it has not ended yet. Raises ``TooLong``."""
    end = data.find(b"\n", at, at + _LINE)
    if end >= 0:
        return end + 1
    if len(data) - at >= _LINE:
        raise TooLong(at + _LINE - 1)
    return None


def _trailers_end(data: bytes, at: int, *, ended: bool) -> int | None:
    """One line of any kind ends it, or what there is of one: the test for a blank one holds for all
    (soup-body-input-stream.c)."""
    try:
        end = _line_end(data, at)
    except TooLong as line:
        return int(line.args[0]) + 1
    return len(data) if end is None and ended and at < len(data) else end
