"""The package websockets: a page reads why it was refused, a program gets a status.

A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
which sends no Origin, gets a 401. A page of another origin gets a 403.
"""

import asyncio
from http.cookies import SimpleCookie

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

PAGES = ["https://chat.example"]  # origins
PAUSE = 0.05  # seconds: Firefox may lose a Close that comes right after the 101


def refusal(request: Request) -> tuple[int, str] | None:
    """Your check: a status and a reason, None to let in."""
    cookies = SimpleCookie(request.headers.get("Cookie", ""))
    return None if "session" in cookies else (401, "session expired")


def before(connection: ServerConnection, request: Request) -> Response | None:
    """Answer fetch(), and programs that are refused."""
    refused = refusal(request)
    origin = request.headers.get("Origin", "")
    if request.path == "/ws/why":
        answer = connection.respond(*(refused or (204, "")))
        answer.headers["Vary"] = "Origin"
        if origin in PAGES:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Allow-Credentials"] = "true"
        return answer
    return connection.respond(*refused) if refused and not origin else None


async def chat(connection: ServerConnection) -> None:
    if refused := refusal(connection.request):
        await asyncio.sleep(PAUSE)
        await connection.close(4000 + refused[0], refused[1])
        return
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    origins = [None, *PAGES]
    async with serve(chat, "127.0.0.1", 8080, process_request=before, origins=origins) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
