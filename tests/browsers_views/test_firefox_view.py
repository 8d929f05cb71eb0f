"""What Firefox makes of a connection that fails, of HTTP/2, and of an end beside a Close; what races."""

import pytest
from hpack import Encoder
from msgspec.structs import replace

from tests.browsers_views.recordings import HEAD, KEY, MS, OPEN, URL, frame, recorded, seen
from tests.http2.lines import STREAM
from tests.http2.test_read import ON, answer, block
from tests.http2.test_read import exchange as http2_exchange
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.firefox.request import Facts
from wsprobe.exchange import (
    Act,
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Exchange,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)
from wsprobe.read import read
from wsprobe.read.http2_values import CONTINUATION, END_HEADERS, END_STREAM, HEADERS
from wsprobe.wire.http2 import data, headers
from wsprobe.wire.http2 import frame as frame_of

FACTS = facts("firefox", "153", Facts)


FIREFOX = ENGINES["firefox"]


SECOND = 1_000_000


HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
PING, BAD = frame(0x89, b""), frame(0x87, b"p")
REFUSED = ("error", "close")


def view_of(*pieces, how="fin", page=None, gap=MS):
    return seen(*pieces, how=how, page=page, gap=gap, browser="firefox")


def types(view):
    return tuple(event.type for event in view.events)


def of(*events, url=URL, page=None):
    page = page or Page()
    made = FIREFOX.construct(url, page)
    assert made.target is not None
    plan = Plan(made.target, FIREFOX.request(made, page, KEY), acts=page.acts)
    return FIREFOX.view(url, page, [read(Exchange(plan, events))])


def last_close(view):
    assert view.events[-1].type == "close"
    return view.events[-1].code, view.events[-1].reason, view.events[-1].was_clean


@pytest.mark.parametrize("how", ["fin", "timeout"])
def test_200_in_http_2_that_ends_the_stream_is_an_end_in_order(how):
    reading = read(http2_exchange(ON, answer(b"200", end_stream=True), how=how))
    view = FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])
    assert (types(view), last_close(view)) == (("close",), (1006, "", False))
    assert view.races


@pytest.mark.parametrize(("ends", "frozen"), [(True, True), (False, False)])
def test_an_answer_in_two_frames_that_ends_the_stream_freezes_firefox(ends, frozen):
    """Measured with ESR 153.8 for 200, 403 and 429; in one frame, or if DATA ends the stream, it does not."""
    coded = block((b":status", b"403"))
    begun = frame_of(HEADERS, END_STREAM if ends else 0, STREAM, coded[:1])
    reading = read(
        http2_exchange(ON, begun + frame_of(CONTINUATION, END_HEADERS, STREAM, coded[1:]), how="fin")
    )
    view = FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])
    assert (view.outcome == "connecting" and "freezes" in " ".join(view.beyond)) is frozen
    assert types(view) == (() if frozen else REFUSED)


@pytest.mark.parametrize("bits", [8, 9])
def test_a_client_window_of_eight_bits_freezes_firefox(bits):
    """Measured with ESR 153.8, over HTTP/1.1 and HTTP/2."""
    extension = f"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits={bits}\r\n\r\n"
    view = view_of(f"{HEAD}{extension}".encode() + HI + CLOSE)
    assert types(view) == (() if bits == 8 else ("open", "message", "close"))
    assert view.outcome == ("connecting" if bits == 8 else "closed")
    assert bool(view.beyond) is (bits == 8)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((PING + BAD,), ("open", "close")),
        ((PING, BAD), ("open", "error", "close")),
        ((BAD,), ("open", "error", "close")),
        ((PING + b"\x88\x03\x03\xe8\xff",), ("open", "error", "close")),
    ],
)
def test_over_http2_a_pong_still_to_be_sent_hides_an_error(pieces, told):
    """Measured: in the same read, unless the bad frame is the server's Close."""
    made = http2_exchange(ON, answer(b"200"), *(data(STREAM, piece) for piece in pieces), how="timeout")
    later = [replace(event, at=event.at + 1000 * n) for n, event in enumerate(made.events)]
    reading = read(replace(made, events=tuple(later)))
    assert types(FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])) == told


@pytest.mark.parametrize(("ends", "told"), [(True, ("close",)), (False, ("open", "error", "close"))])
def test_fields_behind_the_answer_must_end_the_stream(ends, told):
    encoder = Encoder()
    opened = headers(STREAM, block((b":status", b"200"), encoder=encoder))
    trailers = headers(STREAM, block((b"a", b"b"), encoder=encoder), end_stream=ends)
    reading = read(http2_exchange(ON, opened, trailers, how="timeout"))
    view = FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])
    assert (types(view), last_close(view)) == (told, (1006, "", False))


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ResolveFailed(9, "h", "no such name"), 1006),
        (ConnectFailed(9, "127.0.0.1", 9, "ECONNREFUSED", "refused"), 1006),
        (TunnelFailed(9, "403"), 1006),
        (TlsFailed(9, "fin", "x"), 1006),
        (TlsFailed(9, "reset", "x"), 1006),
        (TlsFailed(9, "certificate", "x", reason="expired"), 1015),
        (TlsFailed(9, "alert", "x", alert=40), 1015),
        (TlsFailed(9, "error", "x"), 1015),
        (TlsFailed(9, "not-tls", "x", b"HTTP/1.1 400 x"), 1015),
        (TlsFailed(9, "not-tls", "x", b"\x00\x00\x00\x00\x01x"), 1015),
        (TlsDone(9, "TLS 1.3", "x", None, None, False, "certificate has expired"), 1015),
    ],
)
def test_faults_of_tls_are_told_from_all_others(event, code):
    view = of(Connecting(1, "127.0.0.1", 9), event, Ended(10, "error", "x"), url="wss://127.0.0.1:9001/")
    assert (types(view), last_close(view)) == (REFUSED, (code, "", False))
    assert view.console == (
        "Firefox can\u2019t establish a connection to the server at wss://127.0.0.1:9001/.",
    )


@pytest.mark.parametrize("banner", [b"220 mail.example", b"SSH-2.0-x", b"220", b""])
def test_a_banner_is_taken_for_the_start_of_a_record(banner):
    view = of(TlsFailed(9, "not-tls", "x", banner), Ended(10, "error", "x"), url="wss://127.0.0.1:9001/")
    assert (view.outcome, types(view), view.ready_state) == ("connecting", (), 0)


@pytest.mark.parametrize(
    ("length", "body", "outcome"),
    [
        (16384 + 2048, b"", "connecting"),
        (16384 + 2049, b"", "failed"),
        (2, b"x", "connecting"),
        (2, b"xx", "failed"),
    ],
)
def test_a_record_is_waited_for_unless_it_is_too_long(length, body, outcome):
    event = TlsFailed(9, "not-tls", "x", b"\x16\x03\x03" + length.to_bytes(2, "big") + body)
    assert of(event, Ended(10, "error", "x"), url="wss://127.0.0.1:9001/").outcome == outcome


@pytest.mark.parametrize(
    "event", [ConnectFailed(9, "::1", 9, "", "gave up"), TlsFailed(9, "error", "too slow")]
)
def test_what_we_gave_up_on_is_still_open(event):
    assert of(event, Ended(SECOND, "timeout"), url="wss://h.example/").outcome == "connecting"
    assert of(event, Ended(20 * SECOND, "timeout"), url="wss://h.example/").outcome == "failed"


def test_another_address_may_do_better():
    failed = ConnectFailed(9, "::1", 9000, "ECONNREFUSED", "refused")
    view = of(failed, Connected(10, "127.0.0.1", 9000), Sent(11, b""), Received(12, b""), Ended(13, "timeout"))
    assert view.outcome == "connecting"


def test_a_connection_that_fails_is_named_by_its_error_or_its_words():
    for errno, words, shown in (("ECONNREFUSED", "refused", "ECONNREFUSED"), ("", "gave up", "gave up")):
        plan = recorded(OPEN, browser="firefox").exchange
        events = (Connecting(1, "::1", 9), ConnectFailed(2, "::1", 9, errno, words), Ended(3, "error"))
        view = FIREFOX.view(plan.plan.target.url, Page(), [read(replace(plan, events=events))])
        assert view.because.startswith(f"no connection, {shown}: ")


def test_a_page_that_closed_waits_twenty_seconds_from_when_its_close_was_sent():
    """``open`` comes two hops between threads after the handshake, and the Close is sent one more after it."""
    page = Page(acts=(Act("open", "close", code=3000),))
    made = recorded(OPEN, page=page, browser="firefox").exchange
    opened = made.events[-2].at
    for wait, expected in (
        (20 * SECOND + 3 * FACTS.hop - 1, ("open", "close")),
        (20 * SECOND + 3 * FACTS.hop, ("open", "error", "close")),
    ):
        events = (*made.events[:-1], Received(opened + wait, CLOSE), Ended(opened + wait + 1, "fin"))
        assert types(FIREFOX.view(URL, page, [read(replace(made, events=events))])) == expected


def test_an_end_races_with_a_close_or_with_the_handshake_only():
    for pieces, gap, races in (
        ((OPEN, HI), 40 * MS, ""),
        ((OPEN,), 29 * MS, "handshake"),
        ((OPEN,), 30 * MS, ""),
    ):
        assert races in view_of(*pieces, gap=gap).races
        assert bool(view_of(*pieces, gap=gap).races) is bool(races)
    page = Page(acts=(Act("open", "close", code=3000),))
    assert not view_of(OPEN, HI, page=page, gap=40 * MS).races


@pytest.mark.parametrize(
    ("gap", "how", "races"), [(29, "fin", True), (29, "reset", True), (30, "reset", False)]
)
def test_an_end_soon_after_a_close_may_come_before_our_own(gap, how, races):
    """As of Flask-Sock on Werkzeug, which resets the connection 10 ms after its Close."""
    view = view_of(OPEN, CLOSE, gap=gap * MS, how=how)
    assert (types(view), last_close(view)) == (("open", "close"), (1000, "", True))
    assert ("the close is not clean" in view.races) == races
    assert ("an error event comes first" in view.races) == (races and how == "reset")


def test_an_end_right_behind_a_close_makes_it_unclean():
    for pieces, how, told in (
        ((CLOSE,), "fin", ("open", "close")),
        ((CLOSE,), "reset", ("open", "error", "close")),
        ((CLOSE + frame(0xF1, b"x"),), "timeout", ("open", "error", "close")),
    ):
        request = recorded(OPEN, browser="firefox").exchange
        events = (*request.events[:-1], Received(3 * MS, b"".join(pieces)), Ended(3 * MS + 50, how))
        view = FIREFOX.view(URL, Page(), [read(replace(request, events=events))])
        assert (types(view), last_close(view)) == (told, (1000, "", False))
        assert view.races
    assert last_close(view_of(OPEN, CLOSE, frame(0xF1, b"x"), how="reset")) == (1000, "", True)


@pytest.mark.parametrize(
    ("glued", "delay", "seen_so"),
    [
        (False, 0, ["open", "unclean"]),
        (False, 1, ["open", "clean"]),
        (False, 3, ["open", "clean"]),
        (False, 10, ["open", "clean"]),
        (True, 0, ["unclean"]),
        (True, 3, ["open", "clean"]),
        (True, 10, ["open", "clean"]),
    ],
)
def test_an_end_right_behind_the_close(glued, delay, seen_so):
    """The commonest of ten runs with each delay (ms); wsprobe reads an end of 0 ms up to half a one later."""
    pieces = [OPEN + CLOSE] if glued else [OPEN, CLOSE]
    whole = recorded(*pieces, browser="firefox", gap=50 * MS).exchange
    for later in (50, 500) if delay == 0 else (delay * MS,):
        events = (*whole.events[:-1], Ended(whole.events[-2].at + later, "fin"))
        view = FIREFOX.view(URL, Page(), [read(replace(whole, events=events))])
        story = [e.type if e.type != "close" else "clean" if e.was_clean else "unclean" for e in view.events]
        assert story == seen_so
        assert view.races


def test_a_server_that_waits_for_the_close_before_it_ends_is_clean():
    """The end comes half a millisecond behind the server's Close, and a round trip behind ours."""
    whole = recorded(OPEN, CLOSE, browser="firefox", gap=50 * MS).exchange
    *before, shut = whole.events[:-1]
    ours = Sent(shut.at + 50, b"\x88\x82\0\0\0\0\x03\xe8")
    events = (*before, shut, ours, Ended(shut.at + 500, "fin"))
    view = FIREFOX.view(URL, Page(), [read(replace(whole, events=events))])
    assert [(e.type, e.was_clean) for e in view.events] == [("open", False), ("close", True)]
    assert not view.races


@pytest.mark.parametrize(
    ("address", "behind_ours", "clean"),
    [
        ("127.0.0.1", 0, False),
        ("127.0.0.1", 1, True),
        ("192.0.2.7", 0, False),
        ("192.0.2.7", 600, False),
        ("192.0.2.7", 20_000, True),
    ],
)
def test_an_end_that_did_not_wait_for_our_close_is_told_by_the_round_trip(address, behind_ours, clean):
    """To connect to the far server takes 20 ms, and so does its answer; on this machine both take no time."""
    *before, shut = recorded(OPEN, CLOSE, browser="firefox", gap=50 * MS).exchange.events[:-1]
    connected = next(n for n, event in enumerate(before) if isinstance(event, Connected))
    before[connected - 1 : connected + 1] = [
        Connecting(100, address, 9000),
        Connected(100 + 20 * MS, address, 9000),
    ]
    later = [replace(event, at=event.at + 20 * MS) for event in (*before[connected + 1 :], shut)]
    ours = Sent(later[-1].at + 300, b"\x88\x82\0\0\0\0\x03\xe8")
    events = (*before[: connected + 1], *later, ours, Ended(ours.at + behind_ours, "fin"))
    exchange = replace(recorded(OPEN, browser="firefox").exchange, events=events)
    view = FIREFOX.view(URL, Page(), [read(exchange)])
    assert [(e.type, e.was_clean) for e in view.events] == [("open", False), ("close", clean)]
    assert bool(view.races) is not clean
