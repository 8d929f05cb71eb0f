"""The package ``ws`` on Node: installed once into pytest's cache, a server and a client written for it here."""

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.peers.place import PATIENCE, SERVERS, needs, started

INSTALLING = 600
"""Seconds, on a busy machine."""


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


def of_node(file, *words):
    """The command that runs *file* of servers/ with the packages in the folder ``packages``."""
    return " ".join(("env NODE_PATH={packages}/node_modules node {servers}/" + file, *words, "{host} {ports}"))


@contextmanager
def kinds_of(packages, file, kinds):
    """A program of Node with a server for each of *kinds* -> port; it is given host and ports, in order."""
    with started(of_node(file), ports=len(kinds), packages=packages) as ports:
        yield dict(zip(kinds, ports, strict=True))


def ws_client(packages, urls, *, authority=None):
    """Open each of *urls*, one after the other; what ``ws`` was told, by URL. *authority*: a PEM file to
    trust."""
    trusting = {} if authority is None else {"NODE_EXTRA_CA_CERTS": str(authority)}
    done = subprocess.run(
        [needs("node"), SERVERS / "ws-client.js", *urls],
        capture_output=True,
        check=True,
        timeout=4 * PATIENCE,
        env={**os.environ, "NODE_PATH": str(packages / "node_modules"), **trusting},
    )
    return json.loads(done.stdout)
