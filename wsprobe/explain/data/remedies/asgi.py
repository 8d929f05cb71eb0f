"""Let a page read why your application refused its WebSocket.

A page cannot see the answer to a failed handshake: its close event has code
1006 and no reason. It can read the code and reason of a Close. This middleware
turns a refusal into an open WebSocket that closes at once, with a reason:

    app = TellThePage(app)

    close(4401, "token expired") before accept: the page reads just that
    close() without a code of its own:          4403
    a denial response, 402 with "pay first":    4402 "pay first"
    an exception before accept:                 4500

A client that sends no Origin is not a page. It still gets the HTTP status.

    app = TellThePage(app, pages=["https://chat.example"], why="/why")

Now only these pages learn the reason: to others, the answer stays as it is. And
fetch("https://chat.example/ws/why") answers for the WebSocket at /ws: 204 if it
would open, else a status and the reason, 401 "token expired", with CORS for the
pages. It runs the application's own handshake; a session that opens ends at once.

Works with every ASGI server that runs on asyncio. Standard library only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PAUSE = 0.05
"""Seconds between accept and Close: Firefox may lose a Close that comes earlier."""
REASON_BYTES = 123
"""All that fits into a Close frame behind the code (RFC 6455 section 5.5)."""
NO_REFUSAL = {1000, 1004, 1005, 1006, 1015}
"""1000 means that all went well; the others cannot be sent."""


class TellThePage:
    def __init__(
        self,
        app: App,
        pages: Collection[str] | None = None,
        why: str = "",
        pause: float = PAUSE,
    ) -> None:
        """*pages*: origins, None for all; *why*: the end of an endpoint's path."""
        if why and pages is None:
            raise ValueError("an endpoint needs the origins of its pages")
        self.app = app
        self.pages = pages
        self.why = why
        self.pause = pause

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        origin = field(scope, b"origin")
        listed = self.pages is None or origin in self.pages
        if scope["type"] == "websocket" and origin and listed:
            await Handshake(scope, send, self.pause).run(self.app, scope, receive)
        elif scope["type"] == "http" and self.why and scope["path"].endswith(self.why):
            question = Question(send, origin if listed else "")
            if listed or not origin:
                asked = handshake_of(scope, self.why)
                await question.run(self.app, asked, question.receive)
            else:
                await question.refuse(4403, "")
        else:
            await self.app(scope, receive, send)


class Handshake:
    """What the application sends, until it has accepted or refused."""

    def __init__(self, scope: Message, send: Send, pause: float) -> None:
        self.protocols = scope.get("subprotocols") or [None]
        self.forward = send
        self.pause = pause
        self.accepted = self.refused = False
        self.status = 0
        self.body = b""

    async def run(self, app: App, scope: Message, receive: Receive) -> None:
        denial: Message = {"websocket.http.response": {}}
        extensions = {**(scope.get("extensions") or {}), **denial}
        try:
            await app({**scope, "extensions": extensions}, receive, self.send)
        except Exception:
            if not self.accepted and not self.refused:
                await self.refuse(4500, phrase(500))
            raise

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self.refused:
            return
        if self.accepted:
            await self.forward(message)
        elif kind == "websocket.accept":
            self.accepted = True
            await self.forward(message)
        elif kind == "websocket.close":
            code = message.get("code") or 1000
            code = 4403 if code in NO_REFUSAL else code
            await self.refuse(code, message.get("reason") or "")
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
        elif kind == "websocket.http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body") or len(self.body) > REASON_BYTES:
                text = self.body.decode("utf-8", "replace")
                await self.refuse(4000 + self.status, text or phrase(self.status))

    async def refuse(self, code: int, reason: str) -> None:
        """Accept and close. A page that offers subprotocols needs one."""
        self.refused = True
        protocol = self.protocols[0]
        await self.forward({"type": "websocket.accept", "subprotocol": protocol})
        await asyncio.sleep(self.pause)
        close = {"type": "websocket.close", "code": code, "reason": first_words(reason)}
        await self.forward(close)


class Question(Handshake):
    """A handshake that an HTTP request asks about, and that nobody makes."""

    def __init__(self, send: Send, origin: str) -> None:
        super().__init__({}, self.opened, 0)
        self.respond = send
        self.origin = origin
        self.connected = False

    async def run(self, app: App, scope: Message, receive: Receive) -> None:
        try:
            await super().run(app, scope, receive)
        except Exception:
            if not self.accepted:
                raise  # else it is of a session that could not last
        if not self.accepted and not self.refused:
            await self.refuse(4500, phrase(500))

    async def receive(self) -> Message:
        if self.connected:
            return {"type": "websocket.disconnect", "code": 1001}
        self.connected = True
        return {"type": "websocket.connect"}

    async def opened(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            await self.answer(204, "")
        else:
            raise OSError("nobody is connected")

    async def refuse(self, code: int, reason: str) -> None:
        self.refused = True
        status = code - 4000 if 4400 <= code < 4600 else 403
        await self.answer(status, first_words(reason) or phrase(status))

    async def answer(self, status: int, text: str) -> None:
        headers = [(b"cache-control", b"no-store"), (b"vary", b"origin")]
        if self.origin:
            headers += [
                (b"access-control-allow-origin", self.origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
            ]
        body = text.encode()
        if status != 204:
            headers += [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
            ]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await self.respond(start)
        await self.respond({"type": "http.response.body", "body": body})


def handshake_of(scope: Message, why: str) -> Message:
    """The handshake that a request for the endpoint asks about."""
    path = scope["path"].removesuffix(why)
    headers = list(scope["headers"])
    if field(scope, b"sec-fetch-site") == "same-origin" and not field(scope, b"origin"):
        # A page of this origin sends no Origin with GET, as it does with a handshake.
        own = f"{scope['scheme']}://{field(scope, b'host')}"
        headers.append((b"origin", own.encode("latin-1")))
    return {
        **{name: value for name, value in scope.items() if name != "method"},
        "type": "websocket",
        "scheme": "wss" if scope["scheme"] == "https" else "ws",
        "path": path,
        "raw_path": quote(path).encode(),
        "headers": headers,
        "subprotocols": [],
    }


def field(scope: Message, name: bytes) -> str:
    """A header, "" if there is none. Browsers always send Origin with a handshake."""
    headers = scope.get("headers", ())
    found = (value for each, value in headers if each.lower() == name)
    return next(found, b"").decode("latin-1")


def first_words(text: str) -> str:
    """One line, cut at a character's edge to what a Close can carry."""
    line = " ".join(text.split()).encode("utf-8", "replace")
    return line[:REASON_BYTES].decode("utf-8", "ignore")


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
