"""The pages that wsprobe makes, read by axe-core in a real browser: reports of one URL and of many, the page of
``wsprobe serve``; on a desktop in light colours and on a phone in dark ones."""

import json
import shutil
from functools import partial

import pytest

from tests.browsers.devtools import call, chromium, opened, value
from tests.browsers.pages import source
from tests.browsers.there import needs
from tests.peers.node import installed
from tests.peers.program import serving
from wsprobe.cli.main import run

NPM = shutil.which("npm")
pytestmark = [pytest.mark.engines, needs("chromium", "npm")]
SCREENS = {"desktop": (1280, "light"), "phone": (360, "dark")}
LOADED = """new Promise(done => {
  const look = () => document.readyState === "complete" && !document.getElementById("loading") && (%s)
    ? requestAnimationFrame(() => done(null)) : setTimeout(look, 10);
  look();
})"""
AXE = """axe.run({resultTypes: ["violations"]}).then(found => found.violations
  .map(each => `${each.impact} ${each.id}: ${each.nodes.length}, as ${each.nodes[0].html.slice(0, 200)}`))"""
BROKEN = source("broken-words.js")
"""Words of prose that stand on two lines."""


@pytest.fixture(scope="module")
def read(tmp_path_factory, pytestconfig):
    """``read(url, screen, ready)``: what axe-core says of a page, and what is broken, when *ready*, a condition
    in JavaScript, holds. One Chromium for all."""
    packages = installed(NPM, pytestconfig.cache.mkdir("axe-core"), ("axe-core",))
    axe = (packages / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    with chromium(tmp_path_factory.mktemp("chromium")) as speaking:
        yield lambda page, screen, ready: _read(speaking, axe, page, screen, ready)


def _read(speaking, axe, url, screen, ready):
    width, colours = SCREENS[screen]
    target, session = opened(speaking, "about:blank")
    value_of = partial(value, speaking, session)
    media = [{"name": "prefers-color-scheme", "value": colours}]
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    try:
        call(speaking, "Page.setBypassCSP", session, enabled=True)  # axe-core is not part of the page
        call(speaking, "Emulation.setDeviceMetricsOverride", session, **size)
        call(speaking, "Emulation.setEmulatedMedia", session, features=media)
        call(speaking, "Page.navigate", session, url=url)
        value_of(LOADED % f"location.href === {json.dumps(url)} && ({ready})")
        value_of(LOADED % ready)
        value_of(f"{axe}; 0")
        return {
            "violations": value_of(AXE),
            "broken": value_of(BROKEN),
            "too wide": value_of("Math.max(document.documentElement.scrollWidth - innerWidth, 0)"),
            "elements": value_of("document.querySelectorAll('*').length"),
        }
    finally:
        call(speaking, "Target.closeTarget", targetId=target)


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
def page():
    with serving() as at:
        yield f"http://{at}/"


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
