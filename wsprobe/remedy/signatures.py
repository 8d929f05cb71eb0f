"""Who answered, guessed from the answer: marks of servers and frameworks, and the call each offers. Data.

A mark is a likelihood, never a certainty: any server can send any field.
"""

from __future__ import annotations

import re

from msgspec import Struct


class Signature(Struct, frozen=True):
    """All conditions that are not empty must hold. Patterns are matched without letter case."""

    name: str
    likely: str
    """What the answer then most likely is, after "likely"."""
    call: str
    """What to call there instead, "" if nothing there can be changed."""
    source: str
    """Where that is documented or was seen."""
    status: frozenset[int] = frozenset()
    fields: tuple[tuple[str, str], ...] = ()
    """Names of header fields, in lower case, and patterns for their values."""
    only: frozenset[str] = frozenset()
    """The answer must have these fields and no other."""
    body: str = ""
    """Pattern for the body."""
    empty: bool = False
    """The body must be empty."""

    def matches(self, status: int, fields: list[tuple[str, str]], body: str) -> bool:
        if self.status and status not in self.status:
            return False
        if self.empty and body:
            return False
        if self.body and not re.search(self.body, body, re.IGNORECASE):
            return False
        if self.only and self.only != {name for name, _ in fields}:
            return False
        return all(
            any(name == wanted and re.search(pattern, value, re.IGNORECASE) for name, value in fields)
            for wanted, pattern in self.fields
        )


DENIED = frozenset({401, 403})
BEFORE_ACCEPT = (
    "Starlette or FastAPI on uvicorn: close() before accept() becomes a bare 403, and the close code is lost"
)
ACCEPT_FIRST = (
    "await websocket.accept(), then await websocket.close(code=4403, reason=...); for a status and body that tools "
    "can read, send_denial_response()"
)
ASGI = "ASGI specification, websocket.close and the websocket.http.response extension"

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "cloudflare",
        "Cloudflare's edge, not the origin, which may never have seen the request",
        "",
        "Cloudflare marks its answers with CF-RAY",
        fields=(("cf-ray", r"."),),
        body=r"cloudflare|error code: 1\d\d\d|attention required",
    ),
    Signature(
        "api-gateway",
        "AWS API Gateway: an authorizer of the $connect route refused, before any of your code ran",
        "let $connect succeed and refuse in the first message with a Close through the @connections API",
        "AWS API Gateway, WebSocket APIs, $connect route",
        fields=(("x-amzn-requestid", r"."),),
    ),
    Signature(
        "api-gateway",
        "AWS API Gateway: an authorizer of the $connect route refused, before any of your code ran",
        "let $connect succeed and refuse in the first message with a Close through the @connections API",
        "AWS API Gateway, WebSocket APIs, $connect route",
        fields=(("apigw-requestid", r"."),),
    ),
    Signature(
        "uvicorn",
        BEFORE_ACCEPT,
        ACCEPT_FIRST,
        ASGI,
        status=frozenset({403}),
        fields=(("server", r"^uvicorn"),),
        empty=True,
    ),
    # uvicorn signs its 101 but not its refusal: these are the fields that websockets and wsproto write for it.
    Signature(
        "uvicorn",
        BEFORE_ACCEPT,
        ACCEPT_FIRST,
        f"{ASGI}; measured, uvicorn 0.54 with websockets",
        status=frozenset({403}),
        fields=(("content-type", r"^text/plain; charset=utf-8$"), ("connection", r"^close$")),
        only=frozenset({"date", "connection", "content-length", "content-type"}),
        empty=True,
    ),
    Signature(
        "uvicorn",
        BEFORE_ACCEPT,
        ACCEPT_FIRST,
        f"{ASGI}; measured, uvicorn 0.54 with wsproto",
        status=frozenset({403}),
        only=frozenset({"content-length"}),
        empty=True,
    ),
    Signature(
        "daphne",
        "Django Channels on Daphne: close() or DenyConnection before accept() becomes a 403",
        "await self.accept(), then await self.close(code=4403)",
        "Django Channels, consumers; Daphne issue 374: the reason is not sent",
        status=frozenset({403}),
        fields=(("server", r"^daphne"),),
    ),
    Signature(
        "hypercorn",
        "an ASGI application on Hypercorn that closed before it accepted",
        "send websocket.accept first, then websocket.close with a code and reason",
        "ASGI specification, websocket.close",
        status=frozenset({403}),
        fields=(("server", r"^hypercorn"),),
        empty=True,
    ),
    Signature(
        "granian",
        "an ASGI or RSGI application on Granian that closed before it accepted",
        "accept first, then close with a code",
        "Granian issue 793",
        status=DENIED,
        fields=(("server", r"^granian"),),
    ),
    Signature(
        "phoenix",
        "Phoenix: connect/3 of the socket returned :error, which becomes an empty 403",
        "return {:ok, socket} and refuse in join/3, or have :error_handler choose the status; a page sees only the first",
        "Phoenix.Socket, connect/3 and :error_handler",
        status=frozenset({403}),
        fields=(("server", r"^(cowboy|bandit)"),),
        empty=True,
    ),
    Signature(
        "action-cable",
        "Rails Action Cable: the request's Origin is not among allowed_request_origins",
        "add the origin to config.action_cable.allowed_request_origins; a refused connection otherwise is accepted and "
        "told by a disconnect message",
        "Rails guides, Action Cable; rails pull request 34194",
        status=frozenset({404}),
        fields=(("x-request-id", r"."),),
        body=r"^(page not found)?$",
    ),
    Signature(
        "gorilla",
        "gorilla/websocket: CheckOrigin refused the Origin",
        "set Upgrader.CheckOrigin to allow this page; to tell a page why, upgrade first, then WriteControl a Close",
        "gorilla/websocket, Upgrader",
        status=frozenset({403}),
        body=r"request origin not allowed",
    ),
    Signature(
        "gorilla",
        "a gorilla/websocket server that saw no Upgrade: something before it took the header away",
        "have the proxy pass Upgrade and Connection on",
        "gorilla/websocket, Upgrader",
        status=frozenset({400}),
        body=r"websocket: the client is not using the websocket protocol",
    ),
    Signature(
        "aiohttp",
        "an aiohttp server that saw no Upgrade: something before it took the header away",
        "have the proxy pass Upgrade and Connection on",
        "aiohttp web_ws; cloudflared issue 1652",
        status=frozenset({400}),
        body=r"no websocket upgrade hdr|can \"upgrade\" only to",
    ),
    Signature(
        "ws",
        "ws on Node: verifyClient refused, or the upgrade listener wrote a status itself",
        "complete the upgrade with handleUpgrade(), then ws.close(4403, reason)",
        "ws, doc/ws.md and the README on authentication",
        status=frozenset({400, 401, 403}),
        body=r"^(bad request|unauthorized|forbidden)$",
    ),
    Signature(
        "websockets",
        "the Python library websockets, without an Upgrade in the request that reached it",
        "have the proxy pass Upgrade and Connection on",
        "websockets, process_request",
        body=r"failed to open a websocket connection: (missing|invalid) (upgrade|connection) header",
    ),
    Signature(
        "websockets",
        "the Python library websockets, reached by a request that was not HTTP/1.1: a proxy passes on HTTP/1.0",
        "have the proxy speak HTTP/1.1 to it (nginx: proxy_http_version 1.1)",
        "websockets, process_request; nginx, proxy_http_version",
        body=r"failed to open a websocket connection: .*HTTP/1\.0",
    ),
    Signature(
        "websockets",
        "the Python library websockets, which says itself what it missed in the request",
        "",
        "websockets, process_request",
        body=r"failed to open a websocket connection",
    ),
    Signature(
        "socket.io",
        "an Engine.IO (Socket.IO) endpoint: it wants its own query, or its middleware refused",
        "send EIO=4&transport=websocket; refuse in a middleware with next(new Error(...)), which arrives as connect_error",
        "Engine.IO protocol, server errors",
        body=r"\"code\":\s*\d+\s*,\s*\"message\":\s*\"(transport unknown|session id unknown|bad handshake method|bad request"
        r"|forbidden|unsupported protocol version)",
    ),
    Signature(
        "signalr",
        "ASP.NET Core SignalR: a token is wanted",
        "call the negotiate endpoint first and pass access_token in the query; a refusal there is visible to fetch",
        "SignalR transport protocol",
        status=DENIED,
        fields=(("www-authenticate", r"^bearer"), ("server", r"kestrel")),
    ),
)
