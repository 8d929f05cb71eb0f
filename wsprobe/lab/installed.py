"""Installed browsers: finds one, starts it without a window on one page, and ends it.

Each gets a fresh profile, which is deleted at the end; no personal data is read. The browser ends with the
block that started it, with this process, or after LONGEST seconds (``guard``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio

from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import permissions
from wsprobe.lab import devtools, guard
from wsprobe.lab.devtools import DevTools
from wsprobe.lab.measured import Observation, ViewComparison
from wsprobe.lab.site import PageVisit

LONGEST = 1800.0
"""Seconds after which a browser is always ended."""

START = 60.0
"""Seconds that a browser has to start."""

GAVE_UP = "WebSocket is closed before the connection is established."
"""The console's text for the page's own close(), after the page stopped waiting."""

SETTLING = 0.3
"""Seconds to wait until a socket's result has reached the console."""

MOST_TEXTS = 200
"""The most console texts that are kept."""

OFTEN = 0.25
"""Seconds between two looks whether the browser has ended."""

SOCKET_NAME = len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
"""Bytes of the longest path of a socket in TMPDIR (chrome/browser/process_singleton_posix.cc)."""

SOCKET_MAX = 104
"""Bytes that the path of a socket may have (sun_path of unix(4) on macOS; Linux allows 108)."""

KEPT = ("PATH", "TMPDIR", "TZ")
"""The variables that a browser inherits from the environment: no locale, no proxy."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "chromium": (
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "microsoft-edge",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "firefox": ("firefox", "firefox-esr", "/Applications/Firefox.app/Contents/MacOS/firefox"),
    "webkitgtk": ("MiniBrowser",),
}
"""Engine -> commands that start a browser with it, in search order."""

MINIBROWSERS = (
    "usr/lib/*/webkit2gtk-4.1/MiniBrowser",
    "usr/libexec/webkit2gtk-4.1/MiniBrowser",
    "usr/lib/webkit2gtk-4.1/MiniBrowser",
)
"""Paths of WebKitGTK's own browser, which is not on the PATH."""

LIBRARY = "libwebkit2gtk-4.1.so.0"
LIBRARY_VERSION = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
print(".".join(str(library[f"webkit_get_{part}_version"]()) for part in ("major", "minor", "micro")))
"""
"""Python code that prints the version of the library in its argument."""

DISPLAY = "Xvfb"

CHROMIUM = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)

FIREFOX: Mapping[str, object] = {
    "app.update.auto": False,
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
"""Preferences of the profile: they turn off Firefox's own actions at its first start."""

STORE = Path("/etc/ssl/certs/ca-certificates.crt")
WITH_OUR_STORE = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
"""GnuTLS trusts only the system's store, so MiniBrowser gets a mount namespace with another store."""

CONSOLE = re.compile(r"(?:\S+:\d+:\d+: )?CONSOLE (?:[A-Z]+ )?(?:LOG|DEBUG|INFO|WARN|ERROR) ")
"""The start of a console text in MiniBrowser's standard output."""


class NoBrowser(RuntimeError):
    """A requested browser cannot be started. The message is one line and says what is missing."""


class Installed(msgspec.Struct, frozen=True):
    """An installed browser."""

    engine: str
    command: str
    """Its path."""


class BrowserRun(msgspec.Struct, frozen=True):
    """The result of an installed browser for one target."""

    browser: Installed
    version: str
    user_agent: str
    page: Page
    seen: Observation
    held: ViewComparison
    """The comparison with its engine's view."""
    file: str
    """The file with the difference, for a report; "" without one."""


def find(words: Iterable[str]) -> list[Installed]:
    """The browsers in *words*: ``chromium``, or ``chromium=/path/of/the/command``.

    Raises NoBrowser.
    """
    return [_one(word) for word in words]


def _one(word: str) -> Installed:
    engine, named, path = word.partition("=")
    if not hasattr(os, "geteuid"):  # file descriptors handed on, process groups and profiles are POSIX's
        raise NoBrowser("wsprobe can start browsers only on Linux and macOS")
    if engine not in COMMANDS:
        raise NoBrowser(f"{engine!a} is not one of {', '.join(COMMANDS)}")
    candidates = (path,) if named else COMMANDS[engine]
    found = next(filter(None, map(shutil.which, candidates)), None)
    if found is None and not named and engine == "webkitgtk":
        found = next((str(each) for pattern in MINIBROWSERS for each in sorted(Path("/").glob(pattern))), None)
    if found is None:
        looked = path if named else ", ".join(each for each in candidates if "/" not in each)
        raise NoBrowser(f"{engine}: no such command: {looked}; give its path: {engine}=PATH")
    if engine == "webkitgtk" and not _screen() and not shutil.which(DISPLAY):
        raise NoBrowser(f"webkitgtk: MiniBrowser needs a display; there is none, and no {DISPLAY} to make one")
    return Installed(engine, found)


def _screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def version(browser: Installed) -> str:
    """The version printed by the browser's command or by its library; "" if neither prints one."""
    env = {name: value for name, value in os.environ.items() if name in (*KEPT, "HOME")}
    command = [browser.command, "--version"]
    if browser.engine == "webkitgtk":  # MiniBrowser prints nothing without a display
        command = [sys.executable, "-I", "-c", LIBRARY_VERSION, LIBRARY]
    with trio.move_on_after(10):
        done = await trio.run_process(
            command,
            capture_stdout=True,
            stderr=subprocess.DEVNULL,
            check=False,
            env=env,
        )
        if found := re.search(rb"\d+(?:\.\d+)+", done.stdout):
            return found[0].decode()
    return ""


class Console:
    """The texts of the browser's console, as far as it reports them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reported = False
        """True if the browser reports its console; otherwise the absence of a text means nothing."""
        self.process: trio.Process | None = None
        """The browser's guard, which ends with it."""

    async def heard(self, connection: DevTools, method: str, params: devtools.Values, session: str) -> None:
        """Take an event of Chromium: each frame and worker has a console of its own."""
        if method == "Target.attachedToTarget":
            await connection.post("Log.enable", {}, params["sessionId"])
        elif method == "Log.entryAdded" and len(self.texts) < MOST_TEXTS:
            self.texts.append(str(params["entry"]["text"]))

    @property
    def ended(self) -> bool:
        """True once the browser has ended."""
        return self.process is not None and self.process.poll() is not None


@asynccontextmanager
async def opened(
    browser: Installed,
    url: str,
    *,
    authority: Path | None = None,
    page: Page = Page(),
) -> AsyncIterator[Console]:
    """Run *browser*, without a window, on the page at *url* until the block ends.

    *authority*: a PEM file of extra trusted certificates. *page*: sets how Chromium treats the page: the
    space of its address, its permissions. *url* is never on a command line, because every user of this machine
    can read those.

    Raises NoBrowser if the authority cannot be added to the profile.
    """
    console = Console()
    async with AsyncExitStack() as stack:
        home = stack.enter_context(temporary_home(browser.engine))
        match browser.engine:
            case "chromium":
                if authority is not None:
                    trust(home / ".pki/nssdb", authority)
                sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
                command = [browser.command, *CHROMIUM, *sandbox, f"--user-data-dir={home / 'profile'}"]
                if page.address:
                    command.append(f"--ip-address-space-overrides={urlsplit(url).netloc}={page.address}")
                await stack.enter_async_context(_visited(command, home, url, page, console))
            case "firefox":
                profile = home / "profile"
                profile.mkdir()
                if authority is not None:
                    trust(profile, authority)
                wanted = {**FIREFOX, "browser.startup.homepage": url}
                lines = [
                    f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()
                ]
                (profile / "user.js").write_text("\n".join(lines))
                command = [browser.command, "--headless", "--no-remote", "--profile", str(profile)]
                console.process = await stack.enter_async_context(guarded(command, home, variables(home)))
            case _:
                screen = {
                    name: os.environ[name] for name in ("DISPLAY", "WAYLAND_DISPLAY") if name in os.environ
                }
                if not screen:
                    screen = {"DISPLAY": await stack.enter_async_context(display()), "GDK_BACKEND": "x11"}
                start = home / "start.html"
                start.write_text(f'<meta http-equiv="refresh" content="0;url={escape(url)}">')
                command = [browser.command, "--enable-write-console-messages-to-stdout=true", start.as_uri()]
                if authority is not None:
                    command = trusting(authority, command)
                reading, writing = os.pipe()
                env = variables(home, **screen, NO_AT_BRIDGE="1")
                printing = guarded(command, home, env, stderr=writing, stdout=writing)
                console.process = await stack.enter_async_context(printing)
                os.close(writing)
                printed = await stack.enter_async_context(trio.lowlevel.FdStream(reading))
                nursery = await stack.enter_async_context(trio.open_nursery())
                console.reported = True
                nursery.start_soon(_listen, printed, console)
                stack.callback(nursery.cancel_scope.cancel)
        yield console


@asynccontextmanager
async def chromium(
    command: Sequence[str], home: Path, heard: devtools.Heard, env: Mapping[str, str] = {}
) -> AsyncIterator[tuple[DevTools, trio.Process]]:
    """Run Chromium by *command*, with a DevTools pipe whose events *heard* takes, until the block ends. The
    process is its guard, which ends with it."""
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    move = [sys.executable, "-I", "-c", devtools.MOVE_PIPES, str(to_read), str(from_write)]
    whole = [*move, *command, "--remote-debugging-pipe", "about:blank"]
    async with guarded(whole, home, variables(home, **env), pass_fds=(to_read, from_write)) as process:
        os.close(to_read)
        os.close(from_write)
        async with (
            trio.lowlevel.FdStream(to_write) as writing,
            trio.lowlevel.FdStream(from_read) as reading,
            trio.open_nursery() as nursery,
        ):
            connection = devtools.over_pipe(writing, heard)
            nursery.start_soon(connection.listen, reading)
            yield connection, process
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _visited(
    command: Sequence[str], home: Path, url: str, page: Page, console: Console
) -> AsyncIterator[None]:
    """Run Chromium on *url*; DevTools tell what its console has, because its logs do not have the texts about
    sockets."""

    async with chromium(command, home, console.heard) as (connection, console.process):
        try:
            with trio.fail_after(START):
                await open_page(connection, url, permissions(page))
        except (trio.TooSlowError, trio.BrokenResourceError, devtools.Refused) as error:
            raise NoBrowser(f"chromium: {command[0]} does not start: {error}") from None
        console.reported = True
        yield


async def open_page(connection: DevTools, url: str, permissions: Mapping[str, str]) -> None:
    """Open a page at *url*, whose origin has *permissions*.

    Raises devtools.Refused, trio.BrokenResourceError.
    """
    where = urlsplit(url)
    for name, state in permissions.items():
        asked = {
            "permission": {"name": name},
            "setting": state,
            "origin": f"{where.scheme}://{where.netloc}",
        }
        await connection.call("Browser.setPermission", asked)
    target = (await connection.call("Target.createTarget", {"url": "about:blank"}))["targetId"]
    attached = await connection.call("Target.attachToTarget", {"targetId": target, "flatten": True})
    session = attached["sessionId"]
    await connection.call("Log.enable", {}, session)
    await connection.call(
        "Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}, session
    )
    await connection.call("Page.navigate", {"url": url}, session)


async def _listen(printed: trio.abc.ReceiveStream, console: Console) -> None:
    """Keep the console texts that MiniBrowser prints; a line without a start continues the text before it."""
    buffer = b""
    while data := await printed.receive_some(65536):
        *lines, buffer = (buffer + data).split(b"\n")
        for each in lines:
            text = each.decode("utf-8", "replace")
            if entry := CONSOLE.match(text):
                console.texts.append(text[entry.end() :])


def trust(database: Path, authority: Path) -> None:
    """Make an NSS database that trusts *authority*, a PEM file, for servers.

    Raises NoBrowser if certutil is not installed, or fails.
    """
    database.mkdir(parents=True, exist_ok=True)
    where = ["-d", f"sql:{database}"]
    try:
        for command in (
            ["-N", *where, "--empty-password"],
            ["-A", *where, "-n", "wsprobe", "-t", "C,,", "-i", str(authority)],
        ):
            subprocess.run(["certutil", *command], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NoBrowser(
            "adding a trusted authority to a browser requires certutil (Debian: libnss3-tools)"
        ) from None


def trusting(authority: Path, command: Sequence[str]) -> list[str]:
    """*command* with a system store of authorities that has only *authority*."""
    if not STORE.exists() or not shutil.which("unshare"):
        raise NoBrowser(f"adding a trusted authority to WebKitGTK requires unshare and {STORE}")
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return [*namespace, "sh", "-c", WITH_OUR_STORE, "sh", str(authority), str(STORE), *command]


def variables(home: Path, **more: str) -> dict[str, str]:
    """The environment variables of a process with *home* as its home directory, and for its temporary files if
    the path of a socket there is not too long: a browser that is killed leaves some."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if len(os.fsencode(home)) + SOCKET_NAME < SOCKET_MAX:
        kept["TMPDIR"] = str(home)
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LANG": "C", **more}


@asynccontextmanager
async def display() -> AsyncIterator[str]:
    """A private X display: the server picks the number and writes it to a pipe."""
    reading, writing = os.pipe()
    command = [DISPLAY, "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    async with AsyncExitStack() as stack:
        home = stack.enter_context(temporary_home("display"))
        await stack.enter_async_context(guarded(command, home, variables(home), pass_fds=(writing,)))
        os.close(writing)
        numbers = await stack.enter_async_context(trio.lowlevel.FdStream(reading))
        number = b""
        with trio.fail_after(30):
            while not number.endswith(b"\n"):
                came = await numbers.receive_some(16)
                if not came:
                    raise NoBrowser(f"webkitgtk: {DISPLAY} does not start")
                number += came
        yield f":{number.decode().strip()}"


@contextmanager
def temporary_home(what: str) -> Iterator[Path]:
    """A new directory that only this user can enter; it is removed when the block ends. ``guarded`` removes it
    even if this process is killed."""
    home = Path(tempfile.mkdtemp(prefix=f"wsprobe-{what}-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def guarded(
    command: Sequence[str],
    home: Path,
    env: Mapping[str, str],
    *,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[trio.Process]:
    """Run *command* until the block ends. The end of the block, or of this process, also ends its children and
    removes *home*."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-I", str(guard.__file__), str(LONGEST), str(home), *command],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env=dict(env),
        pass_fds=pass_fds,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        with trio.CancelScope(shield=True):
            await process.stdin.aclose()
            await process.wait()


async def visit(
    browser: Installed, opened: AbstractAsyncContextManager[Console], what: PageVisit, seconds: float
) -> Observation:
    """What a script in *browser* saw of *what*, whose page *opened* runs, with the console's texts if the
    browser reports them.

    Raises NoBrowser if the browser reports nothing for *seconds*, or ends before it reports.
    """
    try:
        with trio.fail_after(START + seconds):
            async with opened as console:
                while not (what.over.is_set() or console.ended):
                    with trio.move_on_after(OFTEN):
                        await what.over.wait()
                await trio.sleep(SETTLING)
                texts = tuple(console.texts) if console.reported else None
    except trio.TooSlowError:
        raise NoBrowser(
            f"{browser.engine}: {browser.command} reported nothing for {START + seconds:g} s"
        ) from None
    if what.seen is None:
        raise NoBrowser(f"{browser.engine}: {browser.command} ended before it reported anything")
    if texts is not None and what.seen.capped is not None:
        texts = tuple(text for text in texts if GAVE_UP not in text)
    return msgspec.structs.replace(what.seen, console=texts)
