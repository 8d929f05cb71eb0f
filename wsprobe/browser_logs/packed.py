"""Recordings that wait to be taken, packed: in memory while they are few, then in a file without a name."""

from __future__ import annotations

import weakref
import zlib
from contextlib import suppress
from tempfile import SpooledTemporaryFile

import msgspec

from wsprobe.browser_logs.socket import LoggedSocket

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
