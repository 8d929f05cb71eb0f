"""Nothing secret is left in a redacted recording, and all else is as it was."""

import base64
import gzip
import itertools
import json
import re
import urllib.parse
from base64 import b64encode
from cProfile import Profile
from operator import xor
from pathlib import Path
from pstats import Stats
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import EXAMPLES, every
from tests.exchanges import deflated, frame
from tests.traced import traced
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
    SEARCHED_MAX,
    MaskedStream,
    answer_stream,
    chunk_spans,
    learn,
    proxy_stream,
    redact,
    request_bytes,
)
from wsprobe.recording.secrets import (
    _ESCAPE,
    ANSWERED_MAX,
    ENCODED_MAX,
    SECRETS_MAX,
    Secrets,
    _character,
    _unescaped,
)

FILE = Path(__file__).parent / "masked.txt"
MARKED = re.compile("«(.*?)»", re.DOTALL)


def marked(text):
    """*text* without its marks, and masked where they are."""
    return MARKED.sub(r"\1", text), MARKED.sub(lambda mark: "*" * len(mark[1]), text)


def marked_bytes(text):
    return (each.encode() for each in marked(text))


def unescaped(text):
    return text.encode("latin-1").decode("unicode_escape")


REQUEST, MASKED_REQUEST = marked_bytes(
    "GET /chat?token=«tok-1234»&v=«2»&«bare» HTTP/1.1\r\n"
    "Host: example.org\r\n"
    "AUTHORIZATION: Basic «YWxpY2U6cGFzcy13b3Jk»\r\n"
    "Proxy-Authorization: Bearer\r\n  «bearer-5678»\r\n"
    "Cookie: sid=«cookie-abcd»; theme=«dark-mode»\r\n"
    "cookie: second=«cookie-efgh»\r\n"
    "Referer: https://«u1»:«p1»@example.org/a?b=«ref-ijkl»#frag\r\n"
    "Upgrade: websocket\r\n\r\n"
)
ANSWER, MASKED_ANSWER = marked_bytes(
    "HTTP/1.1 403 No «tok-1234»\r\n"
    "Set-Cookie: sid=«set-mnop»; Path=/; HttpOnly\r\n"
    "LOCATION: https://example.org/login?next=«loc-qrst»#part\r\n"
    "X-Saw: «cookie-abcd»\r\n"
    "Content-Length: 30\r\n\r\n"
    "you, «alice», said «cookie-efgh».."
)
SECRETS = (
    "tok-1234 bare alice pass-word YWxpY2U6cGFzcy13b3Jk bearer-5678 cookie-abcd dark-mode cookie-efgh u1:p1 "
    "ref-ijkl set-mnop loc-qrst"
)
USERINFO, MASKED_USERINFO = marked("«alice»:«pass-word»")
RESOURCE, MASKED_RESOURCE = marked("/chat?token=«tok-1234»&v=«2»&«bare»")


def target(userinfo, resource):
    url = f"ws://{userinfo}@example.org{resource}#top"
    return Target(url, False, "example.org", 80, resource, userinfo, "top")


TARGET = target(USERINFO, RESOURCE)


def exchange(answer, *, request=REQUEST, pieces=0):
    received = [Received(9, answer)] if isinstance(answer, bytes) else answer
    sent = [Sent(1, request)]
    if pieces:
        sent = [Sent(i, request[i : i + pieces]) for i in range(0, len(request), pieces)]
        received = [Received(9, answer[i : i + pieces]) for i in range(0, len(answer), pieces)]
    return Exchange(Plan(TARGET, request), (*sent, *received, Ended(99, "fin")))


def learned(ways):
    """Secrets that were learned so: ``whole abcd``, ``cookies a=b``."""
    secrets = Secrets()
    for way, _, text in (each.partition(" ") for each in ways):
        getattr(secrets, way)(text.encode() if way == "message" else text)
    return secrets


AROUND = (("<", ">"), ("100% <", "> %7"), ("&#300; ", " \\\\"), ("\u20ac%41 ", " \u20ac"))


def shown(place, text, ways):
    """*text*, each time as a place of this name shows it."""
    secrets, raw = learned(ways), text.encode("latin-1")
    match place:
        case "field":
            for begin, end in ((b"GET / HTTP/1.1\n", b"\n\n"), (b"HTTP/1.1 302 Found\r\n", b"\r\n\r\n")):
                whole = begin + raw + end
                made = read(redact(exchange(b"", request=whole) if b"GET" in begin else exchange(whole)))
                yield (made.received or made.sent).removeprefix(begin).removesuffix(end)
        case "request":
            yield request_bytes(secrets, raw)
            yield read(redact(exchange([], request=raw))).sent
        case "answer":
            yield answer_stream(secrets, raw)
        case "heard":
            yield read(redact(exchange(raw))).received
        case "socks":
            yield proxy_stream(secrets, raw)
            tunnel = TunnelSent(1, raw)
            yield redact(Exchange(Plan(TARGET, REQUEST), (tunnel, Ended(2, "fin")))).events[0].data
        case "segment":
            for begin, end in (("wss://h/a/", "/b"), ("wss://h/a#", "")):
                yield secrets.url(begin + text + end).removeprefix(begin).removesuffix(end)
        case "echo":
            yield secrets.echo(raw)
            yield secrets.echo_text(text)
        case "form":
            for begin, end in AROUND:
                whole = begin + text + end
                yield secrets.echo_text(whole).removeprefix(begin).removesuffix(end)
                yield secrets.echo(whole.encode()).decode().removeprefix(begin).removesuffix(end)
        case _:
            yield getattr(secrets, place)(text)
            if place == "protocols":
                yield secrets.echo_text(text)


def rows(*places):
    """Of masked.txt, those of *places*: the line -> place, text, and how secrets were learned."""
    found = {}
    for line in filter(None, FILE.read_text("utf-8").splitlines()):
        place, _, rest = line.partition(" |")
        if place in places:
            found[line] = (place, *(rest if place == "form" else unescaped(rest))[1:].split(" | "))
    return found


def is_masked(row):
    place, text, *ways = row
    plain, masked = marked(text)
    for made in shown(place, plain, ways):
        assert (made.decode("latin-1") if isinstance(made, bytes) else made) == masked


@every(
    lambda: rows(
        "field",
        "request",
        "answer",
        "heard",
        "socks",
        "url",
        "set_cookie",
        "segment",
        "protocols",
        "credentials",
    )
)
def test_what_is_masked_in_its_place(row):
    is_masked(row)


@every(lambda: rows("echo", "form", "heard"))
def test_what_is_masked_where_it_is_repeated(row):
    is_masked(row)


@every(lambda: rows("chunks"))
def test_where_the_content_of_chunks_is(row):
    text = row[1]
    marks = enumerate(MARKED.finditer(text))
    spans = [(mark.start() - 2 * number, mark.end() - 2 * number - 2) for number, mark in marks]
    assert chunk_spans(marked(text)[0].encode("latin-1")) == spans


def test_each_secret_is_masked_where_it_stands_and_nothing_else_is():
    made = redact(exchange(ANSWER))
    assert (read(made).sent, read(made).received) == (MASKED_REQUEST, MASKED_ANSWER)
    assert made.plan == Plan(target(MASKED_USERINFO, MASKED_RESOURCE), MASKED_REQUEST)


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


def test_a_json_web_token_in_messages_is_masked():
    text = b'{"token":"%b"}' % JWT
    head = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    frames = frame(1, JWT[:40], fin=False) + frame(0, JWT[40:]) + frame(1, b"more")
    frames += frame(1, deflated(text), rsv=4) + frame(8, b"\x0f\xa1" + JWT[:90])
    made = read(redact(exchange(head + frames)))
    assert [each.data for each in messages_of(made)[0]] == [HIDDEN, b"more", text.replace(JWT, HIDDEN)]
    assert made.session.frames[-1].data == b"\x0f\xa1" + HIDDEN[:90]


def test_how_much_of_a_session_is_searched():
    searched = []

    class Counted(Secrets):
        def echo(self, data, ends=()):
            searched.append(len(data) if self.searches else 0)
            return super().echo(data, ends)

    secrets = Counted()
    learn(exchange(OPEN), secrets)
    for number in range(SECRETS_MAX - secrets.known):
        secrets.whole(f"{number:05}")  # so few bytes have one form
    most = SEARCHED_MAX // SECRETS_MAX - secrets.longest
    before = b"-" * (most - 40)

    def session(head, *frames):
        searched.clear()
        made = read(redact(exchange(head + b"".join(frames)), secrets)).session
        assert most < sum(searched) < most + 500
        return [each.data for each in made.frames]

    texts = [before, b"hello again ", b"it is the tok-1234", b"hello again ", b"x" * 999, b"\x0f\xa1why"]
    found = session(
        OPEN, *(frame(opcode, each) for opcode, each in zip((2, 1, 1, 1, 2, 8), texts, strict=True))
    )
    assert found == [*texts[:2], b"it is the ********", b"hello agai**", b"*" * 999, b"\x0f\xa1***"]
    deflate = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n"
    first, small, large = deflated(before), deflated(b"good morning"), deflated(b"good" * 250)
    found = session(deflate, *(frame(1, each, rsv=4) for each in (first, small, large, small)))
    assert found == [first, small, b"*" * len(large), b"*" * len(small)]


def test_a_session_is_not_read_again_for_each_search():
    """What is known of it counts."""
    before = exchange(OPEN + frame(1, b"cookie-abcd"))
    known = replace(read(before), session=None)
    assert redact(before, known=known).events[1].data.endswith(b"cookie-abcd")


def test_secrets_are_learned_from_heads_alone():
    """Frames and what a body holds take far more memory than their bytes."""
    secrets, frames = Secrets(), frame(1, b"hello") * 10_000
    body = b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1 << 20))
    for before in (OPEN + frames, ANSWER.partition(b"Content-Length")[0] + body):
        made = exchange(before)
        with traced() as memory:
            learn(made, secrets)
        assert memory.peak < 10 * len(frames)
    assert secrets.echo(b"cookie-abcd set-mnop hello") == b"*********** ******** hello"


def test_the_forms_of_a_secret_are_made_once():
    secrets = Secrets()
    calls = []
    for value in ("first", "again", "again", "again"):  # the first one compiles patterns
        profile = Profile()
        profile.runcall(secrets.set_cookie, f"a={value}; Path=/")
        calls.append(Stats(profile).total_calls)
    assert calls[1] > 2 * calls[2] == 2 * calls[3]


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


HYBI = b"\x84\x08tok-1234"


@pytest.mark.parametrize(
    ("wire", "received", "sent"),
    [
        ("hixie-75", b"\x00tok-1234\xff", b"\x00tok-1234\xff"),
        ("hybi-06", HYBI, b"mask" + bytes(map(xor, HYBI, b"mask" * 3))),
    ],
)
def test_frames_of_another_wire_are_searched(wire, received, sent):
    before = exchange([Received(2, OPEN + received), Sent(3, sent)])
    session = read(redact(replace(before, plan=replace(before.plan, wire=wire)))).session
    assert [each.data for each in (*session.frames, *session.sent)] == [b"********"] * 2


def test_a_query_word_does_not_mask_what_decides_the_handshake():
    request, masked_request = marked_bytes(
        "GET /?transport=«websocket»&n=«1000»&t=«json» HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
    )
    answer, masked_answer = marked_bytes(
        "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Type: application/json\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n1000\r\nis it «json»{'.' * 4086}\r\n0\r\n\r\n"
    )
    reading = read(redact(exchange(answer, request=request)))
    assert (reading.sent, reading.received) == (masked_request, masked_answer)
    assert reading.final.body.complete


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


SPELLINGS = {
    "base64": b64encode,
    "the beginning of base64": lambda secret: base64.urlsafe_b64encode(secret + b" and more"),
    "percent": lambda secret: urllib.parse.quote(secret, safe="").encode(),
    "JSON": lambda secret: json.dumps(secret.decode("latin-1"))[1:-1].encode(),
}


@every(SPELLINGS)
def test_a_secret_is_found_in_other_spellings(spelling):
    secret = b'pa"ss/word\xe9!'
    request = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: session=" + secret + b"\r\n\r\n"
    echo = spelling(secret)
    for place in range(4):
        there = tuple(echo if place == number else b"x" for number in range(4))
        answer = b"HTTP/1.1 403 %b\r\nX-%b: %b\r\nConnection: close\r\n\r\n%b" % there
        found = read(redact(exchange(answer, request=request))).received
        assert len(found) == len(answer)
        assert echo.rstrip(b"=")[:12] not in found


def test_how_many_secrets_are_searched_for():
    """In all, and of those that answers have."""
    secrets = Secrets()
    with secrets.of_answers():
        for number in range(ANSWERED_MAX + 1):
            assert secrets.whole(f"{number:05}") == secrets.whole(f"{number:05}") == "*****"
    for number in range(1000, 1001 + SECRETS_MAX):
        secrets.whole(f"{number:05}")
    for beyond in (ANSWERED_MAX, 1000 + SECRETS_MAX - ANSWERED_MAX):
        assert secrets.echo(b"%05d %05d" % (beyond - 1, beyond)) == b"***** %05d" % beyond


def test_nothing_is_searched_before_all_secrets_are_known():
    secrets = Secrets()
    with secrets.learning():
        secrets.whole("abcd")
        assert (secrets.echo(b"abcd"), secrets.echo_text("abcd")) == (b"abcd", "abcd")
    assert (secrets.echo(b"abcd"), secrets.echo_text("abcd")) == (b"****", "****")


@given(st.lists(st.sampled_from([*"%\\\\=;x", "25", "u00", "4f", "&#x", "&#", "&amp;", "'"]), max_size=60))
@settings(max_examples=4 * EXAMPLES)
def test_both_ways_to_read_escapes_agree(parts):
    data = "".join(parts).encode()
    assert _unescaped(data) == re.sub(_ESCAPE, _character, data)


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
    with traced() as memory:
        assert secrets.echo(less) == less
    assert memory.peak < 12 * len(less)
