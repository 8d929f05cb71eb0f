"""What the lab hears from a client after its request: frames, as far as a step cares for them."""

from __future__ import annotations

from wsprobe.lab.stage.speech import RFC6455, Speech
from wsprobe.session.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

LONGEST = 1024 * 1024
"""Bytes of a frame that are still listened to; and of answers that are kept for sending."""

HEADER_MAX = 14
"""Bytes that the header of so long a frame has at most, in any version."""


class Inbox:
    """A client's frames, and the answers that an echo server gives to them.

    Never raises on received bytes; memory is bounded, whatever comes.
    """

    def __init__(self, early: bytes = b"", speech: Speech = RFC6455) -> None:
        """*early* came right after the request."""
        self._speech = speech
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
        while not self._deaf and (came := self._speech.heard(self._buffer, at, lambda offset: 0)) is not None:
            at = came.span[1]
            self.frames += 1
            self._hear(came.opcode, came.fin, came.data)
        del self._buffer[:at]
        if len(self._buffer) > LONGEST + HEADER_MAX:
            self._keep(self._speech.too_big)
            self._deaf = True

    def _hear(self, opcode: int, fin: bool, payload: bytes) -> None:
        if opcode == CLOSE:
            self.close = self._speech.closing(payload)
            self._keep(self.close)
            self._deaf = True
        elif opcode == PING:
            self._keep(self._speech.said(PONG, payload[:125], True))
        elif opcode in (CONTINUATION, TEXT, BINARY):
            self._keep(self._speech.said(opcode, payload, fin))

    def _keep(self, answer: bytes) -> None:
        if len(self.answers) <= LONGEST:
            self.answers += answer
