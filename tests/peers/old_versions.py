"""Servers that spoke the drafts when they were new, each an echo: three packages of npm, one of Ruby.

``faye-websocket`` 0.4 and ``ws`` 0.4 are of 2012, ``websocket-driver`` still has both hixie drafts, and
``em-websocket`` has them and the drafts 05 to 08.
"""

from contextlib import contextmanager

from tests.peers.node import of_node
from tests.peers.place import started

UNBUILT = ("--ignore-scripts",)
"""npm's option: nothing of the packages is compiled; what they would compile has a substitute in JavaScript."""
PACKAGES = (
    "faye-websocket-old@npm:faye-websocket@0.4.4",
    "websocket-driver@0.7.4",
    "ws-old@npm:ws@0.4.32",
)
HAS_EM_WEBSOCKET = "require 'em-websocket'"


@contextmanager
def node_server(packages, kind):
    with started(of_node("old-versions.js", kind), packages=packages) as (port,):
        yield port


@contextmanager
def ruby_server():
    with started("ruby {servers}/em-websocket.rb {host} {port}") as (port,):
        yield port
