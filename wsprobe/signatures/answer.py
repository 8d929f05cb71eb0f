"""An answer and what had been asked, as the rules look at them; and what the rules make of it. Values, and "
"what reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

import msgspec

from wsprobe.exchange import Ended, Exchange
from wsprobe.read.reading import Reading, Request, Response
from wsprobe.visible import visible

Kind = Literal["proxy", "server", "framework", "application", "unknown"]


class Cause(msgspec.Struct, frozen=True):
    """One thing that may have led to the answer."""

    id: str
    """What kind of thing: ``upgrade-stripped``, ``origin``, ``no-route``, ... The same word for every "
    "author."""
    text: str
    """What happened, as a clause to be read after "likely:" or "or:"."""
    fix: str = ""
    """What to do about it there; "" if nothing is to be done."""


class Signature(msgspec.Struct, frozen=True):
    """What the marks of one answer tell."""

    author: str = ""
    """A word for the program that wrote the answer (``gorilla``, ``nginx``), "" if the bytes do not tell."""
    who: str = "an unknown server"
    """The same for a person, with an article where it needs one: ``gorilla/websocket (Go)``."""
    kind: Kind = "unknown"
    mark: str = ""
    """What gave the author away; "" without an author."""
    causes: tuple[Cause, ...] = ()
    """The likeliest first; several where they cannot be told apart; empty where nothing is known to be "
    "wrong."""
    hop: str = ""
    """A word for the last proxy that left a mark on an answer that it passed on: ``nginx``, ``caddy``, ...; ""
    if none did. HAProxy and the proxies of development servers leave none."""


class Evidence(msgspec.Struct, frozen=True):
    """An answer and what had been asked, as the rules look at them."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    """Names as sent, values; in order."""
    body: bytes
    """Without transfer and content coding."""
    rest: bytes
    """What follows the body, and of a body that could not be framed all of it."""
    ended: str
    method: str
    path: str
    query: str
    host: str
    origin: str | None
    protocols: tuple[str, ...]
    oddity: str
    """What the request lacks of a handshake: ``method``, ``upgrade``, ``version``, ``key``, ``protocol``; "" "
    "if nothing."""
    credentials: bool
    """An Authorization field was sent."""
    secure: bool

    @property
    def text(self) -> str:
        return self.body[:65536].decode("utf-8", "replace")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.fields)

    @property
    def lowered(self) -> bool:
        """Every field name is in lower case, as HAProxy, Envoy and gateways from HTTP/2 write them."""
        return bool(self.fields) and all(name == name.lower() for name, _ in self.fields)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key.lower() == name)

    def get(self, name: str) -> str:
        """The first field called *name* (lower case), "" if there is none."""
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        return any(key.lower() == name for key, _ in self.fields)

    def only(self, allowed: frozenset[str]) -> bool:
        """No field but *allowed* and those that proxies add."""
        return all(name.lower() in allowed or name.lower() in _PLUMBING for name in self.names)

    def server(self, pattern: str) -> bool:
        """Any of the Server fields matches *pattern* from its start; Caddy puts its own before the "
        "application's."""
        return any(re.match(pattern, value) for value in self.all("server"))


_PLUMBING = frozenset(
    {
        *(
            "server",
            "date",
            "connection",
            "keep-alive",
            "transfer-encoding",
            "content-length",
            "via",
            "alt-svc",
            "age",
        ),
        *("x-request-id", "x-envoy-upstream-service-time", "x-varnish", "x-cache", "strict-transport-security"),
    }
)
"""Fields that say nothing of who wrote an answer, as proxies add, remove or write them anew."""


Rule = Callable[[Evidence], "Signature | None"]


_HOPS: tuple[tuple[str, str, str], ...] = (
    ("cf-ray", r".", "cloudflare"),
    ("server", r"cloudflare", "cloudflare"),
    ("server", r"nginx", "nginx"),
    ("server", r"openresty", "nginx"),
    ("server", r"Caddy", "caddy"),
    ("via", r"\S+ Caddy", "caddy"),
    ("server", r"Apache", "apache"),
    ("server", r"lighttpd", "lighttpd"),
    ("server", r"envoy|istio-envoy", "envoy"),
    ("x-envoy-upstream-service-time", r".", "envoy"),
    ("server", r"nghttpx", "nghttpx"),
    ("x-varnish", r".", "varnish"),
    ("server", r"squid", "squid"),
    ("x-squid-error", r".", "squid"),
    ("server", r"awselb", "aws"),
)


def hop_of(a: Evidence) -> str:
    for name, pattern, hop in _HOPS:
        if any(re.match(pattern, value) for value in a.all(name)):
            return hop
    return ""


def foreign_origin(a: Evidence) -> bool:
    """The Origin that was sent is another host than the one that was asked."""
    return a.origin is not None and url_parts(a.origin)[0].lower() != a.host.lower()


def is_markup(a: Evidence) -> bool:
    return a.body.lstrip()[:1] == b"<"


def phrase_of(status: int) -> str:
    """The standard reason phrase of *status*, "" if it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def behind_proxy(a: Evidence, capital: bool = False) -> bool:
    """A proxy is seen before the author: it signs, or field names are in lower case where the author writes
    capitals (*capital*), as HAProxy makes them."""
    return bool(hop_of(a)) or (capital and a.lowered)


def shown(text: str) -> str:
    """A few words of the wire, on one line and safe to show."""
    shown = visible(" ".join(text.split()).encode("utf-8", "surrogatepass"))
    return shown if len(shown) <= 80 else shown[:77] + "..."


AUTHORS: dict[str, tuple[str, Kind]] = {
    "squid": ("Squid", "proxy"),
    "tinyproxy": ("tinyproxy", "proxy"),
    "cloudflare": ("Cloudflare's edge", "proxy"),
    "api-gateway": ("AWS API Gateway", "proxy"),
    "aws": ("the AWS load balancer", "proxy"),
    "nginx": ("nginx", "proxy"),
    "haproxy": ("HAProxy", "proxy"),
    "pound": ("pound", "proxy"),
    "apache": ("Apache httpd", "proxy"),
    "varnish": ("Varnish", "proxy"),
    "lighttpd": ("lighttpd", "proxy"),
    "envoy": ("Envoy", "proxy"),
    "nghttpx": ("nghttpx", "proxy"),
    "caddy": ("Caddy", "proxy"),
    "http-proxy-middleware": ("http-proxy-middleware (Node)", "proxy"),
    "websockify": ("websockify", "proxy"),
    "daphne": ("an ASGI application on Daphne (Django Channels)", "server"),
    "autobahn": ("Daphne, or another server on Autobahn (Python)", "server"),
    "uvicorn": ("an ASGI application on uvicorn", "server"),
    "hypercorn": ("an ASGI application on Hypercorn", "server"),
    "granian": ("an application on Granian", "server"),
    "h11": ("an ASGI application on Hypercorn, or on uvicorn with wsproto", "server"),
    "asgi-json": ("an application in FastAPI or Django REST framework", "framework"),
    "starlette": ("Starlette or FastAPI", "framework"),
    "gunicorn": ("a WSGI application on gunicorn", "server"),
    "wsgiref": ("a WSGI application on a development server (WSGIServer)", "server"),
    "django": ("Django", "framework"),
    "flask": ("Flask", "framework"),
    "quart": ("Quart", "framework"),
    "flask-or-quart": ("Flask or Quart", "framework"),
    "tornado": ("Tornado", "server"),
    "spring-or-tornado": ("Spring or Tornado", "server"),
    "aiohttp": ("aiohttp", "server"),
    "websockets": ("the Python library websockets (alone, or within uvicorn)", "server"),
    "sanic": ("Sanic", "server"),
    "python-socketio": ("python-socketio", "framework"),
    "engine.io": ("Socket.IO on Node (engine.io)", "framework"),
    "ws": ("ws on Node", "server"),
    "websocket-node": ("WebSocket-Node (the package websocket)", "server"),
    "faye": ("faye-websocket", "server"),
    "sockjs": ("SockJS", "framework"),
    "express": ("Express on Node", "framework"),
    "fastify": ("Fastify on Node", "framework"),
    "hono": ("Hono", "framework"),
    "node": ("a Node program", "server"),
    "graphql-ws": ("graphql-ws", "framework"),
    "webpack-dev-server": ("webpack-dev-server", "framework"),
    "bun": ("Bun", "server"),
    "deno": ("Deno, or another server that answers with the Response of the Fetch standard", "server"),
    "gorilla": ("gorilla/websocket (Go)", "server"),
    "coder": ("coder/websocket (Go)", "server"),
    "x-net": ("golang.org/x/net/websocket (Go)", "server"),
    "go": ("a Go program (net/http)", "server"),
    "tomcat": ("Tomcat", "server"),
    "spring": ("Spring", "framework"),
    "phoenix": ("Phoenix", "framework"),
    "signalr": ("ASP.NET Core", "framework"),
    "action-cable": ("Rails Action Cable", "framework"),
}
"""Every author: what a person calls it, and what it is."""


def written_by(author: str, mark: str, causes: tuple[Cause, ...]) -> Signature:
    who, kind = AUTHORS[author]
    return Signature(author, who, kind, mark, causes)


def answer_of(reading: Reading, final: Response) -> Evidence:
    body, request = final.body, reading.request
    content = b"" if body is None else body.decoded if body.decoded is not None else body.content
    rest = reading.rest + (body.raw if body is not None and (body.malformed or not body.complete) else b"")
    _, path, query = url_parts(text_of(request.resource))
    origin = request.head.all(b"origin")
    host = request.head.all(b"host")
    return Evidence(
        final.status or 0,
        text_of(final.reason),
        tuple((text_of(field.name.strip()), text_of(field.value)) for field in final.head.fields[:200]),
        content,
        rest[:4096],
        how_ended(reading.exchange),
        text_of(request.method),
        path,
        query,
        text_of(host[0].value) if host else "",
        text_of(origin[0].value) if origin else None,
        tuple(text_of(name) for name in request.protocols),
        oddity_of(request),
        bool(request.head.all(b"authorization")),
        reading.exchange.plan.target.secure,
    )


def oddity_of(request: Request) -> str:
    over_http2 = request.version == b"HTTP/2"  # RFC 8441 section 5: CONNECT, no Upgrade, no key
    if not over_http2 and request.method != b"GET":
        return "method"
    if not over_http2 and not (
        _listed(request, b"upgrade", b"websocket") and _listed(request, b"connection", b"upgrade")
    ):
        return "upgrade"
    versions = request.head.all(b"sec-websocket-version")
    if len(versions) != 1 or versions[0].value != b"13":
        return "version"
    if not over_http2 and (request.key is None or not re.fullmatch(rb"[0-9A-Za-z+/]{22}==", request.key)):
        return "key"
    protocols = request.head.all(b"sec-websocket-protocol")
    if protocols and any(not part.strip() for field in protocols for part in field.value.split(b",")):
        return "protocol"
    return ""


def _listed(request: Request, name: bytes, token: bytes) -> bool:
    return any(
        part.strip().lower() == token for field in request.head.all(name) for part in field.value.split(b",")
    )


def how_ended(exchange: Exchange) -> str:
    last = exchange.events[-1] if exchange.events else None
    return last.how if isinstance(last, Ended) else ""


_URL = re.compile(r"(?s)(?:[^:/?#]+:)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?.*")
"""RFC 3986, appendix B: every text matches."""


def url_parts(text: str) -> tuple[str, str, str]:
    """Authority, path and query of *text*, whatever it is."""
    match = _URL.fullmatch(text)
    return (match[1] or "", match[2] or "", match[3] or "") if match else ("", "", "")


def text_of(value: bytes) -> str:
    return value.decode("latin-1")
