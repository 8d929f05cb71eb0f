"""Makes scenarios that nobody has looked at yet: ``python -m tests.browsers.fresh SEED [NUMBER] > FILE``.

``python -m tests.browsers.against FILE`` then holds the views against the engines. A seed makes the same
scenarios each time, so it shows something new once. The server reads while it waits, as most servers do, and
resets a connection only after a while: what depends on the moment alone shows no rule. It waits 0.2 s between
frames, longer than WebKitGTK holds an error back.
"""

import argparse
import json
import tomllib
from pathlib import Path
from random import Random

from tests.browsers.fresh_frames import RandomDeflater, message_in_pieces, random_close, random_frame

WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("ascii"))
DEFLATE = "permessage-deflate"
ACTS = (
    {"close": True},
    {"close": 1000, "reason": "x"},
    {"close": 4000},
    {"close": 3000, "reason": "\xe9"},
    {"close": 1001},
    {"close": True, "reason": "r"},
    {"close": 1000, "reason": "r" * 124},
    {"text": "t"},
)
TEXTS_SENT = ("", "t", "\xe9", "t" * 126, "t" * 70_000)
CLOSES_SENT = ({"close": True}, {"close": 1000}, {"close": 4999, "reason": "\xe9" * 61})
ENDS = (
    *([{"hold": seconds}] for seconds in (0.5, 1, 3)),
    [{"read-close": 2}],
    [],
    [{"hold": 0.2}],
    [{"hold": 0.2}, "reset"],
    [{"hold": 0.2}, "fin", {"hold": 0.5}],
)
"""The server stays, reads until the page has closed, ends the connection at once or later, resets it, or ends
only its own side."""
HEAD_SIZES = (4000, 8000, 16_200, 17_000, 33_000, 65_000, 66_000, 131_000, 200_000, 262_500, 400_000, 600_000)
HEAD_LINES = (60, 96, 101, 129, 200, 257, 400, 1000, 2100, 4200)


def scenarios(seed, number):
    """*number* scenarios by name, as tables of the catalogue."""
    random = Random(seed)
    kinds = (
        *(refusal, refusal, body, upgrade, upgrade, damaged, session, session, session, messages, messages),
        *(compressed, compressed, extended, large, talking, broken_off),
    )
    for index in range(number):
        kind = random.choice(kinds)
        yield f"fresh-{seed}-{index}-{kind.__name__.replace('_', '-')}", kind(random)


def refusal(random):
    """Some answer that is no 101, with some body."""
    lines = [f"{_one(random, 'versions')} {random.choice(WORDS['statuses'])}"]
    lines += random.sample(WORDS["fields"], random.choice((0, 1, 1, 2, 2, 3)))
    return {"steps": [*_before(random), *_head(random, lines, _one(random, "bodies")), *_end(random)]}


def body(random):
    """A refusal whose body has a length, is chunked or is neither, right or wrong, in one segment or more."""
    lines = [f"HTTP/1.1 {random.choice(WORDS['statuses'][:15])}"]
    framing = random.choice(("chunked", "chunked", "chunked", "length", "both", "neither"))
    lines += ["Content-Type: text/html"] if random.random() < 0.5 else []
    lines += [f"Connection: {random.choice(('close', 'keep-alive'))}"] if random.random() < 0.3 else []
    if framing in ("length", "both"):
        lines.append(f"Content-Length: {random.choice((0, 2, 4, 600, 5000))}")
    if framing in ("chunked", "both"):
        lines.append("Transfer-Encoding: chunked")
    text = "".join(_chunks(random)) if framing == "chunked" else "y" * random.choice((0, 2, 4, 600, 5000))
    steps = _split(random, "\r\n".join(lines) + "\r\n\r\n" + text)
    return {"steps": [*steps, *_end(random)]}


def _chunks(random):
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        data = "z" * random.choice((1, 2, 15, 16, 600))
        size = random.choice(
            (f"{len(data):x}",) * 8 + (f"{len(data):X}", f"0{len(data):x}", f" {len(data):x}", "g")
        )
        yield size + random.choice(("",) * 6 + (" ", ";", ";a=b", ';a="b"', "x", "\t"))
        yield random.choice(("\r\n",) * 10 + ("\n", "\r", "\r\r\n")) + data
        yield random.choice(("\r\n",) * 10 + ("\n", "", "x\r\n"))
    last = random.choice(("0\r\n",) * 8 + ("0;a=b\r\n", "000\r\n", "0\n", "", "-1\r\n"))
    yield last + (
        random.choice(("",) * 4 + ("X-T: a\r\n", "X T: a\r\n", "no colon\r\n")) + "\r\n" if last else ""
    )


def upgrade(random):
    """A 101 that has all that it should, or something else; then a greeting."""
    fields = [_one(random, name) for name in ("upgrade", "connection", "accept")]
    fields += random.sample(WORDS["fields"], random.choice((0, 0, 0, 1, 1)))
    page = {"protocols": random.choice((["a"], ["a", "b"], "a"))} if random.random() < 0.4 else {}
    if random.random() < (0.7 if page else 0.1):
        fields.append(f"Sec-WebSocket-Protocol: {_one(random, 'protocols')}")
    random.shuffle(fields)
    lines = [_one(random, "lines"), *filter(None, fields)]
    return {"steps": [*_before(random), *_head(random, lines), *_greeting(random)], "page": page}


def damaged(random):
    """A good 101 of which one or two lines are written as no server should."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: {accept}",
        "X-A: b",
    ]
    ends = ["\r\n"] * len(lines)
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(len(lines))
        line = lines[at]
        match random.choice(
            ("end", "end", "end", "space", "fold", "twice", "case", "byte", "start", "trail", "gone")
        ):
            case "end":
                ends[at] = random.choice(("\n", "\r", "\r\r\n", "\n\n", " \r\n", "\0\r\n"))
            case "space":
                lines[at] = line.replace(":", random.choice((" :", "\t:", "  :")), 1)
            case "fold":
                lines[at] = line.replace(
                    " ", random.choice(("\r\n ", "\r\n\t", "\n ", " \r\n ", "\r\n  \r\n ")), 1
                )
            case "twice":
                lines[at] = line + "\r\n" + random.choice((line, line.partition(":")[0] + ": x", line + "x"))
            case "case":
                lines[at] = line.swapcase() if "{" not in line else line.replace("Accept", "ACCEPT")
            case "byte":
                where = random.randrange(len(line.partition("{")[0]) + 1)
                lines[at] = line[:where] + random.choice('\0\x01\x0b\x7f\xe9"(,;:= \t\r\n') + line[where:]
            case "start":
                lines[at] = random.choice((" ", "\t", ":", "\0")) + line
            case "trail":
                lines[at] = line + random.choice((" ", "\t", ",", ", x", ";x", "\x0b", "\x0c", "\xa0"))
            case "gone":
                lines[at] = "X-B: c"
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    return {"steps": [*_split(random, text + "\r\n"), *_greeting(random)]}


def large(random):
    """A head with a long line or many lines, a 101 or not."""
    opens = random.random() < 0.7
    first = "{good}" if opens else "HTTP/1.1 403 Forbidden\r\nContent-Length: 0"
    if random.random() < 0.6:
        size = random.choice(HEAD_SIZES) + random.randint(-300, 300)
        steps = [
            {"send": first + "\r\nX-Big: "},
            {"send": "a", "repeat": size},
            {"send": "\r\n\r\n"},
        ]
    else:
        count = random.choice(HEAD_LINES) + random.randint(-4, 4)
        steps = [{"send": first + "\r\n"}, {"send": "X-H{number}: v\r\n", "repeat": count}, {"send": "\r\n"}]
    return {"steps": [*steps, *(_greeting(random) if opens else _end(random))]}


def talking(random):
    """A page that sends; a server that sends everything back, reads some of it, or none."""
    texts = [{"text": random.choice(TEXTS_SENT)} for _ in range(random.choice((1, 2, 3)))]
    closes = [dict(random.choice(CLOSES_SENT))]
    later = [{**closes[0], "after": 0.4}]
    closing = random.choice(({"open": [*texts, *closes]}, {"message": closes}, {"time": later}, {}))
    page = {"open": texts} | closing
    answer = random.choice(({"echo": 1.5}, {"echo": 1.5}, {"read-frame": 1}, {"read-close": 2}, {"hold": 0.8}))
    after = random.choice(([], [{"close": 1000}], [{"text": "late"}, {"close": 4000}], ["echo-close"]))
    return {"steps": ["open", {"wait": 0.05}, answer, *after, *_end(random)], "page": page}


def broken_off(random):
    """An answer or a session that stops in the middle, by an end, a reset or half an end."""
    made = random.choice((refusal, body, upgrade, session, messages, compressed))(random)
    steps = [step for step in made["steps"] if step != "reset" and not _is_long(step)]
    del steps[random.randint(1, len(steps)) :]
    last = steps[-1]
    if isinstance(last, dict) and "hex" in last and len(last["hex"]) > 2:
        steps[-1] = {"hex": last["hex"][: 2 * random.randrange(1, len(last["hex"]) // 2)]}
    if isinstance(last, dict) and "send" in last and len(last) == 1:
        steps[-1] = {"send": random.choice(list(_prefixes(last["send"])))}
    ends = (
        [{"hold": 0.2}],
        [{"hold": 0.2}, "reset"],
        ["fin", {"hold": 0.5}],
        [{"hold": 0.1}, "fin", {"hold": 0.3}, "reset"],
    )
    return {"steps": [*steps, *random.choice(ends)], "page": made.get("page", {})}


def _is_long(step):
    return isinstance(step, dict) and ("hold" in step or "read-close" in step)


def _prefixes(text):
    """Where *text* can be cut: not in a field, which is filled in later."""
    found = [at for at in range(1, len(text) + 1) if text[:at].count("{") == text[:at].count("}")]
    yield from (text[:at] for at in found)


def extended(random):
    """A 101 with some extension; then a greeting."""
    value = _one(random, "extensions")
    if random.random() < 0.6:
        value = "; ".join((DEFLATE, *random.choices(WORDS["parameters"], k=random.choice((1, 1, 2)))))
    return {"steps": [_agreed(value), *_greeting(random)]}


def session(random):
    """Frames, most of them good, and script that may close or send meanwhile."""
    steps = ["open", *([{"wait": 0.05}] if random.random() < 0.8 else [])]
    inside = False
    for _ in range(random.choice((1, 2, 2, 3, 4))):
        data, inside = random_frame(random, inside)
        steps += _in_segments(random, data)
        steps += [{"wait": 0.2}] if random.random() < 0.5 else []
    steps += [{"hex": random_close(random).hex()}] if random.random() < 0.7 else []
    return {"steps": [*steps, *_end(random)], "page": _acting(random)}


def messages(random):
    """Messages in pieces."""
    steps = ["open", {"wait": 0.05}]
    for _ in range(random.choice((1, 1, 2, 3))):
        for data in message_in_pieces(random):
            steps += _in_segments(random, data)
            steps += [{"wait": 0.2}] if random.random() < 0.2 else []
    steps += [{"hex": random_close(random).hex()}] if random.random() < 0.8 else []
    return {"steps": [*steps, *_end(random)], "page": _acting(random)}


def compressed(random):
    """Messages with permessage-deflate, most of them good."""
    bits = random.choice((15, 15, 15, 15, 9, 10, 12))
    agreed = bits if random.random() < 0.9 else random.choice((9, 15))
    fresh = random.random() < 0.5
    value = DEFLATE
    value += "; server_no_context_takeover" if fresh == (random.random() < 0.95) else ""
    value += f"; server_max_window_bits={agreed}" if agreed != 15 or random.random() < 0.1 else ""
    value += "; client_no_context_takeover" if random.random() < 0.2 else ""
    steps = [_agreed(value), {"wait": 0.05}]
    deflater = RandomDeflater(random, bits, fresh)
    for _ in range(random.choice((1, 1, 2, 3))):
        for data in deflater.message():
            steps += _in_segments(random, data)
            steps += [{"wait": 0.2}] if random.random() < 0.2 else []
    steps += [{"close": 1000}] if random.random() < 0.6 else []
    return {"steps": [*steps, *_end(random)]}


def _in_segments(random, data):
    """*data*, mostly at once."""
    if len(data) < 2 or random.random() < 0.85:
        return [{"hex": data.hex()}]
    at = random.randrange(1, min(len(data), 20))
    return [{"hex": data[:at].hex()}, {"wait": 0.2}, {"hex": data[at:].hex()}]


def _acting(random):
    """A page that closes or sends once, at some time; mostly one that does nothing."""
    if random.random() >= 0.3:
        return {}
    return {random.choice(("open", "message", "created")): [random.choice(ACTS)]}


def _one(random, name):
    """One of the words, the first of them every other time."""
    words = WORDS[name]
    return words[0] if random.random() < 0.5 else random.choice(words)


def _agreed(extensions):
    return {"head": ["{good}", f"Sec-WebSocket-Extensions: {extensions}"]}


def _before(random):
    """What comes before the answer itself: nothing, mostly."""
    if random.random() < 0.85:
        return [{"wait": 0.05}] if random.random() < 0.2 else []
    steps = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        steps += [{"head": [_one(random, "interim")]}, *([{"wait": 0.05}] if random.random() < 0.6 else [])]
    return steps


def _head(random, lines, body=""):
    """A head, and what is behind it; ends of lines may be wrong, and it may come in several parts."""
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


def _split(random, text):
    """*text* in one segment, two or many."""
    match random.choice(("one", "one", "two", "many")):
        case "two":
            first = random.choice(list(_prefixes(text)))
            if first != text:
                return [{"send": first}, {"wait": 0.05}, {"send": text[len(first) :]}]
        case "many":
            return [{"send": text, "by": max(2, len(text) // random.randint(2, 12)), "pause": 0.03}]
    return [{"send": text}]


def _greeting(random):
    return [
        *([{"wait": 0.05}] if random.random() < 0.7 else []),
        {"text": "hi"},
        {"close": 1000},
        *_end(random),
    ]


def _end(random):
    return random.choice(ENDS)


def written(name, table):
    """A table of the catalogue, as TOML."""
    steps = "\n".join(f"  {_toml(step)}," for step in table["steps"])
    page = f"page = {_toml(table['page'])}\n" if table.get("page") else ""
    return f'[{name}]\nabout = "headers"\nsummary = "Random."\n{page}steps = [\n{steps}\n]\n'


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("number", type=int, nargs="?", default=150)
    options = parser.parse_args()
    for name, table in scenarios(options.seed, options.number):
        print(written(name, table))


if __name__ == "__main__":
    main()
