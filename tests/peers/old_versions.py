"""Servers that spoke the drafts when they were new, each an echo: three packages of npm, one of Ruby.

``faye-websocket`` 0.4 and ``ws`` 0.4 are of 2012, ``websocket-driver`` still has both hixie drafts, and
``em-websocket`` has them and the drafts 05 to 08.
"""

from __future__ import annotations

from contextlib import contextmanager

from tests.peers.node import script
from tests.peers.place import HOST, open_folder, running

UNBUILT = ("--ignore-scripts",)
"""npm's option: nothing of the packages is compiled; what they would compile has a substitute in JavaScript."""
PACKAGES = (
    "faye-websocket-old@npm:faye-websocket@0.4.4",
    "websocket-driver@0.7.4",
    "ws-old@npm:ws@0.4.32",
)

NODE = """
const [, , kind, host, port] = process.argv;
const faye = (request, socket, head) => {
    const Socket = require('faye-websocket-old');
    const one = new Socket(request, socket, head);
    one.onmessage = (event) => one.send(event.data);
};
const driver = (request, socket, head) => {
    const one = require('websocket-driver').http(request);
    one.io.write(head);
    socket.pipe(one.io).pipe(socket);
    one.messages.on('data', (message) => one.messages.write(message));
    one.start();
};
if (kind === 'ws') {
    const { Server } = require('ws-old');
    new Server({ host, port: Number(port) }).on('connection', (socket) => {
        socket.on('message', (data, flags) => socket.send(data, { binary: flags.binary }));
    });
} else {
    const server = require('http').createServer();
    server.on('upgrade', kind === 'faye-websocket' ? faye : driver);
    server.listen(Number(port), host);
}
"""

RUBY = """
require 'em-websocket'
EM.run do
  EM::WebSocket.run(host: ARGV[0], port: Integer(ARGV[1])) do |socket|
    socket.onmessage { |text| socket.send_text(text) }
    socket.onbinary { |data| socket.send_binary(data) }
  end
end
"""

HAS_EM_WEBSOCKET = "require 'em-websocket'"


@contextmanager
def node_server(node, packages, kind):
    command = [node, script(packages, "old-server.js", NODE), kind, HOST]
    with open_folder() as folder, running(lambda ports: [*command, str(ports[0])], folder) as (port,):
        yield port


@contextmanager
def ruby_server(ruby):
    with open_folder() as folder:
        script = folder / "server.rb"
        script.write_text(RUBY)
        with running(lambda ports: [ruby, str(script), HOST, str(ports[0])], folder) as (port,):
            yield port
