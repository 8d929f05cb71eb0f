"""Drives Chromium by the DevTools protocol over a pipe (--remote-debugging-pipe: NUL-terminated JSON)."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import trio

from tests.browsers.driver.browser import EngineError, Line, Sheet
from tests.browsers.driver.page import RESULTS
from tests.browsers.driver.process import directory, environment, guarded

COMMAND = "chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--remote-debugging-pipe",
)
MOVE_PIPES = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for number, wanted in zip(ours, (3, 4)):
    os.dup2(number, wanted)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""The protocol is spoken on descriptors 3 and 4."""
WAIT = f"""new Promise(done => {{
    const timer = setInterval(() => {{
        const results = {RESULTS};
        if (results) {{ clearInterval(timer); done(results); }}
    }}, 50);
}})"""


@dataclass(frozen=True, slots=True)
class Chromium:
    flags: tuple[str, ...] = ()
    """Options beside FLAGS."""
    name = "chromium"
    # content/browser/websockets: the delay of the next connection grows as 2 ** (pending + failed) within
    # a process; up to 8 it stays below 20 ms.
    at_once = 4
    a_page = 10
    names_urls = True
    pages = 6
    browsers = 1

    def missing(self):
        return "" if shutil.which(COMMAND) and shutil.which("certutil") else "chromium, libnss3-tools"

    @asynccontextmanager
    async def start(self, bench):
        home = directory("chromium")
        trust_authority(home / ".pki/nssdb", bench.lab.certificate_authority)
        (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
        move = [sys.executable, "-I", "-c", MOVE_PIPES, str(to_read), str(from_write)]
        command = [*move, COMMAND, *FLAGS, *self.flags, f"--user-data-dir={home / 'profile'}", "about:blank"]
        async with guarded(command, home, environment(home), pass_fds=(to_read, from_write)):
            os.close(to_read)
            os.close(from_write)
            async with (
                trio.lowlevel.FdStream(to_write) as writing,
                trio.lowlevel.FdStream(from_read) as reading,
                trio.open_nursery() as nursery,
            ):
                connection = Connection(writing)
                nursery.start_soon(connection.listen, reading)
                with trio.fail_after(60):
                    product = (await connection.call("Browser.getVersion"))["product"]
                yield ChromiumBrowser(connection, str(product).partition("/")[2], home=str(home))
                nursery.cancel_scope.cancel()


@dataclass(slots=True)
class Connection:
    """One DevTools connection: calls, and the events that come in between."""

    writing: trio.lowlevel.FdStream
    sending: trio.Lock = field(default_factory=trio.Lock)
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    waiting: dict[int, tuple[trio.Event, list[dict[str, Any]]]] = field(default_factory=dict)
    console: dict[str, list[Line]] = field(default_factory=dict)
    """By session."""
    broken: bool = False

    async def call(self, method, session="", **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        answer = []
        arrived = trio.Event()
        self.waiting[number] = arrived, answer
        if self.broken:
            raise EngineError("chromium: the connection has ended")
        async with self.sending:
            await self.writing.send_all(json.dumps(message).encode() + b"\0")
        await arrived.wait()
        if not answer or "error" in answer[0]:
            raise EngineError(f"chromium: {method}: {answer}")
        result = answer[0]["result"]
        return result

    async def listen(self, reading):
        buffer = bytearray()
        while data := await reading.receive_some(1 << 20):
            buffer += data
            *messages, buffer = buffer.split(b"\0")
            for message in messages:
                self._receive(json.loads(message))
        self.broken = True
        for arrived, _ in self.waiting.values():
            arrived.set()

    def _receive(self, message):
        if "id" in message:
            arrived, answer = self.waiting.pop(message["id"])
            answer.append(message)
            arrived.set()
        elif message["method"] == "Log.entryAdded":
            entry = message["params"]["entry"]
            self.console.setdefault(message["sessionId"], []).append(Line(entry["timestamp"], entry["text"]))


@dataclass(frozen=True, slots=True)
class ChromiumBrowser:
    connection: Connection
    version: str
    back: str = ""
    home: str = ""
    """A directory that goes with it."""

    async def allow(self, name, state, origin):
        """Give pages of *origin* the permission *name*, or deny it."""
        await self.connection.call(
            "Browser.setPermission", permission={"name": name}, setting=state, origin=origin
        )

    async def load(self, url, seconds):
        call = self.connection.call
        target = (await call("Target.createTarget", url="about:blank"))["targetId"]
        try:
            with trio.fail_after(seconds):
                session = (await call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
                await call("Log.enable", session)
                await call("Page.enable", session)
                await call("Page.navigate", session, url=url)
                answer = await call(
                    "Runtime.evaluate", session, expression=WAIT, awaitPromise=True, returnByValue=True
                )
        except trio.TooSlowError as error:
            raise EngineError(f"chromium: {url}: no result within {seconds} s") from error
        finally:
            with trio.move_on_after(5, shield=True):
                await call("Target.closeTarget", targetId=target)
        return Sheet(json.loads(answer["result"]["value"]), tuple(self.connection.console.get(session, ())))


def trust_authority(database, authority):
    """Make an NSS database in which *authority*, a PEM file, is trusted for servers."""
    database.mkdir(parents=True, exist_ok=True)
    where = ["-d", f"sql:{database}"]
    for command in (
        ["-N", *where, "--empty-password"],
        ["-A", *where, "-n", "measuring", "-t", "C,,", "-i", str(authority)],
    ):
        subprocess.run(["certutil", *command], check=True, capture_output=True)
