"""The interfaces that all wire versions share: frames after the handshake, written, received, and read from a
recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from struct import pack
from typing import Literal, Protocol

from msgspec import Struct

from wsprobe.read.closing import may_be_sent
from wsprobe.read.frames import BINARY, CLOSE, TEXT


class ReceivedMessage(Struct, frozen=True):
    """A complete message from the peer."""

    opcode: int
    """TEXT (*data* is then UTF-8) or BINARY."""
    data: bytes
    wire: int
    """Bytes in the payloads of its frames, as received."""


SOME_MESSAGE = ReceivedMessage(TEXT, b"", 0)
"""Stands for each message where no content is kept."""


class Control(Struct, frozen=True):
    """A control frame from the peer."""

    what: Literal["ping", "pong", "close"]
    data: bytes = b""
    """Its payload, unmasked; of one that is too long, the first 126 bytes."""
    frame: bytes = b""
    """A Close as received, if content is kept."""


class FrameFault(Struct, frozen=True):
    """Why the client must fail the connection (RFC 6455 section 7.1.7)."""

    code: int
    """The code for our Close."""
    text: str

    @property
    def reason(self) -> bytes:
        """*text* as the reason of our Close, which has room for 123 bytes."""
        return self.text.encode()[:123].decode("utf-8", "ignore").encode()


Incoming = ReceivedMessage | Control | FrameFault

CONTROL_MAX = 125
"""RFC 6455 section 5.5: the longest payload of a control frame."""


def too_long(most: int) -> FrameFault:
    """The fault of a message of more than *most* bytes."""
    return FrameFault(1009, f"a message of more than {most} bytes")


LONG = 1 << 20
"""The most bytes of text that are decoded whole to check them: decoding may take four times their size."""
AT_ONCE = 16384
"""Bytes of a longer text that are decoded at once."""


def is_utf_8(data: bytes) -> bool:
    """True if all of *data* is."""
    if data.isascii():
        return True
    try:
        if len(data) < LONG:
            data.decode()
        else:
            decoder = getincrementaldecoder("utf-8")()
            for at in range(0, len(data), AT_ONCE):
                decoder.decode(data[at : at + AT_ONCE], at + AT_ONCE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def answer_code(close: bytes) -> int | None:
    """The code that answers a Close with this payload; None: an empty Close.

    RFC 6455 section 5.5.1: "typically echos the status code it received". 1002 answers a code that must not be
    on the wire (``may_be_sent``) and a payload of one byte.
    """
    if not close:
        return None
    code = int.from_bytes(close[:2], "big")
    return code if len(close) > 1 and may_be_sent(code) else 1002


class FrameReader(Protocol):
    """The peer's frames. Never raises on received bytes; memory is bounded."""

    @property
    def frames(self) -> int:
        """The number of the peer's frames so far."""

    @property
    def boundary(self) -> int:
        """The end of the last message in the latest data received, or of the last frame without one; -1 without
        either."""

    @property
    def ahead(self) -> int:
        """Bytes missing from the current frame, as far as known."""

    def receive(self, data: bytes) -> Sequence[Incoming]:
        """Take the next bytes after the head of the 101, and return what they complete.

        Bytes of the handshake after the head (hixie-76: 16) come here first.
        """


class FrameWriter(ABC):
    """Our frames. Opcodes are those of RFC 6455."""

    @abstractmethod
    def frame(self, opcode: int, data: bytes) -> bytes:
        """A message, which must be UTF-8 if a text, a Ping or a Pong; b"" where the version has none."""

    def message(self, opcode: int, data: bytes) -> bytes:
        """The frames of one message, compressed if that was agreed."""
        return self.messages(opcode, (data,))

    def messages(self, opcode: int, messages: Sequence[bytes]) -> bytes:
        """The frames of *messages*."""
        return b"".join([self.frame(opcode, each) for each in messages])

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """A Close; None where the version closes by dropping the connection."""
        return self.frame(CLOSE, b"" if code is None else pack("!H", code) + reason)

    def answer(self, close: bytes) -> bytes | None:
        """The answer to a peer's Close with this payload; None as for ``close``."""
        return self.close(answer_code(close), b"")


class Framing(FrameWriter):
    """Both halves of one wire version, as an observer has them: every fault of the peer is tolerated.

    Without *most*, messages are reported without their content. With it, they are kept up to as many bytes; a
    longer message is a FrameFault, and nothing is read after it, or after a Close.
    """

    def __init__(self, most: int | None = None) -> None:
        self.frames = 0
        """The number of frames that the peer has begun."""
        self.boundary = -1
        self._left = 0
        """Bytes missing from the current frame."""
        self._most = most
        self._message = bytearray()
        """The current message, if it is kept."""
        self._over = False

    @property
    def ahead(self) -> int:
        return 0 if self._over else self._left

    @abstractmethod
    def receive(self, data: bytes) -> list[Incoming]:
        """See ``FrameReader``."""

    def _fits(self, size: int) -> bool:
        """True unless *size* more bytes make the message too long."""
        return self._most is None or len(self._message) + size <= self._most

    def _too_long(self) -> FrameFault:
        assert self._most is not None
        self._over = True
        return too_long(self._most)

    def _whole(self, opcode: int) -> ReceivedMessage:
        """The message that has ended; a binary one if its text is not UTF-8."""
        if self._most is None:
            return SOME_MESSAGE
        data = bytes(self._message)
        self._message.clear()
        return ReceivedMessage(opcode if is_utf_8(data) else BINARY, data, len(data))

    def _close(self, data: bytes, frame: bytes) -> Control:
        if self._most is None:
            return Control("close", data)
        self._over = True
        return Control("close", data, frame)


FramingMaker = Callable[[bytes, bytes, int | None], Framing]
"""(request as sent, head of the 101 as received, most bytes of a message to keep) -> Framing."""
