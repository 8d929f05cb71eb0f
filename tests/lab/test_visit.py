"""A visit of an installed browser, which is played: what it found, and why it found nothing."""

import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from wsprobe.lab import installed
from wsprobe.lab.installed import GAVE_UP, Installed, NoBrowser, find, visit
from wsprobe.lab.measured import Capped, Observation

FIREFOX = Installed("firefox", "/opt/firefox")
SEEN = Observation("ok", None, "ws://127.0.0.1:1/", (), 3)
STOPPED = replace(SEEN, capped=Capped((), 0))
TEXTS = ["a text", f"WebSocket connection failed: {GAVE_UP}"]

VISITS = {
    # what happens; the texts of the console, or why there is no result; seconds
    "a result, and the console": ({"seen": SEEN, "at": 2}, tuple(TEXTS), 2.3),
    "a page that stopped waiting": ({"seen": STOPPED, "at": 2}, ("a text",), 2.3),
    "no console": ({"seen": SEEN, "at": 2, "reported": False}, None, 2.3),
    "the browser ends": ({"ends": 1}, "firefox: /opt/firefox ended before it reported anything", 1.3),
    "nothing comes": ({}, "firefox: /opt/firefox reported nothing for 65 s", 65),
}


@pytest.mark.parametrize("case", VISITS)
def test_what_a_visit_finds(case):
    happens, result, seconds = VISITS[case]
    what = SimpleNamespace(over=trio.Event(), seen=None)
    left = []

    class Console:
        texts, reported = TEXTS, happens.get("reported", True)

        @property
        def ended(self):
            return trio.current_time() >= happens.get("ends", 1000)

    @asynccontextmanager
    async def opened():
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def page():
                await trio.sleep(happens.get("at", 1000))
                what.seen = happens["seen"]
                what.over.set()

            try:
                yield Console()
            finally:
                left.append(trio.current_time())
                nursery.cancel_scope.cancel()

    async def work():
        try:
            return await visit(FIREFOX, opened(), what, 5)
        except NoBrowser as error:
            return str(error)

    came = trio.run(work, clock=MockClock(autojump_threshold=0))
    assert left == [pytest.approx(seconds)]
    if isinstance(result, str):
        assert came == result
    else:
        assert came == replace(happens["seen"], console=result)


@pytest.mark.parametrize(
    ("store", "unshare", "good"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_what_a_trusted_authority_needs(store, unshare, good, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda _: store)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/unshare" if unshare else None)
    if not good:
        with pytest.raises(NoBrowser, match="requires unshare and"):
            installed.trusting(Path("/ca.pem"), ["browser", "url"])
        return
    for user, mapped in ((0, []), (1000, ["--map-root-user"])):
        monkeypatch.setattr(installed.os, "geteuid", lambda user=user: user)
        before = [
            "unshare",
            "--mount",
            *mapped,
            "sh",
            "-c",
            installed.WITH_OUR_STORE,
            "sh",
            "/ca.pem",
            str(installed.STORE),
        ]
        assert installed.trusting(Path("/ca.pem"), ["browser", "url"]) == [*before, "browser", "url"]


@pytest.mark.parametrize(
    ("word", "there", "display", "found"),
    [
        ("firefox", ["firefox"], "", Installed("firefox", "/bin/firefox")),
        ("firefox=/x/nightly", ["/x/nightly"], "", Installed("firefox", "/bin//x/nightly")),
        (
            "firefox=/x/nightly",
            ["firefox"],
            "",
            "firefox: no such command: /x/nightly; give its path: firefox=PATH",
        ),
        ("opera", ["opera"], "", "'opera' is not one of chromium, firefox, webkitgtk"),
        ("webkitgtk=/x/Mini", ["/x/Mini"], ":0", Installed("webkitgtk", "/bin//x/Mini")),
        ("webkitgtk=/x/Mini", ["/x/Mini", "Xvfb"], "", Installed("webkitgtk", "/bin//x/Mini")),
        (
            "webkitgtk=/x/Mini",
            ["/x/Mini"],
            "",
            "webkitgtk: MiniBrowser needs a display; there is none, and no Xvfb to make one",
        ),
    ],
)
def test_which_browser_a_word_names(word, there, display, found, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("WAYLAND_DISPLAY", "")
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name in there else None)
    if isinstance(found, Installed):
        assert find([word]) == [found]
        return
    with pytest.raises(NoBrowser) as raised:
        find([word])
    assert str(raised.value) == found
