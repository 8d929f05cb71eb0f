"""The challenge of draft-hixie-thewebsocketprotocol-76 (hybi-00 to -03), section 4.1 and 5.2."""

from __future__ import annotations

import re
from hashlib import md5

BODY = 8
"""Bytes that follow the request's header block."""
ANSWER = 16
"""Bytes that follow the answer's header block."""

_DIGITS_MAX = 12
"""A client's product of number and spaces is at most 12 times 2**32 (section 4.1, steps 16 to 20)."""

_NOT_DIGIT = re.compile(rb"[^0-9]")


def number_of(key: bytes) -> int | None:
    """The number that a Sec-WebSocket-Key1 or -Key2 value hides: its digits divided by its spaces.

    None if there are no digits or no spaces, or if the division leaves a remainder (section 5.2, steps 4 to 6).
    """
    digits = _NOT_DIGIT.sub(b"", key)
    spaces = key.count(b" ")
    if not 0 < len(digits) <= _DIGITS_MAX or not spaces or int(digits) % spaces:
        return None
    return int(digits) // spaces


def answer_to(key1: bytes, key2: bytes, body: bytes) -> bytes | None:
    """The 16 bytes that answer the two keys and the eight bytes; None if a key hides no 32-bit number."""
    numbers = number_of(key1), number_of(key2)
    if any(number is None or number > 0xFFFFFFFF for number in numbers):
        return None
    parts = [number.to_bytes(4, "big") for number in numbers if number is not None]
    return md5(b"".join(parts) + body[:BODY], usedforsecurity=False).digest()
