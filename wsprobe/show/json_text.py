"""The text of a JSON value, in parts: that of a flood is never in memory as a whole."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, fields, replace

from wsprobe.exchange import Certificate, Exchange, Received, Sent
from wsprobe.recording.archive import ascii_json
from wsprobe.show.contract import (
    BodyJson,
    ChangeJson,
    MessageJson,
    Object,
    ReportJson,
    ResponseJson,
    SessionJson,
    ViewJson,
    Whole,
)

FEW = 50
"""Number of list values encoded at once."""
CHUNK = 1 << 16
"""Number of characters yielded at once."""
BASE64 = CHUNK // 4 * 3
"""Bytes with as many characters in base64, without padding."""


def json_line(value: Whole, is_brief: bool = False) -> Iterator[str]:
    """Yield the line of --json for *value*, in parts, with its line end. *is_brief*: as with --brief."""
    yield from pieces(brief(value) if is_brief else value)
    yield "\n"


def pieces(value: Whole) -> Iterator[str]:
    """Yield the compact text of *value* in parts, pure ASCII, without a line end.

    A short report is encoded at once. The text of a flood is never in memory as a whole: it is encoded member
    by member, and reader by reader.
    """
    at_once = isinstance(value, ReportJson) and value.verdicts is UNSET and _short_report(value)
    return _at_once(value) if at_once else _by_member(value)


def _by_member(value: Object) -> Iterator[str]:
    begin = "{"
    for name, written in _members(type(value)):
        member = getattr(value, name)
        if member is not UNSET:
            yield f'{begin}"{written}":'
            yield from _member(member)
            begin = ","
    yield "}"


@cache
def _members(of: type[Object]) -> tuple[tuple[str, str], ...]:
    """(name, name in JSON) of each member. Cached: msgspec takes 1 ms per type, longer than a whole report."""
    return tuple((field.name, field.encode_name) for field in fields(of))


def _member(value: object) -> Iterator[str]:
    if isinstance(value, SessionJson | ResponseJson) or (isinstance(value, ViewJson) and not _short(value)):
        yield from _by_member(value)
    elif isinstance(value, list | tuple) and (len(value) > FEW or _characters(value) > CHUNK):
        for number, some in enumerate(_batches(value)):
            yield "," if number else "["
            yield from _member(some[0]) if len(some) == 1 else _chunks(ascii_json(some)[1:-1])
        yield "]"
    elif isinstance(value, str) and len(value) > CHUNK:
        yield '"'
        for at in range(0, len(value), CHUNK):
            yield from _chunks(ascii_json(value[at : at + CHUNK])[1:-1])
        yield '"'
    elif isinstance(value, list) and value and isinstance(value[0], ViewJson | ChangeJson):
        for number, item in enumerate(value):
            yield "," if number else "["
            yield from _member(item)
        yield "]"
    elif isinstance(value, Exchange) and len(value.events) > FEW:
        begin, name, end = ascii_json(replace(value, events=())).partition(b'"events":')
        yield from _chunks(begin + name)
        yield from _member(list(value.events))
        yield from _chunks(end.removeprefix(b"[]"))
    elif isinstance(value, bytes) and len(value) > CHUNK:
        yield '"'
        for at in range(0, len(value), BASE64):
            yield b64encode(value[at : at + BASE64]).decode("ascii")
        yield '"'
    else:
        yield from _at_once(value)


def _batches(values: Sequence[object]) -> Iterator[Sequence[object]]:
    """Yield *values* in order, as many at once as have at most CHUNK characters, and no more than FEW."""
    begin = size = 0
    for at, each in enumerate(values):
        more = _characters(each)
        if begin < at and (at - begin == FEW or size + more > CHUNK):
            yield values[begin:at]
            begin, size = at, 0
        size += more
    yield values[begin:]


def _characters(value: object) -> int:
    """The characters of the texts in *value*, a text or a list of some, as each header is."""
    if isinstance(value, str):
        return len(value)
    return sum(map(_characters, value)) if isinstance(value, list | tuple) else 0


def _short_report(value: ReportJson) -> bool:
    """True if the text of *value*, which has no verdicts, is short (the usual case): encoding it at once takes
    half the time."""
    size = 0
    if isinstance(value.exchange, Exchange):
        if value.exchange.hops:
            return False
        size += sum([len(e.data) for e in value.exchange.events if type(e) is Sent or type(e) is Received])
    if value.session is not None:
        if len(value.session.frames) > FEW:
            return False
        size += sum([len(each.payload) for each in value.session.frames])
    if value.response is not None and isinstance(value.response.body, BodyJson):
        size += len(value.response.body.text)
    return size < CHUNK and (isinstance(value.views, UnsetType) or all(map(_short, value.views)))


def _short(view: ViewJson) -> bool:
    """True if the text of *view* is short (the usual case): encoding it at once takes a third of the time."""
    if view.answered is not UNSET or len(view.events) > FEW:
        return False
    return sum([len(each.data) for each in view.events if type(each) is MessageJson]) < CHUNK


def _at_once(value: object) -> Iterator[str]:
    return _chunks(ascii_json(value))


def _chunks(text: bytes) -> Iterator[str]:
    if len(text) <= CHUNK:
        yield text.decode("ascii")
        return
    view = memoryview(text)
    for at in range(0, len(view), CHUNK):
        yield str(view[at : at + CHUNK], "ascii")


DOUBLED = frozenset({"exchange", "raw"})
"""The recording, and bytes that are also present as text."""


def brief(value: Any) -> Any:
    """*value* without the members in ``DOUBLED``, at any depth, and without the DER of certificates."""
    if isinstance(value, Certificate):
        return replace(value, der=b"")
    if isinstance(value, list | tuple):
        return type(value)(brief(each) for each in value)
    if not isinstance(value, Struct):
        return value
    members = {name: UNSET if name in DOUBLED else brief(member) for name, member in asdict(value).items()}
    return replace(value, **members)
