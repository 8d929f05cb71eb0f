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
Works with every ASGI server that runs on asyncio. Standard library only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

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
    def __init__(self, app: App, pause: float = PAUSE) -> None:
        self.app = app
        self.pause = pause

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or not from_a_page(scope):
            await self.app(scope, receive, send)
            return
        handshake = Handshake(scope, send, self.pause)
        denial: Message = {"websocket.http.response": {}}
        extensions = {**(scope.get("extensions") or {}), **denial}
        try:
            await self.app({**scope, "extensions": extensions}, receive, handshake.send)
        except Exception:
            await handshake.refuse(4500, HTTPStatus(500).phrase)
            raise


class Handshake:
    """What the application sends, until it has accepted or refused."""

    def __init__(self, scope: Message, send: Send, pause: float) -> None:
        self.protocols = scope.get("subprotocols") or [None]
        self.forward = send
        self.pause = pause
        self.accepted = self.refused = False
        self.status = 0
        self.body = b""

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
        if self.accepted or self.refused:
            return
        self.refused = True
        protocol = self.protocols[0]
        await self.forward({"type": "websocket.accept", "subprotocol": protocol})
        await asyncio.sleep(self.pause)
        close = {"type": "websocket.close", "code": code, "reason": first_words(reason)}
        await self.forward(close)


def from_a_page(scope: Message) -> bool:
    """Browsers always send Origin, other programs seldom do."""
    return any(name.lower() == b"origin" for name, _ in scope["headers"])


def first_words(text: str) -> str:
    """One line, cut at a character's edge to what a Close can carry."""
    line = " ".join(text.split()).encode("utf-8", "replace")
    return line[:REASON_BYTES].decode("utf-8", "ignore")


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
