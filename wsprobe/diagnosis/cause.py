"""Why it went as it did, as a value; and the one vocabulary of ids that every command and file uses."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Certainty = Literal["own-request", "stated", "only", "shared", "status"]
"""How a cause is known, the strongest kind first. ``own-request``: what wsprobe sent explains it;
``stated``: the answer says it in words; ``only``: a mark that one program alone has; ``shared``: a shape that
several programs have; ``status``: nothing but the status, or the way it ended."""


class Cause(msgspec.Struct, frozen=True):
    """One thing that may have led to the answer. All texts are printable ASCII."""

    id: str
    """A word of ``KINDS``."""
    text: str
    """What happened, as a clause to be read after "likely:" or "or:"."""
    fix: str = ""
    """What to do about it; "" if nothing is to be done, or nothing is known."""
    certainty: Certainty = "status"
    evidence: str = ""
    """What shows it: the words of the server, the field that was sent, the mark of a program, or the status."""
    program: str | None = None
    """Who wrote the answer, where a mark shows that one program alone can have; else None."""


def quote_of(text: str) -> tuple[str, str]:
    """What the text of a cause says of the answer, and the words of the server that it quotes; "" for none."""
    found = re.fullmatch(r'(?:(.*); )?the server says "(.*)"', text)
    return (found[1] or "", found[2]) if found is not None else (text, "")


class CauseKind(msgspec.Struct, frozen=True):
    """A kind of cause: what it is in general."""

    title: str
    meaning: str
    fix: str


def _kinds(*rows: tuple[str, str, str, str]) -> dict[str, CauseKind]:
    return {id: CauseKind(title, meaning, fix) for id, title, meaning, fix in rows}


_HANDSHAKE = _kinds(
    (
        "upgrade-lost",
        "Upgrade did not arrive",
        "The request had Upgrade and Connection, and the program that answered did not get them. Both count "
        "for "
        "one hop only (RFC 9110 section 7.6.1), so every proxy has to be told to pass them on.",
        "Have every proxy pass Upgrade and Connection on over HTTP/1.1; ask the server directly and compare.",
    ),
    (
        "handshake-incomplete",
        "The request was not a complete handshake",
        "Upgrade: websocket or Connection: Upgrade is missing in the request, because wsprobe was told to "
        "leave "
        "it out.",
        "Send Upgrade, Connection, Sec-WebSocket-Key and Sec-WebSocket-Version.",
    ),
    (
        "method",
        "The request was not a GET",
        "A handshake over HTTP/1.1 is a GET (RFC 6455 section 4.1).",
        "Send a GET.",
    ),
    (
        "version-unsupported",
        "The server does not speak this version",
        "Sec-WebSocket-Version of the request is not one that the server speaks, which is 13 nearly "
        "everywhere.",
        "Send Sec-WebSocket-Version: 13.",
    ),
    (
        "version-duplicated",
        "The server saw the version twice",
        "The answer mentions the version 13, 13: the request arrived with two Sec-WebSocket-Version fields, "
        "joined by a proxy or library.",
        "Send Sec-WebSocket-Version once.",
    ),
    (
        "key",
        "Sec-WebSocket-Key is wrong",
        "The key is missing, or is not 16 bytes in base64 (RFC 6455 section 4.1).",
        "Send 16 random bytes in base64; look at what changes the key on the way.",
    ),
    (
        "protocol-malformed",
        "Sec-WebSocket-Protocol is malformed",
        "The field of the request is not a list of names.",
        "Send names, separated by commas.",
    ),
    (
        "changed",
        "A field of the handshake was changed on the way",
        "The server says that a field is missing or wrong that was sent right.",
        "Look at what the proxies do to the fields of the handshake.",
    ),
    (
        "http-1.0",
        "HTTP/1.0 on the way",
        "A proxy speaks HTTP/1.0 to the server; a handshake needs HTTP/1.1.",
        "Have the proxy speak HTTP/1.1 (nginx: proxy_http_version 1.1).",
    ),
    (
        "bad-request",
        "The request is malformed for the server",
        "The request line, the Host or another field has a form that the server does not accept.",
        "Compare the request line and fields with what the server accepts.",
    ),
    (
        "header-too-large",
        "A header is too large",
        "A field of the request, most often Cookie, or the whole head is larger than a server or proxy takes.",
        "Send fewer or shorter cookies, or raise the limit.",
    ),
    (
        "extension-refused",
        "An extension is not accepted",
        "The server ends the session because of an extension that the client uses, or that nobody agreed on.",
        "Offer no extension (--no-extensions), or one that the server knows.",
    ),
)

_REFUSED = _kinds(
    (
        "origin-refused",
        "The server does not accept this Origin",
        "The server allows certain origins, or requires one. Browsers always send the origin of the page; "
        "command-line clients send none unless told to, so the same server may accept one and refuse the "
        "other.",
        "Add the page's origin to those that the server allows; try it with --origin.",
    ),
    (
        "origin-unguarded",
        "The Origin is not checked",
        "The session opened for an Origin that a list was meant to keep out.",
        "Check the Origin of the handshake too.",
    ),
    (
        "host-refused",
        "The server does not accept this Host",
        "The Host of the request is not among the names that the server knows, or allows.",
        "Add the name to those of the server; have proxies pass Host on unchanged.",
    ),
    (
        "subprotocol-required",
        "The server requires a subprotocol",
        "The server wants a subprotocol that was not offered.",
        "Offer it: --protocol in wsprobe, the second argument of new WebSocket() in a page.",
    ),
    (
        "subprotocol-none",
        "No subprotocol was selected",
        "The server knows none of the subprotocols offered, or selects none. Chromium then fails.",
        "Select one in the server, or offer one that it knows.",
    ),
    (
        "subprotocol-unasked",
        "A subprotocol that was not offered",
        "The server selected a subprotocol that the client did not offer. Browsers then fail.",
        "Select only one of those that were offered.",
    ),
    (
        "unauthorized",
        "Credentials are required",
        "The server, or a proxy, wants credentials and got none that it accepts.",
        "Send the token, cookie or password (-u, -b, -H). A page can send only cookies, or a token in the "
        "URL or "
        "as a subprotocol.",
    ),
    (
        "credentials-refused",
        "The credentials were refused",
        "Credentials were sent, and the server did not accept them.",
        "Check user, password or token, whether they have expired, and whether they are for this server.",
    ),
    (
        "refused",
        "The application refused",
        "A check in the application refused the request; the status, the words and the log of the server say "
        "why.",
        "Send what the application checks (token, cookie, parameter).",
    ),
    (
        "server-says",
        "The server says why",
        "The answer has words of its own, and wsprobe knows no kind of cause for them.",
        "Read them; the server's log has more.",
    ),
    (
        "blocked-by-rule",
        "A rule refused the request",
        "A rule of a proxy, a firewall (WAF) or an access list refused the request before the application "
        "saw it.",
        "Look for the rule that covers this path, method, address or field.",
    ),
    (
        "rate-limited",
        "Too many requests",
        "A limit on requests or connections is reached.",
        "Wait as long as Retry-After says, or raise the limit.",
    ),
    (
        "upgrade-refused",
        "Upgrades are refused",
        "A proxy or server does not let upgrades pass, by its configuration.",
        "Allow upgrades for this path.",
    ),
    (
        "redirected",
        "The server redirects",
        "The answer leads to another URL. Of the browsers only WebKitGTK follows.",
        "Use the final URL in the client (-L makes wsprobe follow).",
    ),
    (
        "legal",
        "Refused for legal reasons",
        "The server refuses by law (451, RFC 7725).",
        "",
    ),
)

_ELSEWHERE = _kinds(
    (
        "no-route",
        "No WebSocket endpoint at this path",
        "The path leads to no endpoint, or to something that is none, such as a page. A proxy may have no rule "
        "for it.",
        "Correct the path, or add a WebSocket route for it in the application and in every proxy.",
    ),
    (
        "no-websocket",
        "No WebSocket support",
        "The program that answered does not speak WebSocket, or its library is missing.",
        "Run a server that does, and route the path to it.",
    ),
    (
        "no-upgrade-listener",
        "Nothing handles the upgrade",
        "The server takes the connection and never answers the handshake: no code handles WebSocket upgrades "
        "on "
        "this path.",
        "Set ws: true in the development server or proxy, or correct the path.",
    ),
    (
        "not-socket.io",
        "A Socket.IO server",
        "A plain WebSocket client reached a Socket.IO server, which needs its own path, query and packets.",
        "Use a Socket.IO client.",
    ),
    (
        "mqtt",
        "An MQTT broker",
        "The server waits for MQTT packets in the subprotocol mqtt.",
        'Use an MQTT client; in a page new WebSocket(url, "mqtt").',
    ),
    (
        "generation",
        "Another generation of Socket.IO",
        "Client and server use different versions of the Socket.IO protocol.",
        "Use matching versions.",
    ),
    (
        "session",
        "The session is unknown",
        "The process that answered does not know the session that the request names: several processes without "
        "sticky sessions, a restart, or a session that has ended.",
        "Use sticky sessions; begin a new session.",
    ),
    (
        "transport",
        "An unknown transport",
        "The query names a transport that Socket.IO does not have.",
        "Use websocket or polling.",
    ),
    (
        "other-protocol",
        "Another protocol",
        "The port speaks another protocol.",
        "Use the port of the WebSocket listener.",
    ),
    ("tls-port", "The port expects TLS", "The URL says ws:, and the port expects TLS.", "Use wss://."),
    (
        "client-certificate",
        "A client certificate is required",
        "The server wants a certificate of the client, or did not accept the one it got.",
        "Give one with --cert and --key.",
    ),
    (
        "forward-proxy",
        "A forward proxy",
        "The URL points at a forward proxy, not at the server.",
        "Give the proxy with -x, and the address of the server as the URL.",
    ),
    (
        "proxy-target",
        "The proxy did not open a tunnel",
        "The proxy was reached, and did not connect to the server.",
        "Read the proxy's answer; check its rules for CONNECT to that port.",
    ),
)

_BEHIND = _kinds(
    (
        "backend-down",
        "The application is not reached",
        "A proxy or balancer could not reach the application behind it: it is not running, or its address or "
        "port is wrong.",
        "Start the application; check address, port and http or https of the upstream in the proxy.",
    ),
    (
        "backend-closed",
        "The application closed without an answer",
        "The application behind a proxy ended the connection without an answer.",
        "Look in the application's log.",
    ),
    (
        "backend-timeout",
        "The application did not answer in time",
        "A proxy waited for the application behind it, and gave up.",
        "Find out why the application hangs, or whether it answers handshakes at all.",
    ),
    (
        "backend-tls",
        "TLS between proxy and application does not match",
        "The proxy speaks TLS where the application does not, or the other way round.",
        "Use http:// or https:// in the proxy as the application speaks.",
    ),
    (
        "intercepted",
        "The proxy replaced the answer",
        "A proxy replaced an error of the application by a page of its own.",
        "Switch that off for the path of the socket.",
    ),
    (
        "proxy-waits",
        "The proxy does not pass the 101 on",
        "The request arrives, and the 101 that comes back does not.",
        "Ask the application without the proxy, and compare.",
    ),
    (
        "hangs",
        "The application hangs",
        "The application takes the request and does not answer.",
        "See its log.",
    ),
    (
        "closing",
        "The server is stopping",
        "The server is being closed, and takes no new sessions.",
        "Try again when it has started.",
    ),
    (
        "overloaded",
        "The server is overloaded",
        "The server says that it takes no more sessions for now.",
        "Try again later.",
    ),
)

_APPLICATION = _kinds(
    (
        "crashed-before-accept",
        "An exception before accept",
        "The application raised an exception while it handled the handshake.",
        "Look in the server's log for this request.",
    ),
    (
        "crashed",
        "An exception in the session",
        "The application raised an exception after the handshake.",
        "Look in the server's log for this session.",
    ),
    (
        "no-accept",
        "Returned without accepting",
        "The application ended without accepting or refusing the handshake.",
        "Accept first: await websocket.accept().",
    ),
    (
        "denial",
        "A denial response was lost",
        "The application sent a response in place of accepting, and the server cannot pass it on.",
        "Close, or accept and then close.",
    ),
    (
        "hijacker",
        "Middleware hides the connection",
        "A middleware hides http.Hijacker from the upgrade (Go).",
        "Keep the middleware off this route, or have its ResponseWriter implement Hijack.",
    ),
    (
        "wrote-first",
        "A response was written before the upgrade",
        "The handler wrote a response, and the 101 came in its body.",
        "Write nothing before the upgrade.",
    ),
    (
        "closed-silently",
        "Closed without an answer",
        "The server closed the connection and sent nothing: it crashed, refuses by closing, or a rule drops "
        "the "
        "request.",
        "Look in the logs of the application and of every proxy.",
    ),
    (
        "handler-returned",
        "The handler returned",
        "The code that handles the session ended, which closes it.",
        "Keep it running: loop over the messages.",
    ),
    (
        "response-after-101",
        "An HTTP answer after the 101",
        "The handler returned an HTTP response after the handshake, or ended.",
        "Return nothing, or what the library wants; keep the handler running.",
    ),
    (
        "closed-by-app",
        "The application closed the session",
        "The server sent a Close frame on purpose; its code and reason say why.",
        "Look up the code in the documentation of the application.",
    ),
    (
        "dropped",
        "Dropped without a Close frame",
        "The connection of an open session ended, and no side sent a Close.",
        "Look in the server's log, and at the limits of every proxy.",
    ),
    (
        "idle-timeout",
        "An idle limit",
        "A proxy or the server ended a session in which nothing was sent for a time.",
        "Send pings more often, or raise the limit.",
    ),
    (
        "too-large",
        "A message is too large",
        "A message is larger than the server takes.",
        "Send smaller messages, or raise the limit of the server.",
    ),
    (
        "first-message",
        "The first message did not come in time",
        "The server waits for a message (a login, connection_init) and closes when it does not come.",
        "Send it at once.",
    ),
    (
        "message-refused",
        "A message was refused",
        "The server does not accept what was sent: not its format, type or protocol.",
        "Send what the protocol of the server defines.",
    ),
    (
        "protocol-error",
        "The client broke the protocol",
        "The server says that the client broke the WebSocket protocol (1002).",
        "Look in the server's log.",
    ),
    (
        "error",
        "The server failed",
        "A server or proxy answered with an error of its own (5xx).",
        "Look in the server's log for this request.",
    ),
)

_BROWSER = _kinds(
    (
        "local-network-access",
        "Local Network Access",
        "A browser keeps a page of a public address off the local network, or off this machine, until the "
        "user allows it. It sends nothing.",
        "Let the user allow it, or serve the page from the same network (wsprobe explain lna).",
    ),
)

_TRACE = _kinds(
    *(
        (id, title, meaning, "")
        for id, title, meaning in (
            ("opens", "The handshake opens", "No proxy blocks it, in each way that was tried."),
            ("unknown", "No change explains it", "No change of the request tells why it fails."),
            ("one-of-several", "One of several servers", "The same handshake gets different answers in turn."),
            ("addresses-differ", "Addresses differ", "The addresses of the name give different answers."),
            ("not-reached", "No request was sent", "Name, address, port or TLS are wrong."),
            ("not-http", "Not HTTP", "What came is no whole HTTP answer."),
            ("http2-only", "HTTP/2 only", "The listener speaks HTTP/2 and no HTTP/1.1."),
            (
                "http2-announced",
                "Announced over HTTP/2",
                "WebSockets over HTTP/2 are announced, and do not open.",
            ),
            ("cut-at-once", "Every request is cut", "The listener ends every request without an answer."),
            ("no-answer", "No request is answered", "The connection is accepted and no request is answered."),
            ("key-lost", "Sec-WebSocket-Key is lost", "A proxy removes or changes the key."),
            ("version-lost", "Sec-WebSocket-Version is lost", "A proxy removes or changes the version."),
            (
                "key-changed",
                "The key is changed",
                "A proxy changes Sec-WebSocket-Key: the accept does not match.",
            ),
            ("accept-lost", "Sec-WebSocket-Accept is lost", "A proxy filters the fields of the answer."),
            ("invalid-101", "An invalid 101", "The 101 breaks a rule; no client accepts it."),
            ("cookie-refused", "The cookie is refused", "Without the cookie the handshake opens."),
            ("query-refused", "The query is refused", "Without the query the handshake opens."),
            ("subprotocol-refused", "The subprotocol is refused", "Another offer of subprotocols opens."),
            ("subprotocol-lost", "The subprotocol is lost", "A proxy drops Sec-WebSocket-Protocol."),
            ("host-changed", "The Host is changed", "A proxy rewrites Host, which the application compares."),
            (
                "host-changed-or-origin-list",
                "Host or Origin",
                "A proxy rewrites Host, or the application allows other origins only.",
            ),
            ("origin-rule", "An Origin is required", "Any Origin opens, none does not."),
            ("origin-wanted", "The page's Origin is required", "The page's own Origin opens, none does not."),
            ("origin-lost", "The Origin is lost", "A proxy drops Origin."),
            ("origin-changed", "The Origin is changed", "A proxy rewrites Origin."),
            ("browser-headers-wanted", "Headers of browsers", "Only a request with a browser's headers opens."),
            ("browser-refused", "A browser's request is refused", "A header that a browser sends is refused."),
            ("connection-compared", "Connection is compared whole", "A proxy compares all of Connection."),
            ("handshake-not-understood", "Not understood", "A 400 to every request with Upgrade."),
            ("handshake-dropped", "The handshake is dropped", "A plain GET is answered, the handshake is cut."),
            (
                "handshake-fails",
                "The handshake fails",
                "A 5xx to the handshake, another answer to a plain GET.",
            ),
            ("handshake-refused", "The handshake is refused", "A rule, or a WebSocket library, refuses it."),
            ("server-error", "Every request fails", "A 5xx to a plain GET too."),
            ("method-refused", "The method is refused", "A rule refuses GET on this path."),
            ("slash", "The final slash", "The route is for the path with its final slash, or without."),
            ("elsewhere", "Another program answers", "The path leads to another program than the application."),
            (
                "refused-by-app",
                "The application refuses",
                "Asked directly, the application gives the same answer.",
            ),
            ("refused-to-all", "Every request is refused", "A plain GET is refused alike."),
            ("request-changed", "The request is changed", "A proxy changes the path or another part."),
            (
                "upgrade-lost-or-elsewhere",
                "Upgrade is lost, or no endpoint",
                "The handshake is answered as a plain GET: Upgrade is lost, or the path is no endpoint.",
            ),
            ("dropped-after-101", "Dropped after the 101", "The connection is dropped as soon as it is open."),
        )
    )
)

KINDS: dict[str, CauseKind] = {
    **_HANDSHAKE,
    **_REFUSED,
    **_ELSEWHERE,
    **_BEHIND,
    **_APPLICATION,
    **_BROWSER,
    **_TRACE,
}
"""Every kind of cause by its id. Ids are stable and never reused. What kept a request from being sent has
the id of its finding besides (``reach``)."""

FORMERLY = {
    "upgrade-stripped": "upgrade-lost",
    "origin-refused": "origin-refused",
    "subprotocol-wanted": "subprotocol-required",
    "handshake-incomplete": "handshake-incomplete",
    "version-duplicated": "version-duplicated",
    "web-page": "no-route",
}
"""Findings of version 0.1 that are causes now -> their ids here."""
