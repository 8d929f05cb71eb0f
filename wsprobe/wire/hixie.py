"""draft-hixie-thewebsocketprotocol-75 and -76 (hybi-00): requests, the challenge of 76, and frames.

Sections 4.1 (the handshake; each of the two keys hides a number, its digits divided by its spaces), 4.2
(frames: ``read.drafts``) and 5.2 (the challenge).
"""

from __future__ import annotations

import re
from hashlib import md5
from random import Random

from msgspec.structs import replace

from wsprobe.exchange import Target
from wsprobe.read.drafts import ANSWER, CLOSING, END, longer
from wsprobe.read.frames import BINARY, TEXT
from wsprobe.read.request import CHALLENGE
from wsprobe.request.opening import Offer, OfferError, common, compose, present
from wsprobe.request.target import host_header
from wsprobe.wire.framing import Framing, Incoming

SPACES_MAX = 12
LETTERS_MAX = 12
_LETTERS = "".join(map(chr, [*range(0x21, 0x30), *range(0x3A, 0x7F)]))
"""Characters that may be mixed in: printable, neither space nor digit."""


def key_pair(random_bytes: bytes) -> tuple[str, str]:
    """Key1 and Key2; the same bytes give the same keys."""
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


_DIGITS_MAX = 12
"""A client's product of number and spaces is at most 12 times 2**32 (section 4.1, steps 16 to 20)."""

_NOT_DIGIT = rb"[^0-9]"


def number_of(key: bytes) -> int | None:
    """The number that a Sec-WebSocket-Key1 or -Key2 value hides: its digits divided by its spaces.

    None if there are no digits or no spaces, or if the division leaves a remainder (section 5.2, steps 4 to 6).
    """
    digits = re.sub(_NOT_DIGIT, b"", key)
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
    return md5(b"".join(parts) + body[:CHALLENGE], usedforsecurity=False).digest()


def text(data: bytes) -> bytes:
    """A text frame. *data* must be UTF-8, which has no byte 0xFF."""
    return b"\x00" + data + END


NO_ORIGIN = "null"
"""Both drafts require an Origin field, and an answer that repeats it. Without a page there is no origin; HTML
writes that as ``null``."""


def request(target: Target, offer: Offer, random_bytes: bytes, *, challenge: bool) -> bytes:
    """The request of 75, or of 76 with its *challenge*: two keys and eight bytes behind the head.

    75 fixes the order of its fields (step 10). 76 requires a random order (step 25), so that servers do not
    rely on one. A probe must be able to repeat its request, so the order here is fixed: that of 75, then the
    keys. The draft lists them in this order, and browsers sent them in it.

    Raises OfferError.
    """
    _check(offer)
    origin = NO_ORIGIN if offer.origin is None else offer.origin
    protocol = offer.protocols[0] if offer.protocols else None
    fields = present(
        ("Upgrade", "WebSocket"),
        ("Connection", "Upgrade"),
        ("Host", host_header(target)),
        ("Origin", origin if challenge else _lower(origin)),
        ("Sec-WebSocket-Protocol" if challenge else "WebSocket-Protocol", protocol),
    )
    tail = b""
    if challenge:
        key1, key2 = key_pair(random_bytes[CHALLENGE:])
        fields += [("Sec-WebSocket-Key1", key1), ("Sec-WebSocket-Key2", key2)]
        tail = random_bytes[:CHALLENGE]
    # The drafts have no User-Agent, so none is sent unless an option sets one.
    fields += common(target, replace(offer, user_agent=offer.user_agent or ""))
    return compose(target, offer, fields, tail)


def _check(offer: Offer) -> None:
    """Raises OfferError for an offer that these drafts cannot express."""
    if offer.extensions:
        raise OfferError("hixie-75 and hixie-76 have no extensions: leave --extension out")
    if len(offer.protocols) > 1:
        raise OfferError("hixie-75 and hixie-76 take one subprotocol, not several")
    if offer.version is not None:
        raise OfferError("hixie-75 and hixie-76 send no version number: leave it out, or add one with -H")


def _lower(text: str) -> str:
    """ASCII lower case (75: step 9 of section 4.1)."""
    return "".join(each.lower() if each.isascii() else each for each in text)


class Hixie75(Framing):
    """Text messages only. Closes by dropping the connection (75: section 4.3)."""

    closes = False
    """Whether 0xFF 0x00 is a Close."""
    answer_size = 0
    """Bytes of the handshake after the head."""

    def __init__(self, request: bytes, head: bytes, most: int | None = None) -> None:
        super().__init__(most)
        self._type: int | None = None
        self._counting = False
        self._skip = self.answer_size

    def receive(self, data: bytes) -> list[Incoming]:
        """Take the next bytes, and return what they complete."""
        heard: list[Incoming] = []
        self.boundary, keeps = -1, self._most is not None
        at = min(self._skip, len(data))
        self._skip -= at
        while at < len(data) and not self._over:
            if self._type is None:
                self._type, self._left = data[at], 0
                self.frames += 1
                self._counting = bool(self._type & 0x80)
                at += 1
                continue
            if self._counting:
                self._left = longer(self._left, data[at])
                self._counting = bool(data[at] & 0x80)
                at += 1
                size, ended = 0, not self._counting and not self._left
            elif self._type & 0x80:
                size = min(self._left, len(data) - at)
                self._left -= size
                ended = not self._left
            else:
                end = data.find(END, at)
                ended = end >= 0
                size = (end if ended else len(data)) - at
            if keeps and not self._fits(size + self._left):
                heard.append(self._too_long())
                break
            if keeps:
                self._message += data[at : at + size]
            at += size
            if ended:
                at += self._type < 0x80  # END
                self._complete(heard, empty=not size)
                self.boundary = at
        return heard

    def _complete(self, heard: list[Incoming], empty: bool) -> None:
        """Add what the frame that has just ended is: clients discard data other than text."""
        if self._type == 0xFF and self.closes and empty:
            heard.append(self._close(b"", CLOSING))
        elif self._type == 0 or self._most is not None:
            heard.append(self._whole(TEXT if self._type is not None and self._type < 0x80 else BINARY))
        self._type = None

    def frame(self, opcode: int, data: bytes) -> bytes:
        """See ``FrameWriter``."""
        return text(data) if opcode == TEXT else b""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """See ``FrameWriter``."""
        return CLOSING if self.closes else None


class Hixie76(Hixie75):
    """As 75, after the sixteen bytes that answer the challenge; 0xFF 0x00 closes, without code or reason."""

    closes = True
    answer_size = ANSWER
