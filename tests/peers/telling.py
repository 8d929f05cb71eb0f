"""Applications with the code of `explain remedy`, which tells pages why they were refused, and without it."""

import json

from aiohttp import web
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from tests.peers.python_servers import close, crash, deny, echo
from wsprobe.explain.data.remedies.aiohttp import why

PAGE = "http://page.example"


def starlette():
    """``/busy`` refuses twice, then opens; ``/full`` never; ``/why`` answers fetch(); ``/tries`` counts."""
    tries = {}

    async def busy(socket):
        tries["busy"] = tries.get("busy", 0) + 1
        if tries["busy"] < 3:
            await socket.close(4429, "slow down")
            return
        await socket.accept()
        await socket.send_text("welcome")
        await socket.receive()

    def refusing(name, code, reason):
        async def refused(socket):
            tries[name] = tries.get(name, 0) + 1
            await socket.close(code, reason)

        return refused

    async def reason(request):
        return PlainTextResponse("session expired\n", 401, {"Access-Control-Allow-Origin": "*"})

    async def count(request):
        return PlainTextResponse(json.dumps(tries), 200, {"Access-Control-Allow-Origin": "*"})

    sockets = {
        **{each.__name__: each for each in (echo, close, deny, busy, crash)},
        "expired": refusing("expired", 4401, "token expired"),
        "forbid": refusing("forbid", 4403, "no entry"),
        "full": refusing("full", 4429, "slow down"),
    }
    routes = [WebSocketRoute(f"/{name}", each) for name, each in sockets.items()]
    return Starlette(routes=[*routes, Route("/why", reason), Route("/tries", count)])


async def forbidden(request):
    raise web.HTTPForbidden(text="no entry")


async def payment(request):
    return web.Response(status=402, text="pay first")


async def session(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close(code=4408, message=b"too slow")
    return socket


async def quota(request):
    if request.path == "/quota":
        raise web.HTTPTooManyRequests(text="slow down")


async def only_own(request):
    if request.headers.get("Origin") != f"http://{request.host}":
        raise web.HTTPForbidden(text="another origin")


def aiohttp(*middlewares):
    """``/``, ``/quota`` and ``/own`` answer fetch(), the last one for pages of its own origin."""
    application = web.Application(middlewares=middlewares)
    for each in (forbidden, payment, session):
        application.router.add_get(f"/{each.__name__}", each)
    application.router.add_get("/own", why(only_own, []))
    for path in ("/", "/quota"):
        application.router.add_get(path, why(quota, [PAGE]))
    return application
