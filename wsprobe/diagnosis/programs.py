"""The programs that write answers: their names, what their marks prove, and the form of a rule that knows one.

A mark makes an author likely, never certain: any server can send any byte. There are two kinds. A mark that was
measured in one program alone (``only``) names that program. A form that several programs share (``shared``)
names all of them in words, and none in ``Cause.program``.

Most of the thirty rules cannot match a given answer: a page of nginx begins with a tag, an answer of aiohttp
names Python in Server, or begins with its status or with words of its own. Each rule declares such signs. Only
rules of which the answer has a sign are tried."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from wsprobe.diagnosis.cause import Cause, Certainty
from wsprobe.diagnosis.evidence import Evidence
from wsprobe.diagnosis.statuses import phrase_of

Role = Literal["proxy", "server", "framework", "application", "unknown"]


class Program(msgspec.Struct, frozen=True):
    """One program that answers."""

    name: str
    role: Role
    who: str = ""
    """The same with an article or more, where a sentence needs it; "" for ``name``."""
    alike: str = ""
    """All programs with its form, in words; "" if its marks are its own."""
    remedy: str = ""
    """The topic of `explain remedy` with code for it; "" if there is none."""


PROGRAMS: dict[str, Program] = {
    "squid": Program("Squid", "proxy"),
    "tinyproxy": Program("tinyproxy", "proxy"),
    "cloudflare": Program("Cloudflare", "proxy", "Cloudflare's edge"),
    "api-gateway": Program("AWS API Gateway", "proxy"),
    "aws": Program("AWS load balancer", "proxy", "the AWS load balancer"),
    "nginx": Program("nginx", "proxy", remedy="nginx"),
    "haproxy": Program("HAProxy", "proxy", remedy="haproxy"),
    "pound": Program("pound", "proxy"),
    "apache": Program("Apache httpd", "proxy"),
    "varnish": Program("Varnish", "proxy"),
    "lighttpd": Program("lighttpd", "proxy"),
    "envoy": Program("Envoy", "proxy", remedy="envoy"),
    "nghttpx": Program("nghttpx", "proxy"),
    "caddy": Program("Caddy", "proxy", remedy="caddy"),
    "http-proxy-middleware": Program("http-proxy-middleware", "proxy", "http-proxy-middleware (Node)"),
    "websockify": Program("websockify", "proxy"),
    "daphne": Program("Daphne", "server", "an ASGI application on Daphne (Django Channels)", remedy="channels"),
    "autobahn": Program(
        "Autobahn", "server", "Daphne, or another server on Autobahn (Python)", remedy="channels"
    ),
    "uvicorn": Program(
        "uvicorn",
        "server",
        "an ASGI application on uvicorn",
        "uvicorn, or another Python server",
        remedy="asgi",
    ),
    "hypercorn": Program("Hypercorn", "server", "an ASGI application on Hypercorn", remedy="asgi"),
    "granian": Program(
        "Granian", "server", "an application on Granian", "Granian, or a program like it", remedy="asgi"
    ),
    "h11": Program("h11", "server", "", "Hypercorn, uvicorn, or another Python program on h11", remedy="asgi"),
    "asgi-json": Program(
        "FastAPI", "framework", "", "FastAPI, Django REST framework, or one like them", remedy="starlette"
    ),
    "starlette": Program("Starlette", "framework", "Starlette or FastAPI", remedy="starlette"),
    "gunicorn": Program("gunicorn", "server", "a WSGI application on gunicorn", remedy="wsgi"),
    "wsgiref": Program("WSGIServer", "server", "a WSGI application on a development server (WSGIServer)"),
    "django": Program("Django", "framework", remedy="channels"),
    "flask": Program("Flask", "framework", "", "Flask, or another program on Werkzeug", remedy="flask-sock"),
    "quart": Program("Quart", "framework", remedy="asgi"),
    "flask-or-quart": Program("Werkzeug", "framework", "", "Flask or Quart"),
    "tornado": Program("Tornado", "server", remedy="tornado"),
    "spring-or-tornado": Program("Spring", "server", "", "Spring or Tornado"),
    "aiohttp": Program("aiohttp", "server", remedy="aiohttp"),
    "websockets": Program(
        "websockets", "server", "the Python library websockets (alone, or within uvicorn)", remedy="websockets"
    ),
    "sanic": Program("Sanic", "server", "", "Sanic, or a program like it"),
    "python-socketio": Program("python-socketio", "framework"),
    "engine.io": Program(
        "Socket.IO", "framework", "Socket.IO on Node (engine.io)", "a Socket.IO server", remedy="socket.io"
    ),
    "ws": Program("ws", "server", "ws on Node", "ws, or another WebSocket library on Node", remedy="ws"),
    "websocket-node": Program(
        "WebSocket-Node", "server", "WebSocket-Node (the package websocket)", "WebSocket-Node or ChromeDriver"
    ),
    "faye": Program("faye-websocket", "server"),
    "sockjs": Program("SockJS", "framework"),
    "express": Program(
        "Express", "framework", "Express on Node", "Express, or another framework on Node", remedy="express"
    ),
    "fastify": Program("Fastify", "framework", "Fastify on Node", remedy="fastify"),
    "hono": Program("Hono", "framework"),
    "node": Program("Node", "server", "", "a Node program", remedy="ws"),
    "graphql-ws": Program("graphql-ws", "framework"),
    "webpack-dev-server": Program("webpack-dev-server", "framework"),
    "bun": Program("Bun", "server", "", "Bun, or another program that answers with a Response"),
    "deno": Program("Deno", "server", "", "Deno, or another server that answers with a Response"),
    "gorilla": Program(
        "gorilla/websocket", "server", "gorilla/websocket (Go)", "a WebSocket library in Go", remedy="gorilla"
    ),
    "coder": Program("coder/websocket", "server", "coder/websocket (Go)", remedy="coder"),
    "x-net": Program("golang.org/x/net/websocket", "server", "golang.org/x/net/websocket (Go)"),
    "go": Program("Go", "server", "", "a Go program"),
    "tomcat": Program("Tomcat", "server", remedy="spring"),
    "spring": Program("Spring", "framework", remedy="spring"),
    "phoenix": Program(
        "Phoenix", "framework", "", "Phoenix, or another program on Cowboy or Bandit", remedy="phoenix"
    ),
    "signalr": Program("ASP.NET Core", "framework", remedy="dotnet"),
    "action-cable": Program(
        "Action Cable", "framework", "Rails Action Cable", "Rails, or a program like it", remedy="rails"
    ),
}
"""Every program by its word."""


class Author(msgspec.Struct, frozen=True):
    """The author of an answer by its marks, and the causes."""

    id: str = ""
    """A word of ``PROGRAMS``: the certain or likely author; "" if the bytes do not show it."""
    who: str = "an unknown server"
    """The same for a person, with an article where it needs one; of a shared shape all that have it."""
    role: Role = "unknown"
    mark: str = ""
    """The mark that shows the author; "" without an author."""
    causes: tuple[Cause, ...] = ()
    """The likeliest first; several if they look the same."""
    hop: str = ""
    """A word for the last proxy that left a mark on the forwarded answer; "" if none did. HAProxy and the
    proxies of development servers leave none."""
    certainty: Certainty = "status"
    """``only``, ``shared``, or ``status`` where the author is not known."""
    other_reason: bool = False
    """The answer's own words blame something that no Origin changes, such as a token."""

    @property
    def program(self) -> str | None:
        """The name of the author, where its mark is its own."""
        return PROGRAMS[self.id].name if self.certainty == "only" else None


_SEVERAL = frozenset({"spring-or-tornado", "flask-or-quart"})
"""Words for two programs that write the same."""


def written_by(author: str, mark: str, causes: tuple[Cause, ...]) -> Author:
    """The answer of one program alone."""
    if author in _SEVERAL:
        return shaped_like(author, mark, causes)
    of = PROGRAMS[author]
    return Author(author, of.who or of.name, of.role, mark, causes, certainty="only")


def shaped_like(author: str, mark: str, causes: tuple[Cause, ...]) -> Author:
    """An answer in a shape that *author* has, and others too."""
    of = PROGRAMS[author]
    return Author(author, of.alike or of.who or of.name, of.role, mark, causes, certainty="shared")


Find = Callable[[Evidence], Author | None]


class AuthorRule(msgspec.Struct, frozen=True):
    """A function that knows one author, or a few, and the signs of their answers: no answer without at least
    one of them is theirs."""

    find: Find
    """The author and the causes of an answer; None if the rule does not know it."""
    begins: frozenset[str]
    """Beginnings of the body, after white space; "" for an empty one."""
    servers: frozenset[str]
    """The letters at the beginning of Server."""
    fields: frozenset[str]
    """The names of fields, in lower case."""
    types: frozenset[str]
    """Values of Content-Type."""
    own_reason: bool
    """A reason phrase other than the standard one of the status."""


def known_by(
    *,
    begins: Iterable[str] = (),
    servers: Iterable[str] = (),
    fields: Iterable[str] = (),
    types: Iterable[str] = (),
    own_reason: bool = False,
) -> Callable[[Find], AuthorRule]:
    """Make a rule of a function, with the signs of its answers, as in ``AuthorRule``."""

    def decorate(find: Find) -> AuthorRule:
        return AuthorRule(
            find, frozenset(begins), frozenset(servers), frozenset(fields), frozenset(types), own_reason
        )

    return decorate


class AuthorRules:
    """Rules in the order in which they are tried, by the signs of an answer."""

    def __init__(self, rules: Sequence[AuthorRule]) -> None:
        self.rules = tuple(rules)
        self._by_begin: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
        """First character -> the beginnings with it, each with the places of its rules."""
        for begin, places in _places(rule.begins for rule in rules).items():
            self._by_begin[begin[:1]].append((begin, places))
        self._by_server = _places(rule.servers for rule in rules)
        self._by_field = _places(rule.fields for rule in rules)
        self._by_type = _places(rule.types for rule in rules)
        self._by_own_reason = {place for place, rule in enumerate(rules) if rule.own_reason}

    def author(self, evidence: Evidence) -> Author | None:
        """What the first rule that knows the answer finds; None if no rule does."""
        for rule in self.fitting(evidence):
            if (known := rule.find(evidence)) is not None:
                return known
        return None

    def fitting(self, evidence: Evidence) -> Iterator[AuthorRule]:
        """Yields the rules with a sign that the answer has, in their order."""
        text = evidence.text.lstrip()
        places: set[int] = set()
        for begin, of_rules in self._by_begin.get(text[:1], ()):
            if text.startswith(begin):
                places.update(of_rules)
        places.update(self._by_type.get(evidence.get("content-type"), ()))
        for server in evidence.servers:
            if (letters := re.match(_LETTERS, server)) is not None:
                places.update(self._by_server.get(letters[0], ()))
        for name in self._by_field.keys() & evidence.by_name.keys():
            places.update(self._by_field[name])
        if evidence.reason != phrase_of(evidence.status):
            places |= self._by_own_reason
        return map(self.rules.__getitem__, sorted(places))


def _places(signs: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """Sign -> the places of the rules that have it."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, of_rule in enumerate(signs):
        for sign in of_rule:
            found[sign].append(place)
    return dict(found)


_LETTERS = "[A-Za-z]+"
