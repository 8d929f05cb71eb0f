"""HTTP statuses as answers to a WebSocket handshake: what each means there, its usual causes, what to do.

For ``explain``, and for ``status``, which knows more about some (200, 401, 403, 404, 405, 505, redirects). This
is a module because nearly every refusal needs it: reading TOML takes longer than the whole diagnosis."""

from __future__ import annotations

import msgspec


class StatusMeaning(msgspec.Struct, frozen=True, kw_only=True):
    """What one status, or one class of statuses, means as the answer to a handshake."""

    name: str
    means: str
    usual: tuple[str, ...]
    """The usual causes, the likeliest first."""
    fix: str
    """What to do about it."""
    cause: str = ""
    """The kind of the cause if nothing but the status is known; "" if the status names none."""
    act: str = ""
    """What the status says that the server did; with ``cause``."""
    do: str = ""
    """What a diagnosis says to do, if that is not ``fix``."""
    see: tuple[str, ...] = ()
    """Topics of ``explain``."""
    scenarios: tuple[str, ...] = ()
    """Of the lab."""
    settings: str = ""
    """The fault whose lines of configuration ``explain`` shows (proxies.toml)."""
    browsers: str = ""
    """What browsers do, if that does not follow from the number."""


STATUSES: dict[int, StatusMeaning] = {
    101: StatusMeaning(
        name="Switching Protocols",
        means="The only status that can complete the handshake; over HTTP/2, which has no 101, it is 200 "
        "(RFC 8441). Upgrade, Connection, Sec-WebSocket-Accept, extensions and subprotocol must then "
        "be right too.",
        usual=("a WebSocket server on this path",),
        fix="If it still fails, `wsprobe connect` lists every invalid header.",
        see=("rfc6455-4.1", "rfc6455-4.2.2"),
    ),
    100: StatusMeaning(
        name="Continue",
        means="An interim answer: the final one follows. RFC 6455 does not say whether one may come before a "
        "101.",
        usual=("a framework or proxy that answers Expect or sends hints for every request",),
        fix="Turn interim answers off for the WebSocket path: Chromium fails on them.",
        see=("contradiction-interim",),
        scenarios=("100-then-101", "100-only-hold"),
    ),
    103: StatusMeaning(
        name="Early Hints",
        means="An interim answer: the final one follows. RFC 6455 does not say whether one may come before a "
        "101.",
        usual=("a CDN or framework that sends hints for every path",),
        fix="Turn early hints off for the WebSocket path: Chromium fails on them.",
        see=("contradiction-interim",),
    ),
    200: StatusMeaning(
        name="OK",
        means="The server answered with an ordinary page: it ignored the Upgrade header. Over HTTP/2, 200 "
        "opens a WebSocket (RFC 8441).",
        usual=(
            "a wrong path",
            "a proxy that drops Upgrade",
            "a single-page application that serves index.html for every path",
        ),
        fix="Check the path, and that every proxy forwards Upgrade and Connection.",
        scenarios=("200-html", "200-with-ws-headers"),
        settings="upgrade",
    ),
    204: StatusMeaning(
        name="No Content",
        means="The server answered an ordinary request, without a body.",
        usual=("an endpoint for something else (a CORS preflight handler, a beacon)",),
        fix="Check the path.",
    ),
    301: StatusMeaning(
        name="Moved Permanently",
        means="The server redirects. RFC 6455 lets a client follow; browsers must not.",
        usual=("http to https", "a missing or extra slash at the end of the path", "www", "a login page"),
        fix="Use the URL in Location, with ws: or wss: for http: or https:.",
        see=("r1.210", "contradiction-status"),
        scenarios=("301-ws",),
    ),
    302: StatusMeaning(
        name="Found",
        means="The server redirects. RFC 6455 lets a client follow; browsers must not.",
        usual=("a login page: the session cookie did not reach the server", "http to https"),
        fix="Check cookies and credentials; use the final URL.",
        see=("r1.210", "contradiction-status"),
        scenarios=("redirect-302",),
    ),
    303: StatusMeaning(
        name="See Other",
        means="The server redirects to a page. RFC 6455 lets a client follow; browsers must not.",
        usual=("a login page or form",),
        fix="Check cookies and credentials.",
        see=("r1.210", "contradiction-status"),
    ),
    304: StatusMeaning(
        name="Not Modified",
        means="A cache answered the handshake, although a handshake has no cacheable content.",
        usual=("a cache, or a framework that answers conditional requests on every path",),
        fix="Exclude the WebSocket path from caching.",
    ),
    307: StatusMeaning(
        name="Temporary Redirect",
        means="The server redirects. RFC 6455 lets a client follow; browsers must not. Chromium's network "
        "panel also shows a change from ws: to wss: by HSTS as 307.",
        usual=("http to https", "a framework that adds or removes a slash (FastAPI, Starlette)"),
        fix="Use the URL in Location, with wss: for https:.",
        see=("r1.210", "contradiction-status"),
        scenarios=("307-ws",),
    ),
    308: StatusMeaning(
        name="Permanent Redirect",
        means="The server redirects. RFC 6455 lets a client follow; browsers must not.",
        usual=("http to https at a CDN or ingress", "a slash at the end of the path"),
        fix="Use the URL in Location, with wss: for https:.",
        see=("r1.210", "contradiction-status"),
    ),
    400: StatusMeaning(
        name="Bad Request",
        means="The server did not recognize a WebSocket handshake, or did not accept one of the headers.",
        usual=(
            "a proxy that drops Upgrade or changes a field",
            "a wrong path, or WebSockets turned off there",
            "a required subprotocol",
            "a check (token, Origin, Host)",
            "plain HTTP sent to a TLS port",
        ),
        fix="Read the body: many servers report the header. Send the same request without the proxy and "
        "compare. If the answer has Sec-WebSocket-Version, the server does not support the requested "
        "version.",
        cause="bad-request",
        act="the server answered Bad Request",
        do="test the server without proxies and compare; look in its log",
        see=("426", "rfc6455-4.4"),
        scenarios=("400",),
        settings="upgrade",
    ),
    401: StatusMeaning(
        name="Unauthorized",
        means="Credentials are missing or invalid. A script cannot set Authorization on a WebSocket.",
        usual=(
            "an expired token or session",
            "a cookie that was not sent (SameSite, another site, Secure over ws:)",
            "credentials in the URL, which browsers send only after the 401, if at all",
        ),
        fix="Send a short-lived ticket in the query, or authenticate in the first message. To let the page "
        "know why: accept, then close with 4401.",
        see=("4401", "what-can-a-server-do", "contradiction-status"),
        scenarios=("401-basic", "401-nochallenge"),
        browsers='Chromium: "HTTP Authentication failed; no valid credentials available", without the number; '
        "Chromium and Firefox send a second request if the URL has credentials. WebKitGTK fails.",
    ),
    403: StatusMeaning(
        name="Forbidden",
        means="The server understood the request and refuses it. RFC 6455 gives this status for an origin "
        "that is not allowed.",
        usual=(
            "a check (token, cookie, CSRF)",
            "an Origin that is not allowed",
            "a rule or firewall (WAF)",
            "an unknown path, or an exception",
            "a proxy whose backend failed",
        ),
        fix="Compare with and without Origin: `wsprobe connect --origin https://your.site URL`. To let the "
        "page know why: accept, then close with 4403.",
        cause="refused",
        act="the server refused the request",
        see=("4403", "is-403-among-them", "what-can-a-server-do"),
        scenarios=("status-403",),
    ),
    404: StatusMeaning(
        name="Not Found",
        means="No WebSocket endpoint has this path. RFC 6455 gives this status for a resource name that is "
        "not available.",
        usual=(
            "a wrong path or prefix",
            "a proxy rule that does not match",
            "a server that routes handshakes to the wrong handler (WSGI instead of ASGI)",
        ),
        fix="Check the path and prefix on both sides of the proxy. Check that the server runs with "
        "WebSocket support.",
        settings="upgrade",
        cause="not-found",
        act="the server answered Not Found",
    ),
    405: StatusMeaning(
        name="Method Not Allowed",
        means="The path does not accept GET. A handshake is always a GET.",
        usual=("a POST endpoint at this path", "curl -T, which makes it a PUT"),
        fix="Check the path; Allow in the answer lists the methods.",
        cause="refused",
        act="the server accepts no GET at this path",
        scenarios=("405-allow",),
    ),
    406: StatusMeaning(
        name="Not Acceptable",
        means="Accept does not allow any type that the server can send.",
        usual=(
            "a firewall (WAF) such as ModSecurity",
            "content negotiation (Accept) applied to the WebSocket path",
        ),
        fix="Exclude the path from content negotiation.",
        cause="refused",
        act="the server refused the request",
    ),
    407: StatusMeaning(
        name="Proxy Authentication Required",
        means="A proxy requires credentials before it opens the tunnel. Only proxies may send 407.",
        usual=("a company's proxy between client and server", "a filter or gateway that imitates a proxy"),
        fix="Pass the proxy's credentials to the browser or to `wsprobe connect -x "
        "http://user:password@proxy`.",
        cause="unauthorized",
        act="a proxy requires credentials",
        do="pass them in -x http://user:password@host:port",
        scenarios=("407-nochallenge",),
        browsers='Chromium: "Error in connection establishment: net::ERR_UNEXPECTED_PROXY_AUTH", or "Proxy '
        'authentication failed".',
    ),
    408: StatusMeaning(
        name="Request Timeout",
        means="The request did not arrive in time.",
        usual=(
            "a connection that was opened early and not used",
            "a slow network",
            "an application that does not answer",
        ),
        fix="Try again, and check the timing in `wsprobe connect`.",
        cause="refused",
        act="the server refused the request",
    ),
    409: StatusMeaning(
        name="Conflict",
        means="The request conflicts with the state of the resource.",
        usual=("a session that is already connected",),
        fix="Read the body.",
        cause="refused",
        act="the request conflicts with the server's state",
        scenarios=("409",),
    ),
    410: StatusMeaning(
        name="Gone",
        means="The endpoint existed, but was removed.",
        usual=("an older version of an API",),
        fix="Look for the new path in the documentation.",
        cause="not-found",
        act="the server answered Gone",
        scenarios=("410",),
    ),
    413: StatusMeaning(
        name="Content Too Large",
        means="The request's body is too large for the server, although a handshake has no body.",
        usual=("a limit applied to every request", "a header that declares a body"),
        fix="Check that no proxy adds Content-Length or Transfer-Encoding.",
        cause="header-too-large",
        act="the request is too large for the server",
        scenarios=("413",),
    ),
    414: StatusMeaning(
        name="URI Too Long",
        means="The URL is too long.",
        usual=("a token in the query",),
        fix="Use a short ticket instead.",
        cause="header-too-large",
        act="the URL is too long for the server",
    ),
    421: StatusMeaning(
        name="Misdirected Request",
        means="This connection, or this server, does not serve that host name.",
        usual=(
            "a different SNI and Host",
            "a certificate shared by several hosts",
            "a reused HTTP/2 connection",
        ),
        fix="Make SNI, Host and the certificate agree.",
        cause="host-refused",
        act="this server does not serve the host",
        scenarios=("421",),
        browsers="The Fetch standard repeats the request on a new connection; no tested browser opens a "
        "WebSocket that way.",
    ),
    425: StatusMeaning(
        name="Too Early",
        means="The request arrived in TLS early data and could be a replay.",
        usual=("0-RTT at a CDN",),
        fix="Turn early data off for the path, or try again.",
        cause="refused",
        act="the server does not accept TLS early data",
    ),
    426: StatusMeaning(
        name="Upgrade Required",
        means="The server requires an upgrade, or another protocol version: Sec-WebSocket-Version in the "
        "answer lists the supported versions.",
        usual=(
            "a proxy that drops Upgrade",
            "a version other than 13",
            "a plain GET to a WebSocket-only endpoint (fetch, a health check)",
        ),
        fix="If the answer has no Sec-WebSocket-Version: check that the proxy forwards Upgrade. If it has, "
        "`wsprobe connect --ws-negotiate URL` repeats the request with a listed version.",
        cause="upgrade-required",
        act="the server answered Upgrade Required",
        do="configure every proxy to forward Upgrade and Connection over HTTP/1.1 (wsprobe explain "
        "upgrade-lost)",
        see=("rfc6455-4.4", "version-retry"),
        scenarios=("426-version-list",),
        settings="upgrade",
    ),
    428: StatusMeaning(
        name="Precondition Required",
        means="The server requires a conditional request.",
        usual=("an API rule applied to every path",),
        fix="Exclude the WebSocket path from that rule.",
        cause="refused",
        act="the server refused the request",
    ),
    429: StatusMeaning(
        name="Too Many Requests",
        means="The client exceeded a limit on requests or connections. Retry-After may give a waiting time; "
        "browsers ignore it for WebSockets.",
        usual=(
            "a client that reconnects in a loop without waiting",
            "many tabs",
            "many users behind one address",
        ),
        fix="Wait longer between attempts in the client; `wsprobe connect URL` shows Retry-After.",
        cause="rate-limited",
        act="too many requests or connections in a short time",
        see=("4429", "back-off"),
        scenarios=("429-retry-after",),
    ),
    431: StatusMeaning(
        name="Request Header Fields Too Large",
        means="The request's headers are too large.",
        usual=("too many cookies", "a token in Sec-WebSocket-Protocol"),
        fix="Remove the site's cookies, or raise the limit (--max-http-header-size, "
        "large_client_header_buffers).",
        cause="header-too-large",
        act="the request's headers exceed the server's limit",
    ),
    451: StatusMeaning(
        name="Unavailable For Legal Reasons",
        means="The server refuses for legal reasons.",
        usual=("a block by country",),
        fix="Read the body.",
        cause="legal",
        act="the server refuses for legal reasons",
    ),
    499: StatusMeaning(
        name="Client Closed Request, in nginx's log",
        means="Never sent: nginx logs 499 if the client disconnects before the answer.",
        usual=("a time limit of the client", "a page reload while connecting"),
        fix="Find out why the client disconnected.",
        cause="refused",
        act="the server refused the request",
    ),
    500: StatusMeaning(
        name="Internal Server Error",
        means="The application failed while handling the handshake.",
        usual=(
            "an exception in a handler or middleware (some raise one for an unknown path)",
            "a handler that returned without accepting",
        ),
        fix="Read the server's log for that time; the body may contain a stack trace.",
        cause="error",
        act="the server answered Internal Server Error",
        do="look in the server's log for this request; the body may have a stack trace; wsprobe trace URL "
        "tells these apart",
        scenarios=("500",),
    ),
    501: StatusMeaning(
        name="Not Implemented",
        means="The server or proxy does not support the request.",
        usual=(
            "no WebSocket support on this path or Host",
            "a required subprotocol",
            "a proxy or server without WebSocket support",
        ),
        fix="Test the server without the proxy and compare.",
        cause="error",
        act="the server does not implement this request",
        scenarios=("501",),
    ),
    502: StatusMeaning(
        name="Bad Gateway",
        means="A proxy could not reach the server behind it, or did not understand its answer.",
        usual=(
            "an application that is down, or listens elsewhere",
            "an application that crashes or closes the connection",
            "TLS or HTTP/2 on one side only, or a refused certificate",
            "a service of the application that is down",
        ),
        fix="Test the server behind the proxy directly: `wsprobe connect --connect-to ::HOST:PORT URL`.",
        cause="bad-gateway",
        act="the server could not reach the program behind it, or got no valid answer",
        scenarios=("502",),
    ),
    503: StatusMeaning(
        name="Service Unavailable",
        means="The server, or every server behind a load balancer, is not ready or is overloaded.",
        usual=(
            "a server that starts, stops or is overloaded",
            "a proxy that gets no answer",
            "an exception in the application",
            "a limit on connections",
        ),
        fix="Wait and try again. Behind a load balancer, look at its health checks.",
        cause="unavailable",
        act="the server answered Service Unavailable",
        do="try again later; look in the log of the program that answered, and behind a load balancer at its "
        "health checks",
    ),
    504: StatusMeaning(
        name="Gateway Timeout",
        means="A proxy got no answer in time from the server behind it.",
        usual=(
            "a server that never answers the handshake",
            "a blocked event loop",
            "a proxy that waits for a whole body",
            "a service of the application that does not answer",
        ),
        fix="Test the server behind the proxy directly, and check the time to the first byte.",
        cause="gateway-timeout",
        act="the server waited too long for the program behind it",
        scenarios=("504",),
    ),
    505: StatusMeaning(
        name="HTTP Version Not Supported",
        means="The server does not support the request's HTTP version.",
        usual=("a proxy that sends HTTP/1.0 to a server that requires 1.1, or the other way round",),
        fix="Configure the proxy to send HTTP/1.1 to the server.",
        scenarios=("505",),
        settings="http-1.1",
        cause="error",
        act="the server answered HTTP Version Not Supported",
    ),
    511: StatusMeaning(
        name="Network Authentication Required",
        means="A captive portal intercepts the connection.",
        usual=("the Wi-Fi of a hotel or train",),
        fix="Open any http: page in a browser and log in there first.",
        cause="unauthorized",
        act="the network requires a login first",
        scenarios=("511",),
    ),
    520: StatusMeaning(
        name="Web Server Returned an Unknown Error (Cloudflare)",
        means="The CDN got an answer that it did not understand, or none, from the server behind it.",
        usual=("a server that resets or closes", "headers that are too large or malformed"),
        fix="Test the server behind the CDN directly: `wsprobe connect --resolve HOST:443:ADDRESS URL`.",
        cause="bad-gateway",
        act="the CDN got no valid answer from the server",
        scenarios=("520",),
    ),
    521: StatusMeaning(
        name="Web Server Is Down (Cloudflare)",
        means="The server behind the CDN refused the connection.",
        usual=("a server that is down", "a firewall that blocks the CDN's addresses"),
        fix="Allow the CDN's addresses; check that the server listens.",
        cause="backend-down",
        act="the server refuses connections of the CDN",
    ),
    522: StatusMeaning(
        name="Connection Timed Out (Cloudflare)",
        means="The CDN could not connect to the server behind it in time.",
        usual=("a firewall that drops packets", "an overloaded server"),
        fix="Check the routing and the firewall of the server.",
        cause="backend-down",
        act="the CDN could not connect to the server in time",
    ),
    523: StatusMeaning(
        name="Origin Is Unreachable (Cloudflare)",
        means="There is no route to the server behind the CDN.",
        usual=("a wrong address in the DNS records at the CDN",),
        fix="Check those DNS records.",
        cause="backend-down",
        act="the CDN has no way to the server",
    ),
    524: StatusMeaning(
        name="A Timeout Occurred (Cloudflare)",
        means="The server behind the CDN accepted the connection and sent no answer in time (100 s by "
        "default).",
        usual=("a handler that does not answer the handshake",),
        fix="Look at the server's log; answer the handshake before doing work.",
        cause="backend-timeout",
        act="the server received the CDN's request and sent no answer in time",
    ),
    525: StatusMeaning(
        name="SSL Handshake Failed (Cloudflare)",
        means="TLS between the CDN and the server behind it failed.",
        usual=("no certificate on the server", "no common cipher"),
        fix="Check the server's TLS: `wsprobe connect --resolve HOST:443:ADDRESS URL`.",
        cause="backend-tls",
        act="TLS between the CDN and the server failed",
    ),
    526: StatusMeaning(
        name="Invalid SSL Certificate (Cloudflare)",
        means="The CDN does not accept the certificate of the server behind it.",
        usual=("a self-signed or expired certificate, with strict checking at the CDN",),
        fix="Install a valid certificate on the server.",
        cause="backend-tls",
        act="the CDN does not accept the server's certificate",
    ),
    527: StatusMeaning(
        name="Railgun Error (Cloudflare)",
        means="A connection between the CDN and its listener at the origin failed.",
        usual=("an outdated configuration: Cloudflare no longer offers Railgun",),
        fix="Remove Railgun from the configuration.",
        cause="backend-down",
        act="the connection between the CDN and the server failed",
    ),
    530: StatusMeaning(
        name="Origin DNS Error, 1xxx in the body (Cloudflare)",
        means="The CDN could not resolve or use the origin; the body holds a 1xxx number that says why.",
        usual=("a tunnel that is not connected", "a wrong DNS record"),
        fix="Read the body.",
        cause="backend-down",
        act="the CDN could not resolve or use the server",
    ),
}
"""By the number."""

CLASSES: dict[int, StatusMeaning] = {
    1: StatusMeaning(
        name="interim",
        means="An interim answer other than 101: the final one must follow. RFC 6455 does not mention it; "
        "the Fetch standard skips it.",
        usual=("a framework or proxy that sends such an answer to every request",),
        fix="Turn these answers off for the WebSocket path: Chromium fails on them.",
        see=("contradiction-interim",),
    ),
    2: StatusMeaning(
        name="success, as HTTP",
        means="The server answered an ordinary request. Over HTTP/1.1 a 2xx never opens a WebSocket, "
        "whatever its headers; over HTTP/2 and HTTP/3 any 2xx does.",
        usual=("a wrong path", "a proxy that drops Upgrade"),
        fix="Check path and proxy.",
        cause="not-upgraded",
        act="the server answered without an upgrade",
        see=("200", "rfc8441"),
    ),
    3: StatusMeaning(
        name="redirection",
        means="The server redirects. RFC 6455 lets a client follow; browsers must not.",
        usual=("http to https", "a missing or extra slash at the end of the path", "a login page"),
        fix="Use the URL in Location.",
        see=("302", "r1.210"),
    ),
    4: StatusMeaning(
        name="refused: the request",
        means="The server refuses because of the request.",
        usual=(
            "a wrong path",
            "missing credentials",
            "an Origin or version that is not allowed",
            "a lost header",
        ),
        fix="Read the body, and compare with what the browser sends: `wsprobe compare --browser-mode URL`.",
        cause="refused",
        act="the server refused the request",
        see=("400", "403"),
    ),
    5: StatusMeaning(
        name="refused: the server",
        means="The server, or a proxy in front of it, failed.",
        usual=("an exception in the application", "a proxy that cannot reach the server behind it"),
        fix="Test the server behind the proxy directly, and read its log.",
        cause="error",
        act="the server answered with an error",
        see=("500", "502"),
    ),
    0: StatusMeaning(
        name="no class of status codes",
        means="Status codes begin with a digit from 1 to 5 (RFC 9110 section 15). A client should treat any "
        "other number as a server error.",
        usual=("an internal error number, or a firewall's own code (999)",),
        fix="Read the body; answer with a registered status.",
        see=("500",),
        scenarios=("999", "600"),
    ),
}
"""By the first digit, for statuses without a row of their own; 0: no digit from 1 to 5."""

_UNREGISTERED = frozenset({499, *range(520, 531)})
"""Statuses of one program, without a standard reason phrase."""

PHRASES: dict[int, str] = {
    **{number: row.name for number, row in STATUSES.items() if number not in _UNREGISTERED},
    102: "Processing",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    305: "Use Proxy",
    402: "Payment Required",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a Teapot",
    422: "Unprocessable Entity",
    423: "Locked",
    424: "Failed Dependency",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
}
"""The standard reason phrases. Those of 413, 414, 416 and 422 are older than RFC 9110; http.HTTPStatus, which
takes longer to load, has them up to Python 3.12."""


def phrase_of(status: int) -> str:
    """The standard reason phrase of *status*, "" if it has none."""
    return PHRASES.get(status, "")


def name_of(status: int) -> str:
    """The standard reason phrase of *status*, or the name that the one program which sends it has for it."""
    return STATUSES[status].name if status in _UNREGISTERED and status in STATUSES else phrase_of(status)
