"""Recordings survive being saved, and whatever else is in a file gets one clear line."""

import codecs
import json
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from tests.cases import EXAMPLES
from tests.exchanges import exchange
from wsprobe.exchange import (
    Act,
    Certificate,
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    LeftOut,
    Limits,
    Plan,
    ProxyHeaderSent,
    Received,
    Resolved,
    ResolveFailed,
    Route,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
    TlsOptions,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.recording import archive
from wsprobe.recording.archive import ArchiveError
from wsprobe.wire import WIRES

FILES = Path(__file__).parents[1] / "files"

TARGET = Target("ws://example.org/", False, "example.org", 80, "/")
PLAN = Plan(TARGET, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
SIMPLE = exchange(PLAN, b"HTTP/1.1 403 \xff\r\n\r\n")

WHOLE = st.integers(0, 2**53)
PORTS = st.integers(0, 65535)
seconds = st.floats(0, allow_nan=False)
words = st.text()
limits = st.builds(
    Limits,
    connect_timeout=seconds,
    max_time=seconds,
    linger=seconds,
    max_head=WHOLE,
    max_body=WHOLE,
    max_session=WHOLE,
)
routes = st.builds(
    Route,
    resolve=st.lists(st.tuples(words, PORTS, st.tuples(words)), max_size=1).map(tuple),
    connect_to=st.lists(st.tuples(words, PORTS, words, PORTS), max_size=1).map(tuple),
)
plans = st.builds(
    Plan,
    target=st.builds(Target, port=PORTS),
    wire=st.sampled_from(sorted(WIRES)),
    acts=st.lists(st.builds(Act, code=st.none() | PORTS, after=WHOLE), max_size=2).map(tuple),
    limits=limits,
    tls=st.from_type(TlsOptions),
    route=routes,
)
BOUNDED = {"at": WHOLE, "port": PORTS, "alert": st.none() | st.integers(0, 255)}
BOUNDED |= {"bytes_sent": WHOLE, "bytes_received": WHOLE}


def happening(kind):
    """Any event of *kind*, its numbers in the range that a recording may have."""
    names = {field.name for field in fields(kind)}
    return st.builds(kind, **{name: numbers for name, numbers in BOUNDED.items() if name in names})


events = st.lists(st.one_of([happening(kind) for kind in get_args(Event)]), max_size=5).map(tuple)
exchanges = st.recursive(
    st.builds(Exchange, plan=plans, events=events, started=st.text(), hops=st.just(())),
    lambda inner: st.builds(
        Exchange, plan=plans, events=events, started=st.text(), hops=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=3,
)


@settings(max_examples=2 * EXAMPLES)
@given(exchanges)
def test_what_is_loaded_is_what_was_saved(exchange):
    text = archive.dump(exchange)
    assert "\n" not in text
    assert text.isascii()
    assert archive.load(text) == exchange
    assert archive.load(text.encode()) == exchange


def value(exchange=SIMPLE):
    made = json.loads(archive.dump(exchange))
    return made


NOT_ASCII = 'caf\u00e9 \u20ac \U0001f600\U0001f600 \x00\x1b\n"\\/ \x7f\x80'


@given(st.text(st.sampled_from([*NOT_ASCII, *'\\"u'])), st.sampled_from(["", "\u20ac" * archive.MANY]))
def test_text_that_is_not_ascii_is_escaped_as_the_standard_library_does(text, much):
    for each in (text, NOT_ASCII):
        made = archive.ascii_json({each: each + much}).decode()
        assert made == json.dumps({each: each + much}, separators=(",", ":"))


def test_much_text_that_is_not_ascii_is_not_escaped_run_by_run():
    """A body of 1 MiB can have 262,144 runs: other connections would wait 0.2 s for its report."""
    calls = 0
    handler = codecs.lookup_error("json-ascii")

    def counting(error):
        nonlocal calls
        calls += 1
        return handler(error)

    codecs.register_error("json-ascii", counting)
    try:
        archive.ascii_json("[\ufffd" * 100_000)
        assert calls == 0
        archive.ascii_json("caf\u00e9")
        assert calls == 1
    finally:
        codecs.register_error("json-ascii", handler)


# Kept files: those of format 1 were written by wsprobe 0.1.0.


LATER = {ProxyHeaderSent}
"""Events that came after these files."""


@pytest.mark.parametrize("name", ["format-1-events.json", "format-2-events.json"])
def test_every_kind_of_event_is_read_for_ever(name):
    exchange = archive.load((FILES / name).read_text())
    later = {LeftOut} if name.startswith("format-1") else set()
    assert {type(event) for event in exchange.events} == set(get_args(Event)) - LATER - later
    assert [event.how for event in exchange.events if isinstance(event, Ended)] == list(get_args(How))
    names = ("CN=example.org", "CN=Test CA", ("example.org", "192.0.2.7"))
    own = Certificate(bytes.fromhex("3082010a"), *names, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    cipher, problem = "ECDHE-RSA-AES128-GCM-SHA256", "self-signed certificate"
    assert exchange.events[:19] == (
        Resolved(1, "example.org", ("2001:db8::7", "192.0.2.7")),
        ResolveFailed(2, "other.example", "Name or service not known"),
        Connecting(3, "2001:db8::7", 443),
        ConnectFailed(4, "2001:db8::7", 443, "ECONNREFUSED", "Connection refused"),
        ConnectFailed(5, "2001:db8::7", 443, "", "refused \u20ac"),
        Connected(6, "192.0.2.7", 443, "192.0.2.1:50000"),
        Connected(7, "/run/x.sock", 0),
        TunnelSent(8, b"CONNECT example.org:443 HTTP/1.1\r\n\r\n"),
        TunnelReceived(9, b"\x05\x00"),
        TunnelFailed(10, "the proxy answered 502"),
        TlsDone(11, "TLSv1.3", "TLS_AES_256_GCM_SHA384", None, None, True),
        TlsDone(12, "TLSv1.2", cipher, "http/1.1", own, False, problem),
        TlsFailed(13, "alert", "handshake failure", bytes.fromhex("15030300020228"), None, 40),
        TlsFailed(14, "certificate", problem, b"", own, None, "self-signed"),
        TlsFailed(15, "not-tls", "not TLS", b"HTTP/1.0 400 Bad\r\n\r\n"),
        Sent(16, b"GET /caf%C3%A9?a HTTP/1.1\r\nHost: example.org\r\nX: \xff\r\n\r\n"),
        Received(17, b"HTTP/1.1 403 No\t\r\n"),
        Received(18, b"X: \xe9\r\n\r\n\x7f"),
        Received(19, b""),
    )
    plan = exchange.plan
    assert plan.wire == "hybi-08"
    assert plan.target.url == "wss://example.org/caf\u00e9?a#b"
    assert plan.limits == Limits(2.5, float("inf"), 0.0, max_head=1, max_body=2, max_session=3)
    assert plan.acts[1] == Act("message", "binary", b"\x00\xff")
    assert plan.route.connect_to == (("", 0, "other.example", 8443),)
    assert plan.tls.alpn == ()
    assert exchange.hops[0].plan.target.userinfo == "u:p"


def test_the_two_formats_say_the_same():
    older, newer = (archive.load((FILES / f"format-{n}-events.json").read_text()) for n in (1, 2))
    # Format 1 had no event for what was left out.
    *before, last = newer.events
    assert isinstance(last, LeftOut)
    assert older == replace(newer, events=tuple(before))
    later = archive.dump(newer)
    # What came later has its default.
    for member in (
        *(',"http2":null', ',"proxy_authorization":null', ',"proxy_header":null'),
        *(',"ciphers":null,"pinned":[],"common_name":false', ',"issuers":[]'),
    ):
        assert member in later
        later = later.replace(member, "")
    assert later.replace('"format":3', '"format":2') == (FILES / "format-2-events.json").read_text().strip()


GOOD = archive.dump(SIMPLE)


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)


ONE = (FILES / "format-1-events.json").read_text()


def nested(depth):
    made = SIMPLE
    for _ in range(depth):
        made = replace(SIMPLE, hops=(made,))
    return archive.dump(made)


@settings(max_examples=3 * EXAMPLES)
@given(st.data())
def test_a_damaged_recording_never_makes_anything_but_an_archive_error(data):
    at = data.draw(st.integers(0, len(GOOD) - 1))
    text = GOOD[:at] + data.draw(st.text(max_size=3)) + GOOD[data.draw(st.integers(at, len(GOOD))) :]
    with suppress(ArchiveError):
        assert isinstance(archive.load(text), Exchange)
