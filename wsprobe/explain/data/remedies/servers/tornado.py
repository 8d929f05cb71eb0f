"""Tornado: a page reads why it was refused, a program gets a status.

A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
which sends no Origin, gets a 401. A page of another origin gets a bare 403.
"""

import asyncio

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

PAGES = {"https://chat.example"}  # origins
PAUSE = 0.05  # seconds: Firefox may lose a Close that comes right after the 101


def refusal(request: HTTPServerRequest) -> tuple[int, str] | None:
    """Your check: a status and a reason, None to let in."""
    return None if "session" in request.cookies else (401, "session expired")


class Chat(WebSocketHandler):
    welcome = False

    def check_origin(self, origin: str) -> bool:
        return origin in PAGES  # else 403

    def prepare(self) -> None:
        refused = refusal(self.request)
        if refused and "Origin" not in self.request.headers:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.set_status(refused[0])
            self.finish(refused[1])

    async def open(self) -> None:
        if refused := refusal(self.request):
            await asyncio.sleep(PAUSE)
            self.close(4000 + refused[0], refused[1])
            return
        self.welcome = True

    def on_message(self, message: str | bytes) -> None:
        if self.welcome:
            self.write_message(message)


class Why(RequestHandler):
    def get(self) -> None:
        origin = self.request.headers.get("Origin", "")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Vary", "Origin")
        if origin in PAGES:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Allow-Credentials", "true")
        status, reason = refusal(self.request) or (204, None)
        self.set_status(status)
        self.finish(reason)


async def main() -> None:
    Application([("/ws", Chat), ("/ws/why", Why)]).listen(8080, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
