"""What follows a 101, read as the wire version that was spoken. One reader a framing; the table chooses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from wsprobe.read.reading import Session
from wsprobe.read.websocket.frames import When, read_frames

SessionReader = Callable[[bytes, int, When, bytes, int, When], Session]
"""(received, start, when, sent, start of our own frames, when) -> Session."""


def hybi_session(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """Frames of hybi-07 and later, RFC 6455 among them."""
    frames, rest = read_frames(received, start, when)
    return Session(frames, rest, start, read_frames(sent, own, when_sent)[0])


READERS: dict[str, str] = {
    "hixie-75": "wsprobe.wire.sessions:hixie_75",
    "hixie-76": "wsprobe.wire.sessions:hixie_76",
    "hybi-04": "wsprobe.wire.sessions:hybi_04",
    "hybi-05": "wsprobe.wire.sessions:hybi_05",
    "hybi-06": "wsprobe.wire.sessions:hybi_06",
}
"""Wire version -> ``module:function`` of its reader, where it is not framed as RFC 6455 is."""


def session_reader(wire: str) -> SessionReader:
    """The reader for a ``Plan.wire``."""
    where = READERS.get(wire)
    if where is None:
        return hybi_session
    module, _, name = where.partition(":")
    reader: SessionReader = getattr(import_module(module), name)
    return reader
