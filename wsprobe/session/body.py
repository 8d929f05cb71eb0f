"""Where the body of a final answer ends (RFC 9112 section 6.3), found as its bytes come."""

from __future__ import annotations

import re
from typing import Protocol

_STATUS = re.compile(rb"\s*\S*[ \t]+([0-9]{3})(?![0-9])")


class Body(Protocol):
    def receive(self, data: bytes) -> bool:
        """Take the next bytes; return True once the body is complete."""


class _Length:
    def __init__(self, size: int) -> None:
        self._missing = size

    def receive(self, data: bytes) -> bool:
        self._missing -= len(data)
        return self._missing <= 0


class _Close:
    def receive(self, data: bytes) -> bool:
        return False


class _Chunked:
    def __init__(self) -> None:
        self._line = bytearray()
        self._skip = 0
        self._trailer = False
        self._broken = False

    def receive(self, data: bytes) -> bool:
        at = 0
        while at < len(data) and not self._broken:
            if self._skip:
                taken = min(self._skip, len(data) - at)
                self._skip -= taken
                at += taken
                continue
            newline = data.find(b"\n", at)
            end = len(data) if newline < 0 else newline + 1
            self._line += data[at:end]
            at = end
            if newline < 0:
                self._broken = len(self._line) > 65536
                continue
            line = bytes(self._line).strip()
            self._line.clear()
            if self._trailer:
                if not line:
                    return True
            elif (size := re.match(rb"[0-9A-Fa-f]{1,15}(?=[ \t;]|\Z)", line)) is None:
                self._broken = True
            elif int(size[0], 16):
                self._skip = int(size[0], 16) + 2
            else:
                self._trailer = True
        return False


def status(head: bytes) -> int | None:
    found = _STATUS.match(head)
    return int(found[1]) if found else None


def body(head: bytes) -> Body:
    """Return the measure of the body that follows *head*."""
    if status(head) in (204, 304):
        return _Length(0)
    fields = head.split(b"\n", 1)[-1]
    if re.search(rb"(?im)^transfer-encoding[ \t]*:[^\n]*chunked", fields):
        return _Chunked()
    lengths = re.findall(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r?$", fields)
    if lengths:
        return _Length(int(lengths[0]))
    return _Close()
