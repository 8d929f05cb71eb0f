"""A response head as Bun reads it, through picohttpparser.

Sources: picohttpparser.c (phr_parse_response, parse_headers), as bun carries it; the limits are measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from wsprobe.browsers.bun.facts import Facts
from wsprobe.read.reading import Reading

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_LINE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SPACE = re.compile(rb"[ \t]*")
_SPACES = re.compile(rb" *")


class Head(msgspec.Struct, frozen=True):
    """One response head that holds."""

    at: int
    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    """(name in lower case, value), in order."""
    stop: int
    """Offset in ``Reading.received`` behind it."""

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]


class Fault(msgspec.Struct, frozen=True):
    at: int
    kind: str
    """A key of ``Facts.failures``."""


class _Wrong(Exception):
    def __init__(self, at: int) -> None:
        self.at = at


class _Short(Exception):
    """More bytes are needed."""


def heads(reading: Reading, facts: Facts) -> Iterator[Head | Fault]:
    """Each response head, interim ones too, until one is no interim one; or what is wrong with it.

    Ends without either where the bytes end first. The limit is for all of them together.
    """
    data = reading.received
    at = 0
    while True:
        try:
            status, fields, stop = _head(data, at)
        except _Wrong as wrong:
            kind = "too-large" if wrong.at >= facts.most_head else "invalid"
            yield Fault(reading.when(min(wrong.at, facts.most_head)), kind)
            return
        except _Short:
            if len(data) > facts.most_head:
                yield Fault(reading.when(facts.most_head), "too-large")
            return
        if stop > facts.most_head:
            yield Fault(reading.when(facts.most_head), "too-large")
            return
        yield Head(reading.when(stop - 1), status, fields, stop)
        at = stop
        if not 100 <= status < 200 or status == 101:
            return


def _byte(data: bytes, at: int) -> bytes:
    if at >= len(data):
        raise _Short
    return data[at : at + 1]


def _head(data: bytes, at: int) -> tuple[int, tuple[tuple[bytes, bytes], ...], int]:
    for place, expected in enumerate(b"HTTP/1."):
        if _byte(data, at + place)[0] != expected:
            raise _Wrong(at + place)
    at += 7
    if not _byte(data, at).isdigit():
        raise _Wrong(at)
    if _byte(data, at + 1) != b" ":
        raise _Wrong(at + 1)
    at = _SPACES.match(data, at + 1).end()  # type: ignore[union-attr]
    _byte(data, at + 3)
    for place in range(at, at + 3):
        if not data[place : place + 1].isdigit():
            raise _Wrong(place)
    status = int(data[at : at + 3])
    after = data[at + 3 : at + 4]
    stop, line = _line(data, at + 3)
    if stop > at + 3 and after != b" ":
        raise _Wrong(at + 3)
    at = line
    fields: list[tuple[bytes, bytes]] = []
    folded = False
    while (byte := _byte(data, at)) not in (b"\r", b"\n"):
        if fields and byte in (b" ", b"\t"):  # a line without a name, which Bun refuses once the head is whole
            folded = True
            _, at = _line(data, at)
            continue
        stop = _NAME.match(data, at).end()  # type: ignore[union-attr]
        if _byte(data, stop) != b":" or stop == at:
            raise _Wrong(stop)
        start = _SPACE.match(data, stop + 1).end()  # type: ignore[union-attr]
        end, line = _line(data, start)
        fields.append((data[at:stop].lower(), data[start:end].rstrip(b" \t")))
        at = line
    if byte == b"\r":
        at += 1
        if _byte(data, at) != b"\n":
            raise _Wrong(at)
    if folded:
        raise _Wrong(at)
    return status, tuple(fields), at + 1


def _line(data: bytes, at: int) -> tuple[int, int]:
    """Where the line that goes on at *at* ends, and where the next begins (get_token_to_eol)."""
    stop = end = _LINE.match(data, at).end()  # type: ignore[union-attr]
    byte = _byte(data, end)
    if byte == b"\r":
        end += 1
        byte = _byte(data, end)
    if byte != b"\n":
        raise _Wrong(end)
    return stop, end + 1
