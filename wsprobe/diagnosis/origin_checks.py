"""How to configure a program so that only certain pages may open a WebSocket: lines that compare Origin with a
whole origin."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from wsprobe.diagnosis.programs import PROGRAMS

ANY = "https://app.example"
"""The placeholder for the origin of the user's page."""


class OriginCheck(Struct, frozen=True):
    """The lines for one program; PAGE is a placeholder for the origin of the page, HOST for its host and
    port."""

    lines: str
    tried: bool = True
    """False: only from the documentation."""


_WS = (
    'const pages = new Set(["PAGE"]); new WebSocketServer({ ..., verifyClient: ({ origin }) => '
    "!origin || pages.has(origin) })"
)
_ASGI = (
    'if websocket.headers.get("origin") not in ("PAGE", None): await websocket.close(4403); return '
    "(before accept)"
)
ORIGIN_CHECKS: dict[str, OriginCheck] = {
    "websockets": OriginCheck('serve(handler, host, port, origins=["PAGE", None])'),
    "ws": OriginCheck(_WS),
    "starlette": OriginCheck(_ASGI),
    "uvicorn": OriginCheck(_ASGI),
    "hypercorn": OriginCheck(_ASGI),
    "daphne": OriginCheck(
        'channels.security.websocket.OriginValidator(URLRouter(...), ["PAGE"]), or AllowedHostsOriginValidator '
        "with ALLOWED_HOSTS",
        tried=False,
    ),
    "aiohttp": OriginCheck(
        'if request.headers.get("Origin") not in ("PAGE", None): raise web.HTTPForbidden() (before prepare)'
    ),
    "tornado": OriginCheck('def check_origin(self, origin): return origin == "PAGE"'),
    "engine.io": OriginCheck(
        'new Server(http, { allowRequest: (request, decide) => decide(null, request.headers.origin === "PAGE") '
        "}); cors does not apply to WebSockets",
        tried=False,
    ),
    "gorilla": OriginCheck(
        "take CheckOrigin out: the library then compares Origin with Host. Or CheckOrigin: func(r "
        '*http.Request) bool { return r.Header.Get("Origin") == "PAGE" }',
        tried=False,
    ),
    "coder": OriginCheck(
        'take InsecureSkipVerify out; AcceptOptions{OriginPatterns: []string{"HOST"}}', tried=False
    ),
    "spring": OriginCheck('registry.addHandler(handler, "/ws").setAllowedOrigins("PAGE")', tried=False),
    "action-cable": OriginCheck(
        'config.action_cable.allowed_request_origins = ["PAGE"], without disable_request_forgery_protection',
        tried=False,
    ),
    "phoenix": OriginCheck('socket "/socket", UserSocket, websocket: [check_origin: ["PAGE"]]', tried=False),
    "signalr": OriginCheck(
        'app.UseWebSockets(new WebSocketOptions { AllowedOrigins = { "PAGE" } })', tried=False
    ),
}
"""Program -> the lines."""
ALIKE = {
    "express": "ws",
    "node": "ws",
    "fastify": "ws",
    "autobahn": "daphne",
    "django": "daphne",
    "asgi-json": "starlette",
    "go": "gorilla",
    "h11": "uvicorn",
}
"""A program whose sockets are another's."""
LEADING = ("websockets", "ws", "starlette", "daphne", "gorilla", "spring")
"""Those that are named where it is not known which one it is."""


def origin_checks(programs: Iterable[str], page: str) -> str:
    """The lines for those of *programs* that are known, one a line; else for the programs in wide use. *page*:
    the origin to allow."""
    known = dict.fromkeys(ALIKE.get(each, each) for each in programs)
    named = [each for each in known if each in ORIGIN_CHECKS] or list(LEADING)
    return "\n".join(f"{source(each)}: {lines_of(each, page)}" for each in named)


def lines_of(program: str, page: str = ANY) -> str:
    """What to write in *program*, a key of ``ORIGIN_CHECKS``."""
    host = page.partition("://")[2]
    words = {"PAGE": page, "HOST": host}
    return re.sub(r"\b(?:PAGE|HOST)\b", lambda found: words[found[0]], ORIGIN_CHECKS[program].lines)


def source(program: str) -> str:
    """Its name, and whether the lines only follow its documentation."""
    name = PROGRAMS[program].name
    return name if ORIGIN_CHECKS[program].tried else f"{name} (from its documentation)"
