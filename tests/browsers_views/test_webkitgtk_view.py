"""WebKitGTK: which check comes first, how a recording may be cut, what it sends, what it follows."""

from __future__ import annotations

from hashlib import md5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browsers_views.recordings import ACCEPT, HEAD, KEY, MS, OPEN, URL, frame
from tests.cases import EXAMPLES, every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import (
    Act,
    Connected,
    ConnectFailed,
    Ended,
    Exchange,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    TlsFailed,
)
from wsprobe.read import read

WEBKITGTK = ENGINES["webkitgtk"]
SECOND = 1_000_000
HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")


def events_of(*events, page=None, url=URL):
    page = page or Page()
    made = WEBKITGTK.construct(url, page)
    assert made.target is not None
    request = WEBKITGTK.request(made, page, KEY)
    return read(Exchange(Plan(made.target, request), events))


def recorded(*pieces, how="fin", page=None, url=URL, gap=MS):
    page = page or Page()
    made = WEBKITGTK.construct(url, page)
    received = [Received(1000 + gap * n, piece) for n, piece in enumerate(pieces, 1)]
    request = WEBKITGTK.request(made, page, KEY)
    ended = Ended(1000 + gap * (len(pieces) + 1), how)
    return events_of(
        Connected(100, "127.0.0.1", 9000), Sent(200, request), *received, ended, page=page, url=url
    )


def seen(*pieces, how="fin", page=None, url=URL, gap=MS):
    reading = recorded(*pieces, how=how, page=page, url=url, gap=gap)
    return WEBKITGTK.view(url, page or Page(), [reading])


def types(view):
    return [event.type for event in view.events]


def failure(view):
    return view.console[-1].partition("failed: ")[2]


def head(upgrade="websocket", connection="Upgrade", accept=ACCEPT, more=""):
    return (
        f"HTTP/1.1 101 S\r\nUpgrade: {upgrade}\r\nConnection: {connection}\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    ).encode()


PROTOCOL, EXTENSION = "Sec-WebSocket-Protocol: z\r\n", "Sec-WebSocket-Extensions: foo\r\n"
IGNORED, SUBPROTOCOL = "Server ignored WebSocket handshake", "Server requested unsupported protocol"
UNSUPPORTED = "Server requested unsupported extension"
WRONG = "Server returned incorrect “Sec-WebSocket-Accept” key"


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        (head("x", more=PROTOCOL), IGNORED),
        (head(connection="x", more=PROTOCOL), IGNORED),
        (head(more=PROTOCOL + EXTENSION), SUBPROTOCOL),
        (head(accept="x", more=PROTOCOL), SUBPROTOCOL),
        (head(accept="x", more=EXTENSION), UNSUPPORTED),
        (head(accept="x"), WRONG),
        (
            b"HTTP/1.1 403 F\r\nTransfer-Encoding: x\r\nContent-Length: 9\r\n\r\n",
            "Connection terminated unexpectedly",
        ),
        (b"HTTP/1.1 403 F\r\nTransfer-Encoding: x\r\n\r\n", "Unrecognized HTTP response encoding"),
        (b"HTTP/1.1 302 F\r\nLocation: x:\r\nContent-Length: 9\r\n\r\n", "Connection terminated unexpectedly"),
        (b"HTTP/2.0 403 F\r\nTransfer-Encoding: x\r\n\r\n", "Could not parse HTTP response"),
    ],
)
def test_of_two_faults_the_first_in_order_is_told(answer, first):
    view = seen(answer)
    assert (types(view), failure(view)) == (["error", "close"], first)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_a_good_session_is_seen_alike_however_it_is_cut(size):
    text = "h€".encode()
    data = b"HTTP/1.1 103 E\r\n\r\n" + OPEN + frame(0x01, text[:2]) + frame(0x89, b"p") + frame(0x80, text[2:])
    data += HI + CLOSE
    view = seen(*(data[i : i + size] for i in range(0, len(data), size)))
    assert [(e.type, e.data, e.code, e.was_clean) for e in view.events] == [
        ("open", "", 0, False),
        ("message", "h€", 0, False),
        ("message", "hi", 0, False),
        ("close", "", 1000, True),
    ]


@every(range(1, len(OPEN)))
def test_a_head_that_ends_early(length):
    view = seen(OPEN[:length])
    if OPEN[:length] == HEAD.encode() or OPEN[:length] == HEAD.encode() + b"\r":
        assert types(view)[0] == ("open" if length == len(HEAD) else "error")
    else:
        assert types(view) == ["error", "close"]


@pytest.mark.parametrize("how", ["timeout", "local", "interrupted", "limit"])
def test_without_an_answer_it_is_still_connecting(how):
    for pieces in ((), (b"HTTP/1.1 101",), (b"HTTP/1.1 403 F\r\nContent-Length: 9\r\n\r\nabc",)):
        view = seen(*pieces, how=how)
        assert (view.outcome, view.ready_state, view.events, view.console) == ("connecting", 0, (), ())


def test_a_head_has_room_for_100_kib():
    fields = len(HEAD) + len("X: \r\n")
    fits = f"{HEAD}X: {'a' * (100 * 1024 - fields)}\r\n\r\n".encode()
    assert types(seen(fits))[0] == "open"
    assert failure(seen(fits.replace(b"X: ", b"X: a"))) == "Header too big"


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 3000, 4999])
def test_a_close_code_that_reaches_script(code):
    close = seen(OPEN, frame(0x88, code.to_bytes(2, "big") + b"why")).events[-1]
    assert (close.code, close.reason, close.was_clean) == (code, "why", True)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 2999, 5000, 65535])
def test_a_close_code_that_does_not(code):
    view = seen(OPEN, frame(0x88, code.to_bytes(2, "big")), CLOSE)
    assert [(e.type, e.code) for e in view.events[1:]] == [("error", 0), ("close", 1006)]


def test_the_page_that_closes_first_gets_codes_that_it_would_not_get_else():
    page = Page(acts=(Act("open", "close", b"", 3000),))
    view = seen(OPEN, frame(0x88, (1012).to_bytes(2, "big")), page=page)
    assert [(e.type, e.code, e.was_clean) for e in view.events[1:]] == [("close", 1012, True)]


def test_the_server_has_five_seconds_to_answer_a_close():
    page = Page(acts=(Act("open", "close", b"bye", 3000),))
    answer = frame(0x88, b"\x0b\xb8bye")
    assert [e.code for e in seen(OPEN, answer, page=page, gap=4 * SECOND).events] == [0, 3000]
    assert [e.code for e in seen(OPEN, answer, page=page, gap=6 * SECOND).events] == [0, 1006]
    assert [e.code for e in seen(OPEN, page=page, how="local", gap=6 * SECOND).events] == [0, 1006]


def test_a_close_that_nobody_answers_runs_out():
    page = Page(acts=(Act("open", "close", b"bye", 3000),))
    view = seen(OPEN, page=page, how="local")
    assert (view.outcome, view.ready_state, types(view)) == ("closed", 3, ["open", "close"])
    assert view.assumes is not None


def test_messages_read_with_an_error_come_before_it():
    bad, late = frame(0x81, b"\xff"), frame(0x81, b"late")
    assert types(seen(OPEN, bad + HI)) == ["open", "message", "error", "close"]
    assert types(seen(OPEN, bad, late, gap=SECOND)) == ["open", "error", "close"]


def test_a_frame_that_does_not_inflate_is_read_once_more_as_it_is():
    answer = head(more="Sec-WebSocket-Extensions: permessage-deflate\r\n")
    view = seen(answer, frame(0xC1, b"\x07"))
    assert [(e.type, e.data) for e in view.events[:2]] == [("open", ""), ("message", "\x07")]
    assert failure(view) == "Failed to uncompress incoming frame"


def test_whether_it_is_read_once_more_depends_on_a_server_that_goes_on():
    """Of one that ends the connection at once there is no doubt."""
    answer = head(more="Sec-WebSocket-Extensions: permessage-deflate\r\n")
    at_once, later = (seen(answer, frame(0xC2, b"\x13"), gap=gap) for gap in (MS, SECOND))
    assert types(at_once) == types(later) == ["open", "message", "error", "close"]
    assert not at_once.races
    assert "0.1 s" in later.races


def test_garbage_after_a_close_keeps_the_code_but_is_not_clean():
    view = seen(OPEN, CLOSE + b"\x81\x80\0\0\0\0")
    assert [(e.type, e.code, e.was_clean) for e in view.events[1:]] == [
        ("error", 0, False),
        ("close", 1000, False),
    ]


def test_a_session_that_only_the_recording_ends_is_open():
    view = seen(OPEN, HI, how="local")
    assert (view.outcome, view.ready_state, types(view)) == ("open", 1, ["open", "message"])


def test_what_comes_after_a_close_of_the_probes_own_is_not_seen():
    reading = recorded(OPEN, HI)
    own = Sent(reading.exchange.events[-1].at, b"\x88\x82\0\0\0\0\x03\xe8")
    events = (*reading.exchange.events[:-1], own, Received(own.at + 1, CLOSE), Ended(own.at + 2, "fin"))
    view = WEBKITGTK.view(URL, Page(), [read(Exchange(reading.exchange.plan, events))])
    assert (view.outcome, view.ready_state, types(view)) == ("open", 1, ["open", "message"])


def test_close_while_connecting_lets_script_go_on_first():
    page = Page(acts=(Act("created", "close"), Act("created", "close", code=5)))
    view = WEBKITGTK.view(URL, page, [])
    assert [(e.type, e.ready_state) for e in view.events] == [("throw", 2), ("error", 3), ("close", 3)]


@pytest.mark.parametrize(
    ("url", "page", "console"),
    [
        ("ws://127.0.0.1:25/", Page(), "WebSocket port 25 blocked"),
        ("ws://0.0.0.0:25/", Page(), "WebSocket address 0.0.0.0 blocked"),
        (
            "ws://127.0.0.1/",
            Page("https://a.example/"),
            "[blocked] The page at https://a.example/ requested insecure",
        ),
    ],
)
def test_what_is_blocked_has_an_error_and_no_close(url, page, console):
    view = WEBKITGTK.view(url, page, [])
    assert [(e.type, e.ready_state) for e in view.events] == [("error", 0)]
    assert (view.ready_state, view.console[0].startswith(console)) == (3, True)


def test_a_bad_port_is_found_before_a_policy_and_that_before_a_subprotocol():
    page = Page(csp="connect-src 'none'", protocols=("a", "a"))
    assert WEBKITGTK.construct("ws://127.0.0.1:25/", page).blocked == "bad-port"
    refused = WEBKITGTK.construct("ws://127.0.0.1/", page).exception
    assert refused.name == "SecurityError"
    assert (
        WEBKITGTK.construct("ws://127.0.0.1/", Page("https://a/", protocols=("a", "a"))).exception is not None
    )


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ResolveFailed(1, "a.invalid", "x"), "Error resolving “a.invalid”: x"),
        (
            ConnectFailed(1, "::1", 9000, "ECONNREFUSED", ""),
            "Could not connect to 127.0.0.1: Connection refused",
        ),
        (TlsFailed(1, "certificate", "", reason="expired"), "Unacceptable TLS certificate"),
        (TlsFailed(1, "alert", "", alert=40), "Peer sent fatal TLS alert: Handshake failed"),
        (TlsFailed(1, "not-tls", ""), "Error performing TLS handshake: An unexpected TLS packet was received."),
    ],
)
def test_no_connection(event, text):
    view = WEBKITGTK.view(URL, Page(), [events_of(event, Ended(2, "error"))])
    assert (types(view), failure(view)) == (["error", "close"], text)
    still = WEBKITGTK.view(URL, Page(), [events_of(event, Ended(2, "timeout"))])
    assert (still.outcome, still.events) == ("connecting", ())


def moved(location, status=302):
    return f"HTTP/1.1 {status} M\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/a?b#c", "ws://127.0.0.1:9000/a?b"),
        ("y", "ws://127.0.0.1:9000/y"),
        ("../y/./z/..", "ws://127.0.0.1:9000/y/"),
        ("?q", "ws://127.0.0.1:9000/x?q"),
        ("//h.example", "ws://h.example/"),
        ("HTTPS://u:p@H.example:443/a b", "https://H.example/a%20b"),
        ("wss://[::1]:1/", "wss://[::1]:1/"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(location, url, status):
    reading = recorded(moved(location, status), how="local")
    then = WEBKITGTK.follow([reading], Page(), KEY)
    assert then.target.url == url
    assert WEBKITGTK.view(URL, Page(), [reading]).outcome == "follows"
    view = WEBKITGTK.view(URL, Page(), [reading, recorded(OPEN, CLOSE)])
    assert types(view) == ["open", "close"]


@pytest.mark.parametrize("location", ["http://h:99999/", "/%zz", "http://h:x/", "http://[::1"])
def test_a_location_that_cannot_be_parsed_counts_for_nothing(location):
    view = seen(moved(location), how="local")
    assert failure(view) == "The server did not accept the WebSocket handshake."


def test_the_twenty_first_redirect_is_one_too_many():
    hop = recorded(moved("/x"), how="local")
    assert WEBKITGTK.follow([hop] * 20, Page(), KEY) is not None
    assert WEBKITGTK.follow([hop] * 21, Page(), KEY) is None
    assert failure(WEBKITGTK.view(URL, Page(), [hop] * 21)) == "Too many redirects"


def test_after_a_421_the_answer_on_the_same_connection_counts():
    misdirected = b"HTTP/1.1 421 M\r\nContent-Length: 0\r\n\r\n"
    assert types(seen(misdirected, OPEN, CLOSE)) == ["open", "close"]
    assert failure(seen(misdirected)) == "Connection terminated unexpectedly"
    assert failure(seen(misdirected, misdirected)) == "The server did not accept the WebSocket handshake."
    then = WEBKITGTK.follow([recorded(misdirected, how="local")], Page(), KEY)
    assert then.target.url == URL


def sent(url, page):
    made = WEBKITGTK.construct(url, page)
    return WEBKITGTK.request(made, page, KEY).decode().split("\r\n")


UNAUTHORIZED = b"HTTP/1.1 401 U\r\nContent-Length: 0\r\n"
DIGEST = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth-int, auth", opaque="o"\r\n'
SECRET_URL = "ws://us%20er:p%C3%A9@127.0.0.1:9000/x?y"


@pytest.mark.parametrize(
    ("challenge", "answer"),
    [
        (b"WWW-Authenticate: Basic\r\n", "Basic dXMgZXI6cOk="),
        (b"WWW-Authenticate: Bearer realm=x, basic realm=y\r\n", "Basic dXMgZXI6cOk="),
        (b"WWW-Authenticate: Basic realm=a\r\n" + DIGEST, 'Digest username="us er", realm="r", nonce="n", '),
        (b"WWW-Authenticate: Digest realm=a, nonce=b, algorithm=SHA-256\r\n", ""),
        (b"WWW-Authenticate: Digest nonce=b\r\n", ""),
        (b"WWW-Authenticate: Digest realm=a, nonce=b, qop=auth-int\r\n", ""),
        (b"WWW-Authenticate: Bearer realm=x\r\n", ""),
        (b"", ""),
    ],
)
def test_a_401_is_answered_with_the_urls_credentials(challenge, answer):
    first = recorded(UNAUTHORIZED + challenge + b"Connection: close\r\n\r\n", url=SECRET_URL)
    then = WEBKITGTK.follow([first], Page(), KEY)
    if not answer:
        assert then is None
        return
    assert then.target.url == SECRET_URL
    assert f"\r\nHost: 127.0.0.1:9000\r\nAuthorization: {answer}".encode() in then.request
    assert WEBKITGTK.follow([first, first], Page(), KEY) is None
    assert failure(WEBKITGTK.view(SECRET_URL, Page(), [first, first])) == (
        "The server did not accept the WebSocket handshake."
    )
    good = recorded(OPEN, HI, CLOSE, url=SECRET_URL)
    assert types(WEBKITGTK.view(SECRET_URL, Page(), [first, good])) == ["open", "message", "close"]


def test_a_digest_is_computed_as_rfc_2617_has_it():
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5-sess, qop=auth\r\n\r\n'
    first = recorded(UNAUTHORIZED + b"Connection: close\r\n" + challenge, url="ws://u:p@127.0.0.1:9000/x")
    then = WEBKITGTK.follow([first], Page(), KEY)
    sent = then.request.decode().partition("Authorization: Digest ")[2].partition("\r\n")[0]
    given = dict(part.split("=", 1) for part in sent.split(", "))

    def hashed(text):
        return md5(text.encode()).hexdigest()

    own = given["cnonce"].strip('"')
    session = hashed(f"{hashed('u:r:p')}:n:{own}")
    response = hashed(f"{session}:n:00000001:{own}:auth:{hashed('GET:/x')}")
    assert given["response"] == f'"{response}"'
    assert (given["algorithm"], given["nc"], given["qop"]) == ("MD5-sess", "00000001", "auth")


def test_after_a_401_the_answer_on_the_same_connection_counts():
    challenged = UNAUTHORIZED + b"WWW-Authenticate: Basic\r\n\r\n"
    assert types(seen(challenged, OPEN, HI, CLOSE, url=SECRET_URL)) == ["open", "message", "close"]
    assert failure(seen(challenged, url=SECRET_URL)) == "Connection terminated unexpectedly"
    assert failure(seen(challenged, challenged, url=SECRET_URL)) == (
        "The server did not accept the WebSocket handshake."
    )
    assert failure(seen(challenged)) == "The server did not accept the WebSocket handshake."


ENDED, REFUSED, PENDING = "Connection terminated unexpectedly", "The server did not accept", ""


@pytest.mark.parametrize(
    ("length", "held", "ended"),
    [
        ("-1", PENDING, ENDED),
        ("-5", REFUSED, REFUSED),
        ("-0", REFUSED, REFUSED),
        (str(2**63 - 1), PENDING, ENDED),
        (str(2**63), REFUSED, REFUSED),
        (str(2**64 - 2), REFUSED, REFUSED),
        (str(2**64), PENDING, ENDED),
        (str(-(2**65)), PENDING, ENDED),
        (str(1 - 2**64), REFUSED, REFUSED),  # 1
        ("0" * 30 + "1", REFUSED, REFUSED),
    ],
)
def test_a_length_is_64_bits_with_a_sign(length, held, ended):
    answer = f"HTTP/1.1 403 F\r\nContent-Length: {length}\r\n\r\nx".encode()
    _refusals(answer, held, ended)


@pytest.mark.parametrize(
    ("body", "held", "ended"),
    [
        (b"ffffffffffffffff\r\nx", PENDING, REFUSED),
        (b"ffffffffffffffff\r\nx\r\n", REFUSED, REFUSED),
        (b"8000000000000000\r\nx", PENDING, REFUSED),
        (b"7fffffffffffffff\r\nx", PENDING, ENDED),
        (b"fffffffffffffffff\r\n", PENDING, ENDED),
        (b"-1\r\nx", PENDING, REFUSED),
        (b"0\r\nx", PENDING, REFUSED),
        (b"0\r\n" + 127 * b"x", PENDING, REFUSED),
        (b"0\r\n" + 128 * b"x", REFUSED, REFUSED),
        (b"1;" + 125 * b"e", PENDING, ENDED),
        (b"1;" + 126 * b"e", ENDED, ENDED),
        (b"1;" + 124 * b"e" + b"\r\na\r\n0\r\n\r\n", REFUSED, REFUSED),
        (b"1;" + 130 * b"e" + b"\r\na\r\n0\r\n\r\n", ENDED, ENDED),
        (b"1\r\na" + 128 * b"e", ENDED, ENDED),
        (30 * b"0" + b"1\r\na\r\n0\r\n\r\n", REFUSED, REFUSED),
    ],
)
def test_a_chunked_body_and_its_lines(body, held, ended):
    _refusals(b"HTTP/1.1 403 F\r\nTransfer-Encoding: chunked\r\n\r\n" + body, held, ended)


def _refusals(answer, held, ended):
    """*held*: what becomes of *answer* while the connection stays; *ended*: once it ends."""
    pending = seen(answer, how="local")
    assert (pending.outcome == "connecting") is (held == PENDING)
    if held:
        assert failure(pending).startswith(held)
    assert failure(seen(answer)).startswith(ended)


def test_the_request():
    page = Page("http://127.0.0.2:8000/p", protocols=("a", "b"), cookies="c=d")
    assert sent("ws://127.0.0.1:9000/x?y", page) == [
        "GET /x?y HTTP/1.1",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/60.5 Safari/605.1.15",
        "Origin: http://127.0.0.2:8000",
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: a, b",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Accept-Encoding: gzip, deflate",
        "Accept-Language: C",
        "Host: 127.0.0.1:9000",
        "Cookie: c=d",
        "Sec-Fetch-Dest: websocket",
        "Sec-Fetch-Mode: websocket",
        "Sec-Fetch-Site: cross-site",
        "",
        "",
    ]


def test_fetch_metadata_goes_to_trustworthy_urls_only():
    assert not [line for line in sent("ws://a.example/", Page("http://a.example/")) if "Sec-Fetch" in line]
    secure = sent("wss://a.example/", Page("https://a.example/"))
    assert "Sec-Fetch-Site: same-origin" in secure
    assert "Accept-Encoding: gzip, deflate, br" in secure
    assert "Host: a.example" in secure


def test_it_still_speaks_old_tls():
    assert WEBKITGTK.oldest_tls == "1.0"
    assert ENGINES["chromium"].oldest_tls is None


@settings(max_examples=3 * EXAMPLES)
@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([OPEN, HEAD.encode(), HI, CLOSE, moved("/x"), b"\r\n"])),
    st.sampled_from(["fin", "reset", "truncated", "local", "timeout"]),
)
def test_any_bytes_are_survived(pieces, how):
    view = seen(*pieces, how=how)
    assert types(view).count("close") <= 1
    assert WEBKITGTK.follow([recorded(*pieces, how=how)], Page(), KEY) is None or view.outcome == "follows"


@settings(max_examples=2 * EXAMPLES)
@given(st.binary(max_size=200), st.booleans())
def test_any_frames_are_survived(data, deflate):
    answer = head(more="Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else "")
    assert types(seen(answer, data))[0] == "open"
