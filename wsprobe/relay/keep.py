"""What a session that may be endless leaves in the recording: its beginning, in whole frames, and each side's
Close. The bytes that pass are never changed, and no more of them is held here than a frame's header."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.read.frames import CLOSE, header_size
from wsprobe.wire.rfc6455 import CONTROL_MAX

EVENT = 160
"""Bytes of memory that an event takes besides its data."""
FRAME = 400
"""Bytes of memory that a frame takes once it is read."""


class Room:
    """Memory that all recordings under way share, in bytes."""

    def __init__(self, size: int) -> None:
        self.left = size


class Kept(Struct, frozen=True):
    """What of one read goes into the recording, in this order."""

    data: bytes = b""
    left_out: int = 0
    """Where there is a *close*: the other bytes left out up to the end of this read."""
    close: bytes = b""
    """A whole Close frame from behind the part that is kept."""


class Side:
    """One direction of a session."""

    def __init__(self, limit: int, room: Room, framed: bool = True) -> None:
        """*limit*: bytes that are kept. *framed*: the frames are those of RFC 6455; what has no such frames is
        kept up to the limit, and without a Close behind it."""
        self._limit = limit
        self._room = room
        self._framed = framed
        self._taken = 0
        """Of the shared room."""
        self._over = False
        """No further frame is kept."""
        self._header = b""
        """The beginning of a frame whose header has not all come."""
        self._left = 0
        """Bytes of the frame under way that have not come."""
        self._close: bytearray | None = None
        """The Close under way, if it stands behind the part that is kept."""
        self._left_out = 0
        self.closed = False
        """A Close frame went by, or has begun to."""

    def take(self, data: bytes) -> Kept:
        """Follow what came in one read."""
        if not self._framed:
            return self._unframed(data)
        self._charge(0, EVENT)
        if self._header:
            data, self._header = self._header + data, b""
        end = len(data)
        at = min(self._left, end)
        self._left -= at
        if self._close is not None:
            self._close += data[:at]
        cut = 0 if self._over else end
        while at < end:
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
        return self._told(kept)

    def _told(self, kept: bytes) -> Kept:
        if self._close is None or self._left:
            return Kept(kept)
        close, self._close = bytes(self._close), None
        left_out, self._left_out = self._left_out - len(close), 0
        return Kept(kept, left_out, close)

    def _has_room(self, whole: int) -> bool:
        """Take room for a frame of *whole* bytes, if there is."""
        if whole > self._limit or whole + FRAME > self._room.left:
            return False
        self._charge(whole, FRAME)
        return True

    def _charge(self, size: int, more: int) -> None:
        """Take *size* bytes of the limit, and *more* beside them of the room."""
        if not self._over:
            self._limit -= size
            self._room.left -= size + more
            self._taken += size + more

    def _unframed(self, data: bytes) -> Kept:
        most = 0 if self._over else max(min(self._limit, self._room.left - EVENT), 0)
        kept = data[:most]
        self._charge(len(kept), EVENT)
        self._over = self._over or len(kept) < len(data)
        self._left_out += len(data) - len(kept)
        return Kept(kept)

    def end(self) -> int:
        """The bytes left out that no Kept has told of; once the session is over."""
        left_out, self._left_out = self._left_out + len(self._header), 0
        return left_out

    def release(self) -> None:
        """Give back the room, once the recording is let go."""
        self._room.left += self._taken
        self._taken = 0


def _length(data: bytes, at: int) -> int:
    """The length that the whole frame header at *at* announces."""
    seven = data[at + 1] & 0x7F
    if seven < 126:
        return seven
    return int.from_bytes(data[at + 2 : at + 4]) if seven == 126 else int.from_bytes(data[at + 2 : at + 10])
