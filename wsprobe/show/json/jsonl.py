"""A value as one line of JSON, in pieces: of a flood, neither the whole text nor a copy of it is ever held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

FEW = 50
"""Items of a list that are taken apart one by one; of a longer one so many make one piece."""
DEEP = 6
"""Levels that are taken apart."""


def pieces(value: Any, deep: int = DEEP) -> Iterator[str]:
    """The compact text of *value*, pure ASCII, without a line end."""
    if deep and value and isinstance(value, dict):
        begin = "{"
        for name, member in value.items():
            yield f"{begin}{_text(name)}:"
            yield from pieces(member, deep - 1)
            begin = ","
        yield "}"
    elif deep and value and isinstance(value, list):
        begin = "["
        for at in range(0, len(value), FEW):
            yield begin
            if len(value) > FEW:
                yield _text(value[at : at + FEW])[1:-1]
            else:
                yield from _items(value, deep - 1)
            begin = ","
        yield "]"
    else:
        yield _text(value)


def _items(value: list[Any], deep: int) -> Iterator[str]:
    for number, item in enumerate(value):
        if number:
            yield ","
        yield from pieces(item, deep)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
