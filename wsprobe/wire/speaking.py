"""The older wire versions as a client speaks them after the handshake: ``session.framing.FRAMINGS``."""

from __future__ import annotations

from struct import pack

from wsprobe.read.head import split_head
from wsprobe.wire.framing import Heard
from wsprobe.wire.hixie import ANSWER, CLOSING, END, longer, text
from wsprobe.wire.hybi import OPCODES, Mask, draft_frame, mask_of_04, mask_of_05, masked
from wsprobe.wire.rfc6455 import BINARY, CLOSE, PING, PONG, TEXT, Follower, answer_code, masks


class Hixie75:
    """Text, and nothing else. Closes by dropping the connection (75: section 4.3)."""

    closes = False
    """Whether 0xFF 0x00 is a Close."""

    def __init__(self, request: bytes, head: bytes) -> None:
        self.frames = 0
        self._type: int | None = None
        self._counting = False
        self._left = 0

    def receive(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        at = 0
        while at < len(data):
            if self._type is None:
                self._type, self._left = data[at], 0
                self.frames += 1
                self._counting = bool(self._type & 0x80)
                at += 1
            elif self._counting:
                self._count(data[at], heard)
                at += 1
            elif self._type & 0x80:
                taken = min(self._left, len(data) - at)
                self._left -= taken
                at += taken
                if not self._left:
                    self._type = None
            else:
                end = data.find(END, at)
                at = end + 1 if end >= 0 else len(data)
                if end >= 0:
                    heard += [Heard("message")] if self._type == 0 else []
                    self._type = None
        return heard

    def _count(self, group: int, heard: list[Heard]) -> None:
        """Take one group of a length."""
        self._left = longer(self._left, group)
        if group & 0x80:
            return
        self._counting = False
        if not self._left:
            heard += [Heard("close")] if self.closes and self._type == 0xFF else []
            self._type = None

    def text(self, data: bytes) -> bytes:
        return text(data)

    def binary(self, data: bytes) -> bytes:
        return b""

    def ping(self, data: bytes) -> bytes:
        return b""

    def pong(self, data: bytes) -> bytes:
        return b""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        return CLOSING if self.closes else None

    def answer(self, close: bytes) -> bytes | None:
        return self.close(None, b"")


class Hixie76(Hixie75):
    """As 75, behind the sixteen bytes that answer the challenge; 0xFF 0x00 closes, without code or reason."""

    closes = True

    def __init__(self, request: bytes, head: bytes) -> None:
        super().__init__(request, head)
        self._challenge = ANSWER

    def receive(self, data: bytes) -> list[Heard]:
        taken = min(self._challenge, len(data))
        self._challenge -= taken
        return super().receive(data[taken:])


class _Follower(Follower):
    opcodes = OPCODES
    mask_bit = 0


class Hybi06:
    """Frames whose header is masked too, with four bytes that come in clear before them."""

    def __init__(self, request: bytes, head: bytes) -> None:
        self._nonces = masks(request)
        self._follower = _Follower()
        self._mask: Mask = mask_of_05

    def receive(self, data: bytes) -> list[Heard]:
        return self._follower.receive(data)

    @property
    def frames(self) -> int:
        return self._follower.frames

    def text(self, data: bytes) -> bytes:
        return self._say(TEXT, data)

    def binary(self, data: bytes) -> bytes:
        return self._say(BINARY, data)

    def ping(self, data: bytes) -> bytes:
        return self._say(PING, data)

    def pong(self, data: bytes) -> bytes:
        return self._say(PONG, data)

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        return self._say(CLOSE, b"" if code is None else pack("!H", code) + reason)

    def answer(self, close: bytes) -> bytes | None:
        return self.close(answer_code(close), b"")

    def _say(self, opcode: int, payload: bytes) -> bytes:
        nonce = next(self._nonces)
        return masked(draft_frame(opcode, payload), nonce, self._mask(nonce))


class Hybi05(Hybi06):
    """As 06, but for the Close: its first byte says whose it is, and there is no code."""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        return self._say(CLOSE, b"C" + reason)

    def answer(self, close: bytes) -> bytes | None:
        return self.close(None, b"")


class Hybi04(Hybi06):
    """As 06, but for the mask, which both sides' parts of the handshake go into, and for the Close: it has no
    code, and its answer repeats its body."""

    def __init__(self, request: bytes, head: bytes) -> None:
        super().__init__(request, head)
        self._mask = mask_of_04(split_head(request)[0], split_head(head)[0])

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        return self._say(CLOSE, reason)

    def answer(self, close: bytes) -> bytes | None:
        return self._say(CLOSE, close)
