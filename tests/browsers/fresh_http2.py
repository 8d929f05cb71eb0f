"""Holds the views of Chromium and Firefox against scenarios over HTTP/2 that nobody has looked at yet.

``python -m tests.browsers.fresh_http2 SEED [NUMBER]`` makes scenarios, the same ones each time for a seed, and
has ``against_http2`` measure them. The server waits between what it sends, so that a rule is told from a race.
"""

import argparse
import tomllib
from pathlib import Path
from random import Random

import trio
from hpack import Encoder
from msgspec.structs import replace

from tests.browsers.against import each, hold
from tests.browsers.against_http2 import HTTP2
from tests.browsers.fresh_frames import random_close, random_frame
from wsprobe.browsers.engine import Page
from wsprobe.lab import load
from wsprobe.lab.steps import Pieces, http2_play
from wsprobe.read.http2_values import CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PADDED, PRIORITIZED

WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("ascii"))
GOOD = [
    {"headers": [[":status", "200"]]},
    {"wait": 0.1},
    {"hex": "81026869880203e8"},
    {"read-close": 2},
    "end-stream",
    {"hold": 1},
]
"""How a second request is answered."""
ERRORS = (0, 1, 2, 3, 5, 7, 7, 8, 10, 11, 13, 14, 99)
PAUSE = {"wait": 0.12}


def scenarios(seed, number):
    random = Random(seed)
    for index in range(number):
        yield scenario(random, f"fresh-http2-{seed}-{index}")


def scenario(random, name):
    """One server, from its first SETTINGS to the end of the connection."""
    protocols = random.choice((None, None, None, ("a",), ("a", "b")))
    play = [*_before(random), *_answer(random, protocols is not None), *_end(random)]
    return replace(
        load()["h2-on"],
        name=name,
        listener=random.choice(WORDS["listeners"]),
        http2=http2_play({"plays": [play, GOOD]}, Pieces({}, {})),
        page=Page(protocols=protocols),
    )


def _before(random):
    """What comes before the answer: mostly nothing that matters, sometimes the end."""
    while random.random() < 0.3:
        yield random.choice((*_frames(random), *_frames_before(random)))
        if random.random() < 0.6:
            yield PAUSE
    ends = (
        ({"rst-stream": random.choice(ERRORS)}, {"hold": 0.5}),
        (_goaway(random), PAUSE),
        (random.choice(("fin", "close-notify", "reset", "end-stream")),),
    )
    yield from random.choice((*((),) * 12, *ends))


def _answer(random, offered):
    """A block of fields; behind a 200 a session, behind anything else a body."""
    status = "200" if random.random() < 0.8 else random.choice(WORDS["statuses"])
    fields = [[":status", status], *random.sample(WORDS["fields"], random.choice((0, 0, 0, 1, 1, 2)))]
    if random.random() < (0.85 if offered else 0.05):
        fields.append(["sec-websocket-protocol", _one(random, "protocols")])
    if random.random() < 0.3:
        fields.append(["sec-websocket-extensions", _one(random, "extensions")])
    ends = random.random() < (0.04 if status == "200" else 0.5)
    yield from _block(random, fields, ends)
    if ends:
        return
    if status == "200":
        yield from ({"wait": 0.2}, *_session(random))
    elif random.random() < 0.6:
        yield from ({"hex": b"no such thing".hex()}, PAUSE)


def _block(random, fields, ends):
    """*fields* as one frame, as several, padded, or in place of them a block that is wrong."""
    coded = Encoder().encode([(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields])
    last = END_STREAM if ends else 0
    match random.choice((*("headers",) * 12, "several", "several", "padded", "padded", "wrong")):
        case "headers":
            yield {"headers": fields, "end-stream": ends}
        case "several":
            cut = random.randint(0, len(coded))
            yield {"frame": HEADERS, "stream": True, "flags": last, "payload": coded[:cut].hex()}
            if random.random() < 0.1:
                yield {"frame": 6, "payload": "0102030405060708"}
            yield {"frame": CONTINUATION, "stream": True, "flags": END_HEADERS, "payload": coded[cut:].hex()}
        case "padded":
            pad = random.randint(0, 20)
            first = random.choice((b"", b"\0\0\0\0\x10"))
            flags = END_HEADERS | PADDED | last | (PRIORITIZED if first else 0)
            payload = bytes([pad]) + first + coded + bytes(pad)
            yield {"frame": HEADERS, "stream": True, "flags": flags, "payload": payload.hex()}
        case "wrong":
            yield {"block": random.choice(WORDS["blocks"]), "end-stream": ends}


def _session(random):
    """WebSocket frames, cut into DATA frames anywhere, with other frames between."""
    data, inside = b"", False
    for _ in range(random.randint(0, 4)):
        coded, inside = random_frame(random, inside)
        data += coded
    data += random_close(random) if random.random() < 0.75 else b""
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.choice((0, 0, 1, 2))))
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        if random.random() < 0.2:
            yield from (random.choice((*_frames(random), *_frames_after(random))), PAUSE)
        pad = {"pad": random.randint(0, 255)} if random.random() < 0.15 else {}
        yield {"hex": data[start:stop].hex(), **pad}
        if random.random() < 0.5:
            yield PAUSE
    yield random.choice(({"read-close": 1.5}, {"read-close": 1.5}, {"wait": 0.3}))


def _end(random):
    """How the stream ends, and then the connection."""
    wrong = random.choice((["X-T", "1"], [":status", "200"], ["x-t", "a\0"], ["connection", "close"]))
    yield random.choice(
        (
            *("end-stream",) * 5,
            *({"rst-stream": random.choice(ERRORS)},) * 3,
            *({"headers": [["x-t", "1"]], "end-stream": True},) * 2,
            {"headers": [wrong], "end-stream": random.random() < 0.7},
            _goaway(random),
            PAUSE,
        )
    )
    yield {"wait": random.choice((0.3, 0.8, 2.4))}
    yield random.choice(("close-notify", "close-notify", "fin", "reset"))


def _frames(random):
    """Frames that most often change nothing, whenever they come."""
    ping = {"frame": 6, "payload": "0102030405060708"}
    yield from (ping, {**ping, "flags": 0xF0}, {**ping, "stream": True})
    yield from ({"frame": 8, "payload": "00000100"}, {"frame": 8, "stream": True, "payload": "00000100"})
    yield from ({"frame": 8, "payload": "80000001"}, {"frame": 4, "flags": 1}, {"hex": ""})
    yield from ({"settings": {}}, {"settings": {"4": random.choice((0, 10, 100_000))}}, {"settings": {"8": 1}})
    yield from ({"settings": {"1": random.choice((0, 50, 8192))}}, {"settings": {"0": 3, "2570": 5}})
    yield {"settings": {"5": random.choice((16384, 100_000, 16383))}}
    yield from ({"frame": 200, "payload": "ffff", "flags": 255}, {"frame": 77, "stream": True, "payload": "00"})
    yield {"frame": 2, "stream": True, "payload": random.choice(("0000000110", "8000000310"))}
    yield {"frame": 10, "stream": True, "payload": "0000" + b'h3=":443"'.hex()}
    yield from ({"frame": 12, "payload": "000568747470"}, {"frame": 16, "payload": "00000001752c69"})
    yield _goaway(random)


def _frames_before(random):
    """Frames that come before an answer."""
    yield {"headers": [[":status", random.choice(("100", "102", "103", "150"))], ["x-a", "b"]]}
    yield from ({"frame": 8, "stream": True, "payload": "7fff0000"}, {"hex": "8100"})


def _frames_after(random):
    """Frames that come into a session."""
    yield {"frame": 5, "stream": True, "flags": END_HEADERS, "payload": "0000000288"}
    yield {"frame": CONTINUATION, "stream": True, "flags": END_HEADERS}
    yield from ({"hex": "", "pad": random.randint(0, 20)}, {"settings": {"8": 0}})


def _goaway(random):
    return {"goaway": random.choice(("this", "this", "max", "prev", "zero")), "code": random.choice(ERRORS)}


def _one(random, name):
    """One of the words, the first of them every other time."""
    return WORDS[name][0] if random.random() < 0.5 else random.choice(WORDS[name])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("number", type=int, nargs="?", default=100)
    parser.add_argument("--engine", default="chromium,firefox", help="names, separated by commas")
    parser.add_argument("--times", type=int, default=3, help="how often one that differs is measured")
    parser.add_argument("--only", help="numbers of scenarios, separated by commas")
    options = parser.parse_args()
    made = list(scenarios(options.seed, options.number))
    if options.only:
        made = [made[int(number)] for number in options.only.split(",")]
    by_name = {scenario.name: scenario for scenario in made}
    trio.run(each, hold, options.engine.split(","), by_name, options.times, HTTP2)


if __name__ == "__main__":
    main()
