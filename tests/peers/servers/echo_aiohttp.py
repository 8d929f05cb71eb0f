import sys

from aiohttp import WSMsgType, web


async def handle(request):
    socket = web.WebSocketResponse(max_msg_size=0, heartbeat=None)
    await socket.prepare(request)
    async for message in socket:
        if request.path[1:]:
            await socket.close(code=int(request.path[1:]), message=b"said so")
        elif message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


app = web.Application()
app.router.add_get("/{path:.*}", handle)
web.run_app(app, host=sys.argv[1], port=int(sys.argv[2]), print=None)
