"""What the lab hears from a client after its request: frames, as far as a step cares for them."""

from __future__ import annotations

from struct import pack

from wsprobe.read.frames import frame_at, header_size
from wsprobe.session.frames import CLOSE, CONTINUATION, PING, PONG, frame

LONGEST = 1024 * 1024
"""Bytes of a frame that are still listened to; and of answers that are kept for sending."""


class Inbox:
    """Client frames of hybi-07 to RFC 6455, and the answers that an echo server gives to them.

    Never raises on received bytes; memory is bounded, whatever comes.
    """

    def __init__(self, early: bytes = b"") -> None:
        """*early* came right after the head of the request."""
        self.ended = False
        """The client's stream has ended."""
        self.touched = False
        """Anything came."""
        self.frames = 0
        """How many complete frames came."""
        self.close: bytes | None = None
        """The Close frame that answers the client's, None if it sent none."""
        self.answers = bytearray()
        """What an echo server would send back, as frames; whoever sends it clears it."""
        self._buffer = bytearray()
        self._deaf = False
        if early:
            self.receive(early)

    def receive(self, data: bytes) -> None:
        """Take what one read gave; b"" is the end of the client's stream."""
        if not data:
            self.ended = True
        self.touched = True
        if self._deaf:
            return
        self._buffer += data
        at = 0
        while not self._deaf and (came := frame_at(self._buffer, at, lambda offset: 0)) is not None:
            at = came.span[1]
            self.frames += 1
            self._hear(came.opcode, came.fin, came.data)
        del self._buffer[:at]
        if len(self._buffer) > LONGEST + (header_size(self._buffer) or 0):
            self._answer(CLOSE, pack("!H", 1009))
            self._deaf = True

    def _hear(self, opcode: int, fin: bool, payload: bytes) -> None:
        if opcode == CLOSE:
            self.close = frame(CLOSE, payload[:125], None)
            self._answer(CLOSE, payload[:125])
            self._deaf = True
        elif opcode == PING:
            self._answer(PONG, payload[:125])
        elif opcode in (CONTINUATION, 1, 2):
            self._answer(opcode, payload, fin)

    def _answer(self, opcode: int, payload: bytes, fin: bool = True) -> None:
        if len(self.answers) <= LONGEST:
            self.answers += frame(opcode, payload, None, fin=fin)
