"""What Firefox makes of a recording: order of checks, what ends it, what it asks again, what races."""

from __future__ import annotations

import pytest
from hpack import Encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.browsers_views.recordings import ACCEPT, HEAD, KEY, MS, OPEN, URL, frame, recorded
from tests.browsers_views.recordings import seen as seen_by
from tests.cases import EXAMPLES
from tests.http2.lines import STREAM
from tests.http2.test_read import ON, answer, block
from tests.http2.test_read import exchange as http2_exchange
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page, until_end
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

FIREFOX = ENGINES["firefox"]
SECOND = 1_000_000
HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
PING, BAD = frame(0x89, b""), frame(0x87, b"p")
REFUSED = ("error", "close")


def seen(*pieces, how="fin", page=None, gap=MS):
    return seen_by(*pieces, how=how, page=page, gap=gap, browser="firefox")


def types(view):
    return tuple(event.type for event in view.events)


def because(view):
    return view.because.rpartition(": ")[0]


def of(*events, url=URL, page=None):
    page = page or Page()
    made = FIREFOX.construct(url, page)
    assert made.target is not None
    plan = Plan(made.target, FIREFOX.request(made, page, KEY), acts=page.acts)
    return FIREFOX.view(url, page, [read(Exchange(plan, events))])


def last_close(view):
    assert view.events[-1].type == "close"
    return view.events[-1].code, view.events[-1].reason, view.events[-1].was_clean


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_a_good_session_is_seen_alike_however_it_is_cut(size):
    euro = "h€".encode()
    data = OPEN + frame(0x01, euro[:2]) + frame(0x89, b"p") + frame(0x80, euro[2:]) + HI + CLOSE
    view = seen(*(data[i : i + size] for i in range(0, len(data), size)))
    assert [(e.type, e.data) for e in view.events[:3]] == [("open", ""), ("message", "h€"), ("message", "hi")]
    assert last_close(view) == (1000, "", True)
    assert (view.outcome, view.ready_state, view.console) == ("closed", 3, ())


WRONG = b"Sec-WebSocket-Accept: x\r\n"
GOOD_ACCEPT = f"Sec-WebSocket-Accept: {ACCEPT}\r\n".encode()
UPGRADE, CONNECTION = b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n"
PROTOCOL, EXTENSION = b"Sec-WebSocket-Protocol: z\r\n", b"Sec-WebSocket-Extensions: x\r\n"


@pytest.mark.parametrize(
    ("head", "first"),
    [
        (b"HTTP/1.0 404 x\r\nContent-Length: 0\r\n" + WRONG + b"\r\n", "HTTP/1.0 is not HTTP/1.1"),
        (b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n" + WRONG + b"\r\n", "status 404 is not 101"),
        (b"HTTP/1.1 101 x\r\n" + WRONG + b"\r\n", "Upgrade has no websocket"),
        (b"HTTP/1.1 101 x\r\n" + UPGRADE + WRONG + b"\r\n", "Connection has no Upgrade"),
        (
            b"HTTP/1.1 101 x\r\n" + UPGRADE + CONNECTION + WRONG + PROTOCOL + b"\r\n",
            "Sec-WebSocket-Accept is wrong",
        ),
        (
            b"HTTP/1.1 101 x\r\n" + UPGRADE + CONNECTION + GOOD_ACCEPT + PROTOCOL + EXTENSION + b"\r\n",
            "the answer selects a subprotocol that was not offered",
        ),
        (
            b"HTTP/1.1 101 x\r\n" + UPGRADE + CONNECTION + GOOD_ACCEPT + EXTENSION + b"\r\n",
            "the extension is not accepted, it is not only permessage-deflate",
        ),
        (b"HTTP/1.1 abc\r\n" + b"X: \0\r\n\r\n", "the status line has no status code"),
        (b"HTTP/1.1 404 x\r\nX: \0\r\n\r\n", "a NUL in x"),
        (b"junk5HTTP/1.1 101 x\r\n\r\n", "it does not begin with an HTTP/1 status line"),
    ],
)
def test_the_first_check_that_fails_decides(head, first):
    view = seen(head + HI, how="timeout", page=Page(protocols=("a", "b")))
    assert (types(view), because(view), view.outcome) == (REFUSED, first, "failed")
    assert last_close(view) == (1006, "", False)
    assert view.console == (f"Firefox can\u2019t establish a connection to the server at {URL}.",)


@pytest.mark.parametrize(
    ("pieces", "opens"),
    [
        ((b"xxxx" + OPEN,), True),
        ((b"xxxxx" + OPEN,), False),
        ((b"\r\n" + OPEN,), True),
        ((b"\r\n", OPEN), False),
        ((OPEN[:3], OPEN[3:]), True),
        ((b"x" + OPEN[:3], OPEN[3:]), False),
        ((b"xxxx" + OPEN[:4], OPEN[4:]), False),
        ((b"HTTP/1.1 103 x\r\n\r\n" + b"x" * 500 + OPEN,), True),
        ((b"HTTP/1.0 199 x\r\n\r\n", b"HTT", OPEN[3:]), True),
        ((OPEN.replace(b"\r\n", b"\n"),), True),
        ((OPEN.replace(b"HTTP", b"Http"),), False),
        ((OPEN.replace(b": websocket", b": \r\n websocket"),), True),
        ((OPEN.replace(b": websocket", b": web\r\n socket"),), False),
    ],
)
def test_what_may_stand_before_and_in_a_head(pieces, opens):
    view = seen(*pieces, how="timeout")
    assert types(view) == (("open",) if opens else REFUSED)


def test_the_head_has_a_limit():
    room = 393_216 - len(HEAD.encode()) - len(b"X: \r\n\r\n")
    for extra, opens in ((0, True), (1, False)):
        view = seen(f"{HEAD}X: {'a' * (room + extra)}\r\n\r\n".encode(), how="timeout")
        assert (types(view) == ("open",)) is opens


def test_a_refusal_counts_once_its_body_begins():
    head = b"HTTP/1.1 403 x\r\nContent-Length: 9\r\n"
    assert seen(head + b"\r\n", how="timeout").outcome == "connecting"
    assert seen(head + b"\r\n" + b"x" * 8, how="timeout").outcome == "connecting"
    assert seen(head + b"\r\n" + b"x" * 9, how="timeout").outcome == "failed"
    assert seen(head + b"Content-Type: text/plain\r\n\r\nx", how="timeout").outcome == "failed"
    assert seen(head + b"\r\n", how="fin").outcome == "failed"


def test_a_late_408_does_not_wait_for_its_body():
    head = b"HTTP/1.1 408 x\r\nContent-Length: 9\r\n\r\n"
    assert seen(head, how="timeout").outcome == "connecting"
    assert seen(head, how="timeout", gap=SECOND).outcome == "failed"


def test_200_in_http_2_is_believed_once_its_body_is_over():
    head = b"HTTP/2 200 OK\r\nContent-Length: 2\r\n"
    assert types(seen(head + b"\r\nxx" + HI + CLOSE)) == ("open", "message", "close")
    assert types(seen(head + b"Content-Type: a/b\r\n\r\nx", how="timeout")) == REFUSED
    assert types(seen(b"HTTP/2 200 OK\r\n\r\n")) == ("close",)
    assert types(seen(b"HTTP/2 101 x\r\n\r\n")) == REFUSED


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
    view = seen(f"{HEAD}{extension}".encode() + HI + CLOSE)
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


def test_a_head_without_its_end_is_half_an_agreement():
    view = seen(HEAD.encode())
    assert (types(view), view.console, bool(view.races)) == (("close",), (), True)
    assert types(seen(HEAD.encode(), how="reset")) == REFUSED
    assert types(seen(HEAD.encode()[:-9])) == REFUSED
    assert types(seen(HEAD.encode(), how="timeout")) == ()


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


@pytest.mark.parametrize(("gap", "outcome"), [(19, "connecting"), (21, "failed")])
def test_twenty_seconds_for_the_handshake(gap, outcome):
    assert seen(how="timeout", gap=gap * SECOND).outcome == outcome
    opened = seen(OPEN, how="timeout", gap=gap * SECOND)
    assert types(opened) == (("open",) if gap < 20 else REFUSED)


@pytest.mark.parametrize(
    "bad",
    [
        frame(0xF1, b"x"),
        frame(0xC1, b"x"),
        frame(0x83, b"x"),
        frame(0x8B, b""),
        frame(0x09, b""),
        frame(0x89, b"x" * 126),
        frame(0x81, b"\xff"),
        frame(0x88, b"\x03\xe8\xff"),
        frame(0x80, b"x"),
        frame(0x01, b"x") + frame(0x82, b"y"),
        frame(0x01, b"x") + frame(0x01, b"y"),
        b"\x81\x7e\x00\x05hello",
        b"\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x05hello",
        b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
        b"\x81\x7f\x00\x00\x00\x00\x80\x00\x00\x00",
    ],
)
def test_frames_that_fail_the_connection(bad):
    view = seen(OPEN, HI + bad, how="timeout")
    assert types(view) == ("open", "message", "error", "close")
    assert last_close(view) == (1006, "", False)
    assert view.console == (f"The connection to {URL} was interrupted while the page was loading.",)


@pytest.mark.parametrize(
    ("frames", "messages"),
    [
        (frame(0x01, b"") + HI + frame(0x80, b"x"), ["hi", "x"]),
        (frame(0x01, b"") + frame(0x02, b"") + frame(0x80, b"x"), [b"x"]),
        (b"\x81\x82\x01\x02\x03\x04ik", ["hi"]),
        (b"\x81\x82\x00\x00\x00\x00hi", ["hi"]),
        (frame(0x03, b"x"), []),
        (b"\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", []),
    ],
)
def test_frames_that_are_let_pass(frames, messages):
    view = seen(OPEN, frames, how="timeout")
    assert [e.data for e in view.events if e.type == "message"] == messages
    assert view.outcome == "open"


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"", 1005, ""),
        (b"\x03", 1005, ""),
        (b"\x00\x00", 0, ""),
        (b"\x03\xed", 1005, ""),
        (b"\x03\xee", 1006, ""),
        (b"\x03\xf7", 1015, ""),
        (b"\xff\xffbye", 65535, "bye"),
    ],
)
def test_any_close_code_is_passed_on(payload, code, reason):
    view = seen(OPEN, frame(0x88, payload), gap=50 * MS)
    assert (types(view), last_close(view)) == (("open", "close"), (code, reason, True))
    assert not view.races


@pytest.mark.parametrize(
    ("gap", "how", "races"), [(29, "fin", True), (29, "reset", True), (30, "reset", False)]
)
def test_an_end_soon_after_a_close_may_come_before_our_own(gap, how, races):
    """As of Flask-Sock on Werkzeug, which resets the connection 10 ms after its Close."""
    view = seen(OPEN, CLOSE, gap=gap * MS, how=how)
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
    assert last_close(seen(OPEN, CLOSE, frame(0xF1, b"x"), how="reset")) == (1000, "", True)


def test_a_bad_frame_in_the_read_of_the_head_leaves_no_open():
    view = seen(OPEN + HI + frame(0xF1, b"x"))
    assert (types(view), bool(view.races)) == (REFUSED, True)
    assert view.console == (f"Firefox can\u2019t establish a connection to the server at {URL}.",)


@pytest.mark.parametrize(("how", "told"), [("fin", ("open", "close")), ("reset", ("open", "error", "close"))])
def test_a_cut_connection(how, told):
    view = seen(OPEN, HI[:2], how=how)
    assert (types(view), last_close(view)) == (told, (1006, "", False))


def closing(when, after=0, code=4000, reason=b"why"):
    return Page(acts=(Act(when, "close", reason, code, after),))


@pytest.mark.parametrize("page", [closing("created"), closing("time", MS)])
def test_close_while_connecting_complains_twice(page):
    view = seen(OPEN, how="timeout", page=page, gap=2 * MS)
    assert (types(view), last_close(view)) == (REFUSED, (1006, "", False))
    assert view.console == (
        f"Firefox can\u2019t establish a connection to the server at {URL}.",
        f"The connection to {URL} was interrupted while the page was loading.",
    )


def test_the_servers_close_answers_ours():
    view = seen(OPEN, HI + frame(0x88, b"\x0f\xa1bye"), page=closing("open"))
    assert (types(view), last_close(view)) == (("open", "close"), (4001, "bye", True))


@pytest.mark.parametrize(("gap", "state"), [(10, 2), (21, 3)])
def test_twenty_seconds_for_the_close(gap, state):
    page = closing("open")
    request = recorded(OPEN, page=page, browser="firefox").exchange
    events = (*request.events[:-1], Ended(gap * SECOND, "timeout"))
    view = FIREFOX.view(URL, page, [read(replace(request, events=events))])
    assert until_end(view).ready_state == state
    assert types(view) == ("open", "error", "close")
    assert (view.assumes is not None) is (state == 2)


def test_the_view_ends_where_the_probe_closes_by_itself():
    request = recorded(OPEN, HI, browser="firefox").exchange
    events = (
        *request.events[:-1],
        Sent(9 * MS, b"\x88\x82\0\0\0\0\x03\xe8"),
        Received(10 * MS, CLOSE),
        Ended(11 * MS, "fin"),
    )
    view = FIREFOX.view(URL, Page(), [read(replace(request, events=events))])
    assert (types(view), view.outcome, view.ready_state) == (("open", "message"), "open", 1)


def unauthorized(url, challenge, page=None):
    answer = f"HTTP/1.1 401 x\r\nWWW-Authenticate: {challenge}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    return recorded(answer.encode(), url=url, page=page, browser="firefox")


def test_credentials_of_the_url_are_tried_challenge_by_challenge():
    url, page = "ws://u:p@127.0.0.1:9000/x", Page()
    first = unauthorized(url, 'Digest realm="r", nonce="n", Basic')
    digest = FIREFOX.follow([first], page, KEY)
    assert b"\r\nUpgrade: websocket\r\nAuthorization: Digest username=" in digest.request
    assert FIREFOX.view(url, page, [first]).outcome == "follows"
    basic = FIREFOX.follow([first, first], page, KEY)
    assert basic.request.endswith(b"\r\nAuthorization: Basic dTpw\r\n\r\n")
    assert FIREFOX.follow([first, first, first], page, KEY) is None
    view = FIREFOX.view(url, page, [first, first, first])
    assert (view.outcome, types(view), view.cookies) == ("failed", REFUSED, ("a=b",) * 3)
    opened = FIREFOX.view(url, page, [first, recorded(OPEN, HI, CLOSE, url=url, browser="firefox")])
    assert (types(opened), opened.url) == (("open", "message", "close"), url)


@pytest.mark.parametrize(
    ("url", "challenge"),
    [(URL, "Basic"), ("ws://u:p@127.0.0.1:9000/x", "NTLM"), ("ws://u:p@127.0.0.1:9000/x", "Bearer")],
)
def test_nothing_is_tried_without_credentials_or_for_other_schemes(url, challenge):
    reading = unauthorized(url, challenge)
    assert FIREFOX.follow([reading], Page(), KEY) is None
    assert FIREFOX.view(url, Page(), [reading]).outcome == "failed"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status):
    reading = recorded(
        f"HTTP/1.1 {status} x\r\nLocation: /s/ok\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n".encode(),
        browser="firefox",
    )
    assert FIREFOX.follow([reading], Page(), KEY) is None
    assert FIREFOX.view(URL, Page(), [reading]).cookies == ("a=b",)


def test_cookies_of_a_proxys_407_and_of_a_head_that_a_reset_follows_are_not_kept():
    rest = b"Set-Cookie: a=b\r\nContent-Length: 9\r\n\r\n"
    assert seen(b"HTTP/1.1 403 x\r\n" + rest).cookies == ("a=b",)
    assert seen(b"HTTP/1.1 407 x\r\n" + rest).cookies == ()
    assert seen(b"HTTP/1.1 403 x\r\n" + rest, how="reset").cookies == ()
    assert seen(b"HTTP/1.1 403 x\r\nContent-Type: a/b\r\n" + rest + b"x", how="reset").cookies == ("a=b",)


@pytest.mark.parametrize(
    "url", ["", "ws://", "ws://h/#", "ftp://h/", "ws://a*b/", 'ws://a"b/', "ws://xn--a/", "data:x"]
)
def test_urls_that_are_refused(url):
    view = FIREFOX.view(url, Page(), [])
    assert (view.exception.name, view.exception.code, view.outcome, view.url) == (
        "SyntaxError",
        12,
        "threw",
        "",
    )


@pytest.mark.parametrize(
    ("protocols", "csp", "name"),
    [
        (("a", "a"), "connect-src 'none'", "SyntaxError"),
        (None, "connect-src 'none'", "NS_ERROR_CONTENT_BLOCKED"),
        (None, "", "SecurityError"),
    ],
)
def test_the_constructors_order(protocols, csp, name):
    """Subprotocols, then the policy, then mixed content; the port is blocked only after all of them."""
    made = FIREFOX.construct("ws://h.example:1/", Page("https://page.example/", csp=csp, protocols=protocols))
    assert made.exception.name == name
    assert FIREFOX.construct("ws://127.0.0.1:1/", Page("https://page.example/")).blocked == "bad-port"


def test_a_page_that_upgrades_what_is_insecure():
    page = Page("http://page.example/", csp="upgrade-insecure-requests")
    made = FIREFOX.construct("ws://h.example:8080/x", page)
    assert (made.url, made.target and made.target.url) == ("ws://h.example:8080/x", "wss://h.example:8080/x")
    view = FIREFOX.view("ws://h.example/x", page, [])
    assert view.console == (
        "Content-Security-Policy: "
        "Upgrading insecure request \u2018ws://h.example/x\u2019 to use \u2018wss\u2019",
    )
    local = replace(page, url="http://localhost/")
    assert (
        FIREFOX.construct("ws://h.example/x", local).target
        == FIREFOX.construct("ws://h.example/x", Page()).target
    )


def test_no_sec_fetch_for_a_host_that_is_not_trustworthy():
    made = FIREFOX.construct("ws://h.example/x", Page())
    sent = FIREFOX.request(made, Page(), KEY)
    assert b"Sec-Fetch" not in sent
    assert b"Accept-Encoding: gzip, deflate\r\n" in sent


@settings(max_examples=3 * EXAMPLES)
@given(
    st.lists(st.binary(max_size=60), max_size=6),
    st.sampled_from(["", "open", "http"]),
    st.sampled_from(["fin", "reset", "timeout", "local", "error"]),
    st.sampled_from([Page(), closing("open"), closing("message", code=None), Page(protocols=("a",))]),
)
def test_no_bytes_make_it_raise(pieces, start, how, page):
    before = {"": b"", "open": OPEN, "http": b"HTTP/1.1 "}[start]
    view = seen(before, *pieces, how=how, page=page)
    assert view.ready_state in range(4)
    assert (view.ready_state == 3) == (types(view)[-1:] == ("close",))
    assert seen(before, *pieces, how=how, page=page) == view


@settings(max_examples=2 * EXAMPLES)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_url_and_no_policy_make_it_raise(url, policy):
    view = FIREFOX.view(url, Page(csp=f"connect-src {policy}"), [])
    assert view.outcome in ("threw", "failed", "connecting")


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
