"""Sec-WebSocket-Extensions as two engines split it, each by its own grammar, and the checks of ws. Sources: ws
lib/extension.js (parse), lib/permessage-deflate.js; Chromium's beside its checks.
"""

from __future__ import annotations

import re

import msgspec

NAME = "permessage-deflate"
FLAGS = ("client_no_context_takeover", "server_no_context_takeover")
BITS = ("client_max_window_bits", "server_max_window_bits")
CHARACTER = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TOKEN = f"{CHARACTER}+"

_ELEMENT = re.compile(rf"[ \t]*({TOKEN})[ \t]*")
_PARAMETER = re.compile(rf';[ \t]*({TOKEN})(?:=("(?:\\?{CHARACTER})*"|{TOKEN}))?[ \t]*')
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


def split(
    value: str, element: re.Pattern[str], parameter: re.Pattern[str]
) -> list[tuple[str, Parameters]] | None:
    """Each extension in *value*, with its parameters; the value of a parameter without one is None. None if
    *value* does not follow the grammar, in which *element* is a name, *parameter* a mark, name and value."""
    made: list[tuple[str, Parameters]] = []
    at = 0
    while (name := element.match(value, at)) is not None:
        at, parameters = name.end(), []
        while (given := parameter.match(value, at)) is not None:
            text = given[2]
            if text is not None and text[0] == '"':
                text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
                if not re.fullmatch(TOKEN, text):
                    return None
            at = given.end()
            parameters.append((given[1], text))
        made.append((name[1], tuple(parameters)))
        if at == len(value):
            return made
        if value[at] != ",":
            return None
        at += 1
    return None


def parse(value: str) -> list[tuple[str, Parameters]]:
    """The same as ws does it: white space is allowed before everything except the first name, but not at the
    end. Raises NotParsed."""
    made = split(value, _ELEMENT, _PARAMETER) if value.strip(" \t") == value else None
    if made is None:
        raise NotParsed
    return made


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
    if name in FLAGS:
        valid = text is None
    else:
        valid = name in BITS and text is not None and number(text) in range(8, 16)
    if not valid:
        raise NotParsed
