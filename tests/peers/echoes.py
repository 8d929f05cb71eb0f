"""Echo servers that nobody here wrote, a program each (servers/echo-*): every message comes back, and what is
said to /CODE is answered with a Close of that code."""

import os
import sys
from contextlib import contextmanager

from tests.browsers import clients
from tests.peers.place import HOST, missing, needs_module, started
from tests.peers.proxies import NGINX

PYTHON = ("websockets", "tornado", "aiohttp", "hypercorn")
NODE = {
    "ws": "env NODE_PATH={modules} node {servers}/echo-ws.js {host} {port}",
    "bun": "{program} run {servers}/echo-bun.mjs {host} {port}",
    "deno": "{program} run --allow-net --no-prompt {servers}/echo-deno.mjs {host} {port}",
}
NAMES = (*PYTHON, *NODE, "nginx")


@contextmanager
def echo(name):
    """Run the server called *name*; the start of its URLs, up to the path."""
    if name == "nginx":
        file, user = "echo-nginx.conf", "user root;" if os.geteuid() == 0 else ""
        with (
            echo("websockets") as url,
            started(NGINX, file, config=file, upstream=url.rpartition(":")[2], user=user) as (port,),
        ):
            yield f"ws://{HOST}:{port}"
        return
    with started(_line(name), program=_program(name), modules=clients.modules()) as (port,):
        yield f"ws://{HOST}:{port}"


def _line(name):
    if name in NODE:
        if not clients.installed(name):
            missing(f"{name} is not installed: {clients.INSTALL}")
        return NODE[name]
    needs_module(name)
    return f"{sys.executable} {{servers}}/echo_{name}.py {{host}} {{port}}"


def _program(name):
    """The binary of a runtime that is no Node."""
    if name not in ("bun", "deno"):
        return ""
    program = clients.binary(name)
    program.chmod(0o755)
    return program
