"""Echo servers that nobody here wrote, a program each: every message comes back, and what is said to /CODE is
answered with a Close of that code."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager

import pytest

from tests.browsers import clients
from tests.peers.conftest import needs
from tests.peers.place import HOST, open_folder, running

WEBSOCKETS = """
import sys
from websockets.sync.server import serve
def handle(socket):
    code = socket.request.path[1:]
    for message in socket:
        if code:
            socket.close(int(code), "said so")
            return
        socket.send(message)
with serve(handle, sys.argv[1], int(sys.argv[2]), max_size=None) as server:
    server.serve_forever()
"""

TORNADO = """
import asyncio, sys
from tornado.web import Application
from tornado.websocket import WebSocketHandler
class Echo(WebSocketHandler):
    def get_compression_options(self):
        return {}
    def on_message(self, message):
        if self.request.path[1:]:
            self.close(int(self.request.path[1:]), "said so")
        else:
            self.write_message(message, binary=isinstance(message, bytes))
async def main():
    Application([("/.*", Echo)], websocket_max_message_size=1 << 30).listen(int(sys.argv[2]), sys.argv[1])
    await asyncio.Event().wait()
asyncio.run(main())
"""

AIOHTTP = """
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
"""

HYPERCORN = """
import asyncio, sys
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
"""

WS = """
const { WebSocketServer } = require('ws');
const server = new WebSocketServer(
    { host: process.argv[2], port: Number(process.argv[3]), perMessageDeflate: true, maxPayload: 1 << 30 });
server.on('connection', (socket, request) => {
    const code = Number(request.url.slice(1));
    socket.on('message', (data, binary) => {
        if (code) socket.close(code, 'said so');
        else socket.send(data, { binary });
    });
});
"""

BUN = """
const [hostname, port] = process.argv.slice(2);
Bun.serve({
    hostname, port: Number(port),
    fetch(request, server) {
        server.upgrade(request, { data: Number(new URL(request.url).pathname.slice(1)) });
    },
    websocket: {
        maxPayloadLength: 1 << 30, backpressureLimit: 1 << 30, perMessageDeflate: true,
        message(socket, data) { socket.data ? socket.close(socket.data, 'said so') : socket.send(data); },
    },
});
"""

DENO = """
const [hostname, port] = Deno.args;
Deno.serve({ hostname, port: Number(port), onListen() {} }, (request) => {
    const code = Number(new URL(request.url).pathname.slice(1));
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => code ? socket.close(code, 'said so') : socket.send(data);
    return response;
});
"""

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://{host}:{upstream}; proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        }}
    }}
}}
"""

PYTHON = {"websockets": WEBSOCKETS, "tornado": TORNADO, "aiohttp": AIOHTTP, "hypercorn": HYPERCORN}
NODE = {"ws": WS, "bun": BUN, "deno": DENO}
NAMES = (*PYTHON, *NODE, "nginx")


@contextmanager
def echo(name):
    """Run the server called *name*; the start of its URLs, up to the path."""
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        if name == "nginx":
            program = needs("nginx")
            upstream = stack.enter_context(echo("websockets")).rpartition(":")[2]
            (port,) = stack.enter_context(running(_nginx(program, upstream, folder), folder))
        else:
            (port,) = stack.enter_context(running(_command(name, folder), folder))
        yield f"ws://{HOST}:{port}"


def _command(name, folder):
    if name in PYTHON:
        pytest.importorskip(name)
        words = [sys.executable, "-c", PYTHON[name]]
    else:
        script = folder / f"server.{'cjs' if name == 'ws' else 'mjs'}"
        script.write_text(NODE[name])
        if not clients.installed(name):
            pytest.skip(f"{name} is not installed: {clients.INSTALL}")
        if name == "ws":
            (folder / "node_modules").symlink_to(clients.modules())
            words = [needs("node"), str(script)]
        else:
            program = clients.binary(name)
            program.chmod(0o755)
            options = ["run", "--allow-net", "--no-prompt"] if name == "deno" else ["run"]
            words = [str(program), *options, str(script)]
    return lambda ports: [*words, HOST, str(ports[0])]


def _nginx(program, upstream, folder):
    def command(ports):
        user = "user root;" if os.geteuid() == 0 else ""
        text = NGINX.format(folder=folder, host=HOST, port=ports[0], upstream=upstream, user=user)
        (folder / "nginx.conf").write_text(text)
        return [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]

    return command
