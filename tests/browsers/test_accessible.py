"""The pages that wsprobe makes, read by axe-core in a real browser: reports of one URL and of many, the page of
``wsprobe serve``; on a desktop in light colours and on a phone in dark ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.peers.node import installed
from tests.peers.place import HOST, running
from wsprobe.cli.main import run

CHROMIUM, NPM = shutil.which("chromium"), shutil.which("npm")
pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(CHROMIUM is None or NPM is None, reason="no Chromium, or no npm"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
SCREENS = {"desktop": (1280, "light"), "phone": (360, "dark")}
LOADED = """new Promise(done => {
  const look = () => document.readyState === "complete" && !document.getElementById("loading") && (%s)
    ? requestAnimationFrame(() => done(null)) : setTimeout(look, 10);
  look();
})"""
AXE = """axe.run({resultTypes: ["violations"]}).then(found => found.violations
  .map(each => `${each.impact} ${each.id}: ${each.nodes.length}, as ${each.nodes[0].html.slice(0, 200)}`))"""
BROKEN = """(() => {
  const broken = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, around = text.parentElement;
    if (around.closest("pre, code, a, style, script, noscript") || !around.checkVisibility()) continue;
    for (const word of text.data.matchAll(/(?<=^|[\\s(])[A-Za-z]{2,20}(?=$|[\\s.,;:)!?])/g)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter(one => one.width);
      if (new Set(boxes.map(one => Math.round(one.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
})()"""
"""Words of prose that stand on two lines."""
Read = Callable[[str, str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def read(tmp_path_factory, pytestconfig):
    """``read(url, screen, ready)``: what axe-core says of a page, and what is broken, when *ready*, a condition
    in JavaScript, holds. One Chromium for all."""
    assert CHROMIUM is not None
    assert NPM is not None
    packages = installed(NPM, pytestconfig.cache.mkdir("axe-core"), ("axe-core",))
    axe = (packages / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    home = tmp_path_factory.mktemp("chromium")
    with subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={home}", "about:blank"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            url = next(line.split()[-1] for line in process.stderr if "DevTools listening on" in line)
            with connect(url, max_size=None, proxy=None) as speaking:
                yield lambda page, screen, ready: _read(speaking, axe, page, screen, ready)
        finally:
            process.kill()


def _read(speaking, axe, url, screen, ready):
    def call(method, session="", **params):
        speaking.send(
            json.dumps(
                {"id": 1, "method": method, "params": params} | ({"sessionId": session} if session else {})
            )
        )
        while True:
            message = json.loads(speaking.recv(timeout=120))
            if "id" in message:
                assert "result" in message, (method, message)
                result = message["result"]
                return result

    width, colours = SCREENS[screen]
    target = call("Target.createTarget", url="about:blank")["targetId"]
    session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def value(code):
        result = call("Runtime.evaluate", session, expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    try:
        call("Page.enable", session)
        call("Page.setBypassCSP", session, enabled=True)  # axe-core is not part of the page
        call(
            "Emulation.setDeviceMetricsOverride",
            session,
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        call(
            "Emulation.setEmulatedMedia", session, features=[{"name": "prefers-color-scheme", "value": colours}]
        )
        call("Page.navigate", session, url=url)
        value(LOADED % f"location.href === {json.dumps(url)} && ({ready})")
        value(LOADED % ready)
        value(f"{axe}; 0")
        return {
            "violations": value(AXE),
            "broken": value(BROKEN),
            "too wide": value("Math.max(document.documentElement.scrollWidth - innerWidth, 0)"),
            "elements": value("document.querySelectorAll('*').length"),
        }
    finally:
        call("Target.closeTarget", targetId=target)


GOOD = {"violations": [], "broken": [], "too wide": 0}
NAMES = (
    "status-403",
    "refused",
    "ok",
    "accept-wrong",
    "close-4403",
    "redirect-302",
    "status-401",
    "wss-expired",
)


def checked(found):
    """How many elements the page has, where nothing is wrong with it."""
    elements = found.pop("elements")
    assert found == GOOD
    return elements


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    "words",
    [
        ["connect", "lab:accept-lower-case"],
        ["connect", *(f"lab:{name}" for name in NAMES)],
        ["compare", "--browser-mode", "--fetch", "lab:status-403", "lab:redirect-302"],
        ["compare", "lab:status-403", "lab:status-401"],
        ["trace", "--pause", "0", "--hold", "0", "lab:status-403"],
    ],
    ids=["one", "several", "compare", "difference", "trace"],
)
def test_reports(words, screen, read, tmp_path):
    file = tmp_path / "report.html"
    run([words[0], "-s", "--linger", "0.01", "--report", str(file), *words[1:]])
    checked(read(file.as_uri(), screen, "true"))


def test_a_report_of_many_is_not_much_more_to_draw(read, tmp_path):
    """A page of 500 URLs takes a browser as long as its elements are many, so these are counted."""
    urls = tmp_path / "urls"
    urls.write_text("".join(f"lab:{name}\n" for name in NAMES[:5] * 100))
    file = tmp_path / "report.html"
    words = ["--linger", "0.01", "--parallel", "50", "--per-host", "50"]
    run(["connect", "-s", *words, "--report", str(file), f"@{urls}"])
    assert checked(read(file.as_uri(), "desktop", "true")) < 7000
    assert file.stat().st_size < 500_000


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The URL of the page of ``wsprobe serve``, which runs in a process of its own."""
    command = [sys.executable, "-m", "wsprobe", "serve", "--silent", "--port"]
    folder = tmp_path_factory.mktemp("serve")
    with running(lambda ports: [*command, str(ports[0])], folder) as (port,):
        yield f"http://{HOST}:{port}/"


FRONT = "document.querySelectorAll('#cards .card ol.events').length === 6"
READY = {
    "": FRONT,
    "#/scenarios": "document.querySelectorAll('#list li').length > 600",
    "#/s/403": "document.querySelectorAll('#one-seen ol.events').length === 1",
    "#/all": "true",
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("where", READY)
def test_the_page_of_serve(where, screen, read, page):
    checked(read(page + where, screen, READY[where]))


def test_the_page_says_that_it_is_loading():
    from importlib.resources import files

    text = files("wsprobe.lab").joinpath("page/index.html").read_text("utf-8")
    assert '<p id="loading" class="lead" role="status">Loading' in text
