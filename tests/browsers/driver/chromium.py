"""Drives Chromium by the DevTools protocol over a pipe (--remote-debugging-pipe: NUL-terminated JSON)."""

import json
import shutil
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import trio

from tests.browsers.driver.browser import EngineError, Line, Sheet
from tests.browsers.driver.page import RESULTS
from wsprobe.lab import installed
from wsprobe.lab.devtools import DevTools, Refused

COMMAND = "chromium"
WAIT = f"""new Promise(done => {{
    const timer = setInterval(() => {{
        const results = {RESULTS};
        if (results) {{ clearInterval(timer); done(results); }}
    }}, 50);
}})"""


@dataclass(frozen=True, slots=True)
class Chromium:
    flags: tuple[str, ...] = ()
    """Options beside those of any Chromium that wsprobe starts."""
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
        with installed.temporary_home("chromium") as home:
            installed.trust(home / ".pki/nssdb", bench.lab.certificate_authority)
            command = [COMMAND, *installed.CHROMIUM, "--no-sandbox", *self.flags]
            command.append(f"--user-data-dir={home / 'profile'}")
            console = {}

            async def heard(connection, method, params, session):
                if method == "Log.entryAdded":
                    entry = params["entry"]
                    console.setdefault(session, []).append(Line(entry["timestamp"], entry["text"]))

            async with installed.chromium(command, home, heard) as (connection, _):
                with refused_as_ended(), trio.fail_after(60):
                    product = (await connection.call("Browser.getVersion"))["product"]
                yield ChromiumBrowser(connection, console, product.partition("/")[2], home=str(home))


@contextmanager
def refused_as_ended():
    """A call that Chromium refuses, or does not answer, is an error of the engine."""
    try:
        yield
    except Refused as error:
        raise EngineError(f"chromium: {error}") from error


@dataclass(frozen=True, slots=True)
class ChromiumBrowser:
    connection: DevTools
    console: dict[str, list[Line]]
    """By session."""
    version: str
    back: str = ""
    home: str = ""
    """A directory that goes with it."""

    async def allow(self, name, state, origin):
        """Give pages of *origin* the permission *name*, or deny it."""
        await self.connection.call(
            "Browser.setPermission", {"permission": {"name": name}, "setting": state, "origin": origin}
        )

    async def load(self, url, seconds):
        call = self.connection.call
        waiting = {"expression": WAIT, "awaitPromise": True, "returnByValue": True}
        with refused_as_ended():
            target = {"targetId": (await call("Target.createTarget", {"url": "about:blank"}))["targetId"]}
            try:
                with trio.fail_after(seconds):
                    session = (await call("Target.attachToTarget", target | {"flatten": True}))["sessionId"]
                    await call("Log.enable", {}, session)
                    await call("Page.enable", {}, session)
                    await call("Page.navigate", {"url": url}, session)
                    answer = await call("Runtime.evaluate", waiting, session)
            except trio.TooSlowError as error:
                raise EngineError(f"chromium: {url}: no result within {seconds} s") from error
            finally:
                with trio.move_on_after(5, shield=True):
                    await call("Target.closeTarget", target)
        return Sheet(json.loads(answer["result"]["value"]), tuple(self.console.get(session, ())))
