"""Let a page read why your aiohttp application refused its WebSocket.

A page cannot see the answer to a failed handshake: its close event has code
1006 and no reason. It can read the code and reason of a Close. This middleware
turns a refusal into an open WebSocket that closes at once, with a reason:

    app = web.Application(middlewares=[tell_the_page])

    raise web.HTTPForbidden(text="no entry"): the page reads 4403 "no entry"
    return web.Response(status=402, text=..): 4402 and the text

A client that sends no Origin is not a page. It still gets the HTTP status. So do
pages of other origins, if yours are named:

    middlewares=[tell_pages(["https://chat.example"])]

An endpoint for fetch(), with CORS for your pages, makes the same check as the
handshake. Call check(request) first in the handler of the WebSocket too:

    app.router.add_get("/ws/why", why(check, ["https://chat.example"]))

    await check(request) raises web.HTTPUnauthorized(text="token expired"):
    fetch() gets 401 "token expired"; 204 if the check lets the page pass
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

PAUSE = 0.05
"""Seconds between 101 and Close: Firefox may lose a Close that comes earlier."""
REASON_BYTES = 123
"""All that fits into a Close frame behind the code (RFC 6455 section 5.5)."""


def tell_pages(pages: Collection[str] | None = None) -> Middleware:
    """The middleware for *pages*, which are origins; None for all."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not from_a_page(request, pages):
            return await handler(request)
        answer: web.StreamResponse
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            answer = error
        if answer.prepared:  # the WebSocket was opened
            return answer
        return await told(request, answer)

    return middleware


tell_the_page = tell_pages()


async def told(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """A WebSocket that closes with what *answer* says."""
    socket = web.WebSocketResponse(protocols=offered(request))
    await socket.prepare(request)
    await asyncio.sleep(PAUSE)
    text = answer.text if isinstance(answer, web.Response) else None
    reason = first_words(text or answer.reason or "")
    await socket.close(code=4000 + answer.status, message=reason)
    return socket


def why(
    check: Callable[[web.Request], Awaitable[None]], pages: Collection[str]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of an endpoint for fetch() from *pages*, which are origins."""

    async def handler(request: web.Request) -> web.Response:
        answer = web.Response(status=204)
        try:
            await check(as_handshake(request))
        except web.HTTPException as error:
            answer = web.Response(status=error.status, text=error.text)
        answer.headers.update({"Cache-Control": "no-store", "Vary": "Origin"})
        origin = request.headers.get("Origin", "")
        if origin in pages:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Allow-Credentials"] = "true"
        return answer

    return handler


def as_handshake(request: web.Request) -> web.Request:
    """The request with the Origin that the page's handshake has.

    A page of this server's own origin sends none with GET. Behind a proxy that ends TLS, aiohttp
    sees http: give request.clone(scheme="https") here."""
    same = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if "Origin" in request.headers or not same:
        return request
    headers = request.headers.copy()
    headers["Origin"] = f"{request.scheme}://{request.host}"
    return request.clone(headers=headers)


def from_a_page(request: web.Request, pages: Collection[str] | None) -> bool:
    """Whether it is a handshake of *pages*: browsers always send an Origin."""
    upgrade = request.headers.get("Upgrade", "").lower()
    origin = request.headers.get("Origin")
    listed = pages is None or origin in pages
    return upgrade == "websocket" and origin is not None and listed


def offered(request: web.Request) -> list[str]:
    """The subprotocols of the page, which needs one of them in the answer."""
    values = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [name.strip() for value in values for name in value.split(",")]


def first_words(text: str) -> bytes:
    """One line, cut at a character's edge to what a Close can carry."""
    line = " ".join(text.split()).encode("utf-8", "replace")
    return line[:REASON_BYTES].decode("utf-8", "ignore").encode()
