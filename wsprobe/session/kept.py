"""The recorded part of a session without a limit: its beginning, in whole frames, and how each side closed it.

``SessionRecording`` is for a session whose frames wsprobe reads anyway, ``RelayedSide`` for bytes that are only
passed on: it holds at most a frame's header.
"""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.exchange import Event, LeftOut, Received, Sent
from wsprobe.read.frames import CLOSE, FRAMES_MAX, header_size
from wsprobe.wire.framing import CONTROL_MAX

Add = Callable[[Event], None]


class SessionRecording:
    """Passes on the events of a session until they have too many bytes; after that, only the Closes.

    The kept part can be read alone: it is cut at the end of a frame of the server (of a message if possible),
    and a Close is a whole frame. A frame that does not fit is left out.
    """

    def __init__(self, limit: int, add: Add) -> None:
        """*limit*: bytes of each side, exceeded by at most one read or one write."""
        self._received_room = self._sent_room = limit
        self._add = add
        self._received_over = self._sent_over = self._closed = False
        self._received = self._sent = 0

    def received(self, at: int, data: bytes, boundary: int, ahead: int, close: bytes | None) -> None:
        """Take the bytes of one read. *boundary*: where its last complete frame ends, below 0 without one;
        *ahead*: bytes missing from the frame after it, as far as known; *close*: the Close frame in it."""
        if self._received_over:
            self._received += len(data)
            if close is not None and not self._closed:
                self._closed = True
                self._received -= len(close)
                self.gap(at)
                self._add(Received(at, close))
            return
        self._closed = close is not None
        room = self._received_room
        self._received_room -= len(data)
        kept = data
        if self._received_room < ahead and (boundary >= 0 or self._received_room < 0):
            # A frame of unknown length, or bytes after the last complete frame, are cut anywhere: no Close can
            # follow them.
            self._received_over = True
            self._closed = self._closed or boundary < 0
            kept = data[: boundary if boundary >= 0 else room]
            self._received += len(data) - len(kept)
        if kept:
            self._add(Received(at, kept))

    def sent(self, at: int, data: bytes, close: bytes | None) -> None:
        """Take the bytes of one write: whole frames. *close*: our Close, if it is the last frame."""
        if not self._sent_over:
            self._sent_room -= len(data)
            self._add(Sent(at, data))
            self._sent_over = self._sent_room <= 0
            return
        self._sent += len(data)
        if close is not None and data.endswith(close):
            self._sent -= len(close)
            self.gap(at)
            self._add(Sent(at, close))

    def gap(self, at: int) -> None:
        """Record how much was left out since the last event, if anything: before a Close, and at the end."""
        if self._received or self._sent:
            self._add(LeftOut(at, self._sent, self._received))
            self._received = self._sent = 0


EVENT = 160
"""Memory that an event takes in addition to its data, in bytes."""
FRAME = 400
"""Bytes of memory that a frame takes once it is read."""
SMALL_MAX = 131
"""Bytes of the longest frame whose length is in its second byte."""
_SMALL = [(6 if second & 0x80 else 2) + (second & 0x7F) if second & 0x7F < 126 else 0 for second in range(256)]
"""The second byte of a frame -> all bytes of the frame; 0 if its length is in the bytes that follow."""


class Room:
    """Memory that all current recordings share, in bytes."""

    def __init__(self, size: int) -> None:
        self.left = size


class RelayedSide:
    """One direction of a session."""

    def __init__(
        self, kind: type[Sent | Received], add: Add, limit: int, room: Room, framed: bool = True
    ) -> None:
        """*limit*: bytes to keep. *framed*: the frames are those of RFC 6455; other bytes are kept up to the
        limit, without a Close after them."""
        self._kind = kind
        self._add = add
        self._limit = limit
        self._frames = FRAMES_MAX - 1
        """Frames to keep; later ones would not be read one by one, and the Close is one of them."""
        self._room = room
        self._framed = framed
        self._taken = 0
        """Of the shared room."""
        self._over = False
        """No further frame is kept."""
        self._header = b""
        """The beginning of a frame with an incomplete header."""
        self._left = 0
        """Bytes missing from the current frame."""
        self._close: bytearray | None = None
        """The incomplete Close, if it comes after the kept part."""
        self._left_out = 0
        self.closed = False
        """True once a Close frame has begun."""

    def take(self, at: int, data: bytes, before: bytes = b"") -> None:
        """Follow the bytes of one read, and record them, behind those *before* that belong to the handshake."""
        kept = self._kept(data) if self._framed else self._unframed(data)
        if before or kept:
            self._add(self._kind(at, before + kept))
        if self._close is not None and not self._left:
            close, self._close = bytes(self._close), None
            if left_out := self._left_out - len(close):
                self._add(LeftOut(at, *((left_out, 0) if self._kind is Sent else (0, left_out))))
            self._left_out = 0
            self._add(self._kind(at, close))

    def _kept(self, data: bytes) -> bytes:
        """The recorded part of one read."""
        self.charge(0, EVENT)
        if self._header:
            data, self._header = self._header + data, b""
        end = len(data)
        at = min(self._left, end)
        self._left -= at
        if self._close is not None:
            self._close += data[:at]
        cut = 0 if self._over else end
        while at < end:
            at = self._small(data, at, end)
            if at >= end:
                self._left, at = at - end, end
                break
            size = header_size(data, at)
            if size is None or at + size > end:
                # Held back, because the length decides whether this frame is kept.
                self._header = data[at:]
                end = at
                break
            whole = size + _length(data, at)
            if not self._over and not self._has_room(whole):
                self._over, cut = True, at
            stop = min(at + whole, end)
            if data[at] & 0x0F == CLOSE and not self.closed:
                self.closed = True
                if self._over and whole <= size + CONTROL_MAX:
                    self._close = bytearray(data[at:stop])
            self._left = at + whole - stop
            at = stop
        kept = data[: min(cut, end)]
        self._left_out += end - len(kept)
        return kept

    def _small(self, data: bytes, at: int, end: int) -> int:
        """Follow frames with a short length as long as there is room for any such, and none is a Close; once
        nothing is kept, those below 64 KiB too. Return where the next one begins, perhaps behind *end*.

        Most frames are such; a step here costs a tenth of one in *take*.
        """
        most = end
        if not self._over:
            most = min(self._frames, self._limit // SMALL_MAX, self._room.left // (FRAME + SMALL_MAX))
        began, last, count, over = at, end - 1, 0, self._over
        alike, whole = _alike(data, at, end, over)
        if (alike := min(alike, most)) > 1:
            count, at = alike, at + alike * whole
        while at < last and count < most:
            whole = _SMALL[data[at + 1]]
            if not whole and over:
                whole = _medium(data, at, end)
            if not whole or data[at] & 0x0F == CLOSE:
                break
            at += whole
            count += 1
        if count and not over:
            self._frames -= count
            self.charge(at - began, count * FRAME)
        return at

    def _has_room(self, whole: int) -> bool:
        """Take room for a frame of *whole* bytes, if there is."""
        if not self._frames or whole > self._limit or whole + FRAME > self._room.left:
            return False
        self._frames -= 1
        self.charge(whole, FRAME)
        return True

    def charge(self, size: int, more: int) -> None:
        """Take *size* bytes of the limit, and *more* beside them of the room."""
        if not self._over:
            self._limit -= size
            self._room.left -= size + more
            self._taken += size + more

    def _unframed(self, data: bytes) -> bytes:
        most = 0 if self._over else max(min(self._limit, self._room.left - EVENT), 0)
        kept = data[:most]
        self.charge(len(kept), EVENT)
        self._over = self._over or len(kept) < len(data)
        self._left_out += len(data) - len(kept)
        return kept

    def end(self) -> int:
        """The bytes left out that no LeftOut has; once the session is over."""
        left_out, self._left_out = self._left_out + len(self._header), 0
        return left_out

    def release(self) -> None:
        """Give back the room, once the recording is let go."""
        self._room.left += self._taken
        self._taken = 0


def _medium(data: bytes, at: int, end: int) -> int:
    """All bytes of the frame at *at* whose length is in the two bytes that follow; 0 if it is elsewhere."""
    second = data[at + 1]
    if second & 0x7F != 126 or at + 4 > end:
        return 0
    return (8 if second & 0x80 else 4) + (data[at + 2] << 8 | data[at + 3])


def _alike(data: bytes, at: int, end: int, medium: bool) -> tuple[int, int]:
    """How many whole frames from *at* on begin with the same bytes, so are of one kind and size, and that size:
    one look at every such place, in place of a step for each. 0 for a Close. *medium*: of frames below 64 KiB
    too."""
    if at + 1 >= end or data[at] & 0x0F == CLOSE:
        return 0, 0
    whole, header = _SMALL[data[at + 1]], 2
    if not whole and medium:
        whole, header = _medium(data, at, end), 4
    if not whole:
        return 0, 0
    most = (end - at) // whole
    columns = (data[at + byte : at + most * whole : whole] for byte in range(header))
    return most - max(len(each.lstrip(each[:1])) for each in columns), whole


def _length(data: bytes, at: int) -> int:
    """The length that the whole frame header at *at* announces."""
    seven = data[at + 1] & 0x7F
    return seven if seven < 126 else int.from_bytes(data[at + 2 : at + (4 if seven == 126 else 10)])
