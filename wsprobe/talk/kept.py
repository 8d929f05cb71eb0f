"""What is recorded of a session that may be endless: its begin, in whole messages, and how it was closed."""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.exchange import Event, LeftOut, Received, Sent


class Kept:
    """Hands on the events of a session until there are too many bytes of them; after that, the Closes alone.

    What is kept can be read by itself: it is cut only where a message of the server has ended, and a Close is a
    whole frame.
    """

    def __init__(self, limit: int, add: Callable[[Event], None]) -> None:
        """*limit*: bytes of each side, over which it goes by less than a message and a read."""
        self._received_room = self._sent_room = limit
        self._add = add
        self._received_over = self._sent_over = self._closed = False
        self._received = self._sent = 0

    def received(self, at: int, data: bytes, boundary: int, close: bytes | None) -> None:
        """Take what came in one read. *boundary*: where in it a message ended last, below 0 for nowhere;
        *close*: the Close frame in it."""
        if self._received_over:
            self._received += len(data)
            if close is not None and not self._closed:
                self._closed = True
                self._received -= len(close)
                self._told(at)
                self._add(Received(at, close))
            return
        self._closed = close is not None
        self._received_room -= len(data)
        kept = data
        if self._received_room <= 0 and boundary >= 0:
            self._received_over = True
            kept = data[:boundary]
            self._received += len(data) - boundary
        if kept:
            self._add(Received(at, kept))

    def sent(self, at: int, data: bytes, close: bytes | None) -> None:
        """Take what went out in one write: whole frames. *close*: our Close, if that stands at their end."""
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
