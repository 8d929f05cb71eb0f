"""Recordings as text: an Exchange as one line of JSON, and back.

Every value is an object with a member for each of its fields, by the field's own name; events carry their
kind in ``event``. Bytes are a string of printable ASCII, tab, CR and LF where they hold nothing else, and an
object ``{"base64": "..."}`` where they do.
"""

from __future__ import annotations

import json
import types
import typing
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from wsprobe.exchange import Event, Exchange

__all__ = ["FORMAT", "ArchiveError", "dump", "from_value", "load", "redact", "to_value"]

FORMAT = 1

Value = Any
"""What ``json.loads`` returns."""

_PLAIN = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))
_KINDS: dict[str, type] = {kind.__struct_config__.tag: kind for kind in typing.get_args(Event)}
_KIND_OF = {kind: name for name, kind in _KINDS.items()}

CONVERTERS: dict[int, Callable[[Value], Value]] = {}
"""Format number -> what turns a recording of that format into one of the next."""


class ArchiveError(ValueError):
    """A text is not a recording that can be read. The message is one line and says where."""


def dump(exchange: Exchange) -> str:
    """*exchange* as one line of ASCII JSON, without a line end."""
    return json.dumps(to_value(exchange), separators=(",", ":"))


def load(text: str | bytes) -> Exchange:
    """The recording in *text*: one that ``dump`` made, or a ``--json`` report that has one as ``exchange``.

    Raises ArchiveError.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ArchiveError("not a recording: the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise ArchiveError("not a recording: the text is not UTF-8") from None
    except ValueError as error:
        raise ArchiveError(f"not a recording: {_why_not_json(error)}") from None
    return from_value(value)


def to_value(exchange: Exchange) -> dict[str, Value]:
    """*exchange* as what ``json.dumps`` takes, to be embedded in something larger."""
    return {"format": FORMAT, **_encode_dataclass(exchange)}


def from_value(value: Value) -> Exchange:
    """The recording that *value* holds, as it comes from ``json.loads``. Raises ArchiveError."""
    if isinstance(value, dict) and "exchange" in value and "plan" not in value:
        value = value["exchange"]
    if not isinstance(value, dict):
        raise ArchiveError(f"not a recording: expected a JSON object, found {_kind(value)}")
    number = value.get("format")
    if not isinstance(number, int) or isinstance(number, bool):
        raise ArchiveError('not a recording: the member "format" is missing or is not a number')
    if number > FORMAT:
        raise ArchiveError(
            f"the recording has format {number}, made by a newer wsprobe; this one reads formats up to {FORMAT}"
        )
    while number < FORMAT:
        if number not in CONVERTERS:
            raise ArchiveError(f"the recording has format {number}, which this wsprobe does not read")
        value, number = CONVERTERS[number](value), number + 1
    try:
        made = _decode(Exchange, value, "")
    except RecursionError:
        raise ArchiveError("not a recording: the hops are nested too deeply") from None
    assert isinstance(made, Exchange)
    return made


def redact(exchange: Exchange) -> Exchange:
    """*exchange* without its secrets, every byte string as long as it was: see ``wsprobe.redaction``."""
    from wsprobe import redaction

    return redaction.redact(exchange)


def _encode(value: object) -> Value:
    if isinstance(value, bytes):
        return _encode_bytes(value)
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, Struct):
        return _encode_dataclass(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value


def _encode_dataclass(value: Any) -> dict[str, Value]:
    kind = _KIND_OF.get(type(value))
    tag = {} if kind is None else {"event": kind}
    return tag | {f.name: _encode(getattr(value, f.name)) for f in fields(value)}


def _encode_bytes(data: bytes) -> Value:
    if _PLAIN.issuperset(data):
        return data.decode("ascii")
    return {"base64": b64encode(data).decode("ascii")}


def _decode(wanted: Any, value: Value, path: str) -> object:
    """*value* as the type *wanted*; *path* names it in errors."""
    origin = typing.get_origin(wanted)
    if wanted is Event:
        return _decode_event(value, path)
    if origin in (types.UnionType, typing.Union):
        (some,) = [choice for choice in typing.get_args(wanted) if choice is not type(None)]
        return None if value is None else _decode(some, value, path)
    if origin is typing.Literal:
        if value not in typing.get_args(wanted) or isinstance(value, bool):
            raise _wrong(path, "one of " + ", ".join(map(str, typing.get_args(wanted))), value)
        return value
    if origin is tuple:
        return _decode_tuple(typing.get_args(wanted), value, path)
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        return _decode_dataclass(typing.cast("type", wanted), value, path)
    if wanted is bytes:
        return _decode_bytes(value, path)
    if wanted is float:
        return _decode_float(value, path)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise _wrong(path, _NAMES[wanted], value)
    return typing.cast("object", value)


def _decode_event(value: Value, path: str) -> object:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    kind = value.get("event")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _wrong(f"{path}.event", "the name of an event", kind)
    return _decode_dataclass(_KINDS[kind], value, path)


def _decode_tuple(items: tuple[Any, ...], value: Value, path: str) -> object:
    if not isinstance(value, list):
        raise _wrong(path, "an array", value)
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_decode(items[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if len(value) != len(items):
        raise _wrong(path, f"an array of {len(items)}", value)
    return tuple(_decode(items[i], item, f"{path}[{i}]") for i, item in enumerate(value))


def _decode_dataclass(wanted: type, value: Value, path: str) -> object:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    made = {}
    for name, hint, required in _members(wanted):
        where = f"{path}.{name}" if path else name
        if name in value:
            made[name] = _decode(hint, value[name], where)
        elif required:
            raise ArchiveError(f"not a recording: {where} is missing")
    return wanted(**made)


@cache
def _members(wanted: type) -> tuple[tuple[str, Any, bool], ...]:
    """(name, type, whether it must be there) of each field. One with a default may be absent: it is newer."""
    hints = typing.get_type_hints(wanted)
    return tuple((f.name, hints[f.name], f.default is NODEFAULT) for f in fields(wanted))


def _decode_bytes(value: Value, path: str) -> bytes:
    try:
        if isinstance(value, str):
            return value.encode("latin-1")
        if isinstance(value, dict) and isinstance(value.get("base64"), str):
            return b64decode(value["base64"], validate=True)
    except ValueError:
        raise ArchiveError(f"not a recording: {path} has characters that do not stand for bytes") from None
    raise _wrong(path, 'text or {"base64": "..."}', value)


def _decode_float(value: Value, path: str) -> float:
    if value in ("inf", "-inf") or (isinstance(value, int | float) and not isinstance(value, bool)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise _wrong(path, "a number", value)


_NAMES = {str: "text", int: "a whole number", bool: "true or false"}


def _wrong(path: str, wanted: str, value: Value) -> ArchiveError:
    return ArchiveError(f"not a recording: {path or 'it'} must be {wanted}, found {_kind(value)}")


def _kind(value: Value) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {str: "text", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return names.get(type(value), "something else")


def _why_not_json(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(error.doc.rstrip()):
            return "the text is empty" if not error.doc.strip() else "the text ends too early (was it cut?)"
        return f"not JSON at line {error.lineno}, column {error.colno}"
    return "a number in it is too long"
