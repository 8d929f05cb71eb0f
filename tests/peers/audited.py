"""Servers with a session to steal, made with libraries that nobody here wrote: with the weakness, and mended
with the lines that an audit prints."""

from contextlib import contextmanager, suppress
from http import HTTPStatus

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from tests.peers.place import HOST, in_thread
from tests.peers.python_servers import in_loop

PAGE = "http://app.example"
SESSION = "session=k3yOfTheSession"


@contextmanager
def websockets_session(origins, *, max_size=2**20, tls=None, greeting=""):
    """The package ``websockets``, which asks for the session's cookie before the handshake. *greeting*: what it
    sends first, compressed where the client offers that."""

    def admit(connection, request):
        if SESSION not in request.headers.get("Cookie", ""):
            return connection.respond(HTTPStatus.UNAUTHORIZED, "log in first\n")
        return None

    def handle(connection):
        with suppress(ConnectionClosed):
            if greeting:
                connection.send(greeting)
            for message in connection:
                connection.send(message if len(message) < 1000 else "thanks")

    server = serve(handle, HOST, 0, process_request=admit, origins=origins, max_size=max_size, ssl=tls)
    with in_thread(server):
        yield server.socket.getsockname()[1]


CHECKS = ("none", "prefix", "suffix", "whole")


def aiohttp_session(*, mended):
    """aiohttp, which sets a cookie with the handshake; *mended*: it looks at Origin, and the cookie has its
    attributes."""

    async def chat(request):
        if mended and request.headers.get("Origin") not in (PAGE, None):
            raise web.HTTPForbidden()
        if request.cookies.get("session") != SESSION.partition("=")[2]:
            raise web.HTTPUnauthorized()
        socket = web.WebSocketResponse()
        socket.set_cookie("seen", "1", samesite="Lax" if mended else None)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(str(message.data))
        return socket

    application = web.Application()
    application.router.add_get("/chat", chat)
    return application


def starlette_session(*, mended):
    """An ASGI application that accepts, and then closes with 4401 without the session; *mended*: it refuses a
    foreign Origin before that."""

    async def chat(websocket):
        if mended and websocket.headers.get("origin") not in (PAGE, None):
            await websocket.close(4403)
            return
        await websocket.accept()
        if websocket.cookies.get("session") != SESSION.partition("=")[2]:
            await websocket.close(4401, "log in first")
            return
        with suppress(WebSocketDisconnect):
            while True:
                await websocket.receive_text()

    return Starlette(routes=[WebSocketRoute("/chat", chat)])


@in_loop
async def tornado_session(*, mended, debug=False):
    """Tornado with check_origin overridden, as many applications have it; *mended*: with the page's origin.
    *debug*: it shows the errors of the application."""

    class Chat(tornado.websocket.WebSocketHandler):
        def check_origin(self, origin):
            return origin == PAGE if mended else True

        def prepare(self):
            if self.get_cookie("session") != SESSION.partition("=")[2]:
                raise LookupError("no such session") if debug else tornado.web.HTTPError(403)

        def on_message(self, message):
            return

    application = tornado.web.Application([("/chat", Chat)], serve_traceback=debug)
    server = tornado.httpserver.HTTPServer(application)
    (listener,) = tornado.netutil.bind_sockets(0, HOST)
    server.add_sockets([listener])
    try:
        yield listener.getsockname()[1]
    finally:
        server.stop()
        await server.close_all_connections()
