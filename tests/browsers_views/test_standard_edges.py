"""The letter of the texts, rule by rule: a case at each limit, and one past it."""

from __future__ import annotations

from tests.browsers_views.recordings import ACCEPT, HEAD, KEY, OPEN, URL, frame, recorded, seen
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act

WHATWG, W3C = ENGINES["whatwg"], ENGINES["w3c-cr-2012"]
BYE = frame(0x88, b"\x03\xe8")
HTTPS = Page("https://page.example/")
SUBS = Page(protocols=("a", "b"))
UPGRADING = Page("http://page.example/", csp="upgrade-insecure-requests")


def constructed(name, url, page):
    made = ENGINES[name].construct(url, page)
    if made.exception is not None:
        return f"{made.exception.name} {made.exception.code}"
    return made.blocked or (made.target.url if made.target is not None else "nothing")


@every(
    {
        "a URL": ("ws://h/x?y", Page(), "ws://h/x?y", "ws://h/x?y"),
        "an empty query": ("ws://h/x?", Page(), "ws://h/x?", "ws://h/x?"),
        "called": ("ws://h/", Page(construct="call"), "TypeError None", "TypeError None"),
        "without arguments": ("", Page(construct="no-arguments"), "TypeError None", "TypeError None"),
        "no URL": ("ws://", Page(), "SyntaxError 12", "SyntaxError 12"),
        "another scheme": ("ftp://h/", Page(), "SyntaxError 12", "SyntaxError 12"),
        "http:": ("http://h/", Page(), "ws://h/", "SyntaxError 12"),
        "https:": ("https://h/", Page(), "wss://h/", "SyntaxError 12"),
        "a relative one": ("/x", Page("http://page.example/"), "ws://page.example/x", "SyntaxError 12"),
        "a fragment": ("ws://h/#a", Page(), "SyntaxError 12", "SyntaxError 12"),
        "an empty fragment": ("ws://h/#", Page(), "SyntaxError 12", "SyntaxError 12"),
        "a blocked port": ("ws://h:1/", Page(), "bad-port", "SecurityError 18"),
        "a blocked port, and a bad subprotocol": (
            "ws://h:1/",
            Page(protocols=("",)),
            "SyntaxError 12",
            "SecurityError 18",
        ),
        "mixed content": ("ws://h/", HTTPS, "mixed-content", "SecurityError 18"),
        "mixed content on loopback": ("ws://127.0.0.1/", HTTPS, "ws://127.0.0.1/", "SecurityError 18"),
        "no mixed content": ("wss://h/", HTTPS, "wss://h/", "wss://h/"),
        "no token": ("ws://h/", Page(protocols=("a b",)), "SyntaxError 12", "SyntaxError 12"),
        "a subprotocol twice": ("ws://h/", Page(protocols=("a", "a")), "SyntaxError 12", "SyntaxError 12"),
        "two of them": ("ws://h/", SUBS, "ws://h/", "ws://h/"),
        "a policy": ("ws://h/", Page("http://p/", csp="connect-src 'none'"), "csp", "ws://h/"),
        "another policy": ("ws://h/", Page("http://p/", csp="script-src 'none'"), "ws://h/", "ws://h/"),
        "a policy, and a blocked port": (
            "ws://h:1/",
            Page("http://p/", csp="connect-src 'none'"),
            "csp",
            "SecurityError 18",
        ),
        "a policy that upgrades": ("ws://h/", UPGRADING, "wss://h/", "ws://h/"),
        "a policy that upgrades, and wss:": ("wss://h/", UPGRADING, "wss://h/", "wss://h/"),
        "a policy of a page without a URL": (
            "ws://h/",
            Page("", csp="connect-src 'none'"),
            "ws://h/",
            "ws://h/",
        ),
    }
)
def test_the_constructor(case):
    url, page, whatwg, w3c = case
    assert (constructed("whatwg", url, page), constructed("w3c-cr-2012", url, page)) == (whatwg, w3c)


def test_the_request():
    page = Page("http://page.example/", protocols=("a", "b"), cookies="c=d", user_agent="mine")
    lines = WHATWG.request(WHATWG.construct(URL, page), page, KEY).decode().split("\r\n")
    assert lines[0] == "GET /x HTTP/1.1"
    assert {"Pragma: no-cache", "Cache-Control: no-cache", "Cookie: c=d", "User-Agent: mine"} <= set(lines)
    assert "Sec-WebSocket-Protocol: a, b" in lines
    assert "Origin: http://page.example" in lines
    older = W3C.request(W3C.construct(URL, page), page, KEY).decode()
    assert "no-cache" not in older
    assert "Sec-WebSocket-Extensions" not in older
    bare = WHATWG.request(WHATWG.construct(URL, Page()), Page(), KEY).decode()
    assert "Cookie" not in bare
    assert "User-Agent" not in bare


def opened(view):
    return any(event.type == "open" for event in view.events)


def with_fields(*lines, without=""):
    kept = [line for line in HEAD.splitlines() if not (without and line.startswith(without))]
    return "\r\n".join((*kept, *lines, "", "")).encode()


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


@every(
    {
        "a 101": (OPEN, True, True),
        "another status": (OPEN.replace(b"101", b"102"), False, False),
        "200": (OPEN.replace(b"101", b"200"), False, False),
        "another protocol": (OPEN.replace(b"HTTP/1.1", b"ICY"), True, False),
        "bytes before HTTP": (b"abc" + OPEN, True, False),
        "a version of one number": (OPEN.replace(b"HTTP/1.1", b"HTTP/1"), True, False),
        "another version": (OPEN.replace(b"HTTP/1.1", b"HTTP/3.7"), True, True),
        "no Upgrade": (with_fields(without="Upgrade"), False, False),
        "Upgrade in capitals": (with_fields("Upgrade: WebSocket", without="Upgrade"), True, True),
        "Upgrade twice": (with_fields("Upgrade: websocket"), True, True),
        "another Upgrade too": (with_fields("Upgrade: h2c"), False, False),
        "no Connection": (with_fields(without="Connection"), False, False),
        "a list in Connection": (with_fields("Connection: x, UPGRADE", without="Connection"), True, True),
        "another Connection": (with_fields("Connection: x", without="Connection"), False, False),
        "another Connection too": (with_fields("Connection: x"), True, True),
        "no Accept": (with_fields(without="Sec-"), False, False),
        "an empty Accept": (with_fields("Sec-WebSocket-Accept:", without="Sec-"), False, False),
        "a wrong Accept": (with_fields("Sec-WebSocket-Accept: x", without="Sec-"), False, False),
        "Accept twice": (with_fields(f"Sec-WebSocket-Accept: {ACCEPT}"), False, False),
        "a subprotocol that nobody asked for": (with_fields("Sec-WebSocket-Protocol: a"), False, False),
        "permessage-deflate": (with_fields(DEFLATE), True, False),
        "permessage-deflate twice": (with_fields(DEFLATE, DEFLATE), False, False),
        "permessage-deflate twice in one": (with_fields(f"{DEFLATE}, permessage-deflate"), False, False),
        "in capitals": (with_fields(DEFLATE.replace("deflate", "Deflate")), False, False),
        "another extension": (with_fields("Sec-WebSocket-Extensions: x"), False, False),
        "no grammar": (with_fields(f"{DEFLATE};"), False, False),
        "both flags": (
            with_fields(f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover"),
            True,
            False,
        ),
        "a flag with a value": (with_fields(f"{DEFLATE}; server_no_context_takeover=1"), False, False),
        "a flag twice": (
            with_fields(f"{DEFLATE}; server_no_context_takeover; server_no_context_takeover"),
            False,
            False,
        ),
        "an unknown parameter": (with_fields(f"{DEFLATE}; x"), False, False),
        "the client's bits without a value": (with_fields(f"{DEFLATE}; client_max_window_bits"), False, False),
        "the server's bits without a value": (with_fields(f"{DEFLATE}; server_max_window_bits"), False, False),
        "bits of a word": (with_fields(f"{DEFLATE}; server_max_window_bits=x"), False, False),
        "a zero before": (with_fields(f"{DEFLATE}; server_max_window_bits=09"), False, False),
        **{
            f"{side} {bits}": (with_fields(f"{DEFLATE}; {side}_max_window_bits={bits}"), 8 <= bits <= 15, False)
            for side in ("server", "client")
            for bits in (7, 8, 9, 14, 15, 16)
        },
    }
)
def test_the_handshake(case):
    """*case*: the answer, and whether it opens by the text of today, and by that of 2012."""
    head, whatwg, w3c = case
    assert opened(seen(head, BYE, browser="whatwg")) is whatwg
    assert opened(seen(head, BYE, browser="w3c-cr-2012")) is w3c


@every(
    {
        "one of them": ("Sec-WebSocket-Protocol: b", True, True),
        "another": ("Sec-WebSocket-Protocol: c", False, False),
        "in capitals": ("Sec-WebSocket-Protocol: B", False, False),
        "both": ("Sec-WebSocket-Protocol: a, b", False, False),
        "none": ("A: b", False, True),
        "an empty one": ("Sec-WebSocket-Protocol:", False, False),
    }
)
def test_a_subprotocol(case):
    line, whatwg, w3c = case
    assert opened(seen(with_fields(line), BYE, page=SUBS, browser="whatwg")) is whatwg
    assert opened(seen(with_fields(line), BYE, page=SUBS, browser="w3c-cr-2012")) is w3c


def test_the_window_that_the_server_names_is_kept():
    """Of eight bits, as of any other number, and with takeover or without."""
    for given in ("", "; server_max_window_bits=9", "; server_no_context_takeover"):
        view = seen(with_fields(DEFLATE + given), BYE, browser="whatwg")
        assert view.events[0].extensions == f"permessage-deflate{given}"


REFUSED = b"HTTP/1.1 403 F\r\nSet-Cookie: a=b\r\n\r\n"


def test_cookies_are_stored_of_any_answer_since_it_is_a_fetch():
    assert seen(REFUSED, browser="whatwg").cookies == ("a=b",)
    assert seen(REFUSED, browser="w3c-cr-2012").cookies == ()
    for browser in ("whatwg", "w3c-cr-2012"):
        assert seen(with_fields("Set-Cookie: a=b"), BYE, browser=browser).cookies == ("a=b",)


def test_what_may_still_come_is_waited_for_unless_it_is_no_answer():
    waits = ("timeout", "local", "limit", "interrupted")
    for how in waits:
        assert seen(how=how, browser="whatwg").outcome == "connecting"
        assert seen(b"HTTP/1.1 101 S\r\n", how=how, browser="whatwg").outcome == "connecting"
        assert seen(b"SSH-2.0-x\r\n", how=how, browser="whatwg").outcome == "failed"
        assert seen(REFUSED, how=how, browser="whatwg").outcome == "failed"
    ends = ("fin", "reset", "truncated", "error")
    for how in ends:
        assert seen(how=how, browser="whatwg").outcome == "failed"


def test_a_lost_connection_is_an_error_only_where_nobody_closes():
    closes = Page(acts=(Act("open", "close", code=3000),))
    ends = ("fin", "reset", "truncated", "error")
    for how in ends:
        view = seen(OPEN, how=how, browser="whatwg")
        assert [event.type for event in view.events] == ["open", "error", "close"]
        view = seen(OPEN, how=how, page=closes, browser="whatwg")
        assert [(event.type, event.code, event.was_clean) for event in view.events[1:]] == [
            ("close", 1006, False)
        ]
    assert seen(OPEN, how="local", browser="whatwg").ready_state == 1
    assert seen(OPEN, frame(0x88, b""), how="local", browser="whatwg").events[-1].code == 1005


def test_close_before_the_answer_fails_it():
    for acts in (Act("created", "close"), Act("time", "close", after=100)):
        page = Page(acts=(acts,))
        view = seen(OPEN, BYE, page=page, browser="whatwg")
        assert [(event.type, event.code) for event in view.events] == [("error", 0), ("close", 1006)]
    late = Page(acts=(Act("time", "close", after=1_000_000),))
    assert opened(seen(OPEN, BYE, page=late, browser="whatwg"))


def test_nothing_is_followed():
    reading = recorded(b"HTTP/1.1 302 F\r\nLocation: /\r\n\r\n", browser="whatwg")
    assert WHATWG.follow([reading], Page(), KEY) is None
    assert WHATWG.view(URL, Page(), [reading]).outcome == "failed"
    assert WHATWG.view(URL, Page(), []).outcome == "connecting"
