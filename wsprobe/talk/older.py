"""Like ``codec``, for the wire versions before hybi-07: no compression, and other frames."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from wsprobe.read.frames import BINARY, CLOSE, PING, TEXT, Deflate, One
from wsprobe.read.reading import Head
from wsprobe.talk.codec import Control, FrameFault, Incoming, Reader, ReceivedMessage, Shape, Writer
from wsprobe.wire import WIRES
from wsprobe.wire.framing import Framing
from wsprobe.wire.hixie import frame_at_75, frame_at_76
from wsprobe.wire.hybi import of_server

FRAMES: dict[str, One] = {"hixie-75": frame_at_75, "hixie-76": frame_at_76}
"""Finds a frame of the server, if it is not a hybi frame."""


class OlderReader(Reader):
    """The server's half."""

    def __init__(self, wire: str, max_message: int) -> None:
        super().__init__(None, max_message)
        self._one = FRAMES.get(wire, of_server)
        self._skip = WIRES[wire].behind_the_head
        self._buffer = b""

    def receive(self, data: bytes) -> list[Incoming]:
        """See ``Reader``."""
        whole, self.boundary, behind = self._buffer + data, -1, len(self._buffer)
        message_ended = False
        at, self._skip = min(self._skip, len(whole)), max(self._skip - len(whole), 0)
        heard: list[Incoming] = []
        while not self._over and (frame := self._one(whole, at, lambda _: 0)) is not None:
            at = frame.span[1]
            self.frames += 1
            if frame.opcode == CLOSE:
                self._over = True
                heard.append(Control("close", frame.data, whole[frame.start : at]))
            elif frame.opcode & 0x08:
                heard.append(Control("ping" if frame.opcode == PING else "pong", frame.data, b""))
            else:
                self._opcode = self._opcode or frame.opcode
                self._fragments.write(frame.data)
                self._size += len(frame.data)
                if frame.fin:
                    heard.append(
                        ReceivedMessage(
                            BINARY if self._opcode == BINARY else TEXT, self._fragments.getvalue(), self._size
                        )
                    )
                    self._opcode, self._size, self._fragments = 0, 0, BytesIO()
            if not self._opcode or not message_ended:
                self.boundary = at - behind
                message_ended = not self._opcode
        self._buffer = whole[at:]
        if len(self._buffer) + self._size > self._max:
            self._over = True
            heard.append(FrameFault(1009, self._too_long()))
        return heard


class OlderWriter(Writer):
    """Our half. What the version lacks (binary, Pings) is b""; so is a Close, if it closes by ending TCP."""

    def __init__(self, framing: Framing) -> None:
        super().__init__()
        self._framing = framing

    def messages(self, opcode: int, messages: Sequence[bytes]) -> bytes:
        one = self._framing.text if opcode == TEXT else self._framing.binary
        return b"".join([one(each) for each in messages])

    def control(self, opcode: int, payload: bytes) -> bytes:
        if opcode == CLOSE:
            code = int.from_bytes(payload[:2]) if payload else None
            return self._framing.close(code, payload[2:]) or b""
        return self._framing.ping(payload) if opcode == PING else self._framing.pong(payload)


def halves(
    wire: str,
    request: bytes,
    head: Head,
    deflate: Deflate | None,
    shape: Shape | None = None,
    max_message: int = 1 << 26,
) -> tuple[Reader, Writer]:
    """Both halves of a session in the version called *wire*."""
    if WIRES[wire].framed_as_rfc6455:
        return Reader(deflate, max_message), Writer(deflate, shape)
    return OlderReader(wire, max_message), OlderWriter(WIRES[wire].framing(request, head.raw))
