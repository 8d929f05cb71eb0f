"""The answer's Sec-WebSocket-Extensions (netwerk/protocol/websocket/WebSocketChannel.cpp: HandleExtensions,
ParseWebSocketExtension)."""

from __future__ import annotations

from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_SPACES = pattern(rb"[ \t\n\f\r]+")
_FLAGS = (b"client_no_context_takeover", b"server_no_context_takeover")
_BITS = (b"client_max_window_bits", b"server_max_window_bits")
_DIGITS = b"0123456789"
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Deflate:
    """permessage-deflate, agreed."""

    server_bits: int = 15


class BadExtension(Exception):
    """It is not what was offered."""


def agree(value: bytes) -> Deflate | None:
    """Return what *value* agrees to; None if it is empty. Raises BadExtension.

    There is room for one extension: a comma is no separator here.
    """
    text = _SPACES.sub(b" ", value).strip(b" ")
    if not text:
        return None
    name, *parameters = [part.strip(b" ") for part in text.split(b";")]
    if name != b"permessage-deflate":
        raise BadExtension("it is not permessage-deflate alone")
    if parameters and parameters[-1] == b"":
        parameters.pop()
    seen: dict[bytes, int] = {}
    for parameter in parameters:
        name, _, setting = parameter.partition(b"=")
        bits = _setting(name, setting)
        if name in seen:
            raise BadExtension(f"{name.decode()} twice")
        seen[name] = bits
    return Deflate(seen.get(b"server_max_window_bits", 15))


def _setting(name: bytes, setting: bytes) -> int:
    if name in _FLAGS:
        if setting:
            raise BadExtension(f"{name.decode()} with a value")
        return 1
    if name not in _BITS:
        raise BadExtension("an unknown parameter")
    bits = integer(setting)
    if bits is None or not 8 <= bits <= 15 or (bits == 8 and name == b"client_max_window_bits"):
        raise BadExtension(f"{name.decode()} that cannot be used")
    return bits


def integer(text: bytes) -> int | None:
    """*text* as a number (xpcom/string: ToInteger), None if it is none.

    Whatever stands before the first digit is skipped, whatever follows the last one too, but for the letters
    a to f, which are digits of another base; an ``x`` after zeros is passed over.
    """
    start = next((i for i, char in enumerate(text) if char in _HEXADECIMAL), None)
    if start is None:
        return None
    number = 0
    for char in text[start:]:
        if char in _DIGITS:
            number = number * 10 + char - 48
            if number > _INT32_MAX:
                return None
        elif char in _HEXADECIMAL:
            return None
        elif number or char not in b"xX":
            break
    return -number if b"-" in text[:start] else number
