"""The recording of a session without a limit: its beginning, in whole frames, and how it was closed."""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.exchange import Event, LeftOut, Received, Sent


class SessionRecording:
    """Passes on the events of a session until they have too many bytes; after that, only the Closes.

    The kept part can be read alone: it is cut at the end of a frame of the server (of a message if possible),
    and a Close is a whole frame. A frame that does not fit is left out.
    """

    def __init__(self, limit: int, add: Callable[[Event], None]) -> None:
        """*limit*: bytes of each side, exceeded by at most one read or one write."""
        self._received_room = self._sent_room = limit
        self._add = add
        self._received_over = self._sent_over = self._closed = False
        self._received = self._sent = 0

    def received(self, at: int, data: bytes, boundary: int, ahead: int, close: bytes | None) -> None:
        """Take the bytes of one read. *boundary*: where the last complete frame in it ends, below 0 without
        one;
        *ahead*: bytes missing from the frame after it, as far as known; *close*: the Close frame in it."""
        if self._received_over:
            self._received += len(data)
            if close is not None and not self._closed:
                self._closed = True
                self._received -= len(close)
                self._told(at)
                self._add(Received(at, close))
            return
        self._closed = close is not None
        room = self._received_room
        self._received_room -= len(data)
        kept = data
        if self._received_room < ahead and (boundary >= 0 or self._received_room < 0):
            # A frame of unknown length, or bytes after the last complete frame, are cut anywhere: no Close can
            # follow them.
            self._received_over = True
            self._closed = self._closed or boundary < 0
            kept = data[: boundary if boundary >= 0 else room]
            self._received += len(data) - len(kept)
        if kept:
            self._add(Received(at, kept))

    def sent(self, at: int, data: bytes, close: bytes | None) -> None:
        """Take the bytes of one write: whole frames. *close*: our Close, if it is the last frame."""
        if not self._sent_over:
            self._sent_room -= len(data)
            self._add(Sent(at, data))
            self._sent_over = self._sent_room <= 0
            return
        self._sent += len(data)
        if close is not None and data.endswith(close):
            self._sent -= len(close)
            self._told(at)
            self._add(Sent(at, close))

    def end(self, at: int) -> None:
        """The session is over."""
        self._told(at)

    def _told(self, at: int) -> None:
        if self._received or self._sent:
            self._add(LeftOut(at, self._sent, self._received))
            self._received = self._sent = 0
