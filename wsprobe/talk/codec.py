"""RFC 6455 frames with RFC 7692 compression, in bulk: messages to bytes, and bytes to messages.

``wsprobe.wire.rfc6455`` follows a session as an observer and tolerates every fault; ``wsprobe.read.frames``
reads a recording without loss. This module holds a session as a conforming client does: the first broken rule
is a ``FrameFault``, and nothing after it is read. One call writes many messages and masks them with one
exclusive or; a frame is cut out of the bytes of one read.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import Literal

from msgspec import Struct

from wsprobe.exchange import Plan
from wsprobe.read.closing import may_be_sent
from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    INFLATED_MAX,
    PING,
    PONG,
    RSV1,
    TEXT,
    Deflate,
    agreed_deflate,
)
from wsprobe.read.inflate import STREAMS_MAX, TAIL, InflateError, Inflater, TooManyStreams
from wsprobe.read.reading import Head, mask
from wsprobe.session.open_session import Awaited, OpenSession, SessionMaker
from wsprobe.session.planned_session import PlannedSession
from wsprobe.wire import WIRES
from wsprobe.wire.framing import (
    CONTROL_MAX,
    Control,
    FrameFault,
    FrameReader,
    FrameWriter,
    Incoming,
    ReceivedMessage,
    is_utf_8,
    too_long,
)
from wsprobe.wire.rfc6455 import frame, frame_header, masks

_CONTROLS: dict[int, Literal["ping", "pong", "close"]] = {PING: "ping", PONG: "pong", CLOSE: "close"}
_TEXT, _BINARY = 0x80 | TEXT, 0x80 | BINARY
MESSAGE_MAX = 1 << 24
"""Bytes of a message in a session that is held: the default of --max-message."""


class Reader:
    """The server's half. Keeps at most one incomplete frame and one message."""

    def __init__(self, deflate: Deflate | None = None, max_message: int = MESSAGE_MAX) -> None:
        """*max_message*: the most bytes of a message, inflated; a longer message is a FrameFault with 1009.
        With UNLIMITED, only what messages inflate to has a limit, of INFLATED_MAX, and each compressed message
        must end with a block, which takes as long to check as a small message."""
        self._max = max_message
        self._max_inflated = min(max_message, INFLATED_MAX) if max_message >= UNLIMITED else max_message
        self._inflater = (
            None if deflate is None else Inflater(deflate.server, 0, checks_end=max_message >= UNLIMITED)
        )
        self._begun = BytesIO()  # its bytes are the incomplete frame's; it returns them without a copy
        self._need = 0
        self._opcode = 0
        self._compressed = False
        self._fragments = BytesIO()
        self._size = 0
        self._over = False
        self.frames = 0
        """Number of complete frames read."""
        self.boundary = 0
        """The end of the last message in the latest data received, or of the last frame without one; -1 without
        either."""

    @property
    def ahead(self) -> int:
        """Bytes missing from the current frame, as far as known."""
        return 0 if self._over else self._need - self._begun.tell()

    def receive(self, data: bytes) -> list[Incoming]:
        """Take the next bytes; return what they completed. Nothing is read after a Close or a FrameFault."""
        behind = len(data)
        self.boundary = -1
        if self._over:
            return []
        if self._begun.tell():
            self._begun.write(data)
            if self._begun.tell() < self._need:
                return []
            data = self._begun.getvalue()
            self._begun = BytesIO()
        heard: list[Incoming] = []
        at, end, frames, need, boundary = 0, len(data), 0, 2, -1
        opcode, small = self._opcode, min(self._max, 125)
        while at + 2 <= end:
            first, size = data[at], data[at + 1]
            body = at + 2
            if size > 125:
                body = at + {126: 4, 127: 10}.get(size, 2)
                if body > end:
                    need = body - at
                    break
                if body > at + 2:
                    size = int.from_bytes(data[at + 2 : body])
            stop = body + size
            if size > small or body > at + 2 or first > _BINARY or first < _TEXT or opcode:
                fault = self._fault(first, data[at + 1], size, body - at)
                if fault is not None:
                    self._over = True
                    heard.append(fault)
                    break
            if stop > end:
                need = stop - at
                break
            frames += 1
            payload = data[body:stop]
            if (first == _TEXT and not opcode) and (payload.isascii() or is_utf_8(payload)):
                heard.append(ReceivedMessage(TEXT, payload, size))
            elif first == _BINARY and not opcode:
                heard.append(ReceivedMessage(BINARY, payload, size))
            else:
                found = self._take(first, payload, data[at:stop] if first & 0x08 else b"")
                opcode = self._opcode
                if found is not None:
                    heard.append(found)
                if self._over:
                    at = boundary = stop
                    break
            at = stop
            if not opcode:
                boundary = at
        self.frames += frames
        self.boundary = boundary - (end - behind)
        if self.boundary < 0:
            self.boundary = max(at - (end - behind), -1)
        if at < end:
            self._begun.write(data[at:] if at else data)
        self._need = need
        return heard

    def _fault(self, first: int, second: int, size: int, header: int) -> FrameFault | None:
        """Return the fault of a frame with this header; its payload is not needed."""
        opcode, fin, rsv = first & 0x0F, first & 0x80, first >> 4 & 7
        if second & 0x80:
            return FrameFault(1002, "the server masked a frame (RFC 6455 section 5.1)")
        if rsv and not (rsv == RSV1 and self._inflater is not None and opcode in (TEXT, BINARY)):
            return FrameFault(1002, f"a frame with reserved bits {rsv:03b}, which no extension uses (5.2)")
        if (header == 4 and size < 126) or (header == 10 and size <= 0xFFFF):
            return FrameFault(1002, f"the length {size} in more bytes than it needs (RFC 6455 section 5.2)")
        if opcode in _CONTROLS:
            if not fin:
                return FrameFault(1002, "a control frame in fragments (RFC 6455 section 5.5)")
            return (
                FrameFault(1002, f"a control frame of {size} bytes (section 5.5)")
                if size > CONTROL_MAX
                else None
            )
        if opcode not in (CONTINUATION, TEXT, BINARY):
            return FrameFault(1002, f"opcode {opcode:#x} is reserved (RFC 6455 section 5.2)")
        if opcode == CONTINUATION and not self._opcode:
            return FrameFault(1002, "a continuation frame without a message (RFC 6455 section 5.4)")
        if opcode != CONTINUATION and self._opcode:
            return FrameFault(1002, "a new message before the previous one ended (RFC 6455 section 5.4)")
        if size >> 63:
            return FrameFault(1002, "a length whose first bit is set (RFC 6455 section 5.2)")
        if self._size + size > self._max:
            return too_long(self._max)
        return None

    def _take(self, first: int, payload: bytes, whole: bytes) -> Incoming | None:
        """Take a fragment, a control frame or a compressed message."""
        opcode, fin = first & 0x0F, first & 0x80
        if opcode & 0x08:
            return self._control(_CONTROLS[opcode], payload, whole)
        if opcode != CONTINUATION:
            self._opcode = opcode
            self._compressed = bool(first & RSV1 << 4)
        self._size += len(payload)
        if not fin:
            self._fragments.write(payload)
            return None
        if self._fragments.tell():
            self._fragments.write(payload)
            data = self._fragments.getvalue()
        else:
            data = payload
        wire, opcode = self._size, self._opcode
        self._fragments, self._size, self._opcode = BytesIO(), 0, 0
        if self._compressed:
            assert self._inflater is not None
            self._inflater.room, self._inflater.streams = self._max_inflated + 1, STREAMS_MAX
            try:
                data = self._inflater.inflate(data)
            except TooManyStreams:
                return self._failed(1009, f"a message of more than {STREAMS_MAX} deflate streams")
            except InflateError as error:
                return self._failed(1007, f"a message that cannot be inflated: {error}")
            if not self._inflater.room:
                self._over = True
                return too_long(self._max_inflated)
        if opcode == TEXT and not data.isascii() and not is_utf_8(data):
            return self._failed(1007, "a text message that is not UTF-8 (RFC 6455 section 8.1)")
        return ReceivedMessage(opcode, data, wire)

    def _control(self, what: Literal["ping", "pong", "close"], payload: bytes, whole: bytes) -> Incoming:
        if what == "close":
            if len(payload) == 1:
                return self._failed(1002, "a Close with a payload of one byte (RFC 6455 section 5.5.1)")
            if payload and not may_be_sent(int.from_bytes(payload[:2])):
                code = int.from_bytes(payload[:2])
                return self._failed(1002, f"a Close with code {code}, which must not be sent (section 7.4)")
            if not is_utf_8(payload[2:]):
                return self._failed(1007, "a Close with a reason that is not UTF-8 (RFC 6455 section 5.5.1)")
            self._over = True
        return Control(what, payload, whole)

    def _failed(self, code: int, text: str) -> FrameFault:
        self._over = True
        return FrameFault(code, text)


class Shape(Struct, frozen=True):
    """How our messages are split into frames."""

    fragments: int = 1
    """Frames per message."""
    fragment_size: int | None = None
    """The most bytes of payload in a frame."""
    compress_from: int = 1024
    """Shortest message that is compressed, if compression was agreed: below it compressing costs more than it
    saves."""
    level: int = 1
    """zlib's level: 1 is fastest, for low latency."""


UNLIMITED = 1 << 62
"""Bytes of a message: the session's own limit decides."""
SMALL = 4096
"""Bytes: payloads up to this length are masked together. A longer one is masked alone, so that no key of its
length is built."""

_LENGTH = {first: [bytes((first, 0x80 | size)) for size in range(126)] for first in (_TEXT, _BINARY)}
_NOTHING = {2: bytes(6), 4: bytes(8)}
"""Length of a header -> what leaves it, and the key after it, as they are."""


class Writer(FrameWriter):
    """Our half."""

    def __init__(
        self, deflate: Deflate | None = None, shape: Shape | None = None, keys: Iterator[bytes] | None = None
    ) -> None:
        """*keys*: the masking keys; without them, keys that nobody can predict."""
        self._keys = keys
        self._shape = shape = shape or Shape()
        self._whole = shape.fragments == 1 and shape.fragment_size is None
        self._takeover = deflate is not None and deflate.client.takeover
        self._bits = 0 if deflate is None else deflate.client.bits
        # zlib cannot make a raw stream with a window of 256 bytes: then nothing is compressed, which is
        # allowed.
        self._compresses = self._bits > 8
        self._stream = self._deflater() if self._compresses else None

    def messages(self, opcode: int, messages: Sequence[bytes]) -> bytes:
        """Return the frames of *messages*, each message with its own masking key."""
        if (
            self._keys is not None
            or not self._whole
            or (self._compresses and max(map(len, messages)) >= self._shape.compress_from)
        ):
            return b"".join([self._one(opcode, each) for each in messages])
        first = 0x80 | opcode
        lengths = _LENGTH[first]
        keys = os.urandom(4 * len(messages))
        plain: list[bytes] = []
        masks: list[bytes] = []
        done: list[bytes] = []
        at = 0
        for payload in messages:
            key = keys[at : at + 4]
            at += 4
            size = len(payload)
            if size <= SMALL:
                header = lengths[size] if size < 126 else frame_header(first, size)
                plain += (header, key, payload)
                masks += (_NOTHING[len(header)], (key * ((size >> 2) + 1))[:size])
            else:
                if plain:
                    done.append(_exclusive_or(plain, masks))
                    plain, masks = [], []
                done += _apart(first, payload, key)
        if plain:
            done.append(_exclusive_or(plain, masks))
        return done[0] if len(done) == 1 else b"".join(done)

    def frame(self, opcode: int, data: bytes) -> bytes:
        """See ``FrameWriter``."""
        return frame(opcode, data, self._key())

    def _key(self) -> bytes:
        return os.urandom(4) if self._keys is None else next(self._keys)

    def _one(self, opcode: int, payload: bytes) -> bytes:
        rsv = 0
        if self._compresses and len(payload) >= max(self._shape.compress_from, 1):
            payload, rsv = self._deflated(payload), RSV1
        if self._whole:
            return b"".join(_apart(0x80 | rsv << 4 | opcode, payload, self._key()))
        size = self._shape.fragment_size or max(1, -(-len(payload) // self._shape.fragments))
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        pieces += [b""] * (self._shape.fragments - len(pieces))
        return b"".join(
            frame(
                CONTINUATION if number else opcode,
                piece,
                self._key(),
                fin=number == len(pieces) - 1,
                rsv=0 if number else rsv,
            )
            for number, piece in enumerate(pieces)
        )

    def _deflater(self) -> zlib._Compress:
        return zlib.compressobj(self._shape.level, zlib.DEFLATED, -self._bits)

    def _deflated(self, payload: bytes) -> bytes:
        if self._stream is None or not self._takeover:
            self._stream = self._deflater()
        return (self._stream.compress(payload) + self._stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def _apart(first: int, payload: bytes, key: bytes) -> tuple[bytes, bytes]:
    """The header and the key of a frame, and its masked payload."""
    masked = mask(payload, key) if len(payload) <= SMALL else masker()(payload, key)
    return frame_header(first, len(payload)) + key, masked


@cache
def masker() -> Callable[[bytes, bytes], bytes]:
    """Return a function that masks a long payload with a key of four bytes.

    It is in C if PyCryptodome is installed (extra talk; loaded for the first such payload); otherwise it uses
    integers, which takes about ten times as long."""
    try:
        from Crypto.Util.strxor import strxor
    except ImportError:
        return mask

    def exclusive_or(payload: bytes, key: bytes) -> bytes:
        size = len(payload)
        return strxor(payload, (key * (size // 4 + 1))[:size])

    return exclusive_or


def _exclusive_or(plain: list[bytes], masks: list[bytes]) -> bytes:
    data = b"".join(plain)
    return (int.from_bytes(data, "little") ^ int.from_bytes(b"".join(masks), "little")).to_bytes(
        len(data), "little"
    )


def halves(
    wire: str,
    request: bytes,
    head: Head,
    deflate: Deflate | None,
    shape: Shape | None,
    max_message: int,
    keys: Iterator[bytes] | None = None,
) -> tuple[FrameReader, FrameWriter]:
    """Both halves of a session in the version called *wire*. Those before RFC 6455 tolerate every fault but a
    message that is too long. *keys*: the masking keys; without them, keys that nobody can predict."""
    if WIRES[wire].framed_as_rfc6455:
        return Reader(deflate, max_message), Writer(deflate, shape, keys)
    framing = WIRES[wire].framing(request, head.raw, max_message)
    return framing, framing


def planned(awaited: Awaited | None = None) -> SessionMaker:
    """A function that makes the session of a client that keeps the rules and follows its plan, until nothing
    more is *awaited*. It compresses whatever it sends, if that was agreed, so that the server's inflater works
    too."""

    def make(plan: Plan, head: Head, at: int) -> OpenSession:
        reader, writer = halves(
            plan.wire,
            plan.request,
            head,
            agreed_deflate(head),
            Shape(compress_from=1),
            UNLIMITED,
            masks(plan.request),
        )
        return PlannedSession(plan, reader, writer, at, awaited)

    return make
