"""A page on another site meets the lab and the relay, in a real Chromium: run with ``-n 0 -m engines``.

The page is at a name of its own, which leads to this machine (--host-resolver-rules), as the name of an
attacker does before and after DNS rebinding. It tries what would give it a script with the lab's origin, or a
way through the relay, and says in its title what it got.
"""

import subprocess
from contextlib import suppress
from urllib.parse import quote

import pytest
import trio

from tests import served
from tests.browsers.pages import source
from tests.browsers.there import needs
from tests.net.test_relay import Shown
from wsprobe.lab import UnknownScenario
from wsprobe.lab.installed import CHROMIUM
from wsprobe.lab.paths import PathError, scenario_at
from wsprobe.lab.server import serve
from wsprobe.lab.site import Site
from wsprobe.net.relay import relay
from wsprobe.relay.relaying import Door, Relaying
from wsprobe.request.target import parse

pytestmark = pytest.mark.engines

ATTACKER = "attacker.example"
OPTIONS = (
    *(*CHROMIUM, "--no-sandbox", "--disable-features=LocalNetworkAccessChecks"),
    *("--virtual-time-budget=6000", "--dump-dom"),
)
SCRIPT = (
    "<script>parent.postMessage('ran in ' + origin, '*');"
    "const ws = new WebSocket('ws://127.0.0.1:RELAY/');"
    "ws.onopen = () => parent.postMessage('relay opened from ' + origin, '*');"
    "if (origin !== 'null') navigator.serviceWorker.register('/-/x/page.js').then("
    "() => parent.postMessage('worker', '*'))</script>"
)
HTML = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
PAGE = source("attack.html")


def frames(lab, relay_):
    """What an attacker puts into frames."""
    script = quote(SCRIPT.replace("RELAY", str(relay_)))
    own = f"http://127.0.0.1:{lab}"
    return [
        f"{own}/status/200?header=Content-Type:text/html&body={script}",
        f"{own}/status/200?reason=OK%0d%0a%0d%0a{script}",
        f"{own}/status/103?body={quote(HTML)}{script}",
        f"{own}/redirect/200?to=x%0d%0aContent-Type:text/html%0d%0a%0d%0a{script}",
        f"{own}/raw?text={quote(HTML)}{script}",
        f"{own}/diagnostic?reason={script}",
        f"{own}/no-such{script}",
        f"{own}/?stage=403",
        f"http://{ATTACKER}:{lab}/raw?text={quote(HTML)}{script}",
    ]


async def attacked(profile, pages=None):
    """What the page of the attacker logged, and the statuses with which the relay refused. *pages*: what the
    lab plays in place of its catalogue."""
    shown = Shown()
    async with serve(front=Site(names=()), pages=pages) as lab:
        to = parse(f"ws://127.0.0.1:{lab.ports['plain']}/s/ok")
        async with relay(Relaying(to, Door()), "127.0.0.1", 0, shown) as at:
            page = PAGE.replace("FRAMES", str(frames(lab.ports["plain"], at))).replace("RELAY", str(at))
            page = page.replace("LAB", str(lab.ports["plain"]))
            whole = served.page(page.encode())
            async with serve(pages=lambda asked: whole if asked.resource == b"/attack" else None) as own:
                done = await trio.run_process(
                    [
                        "chromium",
                        *OPTIONS,
                        f"--user-data-dir={profile}",
                        f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                        f"http://{ATTACKER}:{own.ports['plain']}/attack",
                    ],
                    capture_stdout=True,
                    stderr=subprocess.DEVNULL,
                )
                dom = done.stdout
    text = dom.decode("utf-8", "replace")
    return text.partition('<pre id="log">')[2].partition("</pre>")[0], shown.away


def catalogue(asked):
    """What is there for *asked*, as it is; None if there is nothing."""
    with suppress(UnknownScenario, PathError):
        return scenario_at(asked.resource.decode("latin-1"))


def log_of(profile, pages=None):
    async def bounded():
        with trio.fail_after(120):
            return await attacked(profile, pages)

    log, away = trio.run(bounded)
    print(log)
    assert "message: ready" in log  # so that the page ran, and a stage loaded
    return log.splitlines(), away


@needs("chromium")
def test_a_page_elsewhere_gets_nothing(tmp_path):
    lines, away = log_of(tmp_path)
    assert [
        line for line in lines if any(word in line for word in ("ran in", "opened", "worker", "obeyed"))
    ] == []
    assert [line for line in lines if line.startswith("rebound") and "failed" not in line] == []
    assert away
    assert set(away) <= {403, 421}


@needs("chromium")
def test_without_the_door_it_would_get_a_script_and_the_relay(tmp_path):
    lines, _ = log_of(tmp_path, catalogue)
    assert [line for line in lines if "ran in http://127.0.0.1" in line]
    assert [line for line in lines if "relay opened from http://127.0.0.1" in line]
