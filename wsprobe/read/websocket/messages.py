"""Messages made of frames (RFC 6455 sections 5.4 to 5.6, RFC 7692): what they say, what is odd about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsprobe.read.reading import Frame
from wsprobe.read.websocket.deflate import Direction, InflateError, Inflater
from wsprobe.value import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

INFLATED_MAX = 16 * 1024 * 1024
"""Bytes that all compressed messages of one direction together may inflate to."""

RSV1 = 4


@dataclass(frozen=True, slots=True)
class Message:
    """A data message: its frames, and what they say together."""

    opcode: int
    """Of its first frame; 0 where it begins with a continuation."""
    frames: tuple[Frame, ...]
    data: bytes
    """Unmasked and inflated; of a message that cannot be inflated, as it is."""
    complete: bool
    compressed: bool = False
    oddities: tuple[str, ...] = ()
    """``no-start``: a continuation of nothing. ``interrupted``: another message began before this one ended.
    ``not-utf-8``: of a text. ``not-deflate``, ``too-large``: cannot be inflated, *problem* says why.
    ``after-close``: it began after a Close frame."""
    problem: str = ""

    @property
    def text(self) -> str | None:
        """The text of a text message; None if it is none, or not (yet) UTF-8."""
        return None if self.opcode != TEXT or utf8_fault(self.data) is not None else _text(self.data)

    @property
    def at(self) -> int:
        """Microseconds: when its last byte was read."""
        return self.frames[-1].at


@dataclass(frozen=True, slots=True)
class Close:
    """A Close frame (section 5.5.1)."""

    frame: Frame
    code: int | None
    """None if the payload has fewer than two bytes."""
    reason: bytes
    oddities: tuple[str, ...] = ()
    """``one-byte``: a payload of one byte. ``not-utf-8``: of the reason. ``incomplete``: bytes are missing."""

    @property
    def text(self) -> str | None:
        """The reason, None if it is not UTF-8."""
        return None if utf8_fault(self.reason) is not None else _text(self.reason)


def closes(frames: Iterable[Frame]) -> tuple[Close, ...]:
    """Every Close frame, in order."""
    return tuple(close(frame) for frame in frames if frame.opcode == CLOSE)


def close(frame: Frame) -> Close:
    """A Close frame taken apart."""
    data = frame.data
    odd = []
    if not frame.complete:
        odd.append("incomplete")
    elif len(data) == 1:
        odd.append("one-byte")
    if utf8_fault(data[2:], complete=frame.complete) is not None:
        odd.append("not-utf-8")
    return Close(frame, int.from_bytes(data[:2], "big") if len(data) >= 2 else None, data[2:], tuple(odd))


def messages(
    frames: Iterable[Frame], deflate: Direction | None = None, limit: int = INFLATED_MAX
) -> tuple[Message, ...]:
    """The data messages of one direction, in order of their first frames, the last perhaps not complete.

    *deflate*: how this direction compresses, None if permessage-deflate was not agreed.
    """
    unpacking = None if deflate is None else _Unpacking(deflate, limit)
    return tuple(_message(*group, unpacking) for group in _groups(frames))


def utf8_fault(data: bytes, *, complete: bool = True) -> int | None:
    """Where *data* stops being UTF-8 (RFC 3629), None if it does not.

    Unless *complete*, a character that is cut at the end is no fault.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.end == len(data) and error.reason == "unexpected end of data"
        return None if cut and not complete else error.start
    return None


def _groups(frames: Iterable[Frame]) -> Iterator[tuple[list[Frame], list[str], bool]]:
    """(frames, oddities, whether its last frame came) of each message."""
    group: list[Frame] = []
    odd: list[str] = []
    closed = False
    for frame in frames:
        if frame.opcode == CLOSE:
            closed = True
        if frame.opcode not in (CONTINUATION, TEXT, BINARY):
            continue
        if group and frame.opcode != CONTINUATION:
            yield group, [*odd, "interrupted"], False
            group = []
        if not group:
            odd = ["no-start"] if frame.opcode == CONTINUATION else []
            odd += ["after-close"] if closed else []
        group.append(frame)
        if frame.fin:
            yield group, odd, frame.complete
            group = []
    if group:
        yield group, odd, False


def _message(group: list[Frame], odd: list[str], complete: bool, unpacking: _Unpacking | None) -> Message:
    data = b"".join(frame.data for frame in group)
    compressed = unpacking is not None and bool(group[0].rsv & RSV1)
    problem = ""
    if unpacking is not None and compressed and complete:
        data, fault, problem = unpacking.unpack(data)
        odd = [*odd, fault] if fault else odd
    readable = not problem and (complete or not compressed)
    if group[0].opcode == TEXT and readable and utf8_fault(data, complete=complete) is not None:
        odd = [*odd, "not-utf-8"]
    return Message(group[0].opcode, tuple(group), data, complete, compressed, tuple(odd), problem)


class _Unpacking:
    """Inflates message after message until one cannot be: then the window is lost, if it was kept."""

    def __init__(self, deflate: Direction, limit: int) -> None:
        self._deflate = deflate
        self._inflater = Inflater(deflate, limit)
        self._limit = limit
        self._lost = False

    def unpack(self, data: bytes) -> tuple[bytes, str, str]:
        """(what came out, oddity, problem)"""
        if self._lost:
            return data, "not-deflate", "an earlier message of this session could not be inflated"
        if self._inflater.room <= 0:
            return data, "too-large", self._too_large()
        try:
            out = self._inflater.inflate(data)
        except InflateError as error:
            self._lost = self._deflate.takeover
            return data, "not-deflate", f"not what permessage-deflate makes: {error}"
        if self._inflater.room <= 0:
            return out, "too-large", self._too_large()
        return out, "", ""

    def _too_large(self) -> str:
        return f"inflated only up to {self._limit} bytes in all"


def _text(data: bytes) -> str:
    return data.decode("utf-8")
