"""Bytes and texts with fields in braces: ``{accept}`` is filled in, ``{{`` and ``}}`` stand for braces."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BYTES = re.compile(rb"\{\{|\}\}|\{([a-z0-9.-]+)\}|[{}]")
_TEXT = re.compile(r"\{\{|\}\}|\{([a-z0-9.-]+)\}|[{}]")


class TemplateError(ValueError):
    """A lone brace, or a field that nothing fills in. The message is one line."""


def escape(data: bytes) -> bytes:
    """Return the template of which ``fill`` makes *data* again."""
    return data.replace(b"{", b"{{").replace(b"}", b"}}")


def fields(data: bytes) -> frozenset[str]:
    """Return the names of the fields in *data*.

    Raises TemplateError.
    """
    found = set()
    for match in _BYTES.finditer(data):
        if match[1] is not None:
            found.add(match[1].decode("ascii"))
        elif len(match[0]) == 1:
            raise TemplateError(f"a lone brace at byte {match.start()}; double it")
    return frozenset(found)


def fill(data: bytes, values: Mapping[str, bytes]) -> bytes:
    """Return *data* with its fields filled in and its double braces made single.

    Raises TemplateError.
    """
    if b"{" not in data and b"}" not in data:
        return data

    def filled(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return _single(match[0].decode("ascii"), match.start()).encode("ascii")
        name = match[1].decode("ascii")
        if name not in values:
            raise TemplateError(f"nothing fills in {{{name}}}")
        return values[name]

    return _BYTES.sub(filled, data)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with its fields filled in and its double braces made single.

    Raises TemplateError.
    """

    def filled(match: re.Match[str]) -> str:
        if match[1] is None:
            return _single(match[0], match.start())
        if match[1] not in values:
            raise TemplateError(f"nothing fills in {{{match[1]}}}")
        return values[match[1]]

    return _TEXT.sub(filled, text)


def _single(braces: str, at: int) -> str:
    if len(braces) == 1:
        raise TemplateError(f"a lone brace at {at}; double it")
    return braces[0]
