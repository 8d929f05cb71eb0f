"""What the page of the lab records is what the drivers' recordings have: run with ``-n 0 -m engines``.

With WSPROBE_TESTS=all the page runs the whole catalogue, some minutes for each engine; else a twelfth of it, in
each browser another one, not of the third that its driver plays (test_live.py).
"""

import pytest
import trio

from tests.browsers.__main__ import recording
from tests.browsers.driver import store
from tests.browsers.driver.compare import differences
from tests.browsers.measure import left_out
from tests.browsers.there import there
from tests.cases import THIRD, turn
from wsprobe.lab import installed, load, site
from wsprobe.lab.measured import MEASURED
from wsprobe.lab.server import serve

pytestmark = pytest.mark.engines

HOSTS = tuple(f"127.0.10.{number}" for number in range(1, 7))
"""One handshake at a time goes to each, as browsers have it."""
SECONDS = 600.0
TRUST = "wss-ok"
"""What the page opens first, to know whether the browser trusts the lab."""
TOLD = ("exception", "url", "events", "readyState")
CUT_OFF = {"101-then-fin", "close-then-fin", "101-then-rst", "close-code-never-arrives", "error-then-message"}
"""The end comes with, or before, what it ends: which of them is noticed first is a matter of moments."""
SLOW = {"pmd-bomb"}
"""80 MB to inflate: on a busy machine the server's patience is over before."""


def share(engine):
    """The scenarios that the page is to run in *engine*, of those that the drivers measure in every engine."""
    measured = {name: each for name, each in load().items() if not left_out("", name)}
    return {TRUST: measured[TRUST]} | turn(measured, 4 * THIRD, MEASURED.index(engine) + 4)


async def run_all(browser):
    """What *browser* finds when the page runs all that it lists and sends it."""
    found = []
    over = trio.Event()

    def keep(measured):
        found.append(measured)
        over.set()

    front = site.Site(names=(), hosts=HOSTS, keep=keep)
    async with serve(every_loopback=True, front=front) as lab:
        url = f"{front.page_url(lab.host, lab.ports['plain'])}?run&send"
        async with installed.opened(browser, url, authority=lab.certificate_authority):
            with trio.fail_after(SECONDS):
                await over.wait()
    return found[0]


def unlike(seen, known):
    """In what *seen* is not as *known*, nor any of the results that race with it."""
    whole = recording(load()[seen.scenario], seen)
    got = {name: whole.get(name) for name in (*TOLD, "value") if name in (*TOLD, *whole)}
    results = [
        {name: one.get(name) for name in (*TOLD, "value") if name in (*TOLD, *one)}
        for one in (known, *known.get("races", ()))
    ]
    return min((differences(one, got) for one in results), key=len)


@pytest.mark.parametrize("engine", MEASURED)
def test_the_page_records_what_the_drivers_record(engine, capsys, monkeypatch):
    browser = there(engine)
    listed = share(engine)
    monkeypatch.setattr(site, "load", lambda: listed)
    measured = trio.run(run_all, browser)
    _, recordings = store.load(engine)
    differing = {name: unlike(seen, recordings[name]) for name, seen in measured.seen.items()}
    differing = {name: lines for name, lines in differing.items() if lines}
    with capsys.disabled():
        played = f"{len(listed)} of {len(recordings)} scenarios"
        print(f"\n{measured.browser.title}: {played}, {len(differing)} differ:")
        print(*(f"{name}: {line}" for name, lines in differing.items() for line in lines), sep="\n")
    assert measured.browser.leftOut == {}
    assert set(measured.seen) == set(listed)
    assert {name: lines for name, lines in differing.items() if name not in CUT_OFF | SLOW} == {}
