"""Whatever a saved recording has been turned into: it is refused in one line, or every reader bears it.

Seeded: the same mutations on every run. ``WSPROBE_TESTS=all`` makes more of them.
"""

import json
import re
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from tests.cases import EXAMPLES
from tests.exchanges import plan
from wsprobe.browsers import ENGINES
from wsprobe.cli.compare import tellables
from wsprobe.cli.readers import Readers, as_is, reached, status
from wsprobe.history import read_as_each
from wsprobe.history.data import select
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.recording import archive
from wsprobe.recording.archive import ArchiveError
from wsprobe.recording.redaction import redact
from wsprobe.report.report import report
from wsprobe.report.result import engine_answer
from wsprobe.show import as_json, har, html, json_text, markdown, report_file, write_out
from wsprobe.show.compare import comparison, difference
from wsprobe.show.connection import waterfall
from wsprobe.show.lines import Look, plain, width_of
from wsprobe.show.report import handshake
from wsprobe.show.verbose import event

KEPT = (Path(__file__).parents[1] / "files" / "format-2-events.json").read_text()
SCENARIOS = ("status-403", "close-4403", "accept-wrong", "redirect-302", "100-then-101", "deflate-stream")
ROUNDS = 8
LOOK = Look(width=100, verbose=2)
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What does something on a terminal; a tab of a body stays one."""
REVISIONS = select("all")
READERS = Readers(tuple(ENGINES))

ODD = (
    *(None, True, -1, 0, 1, 999, 65535, 65536, 2**31, 2**53, 10**30, 0.5, 1e308, [], {}, ["a"]),
    *("", "x", "\ud800", "\x00\x1b[31m\n", "\u20ac", "inf", "1.3", "999.9", "::1", "a:b@c", "%zz", "x" * 300),
    *(
        "ws://[::1",
        "http://a b/",
        "wss://\u00e9.example/%",
        "socks5h://u@h:1",
        "hybi-04",
        "hixie-75",
        "hixie-76",
    ),
    *("hybi-07", "hybi-99", "fin", "reset", "local", "timeout", "limit", "interrupted", "error", "truncated"),
    # Base64: a 101; a frame; "HTTP/"; nothing that makes sense.
    *("SFRUUC8xLjEgMTAxIHgNCg0K", "gQJoaQ==", "SFRUUC8=", "AP+A/w=="),
)


@cache
def saved():
    """Recordings as they are kept, as JSON."""
    return KEPT, *(archive.dump(play(find(name), plan(place(find(name)).address))) for name in SCENARIOS)


def places(value, path=()):
    """The path of every value inside *value*."""
    if path:
        yield path
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(item, (*path, key))


def mutated(chance, value):
    """Change one thing in *value*."""
    path = chance.choice(list(places(value)))
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    key = path[-1]
    match chance.randrange(4):
        case 0 | 1:
            holder[key] = chance.choice(ODD)
        case 2:
            del holder[key]
        case 3 if isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), holder[key])
            chance.shuffle(holder)
        case _:
            same = [
                item
                for item in (ODD if isinstance(holder[key], (str, int)) else ())
                if type(item) is type(holder[key])
            ]
            holder[key] = chance.choice(same or [holder[key]])


def loaded(text):
    try:
        return archive.load(text), ""
    except ArchiveError as error:
        return None, str(error)


def read_in_every_way(exchange):
    for one in (exchange, redact(exchange)):
        made = report(one)
        made = replace(
            made,
            verdicts=read_as_each(made.reading, REVISIONS),
            views=as_is(made, READERS),
            answers=(engine_answer(made.reading, made.verdict, made.outcome),) * len(ENGINES),
        )
        assert RAW.search(plain(handshake(made, LOOK))) is None
        difference([made, made], LOOK)
        comparison([made, made], tellables([made, made]), LOOK)
        status([reached(made)])
        for each in one.events:
            event(each, LOOK)
        write_out.write_out("".join(f"%{{{name}}}" for name in write_out.VARIABLES), made)
        part = report_file.part(made, as_is=True)
        for text in (html.part(part, 0), markdown.part(part, 0)):
            assert RAW.search(text) is None
        json.loads(b"".join(har.document([b",".join(b"".join(each) for each in har.entries(made))])))
        told_apart = as_json.tellable_value(tellables([made, made]), ["a", "b"])
        line = "".join(json_text.pieces(as_json.report_value(made, told_apart)))
        assert archive.load(line) == one


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_an_odd_recording_is_refused_or_borne(seed):
    chance = Random(seed)
    borne = refused = 0
    for _ in range(EXAMPLES):
        value = json.loads(chance.choice(saved()))
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            mutated(chance, value)
        exchange, complaint = loaded(json.dumps(value))
        if exchange is None:
            refused += 1
            assert complaint.isprintable()
            assert len(complaint) < 250
        else:
            borne += 1
            read_in_every_way(exchange)
    assert borne > EXAMPLES // 20
    assert refused > EXAMPLES // 20


@pytest.mark.parametrize("started", ["\x1b[31m\n", "1.3", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00", ""])
def test_a_recording_says_any_time_for_its_start(started):
    value = json.loads(saved()[2])
    value["started"] = started
    value["events"][-1]["at"] = 2**53
    exchange, _ = loaded(json.dumps(value))
    read_in_every_way(exchange)


def test_times_in_no_order_are_drawn_in_the_room_that_there_is():
    value = json.loads(saved()[2])
    for event_, at in zip(value["events"], (10**9, 0, 5, 1), strict=False):
        event_["at"] = at
    exchange, _ = loaded(json.dumps(value))
    assert all(width_of(row) < 100 for row in waterfall(report(exchange).reading, LOOK))
