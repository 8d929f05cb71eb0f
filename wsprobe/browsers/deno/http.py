"""A response head as hyper reads it, through httparse.

Sources: httparse 1.10 src/lib.rs (Response::parse, parse_headers_iter_uninit), hyper 1.6 src/proto/h1/role.rs
(Client) and io.rs (Buffered::parse).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.script import arrivals
from wsprobe.read.reading import Reading

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SPACE = re.compile(rb"[ \t]*")
_NO_BODY = (204, 304)
_LENGTH_MAX = 2**64 - 3


class Head(msgspec.Struct, frozen=True):
    """One response head that holds."""

    at: int
    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    """(name in lower case, value), in order."""
    stop: int
    """Offset in ``Reading.received`` behind it."""

    def first(self, name: bytes) -> str | None:
        """The first value of *name*, None if there is none or it is no visible ASCII (HeaderValue::to_str)."""
        value = next((value for key, value in self.fields if key == name), None)
        return None if value is None else to_str(value)


class Fault(msgspec.Struct, frozen=True):
    at: int
    kind: str
    """A key of ``Facts.failures``."""


def to_str(value: bytes) -> str | None:
    """HeaderValue::to_str of the http crate."""
    shown = all(byte == 0x09 or 0x20 <= byte < 0x7F for byte in value)
    return value.decode("ascii") if shown else None


class _Wrong(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Short(Exception):
    """More bytes are needed."""


def heads(reading: Reading, facts: Facts) -> Iterator[Head | Fault]:
    """Each response head, interim ones too, until one is no interim one; or what is wrong with it.

    Ends without either where the bytes end first.
    """
    data = b""
    at = parsed = 0
    for arrival in arrivals(reading):
        data += arrival.data
        while len(data) > at:
            if parsed and not _seems_complete(data, max(at, parsed - 3)):
                break
            try:
                status, fields, stop = _head(data, at, facts)
            except _Wrong as wrong:
                yield Fault(arrival.at, wrong.kind)
                return
            except _Short:
                break
            yield Head(arrival.at, status, fields, stop)
            at, parsed = stop, 0
            if status == 101 or status >= 200:
                return
        if len(data) - at >= facts.most_head:
            yield Fault(arrival.at, "head-too-large")
            return
        parsed = len(data) if len(data) > at else 0


def _seems_complete(data: bytes, start: int) -> bool:
    """is_complete_fast: once a head was found to be short it is looked at again when an empty line came. What
    is wrong before that is not noticed."""
    return data.find(b"\r\n\r\n", start) >= 0 or data.find(b"\n\n", start) >= 0


def _byte(data: bytes, at: int) -> bytes:
    if at >= len(data):
        raise _Short
    return data[at : at + 1]


def _head(data: bytes, at: int, facts: Facts) -> tuple[int, tuple[tuple[bytes, bytes], ...], int]:
    while (byte := _byte(data, at)) in (b"\r", b"\n"):
        if byte == b"\r":
            at += 1
            if _byte(data, at) != b"\n":
                raise _Wrong("Header")
        at += 1
    minor, at = _version(data, at)
    if _byte(data, at) != b" ":
        raise _Wrong("Version")
    status, at = _status(data, at + 1)
    fields: list[tuple[bytes, bytes]] = []
    while True:
        byte = _byte(data, at)
        if byte == b"\r":
            if _byte(data, at + 1) != b"\n":
                raise _Wrong("Header")
            at += 2
            break
        if byte == b"\n":
            at += 1
            break
        name, value, at = _field(data, at)
        if len(fields) == facts.most_fields:
            raise _Wrong("head-too-large")
        fields.append((name, value))
    if status < 100:
        raise _Wrong("Status")
    _framed(status, minor, fields)
    return status, tuple(fields), at


def _version(data: bytes, at: int) -> tuple[bytes, int]:
    eight = data[at : at + 8]
    if len(eight) == 8:
        if eight not in (b"HTTP/1.0", b"HTTP/1.1"):
            raise _Wrong("Version")
        return eight[7:], at + 8
    for place, byte in enumerate(eight[:7]):
        if byte != b"HTTP/1."[place]:
            raise _Wrong("Version")
    raise _Short


def _status(data: bytes, at: int) -> tuple[int, int]:
    for place in range(at, at + 3):
        if not _byte(data, place).isdigit():
            raise _Wrong("Status")
    status, at = int(data[at : at + 3]), at + 3
    byte = _byte(data, at)
    if byte == b" ":
        at = _VALUE.match(data, at + 1).end()  # type: ignore[union-attr]
        byte = _byte(data, at)
    if byte == b"\r":
        at += 1
        byte = _byte(data, at)
    if byte != b"\n":
        raise _Wrong("Status")
    return status, at + 1


def _field(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    stop = _NAME.match(data, at).end()  # type: ignore[union-attr]
    if _byte(data, stop) != b":" or stop == at:
        raise _Wrong("Header")
    start = _SPACE.match(data, stop + 1).end()  # type: ignore[union-attr]
    end = _VALUE.match(data, start).end()  # type: ignore[union-attr]
    after = end
    if _byte(data, after) == b"\r":
        after += 1
    if _byte(data, after) != b"\n":
        raise _Wrong("Header")
    return data[at:stop].lower(), data[start:end].rstrip(b" \t"), after + 1


def _framed(status: int, minor: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    """Client::decoder: how the body is framed is settled before the status is looked at. Raises _Wrong."""
    if status < 200 or status in _NO_BODY:
        return
    names = {name for name, _ in fields}
    if b"transfer-encoding" in names:
        if minor == b"0":
            raise _Wrong("TransferEncoding")
    elif b"content-length" in names:
        values = [
            part.strip(b" \t") for name, v in fields if name == b"content-length" for part in v.split(b",")
        ]
        if len(set(values)) > 1 or not values[0].isdigit() or int(values[0]) >= 2**64:
            raise _Wrong("ContentLength")
        if int(values[0]) > _LENGTH_MAX:
            raise _Wrong("head-too-large")
