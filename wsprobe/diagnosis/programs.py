"""The programs that write answers: their names, and what their marks prove.

A mark makes an author likely, never certain: any server can send any byte. There are two kinds. A mark that was
measured in one program alone (``only``) names that program. A form that several programs share (``shared``)
names all of them in words, and none in ``Cause.program``."""

from __future__ import annotations

from typing import Literal

import msgspec

from wsprobe.diagnosis.cause import Cause, Certainty

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
