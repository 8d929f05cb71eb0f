"""Nothing secret is left in a redacted recording, and all else is as it was."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import tracemalloc
import urllib.parse
from base64 import b64encode
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import EXAMPLES, every
from tests.exchanges import deflated, frame
from wsprobe.exchange import (
    Act,
    ConnectFailed,
    Ended,
    Event,
    Exchange,
    Logged,
    Plan,
    Received,
    Route,
    Script,
    ScriptCall,
    ScriptError,
    ScriptEvent,
    Sent,
    Target,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.read import read
from wsprobe.read.frames import messages_of
from wsprobe.recording import archive
from wsprobe.recording.redaction import (
    MaskedStream,
    answer_stream,
    chunk_spans,
    learn,
    proxy_stream,
    redact,
    request_bytes,
)
from wsprobe.recording.secrets import _ESCAPE, ENCODED_MAX, Secrets, _character, _unescaped
from wsprobe.wire import WIRES
from wsprobe.wire.hixie import session_75

REQUEST = (
    b"GET /chat?token=tok-1234&v=2&bare HTTP/1.1\r\n"
    b"Host: example.org\r\n"
    b"AUTHORIZATION: Basic " + b64encode(b"alice:pass-word") + b"\r\n"
    b"Proxy-Authorization: Bearer\r\n  bearer-5678\r\n"
    b"Cookie: sid=cookie-abcd; theme=dark-mode\r\n"
    b"cookie: second=cookie-efgh\r\n"
    b"Referer: https://u1:p1@example.org/a?b=ref-ijkl#frag\r\n"
    b"Upgrade: websocket\r\n\r\n"
)
SECRETS = (
    "tok-1234 bare alice pass-word YWxpY2U6cGFzcy13b3Jk bearer-5678 cookie-abcd dark-mode cookie-efgh u1:p1 "
    "ref-ijkl set-mnop loc-qrst"
)
TARGET = Target(
    "ws://alice:pass-word@example.org/chat?token=tok-1234&v=2&bare#top",
    False,
    "example.org",
    80,
    "/chat?token=tok-1234&v=2&bare",
    "alice:pass-word",
    "top",
)


def exchange(answer, *, request=REQUEST, pieces=0):
    received = [Received(9, answer)] if isinstance(answer, bytes) else answer
    sent = [Sent(1, request)]
    if pieces:
        sent = [Sent(i, request[i : i + pieces]) for i in range(0, len(request), pieces)]
        received = [Received(9, answer[i : i + pieces]) for i in range(0, len(answer), pieces)]
    return Exchange(Plan(TARGET, request), (*sent, *received, Ended(99, "fin")))


ANSWER = (
    b"HTTP/1.1 403 No tok-1234\r\n"
    b"Set-Cookie: sid=set-mnop; Path=/; HttpOnly\r\n"
    b"LOCATION: https://example.org/login?next=loc-qrst#part\r\n"
    b"X-Saw: cookie-abcd\r\n"
    b"Content-Length: 30\r\n\r\n"
    b"you, alice, said cookie-efgh.."
)


def masked(text, *secrets):
    for secret in secrets:
        assert secret in text
        text = text.replace(secret, b"*" * len(secret))
    return text


def test_each_secret_is_masked_where_it_stands_and_nothing_else_is():
    reading = read(redact(exchange(ANSWER)))
    assert reading.sent == (
        b"GET /chat?token=********&v=*&**** HTTP/1.1\r\n"
        b"Host: example.org\r\n"
        b"AUTHORIZATION: Basic ********************\r\n"
        b"Proxy-Authorization: Bearer\r\n  ***********\r\n"
        b"Cookie: sid=***********; theme=*********\r\n"
        b"cookie: second=***********\r\n"
        b"Referer: https://**:**@example.org/a?b=********#frag\r\n"
        b"Upgrade: websocket\r\n\r\n"
    )
    assert reading.received == masked(
        ANSWER, b"tok-1234", b"set-mnop", b"loc-qrst", b"cookie-abcd", b"alice", b"cookie-efgh"
    )
    assert reading.exchange.plan.request == reading.sent


def test_the_target_is_masked():
    target = redact(exchange(ANSWER)).plan.target
    assert target.url == "ws://*****:*********@example.org/chat?token=********&v=*&****#top"
    assert target.resource == "/chat?token=********&v=*&****"
    assert target.userinfo == "*****:*********"
    assert (target.host, target.port, target.fragment) == ("example.org", 80, "top")


@pytest.mark.parametrize("pieces", [1, 3, 7, 50])
def test_secrets_split_over_reads_are_masked_and_reads_keep_their_sizes(pieces):
    whole, split = redact(exchange(ANSWER)), exchange(ANSWER, pieces=pieces)
    made = redact(split)
    assert read(made).received == read(whole).received
    assert read(made).sent == read(whole).sent
    for before, after in zip(split.events, made.events, strict=True):
        assert type(before) is type(after)
        if isinstance(before, Sent | Received) and isinstance(after, Sent | Received):
            assert len(before.data) == len(after.data)
            assert before.at == after.at


OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def test_messages_are_searched_in_both_directions_and_across_fragments():
    mask = b"\x01\x80\xffq"
    events = [
        Received(2, OPEN + frame(1, b"hi cookie-", fin=False) + frame(0, b"abcd!")),
        Sent(3, frame(1, b"my tok-1234", mask)),
        Received(4, frame(1, b"got tok-1234", mask)),
    ]
    session = read(redact(exchange(events))).session
    assert [f.data for f in session.frames] == [b"hi *******", b"****!", b"got ********"]
    assert [f.data for f in session.sent] == [b"my ********"]
    assert session.frames[2].mask == mask


def test_a_compressed_message_that_repeats_a_secret_is_masked_whole():
    head = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n"
    harmless, telling = deflated(b"good morning"), deflated(b"good morning cookie-abcd cookie-abcd")
    received = head + frame(1, harmless, rsv=4) + frame(1, telling, rsv=4) + frame(1, b"bye")
    made = read(redact(exchange(received)))
    session = made.session
    assert [f.data for f in session.frames] == [harmless, b"*" * len(telling), b"bye"]
    assert [m.data for m in messages_of(made)[0]] == [
        b"good morning",
        b"good morning *********** ***********",
        b"bye",
    ]
    assert [f.rsv for f in session.frames] == [4, 4, 0]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


JWT = b".".join(
    (base64url(b'{"alg":"HS256","typ":"JWT"}'), base64url(b'{"sub":"bob"}'), base64url(b"signed" * 5))
)
HIDDEN = b"*" * len(JWT)


def test_a_json_web_token_of_the_server_is_masked_wherever_it_is():
    text = b'{"token":"%b","again":["%b"]}.' % (JWT, JWT)
    head = b"HTTP/1.1 403 %b\r\nX-Made: t=%b;\r\n" % (JWT, JWT)
    chunked = b"Transfer-Encoding: chunked\r\n\r\n20\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        text[:32],
        len(text) - 32,
        text[32:],
    )
    for rest in (b"\r\n" + text, chunked):
        made = read(redact(exchange(head + rest)))
        assert made.content == text.replace(JWT, HIDDEN)
        assert made.received.startswith(head.replace(JWT, HIDDEN))
    zipped = gzip.compress(text)
    coded = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(zipped), zipped)
    body = read(redact(exchange(head + coded))).responses[0].body
    assert body.decoded == text.replace(JWT, HIDDEN)


def test_a_json_web_token_in_messages_is_masked():
    text = b'{"token":"%b"}' % JWT
    head = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    frames = frame(1, JWT[:40], fin=False) + frame(0, JWT[40:]) + frame(1, b"more")
    frames += frame(1, deflated(text), rsv=4) + frame(8, b"\x0f\xa1" + JWT[:90])
    made = read(redact(exchange(head + frames)))
    assert [each.data for each in messages_of(made)[0]] == [HIDDEN, b"more", text.replace(JWT, HIDDEN)]
    assert made.session.frames[-1].data == b"\x0f\xa1" + HIDDEN[:90]


LOOKALIKES = {
    "no algorithm": base64url(b'{"typ":"JWT","kid":1}') + b".e30.c2ln",
    "no JSON": base64url(b'{"alg":"HS256",') + b".e30.c2ln",
    "no base64": b"eyJhbGciOiJIUzI1NiJ9A.e30.c2ln",
    "deep": base64url(b'{"a":' * 600) + b".e30.c2ln",
    "long": base64url(b'{"alg":"%b"}' % (b"a" * 4000)) + b".e30.c2ln",
    "header alone": JWT.partition(b".")[0] + b". Then",
    "short": b"eyJ.e30.c2ln",
}


@every(LOOKALIKES)
def test_what_is_no_json_web_token_is_kept(text):
    assert Secrets().echo(text) == text
    assert Secrets().echo_text(text.decode()) == text.decode()


def test_where_a_json_web_token_ends():
    header, payload, _ = JWT.split(b".")
    for token in (JWT, header + b"." + payload, header + b"." + payload + b".", JWT + b".x.y"):
        stars = b"*" * len(token.rstrip(b"."))
        assert Secrets().echo(b"t=" + token + b" me") == b"t=" + stars + b"." * token.endswith(b".") + b" me"
        assert Secrets().echo_text(f"\xfct={token.decode()}!") == f"\xfct={stars.decode()}" + (
            ".!" if token.endswith(b".") else "!"
        )
    assert Secrets().echo(JWT + b"hello" + JWT, [len(JWT), len(JWT) + 5, 500]) == HIDDEN + b"hello" + HIDDEN
    assert Secrets().echo(JWT + b"hello") == HIDDEN + b"*****"


def test_how_much_of_a_session_is_searched(monkeypatch):
    searched = []

    real = Secrets.echo

    def echo(self, data, ends=()):
        searched.append(len(data) if self.searches else 0)
        return real(self, data, ends)

    def session(head, *frames):
        searched.clear()
        redact(exchange(head))
        alone = sum(searched)
        searched.clear()
        made = read(redact(exchange(head + b"".join(frames)))).session
        assert sum(searched) - alone <= 40 + secrets.longest
        return [each.data for each in made.frames]

    secrets = Secrets()
    redact(exchange(OPEN), secrets)
    monkeypatch.setattr("wsprobe.recording.redaction.SEARCHED_MAX", (40 + secrets.longest) * secrets.known)
    monkeypatch.setattr(Secrets, "echo", echo)
    texts = [b"hello again ", b"it is the tok-1234", b"hello again ", b"x" * 125, b"\x0f\xa1why"]
    found = session(OPEN, *(frame(opcode, each) for opcode, each in zip((1, 1, 1, 2, 8), texts, strict=True)))
    assert found == [texts[0], b"it is the ********", b"hello agai**", b"*" * 125, b"\x0f\xa1***"]
    deflate = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n"
    small, large = deflated(b"good morning"), deflated(b"good" * 8)
    found = session(deflate, *(frame(1, each, rsv=4) for each in (small, large, small)))
    assert found == [small, b"*" * len(large), b"*" * len(small)]


def test_a_session_is_not_read_again_for_each_search(monkeypatch):
    before = exchange(OPEN + frame(1, b"cookie-abcd"))
    known = read(before)
    monkeypatch.setattr("wsprobe.recording.redaction.read_structure", None)
    assert isinstance(made := redact(before, known=known).events[1], Received)
    assert made.data.endswith(b"***********")


def test_secrets_are_learned_from_heads_alone(monkeypatch):
    monkeypatch.setitem(WIRES, "hybi-13", replace(WIRES["hybi-13"], session=None))  # nothing to call
    monkeypatch.setattr("wsprobe.read.read_body", None)
    secrets = Secrets()
    learn(exchange(OPEN + frame(1, b"hello")), secrets)
    learn(exchange(ANSWER), secrets)
    assert secrets.echo(b"cookie-abcd set-mnop hello") == b"*********** ******** hello"


def test_the_forms_of_a_secret_are_made_once(monkeypatch):
    made = []

    def quote(data, safe):
        made.append(data)
        return urllib.parse.quote_from_bytes(data, safe)

    monkeypatch.setattr("wsprobe.recording.secrets.quote_from_bytes", quote)
    secrets = Secrets()
    for _ in range(3):
        assert secrets.set_cookie("a=bc; Path=/") == "a=**; Path=/"
    assert set(made) == {b"bc"}
    assert len(made) == 4  # as UTF-8 and as latin-1, each as it is and decoded


def test_an_answer_in_many_reads_is_not_copied_once_for_each(monkeypatch):
    copied = []

    class Counted(bytes):
        def __getitem__(self, key):
            made = super().__getitem__(key)
            copied.append(len(made))
            return Counted(made)

    monkeypatch.setattr(
        "wsprobe.recording.redaction.received_stream",
        lambda secrets, reading: MaskedStream(Counted(reading.received)),
    )
    redact(exchange(ANSWER + b"x" * 1000, pieces=1))
    assert sum(copied) == 2 * len(ANSWER + b"x" * 1000)  # once to learn, once to mask


def test_frames_of_another_wire_are_searched_as_bytes(monkeypatch):
    monkeypatch.setitem(WIRES, "hixie", replace(WIRES["hixie-75"], session=session_75))
    before = exchange([Received(2, OPEN + b"\x00tok-1234\xff"), Sent(3, b"\x00tok-1234\xff")])
    made = read(redact(replace(before, plan=replace(before.plan, wire="hixie"))))
    assert made.received == OPEN + b"\x00********\xff"
    assert made.sent.endswith(b"\x00********\xff")


def test_a_query_word_does_not_mask_what_decides_the_handshake():
    request = b"GET /?transport=websocket&n=1000&t=json HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
    answer = (
        b"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        b"1000\r\n" + b"is it json" + b"." * 4086 + b"\r\n0\r\n\r\n"
    )
    reading = read(redact(exchange(answer, request=request)))
    assert reading.sent == b"GET /?transport=*********&n=****&t=**** HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
    assert reading.received == answer.replace(b"it json", b"it ****")
    assert reading.final.body.complete


@pytest.mark.parametrize(("said", "masked"), [(b"cookie-abcd", True), (b"something", False)])
def test_a_compressed_body_that_repeats_a_secret_is_masked_whole(said, masked):
    body = gzip.compress(b"you sent " + said)
    head = b"HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert read(redact(exchange(head + body))).received == head + (b"*" * len(body) if masked else body)


@pytest.mark.parametrize(
    ("field", "left"),
    [
        (b"Authorization: opaque", b"Authorization: ******"),
        (b"Authorization: my own", b"Authorization: ** ***"),
        (b'authorization :  digest u="x", r=1', b"authorization :  digest ****** ***"),
        (b"Cookie: alone; a=b", b"Cookie: *****; a=*"),
        (b"Cookie: a=b;\r\n\tc=d\r\n e", b"Cookie: a=*;\r\n\tc=*\r\n *"),
        (b"Set-Cookie: a", b"Set-Cookie: *"),
        (b"Set-Cookie: a=b=c; Domain=d=e", b"Set-Cookie: a=***; Domain=d=e"),
        (b"Location: //u@h/?q;r=s#t=u", b"Location: //*@h/?*;r=*#t=*"),
        (b"Location: /x#y", b"Location: /x#y"),
        (b"Refresh: 3; url=/?a=b", b"Refresh: 3; url=/?a=*"),
        (b"Cookie:", b"Cookie:"),
    ],
)
def test_fields(field, left):
    request = b"GET / HTTP/1.1\n" + field + b"\n\n"
    assert read(redact(exchange(b"", request=request))).sent == b"GET / HTTP/1.1\n" + left + b"\n\n"
    answer = b"HTTP/1.1 302 Found\r\n" + field + b"\r\n\r\n"
    assert read(redact(exchange(answer))).received == b"HTTP/1.1 302 Found\r\n" + left + b"\r\n\r\n"


def test_proxies():
    connect = b"CONNECT example.org:80 HTTP/1.1\r\nProxy-Authorization: Basic %s\r\n\r\n" % b64encode(
        b"pu:ppppp"
    )
    plan = Plan(TARGET, REQUEST, route=Route(proxy="http://pu:ppppp@proxy.example:3128"))
    events = (
        TunnelSent(1, connect[:40]),
        TunnelSent(2, connect[40:]),
        TunnelReceived(3, b"HTTP/1.1 407 No ppppp\r\nSet-Cookie: a=b\r\n\r\nppppp?"),
        TunnelFailed(4, "the proxy said ppppp"),
        Ended(5, "error", "ppppp"),
    )
    made = redact(Exchange(plan, events))
    assert made.plan.route.proxy == "http://**:*****@proxy.example:3128"
    sent = b"".join(e.data for e in made.events if isinstance(e, TunnelSent))
    assert sent == connect[:-16] + b"*" * 12 + b"\r\n\r\n"
    assert made.events[2:] == (
        TunnelReceived(
            3, b"HTTP/1.1 407 No *****\r\nSet-Cookie: a=*\r\n\r\n*****?", ((16, 5), (37, 1), (42, 5))
        ),
        TunnelFailed(4, "the proxy said *****"),
        Ended(5, "error", "*****"),
    )


@pytest.mark.parametrize("as_sent", [bytes, b64encode, lambda data: json.dumps(data.decode()).encode()[1:-1]])
def test_a_long_message_is_found_where_it_is_repeated(as_sent):
    long = b'"secret!"' * (ENCODED_MAX // 4)
    body = b"you sent " + as_sent(long)
    made = exchange(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    made = redact(replace(made, plan=replace(made.plan, acts=(Act("open", "text", long),))))
    shown = b"".join(event.data for event in made.events if isinstance(event, Received))
    assert shown.endswith(b"you sent " + b"*" * (len(body) - 9))


def test_hops_errors_and_messages_to_send_are_masked_too():
    earlier = exchange(b"HTTP/1.1 302 Found\r\nX: loc-qrst\r\nLocation: /?a=loc-qrst\r\n\r\n")
    plan = Plan(TARGET, REQUEST, acts=(Act("open", "text", b"tok-1234"),))
    events = (
        ConnectFailed(1, "192.0.2.1", 80, "", "no way to alice:pass-word"),
        TlsFailed(2, "not-tls", "loc-qrst", b"HTTP/1.1 400 No\r\nSet-Cookie: a=b\r\n\r\ntok-1234"),
        Ended(3, "error"),
    )
    made = redact(Exchange(plan, events, hops=(earlier,)))
    assert made.plan.acts[0].data == b"********"
    assert made.events == (
        ConnectFailed(1, "192.0.2.1", 80, "", "no way to ***************"),
        TlsFailed(2, "not-tls", "********", b"HTTP/1.1 400 No\r\nSet-Cookie: a=*\r\n\r\n********"),
        Ended(3, "error"),
    )
    assert read(made.hops[0]).received == b"HTTP/1.1 302 Found\r\nX: ********\r\nLocation: /?a=********\r\n\r\n"


def test_what_a_script_of_a_page_did_and_saw_is_masked():
    url = "ws://example.org/chat?token=tok-1234"
    seen = (
        ScriptEvent(1.0, "message", 1, data="you are tok-1234"),
        ScriptEvent(2.0, "message", 1, data="long, cut, " + "and cut " * 20 + "tok-12", size=300),
        ScriptEvent(3.0, "close", 3, code=4401, reason="tok-1234 expired"),
    )
    script = Script(
        "page",
        (ScriptCall("http://example.org/app.js?key=other-5678", 1, 2, "open"),),
        seen,
        exception=ScriptError("SyntaxError", f"The URL '{url}' is invalid."),
        console=(f"WebSocket connection to '{url}' failed: 403",),
    )
    made = redact(replace(exchange(ANSWER), logged=Logged("netlog", script=script)))
    saved = archive.dump(made)
    assert "example.org/app.js" in saved
    assert "long, cut" in saved
    for secret in ("tok-12", "other-5678"):
        assert secret not in saved


def test_no_secret_is_left_anywhere_in_the_saved_text():
    """Nor in the bytes, which are saved as base64."""
    before = replace(exchange(ANSWER), hops=(exchange(ANSWER, pieces=2),))

    def left(recording):
        text = archive.dump(recording)
        assert text.isascii()
        sent, received = read(recording).sent, read(recording).received
        return [each for each in SECRETS.split() if each.encode() in text.encode() + sent + received]

    assert left(before) == SECRETS.split()
    assert left(redact(before)) == []


pieces_of_wire = st.lists(
    st.sampled_from(
        (
            *(b"HTTP/1.1 ", b"101", b"403", b" x", b" fold", b"abcd"),
            *(b"\r\n", b"\n", b"\r\n\r\n", b":", b"\xff"),
            *(b"Cookie: a=b", b"Set-Cookie: abcd", b"Location: //a@b?c"),
            *(b"Transfer-Encoding: chunked", b"4\r\nabcd\r\n", b"\x81\x04abcd"),
        )
    )
    | st.binary(max_size=6),
    max_size=15,
).map(b"".join)


@settings(max_examples=3 * EXAMPLES)
@given(request=pieces_of_wire, answer=pieces_of_wire, size=st.integers(1, 20))
def test_redacting_keeps_every_length_and_the_second_time_changes_nothing(request, answer, size):
    before = exchange(answer, request=request, pieces=size)
    after = redact(before)
    for old, new in zip(before.events, after.events, strict=True):
        if isinstance(old, Sent | Received) and isinstance(new, Sent | Received):
            assert len(old.data) == len(new.data)
    old_lines = [line.end for r in read(before).responses for line in r.head.lines]
    assert old_lines == [line.end for r in read(after).responses for line in r.head.lines]
    assert redact(after) == after


@given(
    target=st.from_type(Target),
    route=st.from_type(Route),
    events=st.lists(st.from_type(Event), max_size=6).map(tuple),
    request=pieces_of_wire,
)
def test_any_recording_can_be_redacted(target, route, events, request):
    before = Exchange(Plan(target, request, route=route), events)
    after = redact(replace(before, hops=(before,)))
    assert len(after.plan.request) == len(request)
    assert len(after.plan.target.url) == len(target.url)
    assert [type(event) for event in after.events] == [type(event) for event in events]
    assert after.hops[0] == replace(after, hops=())


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda secret: base64.b64encode(secret), id="base64"),
        pytest.param(
            lambda secret: base64.urlsafe_b64encode(secret + b" and more"), id="the beginning of base64"
        ),
        pytest.param(lambda secret: urllib.parse.quote(secret, safe="").encode(), id="percent"),
        pytest.param(lambda secret: json.dumps(secret.decode("latin-1"))[1:-1].encode(), id="JSON"),
    ],
)
@pytest.mark.parametrize("place", ["body", "value", "name", "reason"])
def test_a_secret_is_found_in_other_spellings(spelling, place):
    secret = b'pa"ss/word\xe9!'
    request = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: session=" + secret + b"\r\n\r\n"
    echo = spelling(secret)
    there = {each: echo if each == place else b"x" for each in ("body", "value", "name", "reason")}
    answer = b"HTTP/1.1 403 %(reason)b\r\nX-%(name)b: %(value)b\r\nConnection: close\r\n\r\n%(body)b" % {
        each.encode(): text for each, text in there.items()
    }
    made = exchange([])
    events = (Sent(1, request), Received(2, answer), Ended(3, "fin"))
    made = replace(made, plan=replace(made.plan, request=request), events=events)
    found = read(redact(made)).received
    assert len(found) == len(answer)
    assert echo.rstrip(b"=")[:12] not in found


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/ws/3f1c8a52-9d0e-4b7c-8a11-5f2f6f1f9d3b", "/ws/" + "*" * 36),
        ("/ws/AbCdEfGh1234567890xyz/room", "/ws/" + "*" * 21 + "/room"),
        ("/s/accept-then-close-with-reason-4403", "/s/accept-then-close-with-reason-4403"),
        ("/chat/v2", "/chat/v2"),
    ],
)
def test_a_path_segment_that_looks_like_a_token_is_masked(path, masked):
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    made = exchange([Ended(3, "fin")])
    made = replace(made, plan=replace(made.plan, request=request), events=(Sent(1, request), Ended(3, "fin")))
    assert read(redact(made)).request.resource.decode() == masked


OFFERED = {
    "chat, abcdefghijklmnopqrs1": "chat, ********************",
    "chat, abcdefghijklmnopqr1": "chat, *******************",
    "chat, graphql-transport-ws": "chat, graphql-transport-ws",
    "chat, wamp.2.json": "chat, wamp.2.json",
    "chat, 12345678901234567890": "chat, ********************",
    "chat, SECRET4": "chat, *******",
    # A credential behind a word.
    "bearer.SECRET4": "bearer.*******",
    "base64url.bearer.authorization.k8s.io.dG9rZW4x": "base64url.bearer.authorization.k8s.io.********",
    "base64.binary.k8s.io": "base64.binary.k8s.io",
    "access_token=abc123": "access_token=******",
    "auth-v2": "auth-v2",
    "one, AbC1, AbC2": "one, ****, ***!",
    # After one that announces a credential.
    "access_token, s3cret": "access_token, ******",
    "Bearer,s3cret,chat": "Bearer,******,chat",
    "chat, x-api-key, s3cret": "chat, x-api-key, ******",
    "authorization, bearer, s3cret": "authorization, bearer, ******",
    "chat.bearer.v1, chat": "chat.bearer.v1, chat",
    "chat, token": "chat, token",
}
"""Offered subprotocols, and how they are shown; two different ones do not look alike."""


@every(tuple(OFFERED))
def test_which_subprotocol_is_taken_for_a_token(offered):
    secrets, masked = Secrets(), OFFERED[offered]
    assert secrets.protocols(offered) == masked
    for one, shown in zip(offered.split(","), masked.split(","), strict=True):
        hidden = one[len(shown.rstrip("*!")) :].encode()
        assert secrets.echo(hidden) == b"*" * len(hidden)
        assert shown != one or secrets.echo(one.encode()) == one.encode()


def test_a_subprotocol_that_the_server_chose_is_no_secret():
    request = b"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: acme4711x, other4711\r\n\r\n"
    answer = OPEN[:-2] + b"Sec-WebSocket-Protocol: acme4711x\r\n\r\n"
    made = read(redact(exchange(answer, request=request)))
    assert made.request.protocols == (b"acme4711x", b"*********")
    assert made.values("sec-websocket-protocol") == (b"acme4711x",)


SEGMENTS = {
    "24 of hex": ("0123456789abcdef-ABCDEF0", True),
    "23 of hex": ("0123456789abcdef-ABCDEF", True),  # mixed of case and digits, and that takes 20
    "24 of hex in small letters": ("0123456789abcdef01234567", True),
    "23 of hex in small letters": ("0123456789abcdef0123456", False),
    "24 with a letter that is not hex": ("0123456789abcdef0123456g", False),
    "20, mixed": ("abcdefghijKLMNOPQRS1", True),
    "19, mixed": ("abcdefghijKLMNOPQR1", False),
    "20, no digit": ("abcdefghijKLMNOPQRST", False),
    "20, no capital": ("abcdefghijklmnopqrs1", False),
    "20, no small letter": ("ABCDEFGHIJKLMNOPQRS1", False),
}


@every(SEGMENTS)
def test_which_segment_is_taken_for_a_token(of):
    text, token = of
    masked = "*" * len(text) if token else text
    assert Secrets().url(f"wss://h/a/{text}/b") == f"wss://h/a/{masked}/b"
    assert Secrets().url(f"wss://h/a#{text}") == f"wss://h/a#{masked}"


URLS = {
    "//u:p@h/": "//*:*@h/",
    "//user@h": "//****@h",
    "a?b=c#d=e": "a?b=*#d=*",
    "a?b&c=d;e=f": "a?*&c=*;e=*",
    "a#b=c?d": "a#b=***",
    "a#b=c": "a#b=*",
    "a#b": "a#b",
    "?": "?",
    "a?b=": "a?b=",
    "a?b=c=d": "a?b=***",
}


@every(tuple(URLS))
def test_what_of_a_url_is_masked(url):
    assert Secrets().url(url) == URLS[url]


def test_how_long_a_secret_is_searched_for():
    """From four bytes on; its base64 from six, as far as what follows it does not matter."""
    for secret, found in (("abc", False), ("abcd", True)):
        secrets = Secrets()
        assert secrets.whole(secret) == "*" * len(secret)
        assert (secrets.echo(f"<{secret}>".encode()) == f"<{'*' * len(secret)}>".encode()) == found
    for size, found in ((5, 0), (6, 8), (7, 9), (8, 10), (9, 12)):
        secret = b"abcdefghi"[:size]
        secrets = Secrets()
        secrets.whole(secret.decode())
        text = b64encode(secret + b"...")
        assert secrets.echo(text) == b"*" * found + text[found:], secret


@pytest.mark.parametrize(
    ("limit", "most", "left"),
    [("SECRETS_MAX", 3, b"**** **** **** dddd eeee"), ("ANSWERED_MAX", 2, b"**** **** **** dddd ****")],
)
def test_how_many_secrets_are_searched_for(monkeypatch, limit, most, left):
    """In all, and of those that answers have."""
    monkeypatch.setattr(f"wsprobe.recording.secrets.{limit}", most)
    monkeypatch.setattr("wsprobe.recording.secrets.BASE64_MIN", 100)
    secrets = Secrets()
    secrets.whole("aaaa")
    with secrets.of_answers():
        for name in ("bbbb", "cccc", "cccc", "dddd"):
            assert secrets.whole(name) == "****"
    secrets.whole("eeee")
    assert secrets.echo(b"aaaa bbbb cccc dddd eeee") == left


def test_nothing_is_searched_before_all_secrets_are_known():
    secrets = Secrets()
    with secrets.learning():
        secrets.whole("abcd")
        assert (secrets.echo(b"abcd"), secrets.echo_text("abcd")) == (b"abcd", "abcd")
    assert (secrets.echo(b"abcd"), secrets.echo_text("abcd")) == (b"****", "****")


@every((b"%61bcd", b"=%61bcd=61", b"%0d%0a%61bcd\n", b"%%61bcd%4", b"=\nab%63d=\n"))
def test_what_is_around_an_encoded_secret_changes_nothing(text):
    secrets = Secrets()
    secrets.whole("abcd")
    at, end = re.search(rb"(%61|a)b(%63|c)d", text).span()
    assert secrets.echo(text) == text[:at] + b"*" * (end - at) + text[end:]


CREDENTIALS = {
    "Basic YWxpY2U6cGFzcy13b3Jk": ("Basic ********************", b"alice|pass-word|alice:pass-word"),
    "basic not base64!": ("basic *** *******", b""),
    "Bearer abcd": ("Bearer ****", b"abcd"),
    "BEARER  abcd": ("BEARER  ****", b"abcd"),
    'Digest username="alice", nonce="1"': ("Digest ***************** *********", b"alice"),
    "Mine abcd": ("**** ****", b"Mine abcd"),
    "abcd": ("****", b"abcd"),
}


@every(tuple(CREDENTIALS))
def test_what_of_credentials_is_masked_and_remembered(text):
    masked, known = CREDENTIALS[text]
    secrets = Secrets()
    assert secrets.credentials(text) == masked
    for each in known.split(b"|"):
        assert secrets.echo(each) == b"*" * len(each)


CHUNKED = {
    b"": [(0, 0)],
    b"\n": [(0, 1)],
    b"1\na": [(2, 3), (3, 3)],
    b"1\nab": [(2, 3), (3, 4)],
    b"1\r\na\r\n1;x=y\r\nb\r\n0\r\n\r\nrest": [(3, 4), (13, 14), (19, 25)],
    b"2\r\na": [(3, 4), (4, 4)],
    b"1\r\na\n0\r\n": [(3, 4), (4, 8)],
    b"-1\r\na": [(4, 5)],
    b"x\r\na": [(0, 4)],
    b"3\r\nabc\r\n0\r\n\r\n": [(3, 6), (11, 13)],
    b"3;x=y\r\nabc\r\n2\r\nd": [(7, 10), (15, 16), (16, 16)],
    b"zz\r\nabc": [(0, 7)],
}


@every(tuple(CHUNKED))
def test_where_the_content_of_chunks_is(raw):
    assert chunk_spans(raw) == CHUNKED[raw]


SOCKS = {
    b"": b"",
    b"\x05": b"\x05",
    b"\x05\1\0\1\2ab\2cd": b"\x05\1\0\1\2**\2**",
    b"\x05\2\0\2\1\2ab\3cde\x05\1": b"\x05\2\0\2\1\2**\3***\x05\1",
    b"\x05\1\2\1\2ab\3c": b"\x05\1\2\1\2**\3*",
    b"\x05\1\2\1\2a": b"\x05\1\2\1\2*",
    b"\x05\1\2\2\2ab": b"\x05\1\2\2\2ab",
    b"\x05\1\2\1": b"\x05\1\2\1",
    b"\x05\2\0\2\1\2pu\3ppp\x05\1\0": b"\x05\2\0\2\1\2**\3***\x05\1\0",
    b"\x05\1\0\x05\1\0\3\4host": b"\x05\1\0\x05\1\0\3\4host",
    b"\x05\1\2\1\x09pu": b"\x05\1\2\1\x09**",
}


@every(tuple(SOCKS))
def test_where_a_socks_password_stands(sent):
    made = redact(Exchange(Plan(TARGET, REQUEST), (TunnelSent(1, sent), Ended(2, "fin"))))
    assert made.events[0].data == proxy_stream(Secrets(), sent) == SOCKS[sent]


LINES = {
    b"GET /?a=b HTTP/1.1\r\n\r\n": b"GET /?a=* HTTP/1.1\r\n\r\n",
    b"GET /?a=b\r\n\r\n": b"GET /?a=*\r\n\r\n",
    b"GET /?a=b c HTTP/1.1\r\n\r\n": b"GET /?a=* * HTTP/1.1\r\n\r\n",
    b"/?a=b\r\n\r\n": b"/?a=*\r\n\r\n",
}


@every(tuple(LINES))
def test_where_the_target_of_a_request_line_stands(line):
    assert request_bytes(Secrets(), line) == LINES[line]


FIRST_LINES = {
    b"HTTP/1.1 400 HTTP\r\n\r\n": b"HTTP/1.1 400 ****\r\n\r\n",
    b"http/1.1 400 HTTP\r\n\r\n": b"http/1.1 400 ****\r\n\r\n",
    b"HTTP\r\n\r\n": b"HTTP\r\n\r\n",
    b"sid-abcd is gone\r\n": b"sid-**** is gone\r\n",
    b"abcd\r\n": b"****\r\n",
    b" abcd": b" ****",
}


@every(tuple(FIRST_LINES))
def test_the_version_in_a_status_line_is_left_and_all_else_searched(line):
    secrets = Secrets()
    secrets.whole("HTTP")
    secrets.whole("abcd")
    assert answer_stream(secrets, line) == FIRST_LINES[line]


SESAME, QUOTED, PLUS = "sesame open/1", "a\"b'c&d<e>f/g", "S3cret-Token a+b/c=d"


@every(
    {
        "every character": (SESAME, "".join(f"%{byte:02X}" for byte in SESAME.encode())),
        "in small letters": (SESAME, "".join(f"%{byte:02x}" for byte in SESAME.encode())),
        "some": (SESAME, "s%65same%20o%70en/1"),
        "twice": (SESAME, urllib.parse.quote("".join(f"%{byte:02x}" for byte in SESAME.encode()))),
        "three times": (SESAME, "".join(f"%2525{byte:02x}" for byte in SESAME.encode())),
        "JSON, as PHP writes it": (SESAME, "sesame open\\/1"),
        "JSON, every character": (SESAME, "".join(f"\\u00{byte:02X}" for byte in SESAME.encode())),
        "JavaScript": (SESAME, "".join(f"\\x{byte:02x}" for byte in SESAME.encode())),
        "HTML, in decimal": (SESAME, "".join(f"&#{byte};" for byte in SESAME.encode())),
        "HTML, in hexadecimal": (SESAME, "".join(f"&#x0{byte:x};" for byte in SESAME.encode())),
        "several kinds": (SESAME, "&#115;es\\x61me%2520open&#X2f;1"),
        "as it is": (SESAME, SESAME),
        "HTML, by name": (QUOTED, "a&quot;b&apos;c&amp;d&lt;e&gt;f/g"),
        "JSON, by name": (QUOTED, "a\\\"b\\'c\\u0026d\\u003ce\\u003ef\\/g"),
        "upper case": (PLUS, "S3CRET-TOKEN A+B/C=D"),
        "lower case": (PLUS, "s3cret-token a+b/c=d"),
        "any case": (PLUS, "s3Cret-Token a+b/c=d"),
        "a form": (PLUS, "S3cret-Token+a%2Bb%2Fc%3Dd"),
        "+ for a space": (PLUS, "S3cret-Token+a+b/c=d"),
        "quoted-printable": (PLUS, "S3cret-Token a+b/c=3Dd"),
        "names of HTML": (PLUS, "S3cret-Token a&plus;b&sol;c&equals;d"),
    }
)
def test_an_echo_is_found_in_every_form(case):
    secret, echo = case
    secrets = Secrets()
    secrets.whole(secret)
    for text in ("<{}>", "100% <{}> %7", "&#300; {} \\\\"):
        assert secrets.echo(text.format(echo).encode()) == text.format("*" * len(echo)).encode()
        assert secrets.echo_text(f"\u20ac%41 {text.format(echo)} \u20ac").count("*") == len(echo)


def test_a_short_word_is_found_in_its_own_letter_case_only():
    secrets = Secrets()
    secrets.whole("websocket")
    assert secrets.echo(b"WebSocket websocket") == b"WebSocket *********"


@given(st.lists(st.sampled_from([*"%\\\\=;x", "25", "u00", "4f", "&#x", "&#", "&amp;", "'"]), max_size=60))
@settings(max_examples=4 * EXAMPLES)
def test_both_ways_to_read_escapes_agree(parts):
    data = "".join(parts).encode()
    assert _unescaped(data) == _ESCAPE.sub(_character, data)


@every({"letters": b"Sesame-Open!", "+ and / in base64": b"~~~~??????>>>>"})
def test_a_credential_is_found_anywhere_in_base64_and_in_hexadecimal(secret):
    """Except in answers, and for messages, of which there may be many."""
    secrets = Secrets()
    secrets.whole(secret.decode())
    for before, after in itertools.product((b"", b"?", b"??", b"???"), (b"", b"?", b"??")):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            masked = secrets.echo(encode(before + secret + after))
            unmasked = masked.replace(b"*", b"A").ljust(-len(masked) % 4 + len(masked), b"=")
            assert secret[1:-1] not in base64.urlsafe_b64decode(unmasked)
            assert masked.count(b"*") >= len(secret) * 8 // 6 - 1
    assert set(secrets.echo(secret.hex().encode()) + secrets.echo(secret.hex().upper().encode())) == set(b"*")
    message, answered = Secrets(), Secrets()
    message.message(secret)
    with answered.of_answers():
        answered.whole(secret.decode())
    for others in (message, answered):
        assert others.echo(secret) == b"*" * len(secret)
        assert others.echo(secret.hex().encode()) == secret.hex().encode()


TOKENS = ("3f9aB7c2D1e8F6a4b5C0-x_9Q", "0a1b2c3d4e5f6071", "abcdefghijklmnopq7rstuvw", "8234567890124")
"""No token ends with the characters that one begins with: where two overlap in a text, only the first is surely
masked whole."""

PROSE = (b"the house of the rising sun", b"/shop/cart2/items", b" ", b"\x00\xff%41", b"2026-12-01", b"*")


def shared(data, tokens):
    """The places of *data* that are parts of *tokens* with 12 bytes and more, found in the plainest way."""
    held = [
        any(data[at : at + 12] in token for token in tokens) and len(data[at : at + 12]) == 12
        for at in range(len(data))
    ]
    spans = []
    for at in (at for at, each in enumerate(held) if each):
        joins = bool(spans) and held[at - 1]
        spans[-1:] = [(spans[-1][0], at + 12)] if joins else [*spans[-1:], (at, at + 12)]
    return spans


@given(
    st.lists(st.sampled_from(TOKENS), min_size=1, unique=True),
    st.lists(
        st.one_of(
            st.sampled_from(PROSE),
            st.builds(
                lambda t, a, b: t[a:b].encode(), st.sampled_from(TOKENS), st.integers(0, 12), st.integers(8, 30)
            ),
        )
    ),
)
def test_exactly_the_parts_of_tokens_are_masked(tokens, pieces):
    secrets, data = Secrets(), b"".join(pieces)
    secrets.cookies("; ".join(f"c={each}" for each in tokens))
    masked, spans = secrets.echo(data), shared(data, [each.encode() for each in tokens])
    assert len(masked) == len(data)
    for at, (was, now) in enumerate(zip(data, masked, strict=True)):
        assert was == now or (now == ord("*") and any(begin <= at < stop for begin, stop in spans))
    for begin, stop in spans:
        if re.search(rb"[0-9]{5}|[0-9][A-Za-z]", data[begin:stop]):
            assert masked[begin:stop] == b"*" * (stop - begin)
    assert secrets.echo_text(data.decode("latin-1")) == masked.decode("latin-1")


@pytest.mark.parametrize(
    ("learn", "secret", "text"),
    [
        (Secrets.cookies, "greeting=the-house-of-the-rising-sun-2024", b"of the-rising-sun-2024, it is said"),
        (Secrets.url, "/x?next=/shop/checkout/delivery2/express", b"see /checkout/delivery2/ for it"),
        (Secrets.credentials, "Bearer abcdefghijklmnopqrstuvwxyz7", b"abcdefghijklmnop"),
    ],
)
def test_words_of_a_secret_are_no_part_to_mask(learn, secret, text):
    secrets = Secrets()
    learn(secrets, secret)
    assert secrets.known
    assert secrets.echo(text) == text


def test_a_part_of_a_message_is_not_masked():
    secrets = Secrets()
    secrets.message(b'{"id": "3f9aB7c2D1e8F6a4b5C0", "text": "hello"}')
    assert secrets.echo(b"order 9aB7c2D1e8F6a4 shipped") == b"order 9aB7c2D1e8F6a4 shipped"


def test_parts_of_tokens_cost_little():
    """A server's cookies fill half of the index at most; a flood is searched in linear time."""
    secrets = Secrets()
    with secrets.of_answers():
        for number in range(100):
            secrets.set_cookie(f"a={number}" + "f0e1d2c3" * 1000)
    secrets.credentials("Bearer 3f9aB7c2D1e8F6a4b5C0")
    assert secrets.echo(b"<9aB7c2D1e8F6a4>") == b"<%b>" % (b"*" * 14)
    flood = b"f0e1d2c3x" * 200_000
    began = process_time()
    assert secrets.echo(flood) == flood
    assert process_time() - began < 10
    less = flood[:200_000]  # tracing makes it ten times slower
    tracemalloc.start()
    assert secrets.echo(less) == less
    assert tracemalloc.get_traced_memory()[1] < 12 * len(less)
    tracemalloc.stop()
