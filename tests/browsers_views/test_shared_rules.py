"""What all engines share, rule by rule: a case at each limit, and one past it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import HEAD, OPEN, URL, frame, recorded, seen
from tests.cases import every
from tests.http2.test_read import ON, answer, exchange
from wsprobe.browsers import ALL, ENGINES, RUNTIMES
from wsprobe.browsers.engine import DomEvent, DomException, Page, until_end
from wsprobe.browsers.hidden import hidden
from wsprobe.browsers.http2 import Windows, came_over, offered, settings_fault, shareable, sharing, wrong_size
from wsprobe.browsers.page import fetch_site, matches, sandboxed
from wsprobe.browsers.script import CallTexts, WebSocket, closes_by_standard, on_wire
from wsprobe.browsers.tell import tellable, told
from wsprobe.browsers.url import bad_port, elided, parse, target, trustworthy_host
from wsprobe.exchange import Act, Certificate, Exchange, Http2, Plan, Resolved, TlsDone
from wsprobe.read import read
from wsprobe.read.http2_values import (
    DATA,
    GOAWAY,
    HEADERS,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2Frame,
)
from wsprobe.wire.http2 import frame as http2_frame
from wsprobe.wire.http2 import settings


def test_the_blocked_ports():
    """Real ones, and their neighbours: Fetch, "port blocking"."""
    blocked = ("ws://h:1", "ws://h:22", "wss://h:6000", "ws://h:6665", "ws://h:6669", "ws://h:10080")
    open_ = ("ws://h", "wss://h", "ws://h:18", "ws://h:24", "ws://h:3000", "ws://h:6664", "ws://h:8080")
    assert [url for url in (*blocked, *open_) if bad_port(parse(url))] == list(blocked)


@every(
    {
        f"{size}": (size, more)
        for size, more in ((0, 6), (125, 6), (126, 8), (65535, 8), (65536, 14), (70000, 14))
    }
)
def test_what_script_sends_is_as_long_as_its_frames(case):
    """A masked frame: two bytes, four of the mask, a longer length from 126 and from 65536 on (RFC 6455)."""
    size, more = case
    script = WebSocket((), CallTexts("", "", ""))
    script.opened("", "")
    script.do(Act("open", "binary", b"x" * size))
    script.do(Act("open", "text", b""))
    assert (script.sent, script.sent_bytes) == (2, size + more + 6)


def test_the_codes_that_close_takes():
    assert [code for code in range(65536) if closes_by_standard(code)] == [1000, *range(3000, 5000)]
    acts = tuple(Act("open", "close", code=code) for code in (999, 1000, 1001, 2999, 3000, 4999, 5000))
    assert [act.code for act in on_wire(acts)] == [1000, 3000, 4999]
    for code in (999, 1000, 1001, 2999, 3000, 4999, 5000):
        script = WebSocket((), CallTexts("", "", ""))
        script.do(Act("open", "close", code=code))
        assert script.close_called is closes_by_standard(code)


def test_how_long_a_reason_may_be():
    for size, taken in ((123, True), (124, False)):
        act = Act("open", "close", b"x" * size, 1000)
        script = WebSocket((), CallTexts("", "", ""))
        script.do(act)
        assert (script.close_called, bool(on_wire([act]))) == (taken, taken)


@every(
    {
        "no code": (frame(0x88, b""), 1000, "Close frame without a code"),
        "half a code": (frame(0x88, b"\x03"), 1006, "Close frame without a code"),
        "a code": (frame(0x88, b"\x03\xe9"), 1006, "Close frame with code 1001"),
        "the code that script is told": (frame(0x88, b"\x03\xe9"), 1001, ""),
        "no code, and script is told so": (frame(0x88, b""), 1005, ""),
        "half a code, and script is told of none": (frame(0x88, b"\x03"), 1005, ""),
    }
)
def test_a_code_that_script_is_not_told_is_hidden(case):
    close, code, said = case
    events = (DomEvent("open", 1), DomEvent("close", 3, code=code, was_clean=True))
    found = [item for item in hidden(recorded(OPEN, close), events) if item.startswith("Close")]
    assert found == ([said] if said else [])


def view(*events, state=3, thrown=None):
    return replace(seen(OPEN), events=events, ready_state=state, exception=thrown)


ERROR, CLOSE = DomEvent("error", 3), DomEvent("close", 3, code=1006)
OPENED = DomEvent("open", 1)


@every(
    {
        "nothing": ([view(CLOSE), view(CLOSE)], ((0, 1),), ()),
        "the code": ([view(CLOSE), view(replace(CLOSE, code=1000))], ((0,), (1,)), ("close.code",)),
        "the reason": ([view(CLOSE), view(replace(CLOSE, reason="x"))], ((0,), (1,)), ("close.reason",)),
        "clean": ([view(CLOSE), view(replace(CLOSE, was_clean=True))], ((0,), (1,)), ("close.wasClean",)),
        "an error": ([view(ERROR, CLOSE), view(CLOSE)], ((0,), (1,)), ("error",)),
        "the words of an error": (
            [view(ERROR, CLOSE), view(replace(ERROR, message="x"), CLOSE)],
            ((0,), (1,)),
            ("error.message",),
        ),
        "a close": ([view(ERROR), view(ERROR, CLOSE)], ((0,), (1,)), ("close",)),
        "an open": ([view(OPENED, CLOSE), view(CLOSE)], ((0,), (1,)), ("open",)),
        "the subprotocol": (
            [view(OPENED, CLOSE), view(replace(OPENED, protocol="x"), CLOSE)],
            ((0,), (1,)),
            ("open.protocol",),
        ),
        "the extensions": (
            [view(OPENED, CLOSE), view(replace(OPENED, extensions="x"), CLOSE)],
            ((0,), (1,)),
            ("open.extensions",),
        ),
        "a message": (
            [view(DomEvent("message", 1, data="a")), view(DomEvent("message", 1, data="b"))],
            ((0,), (1,)),
            ("message",),
        ),
        "the state": ([view(state=1), view(state=2)], ((0,), (1,)), ("readyState",)),
        "an exception": ([view(thrown=DomException("A", "")), view()], ((0,), (1,)), ("exception",)),
        "the words of an exception": (
            [view(thrown=DomException("A", "x")), view(thrown=DomException("A", "y"))],
            ((0, 1),),
            (),
        ),
        "three, of which two are alike": (
            [view(CLOSE), view(ERROR, CLOSE), view(CLOSE)],
            ((0, 2), (1,)),
            ("error",),
        ),
    }
)
def test_by_what_recordings_are_told_apart(case):
    views, groups, by = case
    found = tellable(views)
    assert (found.groups, found.by) == (groups, by)
    assert (told(views[0]) == told(views[1])) is (0 in groups[0] and 1 in groups[0])


def address(url):
    found = parse(url)
    assert found is not None
    return found


@every(
    {
        f"{page} {to}": (page, to, expected)
        for page, to, expected in (
            ("http://h/", "ws://h/", True),
            ("http://h/", "wss://h/", True),
            ("http://h/", "ws://h:81/", False),
            ("http://h:81/", "ws://h:81/", True),
            ("http://h:81/", "wss://h:81/", True),
            ("http://h:81/", "wss://h/", False),
            ("https://h/", "wss://h/", True),
            ("https://h/", "ws://h/", False),
            ("https://h/", "ws://h:443/", False),
            ("http://h:443/", "wss://h/", True),
            ("http://g/", "ws://h/", False),
            ("file:///x", "ws://h/", False),
            ("ws://h/", "ws://h/", True),
            ("wss://h/", "ws://h:443/", False),
        )
    }
)
def test_self(case):
    page, to, expected = case
    assert matches("'self'", address(page), address(to)) is expected


@every(
    {
        f"{source} {to}": (source, to, expected)
        for source, to, expected in (
            ("ws://h:80", "ws://h/", True),
            ("ws://h:80", "wss://h/", True),
            ("ws://h:81", "wss://h:81/", True),
            ("ws://h:81", "wss://h/", False),
            ("ws://h:443", "wss://h/", True),
            ("wss://h:80", "wss://h/", True),
            ("wss://h:80", "wss://h:80/", True),
            ("ws://h:80", "ws://h:443/", False),
            ("ws://h:*", "ws://h:1234/", True),
            ("ws://h", "ws://h:443/", False),
            ("ws://h/", "ws://h/any", True),
            ("ws://h/a", "ws://h/a", True),
            ("ws://h/a", "ws://h/a/", False),
            ("ws://h/a/", "ws://h/a", False),
            ("ws://h/a/", "ws://h/a/", True),
            ("ws://h/a/", "ws://h/b/c", False),
            ("ws://h/a/b/", "ws://h/a/b/c/d", True),
            ("ws://h/a%2Fb", "ws://h/a%2Fb", True),
            ("ws://*", "ws://h/", True),
            ("ws://*.h", "ws://a.h/", True),
            ("ws://*.h", "ws://ah/", False),
            ("*", "ws://h/", True),
            ("ws://h/?q", "ws://h/", False),
        )
    }
)
def test_sources(case):
    source, to, expected = case
    assert matches(source, address("http://page.example/"), address(to)) is expected


@every(
    {
        f"{page} {to}": (page, to, site, schemeless)
        for page, to, site, schemeless in (
            ("http://h.example/", "ws://h.example/", "same-origin", "same-origin"),
            ("http://h.example/", "wss://h.example/", "cross-site", "same-site"),
            ("https://h.example/", "wss://h.example:1/", "same-site", "same-site"),
            ("http://a.h.example/", "ws://b.h.example/", "same-site", "same-site"),
            ("http://g.example/", "ws://h.example/", "cross-site", "cross-site"),
            ("file:///x", "ws://h.example/", "cross-site", "cross-site"),
        )
    }
)
def test_the_site_of_a_request(case):
    page, to, site, schemeless = case
    assert fetch_site(Page(page), address(to)) == site
    assert fetch_site(Page(page), address(to), schemeful=False) == schemeless
    assert fetch_site(Page(page, csp="sandbox"), address(to)) == "cross-site"
    assert not sandboxed("sandbox allow-same-origin")


def test_who_is_told_in_a_url():
    assert target(address("ws://h/")).userinfo is None
    assert target(address("ws://u@h/")).userinfo == "u"
    assert target(address("ws://u:p@h/")).userinfo == "u:p"
    assert target(address("ws://:p@h/")).userinfo == ":p"


def test_loopback_by_name():
    assert trustworthy_host("localhost.")
    assert not trustworthy_host("localhost.", rooted=False)
    assert trustworthy_host("a.localhost", rooted=False)
    assert not trustworthy_host("alocalhost")


def test_how_long_urls_are_shown():
    assert elided("x" * 1024) == "x" * 1024
    long = elided("a" * 600 + "b" * 600)
    assert long == "a" * 511 + "..." + "b" * 510
    assert len(long) == 1024


def sized(type_, length):
    header = length.to_bytes(3, "big") + bytes((type_, 0, 0, 0, 0, 0))
    return Http2Frame("server", 0, header, b"\0" * length, 0, 0)


@every(
    {
        f"{type_} of {length}": (type_, length, wrong)
        for type_, good, bad in (
            (PRIORITY, (5,), (4, 6)),
            (RST_STREAM, (4,), (3, 5)),
            (PING, (8,), (7, 9)),
            (WINDOW_UPDATE, (4,), (3, 5)),
            (SETTINGS, (0, 6, 12), (1, 5, 7)),
            (GOAWAY, (8, 9, 16384), (0, 7, 16385)),
            (DATA, (0, 16384), (16385,)),
            (HEADERS, (0, 16384), (16385,)),
        )
        for lengths, wrong in ((good, False), (bad, True))
        for length in lengths
    }
)
def test_the_sizes_of_frames(case):
    type_, length, wrong = case
    assert wrong_size(sized(type_, length)) is wrong


@every(
    {
        "nothing": ([], False, (False, False)),
        "on": ([(8, 1)], False, (True, False)),
        "off": ([(8, 0)], False, (False, False)),
        "on again": ([(8, 1)], True, (True, False)),
        "off again": ([(8, 0)], True, (True, True)),
        "on, and off": ([(8, 1), (8, 0)], False, (True, True)),
        "another value": ([(8, 2)], False, (False, True)),
        "another setting": ([(4, 2), (3, 0)], True, (True, False)),
    }
)
def test_whether_an_extended_connect_is_announced(case):
    pairs, before, expected = case
    assert settings_fault(pairs, before) == expected


def test_the_window_when_a_stream_begins():
    """Only what the server says of itself, and only before it: an acknowledgement says nothing."""
    reading = read(exchange(ON, settings([(4, 1000)]), http2_frame(SETTINGS, 1, 0), answer(b"200")))
    frames = list(reading.http2.of("server"))
    assert Windows(reading.http2, frames[1].start).stream == 65535
    assert Windows(reading.http2, frames[2].start).stream == 1000


def test_whether_http2_was_offered():
    plain = recorded(OPEN)
    plan = plain.exchange.plan
    assert not offered(plain)
    assert offered(read(exchange(ON, answer(b"200"))))
    for more in (
        replace(plan, tls=replace(plan.tls, alpn=("h2", "http/1.1"))),
        replace(plan, http2=Http2(fields=())),
    ):
        assert offered(replace(plain, exchange=replace(plain.exchange, plan=more)))


@pytest.mark.parametrize(
    ("page", "over"),
    [
        (Page("https://h/", http="2"), True),
        (Page("https://h/"), False),
        (Page("https://h:1/", http="2"), False),
        (Page("https://h/", http="2", csp="sandbox"), False),
    ],
)
def test_whether_a_page_came_over_http2_from_there(page, over):
    assert came_over("wss://h/", page) is over
    assert not came_over("ws://h/", page)


def test_each_engine_has_words_of_its_own_for_a_call_and_for_no_arguments():
    for name in (*ALL, *RUNTIMES):
        engine = ENGINES[name]
        facts = getattr(engine, "facts", None)
        for how, key in (("call", "no-new"), ("no-arguments", "no-arguments")):
            thrown = engine.construct(URL, Page(construct=how)).exception
            if facts is None:  # the texts give no words
                assert thrown.message == ""
            elif key in facts.exceptions and thrown is not None:
                assert thrown.message == facts.exceptions[key]
                assert thrown.name in ("TypeError", "SyntaxError")


def test_a_view_of_a_page_without_subprotocols_takes_those_of_the_request():
    """As where the recording is another client's."""
    asked = Page(protocols=("a", "b"))
    chosen = f"{HEAD}Sec-WebSocket-Protocol: b\r\n\r\n".encode()
    other = f"{HEAD}Sec-WebSocket-Protocol: c\r\n\r\n".encode()
    for name in (*ALL, *RUNTIMES):
        for answered, protocol in ((chosen, "b"), (other, None)):
            reading = recorded(answered, page=asked, browser=name)
            events = ENGINES[name].view(URL, Page(), [reading]).events
            opened = [event.protocol for event in events if event.type == "open"]
            if name != "deno":  # it takes what it is given
                assert opened == ([protocol] if protocol is not None else [])


def test_what_each_engine_says_of_a_long_reason_and_of_no_code():
    """A reason of 123 bytes passes. Where script gives a reason and no code, Chromium's code is 0."""
    for name in (*ALL, *RUNTIMES):
        for size in (123, 124):
            page = Page(acts=(Act("open", "close", b"x" * size, 3000),))
            events = until_end(seen(OPEN, how="local", page=page, browser=name)).events
            assert [event.type for event in events] == (["open"] if size == 123 else ["open", "throw"])
        bare = seen(OPEN, how="local", page=Page(acts=(Act("open", "close", b"why", None),)), browser=name)
        thrown = [event.exception.message for event in bare.events if event.exception is not None]
        assert bool(thrown) is (name == "chromium")
        assert all("4999. 0 is neither" in message for message in thrown)


BOTH = Certificate(b"", names=("h.example", "page.example"))


@every(
    {
        "both names": ({}, ("page.example", 443)),
        "a page of HTTP/1.1": ({"http": ""}, None),
        "a page in clear": ({"page": "http://page.example/"}, None),
        "a sandboxed page": ({"csp": "sandbox"}, None),
        "a URL in clear": ({"url": "ws://h.example/"}, None),
        "another port": ({"url": "wss://h.example:8443/"}, None),
        "one host": ({"page": "https://h.example/"}, None),
        "a name that it has not": ({"page": "https://page.test/"}, None),
        "no certificate": ({"certificate": None}, None),
        "one that is not good": ({"verified": False}, None),
        "one for the page only": ({"certificate": Certificate(b"", names=("page.example",))}, None),
        "one for the target only": ({"certificate": Certificate(b"", names=("h.example",))}, None),
        "no TLS": ({"tls": False}, None),
    }
)
def test_when_a_connection_may_serve_two_origins(case):
    changed, expected = case
    url = changed.get("url", "wss://h.example/")
    page = Page(
        changed.get("page", "https://page.example/"),
        http=changed.get("http", "2"),
        csp=changed.get("csp", ""),
    )
    done = TlsDone(
        2, "TLS 1.3", "x", None, changed.get("certificate", BOTH), changed.get("verified", True), None
    )
    events = (Resolved(1, "h.example", ("192.0.2.1",)), *([done] if changed.get("tls", True) else []))
    asked = Exchange(Plan(target(address(url)), b""), events)
    assert shareable(url, page, asked) == expected
    for addresses, common in ((["192.0.2.1"], True), (["192.0.2.2"], False), ([], False)):
        assert sharing(url, page, asked, addresses).shares is (expected is not None and common)
    proxied = replace(asked, plan=replace(asked.plan, target=replace(asked.plan.target, host="g.example")))
    assert shareable(url, page, proxied) is None
