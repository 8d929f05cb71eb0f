"""The servers that `explain remedy` prints, each run as it is printed, on a port of its own; and pages of two
origins: one that the servers know, and a stranger's."""

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests import served
from tests.peers.place import HOST, needs_gems, needs_module, open_folder, running, words
from tests.peers.place import SERVERS as SERVERS_OF_TESTS
from tests.peers.python_servers import websockets_server
from tests.served import Server
from wsprobe import explain

PAGE, PORT = "https://chat.example", "8080"
"""What the printed code has for the origin of its pages, and for its own port."""
STRANGER = "127.0.0.2"
PACKAGES = (
    *("ws", "express", "fastify", "@fastify/websocket", "socket.io", "socket.io-client"),
    *(
        "@nestjs/common",
        "@nestjs/core",
        "@nestjs/websockets",
        "@nestjs/platform-ws",
        "@nestjs/platform-express",
    ),
    *("reflect-metadata", "rxjs", "esbuild"),
)
BUILDING = 600
"""Seconds for a compiler whose cache is empty, on a busy machine."""


@dataclass(frozen=True)
class Printed:
    """A server of `explain remedy TOPIC`."""

    topic: str
    command: str
    """What starts it, in the folder with its file."""
    helper: str = ""
    """The topic of a file that it imports."""
    module: str = ""
    """The Python package that it needs."""
    gems: tuple[str, ...] = ()
    """The packages of Ruby that it needs."""
    build: str = ""
    """What compiles its file, in the same folder."""
    port: str = PORT
    """The port that it listens on as it is printed, "" if its command says so."""
    proxy: bool = False
    """It stands before an application and tell.py."""
    around: tuple[str, str] = ("", "")
    """Name of a file that includes it, and that its command starts; and its name in servers/."""
    status: int = 401
    """What a program is answered that is refused."""
    reason: str = "session expired"
    """What a page reads in the Close."""


ESBUILD = (
    "{folder}/node_modules/.bin/esbuild --log-level=error --format=cjs "
    """--tsconfig-raw='{"compilerOptions":{"experimentalDecorators":true}}' --outfile=server.cjs {file}"""
)
"""It compiles with what NestJS has in its tsconfig.json."""
GO = "env GO111MODULE=off GOPATH=/usr/share/gocode go build -o server {file}"
"""Debian's packages stand where Go looked before it had modules."""
NGINX = "nginx -p . -e error.log -c main.conf"
FLASK = {"topic": "flask-sock", "helper": "wsgi", "module": "flask_sock"}
SERVERS = {
    "starlette": Printed("starlette", "python -m uvicorn server:app --port {port}", "asgi", "fastapi"),
    "channels": Printed(
        "channels", "daphne --port {port} server:application", "asgi", "channels", status=403, reason=""
    ),
    "websockets": Printed("websockets", "python server.py"),
    "tornado": Printed("tornado", "python server.py", "", "tornado"),
    "gunicorn": Printed(command="gunicorn --threads 9 --bind {host}:{port} server:app", **FLASK),
    "werkzeug": Printed(command="python -m flask --app server run --port {port}", **FLASK),
    "express": Printed("express", "node server.mjs", "ws"),
    "fastify": Printed("fastify", "node server.mjs"),
    "nestjs": Printed("nestjs", "node server.cjs", build=ESBUILD),
    "gorilla": Printed("gorilla", "{folder}/server", build=GO),
    "coder": Printed("coder", "{folder}/server", build=GO),
    "nginx": Printed("nginx", NGINX, proxy=True, around=("main.conf", "remedied-nginx.conf")),
    "haproxy": Printed("haproxy", "haproxy -db -f haproxy.cfg", proxy=True),
    "caddy": Printed(
        "caddy",
        "caddy run --adapter caddyfile --config main.conf",
        proxy=True,
        around=("main.conf", "remedied-Caddyfile"),
    ),
    "socket.io": Printed("socket.io", "node server.mjs"),
    "rails": Printed(
        "rails",
        "puma --bind tcp://{host}:{port} main.ru",
        port="",
        around=("main.ru", "remedied-rails.ru"),
        gems=("concurrent", "action_cable", "action_controller"),
    ),
}
"""By name; two may run the same code."""
RAW = [name for name in SERVERS if name not in ("socket.io", "rails")]
"""Those without a protocol of their own."""


def _write(folder, topic, changes):
    """Write the code of *topic* into *folder*, under the name that `explain remedy` says. Each of *changes*
    must be there to change."""
    entry = explain.find(f"remedy {topic}")
    code = entry.code
    for old, new in changes.items():
        assert old in code, f"remedy {topic} has no {old}"
        code = code.replace(old, new)
    path = folder / dict(entry.facts)["the code alone"].rpartition(" ")[2]
    path.write_text(code)
    return path


@contextmanager
def server(of, page, modules=None, application=None, more: Mapping[str, str] = {}):
    """The server *of*, for pages of the origin *page*; the port that it listens on. *modules* returns a folder
    with Node's packages. A proxy stands before the port *application*, or an echo. *more*: what is changed in
    its code."""
    if of.module:
        needs_module(of.module)
    if of.gems:
        needs_gems(*of.gems)
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        changes = {PAGE: page, **more}
        if of.proxy:
            application = application or stack.enter_context(websockets_server())
            tell = stack.enter_context(server(TELL, page))
            changes |= {"127.0.0.1:8000": f"{HOST}:{application}", "127.0.0.1:9000": f"{HOST}:{tell}"}

        def command(ports):
            port = str(ports[0])
            written = _write(folder, of.topic, changes | ({of.port: port} if of.port else {}))
            if of.helper:
                _write(folder, of.helper, {})
            name, text = of.around
            if name:
                shutil.copy(SERVERS_OF_TESTS / text, folder / name)
            if modules and written.suffix in (".mjs", ".ts") and not (folder / "node_modules").exists():
                (folder / "node_modules").symlink_to(modules() / "node_modules")
            at = {"host": HOST, "port": port, "folder": folder, "file": written}
            if of.build:
                subprocess.run(words(of.build, at), cwd=folder, check=True, timeout=BUILDING)
            return words(of.command, at)

        (port,) = stack.enter_context(running(command, folder))
        yield port


TELL = Printed("proxy", "python tell.py", port="9000")


class Pages(Server):
    """Pages by their path."""

    def __init__(self, contents, host=HOST, port=0):
        self._contents = contents
        super().__init__(host=host, port=port)

    def answer(self, request, stream):
        page = self._contents.get(request.path)
        stream.sendall(served.page(page or b"", status="404 Not Found" if page is None else "200 OK"))


@contextmanager
def pages(contents):
    """*contents* by their paths, at two origins of loopback: one for servers to know, and a stranger's."""
    with Pages(contents) as known, Pages(contents, STRANGER, known.port) as stranger:
        yield known.origin, stranger.origin
