"""Drives WebKitGTK's MiniBrowser under Xvfb.

WebDriver is of no use here: the views it makes do not print the console. So the browser is opened on a
page that asks again and again where to go, is sent on from there to the pages to load, and is back at the
end of each; what script and console say is read from its standard error.
"""

import json
import os
import shutil
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from tests.browsers.driver.bench import PAGE_ADDRESSES
from tests.browsers.driver.browser import EngineError, Line, Sheet
from tests.browsers.driver.page import TOLD
from wsprobe.lab import installed

PACKAGES = "libwebkit2gtk-4.1-0, xvfb, ca-certificates"
WAITING = """<!doctype html><link rel="icon" href="data:,"><script>
const ask = () => fetch(location.pathname + "/next").then(answer => answer.text()).then(
  url => { if (url) location.replace(url); else setTimeout(ask, 50); }, () => setTimeout(ask, 50));
ask();
</script>"""


class WebKitGtk:
    name = "webkitgtk"
    # libsoup's session holds 17 connections in the making at most (WebKit's SoupNetworkSession).
    at_once = 8
    a_page = 40
    names_urls = False
    pages = 1
    browsers = 2

    def missing(self):
        try:
            installed.find([self.name])
        except installed.NoBrowser:
            return PACKAGES
        others = shutil.which(installed.DISPLAY) and shutil.which("unshare") and installed.STORE.exists()
        return "" if others else PACKAGES

    @asynccontextmanager
    async def start(self, bench):
        (found,) = installed.find([self.name])
        with installed.temporary_home(self.name) as home:
            async with installed.display() as display:
                waiting = Waiting(bench, home.name)
                env = installed.variables(home, DISPLAY=display, GDK_BACKEND="x11", NO_AT_BRIDGE="1")
                command = [found.command, "--enable-write-console-messages-to-stdout=true", waiting.url]
                command = installed.trusting(bench.lab.certificate_authority, command)
                reading, writing = os.pipe()
                async with (
                    installed.guarded(command, home, env, stderr=writing),
                    trio.lowlevel.FdStream(reading) as printed,
                    trio.open_nursery() as nursery,
                ):
                    os.close(writing)
                    browser = WebKitGtkBrowser(waiting, await installed.version(found))
                    nursery.start_soon(browser.listen, printed)
                    yield browser
                    nursery.cancel_scope.cancel()


class Waiting:
    """The page that a browser is on between the pages to load."""

    def __init__(self, bench, name):
        home = f"http://{PAGE_ADDRESSES[-1]}:{bench.lab.ports['plain']}/{name}"
        self.url, self._next, self._bench = home, f"{home}/next", bench
        bench.put(self.url, WAITING.encode())
        bench.put(self._next, b"")

    def send_to(self, url):
        self._bench.put(self._next, url.encode(), once=True)


@dataclass(slots=True)
class WebKitGtkBrowser:
    waiting: Waiting
    version: str
    console: list[Line] = field(default_factory=list)
    told: trio.Event = field(default_factory=trio.Event)

    @property
    def back(self):
        return self.waiting.url

    async def listen(self, printed):
        """Keep what the browser prints; a line that starts no entry continues the one before."""
        buffer = b""
        while data := await printed.receive_some(65536):
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._print(line.decode("utf-8", "replace"))

    def _print(self, line):
        if entry := installed.CONSOLE.match(line):
            self.console.append(Line(time.time() * 1000, line[entry.end() :]))
        elif self.console:
            last = self.console.pop()
            self.console.append(Line(last.at, f"{last.text}\n{line}"))
        if self.console and self.console[-1].text.startswith(TOLD):
            self.told.set()

    async def load(self, url, seconds):
        self.console.clear()
        self.told = trio.Event()
        try:
            with trio.fail_after(seconds):
                self.waiting.send_to(url)
                await self.told.wait()
        except trio.TooSlowError as error:
            raise EngineError(f"webkitgtk: {url}: no result within {seconds} s") from error
        *console, told = self.console
        return Sheet(json.loads(told.text.removeprefix(TOLD)), tuple(console))
