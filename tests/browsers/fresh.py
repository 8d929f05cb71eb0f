"""Makes scenarios that nobody has looked at yet: ``python -m tests.browsers.fresh SEED [NUMBER] > FILE``.

``python -m tests.browsers.against FILE`` then holds the views against the engines. A seed makes the same
scenarios each time, so it shows something new once. The server reads while it waits, as most servers do, and
resets a connection only after a while: what depends on the moment alone shows no rule.
"""

from __future__ import annotations

import argparse
import json
import tomllib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("ascii"))
DEFLATE = "permessage-deflate"
GOOD_TEXTS = (b"", b"hi", b"\xc3\xa9")
TEXTS = (*GOOD_TEXTS, b"\xe2\x82", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbfx", b"a\x00b")
LONG_TEXTS = (b"x" * 125, b"y" * 126, b"y" * 2000)
REASONS = (b"", b"", b"bye", b"\xff", b"\xe2\x82", b"\xc3\xa9", b"r" * 123, b"\xef\xbb\xbfx", b"a\nb")
UNUSUAL_CODES = (*range(1000, 1017), 1100, 2999, 3000, 3999, 4000, 4999, 5000, 65535, 0, 999)
ACTS: tuple[dict[str, Any], ...] = (
    {"close": True},
    {"close": 1000, "reason": "x"},
    {"close": 4000},
    {"close": 3000, "reason": "\xe9"},
    {"close": 1001},
    {"close": True, "reason": "r"},
    {"close": 1000, "reason": "r" * 124},
    {"text": "t"},
)
Step = dict[str, Any] | str
Table = dict[str, Any]


def scenarios(seed: int, number: int) -> Iterator[tuple[str, Table]]:
    """*number* scenarios by name, as tables of the catalogue."""
    random = Random(seed)
    kinds = (refusal, refusal, upgrade, upgrade, session, session, session, compressed, extended)
    for index in range(number):
        kind = random.choice(kinds)
        yield f"fresh-{seed}-{index}-{kind.__name__}", kind(random)


def refusal(random: Random) -> Table:
    """Some answer that is no 101, with some body."""
    lines = [f"{_one(random, 'versions')} {random.choice(WORDS['statuses'])}"]
    lines += random.sample(WORDS["fields"], random.choice((0, 1, 1, 2, 2, 3)))
    return {"steps": [*_before(random), *_head(random, lines, _one(random, "bodies")), *_end(random)]}


def upgrade(random: Random) -> Table:
    """A 101 that has all that it should, or something else; then a greeting."""
    fields = [_one(random, name) for name in ("upgrade", "connection", "accept")]
    fields += random.sample(WORDS["fields"], random.choice((0, 0, 0, 1, 1)))
    page: Table = {"protocols": random.choice((["a"], ["a", "b"], "a"))} if random.random() < 0.4 else {}
    if random.random() < (0.7 if page else 0.1):
        fields.append(f"Sec-WebSocket-Protocol: {_one(random, 'protocols')}")
    random.shuffle(fields)
    lines = [_one(random, "lines"), *filter(None, fields)]
    return {"steps": [*_before(random), *_head(random, lines), *_greeting(random)], "page": page}


def extended(random: Random) -> Table:
    """A 101 with some extension; then a greeting."""
    value = _one(random, "extensions")
    if random.random() < 0.6:
        value = "; ".join((DEFLATE, *random.choices(WORDS["parameters"], k=random.choice((1, 1, 2)))))
    return {"steps": [_agreed(value), *_greeting(random)]}


def session(random: Random) -> Table:
    """Frames, most of them good, and script that may close or send meanwhile."""
    steps: list[Step] = ["open", *([{"wait": 0.05}] if random.random() < 0.8 else [])]
    inside = False
    for _ in range(random.choice((1, 2, 2, 3, 4))):
        data, inside = random_frame(random, inside)
        steps.append({"hex": data.hex()})
        steps += [{"wait": random.choice((0.05, 0.2))}] if random.random() < 0.5 else []
    steps += [{"hex": random_close(random).hex()}] if random.random() < 0.7 else []
    acts = [random.choice(ACTS)] if random.random() < 0.3 else []
    when = random.choice(("open", "message", "created"))
    return {"steps": [*steps, *_end(random)], "page": {when: acts} if acts else {}}


def compressed(random: Random) -> Table:
    """Messages with permessage-deflate, most of them good."""
    fresh, bits = random.random() < 0.5, random.choice((15, 15, 15, 9))
    value = DEFLATE + "; server_no_context_takeover" * fresh + "; server_max_window_bits=9" * (bits == 9)
    steps: list[Step] = [_agreed(value), {"wait": 0.05}]
    deflater = zlib.compressobj(6, zlib.DEFLATED, -bits)
    for _ in range(random.choice((1, 1, 2, 3))):
        deflater = zlib.compressobj(6, zlib.DEFLATED, -bits) if fresh else deflater
        data = bytearray(_deflated(random, deflater))
        if random.random() < 0.2:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        if random.random() < 0.1:
            del data[random.randrange(len(data) + 1) :]
        steps.append({"hex": b"".join(_pieces(random, bytes(data), random.choice((TEXT, BINARY)))).hex()})
    steps += [{"close": 1000}] if random.random() < 0.6 else []
    return {"steps": [*steps, *_end(random)]}


def _one(random: Random, name: str) -> str:
    """One of the words, the first of them every other time."""
    words: Sequence[str] = WORDS[name]
    return words[0] if random.random() < 0.5 else random.choice(words)


def _agreed(extensions: str) -> Step:
    return {"head": ["{good}", f"Sec-WebSocket-Extensions: {extensions}"]}


def _deflated(random: Random, deflater: Any) -> bytes:
    """A message, deflated, mostly without its tail, as it should be."""
    text = random.choice(
        (b"hello hello hello", b"", b"x" * 300, b"\xc3\xa9t\xc3\xa9", b"\xff", bytes(range(256)))
    )
    data: bytes = deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)
    last = zlib.compressobj(6, zlib.DEFLATED, -15)
    match random.choice(("cut", "cut", "cut", "cut", "whole", "final", "more", "empty")):
        case "whole":
            return data
        case "final":
            return last.compress(text) + last.flush()
        case "more":
            more = random.choice((b"\x00", b"UU", bytes.fromhex("cb4800")))
            return last.compress(text) + last.flush() + more
        case "empty":
            return data[:-4] + bytes.fromhex("000000ffff00")
    return data[:-4]


def _pieces(random: Random, data: bytes, opcode: int) -> Iterator[bytes]:
    """*data* as one message with RSV1, in one frame or two."""
    rsv = random.choice((4,) * 12 + (0, 6))
    if random.random() < 0.7:
        yield frame(opcode, data, rsv=rsv)
        return
    at = random.randrange(len(data) + 1)
    yield frame(opcode, data[:at], fin=False, rsv=rsv)
    if random.random() < 0.3:
        yield frame(PING, b"p")
    yield frame(CONTINUATION, data[at:], rsv=random.choice((0,) * 8 + (4,)))


def frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = False, wide: int = 0
) -> bytes:
    """One frame, right or wrong; *wide*: bytes of its length, at least."""
    size, mask = len(payload), 0x80 * masked
    if wide == 8 or size > 0xFFFF:
        length = bytes([mask | 127]) + size.to_bytes(8)
    elif wide == 2 or size > 125:
        length = bytes([mask | 126]) + size.to_bytes(2)
    else:
        length = bytes([mask | size])
    return bytes([0x80 * fin | rsv << 4 | opcode]) + length + bytes(4 * masked) + payload


def random_frame(random: Random, inside: bool) -> tuple[bytes, bool]:
    """One frame, and whether a message is unfinished behind it."""
    odd = random.random()
    odds: Table = {"rsv": random.choice((1, 2, 4)) if odd < 0.04 else 0, "masked": 0.04 < odd < 0.08}
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


def random_close(random: Random) -> bytes:
    """A Close, most often a good one."""
    odd = random.random()
    if odd < 0.08:
        return frame(CLOSE, random.choice((b"", b"\x03", b"\x03\xe8" + b"r" * 124)))
    code = random.choice(UNUSUAL_CODES if odd < 0.4 else (1000, 1000, 1001, 3000, 4000))
    payload = code.to_bytes(2) + random.choice(REASONS)
    return frame(CLOSE, payload, fin=odd < 0.95, rsv=4 if odd > 0.97 else 0, masked=odd > 0.98)


def _before(random: Random) -> list[Step]:
    """What comes before the answer itself: nothing, mostly."""
    if random.random() < 0.85:
        return [{"wait": 0.05}] if random.random() < 0.2 else []
    return [{"head": [_one(random, "interim")]}, *([{"wait": 0.05}] if random.random() < 0.6 else [])]


def _head(random: Random, lines: Sequence[str], body: str = "") -> list[Step]:
    """A head, and what is behind it; ends of lines may be wrong, and it may come in two parts."""
    text = "\r\n".join(lines) + "\r\n\r\n"
    match random.choice(
        ("right",) * 16 + ("newlines", "returns", "one return", "before", "open", "parts", "parts")
    ):
        case "newlines":
            text = text.replace("\r\n", "\n")
        case "returns":
            text = text.replace("\r\n", "\r\r\n", 1)
        case "one return":
            text = text.replace("\r\n", "\r", 1)
        case "before":
            text = random.choice(("\r\n", "\n", " ", "x")) + text
        case "open":
            text = text[:-2]
        case "parts":
            at = random.randrange(len(text))
            if "}" not in text[at:]:
                return [{"send": text[:at]}, {"wait": 0.05}, {"send": text[at:] + body}]
    return [{"send": text + body}]


def _greeting(random: Random) -> list[Step]:
    return [
        *([{"wait": 0.05}] if random.random() < 0.7 else []),
        {"text": "hi"},
        {"close": 1000},
        *_end(random),
    ]


def _end(random: Random) -> list[Step]:
    match random.choice(("hold", "hold", "close", "end", "late end", "late reset")):
        case "hold":
            return [{"hold": random.choice((0.5, 1, 3))}]
        case "close":
            return [{"read-close": 2}]
        case "end":
            return []
        case "late end":
            return [{"hold": 0.2}]
    return [{"hold": 0.2}, "reset"]


def written(name: str, table: Mapping[str, Any]) -> str:
    """A table of the catalogue, as TOML."""
    steps = "\n".join(f"  {_toml(step)}," for step in table["steps"])
    page = f"page = {_toml(table['page'])}\n" if table.get("page") else ""
    return f'[{name}]\nabout = "headers"\nsummary = "Random."\n{page}steps = [\n{steps}\n]\n'


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("number", type=int, nargs="?", default=150)
    options = parser.parse_args()
    for name, table in scenarios(options.seed, options.number):
        print(written(name, table))


if __name__ == "__main__":
    main()
