"""Bytes that have been received but not read yet."""

from __future__ import annotations


class Buffer:
    """A queue of bytes: added at the end, taken from the front."""

    __slots__ = ("_at", "_data")

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def add(self, data: bytes) -> None:
        if self._at:
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def peek(self, size: int) -> bytes:
        return bytes(self._data[self._at : self._at + size])

    def take(self, size: int) -> bytes:
        """Remove and return the next *size* bytes, or all of them if there are fewer."""
        taken = self.peek(size)
        self._at += len(taken)
        return taken
