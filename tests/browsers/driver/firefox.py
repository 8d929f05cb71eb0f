"""Drives Firefox by Marionette (TCP; each message is its length in decimal, a colon, JSON)."""

import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import trio

from tests.browsers.driver.browser import EngineError, Line, Sheet
from tests.browsers.driver.page import RESULTS
from wsprobe.lab import installed

COMMAND = "firefox-esr"
PREFERENCES = installed.FIREFOX | {
    "marionette.port": 0,
    "network.websocket.delay-failed-reconnects": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.startup.page": 0,
}
LONGEST = 600_000
"""Milliseconds for a script, so that it is our own limit that counts."""
WAIT = f"""
    const done = arguments[0], timer = setInterval(() => {{
        const results = {RESULTS};
        if (results) {{ clearInterval(timer); done(results); }}
    }}, 50);
"""
TAKE_CONSOLE = """
    const taken = Services.console.getMessageArray().map(message => {
        let text = message.message;
        let source = "";
        try {
            const known = message.QueryInterface(Ci.nsIScriptError);
            text = known.errorMessage;
            source = known.sourceName;
        } catch (error) {}
        return [message.microSecondTimeStamp / 1000, text, source];
    });
    Services.console.reset();
    return taken;
"""


class Firefox:
    name = "firefox"
    # netwerk/protocol/websocket: at most network.websocket.max-connections (200), one opening handshake a host.
    at_once = 6
    a_page = 60
    names_urls = True
    pages = 1
    browsers = 1

    def missing(self):
        return "" if shutil.which(COMMAND) and shutil.which("certutil") else "firefox-esr, libnss3-tools"

    @asynccontextmanager
    async def start(self, bench):
        with installed.temporary_home("firefox") as home:
            profile = home / "profile"
            installed.trust(profile, bench.lab.certificate_authority)
            lines = (
                f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
            )
            (profile / "user.js").write_text("\n".join(lines))
            command = [COMMAND, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
            command += ["--profile", str(profile)]
            async with installed.guarded(command, home, installed.variables(home)):
                with trio.fail_after(90):
                    stream = await _connect(trio.Path(profile / "MarionetteActivePort"))
                    browser = FirefoxBrowser(stream)
                    await browser.receive()
                    session = await browser.call("WebDriver:NewSession", capabilities={})
                browser.version = session["capabilities"]["browserVersion"]
                async with stream:
                    yield browser


async def _connect(port_file):
    while True:
        try:
            return await trio.open_tcp_stream("127.0.0.1", int(await port_file.read_text()))
        except (OSError, ValueError):
            await trio.sleep(0.1)


@dataclass(slots=True)
class FirefoxBrowser:
    stream: trio.SocketStream
    version: str = ""
    back: str = ""
    buffer: bytearray = field(default_factory=bytearray)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def receive(self):
        while True:
            length, colon, rest = self.buffer.partition(b":")
            if colon and len(rest) >= int(length):
                size = int(length)
                self.buffer = rest[size:]
                return json.loads(rest[:size])
            data = await self.stream.receive_some(1 << 20)
            if not data:
                raise EngineError("firefox: the connection has ended")
            self.buffer += data

    async def call(self, command, **params):
        message = json.dumps([0, next(self.numbers), command, params]).encode()
        await self.stream.send_all(b"%d:%b" % (len(message), message))
        _, _, error, result = await self.receive()
        if error:
            raise EngineError(f"firefox: {command}: {error}")
        return result

    async def script(self, code):
        return (await self.call("WebDriver:ExecuteScript", script=code, args=[], newSandbox=True))["value"]

    async def script_async(self, code):
        await self.call("WebDriver:SetTimeouts", script=LONGEST)
        return (await self.call("WebDriver:ExecuteAsyncScript", script=code, args=[], newSandbox=True))["value"]

    async def privileged(self, code):
        await self.call("Marionette:SetContext", value="chrome")
        try:
            return await self.script(code)
        finally:
            await self.call("Marionette:SetContext", value="content")

    async def load(self, url, seconds):
        await self.privileged(TAKE_CONSOLE)
        try:
            with trio.fail_after(seconds):
                await self.call("WebDriver:Navigate", url=url)
                text = await self.script_async(WAIT)
        except trio.TooSlowError as error:
            raise EngineError(f"firefox: {url}: no result within {seconds} s") from error
        console = await self.privileged(TAKE_CONSOLE)
        await self.call("WebDriver:Navigate", url="about:blank")
        return Sheet(json.loads(text), tuple(Line(at, text) for at, text, source in console if source == url))
