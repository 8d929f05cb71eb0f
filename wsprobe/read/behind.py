"""HTTP after a 101, in place of frames.

A handler may do the handshake by hand, and then return a response or raise. Its server still writes an HTTP
response (Werkzeug, gunicorn, aiohttp, engine.io). ``HTTP/1.`` cannot begin a valid frame: ``H`` would be a
Close without FIN, with an invalid code."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.read.body import read_body
from wsprobe.read.head import split_head, status_line
from wsprobe.read.reading import Reading, Response, Session

MARK = b"HTTP/1."
BODY = 65536
"""The most bytes of its body that are read: it is no answer to a request, and is shown as a hint."""


def http_behind(reading: Reading) -> Response | None:
    """The answer that follows a 101 at once or after whole frames, with the beginning of its body; None if
    there is none."""
    of = reading.session
    if of is None or reading.received.find(MARK, of.start) < 0:
        return None
    starts = (of.start, *(frame.start for frame in of.frames), len(reading.received) - len(of.rest))
    for start in starts:
        if reading.received.startswith(MARK, start):
            head, at = split_head(reading.received, start)
            line = status_line(head)
            data = memoryview(reading.received)[at : at + BODY]
            body, _ = read_body(head, line.status, data, method=b"GET", limit=BODY, ended="not")
            return Response(head, line.version, line.status, line.reason, body, line.oddities)
    return None


def frames_before_http(reading: Reading) -> Session | None:
    """The session with only the frames before any HTTP; the HTTP is its ``rest``."""
    of, behind = reading.session, http_behind(reading)
    if of is None or behind is None:
        return of
    start = behind.head.start
    frames = tuple(frame for frame in of.frames if frame.start < start)
    return replace(of, frames=frames, rest=reading.received[start:])
