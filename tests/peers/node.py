"""The package ``ws`` on Node: installed once into pytest's cache, a server and a client written for it here."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from tests.peers.place import HOST, PATIENCE, open_folder, running

INSTALLING = 600
"""Seconds, on a busy machine."""

SERVER = """
const { WebSocketServer } = require('ws');
const [, , host, port] = process.argv;
const server = new WebSocketServer({
    host, port: Number(port), perMessageDeflate: true,
    verifyClient: (info, done) => {
        const path = info.req.url;
        if (path === '/refuse') done(false);
        else if (path === '/quota') done(false, 429, 'slow down', { 'Retry-After': '30' });
        else done(true);
    },
});
server.on('connection', (socket, request) => {
    if (request.url === '/close') socket.close(4403, 'no entry');
    else if (request.url === '/drop') socket.terminate();
    else socket.on('message', (data, binary) => socket.send(data, { binary }));
});
"""

CLIENT = """
const WebSocket = require('ws');
const told = {};
const open = (url) => new Promise((resolve) => {
    const one = told[url] = {};
    const socket = new WebSocket(url, { handshakeTimeout: 10000 });
    socket.on('open', () => { one.open = true; socket.send('hello'); });
    socket.on('message', (data) => { one.message ??= String(data); socket.close(1000); });
    socket.on('unexpected-response', (request, response) => {
        one.status = response.statusCode; one.reason = response.statusMessage; one.fields = response.rawHeaders;
        request.destroy(); resolve();
    });
    socket.on('error', (error) => { one.error ??= error.message; });
    socket.on('close', (code, reason) => { one.code = code; one.text = String(reason); resolve(); });
});
(async () => {
    for (const url of process.argv.slice(2)) await open(url);
    console.log(JSON.stringify(told));
    process.exit(0);
})();
"""


def installed(npm, folder, packages=("ws",), *, options=()):
    """Return *folder* with *packages* in it; they are fetched if they are not there yet. *options* are npm's.

    Several test processes may do this at the same time. Each installs into a folder of its own; the first to
    finish moves it to its place, whole. Raises subprocess.CalledProcessError or TimeoutExpired if the packages
    cannot be had."""
    modules = folder / "node_modules"
    if not modules.is_dir():
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-save", *options, *packages]
        with tempfile.TemporaryDirectory(dir=folder) as own:
            subprocess.run(command, cwd=own, check=True, timeout=INSTALLING, stdin=subprocess.DEVNULL)
            with suppress(OSError):  # another process was faster: the folder is there, and not empty
                (Path(own) / "node_modules").rename(modules)
    return folder


def script(packages, name, code):
    """Return the path of *code* as a file in *packages*, where Node finds them. It is put there whole: another
    process may be reading it."""
    path = packages / name
    if not path.is_file() or path.read_text() != code:
        with tempfile.NamedTemporaryFile("w", dir=packages, delete=False) as file:
            file.write(code)
        Path(file.name).rename(path)
    return str(path)


@contextmanager
def kinds_of(node, packages, name, code, kinds):
    """A program of Node with a server for each of *kinds* -> port; it is given host and ports, in order."""
    server = script(packages, name, code)
    with (
        open_folder() as folder,
        running(lambda ports: [node, server, HOST, *map(str, ports)], folder, ports=len(kinds)) as ports,
    ):
        yield dict(zip(kinds, ports, strict=True))


@contextmanager
def ws_server(node, packages):
    server = script(packages, "server.js", SERVER)
    with (
        open_folder() as folder,
        running(lambda ports: [node, server, HOST, str(ports[0])], folder) as (port,),
    ):
        yield port


def ws_client(node, packages, urls, *, authority=None):
    """Open each of *urls*, one after the other; what ``ws`` was told, by URL. *authority*: a PEM file to
    trust."""
    client = script(packages, "client.js", CLIENT)
    trusting = {} if authority is None else {"NODE_EXTRA_CA_CERTS": str(authority)}
    done = subprocess.run(
        [node, client, *urls],
        capture_output=True,
        check=True,
        timeout=4 * PATIENCE,
        env={**os.environ, **trusting},
    )
    return cast(dict[str, dict[str, Any]], json.loads(done.stdout))
