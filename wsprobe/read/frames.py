"""RFC 6455 frames (section 5.2) and their messages (5.4 to 5.6; RFC 7692), without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Protocol

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.exchange import UnpackedMessages
from wsprobe.read.inflate import Direction, InflateError, Inflater
from wsprobe.read.reading import Frame, Head, Reading
from wsprobe.read.tokens import Extension, parse_extensions

FRAMES_MAX = 20_000
"""Limit on separate frames in one direction. Later bytes stay in ``Session.rest``, so memory stays bounded."""

When = Callable[[int], int]
"""Offset of a byte -> microseconds at which it was read."""


_MORE = {126: 2, 127: 8}
"""Seven-bit length -> bytes of the extended length."""
_SHORTER = {0: -1, 2: 125, 8: 65535}
"""Bytes of an extended length -> the longest length that fits into fewer bytes."""


def header_size(data: bytes | bytearray, start: int = 0, mask_bit: int = 0x80) -> int | None:
    """The length of the frame header at *start*; None if too few bytes are there.

    *mask_bit*: 0 if the header has no mask bit (before hybi-07).
    """
    if len(data) < start + 2:
        return None
    second = data[start + 1]
    return 2 + _MORE.get(second & 0x7F, 0) + (4 if second & mask_bit else 0)


def frame_at(data: bytes | bytearray, start: int, when: When, *, partial: bool = False) -> Frame | None:
    """The frame at *start*; None if its header is incomplete, or its payload is and *partial* is False.

    The announced length is only a number here; no memory is allocated for it.
    """
    size = header_size(data, start)
    if size is None or len(data) < start + size:
        return None
    body = start + size
    header, mask, length, minimal = header_parts(bytes(data[start:body]))
    if len(data) - body < length and not partial:
        return None
    payload = bytes(data[body : body + length])
    first = header[0]
    return Frame(
        start=start,
        header=header,
        fin=first >= 0x80,
        rsv=first >> 4 & 7,
        opcode=first & 0x0F,
        masked=mask != b"",
        mask=mask,
        length=length,
        payload=payload,
        at=when(body + len(payload) - 1),
        minimal=minimal,
    )


@lru_cache(maxsize=256)
def header_parts(header: bytes) -> tuple[bytes, bytes, int, bool]:
    """*header*, and in it the masking key, the length, and whether its encoding is minimal. Cached, because the
    frames of a flood have few headers, and so share them."""
    masked = header[1] >= 0x80
    coded = header[2:-4] if masked else header[2:]
    length = int.from_bytes(coded, "big") if coded else header[1] & 0x7F
    return header, header[-4:] if masked else b"", length, length > _SHORTER[len(coded)]


class One(Protocol):
    """Finds one frame, as ``frame_at`` does."""

    def __call__(
        self, data: bytes | bytearray, start: int, when: When, *, partial: bool = False
    ) -> Frame | None: ...


def read_frames(
    data: bytes | bytearray, start: int, when: When, one: One = frame_at
) -> tuple[tuple[Frame, ...], bytes]:
    """All frames from *start* on, the last perhaps incomplete, and the bytes that are not frames."""
    frames: list[Frame] = []
    while len(frames) < FRAMES_MAX and (frame := one(data, start, when, partial=True)) is not None:
        frames.append(frame)
        start = frame.span[1]
    return tuple(frames), bytes(data[start:])


class Deflate(Struct, frozen=True):
    """permessage-deflate as the server's answer has it."""

    server: Direction = Direction()
    client: Direction = Direction()


def agreed_deflate(head: Head) -> Deflate | None:
    """permessage-deflate as the Sec-WebSocket-Extensions fields of a 101 have it, None without it.

    The first permessage-deflate counts. Invalid parameters are skipped; the judge decides whether the answer is
    valid.
    """
    for field in head.all(b"sec-websocket-extensions"):
        listed = parse_extensions(field.value)
        for extension in listed if isinstance(listed, tuple) else ():
            if extension.name == b"permessage-deflate":
                return Deflate(_direction(extension, b"server"), _direction(extension, b"client"))
    return None


def deflate_of(reading: Reading) -> Deflate | None:
    """permessage-deflate as agreed in *reading*, with the contents of masked messages; None without it."""
    agreed = None if reading.final is None else agreed_deflate(reading.final.head)
    masked = reading.exchange.compressed
    if agreed is None or masked is UNSET:
        return agreed
    return Deflate(replace(agreed.server, masked=masked.received), replace(agreed.client, masked=masked.sent))


def masked_messages(reading: Reading) -> UnpackedMessages | None:
    """The contents of the server's compressed messages that are masked in *reading*; None without any."""
    masked = reading.exchange.compressed
    return None if masked is UNSET else masked.received


def _direction(extension: Extension, side: bytes) -> Direction:
    params = dict(extension.params)
    bits = params.get(side + b"_max_window_bits") or b""
    window = int(bits) if len(bits) <= 2 and bits.isdigit() and 8 <= int(bits) <= 15 else 15
    return Direction(side + b"_no_context_takeover" not in params, window)


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def first_close(frames: Iterable[Frame]) -> Frame | None:
    """The first Close of one side, if it sent one; later frames do not count."""
    for frame in frames:
        if frame.opcode == CLOSE:
            return frame
    return None


INFLATED_MAX = 8 * 1024 * 1024
"""Most bytes that all compressed messages of one direction may inflate to, in total."""

RSV1 = 4


class Message(Struct, frozen=True):
    """A data message: its frames and its content."""

    opcode: int
    """The opcode of its first frame; 0 if it begins with a continuation."""
    frames: tuple[Frame, ...]
    data: bytes
    """Unmasked and inflated; still compressed if the message cannot be inflated."""
    complete: bool
    compressed: bool = False
    oddities: tuple[str, ...] = ()
    """``no-start``: a continuation without a start. ``interrupted``: another message began before this one
    ended. ``not-utf-8``: a text with invalid UTF-8. ``not-deflate``, ``too-large``: cannot be inflated;
    *problem* has the reason. ``no-bytes``: it is compressed and has no bytes. ``ended-with-message``,
    ``ended-in-tail``: a final block ends its stream (``Inflater.stream_end``). ``after-close``: a frame came
    after a Close frame."""
    problem: str = ""

    @property
    def text(self) -> str | None:
        """The text of a text message; None for other messages, and for invalid or incomplete UTF-8."""
        return None if self.opcode != TEXT or utf8_fault(self.data) is not None else _text(self.data)

    @property
    def at(self) -> int:
        """Microseconds: the time at which its last byte was read."""
        return self.frames[-1].at


def each_message(
    frames: Iterable[Frame], deflate: Direction | None = None, limit: int = INFLATED_MAX
) -> Iterator[Message]:
    """The data messages of one direction, in order of their first frames, the last perhaps incomplete. One
    exists at a time: those of a flood would take more memory than its bytes.

    *deflate*: how this direction compresses, None if permessage-deflate was not agreed.
    """
    unpacking = None if deflate is None else _Unpacking(deflate, limit)
    return (_message(*group, unpacking) for group in _groups(frames))


def messages(
    frames: Iterable[Frame], deflate: Direction | None = None, limit: int = INFLATED_MAX
) -> tuple[Message, ...]:
    """All of ``each_message``."""
    return tuple(each_message(frames, deflate, limit))


def messages_of(reading: Reading) -> tuple[Iterator[Message], Iterator[Message]]:
    """The data messages of the session in *reading*, as ``each_message`` returns them: the server's, then the
    client's; inflated if permessage-deflate was agreed. Both are empty without a session."""
    of = reading.session
    if of is None:
        return iter(()), iter(())
    agreed = deflate_of(reading)
    if agreed is None:
        return each_message(of.frames), each_message(of.sent)
    return each_message(of.frames, agreed.server), each_message(of.sent, agreed.client)


def utf8_fault(data: bytes, *, complete: bool = True) -> int | None:
    """The offset of the first byte of *data* that is not UTF-8 (RFC 3629), None if all are.

    Unless *complete*, a character cut at the end is not a fault.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.end == len(data) and error.reason == "unexpected end of data"
        return None if cut and not complete else error.start
    return None


def _groups(frames: Iterable[Frame]) -> Iterator[tuple[list[Frame], list[str], bool]]:
    """(frames, oddities, whether its last frame arrived) of each message."""
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
        if closed and "after-close" not in odd:
            odd.append("after-close")
        group.append(frame)
        if frame.fin:
            yield group, odd, frame.complete
            group = []
    if group:
        yield group, odd, False


def _message(group: list[Frame], odd: list[str], complete: bool, unpacking: _Unpacking | None) -> Message:
    data = group[0].data if len(group) == 1 else b"".join([frame.data for frame in group])
    compressed = unpacking is not None and bool(group[0].rsv & RSV1)
    problem = ""
    if unpacking is not None and compressed and complete:
        data, fault, problem = unpacking.unpack(data)
        odd = [*odd, fault] if fault else odd
    elif unpacking is not None and compressed:
        unpacking.skip()
    readable = not problem and (complete or not compressed)
    if group[0].opcode == TEXT and readable and utf8_fault(data, complete=complete) is not None:
        odd = [*odd, "not-utf-8"]
    return Message(group[0].opcode, tuple(group), data, complete, compressed, tuple(odd), problem)


class _Unpacking:
    """Inflates messages in order until one fails; a window that was kept is then lost."""

    def __init__(self, deflate: Direction, limit: int) -> None:
        self._deflate = deflate
        self._inflater = Inflater(deflate, limit)
        self._too_large = f"more than {limit} bytes in total; the rest was not inflated"
        self._lost = False

    def skip(self) -> None:
        self._inflater.skip()

    def unpack(self, data: bytes) -> tuple[bytes, str, str]:
        """(inflated bytes, oddity, problem)"""
        if not data:
            self._inflater.skip()
            return data, "no-bytes", ""
        if self._lost:
            return data, "not-deflate", "an earlier message of this session could not be inflated"
        if self._inflater.room <= 0:
            return data, "too-large", self._too_large
        try:
            out = self._inflater.inflate(data)
        except InflateError as error:
            self._lost = self._deflate.takeover
            return data, "not-deflate", str(error)
        if self._inflater.room <= 0:
            return out, "too-large", self._too_large
        end = self._inflater.stream_end
        return out, f"ended-{end}" if end else "", ""


def _text(data: bytes) -> str:
    return data.decode("utf-8")
