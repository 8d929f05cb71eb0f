"""hybi-07 to RFC 6455 (section 5.2): frames written as a client, followed as they arrive, and read from a
recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from struct import pack
from typing import Literal

from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    One,
    When,
    frame_at,
    header_size,
    read_frames,
)
from wsprobe.read.reading import Session
from wsprobe.wire.framing import Heard


def masks(seed: bytes) -> Iterator[bytes]:
    """Yield masking keys of four bytes, without end; the same *seed* gives the same keys.

    RFC 6455 section 5.3 requires unpredictable keys, so that a script in a browser cannot choose the bytes that
    an intermediary sees (section 10.3). Here there is no such script: the person who chooses the payload runs
    the probe, and could send any bytes anyway. With these keys a conversation depends only on its plan and on
    the bytes received, and can be replayed.
    """
    number = 0
    while True:
        yield sha256(seed + number.to_bytes(8, "big")).digest()[:4]
        number += 1


CONTROL_MAX = 125
"""RFC 6455 section 5.5: the longest payload of a control frame."""

_DATA = (CONTINUATION, TEXT, BINARY)
_MESSAGE = Heard("message")
_CONTROL: dict[int, Literal["close", "ping", "pong"]] = {CLOSE: "close", PING: "ping", PONG: "pong"}


def mask(data: bytes, key: bytes) -> bytes:
    """*data* XORed with the four bytes of *key*, repeated (RFC 6455 section 5.3)."""
    size = len(data)
    if size <= AT_ONCE:
        keys = (key * ((size >> 2) + 1))[:size]
        return (int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")).to_bytes(size, "little")
    # Numbers that fit the processor's nearest cache, and the key's made once: half the time of one number.
    keys_at_once = int.from_bytes(key * (AT_ONCE // 4), "little")
    whole = size - size % AT_ONCE
    masked = [
        (int.from_bytes(data[at : at + AT_ONCE], "little") ^ keys_at_once).to_bytes(AT_ONCE, "little")
        for at in range(0, whole, AT_ONCE)
    ]
    return b"".join([*masked, mask(data[whole:], key)])


AT_ONCE = 8192
"""Bytes masked as one number; a multiple of four."""


def frame(opcode: int, payload: bytes, key: bytes | None, *, fin: bool = True, rsv: int = 0) -> bytes:
    """One frame (RFC 6455 section 5.2) with the shortest length encoding; *key* None: not masked."""
    first = fin << 7 | rsv << 4 | opcode
    masked = 0 if key is None else 0x80
    size = len(payload)
    if size <= 125:
        header = pack("!BB", first, masked | size)
    elif size <= 0xFFFF:
        header = pack("!BBH", first, masked | 126, size)
    else:
        header = pack("!BBQ", first, masked | 127, size)
    return header + payload if key is None else header + key + mask(payload, key)


class Follower:
    """Follows frames as their bytes arrive, and keeps only a header and one control payload.

    Frames that break the rules (a mask, RSV bits, an unknown opcode, a continuation without a start) are
    followed too: the length still gives the start of the next frame.
    """

    opcodes: Sequence[int] = range(16)
    """Opcode on the wire -> its equivalent in RFC 6455."""
    mask_bit = 0x80

    def __init__(self) -> None:
        self.frames = 0
        """The number of frames that have begun."""
        self._header = b""
        self._first: int | None = None
        self._opcode = 0
        self._mask: bytes | None = None
        self._length = 0
        self._left = 0
        self._payload = bytearray()

    def receive(self, data: bytes) -> list[Heard]:
        """Take the next bytes, and return the events that they complete."""
        heard: list[Heard] = []
        data, at = self._header + data, 0
        self._header = b""
        while at < len(data):
            if self._first is None:
                size = header_size(data, at, self.mask_bit)
                if size is None or len(data) < at + size:
                    self._header = data[at:]
                    break
                self._begin(data[at : at + size])
                at += size
            taken = min(self._left, len(data) - at)
            if taken and self._opcode & 0x08:
                self._payload += data[at : at + min(taken, CONTROL_MAX - len(self._payload))]
            at += taken
            self._left -= taken
            if self._left == 0:
                self._complete(heard)
        return heard

    def _begin(self, header: bytes) -> None:
        """Take a whole frame header."""
        self.frames += 1
        self._first, second = header[0], header[1]
        self._opcode = self.opcodes[self._first & 0x0F]
        masked = second & self.mask_bit
        self._mask = header[-4:] if masked else None
        coded = header[2:-4] if masked else header[2:]
        self._length = self._left = int.from_bytes(coded, "big") if coded else second & 0x7F

    def _complete(self, heard: list[Heard]) -> None:
        """Add the event of the frame that has just ended, and prepare for the next frame."""
        assert self._first is not None
        opcode = self._opcode
        if opcode in _DATA:
            if self._first & 0x80:
                heard.append(_MESSAGE)
        elif opcode in _CONTROL:
            payload = bytes(self._payload)
            unmasked = payload if self._mask is None else mask(payload, self._mask)
            heard.append(Heard(_CONTROL[opcode], unmasked, self._length > CONTROL_MAX))
        self._first = None
        self._payload.clear()


def answer_code(close: bytes) -> int | None:
    """The code that answers a Close with this payload; None: an empty Close.

    RFC 6455 section 5.5.1: "typically echos the status code it received". 1002 answers a code that must not be
    on the wire (section 7.4.1: 1005, 1006, 1015; section 7.4.2: below 1000) and a payload of one byte.
    """
    if not close:
        return None
    code = int.from_bytes(close[:2], "big")
    if len(close) == 1 or not 1000 <= code <= 4999 or code in (1005, 1006, 1015):
        return 1002
    return code


class Framed:
    """A ``Framing``."""

    def __init__(self, request: bytes, head: bytes) -> None:
        self._masks = masks(request)
        self._follower = Follower()

    def receive(self, data: bytes) -> list[Heard]:
        return self._follower.receive(data)

    @property
    def frames(self) -> int:
        return self._follower.frames

    def text(self, data: bytes) -> bytes:
        return frame(TEXT, data, next(self._masks))

    def binary(self, data: bytes) -> bytes:
        return frame(BINARY, data, next(self._masks))

    def ping(self, data: bytes) -> bytes:
        return frame(PING, data, next(self._masks))

    def pong(self, data: bytes) -> bytes:
        return frame(PONG, data, next(self._masks))

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        payload = b"" if code is None else pack("!H", code) + reason
        return frame(CLOSE, payload, next(self._masks))

    def answer(self, close: bytes) -> bytes | None:
        return self.close(answer_code(close), b"")


def read_both(
    theirs: One, ours: One, received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When
) -> Session:
    """A session: *theirs* finds the server's frames, *ours* finds the client's."""
    frames, rest = read_frames(received, start, when, theirs)
    return Session(frames, rest, start, read_frames(sent, own, when_sent, ours)[0])


def session(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """The frames of both sides: a ``SessionReader``."""
    return read_both(frame_at, frame_at, received, start, when, sent, own, when_sent)
