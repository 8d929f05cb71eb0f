"""Small grammars shared by several readers: lists (RFC 9110 section 5.6.1), extensions (RFC 6455 section
9.1)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha1

from msgspec import Struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED = re.compile(rb'(?s)"([^"\\]*(?:\\.[^"\\]*)*)"')
_SPACE = re.compile(rb"[ \t]*")
_ELEMENT = re.compile(rb"[^,]+")
_STOP = re.compile(rb'[,"]')
_QUOTE_END = re.compile(rb'(?s)[^"\\]*(?:\\.[^"\\]*)*"?')


VALUE_MAX = 65536
"""Most bytes of a field value or line that are parsed. No list in a real handshake comes near; a million
elements would cost a hundred times their bytes."""

DIGITS_MAX = 20
"""Most digits of a Content-Length that h11 accepts."""

VERSIONS_MAX = 1000
"""Most elements of Sec-WebSocket-Version that are read: there are 256 versions (RFC 6455 section 4.1), and 2 MB
of them would be read once for each specification."""


def is_token(value: bytes) -> bool:
    """True if *value* is a token (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(value) is not None


@lru_cache(maxsize=16)  # every reader of an answer calls this with the same key
def expected_accept(key: bytes) -> bytes:
    """The Sec-WebSocket-Accept value that answers *key* (RFC 6455 section 4.2.2, item 5.4)."""
    return b64encode(sha1(key + GUID, usedforsecurity=False).digest())


def split_list(value: bytes) -> tuple[bytes, ...]:
    """The elements of a comma-separated list, without the white space around them; empty ones left out."""
    return tuple(item for element in list_parts(value) if (item := element.strip(b" \t")))


def list_parts(value: bytes) -> list[bytes]:
    """What is between the commas of a list, as it was sent.

    A comma within a quoted string does not separate; an unclosed quote extends to the end. For a value longer
    than VALUE_MAX, only the elements that begin within that many bytes.
    """
    value = value[:VALUE_MAX]
    found = []
    begin = at = 0
    while (match := _STOP.search(value, at)) is not None:
        at = match.end()
        if match[0] == b'"':
            end = _QUOTE_END.match(value, at)
            at = end.end() if end else at
        else:
            found.append(value[begin : match.start()])
            begin = at
    found.append(value[begin:])
    return found


def parts(value: bytes) -> Iterator[bytes]:
    """Yield what ``value.split(b",")`` returns, without the list: of 2 MB, it would take 16 MiB or more."""
    at = 0
    while at <= len(value):
        stop = value.find(b",", at + VALUE_MAX)
        stop = len(value) if stop < 0 else stop
        yield from value[at:stop].split(b",")
        at = stop + 1


def only_part(value: bytes, space: bytes = b" \t") -> bytes | None:
    """The one element of a list whose elements are all the same without the *space* around them; None if they
    differ."""
    every = parts(value)
    first = next(every).strip(space)
    return first if all(part.strip(space) == first for part in every) else None


def elements(values: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the elements of a list that may be split over several fields (RFC 9110 section 5.3), without the
    white space around them; empty ones left out. Quotes mean nothing.

    One by one: all elements of a flood would take sixteen times its bytes.
    """
    for value in values:
        for part in _ELEMENT.finditer(value):
            if element := part[0].strip(b" \t"):
                yield element


class Extension(Struct, frozen=True):
    """One element of Sec-WebSocket-Extensions: names as sent, quoted values without quotes."""

    name: bytes
    params: tuple[tuple[bytes, bytes | None], ...] = ()


class Malformed(Struct, frozen=True):
    """The fault of an invalid value, and its offset in the value."""

    reason: str
    at: int


def parse_extensions(value: bytes) -> tuple[Extension, ...] | Malformed:
    """A Sec-WebSocket-Extensions value by the ABNF of RFC 6455 section 9.1.

    Empty list elements are skipped, as RFC 2616 section 2.1 allows; at least one element must be there. A
    quoted value must be a token without its quotes. A value longer than VALUE_MAX is not parsed.
    """
    if len(value) > VALUE_MAX:
        said = f"the value has {len(value)} bytes; wsprobe reads at most {VALUE_MAX}"
        return Malformed(said, VALUE_MAX)
    found: list[Extension] = []
    at = _skip(value, 0)
    while at < len(value):
        if value[at : at + 1] == b",":
            at = _skip(value, at + 1)
            continue
        made = _extension(value, at)
        if isinstance(made, Malformed):
            return made
        extension, at = made
        found.append(extension)
        if at < len(value) and value[at : at + 1] != b",":
            return Malformed('expected ";" or "," or the end', at)
    return tuple(found) if found else Malformed("the list has no element", 0)


def _skip(value: bytes, at: int) -> int:
    match = _SPACE.match(value, at)
    return match.end() if match else at


def _extension(value: bytes, at: int) -> tuple[Extension, int] | Malformed:
    name = _TOKEN.match(value, at)
    if name is None:
        return Malformed("an extension name must be a token", at)
    params: list[tuple[bytes, bytes | None]] = []
    at = _skip(value, name.end())
    while value[at : at + 1] == b";":
        at = _skip(value, at + 1)
        key = _TOKEN.match(value, at)
        if key is None:
            return Malformed("a parameter name must be a token", at)
        at = _skip(value, key.end())
        content = None
        if value[at : at + 1] == b"=":
            at = _skip(value, at + 1)
            read = _param_value(value, at)
            if isinstance(read, Malformed):
                return read
            content, at = read
            at = _skip(value, at)
        params.append((key[0], content))
    return Extension(name[0], tuple(params)), at


def _param_value(value: bytes, at: int) -> tuple[bytes, int] | Malformed:
    if (token := _TOKEN.match(value, at)) is not None:
        return token[0], token.end()
    if value[at : at + 1] != b'"':
        return Malformed("a parameter value must be a token or a quoted string", at)
    quoted = _QUOTED.match(value, at)
    if quoted is None:
        return Malformed("a quoted string is not closed", at)
    content = re.sub(rb"(?s)\\(.)", rb"\1", quoted[1])
    if not is_token(content):
        return Malformed("a quoted parameter value must be a token once unquoted", at)
    return content, quoted.end()
