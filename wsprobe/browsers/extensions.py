"""Sec-WebSocket-Extensions as ws reads it. Sources: ws lib/extension.js (parse), lib/permessage-deflate.js."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

NAME = "permessage-deflate"

_CHARACTER = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_TOKEN = f"{_CHARACTER}+"
_ELEMENT = re.compile(rf"[ \t]*({_TOKEN})[ \t]*")
_PARAMETER = re.compile(rf'[ \t]*({_TOKEN})(?:=("(?:\\?{_CHARACTER})*"|{_TOKEN})[ \t]*|[ \t]*)')
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BASES = {"0x": 16, "0o": 8, "0b": 2}

Parameters = tuple[tuple[str, str | None], ...]


class NotParsed(Exception):
    """The field does not follow the grammar, or a parameter has an invalid value."""


class Agreed(msgspec.Struct, frozen=True):
    """The parameters of permessage-deflate, from its first mention in the field."""

    takeover: bool
    bits: int
    client_takeover: bool
    client_bits: int


def parse(value: str) -> Iterator[tuple[str, Parameters]]:
    """Each extension in *value*, with its parameters; the value of a parameter without one is None.

    White space is allowed before everything except the first name, but not at the end.

    Raises NotParsed.
    """
    if not value or value[0] in " \t" or value[-1] in " \t":
        raise NotParsed
    at = 0
    while True:
        found = _ELEMENT.match(value, at)
        if found is None:
            raise NotParsed
        at, parameters = found.end(), []
        while value[at : at + 1] == ";":
            given = _PARAMETER.match(value, at + 1)
            if given is None:
                raise NotParsed
            at = given.end()
            parameters.append((given[1], _unquoted(given[2])))
        yield found[1], tuple(parameters)
        if at == len(value):
            return
        if value[at] != ",":
            raise NotParsed
        at += 1


def _unquoted(text: str | None) -> str | None:
    if text is None or not text.startswith('"'):
        return text
    inner = text[1:-1].replace("\\", "")
    if not inner:
        raise NotParsed
    return inner


def accept(mentions: list[Parameters]) -> Agreed:
    """What the client agrees to (acceptAsClient, normalizeParams): all mentions must be valid, the first
    counts.

    Raises NotParsed.
    """
    for parameters in mentions:
        names = [name for name, _ in parameters]
        if len(set(names)) < len(names):
            raise NotParsed
        for name, text in parameters:
            _check(name, text)
    first = dict(mentions[0])
    return Agreed(
        "server_no_context_takeover" not in first,
        _bits(first.get("server_max_window_bits")),
        "client_no_context_takeover" not in first,
        _bits(first.get("client_max_window_bits")),
    )


def _bits(text: str | None) -> int:
    return 15 if text is None else round(number(text) or 15)


def number(text: str) -> float | None:
    """*text* converted as by JavaScript's Number ("015" is 15, "1e1" and "0xa" are 10), None if it is no
    number."""
    base = _BASES.get(text[:2].lower())
    if base is not None:
        try:
            return int(text[2:], base)
        except ValueError:
            return None
    return float(text) if _DECIMAL.fullmatch(text) else None


def _check(name: str, text: str | None) -> None:
    if name in ("client_no_context_takeover", "server_no_context_takeover"):
        if text is not None:
            raise NotParsed
    elif name in ("client_max_window_bits", "server_max_window_bits"):
        if text is None or number(text) not in range(8, 16):
            raise NotParsed
    else:
        raise NotParsed
