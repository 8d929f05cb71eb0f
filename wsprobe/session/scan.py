"""Where a head ends, found as its bytes come: each byte is looked at once."""

from __future__ import annotations


class HeadScan:
    """Collects one head: up to and with its first blank line (CRLF or LF) after a first line.

    Empty lines before the start line belong to the head, as in ``read.heads``.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._looked = 0
        self._line = 0
        self._begun = False

    def __len__(self) -> int:
        return len(self._data)

    @property
    def data(self) -> bytes:
        """What came of the head so far."""
        return bytes(self._data)

    def receive(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Take the next bytes; return the head and what follows it, or None if the head goes on."""
        self._data += data
        while (newline := self._data.find(b"\n", self._looked)) >= 0:
            length = newline - self._line
            blank = length == 0 or (length == 1 and self._data[self._line] == 0x0D)
            self._line = self._looked = newline + 1
            if blank and self._begun:
                return bytes(self._data[: newline + 1]), bytes(self._data[newline + 1 :])
            self._begun = True
        self._looked = len(self._data)
        return None
