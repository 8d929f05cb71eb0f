import asyncio
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        if scope["path"][1:]:
            await send({"type": "websocket.close", "code": int(scope["path"][1:]), "reason": "said so"})
            return
        await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})


config = Config()
config.bind = [f"{sys.argv[1]}:{sys.argv[2]}"]
config.websocket_max_message_size = 1 << 30
asyncio.run(serve(app, config))
