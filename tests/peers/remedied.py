"""The servers that `explain remedy` prints, each run as it is printed, on a port of its own; and pages of two
origins: one that the servers know, and a stranger's."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.peers.conftest import needs, needs_module
from tests.peers.place import HOST, PATIENCE, open_folder, running
from wsprobe import explain

PAGE, PORT = "https://chat.example", "8080"
"""What the printed code has for the origin of its pages, and for its own port."""
STRANGER = "127.0.0.2"
PYTHON = sys.executable
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
DECORATORS = '{"compilerOptions":{"experimentalDecorators":true}}'
"""What NestJS has in its tsconfig.json."""


@dataclass(frozen=True)
class Printed:
    """A server of `explain remedy TOPIC`."""

    topic: str
    command: Callable[[str], list[str]]
    """What starts it at a port, in the folder with its file."""
    helper: str = ""
    """The topic of a file that it imports."""
    module: str = ""
    """The Python package that it needs."""
    compiled: bool = False
    """It is TypeScript."""
    status: int = 401
    """What a program is answered that is refused."""
    reason: str = "session expired"
    """What a page reads in the Close."""


def _node(port: str) -> list[str]:
    return [needs("node"), "server.mjs"]


SERVERS = {
    name: printed
    for name, printed in {
        "starlette": Printed(
            "starlette", lambda port: [PYTHON, "-m", "uvicorn", "server:app", "--port", port], "asgi", "fastapi"
        ),
        "channels": Printed(
            "channels",
            lambda port: [needs("daphne"), "--port", port, "server:application"],
            "asgi",
            "channels",
            status=403,
            reason="",
        ),
        "websockets": Printed("websockets", lambda port: [PYTHON, "server.py"]),
        "tornado": Printed("tornado", lambda port: [PYTHON, "server.py"], "", "tornado"),
        "gunicorn": Printed(
            "flask-sock",
            lambda port: [needs("gunicorn"), "--threads", "9", "--bind", f"{HOST}:{port}", "server:app"],
            "wsgi",
            "flask_sock",
        ),
        "werkzeug": Printed(
            "flask-sock",
            lambda port: [PYTHON, "-m", "flask", "--app", "server", "run", "--port", port],
            "wsgi",
            "flask_sock",
        ),
        "express": Printed("express", _node, "ws"),
        "fastify": Printed("fastify", _node),
        "nestjs": Printed("nestjs", lambda port: [needs("node"), "server.cjs"], compiled=True),
        "socket.io": Printed("socket.io", _node),
    }.items()
}
"""By name; two may run the same code. ``socket.io`` has a protocol of its own."""


def _write(folder: Path, topic: str, changes: dict[str, str]) -> Path:
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
def server(of: Printed, page: str, modules: Callable[[], Path]) -> Iterator[int]:
    """The server *of*, for pages of the origin *page*; the port that it listens on. *modules* returns a folder
    with Node's packages."""

    def command(ports: tuple[int, ...]) -> list[str]:
        port = str(ports[0])
        written = _write(folder, of.topic, {PAGE: page, PORT: port})
        if of.helper:
            _write(folder, of.helper, {})
        if written.suffix != ".py" and not (folder / "node_modules").exists():
            (folder / "node_modules").symlink_to(modules() / "node_modules")
        if of.compiled:
            compiler = [str(folder / "node_modules/.bin/esbuild"), "--log-level=error", "--format=cjs"]
            options = [f"--tsconfig-raw={DECORATORS}", "--outfile=server.cjs", str(written)]
            subprocess.run([*compiler, *options], cwd=folder, check=True, timeout=PATIENCE)
        return of.command(port)

    if of.module:
        needs_module(of.module)
    with open_folder() as folder, running(command, folder) as (port,):
        yield port


class Pages(ThreadingHTTPServer):
    """Pages by their path, the same at each address."""

    daemon_threads = True

    def __init__(self, address: str, port: int, pages: dict[str, bytes]) -> None:
        super().__init__((address, port), _Page)
        self.pages = pages


class _Page(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, format: str, *arguments: object) -> None:
        return


@contextmanager
def pages(contents: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """*contents* by their paths, at two origins of loopback: one for servers to know, and a stranger's."""
    with Pages(HOST, 0, contents) as known, Pages(STRANGER, known.server_port, contents) as stranger:
        threads = [threading.Thread(target=each.serve_forever, args=(0.05,)) for each in (known, stranger)]
        for thread in threads:
            thread.start()
        try:
            yield f"http://{HOST}:{known.server_port}", f"http://{STRANGER}:{known.server_port}"
        finally:
            for each, thread in zip((known, stranger), threads, strict=True):
                each.shutdown()
                thread.join()
