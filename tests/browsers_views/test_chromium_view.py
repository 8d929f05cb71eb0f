"""What a recording comes to: how it may be cut, what ends it, and what stays unsaid."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browsers_views.recordings import HEAD, MS, OPEN, URL, frame, recorded, seen
from tests.cases import EXAMPLES
from tests.exchanges import deflated, packer
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.inflate import TOO_LONG
from wsprobe.browsers.objections import objections
from wsprobe.exchange import (
    Act,
    Certificate,
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
)
from wsprobe.net.tls import problem
from wsprobe.read import read

CHROMIUM = ENGINES["chromium"]
SECOND = 1_000_000
HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")


def types(view):
    return [event.type for event in view.events]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_a_good_session_is_seen_alike_however_it_is_cut(size):
    data = (
        OPEN + frame(0x01, "h€".encode()[:2]) + frame(0x89, b"p") + frame(0x80, "h€".encode()[2:]) + HI + CLOSE
    )
    view = seen(*(data[i : i + size] for i in range(0, len(data), size)))
    assert [(e.type, e.data, e.code, e.was_clean) for e in view.events] == [
        ("open", "", 0, False),
        ("message", "h€", 0, False),
        ("message", "hi", 0, False),
        ("close", "", 1000, True),
    ]
    assert (view.outcome, view.ready_state, view.console) == ("closed", 3, ())


def test_a_broken_header_takes_the_rest_of_its_read_with_it():
    assert types(seen(OPEN, HI + b"\x09\x00")) == ["open", "error", "close"]
    assert types(seen(OPEN, HI, b"\x09\x00")) == ["open", "message", "error", "close"]


def test_a_broken_frame_behind_a_good_one_leaves_the_good_one():
    assert types(seen(OPEN, HI + frame(0x83, b"x"))) == ["open", "message", "error", "close"]


@pytest.mark.parametrize("how", ["timeout", "local", "interrupted", "limit"])
def test_without_an_answer_it_is_still_connecting(how):
    for pieces in ((), (b"HTTP/1.1 101",), (b"abc",)):
        view = seen(*pieces, how=how)
        assert (view.outcome, view.ready_state, view.events, view.console) == ("connecting", 0, (), ())


def test_the_opening_handshake_has_four_minutes():
    view = seen(OPEN, gap=240 * SECOND)
    assert (view.outcome, types(view)) == ("failed", ["error", "close"])
    assert view.console[0].endswith("WebSocket opening handshake timed out")
    assert types(seen(OPEN, gap=239 * SECOND)) == ["open", "close"]


def test_a_session_that_only_the_recording_ends_is_open():
    view = seen(OPEN, HI, how="local")
    assert (view.outcome, view.ready_state, types(view)) == ("open", 1, ["open", "message"])


def test_what_comes_after_a_close_of_the_probes_own_is_not_seen():
    reading = recorded(OPEN, HI)
    own = Sent(reading.exchange.events[-1].at, b"\x88\x82\0\0\0\0\x03\xe8")
    later = Received(own.at + 1, frame(0x81, b"later") + CLOSE)
    events = (*reading.exchange.events[:-1], own, later, Ended(own.at + 2, "fin"))
    view = CHROMIUM.view(URL, Page(), [read(Exchange(reading.exchange.plan, events))])
    assert (view.outcome, view.ready_state, types(view)) == ("open", 1, ["open", "message"])


def test_the_tcp_wait_after_a_close_is_two_seconds():
    late = frame(0x81, b"late")
    assert types(seen(OPEN, CLOSE, late, gap=1_900_000)) == ["open", "error", "close"]
    assert [e.code for e in seen(OPEN, CLOSE, late, gap=2_100_000).events] == [0, 1000]


def test_the_server_has_a_minute_to_answer_a_close():
    page = Page(acts=(Act("open", "close", b"bye", 3000),))
    answer = frame(0x88, b"\x0b\xb8bye")
    in_time = seen(OPEN, answer, page=page, gap=59 * SECOND)
    assert [(e.type, e.code, e.was_clean) for e in in_time.events] == [
        ("open", 0, False),
        ("close", 3000, True),
    ]
    late = seen(OPEN, answer, page=page, gap=61 * SECOND)
    assert [(e.type, e.code, e.was_clean) for e in late.events] == [("open", 0, False), ("close", 1006, False)]
    silent = seen(OPEN, page=page, how="local", gap=61 * SECOND)
    assert [e.code for e in silent.events] == [0, 1006]
    assert "60 s" in silent.because


def test_a_close_that_nobody_answers_runs_out():
    page = Page(acts=(Act("open", "close", b"bye", 3000),))
    view = seen(OPEN, page=page, how="local")
    assert (view.outcome, view.ready_state, types(view)) == ("closed", 3, ["open", "close"])
    assert view.assumes is not None


def test_a_reset_after_both_closes_is_not_clean_but_keeps_the_code():
    view = seen(OPEN, frame(0x88, b"\x0f\xa0bye"), how="reset")
    assert [(e.type, e.code, e.reason, e.was_clean) for e in view.events[1:]] == [("close", 4000, "bye", False)]


def test_close_while_connecting_fails_at_once_and_later_calls_still_throw():
    page = Page(
        acts=(Act("created", "close"), Act("created", "close", code=5), Act("time", "text", b"x", after=9))
    )
    view = seen(OPEN, HI, page=page)
    assert [(e.type, e.ready_state) for e in view.events] == [("throw", 2), ("error", 3), ("close", 3)]
    assert view.console == (
        f"WebSocket connection to '{URL}' failed: WebSocket is closed before the connection is established.",
        "WebSocket is already in CLOSING or CLOSED state.",
    )


def test_a_timed_close_meets_whatever_state_there_is():
    page = Page(acts=(Act("time", "close", code=3001, after=5 * MS),))
    waiting = seen(OPEN, page=page, gap=20 * MS)
    assert types(waiting) == ["error", "close"]
    opened = seen(OPEN, frame(0x88, b"\x0b\xb9"), page=page, gap=3 * MS)
    assert [(e.type, e.code) for e in opened.events] == [("open", 0), ("close", 3001)]


def test_messages_while_closing_are_not_delivered():
    page = Page(acts=(Act("message", "close"),))
    view = seen(OPEN, HI + HI, frame(0x88, b""), page=page)
    assert [(e.type, e.code) for e in view.events] == [("open", 0), ("message", 0), ("close", 1005)]


def test_compressed_messages_keep_their_window_whatever_was_agreed():
    head = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n".encode()
    stream = packer()
    view = seen(head, *(frame(0xC1, deflated(b"again " * 9, stream)) for _ in "12"), CLOSE)
    assert [e.data for e in view.events if e.type == "message"] == ["again " * 9] * 2


def test_a_bomb_is_followed_to_a_limit_and_no_further():
    head = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    bomb = zlib.compress(bytes(1 << 20), 9, wbits=-15)
    view = seen(head, frame(0xC2, bomb * 20))
    assert (types(view), view.outcome) == (["open"], "open")
    assert view.because == TOO_LONG


def failed(*events):
    made = CHROMIUM.construct(URL, Page())
    assert made.target is not None
    exchange = Exchange(Plan(made.target, CHROMIUM.request(made, Page(), "k")), tuple(events))
    return CHROMIUM.view(URL, Page(), [read(exchange)])


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((ResolveFailed(1, "h", "no"), Ended(2, "error")), "net::ERR_NAME_NOT_RESOLVED"),
        ((ConnectFailed(1, "::1", 1, "ECONNREFUSED", ""), Ended(2, "error")), "net::ERR_CONNECTION_REFUSED"),
        ((ConnectFailed(1, "::1", 1, "EHOSTUNREACH", ""), Ended(2, "error")), "net::ERR_ADDRESS_UNREACHABLE"),
        ((ConnectFailed(1, "::1", 1, "", ""), Ended(2, "error")), "net::ERR_CONNECTION_FAILED"),
        ((TlsFailed(1, "certificate", "", reason="other"), Ended(2, "error")), "net::ERR_CERT_INVALID"),
        ((TlsFailed(1, "alert", "", alert=112), Ended(2, "error")), "net::ERR_SSL_UNRECOGNIZED_NAME_ALERT"),
        ((TlsFailed(1, "alert", "", alert=80), Ended(2, "error")), "net::ERR_SSL_PROTOCOL_ERROR"),
        ((TlsFailed(1, "reset", ""), Ended(2, "reset")), "net::ERR_CONNECTION_RESET"),
    ],
)
def test_a_failure_of_the_network_is_only_in_the_console(events, text):
    view = failed(*events)
    assert (types(view), view.races) == (["error", "close"], "")
    assert view.console[0].endswith(f"failed: Error in connection establishment: {text}")


@pytest.mark.parametrize("passed", [True, False], ids=["passed by -k", "refused"])
@pytest.mark.parametrize(
    ("trusted", "name", "until", "error"),
    [
        (False, "other.example", "2020", "AUTHORITY_INVALID"),
        (True, "other.example", "2020", "COMMON_NAME_INVALID"),
        (True, "chat.match", "2020", "DATE_INVALID"),
        (True, "other.example", "2040", "COMMON_NAME_INVALID"),
        (False, "chat.match", "2040", "AUTHORITY_INVALID"),
    ],
)
def test_of_several_faults_of_a_certificate_the_most_serious_is_named(trusted, name, until, error, passed):
    """MapCertStatusToNetError: authority, then name, then date, whichever verification came to first."""
    shown = Certificate(b"", "CN=a", "CN=b", (name,), "2000-01-01T00:00:00Z", f"{until}-01-01T00:00:00Z")
    found = problem(shown, "chat.match", "2026-01-01T00:00:00Z", trusted)
    first = "unknown-ca" if not trusted else "expired" if until == "2020" else "wrong-name"
    events = (
        (TlsDone(1, "TLS 1.3", "x", None, shown, False, found), Ended(2, "local"))
        if passed
        else (TlsFailed(1, "certificate", "", certificate=shown, reason=first), Ended(2, "error"))
    )
    url = "wss://chat.match/"
    made = CHROMIUM.construct(url, Page())
    assert made.target is not None
    plan = Plan(made.target, CHROMIUM.request(made, Page(), "k"))
    recording = Exchange(plan, events, started="2026-01-01T00:00:00Z")
    (line,) = CHROMIUM.view(url, Page(), [read(recording)]).console
    assert line.endswith(f"net::ERR_CERT_{error}")
    assert objections(recording)["chromium"] == f"net::ERR_CERT_{error}"


def test_an_attempt_that_failed_before_one_that_worked_is_no_failure():
    view = failed(
        ConnectFailed(1, "::1", 1, "ECONNREFUSED", ""),
        Connecting(2, "127.0.0.1", 1),
        Connected(3, "127.0.0.1", 1),
        Ended(9, "timeout"),
    )
    assert view.outcome == "connecting"


def test_a_reset_before_the_request_can_have_arrived_is_a_race_and_said_to_be():
    early = failed(Connecting(0, "h", 1), Connected(500, "h", 1), Sent(600, b"GET"), Ended(700, "reset"))
    assert early.console[0].endswith("Error in connection establishment: net::ERR_CONNECTION_RESET")
    assert "if the reset comes before" in early.races
    late = failed(Connecting(0, "h", 1), Connected(500, "h", 1), Sent(600, b"GET"), Ended(1100, "reset"))
    assert late.console[0].endswith("Error during WebSocket handshake: net::ERR_CONNECTION_RESET")
    assert late.races == ""


def test_cookies_are_kept_from_a_good_101_and_from_a_401_only():
    cookie = "Set-Cookie: a=b; Path=/\r\n"
    for status, kept in ((401, ("a=b; Path=/",)), (403, ()), (302, ()), (200, ()), (101, ())):
        assert seen(f"HTTP/1.1 {status} x\r\n{cookie}\r\n".encode()).cookies == kept
    assert seen(f"{HEAD}{cookie}\r\n".encode()).cookies == ("a=b; Path=/",)


@pytest.mark.parametrize(
    ("status", "kept"), [(100, 1), (101, 1), (200, 1), (302, 1), (401, 1), (403, 1), (407, 0)]
)
def test_cookies_of_a_head_that_is_cut_are_kept(status, kept):
    view = seen(f"HTTP/1.1 {status} x\r\nSet-Cookie: a=b\r\nX".encode())
    assert view.cookies == ("a=b",) * kept


def test_long_urls_are_elided_in_the_console():
    url = URL + "y" * 2000
    view = seen(b"HTTP/1.1 500 x\r\n\r\n", url=url)
    assert view.url == url
    assert view.console[0].startswith(f"WebSocket connection to '{url[:511]}...{url[-510:]}' failed")


@pytest.mark.parametrize(("size", "error"), [(262_144, ""), (262_145, "net::ERR_RESPONSE_HEADERS_TOO_BIG")])
def test_a_head_may_have_256_kib(size, error):
    head = HEAD + "X: "
    head += "a" * (size - len(head) - 4) + "\r\n\r\n"
    console = seen(head.encode()).console
    assert console == (() if not error else console)
    assert error in "".join(console)


def test_http_0_9_is_believed_on_the_schemes_own_port_only():
    text = "Error during WebSocket handshake: "
    assert f"{text}Invalid status line" in seen(b"junk junk", url="ws://h.example/").console[0]
    assert f"{text}net::ERR_INVALID_HTTP_RESPONSE" in seen(b"junk junk").console[0]
    assert f"{text}net::ERR_CONNECTION_CLOSED" in seen(b"abc", url="ws://h.example/").console[0]


ANYTHING = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [OPEN, HI, CLOSE, b"HTTP/1.1 ", b"\r\n", b"\x88\x00", b"\xc1\x05", HEAD.encode(), b"\0"]
        ),
    ),
    max_size=8,
)
ENDS = ["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]


@given(ANYTHING, st.sampled_from(ENDS), st.sampled_from([URL, "wss://h.example/", "ws://h.example/"]))
@settings(max_examples=3 * EXAMPLES)
def test_nothing_that_a_server_sends_raises(pieces, how, url):
    view = seen(*pieces, how=how, url=url)
    assert view.outcome in ("open", "failed", "closed", "connecting")
    assert (view.ready_state == 3) == (view.outcome in ("failed", "closed"))
    closes = [event for event in view.events if event.type == "close"]
    assert len(closes) == (view.ready_state == 3)


@given(st.text(max_size=30), st.text(max_size=20), st.lists(st.text(max_size=4), max_size=3))
@settings(max_examples=3 * EXAMPLES)
def test_nothing_that_a_page_says_raises(url, csp, protocols):
    page = Page(csp=csp, protocols=tuple(protocols))
    made = CHROMIUM.construct(url, page)
    assert (made.exception is not None) + bool(made.blocked) + (made.target is not None) == 1
    view = CHROMIUM.view(url, page, [])
    assert view.outcome in ("threw", "failed", "connecting")
