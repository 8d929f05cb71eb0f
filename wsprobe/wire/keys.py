"""Sec-WebSocket-Key1 and -Key2 of draft-hixie-thewebsocketprotocol-76, section 4.1, steps 16 to 23.

Each hides a number: its digits divided by its spaces. ``wsprobe.read.websocket.challenge`` finds it again.
"""

from __future__ import annotations

from random import Random

SPACES_MAX = 12
LETTERS_MAX = 12
_LETTERS = "".join(map(chr, [*range(0x21, 0x30), *range(0x3A, 0x7F)]))
"""What may be mixed in: printable, and neither a space nor a digit."""


def key_pair(random_bytes: bytes) -> tuple[str, str]:
    """Return Key1 and Key2; the same bytes give the same keys."""
    dice = Random(random_bytes)
    return _key(dice), _key(dice)


def _key(dice: Random) -> str:
    spaces = dice.randint(1, SPACES_MAX)
    number = dice.randint(0, 0xFFFFFFFF // spaces)
    key = list(str(number * spaces))
    for _ in range(dice.randint(1, LETTERS_MAX)):
        key.insert(dice.randint(0, len(key)), dice.choice(_LETTERS))
    for _ in range(spaces):
        key.insert(dice.randint(1, len(key) - 1), " ")
    return "".join(key)
