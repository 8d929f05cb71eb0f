"""Over HTTP/2, frame by frame and field by field: what Chromium, Firefox and the letter make of each, with a
case at every limit and one past it. The engines know the server: a session was there before."""

from __future__ import annotations

from operator import itemgetter

from hpack import Encoder
from msgspec.structs import replace

from tests.cases import every, named
from tests.http2.lines import STREAM
from tests.http2.test_read import ON, answer, block, exchange
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page, until_end
from wsprobe.exchange import Act
from wsprobe.read import read
from wsprobe.read.http2_values import PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS
from wsprobe.wire.http2 import data, frame, goaway, headers, rst_stream, settings, window_update

UNKNOWN, CONTINUATION, GOAWAY = 0xEE, 9, 7
END_HEADERS, ACK = 4, 1
OK = answer(b"200")
BYE, HI = data(STREAM, b"\x88\x02\x03\xe8"), data(STREAM, b"\x81\x02hi")
MOST = 2**31 - 1


def trailed(*fields, end=True):
    """An answer, and fields behind it."""
    encoder = Encoder()
    opened = headers(STREAM, block((b":status", b"200"), encoder=encoder))
    return opened, headers(STREAM, block(*fields, encoder=encoder), end_stream=end)


PIECES = {
    "open": (ON, OK, HI, BYE),
    "not on": (settings([(3, 100)]), OK, BYE),
    "not on, then on": (settings([(3, 100)]), ON, OK, BYE),
    "on twice": (ON, ON, OK, BYE),
    "on by 2": (settings([(8, 2)]), OK, BYE),
    "off again": (ON, settings([(8, 0)]), OK, BYE),
    "off twice": (settings([(8, 0)]), settings([(8, 0)]), OK, BYE),
    **{f"frame size {n}": (settings([(8, 1), (5, n)]), OK, BYE) for n in (16383, 16384, 16777215, 16777216)},
    **{f"window {n}": (settings([(8, 1), (4, n)]), OK, BYE) for n in (0, MOST, MOST + 1)},
    "window update 0": (ON, window_update(STREAM, 0), OK, BYE),
    "window update conn 0": (ON, window_update(0, 0), OK, BYE),
    "window update max": (ON, window_update(STREAM, MOST - 65535), OK, BYE),
    "window update past": (ON, window_update(STREAM, MOST + 1 - 65535), OK, BYE),
    "conn update max": (ON, window_update(0, MOST - 65535), OK, BYE),
    "conn update past": (ON, window_update(0, MOST + 1 - 65535), OK, BYE),
    "other update past": (ON, window_update(STREAM + 2, MOST), window_update(STREAM + 2, MOST), OK, BYE),
    "open, update past": (ON, OK, window_update(STREAM, MOST + 1 - 65535), BYE),
    "settings 5 bytes": (ON, frame(SETTINGS, 0, 0, b"12345"), OK, BYE),
    "settings ack": (ON, frame(SETTINGS, ACK, 0), OK, BYE),
    "settings ack 6": (ON, frame(SETTINGS, ACK, 0, b"123456"), OK, BYE),
    "ping 8": (ON, frame(PING, 0, 0, b"12345678"), OK, BYE),
    "ping 7": (ON, frame(PING, 0, 0, b"1234567"), OK, BYE),
    "ping ack": (ON, frame(PING, ACK, 0, b"12345678"), OK, BYE),
    "priority 5": (ON, frame(PRIORITY, 0, STREAM, b"12345"), OK, BYE),
    "priority 4": (ON, frame(PRIORITY, 0, STREAM, b"1234"), OK, BYE),
    "an rst of 5 bytes": (ON, frame(RST_STREAM, 0, STREAM, b"12345"), OK, BYE),
    "a push": (ON, frame(PUSH_PROMISE, END_HEADERS, STREAM, b"\0\0\0\2"), OK, BYE),
    "an unknown frame": (ON, frame(UNKNOWN, 0, STREAM, b"x"), OK, BYE),
    "big unknown 16384": (ON, frame(UNKNOWN, 0, 0, b"x" * 16384), OK, BYE),
    "big unknown 16385": (ON, frame(UNKNOWN, 0, 0, b"x" * 16385), OK, BYE),
    "continuation of nothing": (ON, frame(CONTINUATION, END_HEADERS, STREAM, b""), OK, BYE),
    **{f"rst {n}": (ON, rst_stream(STREAM, n)) for n in (0, 1, 2, 7, 8, 13)},
    **{f"open rst {n}": (ON, OK, rst_stream(STREAM, n)) for n in (0, 1, 7, 8, 13)},
    "rst of another stream": (ON, rst_stream(STREAM + 2, 7), OK, BYE),
    **{
        f"goaway {last} {n}": (
            ON,
            goaway(last, n),
        )
        for last in (0, 1, 3)
        for n in (0, 1, 13)
    },
    "goaway 1, answer": (ON, goaway(1, 0), OK, BYE),
    "goaway 0, answer": (ON, goaway(0, 0), OK, BYE),
    "open, goaway 0 0": (ON, OK, goaway(0, 0)),
    "a goaway of 7 bytes": (ON, frame(GOAWAY, 0, 0, b"1234567"), OK, BYE),
    "data first": (ON, data(STREAM, b"x"), OK, BYE),
    "empty data first": (ON, data(STREAM, b""), OK, BYE),
    "empty data end first": (ON, data(STREAM, b"", end_stream=True), OK, BYE),
    "data other": (ON, data(STREAM + 2, b"x"), OK, BYE),
    "interim": (ON, answer(b"100"), OK, BYE),
    "interim 103": (ON, answer(b"103"), OK, BYE),
    "interim 199": (ON, answer(b"199"), OK, BYE),
    "interim end": (ON, answer(b"100", end_stream=True), OK, BYE),
    **{
        f"status {s.decode()}": (ON, answer(s))
        for s in (
            b"101",
            b"0200",
            b"+200",
            b"20",
            b"1000",
            b"",
            b"x",
            b"2147483647",
            b"2147483648",
            b"201",
            b"204",
            b"401",
            b"407",
            b"99",
            b"403",
            b"-200",
            b"00000000200",
            b"000000000200",
        )
    },
    **{f"status end {s.decode()}": (ON, answer(s, end_stream=True)) for s in (b"200", b"403", b"101")},
    "no status": (ON, headers(STREAM, block((b"a", b"b")))),
    "two status": (ON, headers(STREAM, block((b":status", b"200"), (b":status", b"200")))),
    "status behind": (ON, headers(STREAM, block((b"a", b"b"), (b":status", b"200")))),
    "other pseudo": (ON, headers(STREAM, block((b":status", b"200"), (b":x", b"200")))),
    "a capital letter": (ON, answer(b"200", (b"A", b"b"))),
    "empty name": (ON, answer(b"200", (b"", b"b"))),
    "value nul": (ON, answer(b"200", (b"a", b"b\0"))),
    "value tab": (ON, answer(b"200", (b"a", b"b\tc"))),
    "value 1f": (ON, answer(b"200", (b"a", b"b\x1fc"))),
    "value 7f": (ON, answer(b"200", (b"a", b"b\x7fc"))),
    "value lf": (ON, answer(b"200", (b"a", b"b\nc"))),
    "value space": (ON, answer(b"200", (b"a", b" b "))),
    "transfer-encoding": (ON, answer(b"200", (b"transfer-encoding", b"chunked")), BYE),
    "connection": (ON, answer(b"200", (b"connection", b"x")), BYE),
    "upgrade": (ON, answer(b"200", (b"upgrade", b"x")), BYE),
    "locations": (ON, answer(b"200", (b"location", b"x"), (b"location", b"y")), BYE),
    "location twice": (ON, answer(b"200", (b"location", b"x"), (b"location", b"x")), BYE),
    "protocol": (ON, answer(b"200", (b"sec-websocket-protocol", b"z")), BYE),
    "trailers": (ON, *trailed((b"a", b"b"))),
    "trailers not end": (ON, *trailed((b"a", b"b"), end=False)),
    "trailers not end, data": (ON, *trailed((b"a", b"b"), end=False), HI),
    "trailers twice": (
        ON,
        *trailed((b"a", b"b"), end=False),
        headers(STREAM, block((b"c", b"d")), end_stream=True),
    ),
    "data end": (ON, OK, data(STREAM, b"\x81\x02hi", end_stream=True)),
    "close data end": (ON, OK, BYE, data(STREAM, b"", end_stream=True)),
    "no answer": (ON,),
    "nothing": (),
    "403 body": (ON, answer(b"403"), data(STREAM, b"x" * 600)),
    "403 body typed": (ON, answer(b"403", (b"content-type", b"a/b")), data(STREAM, b"x")),
    "403 body end": (ON, answer(b"403"), data(STREAM, b"x", end_stream=True)),
}

TOLD = """
open | open hi 1000 | open hi 1000 | open hi 1000
not on | open 1000 | open 1000 | open 1000
not on, then on | open 1000 | open 1000 | open 1000
on twice | open 1000 | open 1000 | open 1000
on by 2 | unloaded | unloaded | open 1000
off again | unloaded | unloaded | open 1000
off twice | open 1000 | open 1000 | open 1000
frame size 16383 | open 1000 | unloaded | open 1000
frame size 16384 | open 1000 | open 1000 | open 1000
frame size 16777215 | open 1000 | open 1000 | open 1000
frame size 16777216 | open 1000 | unloaded | open 1000
window 0 | open 1000 | open | open 1000
window 2147483647 | open 1000 | open 1000 | open 1000
window 2147483648 | open 1000 | open 1000 | open 1000
window update 0 | ! 1006? | ! 1006? | open 1000
window update conn 0 | ! 1006? | ! 1006? | open 1000
window update max | open 1000 | open 1000 | open 1000
window update past | ! 1006? | ! 1006? | open 1000
conn update max | open 1000 | open 1000 | open 1000
conn update past | ! 1006? | ! 1006? | open 1000
other update past | open 1000 | open 1000 | open 1000
open, update past | open 1006? | open ! 1006? | open 1000
settings 5 bytes | unloaded | unloaded | open 1000
settings ack | open 1000 | open 1000 | open 1000
settings ack 6 | unloaded | unloaded | open 1000
ping 8 | open 1000 | open 1000 | open 1000
ping 7 | ! 1006? | ! 1006? | open 1000
ping ack | ! 1006? | open 1000 | open 1000
priority 5 | open 1000 | open 1000 | open 1000
priority 4 | ! 1006? | ! 1006? | open 1000
an rst of 5 bytes | ! 1006? | ! 1006? | open 1000
a push | ! 1006? | ! 1006? | open 1000
an unknown frame | open 1000 | open 1000 | open 1000
big unknown 16384 | open 1000 | open 1000 | open 1000
big unknown 16385 | ! 1006? | ! 1006? | open 1000
continuation of nothing | ! 1006? | ! 1006? | open 1000
rst 0 | ! 1006? | ! 1006? | ! 1006?
rst 1 | ! 1006? | ! 1006? | ! 1006?
rst 2 | ! 1006? | ! 1006? | ! 1006?
rst 7 | follows 2 | ! 1006? | ! 1006?
rst 8 | ! 1006? | ! 1006? | ! 1006?
rst 13 | follows | ! 1006? | ! 1006?
open rst 0 | open 1006? | open ! 1006? | open ! 1006?
open rst 1 | open 1006? | open ! 1006? | open ! 1006?
open rst 7 | open 1006? | open ! 1006? | open ! 1006?
open rst 8 | open 1006? | open ! 1006? | open ! 1006?
open rst 13 | open 1006? | open ! 1006? | open ! 1006?
rst of another stream | open 1000 | open 1000 | open 1000
goaway 0 0 | follows | ! 1006? | ! 1006?
goaway 0 1 | ! 1006? | ! 1006? | ! 1006?
goaway 0 13 | follows | ! 1006? | ! 1006?
goaway 1 0 | connecting | connecting | connecting
goaway 1 1 | connecting | connecting | connecting
goaway 1 13 | follows | connecting | connecting
goaway 3 0 | connecting | connecting | connecting
goaway 3 1 | connecting | connecting | connecting
goaway 3 13 | follows | connecting | connecting
goaway 1, answer | open 1000 | open 1000 | open 1000
goaway 0, answer | follows | open 1000 | open ! 1006?
open, goaway 0 0 | open 1006? | open | open ! 1006?
a goaway of 7 bytes | ! 1006? | ! 1006? | open 1000
data first | ! 1006? | ! 1006? | open 1000
empty data first | open 1000 | open 1000 | open 1000
empty data end first | ! 1006? | ! 1006? | open ! 1006?
data other | open 1000 | open 1000 | open 1000
interim | open 1000 | open 1000 | open 1000
interim 103 | ! 1006? | open 1000 | open 1000
interim 199 | open 1000 | open 1000 | open 1000
interim end | ! 1006? | ! 1006? | open ! 1006?
status 101 | ! 1006? | ! 1006? | ! 1006?
status 0200 | ! 1006? | ! 1006? | ! 1006?
status +200 | open | ! 1006? | ! 1006?
status 20 | ! 1006? | ! 1006? | ! 1006?
status 1000 | ! 1006? | ! 1006? | ! 1006?
status  | ! 1006? | ! 1006? | ! 1006?
status x | ! 1006? | ! 1006? | ! 1006?
status 2147483647 | ! 1006? | ! 1006? | ! 1006?
status 2147483648 | ! 1006? | ! 1006? | ! 1006?
status 201 | ! 1006? | ! 1006? | ! 1006?
status 204 | ! 1006? | ! 1006? | ! 1006?
status 401 | ! 1006? | ! 1006? | ! 1006?
status 407 | ! 1006? | ! 1006? | ! 1006?
status 99 | ! 1006? | ! 1006? | ! 1006?
status 403 | ! 1006? | ! 1006? | ! 1006?
status -200 | open | ! 1006? | ! 1006?
status 00000000200 | ! 1006? | ! 1006? | ! 1006?
status 000000000200 | ! 1006? | ! 1006? | ! 1006?
status end 200 | open 1006? | 1006? | open ! 1006?
status end 403 | ! 1006? | ! 1006? | ! 1006?
status end 101 | ! 1006? | ! 1006? | ! 1006?
no status | ! 1006? | ! 1006? | ! 1006?
two status | ! 1006? | open | ! 1006?
status behind | ! 1006? | ! 1006? | ! 1006?
other pseudo | open | ! 1006? | ! 1006?
a capital letter | ! 1006? | ! 1006? | ! 1006?
empty name | ! 1006? | ! 1006? | ! 1006?
value nul | ! 1006? | ! 1006? | ! 1006?
value tab | open | open | open
value 1f | ! 1006? | open | open
value 7f | ! 1006? | open | open
value lf | ! 1006? | ! 1006? | ! 1006?
value space | open | open | ! 1006?
transfer-encoding | ! 1006? | open 1000 | ! 1006?
connection | open 1000 | open 1000 | ! 1006?
upgrade | open 1000 | open 1000 | ! 1006?
locations | ! 1006? | ! 1006? | open 1000
location twice | open 1000 | open 1000 | open 1000
protocol | ! 1006? | open 1000 | ! 1006?
trailers | open 1006? | 1006? | open ! 1006?
trailers not end | open | open ! 1006? | open
trailers not end, data | open 1006? | open ! 1006? | open hi
trailers twice | open 1006? | open ! 1006? | open ! 1006?
data end | open hi 1006? | 1006? | open hi ! 1006?
close data end | open 1000 | open 1000? | open 1000
no answer | connecting | connecting | connecting
nothing | connecting | connecting | connecting
403 body | ! 1006? | ! 1006? | ! 1006?
403 body typed | ! 1006? | ! 1006? | ! 1006?
403 body end | ! 1006? | ! 1006? | ! 1006?
"""
"""Case, and what script is told in Chromium, in Firefox, and by the letter of the WHATWG text: ``!`` is an
error, a number the code of ``close``, with a question mark where that was not clean; without an event, the
outcome."""


def told(view):
    """What script is told until the recording ends."""
    view = until_end(view)
    words = {"error": "!"}
    heard = []
    for event in view.events:
        if event.type == "close":
            heard.append(f"{event.code}{'' if event.was_clean else '?'}")
        else:
            heard.append(str(event.data) if event.type == "message" else words.get(event.type, event.type))
    return " ".join(heard) or view.outcome + (" 2" if "REFUSED_STREAM" in view.because else "")


@every(named((line.split(" | ") for line in TOLD.strip().splitlines()), itemgetter(0)))
def test_what_script_is_told(line):
    name, *expected = line
    reading = read(exchange(*PIECES[name]))
    url = reading.exchange.plan.target.url
    page = Page(url.replace("wss", "https"), http="2")
    views = [ENGINES[engine].view(url, page, [reading]) for engine in ("chromium", "firefox", "whatwg")]
    assert [told(view) for view in views] == expected


def test_every_case_is_told_of():
    assert [line.split(" | ")[0] for line in TOLD.strip().splitlines()] == list(PIECES)


@every(
    {
        "on": ((ON,), "open"),
        "off, then on": ((settings([(3, 100)]), ON), "follows"),
        "off": ((settings([]),), "follows"),
    }
)
def test_the_first_settings_decide_where_firefox_does_not_know_the_server(case):
    announced, outcome = case
    reading = read(exchange(*announced, OK))
    assert ENGINES["firefox"].view(reading.exchange.plan.target.url, Page(), [reading]).outcome == outcome


def test_what_is_announced_to_the_server():
    """As both were measured to ask."""
    page = Page("https://h.example/", http="2")
    expected = {
        "chromium": ((1, 65536), (2, 0), (4, 6291456), (6, 262144)),
        "firefox": ((1, 65536), (2, 0), (4, 131072), (5, 16384)),
    }
    for name, announced in expected.items():
        engine = ENGINES[name]
        asks = engine.first(engine.construct("wss://h.example/", page), page, "key").http2
        assert asks.settings == announced


CALLS = {
    "open": (Act("open", "close", code=3000),),
    "message": (Act("message", "close", code=3000),),
    "created": (Act("created", "close"),),
    "before the answer": (Act("time", "close", after=150),),
    "late": (Act("time", "close", after=50_000),),
    "never": (Act("open", "text", b"x" * 70000),),
}
"""When script closes."""
ENDS = data(STREAM, b"", end_stream=True)


@every(
    {
        "closed back": ("open", "local", [OK, BYE], "open 1000 | open 1000 | open 1000"),
        "a message on its way": ("open", "local", [OK, HI, BYE], "open 1000 | open 1000 | open 1000"),
        "closed back with the answer": ("open", "local", [OK + BYE], "open 1000 | open 1000 | open 1000"),
        "no answer yet": ("open", "local", [OK], "open | open | open"),
        "no answer, and the end": ("open", "fin", [OK], "open 1006? | open ! 1006? | open 1006?"),
        "no answer, and a reset": ("open", "reset", [OK], "open 1006? | open ! 1006? | open 1006?"),
        "the end of the stream": ("open", "local", [OK, ENDS], "open 1006? | 1006? | open 1006?"),
        "a reset of the stream": (
            "open",
            "local",
            [OK, rst_stream(STREAM, 8)],
            "open 1006? | open ! 1006? | open 1006?",
        ),
        "a fault": (
            "open",
            "local",
            [OK, data(STREAM, b"\x83\x00")],
            "open ! 1006? | open ! 1006? | open ! 1006?",
        ),
        "the end behind a Close": ("open", "local", [OK, BYE, ENDS], "open 1000 | open 1000? | open 1000"),
        "from a message": ("message", "local", [OK, HI, BYE], "open hi 1000 | open hi 1000 | open hi 1000"),
        "from a message, in vain": (
            "message",
            "fin",
            [OK, HI],
            "open hi 1006? | open hi ! 1006? | open hi 1006?",
        ),
        "at once": ("created", "local", [OK, BYE], "! 1006? | ! 1006? | ! 1006?"),
        "before the answer": ("before the answer", "local", [OK, BYE], "! 1006? | ! 1006? | ! 1006?"),
        "late": ("late", "local", [OK, HI], "open hi | open hi | open hi"),
        "late, and the end": ("late", "fin", [OK, HI], "open hi 1006? | open hi ! 1006? | open hi 1006?"),
        "too late": ("late", "local", [OK, HI, BYE], "open hi 1000 | open hi 1000 | open hi 1000"),
        "no room for a Close": ("never", "local", [OK, BYE], "open 1000 | open | open 1000"),
        "room that comes": (
            "never",
            "local",
            [OK, window_update(STREAM, 10000), BYE],
            "open 1000 | open 1000 | open 1000",
        ),
    }
)
def test_what_script_is_told_where_it_closes(case):
    when, how, pieces, expected = case
    reading = read(exchange(ON, *pieces, how=how))
    url = reading.exchange.plan.target.url
    page = Page(url.replace("wss", "https"), http="2", acts=CALLS[when])
    views = [ENGINES[engine].view(url, page, [reading]) for engine in ("chromium", "firefox", "whatwg")]
    assert [told(view) for view in views] == expected.split(" | ")


def with_secret(*pieces, asked=True):
    """To a URL with a user and a password."""
    made = exchange(*pieces) if asked else exchange(*pieces, asked=b"")
    to = made.plan.target
    to = replace(to, userinfo="u:p", url=to.url.replace("wss://", "wss://u:p@"))
    return read(replace(made, plan=replace(made.plan, target=to)))


REFUSED = with_secret(ON, answer(b"401", (b"www-authenticate", b"Basic"), end_stream=True))
OFF = with_secret(settings([]), asked=False)


@every(
    {
        "a 401": ([REFUSED], "over HTTP/2, with"),
        "nothing announced": ([OFF], "over HTTP/1.1, without"),
        "a 401, then nothing announced": ([REFUSED, OFF], "over HTTP/1.1, with"),
        "nothing announced, then a 401": ([OFF, REFUSED], "over HTTP/2, with"),
        "two of them": ([REFUSED, REFUSED], ""),
    }
)
def test_what_is_asked_next_with_the_credentials_of_the_url(case):
    readings, expected = case
    url = readings[0].exchange.plan.target.url
    page = Page(url.replace("wss://u:p@", "https://"), http="2")
    for engine in ("chromium", "firefox"):
        then = ENGINES[engine].follow(readings, page, "key")
        assert ENGINES[engine].view(url, page, readings).outcome == ("follows" if expected else "failed")
        if then is None:
            assert not expected
            continue
        fields = dict(then.http2.fields) if then.http2 is not None else {}
        secret = b"Authorization: Basic dTpw\r\n" in then.request
        assert (b"authorization" in fields) is (secret and then.http2 is not None)
        over = f"over HTTP/{'2' if then.http2 is not None else '1.1'}"
        assert f"{over}, {'with' if secret else 'without'}" == expected
