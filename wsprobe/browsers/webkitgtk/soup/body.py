"""The body of a response that is no 101: where it ends, which is when libsoup goes on.

Sources: libsoup/soup-message-headers.c (soup_message_headers_set, get_encoding), libsoup/soup-message.c
(soup_message_is_keepalive), libsoup/http1/soup-client-message-io-http1.c (parse_headers, io_read),
libsoup/http1/soup-body-input-stream.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from wsprobe.browsers.webkitgtk.soup.head import Head

Encoding = Literal["none", "length", "chunked", "eof", "unrecognized"]

_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
_CHUNK_SIZE = re.compile(rb"[ \t\n\v\f\r]*[+-]?(?:0[xX])?([0-9A-Fa-f]+)")
_BIGGEST = 2**63 - 1


class Unended(Exception):
    """The connection ended too early for the body."""


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
    """Offset after the body; None if it has not ended yet. *ended*: nothing more comes. Raises ``Unended``."""
    if frame.encoding == "none":
        return start
    if frame.encoding == "chunked":
        end = _chunked_end(data, start)
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
    number = min(int(match[2][:20]), _BIGGEST)
    if match[1] == b"-":
        # -1 stands for "not known", which only the end of the connection could end, and that is an error then;
        # any other negative number is less than there is to read (soup-body-input-stream.c; measured).
        return _BIGGEST if number == 1 else 0
    return number


def _keeps_alive(head: Head) -> bool:
    if head.old:
        return head.fields.has_token(b"connection", b"keep-alive")
    return not head.fields.has_token(b"connection", b"close")


def _chunked_end(data: bytes, start: int) -> int | None:
    at = start
    while True:
        line = data.find(b"\n", at)
        if line < 0:
            return None
        match = _CHUNK_SIZE.match(data, at, line)
        size = int(match[1][-16:], 16) if match else 0
        at = line + 1
        if size > _BIGGEST:
            # Negative once it is signed: the first byte that comes is more than enough (measured).
            return at + 1 if len(data) > at else None
        if size == 0:
            return _trailers_end(data, at)
        at = data.find(b"\n", at + size) + 1
        if not at:
            return None


def _trailers_end(data: bytes, at: int) -> int | None:
    """One line of any kind ends it: the test for a blank one holds for all (soup-body-input-stream.c)."""
    line = data.find(b"\n", at)
    return line + 1 if line >= 0 else None
