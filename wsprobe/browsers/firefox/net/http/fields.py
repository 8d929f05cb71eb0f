"""Header lines as Firefox keeps them: merged, first of several, or a reason to give up.

Sources: netwerk/protocol/http/nsHttpHeaderArray.cpp and .h, nsHttpResponseHead.cpp.
"""

from __future__ import annotations

import re

from wsprobe.pattern import pattern

_TOKEN = pattern(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WHITE_SPACE = b" \t\r\n"
_NUMBER = pattern(rb"-?[0-9]{1,40}")
_INT64_MAX = 2**63 - 1

_SINGLETONS = frozenset(
    {b"content-type", b"content-disposition", b"content-length", b"user-agent", b"referer", b"host"}
    | {b"authorization", b"proxy-authorization", b"if-modified-since", b"if-unmodified-since", b"from"}
    | {b"location", b"max-forwards", b"sec-gpc", b"strict-transport-security"}
)
"""Never merged: the first counts (IsSingletonHeader)."""

_SUSPECT = frozenset({b"content-length", b"content-disposition", b"location"})
"""Different values of these look like an injected head (IsSuspectDuplicateHeader)."""

_BY_LINE = frozenset({b"set-cookie", b"www-authenticate", b"proxy-authenticate"})
"""Merged with a line feed, because their values have commas of their own (MergeHeader)."""


class BadField(Exception):
    """The whole answer is given up for this field."""


class Fields:
    """Filled line by line; values as ``GetResponseHeader`` gives them."""

    __slots__ = ("content_length", "typed", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        """By name in lower case."""
        self.content_length = -1
        """-1: not known."""
        self.typed = False
        """There is a Content-Type with a type in it."""

    def get(self, name: bytes) -> bytes | None:
        return self.values.get(name)

    def add(self, line: bytes) -> None:
        """One header line, folds joined. What is not a field is skipped; raises BadField."""
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            return
        name = name.lower()
        value = value.strip(b" \t")
        if b"\0" in value:
            raise BadField(f"a NUL in {name.decode()}")
        self._set(name, value)
        if name == b"content-length":
            self._length(value)
        elif name == b"content-type":
            self.typed |= any(_is_type(part) for part in value.split(b","))

    def tokens(self, name: bytes, separators: bytes) -> list[bytes]:
        """*name*'s value cut at any of *separators*, empty parts left out."""
        return [part for part in re.split(b"[" + separators + b"]+", self.values.get(name, b"")) if part]

    def _set(self, name: bytes, value: bytes) -> None:
        """SetHeaderFromNet."""
        had = self.values.get(name)
        if had is None:
            self.values[name] = value
        elif name not in _SINGLETONS:
            self.values[name] = _merged(name, had, value)
        elif name in _SUSPECT and _comparable(name, had) != _comparable(name, value):
            raise BadField(f"different values of {name.decode()}")

    def _length(self, value: bytes) -> None:
        """ParseResponseContentLength: one number, or the same one several times."""
        parts = [part.strip(_WHITE_SPACE) for part in value.split(b",")]
        if len(set(parts)) > 1:
            raise BadField("different values of content-length")
        if value and _NUMBER.fullmatch(parts[0]) and abs(int(parts[0])) <= _INT64_MAX:
            self.content_length = int(parts[0])


def _is_type(part: bytes) -> bool:
    """net_ParseMediaType: a slash before white space or parameters makes a type."""
    type_, *_ = re.split(rb"[; \t]", part.strip(_WHITE_SPACE), maxsplit=1)
    return b"/" in type_ and type_ != b"*/*"


def _merged(name: bytes, had: bytes, value: bytes) -> bytes:
    if not value:
        return had
    if not had:
        return value
    return had + (b"\n" if name in _BY_LINE else b", ") + value


def _comparable(name: bytes, value: bytes) -> bytes:
    """RemoveDuplicateHeaderValues, for Content-Length only."""
    if name != b"content-length":
        return value
    parts = {part.strip(_WHITE_SPACE) for part in value.split(b",")}
    return parts.pop() if len(parts) == 1 else value
