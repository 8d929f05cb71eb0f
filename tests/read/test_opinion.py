"""Where our splitter and h11 both have an opinion, they agree."""

from cProfile import Profile
from pstats import Stats

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.exchange import Ended, Exchange, Limits, Plan, Received
from wsprobe.read import read
from wsprobe.read.body import BodyReader
from wsprobe.read.head import split_head
from wsprobe.read.strict import StrictFraming, opinion
from wsprobe.request.target import parse

lines = st.lists(
    st.sampled_from([b"A: b", b"A:", b" fold", b"\tfold", b"A: \xe4", b"A : b", b"A", b": b", b"A: b\rc", b""]),
    max_size=5,
)
ends = st.sampled_from([b"\r\n", b"\n"])


@settings(max_examples=4 * EXAMPLES)
@given(st.data(), lines, st.binary(max_size=9))
def test_h11_and_we_agree_on_where_a_head_ends_and_on_its_fields(data, texts, rest):
    wire = b"".join(text + data.draw(ends) for text in [b"HTTP/1.1 101 x", *texts, b""]) + rest
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x"), ("Upgrade", "websocket")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(wire)
    head, end = split_head(wire)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        assert not opinion(wire, method=b"GET", ended=True).accepts
        return
    assert isinstance(event, h11.InformationalResponse)
    assert opinion(wire, method=b"GET", ended=True).accepts
    assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (wire[end:], False)
    ours = [(field.key, b" ".join(field.value.split())) for field in head.fields]
    assert [(name, b" ".join(value.split())) for name, value in event.headers] == ours


def reading_of(wire, method=b"GET", how="fin", limit=1000):
    plan = Plan(parse("ws://x/"), method + b" / HTTP/1.1\r\n\r\n", limits=Limits(max_body=limit))
    return read(Exchange(plan, (Received(1, wire), Ended(2, how))))


FIELD_LINES = (
    b"A: b|A:b |A:|A: |A:\t \tb\t|A: b\tc  d|Upgrade: websocket|Connection: close|Host: ,|Expect: x|"
    b"Content-Length: 2|content-length:0|Content-Length: 02|Content-Length: 2, 2|Content-Length:|"
    b"Content-Length: -1|Content-Length: +2|Content-Length: 1 1|Content-Length: 3|Content-Length: 2;|"
    b"Content-Length: 00000000000000000002|Content-Length: 000000000000000000002|Content-Length: \xb2|"
    b"Transfer-Encoding: chunked|Transfer-Encoding: gzip| fold|A : b|A|: b|A: \xe4|A: \x00|A: \x0b|A: b\rc|"
    b'A\xe4: b|A"b: c|{: c|A: \x7f'
).split(b"|")
STATUS_LINES = (
    b"HTTP/1.1 403 No|HTTP/1.1 101 Yes|HTTP/1.1 200 |HTTP/1.1 204 No|HTTP/1.1 304 No|HTTP/1.1 999 x|"
    b"HTTP/1.1 403|HTTP/1.0 403 No|HTTP/1.0 101 x|HTTP/1.1 100 Go on|HTTP/1.1 403 \xe4|HTTP/1.1 000 x|"
    b"HTTP/1.1  403 x|http/1.1 403 x|HTTP/2.0 403 x|HTTP/1.1 199 x|\r\nHTTP/1.1 403 x|HTTP/1.1 403 \x01"
).split(b"|")
field_lines, status_lines = st.sampled_from(FIELD_LINES), st.sampled_from(STATUS_LINES)
line_ends = st.sampled_from([b"\r\n"] * 9 + [b"\n"])


@settings(max_examples=12 * EXAMPLES)
@given(
    st.data(),
    status_lines,
    st.lists(field_lines, max_size=4),
    st.binary(max_size=5),
    st.sampled_from([b"GET", b"HEAD", b"POST"]),
    st.sampled_from(["fin", "truncated", "reset", "local", "timeout"]),
)
def test_where_h11_is_not_asked_it_would_accept(data, first, texts, rest, method, how):
    wire = b"".join(text + data.draw(line_ends) for text in [first, *texts, b""]) + rest
    made = reading_of(wire, method, how)
    assert made.opinion == opinion(wire, method=method, ended=how in ("fin", "truncated"))


@pytest.mark.parametrize("first", STATUS_LINES)
def test_where_h11_is_not_asked_about_one_field_it_would_accept(first):
    for line in FIELD_LINES:
        wire = b"\r\n".join([first, line, b"", b"ab"])
        assert reading_of(wire).opinion == opinion(wire, method=b"GET", ended=True), line


def test_h11_is_not_asked_about_a_plain_answer():
    for plain in (
        b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 403 No\r\n\r\nab",
        b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n",
    ):
        profile = Profile()
        assert profile.runcall(reading_of, plain).opinion.accepts
        assert not [file for file, _, _ in Stats(profile).stats if "h11" in file]


@settings(max_examples=6 * EXAMPLES)
@given(
    st.lists(field_lines.filter(lambda line: line[:1] in b"cCT"), max_size=2),
    st.lists(st.binary(max_size=5), max_size=4),
    st.sampled_from([b"GET", b"HEAD"]),
    st.sampled_from([200, 204, 304, 403, 999]),
    st.booleans(),
)
def test_a_body_that_is_counted_here_ends_where_h11_ends_it(texts, pieces, method, status, ended):
    wire = b"".join(line + b"\r\n" for line in [b"HTTP/1.1 %d x" % status, *texts, b""])
    head, _ = split_head(wire)
    ours = BodyReader(head, status, method, 1000)
    fields = [field for name in (b"content-length", b"transfer-encoding") for field in head.all(name)]
    codings = [field.value for field in head.all(b"transfer-encoding")]
    if codings[-1:] == [b"gzip"]:
        assert ours.framing in ("close", "none")  # h11 refuses what RFC 9112 section 6.3 lets end with TCP
        return
    if codings in ([b"chunked"], [b"gzip", b"chunked"]):
        fields = head.all(b"transfer-encoding")[-1:]  # it says where the body ends, whatever else is there
    theirs = StrictFraming(status, method, [(field.key, field.value) for field in fields])
    content = b""
    if not theirs.problem:
        content = b"".join(theirs.events())
    at = 0
    for piece in [*filter(None, pieces), *[b""] * ended]:
        if not theirs.problem and not theirs.complete:
            content += b"".join(theirs.feed(piece))
            at += len(piece)
        if piece:
            ours.feed(piece)
        else:
            ours.end(clean=True)
    made, rest = ours.body()
    assert (made.complete, bool(made.problem)) == (theirs.complete, bool(theirs.problem))
    if made.framing != "unknown":
        assert made.content == (content or (made.raw if made.malformed else b""))
        if not made.malformed:  # what follows a malformed chunk has no place of its own
            assert rest == theirs.trailing + b"".join(pieces)[at:]
