"""What a refusal says, should say, and betrays: headers that its status asks for, words of servers.

The patterns are data: the words of servers in the field, each with the servers that use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.followup import REDIRECTS
from wsprobe.judge.finding import Entry, Finding, shown, times
from wsprobe.judge.subject import elements, status_span, where
from wsprobe.judge.transport import PLAIN_TO_TLS_PORT
from wsprobe.read.reading import Body, Reading, Response, Span

LOCATION_MISSING = Entry(
    "location-missing",
    "warn",
    "RFC 9110 section 15.4",
    title="A redirect without Location",
    meaning="The status redirects the client, but the answer does not say where to.",
    usual="a redirect to an empty address, or a proxy that removed the header",
    advice="Send Location with the 3xx.",
)
LOCATION_SEVERAL = Entry(
    "location-several",
    "warn",
    "RFC 9110 section 10.2.2",
    title="More than one Location",
    meaning="The redirect names several URLs; clients differ in which one they use.",
    usual="an application and a proxy that each redirect",
    advice="Send one Location.",
)
REDIRECT = Entry(
    "redirect",
    "note",
    "RFC 6455 section 4.2.2, step 3",
    title="The server redirects",
    meaning="A server may redirect, and a client may follow but does not have to; of the browsers only "
    "WebKitGTK follows.",
    usual="a redirect from http to https, to add a slash, to another host name, or to a login page",
    advice="Use the final URL in the client (`-L` makes wsprobe follow).",
)
WWW_AUTHENTICATE_MISSING = Entry(
    "www-authenticate-missing",
    "warn",
    "RFC 9110 section 15.5.2",
    title="401 without WWW-Authenticate",
    meaning="A 401 must say which kind of authentication the server accepts. Without that a client can "
    "only give up.",
    usual="an application that answers 401 whenever a token is missing",
    advice="Send WWW-Authenticate, or answer 403.",
)
PROXY_AUTHENTICATE_MISSING = Entry(
    "proxy-authenticate-missing",
    "warn",
    "RFC 9110 section 15.5.8",
    title="407 without Proxy-Authenticate",
    meaning="A 407 must say which authentication the proxy wants.",
    usual="a filter or gateway that imitates a proxy",
    advice="Send Proxy-Authenticate.",
)
VERSION_LIST = Entry(
    "version-list",
    "note",
    "RFC 6455 section 4.4",
    title="The server lists the versions it speaks",
    meaning="The server does not speak the version that was asked for, or claims that it does not; the "
    "client may ask again with one of the listed versions.",
    usual="a client of another draft version, or a proxy that changed Sec-WebSocket-Version",
    advice="Ask with one of the listed versions (`--negotiate`).",
)
VERSION_LIST_MISSING = Entry(
    "version-list-missing",
    "warn",
    "RFC 6455 section 4.2.2, step 4",
    title="426 without Sec-WebSocket-Version",
    meaning="A server that refuses the version must say which ones it speaks.",
    usual="a server that answers 426 to every request that is not an upgrade, and this request was none "
    "when it arrived",
    advice="Send Sec-WebSocket-Version: 13 with the 426.",
)
UPGRADE_MISSING_426 = Entry(
    "upgrade-missing-426",
    "warn",
    "RFC 9110 section 15.5.22",
    title="426 without Upgrade",
    meaning="A 426 must name the protocol that the server wants.",
    usual="a proxy that removed the hop-by-hop header, or a hand-written answer",
    advice="Send `Upgrade: websocket` with the 426.",
)
VERSION_DUPLICATED = Entry(
    "version-duplicated",
    "warn",
    "RFC 6455 section 11.3.5",
    title="The server saw the version twice",
    meaning="The answer mentions the version `13, 13`: the request arrived with two Sec-WebSocket-Version "
    "headers, joined by a proxy or library on the way.",
    usual="a client that adds its own handshake headers to those of its library, or a proxy that adds them",
    advice="Send Sec-WebSocket-Version once.",
)
UPGRADE_STRIPPED = Entry(
    "upgrade-stripped",
    "warn",
    "RFC 9110 sections 7.6.1 and 7.8",
    title="The server did not see the Upgrade header",
    meaning="The request had Upgrade and Connection; the body of the answer says that they did not "
    "arrive. Both headers count for one hop only, so every proxy must be configured to pass them on.",
    usual="a proxy on the way that does not pass Upgrade and Connection on (nginx by default), or a tunnel "
    "that speaks HTTP/2 or HTTP/3 to the server",
    advice="Have every proxy on the way pass Upgrade and Connection on; ask the server directly and compare.",
)
HANDSHAKE_INCOMPLETE = Entry(
    "handshake-incomplete",
    "warn",
    "RFC 6455 section 4.1",
    title="The request was not a complete handshake",
    meaning="The server says that headers of the handshake are missing. It is right: wsprobe was told to "
    "send the request without them.",
    usual="a request written by hand (`-H`, `--raw-request`)",
    advice="Send Upgrade, Connection, Sec-WebSocket-Key and Sec-WebSocket-Version.",
)
ORIGIN_REFUSED = Entry(
    "origin-refused",
    "warn",
    "RFC 6455 sections 4.2.2 and 10.2",
    title="The server does not accept this Origin",
    meaning="The answer's body says so. Browsers always send the Origin of the page; command-line clients "
    "send none unless told to, so the same server may accept one and refuse the other.",
    usual="a page on another host, port or scheme than the server expects, localhost in place of "
    "127.0.0.1, or no Origin at all",
    advice="Add the page's origin to those that the server allows; try it with `--origin`.",
)
SUBPROTOCOL_WANTED = Entry(
    "subprotocol-wanted",
    "warn",
    "RFC 6455 section 4.2.2, step 4",
    title="The server wants another subprotocol",
    meaning="The body of the answer says that the subprotocol is missing, or that the server does not "
    "speak it.",
    usual="a client that does not offer the subprotocol of the application: the second argument of "
    "new WebSocket(), `--protocol` in wsprobe",
    advice="Offer the subprotocol that the documentation of the server names (`--protocol NAME`).",
)
WEB_PAGE = Entry(
    "web-page",
    "note",
    "RFC 6455 section 4.1, item 1",
    title="A web page came back",
    meaning="The answer is an HTML page: the request reached a web server, but not a WebSocket endpoint.",
    usual="a wrong path, a single-page application that answers every path, or a proxy without a rule for "
    "this one",
    advice="Check the path, and which server answers at it.",
)


def versions(response: Response) -> tuple[bytes, ...]:
    """The versions that a refusal lists in Sec-WebSocket-Version (RFC 6455 section 4.4), without repeats."""
    fields = response.head.all(b"sec-websocket-version")
    if not fields or response.status is None or not 400 <= response.status < 500:
        return ()
    listed = elements(fields)
    return tuple(dict.fromkeys(version for version in listed if version))


def asked_version(reading: Reading) -> bytes:
    """The Sec-WebSocket-Version of the request, b"" without one."""
    fields = reading.request.head.all(b"sec-websocket-version")
    return fields[0].value if fields else b""


def redirect(reading: Reading, response: Response) -> Iterator[Finding]:
    """3xx: where to (RFC 6455 section 4.2.2, step 3; RFC 9110 sections 10.2.2 and 15.4)."""
    if response.status not in REDIRECTS:
        return
    fields = response.head.all(b"location")
    if not fields:
        yield LOCATION_MISSING.found(
            f"a {response.status} without Location does not say where to go",
            status_span(response),
        )
        return
    if len({field.value for field in fields}) > 1:
        yield LOCATION_SEVERAL.found(f"{len(fields)} Location headers differ", where(response.head, fields[1:]))
    yield REDIRECT.found(
        f"the server points to {shown(fields[0].value)}; a client may follow; browsers do not, except "
        "WebKitGTK",
        where(response.head, fields),
        received=fields[0].value,
    )


def challenge(reading: Reading, response: Response) -> Iterator[Finding]:
    """401 and 407 say which authentication would do (RFC 9110 sections 15.5.2 and 15.5.8)."""
    if response.status not in (401, 407):
        return
    for status, name, entry in (
        (401, b"WWW-Authenticate", WWW_AUTHENTICATE_MISSING),
        (407, b"Proxy-Authenticate", PROXY_AUTHENTICATE_MISSING),
    ):
        if response.status == status and not response.head.all(name.lower()):
            yield entry.found(f"a {status} without {name.decode()}", status_span(response), expected=name)


def version_negotiation(reading: Reading, response: Response) -> Iterator[Finding]:
    """Versions listed, or not listed where a 426 asks for it (RFC 6455 sections 4.2.2 and 4.4)."""
    listed = versions(response)
    if listed:
        asked = asked_version(reading)
        known = asked in listed
        yield VERSION_LIST.found(
            f"the server speaks version {shown(b', '.join(listed))}"
            + (
                "; the request asked for one of these"
                if known
                else f"; the request asked for {shown(asked) or 'none'}"
            ),
            where(response.head, response.head.all(b"sec-websocket-version")),
            received=b", ".join(listed),
        )
    if response.status != 426:
        return
    if not listed:
        yield VERSION_LIST_MISSING.found("a 426 without Sec-WebSocket-Version", status_span(response))
    if not response.head.all(b"upgrade"):
        yield UPGRADE_MISSING_426.found("a 426 without Upgrade", status_span(response), expected=b"websocket")


_SEARCHED = 64 * 1024

# No cause is named without one of its words, in whatever letter case: most bodies have none, and that is found
# out first. Word by word, in text: one expression for all takes ten times as long on a page, and "in" of bytes
# three times on a line.
_OF_UPGRADE = ("upgrade", "websocket", "connection")
_OF_ORIGIN = ("origin",)
_OF_PROTOCOL = ("subprotocol", "sub-protocol")
_OF_VERSION = ("13",)
_OF_TLS = ("https", "ssl", "tls")
_OF_ANY = (*_OF_UPGRADE, *_OF_ORIGIN, *_OF_PROTOCOL, *_OF_VERSION, *_OF_TLS)

# The patterns are compiled by the search itself, which keeps them.
_NO_UPGRADE: tuple[tuple[bytes, str], ...] = (
    (rb'can "upgrade" only to "websocket"', "Spring, Tornado, aiohttp"),
    (rb'"connection" must be "upgrade"', "Tornado"),
    (rb"no websocket upgrade hdr", "aiohttp"),
    (rb"'(?:upgrade|websocket)' token not found in '(?:connection|upgrade)' header", "gorilla/websocket"),
    (rb'(?:connection|upgrade) header "[^"]*" does not contain (?:upgrade|websocket)', "coder/websocket"),
    (rb"'(?:connection|upgrade)' header must contain '(?:upgrade|websocket)'", "Phoenix, Bandit"),
    (rb"(?:missing|invalid|bad|no) (?:connection|upgrade) header", "websockets, ws and others"),
    (
        rb"(?:connection|upgrade) header (?:is )?(?:missing|invalid|not found|required)",
        "Autobahn and others",
    ),
    (rb"\Aupgrade required\s*\Z", "ws (Node)"),
    (rb"you need a websocket client", "websockets (Python)"),
    (rb"not a websocket (?:handshake|request|upgrade)", "several servers"),
    (rb"websocket (?:upgrade|connection)s? (?:request )?(?:is )?(?:required|expected)", "several servers"),
)
_ORIGIN: tuple[tuple[bytes, str], ...] = (
    (rb"invalid origin header", "websockets (Python)"),
    (rb"cross origin websockets not allowed", "Tornado"),
    (rb'request origin "[^"]*" is not authorized for host', "coder/websocket"),
    (rb"origin (?:is |was )?(?:not allowed|not authori[sz]ed|forbidden|rejected)", "several servers"),
)
_PROTOCOL: tuple[tuple[bytes, str], ...] = (
    (
        rb"(?:missing|no|invalid|unsupported|unknown) (?:supported |matching )?sub-?protocol",
        "websockets and others",
    ),
    (rb"sub-?protocol (?:is )?(?:missing|required|not supported|not acceptable)", "several servers"),
)
_VERSION_TWICE = rb"\b13 ?, ?13\b"
_TLS_PORT: tuple[tuple[bytes, str], ...] = (
    (rb"plain http request was sent to https port", "nginx"),
    (rb"speaking plain http to an ssl-enabled server port", "Apache"),
    (rb"client sent an http request to an https server", "Go"),
    (rb"this combination of host and port requires tls", "Tomcat"),
    (rb"http request was sent to (?:an )?https", "several servers"),
)


def hints(reading: Reading, response: Response) -> Iterator[Finding]:
    """The usual causes, where the body names them."""
    if response.body is None:
        return
    text = _text(response.body)
    small = text.decode("latin-1").lower()
    if _names(small, _OF_ANY):
        yield from _named(reading, response, text, small)
    if response.status == 200:
        yield from _page(response, text)


def _named(reading: Reading, response: Response, text: bytes, small: str) -> Iterator[Finding]:
    if _names(small, _OF_UPGRADE):
        yield from _upgrade_stripped(reading, response, text)
    if _names(small, _OF_ORIGIN):
        yield from _said(reading, response, text, ORIGIN_REFUSED, _ORIGIN, _origin(reading))
    if _names(small, _OF_PROTOCOL):
        offered = b", ".join(reading.request.protocols)
        asked = f"the request offered {shown(offered)}" if offered else "the request offered none"
        yield from _said(reading, response, text, SUBPROTOCOL_WANTED, _PROTOCOL, asked)
    if _names(small, _OF_VERSION) and (match := re.search(_VERSION_TWICE, text)):
        ours = len(reading.request.head.all(b"sec-websocket-version"))
        yield VERSION_DUPLICATED.found(
            f"the body mentions version {shown(match[0])}; Sec-WebSocket-Version was sent {times(ours)}",
            _span(reading, response, match[0]),
            received=match[0],
        )
    if not reading.exchange.plan.target.secure and _names(small, _OF_TLS):
        for pattern, whose in _TLS_PORT:
            if match := re.search(pattern, text, re.IGNORECASE):
                yield PLAIN_TO_TLS_PORT.found(
                    f"the answer says that this port expects TLS (the wording of {whose})",
                    _span(reading, response, match[0]),
                    received=match[0],
                )
                break


def _names(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - asked of every body, and half the time of any()
        if word in text:
            return True
    return False


def _text(body: Body) -> bytes:
    return (body.decoded if body.decoded is not None else body.content)[:_SEARCHED]


def _span(reading: Reading, response: Response, words: bytes) -> Span | None:
    """Where the words stand on the wire, if they do (not where the body is compressed or cut by chunks)."""
    start = response.head.start + len(response.head.raw)
    at = reading.received.find(words, start)
    return (at, at + len(words)) if at >= 0 else None


def _upgrade_stripped(reading: Reading, response: Response, text: bytes) -> Iterator[Finding]:
    head = reading.request.head
    whole = bool(head.all(b"upgrade") and head.all(b"connection"))
    entry = UPGRADE_STRIPPED if whole else HANDSHAKE_INCOMPLETE
    asked = f"the request {'had Upgrade and' if whole else 'lacks Upgrade or'} Connection"
    return _said(reading, response, text, entry, _NO_UPGRADE, asked)


def _said(
    reading: Reading,
    response: Response,
    text: bytes,
    entry: Entry,
    words: tuple[tuple[bytes, str], ...],
    asked: str,
) -> Iterator[Finding]:
    """*entry*, if one of *words* stands in the body; *asked*: what the request had to do with it."""
    for pattern, whose in words:
        if match := re.search(pattern, text, re.IGNORECASE):
            yield entry.found(
                f"the body says: {shown(match[0])} (the wording of {whose}); {asked}",
                _span(reading, response, match[0]),
                received=match[0],
            )
            return


def _origin(reading: Reading) -> str:
    sent = reading.request.head.all(b"origin")
    return f"the request had Origin {shown(sent[0].value)}" if sent else "the request had no Origin"


def _page(response: Response, text: bytes) -> Iterator[Finding]:
    types = response.head.all(b"content-type")
    html = any(field.value.lower().startswith((b"text/html", b"application/xhtml")) for field in types)
    if html or (not types and text.lstrip()[:9].lower() in (b"<!doctype", b"<html>")):
        yield WEB_PAGE.found("a 200 with an HTML page", where(response.head, types))
