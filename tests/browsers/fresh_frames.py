"""Random frames, right and wrong, for ``fresh`` and ``fresh_http2``: single ones, messages in pieces, and
messages that permessage-deflate made."""

import zlib

from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

GOOD_TEXTS = (b"", b"hi", b"\xc3\xa9")
TEXTS = (*GOOD_TEXTS, b"\xe2\x82", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbfx", b"a\x00b")
LONG_TEXTS = (b"x" * 125, b"y" * 126, b"y" * 2000)
CHARACTERS = (
    b"a",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xf0\x9f\x98\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xf4\x8f\xbf\xbf",
)
NO_CHARACTERS = (
    b"\xc0\x80",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xfe",
    b"\x80",
    b"\xe2\x82",
)
REASONS = (b"", b"", b"bye", b"\xff", b"\xe2\x82", b"\xc3\xa9", b"r" * 123, b"\xef\xbb\xbfx", b"a\nb")
REASONS_OF_THE_LONGEST = (
    b"\xc3\xa9" * 61 + b"r",
    b"\xe2\x82\xac" * 41,
    b"r" * 122 + b"\xc3",
    b"r" * 122 + b"\xc3\xa9",
)
UNUSUAL_CODES = (*range(1000, 1017), 1100, 2999, 3000, 3999, 4000, 4999, 5000, 65535, 0, 999)


def frame(opcode, payload, *, fin=True, rsv=0, masked=False, wide=0):
    """One frame, right or wrong; *wide*: bytes of its length, at least."""
    size, mask = len(payload), 0x80 * masked
    if wide == 8 or size > 0xFFFF:
        length = bytes([mask | 127]) + size.to_bytes(8)
    elif wide == 2 or size > 125:
        length = bytes([mask | 126]) + size.to_bytes(2)
    else:
        length = bytes([mask | size])
    return bytes([0x80 * fin | rsv << 4 | opcode]) + length + bytes(4 * masked) + payload


def random_frame(random, inside):
    """One frame, and whether a message is unfinished behind it."""
    odd = random.random()
    odds = {"rsv": random.choice((1, 2, 4)) if odd < 0.04 else 0, "masked": 0.04 < odd < 0.08}
    odds["wide"] = random.choice((2, 8)) if 0.08 < odd < 0.14 else 0
    if random.random() < 0.25:
        opcode = random.choice((PING, PONG, PING, PONG, 3, 7, 11, 15))
        payload = b"p" * random.choice((0, 1, 2, 125, 126 if odd < 0.3 else 2))
        return frame(opcode, payload, fin=random.random() < 0.93, **odds), inside
    fin = random.random() < 0.7
    opcode = CONTINUATION if inside else random.choice((TEXT, TEXT, BINARY))
    if random.random() < 0.12:
        opcode = random.choice((CONTINUATION, TEXT, BINARY))
    payload = random.choice((*GOOD_TEXTS * 4, *TEXTS, *LONG_TEXTS))
    return frame(opcode, payload, fin=fin, **odds), not fin


def random_close(random):
    """A Close, most often a good one."""
    odd = random.random()
    if odd < 0.08:
        return frame(CLOSE, random.choice((b"", b"\x03", b"\x03\xe8" + b"r" * 124)))
    code = random.choice(UNUSUAL_CODES if odd < 0.4 else (1000, 1000, 1001, 3000, 4000))
    payload = code.to_bytes(2) + random.choice((*REASONS, random.choice(REASONS_OF_THE_LONGEST)))
    return frame(CLOSE, payload, fin=odd < 0.95, rsv=4 if odd > 0.97 else 0, masked=odd > 0.98)


def message_in_pieces(random):
    """One message in up to five frames, cut anywhere, with control frames between; now and then no UTF-8, or
    with frames that do not belong together."""
    opcode = random.choice((TEXT, TEXT, TEXT, BINARY))
    text = b"".join(random.choices(CHARACTERS, k=random.randint(0, 6)))
    if random.random() < 0.25:
        at = random.randint(0, len(text))
        text = text[:at] + random.choice(NO_CHARACTERS) + text[at:]
    if random.random() < 0.1:
        text += b"z" * random.choice((119, 120, 121, 122, 65_530, 65_536, 70_000))
    yield from in_pieces(random, opcode, text, 0)


def in_pieces(random, opcode, data, rsv):
    """*data* as a message in up to five frames; *rsv* in the first."""
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.choice((0, 0, 1, 1, 2, 4))))
    pieces = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    wrong = random.randrange(len(pieces)) if random.random() < 0.1 else -1
    for number, piece in enumerate(pieces):
        kind = opcode if number == 0 else CONTINUATION
        fin, bits = number == len(pieces) - 1, rsv if number == 0 else 0
        if number == wrong:
            match random.choice(("kind", "fin", "rsv")):
                case "kind":
                    kind = random.choice((TEXT, BINARY, CONTINUATION))
                case "fin":
                    fin = not fin
                case "rsv":
                    bits ^= random.choice((1, 2, 4, 4, 4))
        yield frame(kind, piece, fin=fin, rsv=bits)
        if not fin and random.random() < 0.3:
            yield _between(random)


def _between(random):
    """A control frame inside a message: mostly one that changes nothing."""
    match random.choice(("ping", "ping", "pong", "pong", "close", "odd")):
        case "close":
            return random_close(random)
        case "odd":
            return frame(
                random.choice((PING, PONG)), b"p", fin=random.random() < 0.5, rsv=random.choice((0, 4))
            )
        case kind:
            return frame(PING if kind == "ping" else PONG, b"p" * random.choice((0, 1, 125)))


class RandomDeflater:
    """The server's side of an agreed permessage-deflate; most of what it makes is right."""

    def __init__(self, random, bits, fresh):
        """*bits* of its window; *fresh*: each message begins with an empty one."""
        self._random = random
        self._bits = bits
        self._fresh = fresh
        self._deflater = self._new()

    def _new(self):
        level, strategy = self._random.choice(((6, 0), (6, 0), (9, 0), (0, 0), (6, zlib.Z_FIXED)))
        return zlib.compressobj(level, zlib.DEFLATED, -self._bits, strategy=strategy)

    def message(self):
        """The frames of one message."""
        if self._fresh:
            self._deflater = self._new()
        if self._random.random() < 0.1:
            yield from message_in_pieces(self._random)  # which is not compressed
            return
        data = bytearray(self._deflated())
        if data and self._random.random() < 0.15:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        if self._random.random() < 0.08:
            del data[self._random.randrange(len(data) + 1) :]
        rsv = self._random.choice((4,) * 12 + (0, 6))
        yield from in_pieces(self._random, self._random.choice((TEXT, BINARY)), bytes(data), rsv)

    def _deflated(self):
        """A text, deflated, mostly without its tail, as it should be."""
        text = self._text()
        last = zlib.compressobj(6, zlib.DEFLATED, -self._bits)
        usual = ("cut",) * 8
        match self._random.choice(
            (*usual, "whole", "blocks", "full", "final", "final", "more", "empty", "none")
        ):
            case "whole":
                return self._flushed(text)
            case "blocks":
                at = self._random.randint(0, len(text))
                return self._flushed(text[:at]) + self._flushed(text[at:])[:-4]
            case "full":
                begun = self._deflater.compress(text) + self._deflater.flush(zlib.Z_FULL_FLUSH)
                return begun + self._flushed(b"more")[:-4]
            case "final":
                return last.compress(text) + last.flush()
            case "more":
                more = self._random.choice((b"\x00", b"UU", bytes.fromhex("cb4800"), b"\x03\x00", b"\x00" * 5))
                return last.compress(text) + last.flush() + more
            case "empty":
                return self._flushed(text)[:-4] + bytes.fromhex("000000ffff00")
            case "none":
                return self._random.choice((b"", b"\x00", b"\x02\x00", b"\x03\x00", b"\x01\x00\x00\xff\xff"))
        return self._flushed(text)[:-4]

    def _flushed(self, text):
        data = self._deflater.compress(text) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return data

    def _text(self):
        far = bytes(self._random.choices(b"abcdefgh", k=600))
        return self._random.choice(
            (
                b"hello hello hello",
                b"hello",
                b"",
                b"x" * 300,
                b"\xc3\xa9t\xc3\xa9",
                b"\xff",
                b"\xe2\x82",
                bytes(range(256)),
                far + far,
                b"x" * 70_000,
            )
        )
