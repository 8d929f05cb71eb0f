"""After ``open`` on Node: what ws and undici have in common, because zlib inflates outside the event loop.

A library reads no further frame while one is inflated, and none after the Close of the server. The end of the
connection may be seen before the inflated message is.

Sources: node lib/zlib.js (processCallback); ws lib/permessage-deflate.js; undici lib/web/websocket/receiver.js.
"""

from __future__ import annotations

from abc import abstractmethod

from wsprobe.browsers.runtime.answer import AT_ONCE, Opened
from wsprobe.browsers.runtime.frames import Facts, FrameSession, Header, Wrong
from wsprobe.browsers.script import WebSocket
from wsprobe.exchange import Ended

INFLATE_RACE = "messages are inflated outside the event loop: the message event may come before the end is seen"
WRITTEN_LATER = 1000
"""Microseconds until Node has written its answer to the server's Close. A reset within them comes first."""


class NodeSession(FrameSession[Facts]):
    """An open WebSocket of a library on Node."""

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        self.fragments: list[bytes] = []
        """The fragments of the message that is being read."""
        self.sent_close = False
        self.received: tuple[int, str] | None = None
        """Code and reason of the server's Close; None before it was read."""
        self.closed_at = 0
        """When that Close was read, in microseconds."""
        self.now = 0
        """When the frame was read that is handled, in microseconds."""
        self.inflating: tuple[Header, bytes] | None = None
        """The frame that is being inflated."""
        self._begun_at = 0

    @abstractmethod
    def inflated(self, header: Header, payload: bytes) -> None:
        """Handle a frame that was inflated. Raises Wrong."""

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if self.received is None:
            self.now = at
            super().receive(data, at)

    def stopped(self) -> bool:
        return self.inflating is not None or self.received is not None

    def begin_inflating(self, header: Header, payload: bytes) -> None:
        self.inflating = header, payload
        self._begun_at = self.now

    def wait(self, at: int) -> None:
        if self.inflating is not None and at - self._begun_at >= AT_ONCE:
            self.inflate_all(self._begun_at)
        super().wait(at)

    def inflate_all(self, at: int) -> None:
        """Finish inflating at *at* (microseconds), then read the frames after it."""
        self.now = at
        while self.inflating is not None:
            self.attempt(self.inflate)
            self.run()

    def inflate(self) -> None:
        """zlib's callback for the frame that is being inflated. Raises Wrong, TooLong."""
        assert self.inflating is not None
        assert self.inflater is not None
        (header, payload), self.inflating = self.inflating, None
        try:
            payload = self.inflater.feed(payload, header.final)
        except ValueError as error:
            # Node passes on zlib's own message, which Python's has around it.
            raise Wrong("deflate", {"error": str(error).rpartition(": ")[2]}) from None
        self.inflated(header, payload)

    def reset_first(self, ended: Ended) -> bool:
        """True if the server reset the connection before Node had written its answer to the server's Close."""
        return ended.how == "reset" and ended.at - self.closed_at < WRITTEN_LATER
