"""Servers that are Python packages, each in a thread of the tests' own process."""

import asyncio
import socket
import threading
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus

import hypercorn.asyncio
import hypercorn.config
import uvicorn
from aiohttp import web
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from websockets.sync.server import serve

from tests.peers.place import HOST, PATIENCE, in_thread, until


@contextmanager
def websockets_server():
    """The package ``websockets``: /echo and any other path return what comes, /close closes with 4403, /refuse
    refuses with 401 and says why. Subprotocol ``chat``."""

    def admit(connection, request):
        if request.path.startswith("/refuse"):
            return connection.respond(HTTPStatus.UNAUTHORIZED, "token expired\n")
        return None

    def handle(connection):
        if connection.request is not None and connection.request.path.startswith("/close"):
            connection.close(4403, "no entry")
            return
        for message in connection:
            connection.send(message)

    def choose(connection, offered):
        return next((each for each in offered if each == "chat"), None)

    with in_thread(serve(handle, HOST, 0, process_request=admit, select_subprotocol=choose)) as server:
        yield server.socket.getsockname()[1]


async def echo(socket):
    await socket.accept(subprotocol="chat" if "chat" in socket.scope["subprotocols"] else None)
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


async def refuse(socket):
    """What most applications do: the code never leaves the server."""
    await socket.close(4403, "no entry")


async def close(socket):
    await socket.accept()
    await socket.close(4403, "no entry")


async def deny(socket):
    answer = PlainTextResponse(
        "token expired\n", 401, {"WWW-Authenticate": "Bearer", "X-Request-Id": "abc-123"}
    )
    await socket.send_denial_response(answer)


async def crash(socket):
    raise RuntimeError("a fault of the application")


APPLICATION = Starlette(
    routes=[WebSocketRoute(f"/{each.__name__}", each) for each in (echo, refuse, close, deny, crash)]
)


@contextmanager
def uvicorn_server(websocket, application=APPLICATION, certificate=None):
    """*websocket*: which of its implementations (``websockets-sansio``, ``wsproto``). *certificate*: it speaks
    TLS."""
    config = uvicorn.Config(
        application,
        ws=websocket,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        ssl_certfile=None if certificate is None else str(certificate),
    )
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            until(lambda: server.started or None, "uvicorn")
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


def in_loop(serving):
    """*serving*, what an asyncio program serves in, for a test: its loop runs in a thread."""

    @contextmanager
    def served(*arguments, **words):
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(asynccontextmanager(serving)(*arguments, **words)) as port,
        ):
            yield port

    return served


@in_loop
async def hypercorn_server(application=APPLICATION):
    listener = socket.create_server((HOST, 0))
    port = listener.getsockname()[1]
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.detach()}"]  # which closes it in the end
    config.graceful_timeout = 1
    config.errorlog = None
    stop = asyncio.Event()
    # It listens already: a connection waits in the backlog until the server takes it.
    work = hypercorn.asyncio.serve(application, config, shutdown_trigger=stop.wait)
    async with asyncio.TaskGroup() as group:
        group.create_task(work)
        yield port
        stop.set()


@in_loop
async def aiohttp_server(application):
    runner = web.AppRunner(application, shutdown_timeout=1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
