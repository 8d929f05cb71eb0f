"""HTTP that stands behind a 101, where frames should be.

A handler that returns a response, or raises, after a handshake made by hand has its server write one all the
same (Werkzeug, gunicorn, aiohttp, engine.io). At the beginning of a frame ``HTTP/1.`` is no frame of any kind:
``H`` would be a Close without FIN, and the code in it no code."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.read.head import split_head, status_line
from wsprobe.read.reading import Reading, Response, Session

MARK = b"HTTP/1."


def http_behind(reading: Reading) -> Response | None:
    """The answer that follows a 101 at once or after whole frames, its body not read; None if there is none."""
    of = reading.session
    if of is None or reading.received.find(MARK, of.start) < 0:
        return None
    starts = (of.start, *(frame.start for frame in of.frames), len(reading.received) - len(of.rest))
    for start in starts:
        if reading.received.startswith(MARK, start):
            head, _ = split_head(reading.received, start)
            line = status_line(head)
            return Response(head, line.version, line.status, line.reason, oddities=line.oddities)
    return None


def frames_before_http(reading: Reading) -> Session | None:
    """The session, its frames only those before any HTTP, and that HTTP as its ``rest``."""
    of, behind = reading.session, http_behind(reading)
    if of is None or behind is None:
        return of
    start = behind.head.start
    frames = tuple(frame for frame in of.frames if frame.start < start)
    return replace(of, frames=frames, rest=reading.received[start:])
