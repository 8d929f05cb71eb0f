"""One WebSocket as a browser's log has it, the value that every reader of a log returns; and the place where
many wait to be taken, packed: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import weakref
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile

import msgspec
from msgspec import Struct

from wsprobe.exchange import Exchange, LoggedFrame


class LoggedSocket(Struct, frozen=True):
    """One ``new WebSocket`` in a browser's log."""

    id: int
    """The log's own number for it; unique in one log."""
    url: str
    page: str
    """The origin of the page, as ``https://chat.example``; "" if the log has none, "null" for an opaque one."""
    key: str
    """Sec-WebSocket-Key of the last request; "" over HTTP/2, and before the request."""
    asked: float
    """When the page asked for it: seconds since 1970."""
    opened: bool
    """Whether the browser accepted the handshake."""
    finished: bool
    """Whether nothing more can follow: the browser is done with it, or the log ended."""
    error: str
    """The net error, as ``ERR_CONNECTION_REFUSED``; "" if there is none."""
    message: str
    """The browser's sentence about a failed handshake; "" if the log has none."""
    frames: tuple[LoggedFrame, ...]
    """The frames' headers, which a log has without bytes too."""
    exchange: Exchange
    """The recording, as far as it goes. Its ``logged`` repeats page, error and message, for a saved file."""


def iso(seconds: float) -> str:
    """*seconds* since 1970 in ISO 8601, in UTC; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""


IN_MEMORY = 8 * 1024 * 1024
"""The most bytes in memory; the file is gone as soon as nothing uses it."""

Place = tuple[int, int] | bytes
"""Where a recording is: (start, size) in the file; its bytes if there is no room for a file."""


class Packed:
    """Recordings by their places."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._end = 0

    def put(self, socket: LoggedSocket) -> Place:
        data = zlib.compress(msgspec.msgpack.encode(socket), 1)
        with suppress(OSError):
            self._file.seek(self._end)
            self._file.write(data)
            place = self._end, len(data)
            self._end += len(data)
            return place
        return data

    def get(self, place: Place) -> LoggedSocket:
        if isinstance(place, bytes):
            data = place
        else:
            start, size = place
            self._file.seek(start)
            data = self._file.read(size)
        return msgspec.msgpack.decode(zlib.decompress(data), type=LoggedSocket)
