"""Findings about what a refusal says, or should say."""

from __future__ import annotations

from wsprobe.judge.entry import Entry

TABLE: tuple[Entry, ...] = (
    Entry(
        "location-missing",
        "warn",
        "RFC 9110 section 15.4",
        title="A redirect without Location",
        meaning="The status sends the client elsewhere and does not say where.",
        usual="a redirect to an empty address, or a proxy that removed the header",
        advice="Send Location with the 3xx.",
    ),
    Entry(
        "location-several",
        "warn",
        "RFC 9110 section 10.2.2",
        title="More than one Location",
        meaning="The redirect names several places; clients differ in which they take.",
        usual="an application and a proxy that each redirect",
        advice="Send one Location.",
    ),
    Entry(
        "redirect",
        "note",
        "RFC 6455 section 4.2.2, step 3",
        title="The server redirects",
        meaning="A server may redirect and a client may follow, but need not; "
        "of the browsers only WebKitGTK does.",
        usual="plain to secure, a missing slash, another host name, or a login page",
        advice="Use the final address in the client (`-L` follows here).",
    ),
    Entry(
        "www-authenticate-missing",
        "warn",
        "RFC 9110 section 15.5.2",
        title="401 without WWW-Authenticate",
        meaning="A 401 must say which authentication would do. Without it a client can only give up.",
        usual="an application that uses 401 for any missing token",
        advice="Send WWW-Authenticate, or answer 403.",
    ),
    Entry(
        "proxy-authenticate-missing",
        "warn",
        "RFC 9110 section 15.5.8",
        title="407 without Proxy-Authenticate",
        meaning="A 407 must say which authentication the proxy wants.",
        usual="a filter or gateway that imitates a proxy",
        advice="Send Proxy-Authenticate.",
    ),
    Entry(
        "version-list",
        "note",
        "RFC 6455 section 4.4",
        title="The server lists the versions it speaks",
        meaning="The version asked for is not spoken here, or the server says so; the client may ask again "
        "with "
        "one of these.",
        usual="a client of another draft version, or a proxy that changed Sec-WebSocket-Version",
        advice="Ask with one of the listed versions (`--negotiate`).",
    ),
    Entry(
        "version-list-missing",
        "warn",
        "RFC 6455 section 4.2.2, step 4",
        title="426 without Sec-WebSocket-Version",
        meaning="A server that refuses the version must say which ones it speaks.",
        usual="a server that answers 426 to any request that is not an upgrade, this one as it arrived "
        "included",
        advice="Send Sec-WebSocket-Version: 13 with the 426.",
    ),
    Entry(
        "upgrade-missing-426",
        "warn",
        "RFC 9110 section 15.5.22",
        title="426 without Upgrade",
        meaning="A 426 must name the protocol that is wanted.",
        usual="a proxy that removed the hop-by-hop header, or a hand-written answer",
        advice="Send `Upgrade: websocket` with the 426.",
    ),
    Entry(
        "version-duplicated",
        "warn",
        "RFC 6455 section 11.3.5",
        title="The server saw the version twice",
        meaning="The answer speaks of the version `13, 13`: the request arrived with two Sec-WebSocket-Version "
        "headers, joined by a proxy or library on the way.",
        usual="a client that adds its own handshake headers to those of its library, or a proxy that adds them",
        advice="Send Sec-WebSocket-Version once.",
    ),
    Entry(
        "upgrade-stripped",
        "warn",
        "RFC 9110 sections 7.6.1 and 7.8",
        title="The server did not see our Upgrade",
        meaning="The request carried Upgrade and Connection; the answer's body says that they did not arrive. "
        "Upgrade is meant for one hop, and a proxy must be told to pass it on.",
        usual="a proxy in between that does not pass Upgrade and Connection on (nginx by default), or a tunnel "
        "that speaks HTTP/2 or HTTP/3 to the server",
        advice="Have every proxy on the way pass Upgrade and Connection on; ask the server directly and "
        "compare.",
    ),
    Entry(
        "handshake-incomplete",
        "warn",
        "RFC 6455 section 4.1",
        title="The request was no complete handshake",
        meaning="The server says that headers of the handshake are missing, and so they are: the request was "
        "written that way.",
        usual="a request written by hand (`-H`, `--raw-request`)",
        advice="Send Upgrade, Connection, Sec-WebSocket-Key and Sec-WebSocket-Version.",
    ),
    Entry(
        "origin-refused",
        "warn",
        "RFC 6455 sections 4.2.2 and 10.2",
        title="The server does not accept this Origin",
        meaning="The answer's body says so. Browsers always send Origin, and it is the page's; command-line "
        "clients send none by themselves, so that the same server may accept one and refuse the other.",
        usual="a page on another host, port or scheme than the server expects, localhost in place of "
        "127.0.0.1, or no Origin at all",
        advice="Add the page's origin to those that the server allows; try it with `--origin`.",
    ),
    Entry(
        "subprotocol-wanted",
        "warn",
        "RFC 6455 section 4.2.2, step 4",
        title="The server wants another subprotocol",
        meaning="The answer's body says that the subprotocol is missing, or is none that it speaks.",
        usual="a client that does not offer the subprotocol of the application: the second argument of "
        "new WebSocket(), `--protocol` here",
        advice="Offer what the server's documentation names (`--protocol NAME`).",
    ),
    Entry(
        "web-page",
        "note",
        "RFC 6455 section 4.1, item 1",
        title="A web page came back",
        meaning="The answer is a page for people: the request reached a web server, but no WebSocket endpoint.",
        usual="a wrong path, a single-page application that answers every path, or a proxy without a rule for "
        "this one",
        advice="Check the path, and which server answers it.",
    ),
)
