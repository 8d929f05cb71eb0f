"""A report in pieces is the JSON that it is at once."""

from itertools import product

import pytest
from msgspec.structs import replace

from tests.cases import every
from tests.exchanges import exchange, plan
from tests.traced import traced
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Received
from wsprobe.history import read_as
from wsprobe.history.data import select
from wsprobe.read.frames import FRAMES_MAX
from wsprobe.recording.archive import ascii_json
from wsprobe.report.report import report
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import CHUNK, FEW, pieces

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\xe9: \x7f\r\n\r\n"


def heard(answer, specs="", readers=0):
    url = "ws://server.example/chat"
    made = report(exchange(plan(url), answer))
    engines = list(ENGINES.values())[:readers]
    return replace(
        made,
        views=tuple(engine.view(url, Page(), [made.reading]) for engine in engines),
        verdicts=tuple(read_as(made.reading, revision) for revision in select(specs)) if specs else (),
    )


def peak(value):
    """The memory that the pieces take, of which none is kept."""
    with traced() as memory:
        for _ in pieces(value):
            pass
    return memory.peak


@every(product([0, 1, 3], ["", "hybi-07,rfc6455,whatwg", "all"], [0, 1, FEW - 1, FEW, FEW + 1, 2 * FEW + 1]))
def test_it_is_the_same_text(of):
    readers, specs, frames = of
    value = report_value(heard(HEAD + b"\x81\x02\xc3\xa9" * frames, specs, readers))
    assert "".join(pieces(value)) == ascii_json(value).decode()


def test_no_piece_holds_much_of_a_flood():
    value = report_value(heard(HEAD + b"\x82\x7e\xff\xff" + b"x" * 0xFFFF, "all", 3))
    sizes = [len(piece) for piece in pieces(value)]
    assert sum(sizes) > 2 * CHUNK
    assert max(sizes) <= CHUNK


@pytest.mark.parametrize("size", [CHUNK // 2, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("count", [1, 9])
def test_long_fields_are_encoded_a_part_at_a_time(size, count):
    head = b"HTTP/1.1 101 A\r\n" + b"".join(b"x%d: %s\r\n" % (n, b"\xae" * size) for n in range(count))
    value = report_value(heard(head + b"\r\n"))
    assert "".join(pieces(value)) == ascii_json(value).decode()
    assert peak(value) < max(30 * CHUNK, 2.5 * len(head))


def test_no_large_part_of_a_long_session_is_encoded_at_once():
    made = heard(HEAD + b"\x82\x00" * FRAMES_MAX)  # what follows these is the rest of the session
    events = (*made.exchange.events, *[Received(4, b"\x82\x7e\x10\x00" + bytes(4096))] * 1000)
    value = report_value(report(replace(made.exchange, events=events, hops=(made.exchange,))))
    whole = ascii_json(value).decode()
    assert "".join(pieces(value)) == whole
    assert peak(value) < len(whole) / 10
