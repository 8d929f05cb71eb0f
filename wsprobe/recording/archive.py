"""Recordings as text: an Exchange as one line of JSON, and back.

Format 3: every value is an object with a member for each of its fields, by the field's own name; ``event``
is the kind of an event; bytes are base64; no time limit is null, because JSON has no infinity.
The line is pure ASCII. Masked bytes are spans of their event; the contents of compressed ones are beside them.

A recording that no reader could use is refused here, with one line that names the member: if it breaks the
types of ``wsprobe.exchange``, or the further conditions of ``_check``.
"""

from __future__ import annotations

import codecs
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

import msgspec
from msgspec import Raw, Struct

from wsprobe.exchange import WIRE_NAMES, Exchange
from wsprobe.text import visible

__all__ = ["FORMAT", "ArchiveError", "ascii_json", "dump", "load"]

FORMAT: int = Exchange.__struct_config__.tag  # type: ignore[assignment]
HOPS = 8
"""The most levels of recordings within recordings; ours have one."""

CUT = "the text ends too early"
"""How the message about a recording begins that is not whole."""

Value = Any
"""JSON as Python's own types."""


class ArchiveError(ValueError):
    """The text is not a readable recording. The message is one line and says where."""


def dump(exchange: Exchange) -> str:
    """*exchange* as one line of ASCII JSON, without a line end."""
    return ascii_json(exchange).decode("ascii")


def load(text: str | bytes) -> Exchange:
    """The recording in *text*: made by ``dump``, or the member ``exchange`` of a ``--json`` report.

    Raises ArchiveError.
    """
    try:
        # Bytes in ASCII, as ours are, are not copied: a recording may have many megabytes.
        return _load(text if isinstance(text, str) or text.isascii() else text.decode())
    except UnicodeError:  # a str may have lone surrogates
        raise ArchiveError("not a recording: the text is not UTF-8") from None


def _load(text: str | bytes) -> Exchange:
    where = "$"
    try:
        outer = msgspec.json.decode(text, type=_Outer)
        if outer.exchange and not outer.plan:
            text, where = bytes(outer.exchange), "$.exchange"
            outer = msgspec.json.decode(text, type=_Outer)
        exchange = _exchange(outer.format, text)
        _check(exchange, "$")
        return exchange
    except msgspec.ValidationError as error:
        raise ArchiveError(f"not a recording: {_said(str(error), where)}") from None
    except RecursionError:
        raise ArchiveError("not a recording: the JSON is nested too deeply") from None
    except msgspec.DecodeError:
        raise ArchiveError(f"not a recording: {_why_not_json(text, where)}") from None


class _Outer(Struct):
    """The members that identify a recording, or a report with one."""

    format: int | None = None
    plan: Raw = Raw()
    exchange: Raw = Raw()


def _exchange(number: int | None, text: str | bytes) -> Exchange:
    """The recording in *text*, of format *number*."""
    if number is None:
        raise ArchiveError('not a recording: the member "format" is missing')
    if number > FORMAT:
        raise ArchiveError(
            f"the recording has format {number}, made by a newer wsprobe; this one reads formats up to {FORMAT}"
        )
    if number != FORMAT and number not in CONVERTERS:
        raise ArchiveError(f"the recording has format {number}, which this wsprobe does not read")
    try:
        if number == FORMAT:
            return msgspec.json.decode(text, type=Exchange)
    except msgspec.ValidationError:
        pass  # A limit that is null, or an error, which is raised once more below.
    value = msgspec.json.decode(text)
    while number < FORMAT:
        value, number = CONVERTERS[number](value), number + 1
    return msgspec.convert(_endless(value), Exchange, builtin_types=())


def _endless(value: Value) -> Value:
    """*value*, a recording of this format, with infinity where a time limit is null."""
    match value:
        case {"plan": {"limits": dict() as limits}}:
            for name in ("connect_timeout", "max_time", "linger"):
                if name in limits and limits[name] is None:
                    limits[name] = float("inf")
    match value:
        case {"hops": list() as hops}:
            for hop in hops:
                _endless(hop)
    return value


def _check(exchange: Exchange, where: str, depth: int = 0) -> None:
    """Check what the types cannot express. Raises ValidationError, as the types do."""
    if exchange.plan.wire not in WIRE_NAMES:
        raise msgspec.ValidationError(
            f"Expected one of {', '.join(WIRE_NAMES)}, got {exchange.plan.wire!a} - at `{where}.plan.wire`"
        )
    if depth > HOPS:
        raise msgspec.ValidationError(f"Nested too deeply - at `{where}`")
    for number, hop in enumerate(exchange.hops):
        _check(hop, f"{where}.hops[{number}]", depth + 1)


# Format 1 -----------------------------------------------------------------------------------------------

_BYTES = ("request", "data", "received", "der")
"""Members of format 1 that hold bytes."""


def _from_1(value: Value, path: str = "$") -> Value:
    """A recording of format 1 as one of format 2.

    Format 1 has bytes as a latin-1 string if they are plain text, otherwise as ``{"base64": "..."}``, "inf" for
    no limit, and no format in its hops.
    """
    if isinstance(value, list):
        return [_from_1(item, f"{path}[{number}]") for number, item in enumerate(value)]
    if not isinstance(value, dict):
        return None if value == "inf" and ".limits." in path else value
    return {
        name: _bytes_of_1(item, f"{path}.{name}") if name in _BYTES else _from_1(item, f"{path}.{name}")
        for name, item in value.items()
        if name != "format"
    }


def _bytes_of_1(value: Value, path: str) -> str:
    try:
        match value:
            case str():
                return b64encode(value.encode("latin-1")).decode("ascii")
            case {"base64": str() as coded}:
                b64decode(coded, validate=True)
                return coded
    except ValueError:
        raise msgspec.ValidationError(f"Characters that do not stand for bytes - at `{path}`") from None
    raise msgspec.ValidationError(f'Expected text or {{"base64": "..."}} - at `{path}`')


def _from_2(value: Value) -> Value:
    """A recording of format 2 as one of format 3, which adds members for what is masked."""
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if name != "format"}
        match value:
            case {"hops": list() as hops}:
                value["hops"] = [_from_2(hop) for hop in hops]
    return value


CONVERTERS: dict[int, Callable[[Value], Value]] = {1: _from_1, 2: _from_2}
"""Format number -> the function that converts a recording to the next format."""


# JSON in ASCII ------------------------------------------------------------------------------------------

_ENCODER = msgspec.json.Encoder()


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """A handler of codecs: the JSON escapes of characters that are not ASCII, and where they end."""
    assert isinstance(error, UnicodeEncodeError)
    found = error.object[error.start : error.end]
    return "\\u" + found.encode("utf-16-be").hex("-", 2).replace("-", "\\u"), error.end


# The codec stops at what is not ASCII, and nowhere else: an expression that looks for it takes seven times as
# long for the text of a report, nearly all of which is ASCII (8 and 56 us of 6 KiB, Python 3.11).
codecs.register_error("json-ascii", _escaped)


MANY = 4096
"""Bytes beyond one for each character."""


def _in_ascii(text: str, size: int) -> bytes:
    """*text* of JSON, which has *size* bytes in UTF-8."""
    if size - len(text) < MANY:
        return text.encode("ascii", "json-ascii")
    from json.encoder import encode_basestring_ascii  # only for much that is not ASCII

    # In C, where the handler above is called for each run: of 1 MiB there can be 262,144 (29 and 175 ms). It
    # escapes the quotes and the backslashes of the JSON once more: that is undone.
    escaped = encode_basestring_ascii(text)[1:-1]
    return escaped.replace('\\"', '"').replace("\\\\", "\\").encode()


def ascii_json(value: object) -> bytes:
    """*value* (a struct, or what holds some) as compact JSON in pure ASCII, without a line end."""
    try:
        data = _ENCODER.encode(value)
    except UnicodeEncodeError:  # The name of a file that is not UTF-8, in Python a lone surrogate.
        data = _ENCODER.encode(_whole(msgspec.to_builtins(value)))
    if not data.isascii():
        data = _in_ascii(data.decode(), len(data))
    return data.replace(b"\x7f", b"\\u007f")


def _whole(value: Value) -> Value:
    """*value* with lone surrogates, which are not characters, as escapes."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {name: _whole(item) for name, item in value.items()}
        case list() | tuple():
            return [_whole(item) for item in value]
        case _:
            return value


# What is said of what cannot be read --------------------------------------------------------------------


def _said(error: str, where: str) -> str:
    """msgspec's message about a member, the member first: ``$.plan.target.port: expected `int`, got `str```."""
    said, _, path = error.rpartition(" - at ")
    if not said:
        said, path = error, "`$`"
    said = visible(said.encode("utf-8", "replace"))
    said = said if len(said) <= 110 else f"{said[:100]} ..."
    return f"{where}{path.strip('`')[1:]}: {said[:1].lower()}{said[1:]}"


def _why_not_json(text: str | bytes, where: str) -> str:
    """Why msgspec cannot read *text*; the standard library finds the place."""
    import json

    try:
        value = json.loads(text)
    except RecursionError:
        return "the JSON is nested too deeply"
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()):
            return "the text is empty" if not error.doc.strip() else f"{CUT} (was it cut?)"
        return f"not JSON at line {error.lineno}, column {error.colno}"
    except ValueError:
        return "a number is too long"
    try:
        return next(_odd(value, where), "not JSON")
    except RecursionError:
        return "the JSON is nested too deeply"


def _odd(value: Value, path: str) -> Iterator[str]:
    """Values that the standard library reads and JSON forbids: lone surrogates, NaN, Infinity."""
    match value:
        case str() if re.search("[\ud800-\udfff]", value):
            yield f"{path}: a lone surrogate, which is not a character"
        case float() if not isfinite(value):
            yield f"{path}: {value} is not a JSON number"
        case dict():
            for name, item in value.items():
                yield from _odd(item, f"{path}.{visible(name.encode('utf-8', 'replace'))[:40]}")
        case list():
            for number, item in enumerate(value):
                yield from _odd(item, f"{path}[{number}]")
        case _:
            pass
