"""When the body of an answer begins: only then is the channel told that there is an answer at all.

A pipe lies between the connection and the channel: with nothing in it, OnStartRequest waits. Without a
Content-Type, the decoder that looks into the body to find one lies there too, and wants to see more.

Sources: netwerk/protocol/http/nsHttpTransaction.cpp (HandleContentStart, HandleContent),
nsHttpChunkedDecoder.cpp, nsHttpChannel.cpp (CallOnStartRequest), nsUnknownDecoder.cpp.
"""

from __future__ import annotations

from wsprobe.browsers.firefox.net.http.fields import Fields
from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_NO_CONTENT = frozenset({101, 204, 205, 304})
_SIZE = pattern(rb"[ \t\n\v\f\r]*\+?(?:0[xX])?([0-9A-Fa-f]+)")
_UINT32_MAX = 2**32 - 1
_SNIFFED = 512
"""nsUnknownDecoder decides once there is more than this."""


@dataclass(frozen=True, slots=True)
class Start:
    """The channel is told when the byte before *offset* arrives."""

    offset: int
    complete: bool
    """The body ends there; what comes behind is no part of it."""


def begins(code: int, fields: Fields, received: bytes, start: int) -> Start | None:
    """When the body that stands at *start* begins; None if not yet."""
    if code in _NO_CONTENT:
        return Start(start, True)
    needed = 1 if fields.typed else _SNIFFED + 1
    if any(token.lower() == b"chunked" for token in fields.tokens(b"transfer-encoding", b", \t")):
        return _chunked(received, start, needed)
    length = fields.content_length
    found = Start(start + length, True) if 0 <= length <= needed else Start(start + needed, False)
    return found if len(received) >= found.offset else None


def _chunked(received: bytes, at: int, needed: int) -> Start | None:
    ending = False
    while (stop := received.find(b"\n", at)) >= 0:
        line = received[at:stop].removesuffix(b"\r")
        at = stop + 1
        if ending:
            if not line:
                return Start(at, True)
        elif line:
            size = _SIZE.match(line.partition(b";")[0])
            if size is None or int(size[1], 16) > _UINT32_MAX:
                return Start(at, False)
            length = int(size[1], 16)
            ending = length == 0
            there = min(length, len(received) - at)
            if there >= needed:
                return Start(at + needed, False)
            needed -= there
            at += length
    return None
