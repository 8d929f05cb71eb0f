"""Drives W3C-API clients outside browsers: undici and ws on Node, Deno, Bun. They run the page's own script."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trio

from tests.browsers import clients
from tests.browsers.driver.bench import Bench
from tests.browsers.driver.browser import EngineError, Line, Sheet
from wsprobe.lab import installed

RUNNER = Path(__file__).with_name("runtime.mjs")

VARIES = re.compile(
    r"[0-9A-F]{8,16}(?=:error:[0-9A-F]{8}:)|(?<=verification time )[0-9]+|(?<=[(])[0-9]+(?= seconds ago)"
)
"""In messages: OpenSSL names the thread, rustls says how late it is."""


def _text(file):
    return file.read_text("utf-8")


def _varying(found):
    return "{thread}" if found.string[found.end() : found.end() + 7] == ":error:" else "{seconds}"


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]
    trusting: Callable[[Path], Mapping[str, str]]
    """Environment in which a runtime trusts that certificate authority, too."""


def _node(package):
    node = clients.node(package)
    if node is None or not clients.installed(package):
        return None
    # A child of the guard asks for no place in the cache and finds nothing of the user's.
    entry = clients.modules() / package / "index.js"
    return Command((node, str(RUNNER), "{page}", "{out}", str(entry)), _for_node)


def _for_node(authority):
    return {"NODE_EXTRA_CA_CERTS": str(authority), "NODE_NO_WARNINGS": "1"}


def _deno(package):
    program = clients.binary(package)
    if program is None:
        return None
    run = (str(program), "run", "--quiet", "--no-config", "--no-remote", "--allow-all", str(RUNNER))
    return Command((*run, "{page}", "{out}"), lambda authority: {"DENO_CERT": str(authority)})


def _bun(package):
    program = clients.binary(package)
    return Command((str(program), str(RUNNER), "{page}", "{out}"), _for_node) if program is not None else None


class Runtime:
    """An ``Engine`` of the driver: each page is a process of its own."""

    at_once = 12
    a_page = 48
    names_urls = True
    pages = 4
    browsers = 1

    def __init__(self, package, command):
        """*package*: as clients/package.json calls it."""
        self.name = clients.name(package)
        self._package = package
        self._command = command

    def missing(self):
        if self._command(self._package) is not None:
            return ""
        return f"npm package {self._package}, by {clients.INSTALL}, and a Node that it runs on"

    @asynccontextmanager
    async def start(self, bench):
        command = self._command(self._package)
        assert command is not None
        yield RuntimeProcess(self.name, self._package, command, bench)


@dataclass(frozen=True, slots=True)
class RuntimeProcess:
    name: str
    package: str
    command: Command
    bench: Bench

    @property
    def version(self):
        return clients.installed(self.package)

    @property
    def back(self):
        return ""

    async def load(self, url, seconds):
        where = urlsplit(url)
        path = url.partition(where.netloc)[2].partition("#")[0]
        answer = self.bench.pages[where.netloc.rpartition("@")[2], path]
        # The guard removes the first when the runtime has ended, which may be before the results are read.
        with installed.temporary_home(self.name) as home, installed.temporary_home("results") as results:
            page, out = results / "page.html", results / "results.json"
            page.write_bytes(answer.partition(b"\r\n\r\n")[2])
            words = [word.format(page=page, out=out) for word in self.command.words]
            env = installed.variables(home, **self.command.trusting(self.bench.lab.certificate_authority))
            return await self._run(words, home, out, env, seconds)

    async def _run(self, words, home, out, env, seconds):
        reading, writing = os.pipe()
        said = bytearray()
        try:
            with trio.fail_after(seconds):
                async with (
                    installed.guarded(words, home, env, stderr=writing),
                    trio.lowlevel.FdStream(reading) as printed,
                ):
                    os.close(writing)
                    writing = -1
                    told = await self._wait(out, printed, said)
        except trio.TooSlowError:
            raise EngineError(f"{self.name} did not finish: {said.decode('utf-8', 'replace')}") from None
        finally:
            if writing != -1:
                os.close(writing)
        return self._sheet(told, said.decode("utf-8", "replace"))

    async def _wait(self, out, printed, said):
        """Until the results are written, or the runtime has ended without."""
        told = None
        async with trio.open_nursery() as nursery:
            ended = trio.Event()

            async def listen():
                while data := await printed.receive_some():
                    said.extend(data)
                ended.set()

            nursery.start_soon(listen)
            while told is None:
                gone = ended.is_set()
                try:
                    told = json.loads(_text(out))
                except (FileNotFoundError, json.JSONDecodeError):
                    if gone:
                        break
                    await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
        if told is None:
            raise EngineError(f"{self.name} ended: {said.decode('utf-8', 'replace')}")
        return told

    def _sheet(self, told, said):
        told = json.loads(VARIES.sub(_varying, json.dumps(told)))
        results, uncaught = told["results"], told["uncaught"]
        assert isinstance(results, dict)
        assert isinstance(uncaught, list)
        if uncaught and len(results) > 1:
            raise EngineError(f"{self.name} would have ended: {uncaught[0]}")
        now = time.time() * 1000
        for error in uncaught:
            (result,) = results.values()
            at = error["at"] - result["began"]
            late = [n for n, event in enumerate(result["events"]) if event["at"] > at]
            event = {"type": "uncaught", "name": error["name"], "message": error["message"], "at": at}
            result["events"].insert(late[0] if late else len(result["events"]), event)
        return Sheet(results, tuple(Line(now, line) for line in said.splitlines()))


COMMANDS = {"deno": _deno, "bun": _bun}
"""How a runtime is run; any other is a package for Node."""
RUNTIMES = tuple(
    Runtime(package, COMMANDS.get(clients.name(package).partition("@")[0], _node))
    for package in clients.VERSIONS
)
