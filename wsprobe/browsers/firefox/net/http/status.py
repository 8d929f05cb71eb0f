"""The status line as Firefox reads it (netwerk/protocol/http/nsHttpResponseHead.cpp: ParseVersion,
ParseStatusLine)."""

from __future__ import annotations

from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_VERSION = pattern(rb"HTTP(?![0-9A-Za-z_])(/(?:([0-9]+)(\.(?:([0-9]+))?)?)?)?")
_CODE = pattern(rb"[ \t\r\n]*([0-9]{1,3})(?=[ \t\r\n]|\Z)")
_UINT32_MAX = 2**32 - 1


class BadStatus(Exception):
    """There is a space, and no status code behind it."""


@dataclass(frozen=True, slots=True)
class Status:
    major: int
    """0, 1, 2 or 3."""
    minor: int
    code: int


def parse(line: bytes) -> Status:
    """Return what *line* says. Raises BadStatus. Without a space, and for HTTP/0.9, the code is 200."""
    major, minor = _version(line.partition(b"\0")[0])
    _, space, rest = line.partition(b" ")
    if major == 0 or not space:
        return Status(major, minor, 200)
    code = _CODE.match(rest)
    if code is None:
        raise BadStatus
    return Status(major, minor, int(code[1]))


def _version(line: bytes) -> tuple[int, int]:
    """HTTP/0.9 unless it begins with ``HTTP``, in capitals; HTTP/1.0 for what cannot be made sense of."""
    found = _VERSION.match(line)
    if found is None:
        return (1, 0) if line[:4].lower() == b"icy " else (0, 9)
    major = _integer(found[2])
    if major in (2, 3):
        return major, 0
    if major == 1 and _integer(found[4]) >= 1:
        return 1, 1
    return 1, 0


def _integer(digits: bytes | None) -> int:
    """-1 where there is none, or none of 32 bits."""
    if not digits or len(digits) > 20 or int(digits) > _UINT32_MAX:
        return -1
    return int(digits)
