"""Which protocol an engine asks over, what it sends, and what it asks next: pure, from what has been seen."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.http2_cases import load, sockets
from tests.browsers_views.recordings import OPEN, recorded
from tests.cases import every
from tests.http2.test_read import ON, answer, exchange
from wsprobe.browsers import ENGINES
from wsprobe.browsers.chromium import http2 as chromium
from wsprobe.browsers.engine import Page
from wsprobe.browsers.http2 import Windows, offered, shareable, sharing
from wsprobe.browsers.standard import request_sent
from wsprobe.browsers.url import parse, target
from wsprobe.exchange import Certificate, Exchange, Http2, Plan, Resolved, TlsDone
from wsprobe.read import read
from wsprobe.read.http2_values import (
    SETTINGS,
    HeaderBlock,
)
from wsprobe.read.reading import Field
from wsprobe.wire.http2 import frame as http2_frame
from wsprobe.wire.http2 import settings

LINES = load()


def test_chromium_counts_32_bytes_more_for_a_field():
    for size, refused in ((256 * 1024, False), (256 * 1024 + 1, True)):
        fields = tuple(
            Field(name, name, value, (), (0, 0))
            for name, value in ((b":status", b"200"), (b"a", b"x" * (size - 75)))
        )
        assert chromium._malformed(HeaderBlock(1, 0, 0, fields, b"", True)) is refused


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (exchange(settings([(3, 100)]), asked=b""), False),
        (exchange(ON, asked=b""), True),
        (exchange(settings([(3, 100)])), True),
    ],
)
def test_the_standard_asks_where_it_is_announced_and_what_was_asked_counts(of, said):
    assert request_sent(read(of)) is said


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_credentials_are_given_over_the_same_protocol(engine):
    first, second = sockets(ENGINES[engine], LINES["status-401-userinfo-then-200"])[0].asked
    assert first.http2 is not None
    assert second.http2 is not None
    assert b"authorization" not in dict(first.http2.fields)
    assert dict(second.http2.fields)[b"authorization"] == b"Basic dXNlcjpwYXNz"


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
    asked = Exchange(Plan(target(parse(url)), b""), events)
    assert shareable(url, page, asked) == expected
    for addresses, common in ((["192.0.2.1"], True), (["192.0.2.2"], False), ([], False)):
        assert sharing(url, page, asked, addresses).shares is (expected is not None and common)
    proxied = replace(asked, plan=replace(asked.plan, target=replace(asked.plan.target, host="g.example")))
    assert shareable(url, page, proxied) is None
