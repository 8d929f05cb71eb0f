"""Starts a Chromium on a page, watches it, and ends it; its own network log is read as it grows.

The log has every byte of the page's traffic, cookies too. It lies in a folder that only this user can enter,
and that is removed with the browser, even if wsprobe is killed (``lab.guard``).
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import trio
from msgspec import Struct, field

from wsprobe.browser_logs.netlog import NetLog
from wsprobe.exchange import How
from wsprobe.lab import installed
from wsprobe.lab.devtools import DevTools
from wsprobe.lab.devtools import Refused as DevToolsRefused
from wsprobe.lab.installed import Installed, NoBrowser
from wsprobe.page.sockets import MOST, PageSocket
from wsprobe.page.watching import PageError, Watching

OFTEN = 0.25
"""Seconds between two looks at the log and at the clock."""
ENDING = 5.0
"""Seconds that the browser has to write the end of its log."""
PIECE = 256 * 1024
"""Bytes read of the log at a time."""
KEPT_MAX = 16 * 1024 * 1024
"""Bytes kept of all sockets together."""
MARK = ".wsprobe-profile"
"""The file that marks a profile of wsprobe's own."""
SCREEN = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
"""The variables that a visible window needs."""
QUIET = (
    "--disable-extensions",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--no-pings",
    "--gaia-url=http://127.0.0.1:9/",
    "--component-updater=url-source=http://127.0.0.1:9/",
    "--disable-features=NetworkTimeServiceQuerying,OptimizationHints,OptimizationGuideModelDownloading,"
    "MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions",
)
"""Switches that keep the browser from sending requests of its own. A proxy (-x) sees them even if no name
resolves; Chromium opens no connection to port 9."""

Why = Literal["quiet", "time", "closed", "interrupted", "died"]
AWAITED: dict[Why, How] = {"time": "timeout", "interrupted": "interrupted"}
"""Why the watch ended -> how the recording of a handshake that was under way ends."""


class Wanted(Struct, frozen=True):
    """What to open, and how long to watch."""

    url: str
    settle: float = 3.0
    """Seconds without a new socket after which a loaded page is quiet."""
    most: float | None = 30.0
    """Seconds until the end at the latest; None: without limit."""
    lasts: float | None = None
    """Watch for so many seconds, quiet or not."""
    window: bool = False
    listeners: bool = True
    profile: Path | None = None
    switches: tuple[str, ...] = ()
    """Further ones: proxy, addresses, certificates."""
    authority: Path | None = None


class PageWatch(Struct):
    """What was seen until now; complete when ``watch`` returns."""

    watching: Watching
    log: NetLog = field(default_factory=lambda: NetLog(most=2 * MOST, kept_max=KEPT_MAX))
    why: Why = "quiet"
    problem: str = ""
    """Why the page did not load; "" if it did."""
    until: float | None = None
    """When the watch ended, before the browser did: seconds since 1970."""
    program: str = "Chromium"
    """The browser, and its version."""

    @property
    def how(self) -> How:
        """How the recording of a handshake ends that was under way at the end."""
        return AWAITED.get(self.why, "local")


async def watch(
    browser: Installed, wanted: Wanted, over: Callable[[PageWatch, PageSocket], Awaitable[None]] | None = None
) -> PageWatch:
    """Open the page, and watch it until it is quiet, closed, or its time is up.

    *over*: called with each socket when nothing more will come of it, and its bytes have been read.
    Raises NoBrowser.
    """
    watched = PageWatch(Watching(wanted.listeners))
    with installed.temporary_home("page") as home, _profile(wanted.profile, home) as profile:
        if wanted.authority is not None:
            installed.trust(home / ".pki/nssdb", wanted.authority)
        log = home / "net.log"
        log.touch(0o600)
        command = _command(browser, wanted, profile, log)
        screen = {name: os.environ[name] for name in SCREEN if name in os.environ} if wanted.window else {}
        try:
            with log.open("rb") as reading:
                async with installed.chromium(command, home, watched.watching.heard, screen) as (
                    tools,
                    process,
                ):
                    await _run(tools, process, browser, wanted, watched, reading.read, over)
                while data := reading.read(PIECE):
                    watched.log.feed(data)
                # Its log does not tell: another process of the browser writes it, and may complete it.
                if watched.why == "closed" and process.returncode:
                    watched.why = "died"
        except* DevToolsRefused as refused:
            raise NoBrowser(f"chromium: {browser.command}: {refused.exceptions[0]}") from None
    watched.log.close()
    return watched


async def _run(
    tools: DevTools,
    process: trio.Process,
    browser: Installed,
    wanted: Wanted,
    watched: PageWatch,
    read: Callable[[int], bytes],
    over: Callable[[PageWatch, PageSocket], Awaitable[None]] | None,
) -> None:
    watching = watched.watching
    try:
        with trio.fail_after(installed.START):
            watched.program = str((await tools.call("Browser.getVersion")).get("product", watched.program))
            await watching.follow_all(tools)
    except (trio.TooSlowError, trio.BrokenResourceError, DevToolsRefused) as error:
        raise NoBrowser(f"chromium: {browser.command} does not start: {error}") from None
    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_interrupted, signals, watched, nursery.cancel_scope)
            nursery.start_soon(_follow_log, watched, read)
            await _until_quiet(process, wanted, watched, over)
            nursery.cancel_scope.cancel()
        watching.over = True
        watched.until = datetime.now(UTC).timestamp()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await tools.post("Browser.close")
        with trio.move_on_after(ENDING):
            while process.poll() is None:
                if data := read(PIECE):
                    watched.log.feed(data)
                else:
                    await trio.sleep(0.02)


async def _interrupted(signals: object, watched: PageWatch, scope: trio.CancelScope) -> None:
    async for _ in signals:  # type: ignore[attr-defined]  # trio's own iterator has no public type
        watched.why = "interrupted"
        scope.cancel()


async def _follow_log(watched: PageWatch, read: Callable[[int], bytes]) -> None:
    while True:
        while data := read(PIECE):
            watched.log.feed(data)
            await trio.lowlevel.checkpoint()
        await trio.sleep(OFTEN)


async def _until_quiet(
    process: trio.Process,
    wanted: Wanted,
    watched: PageWatch,
    over: Callable[[PageWatch, PageSocket], Awaitable[None]] | None,
) -> None:
    watching = watched.watching
    ended: list[tuple[float, PageSocket]] = []

    async def keep(socket: PageSocket) -> None:
        ended.append((trio.current_time(), socket))

    watching.on_over = keep if over is not None else None
    began = trio.current_time()
    limit = wanted.most if wanted.lasts is None else wanted.lasts
    end = float("inf") if limit is None else began + limit
    with trio.move_on_at(end) as in_time:
        try:
            await watching.open(wanted.url)
        except PageError as error:
            status = watching.document.status
            empty = f"the server answered {status} without a page" if status is not None else ""
            watched.problem = empty or str(error)
            return
        loaded, looked, awaited = None, 0.0, 0.0
        while process.poll() is None and watching.pages:
            with trio.move_on_after(OFTEN):
                await watching.wait()
            now = trio.current_time()
            # The log is read a moment later than DevTools report the end.
            while over is not None and ended and now - ended[0][0] >= 2 * OFTEN:
                await over(watched, ended.pop(0)[1])
            if loaded is None and watching.document.loaded:
                loaded = now
            if wanted.lasts is not None or wanted.window or loaded is None or now - looked < OFTEN:
                continue
            looked = now
            if watching.pending:
                awaited = now  # what its script does with the answer is yet to come
            elif now - max(loaded, watching.last_new, awaited) >= wanted.settle:
                return
        watched.why = "closed"
    if in_time.cancelled_caught:
        watched.why = "time"


def _command(browser: Installed, wanted: Wanted, profile: Path, log: Path) -> list[str]:
    switches = [each for each in installed.CHROMIUM if each != "--headless" or not wanted.window]
    if wanted.window:
        switches.remove("--disable-gpu")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        browser.command,
        *switches,
        *QUIET,
        *sandbox,
        *wanted.switches,
        f"--user-data-dir={profile}",
        f"--log-net-log={log}",
        "--net-log-capture-mode=Everything",
    ]


@contextmanager
def _profile(wanted: Path | None, home: Path) -> Iterator[Path]:
    """The folder of the profile: a fresh one, or *wanted* if it is empty or marked, locked meanwhile.

    Raises NoBrowser.
    """
    if wanted is None:
        yield home / "profile"
        return
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = wanted / MARK
        if not mark.exists() and any(wanted.iterdir()):
            raise NoBrowser(
                f"--profile: {wanted} is not empty, and not a profile that wsprobe made; name an empty folder"
            )
        with mark.open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NoBrowser(f"--profile: another wsprobe uses {wanted}") from None
            yield wanted
    except OSError as error:
        raise NoBrowser(f"--profile: {wanted}: {error.strerror}") from None
