"""Measures Local Network Access in the Chromium that is installed: ``python -m tests.browsers.local_network``
writes recordings/local-network.jsonl.

Every address is of loopback; ``--ip-address-space-overrides`` has Chromium take it for one of another space.
Each row has a page, and a target, of its own.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import trio

from tests.browsers.driver.bench import bench
from tests.browsers.driver.chromium import Chromium, ChromiumBrowser
from tests.browsers.pages import source
from wsprobe.browsers.local_network import SPACES
from wsprobe.lab.ports import Listener

FILE = Path(__file__).with_name("recordings") / "local-network.jsonl"
SCENARIO = "close-1000"
SCRIPT = source("local-network.html")
HIDDEN = "public.page.test"
"""A name below which every name is one of the pages' addresses: for pages that are no secure context."""


@dataclass(frozen=True, slots=True)
class Row:
    """One socket, from a page of one space to a target of another."""

    page: str
    """Its space, or the scheme of a page without an address: data, file."""
    to: str
    scheme: str = "ws"
    secure: bool = True
    """The page is at an https: URL; else at an http: URL of a name that is not localhost."""
    csp: str = ""
    permissions: dict[str, str] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
    console: tuple[str, ...] = ()
    sent: bool = False
    """A request reached the server."""

    @property
    def asked(self):
        """What is measured, without what came of it."""
        return replace(self, events=(), console=(), sent=False)


def rows():
    """What is measured: each pair of spaces, secure and not, granted and not; and pages without an address."""
    for page, to, scheme, secure in product(SPACES, SPACES, ("ws", "wss"), (True, False)):
        yield Row(page, to, scheme, secure)
    for name, state, to in product(
        ("local-network", "loopback-network", "local-network-access"), ("granted", "denied"), SPACES[1:]
    ):
        yield Row("public", to, permissions={name: state})
    yield Row("public", "loopback", "wss", permissions={"loopback-network": "granted"})
    for page, to in product(("data", "file"), SPACES):
        yield Row(page, to, secure=False)
    yield Row("loopback", "loopback", csp="treat-as-public-address")
    for policy in ("sandbox allow-scripts", "sandbox allow-scripts allow-same-origin"):
        yield Row("public", "loopback", csp=policy, permissions={"loopback-network": "granted"})


async def measure(wanted):
    """Chromium's version, and *wanted* with what came of each."""
    visits = set()
    async with bench([]) as place:
        place.watch = lambda visit: visits.add(visit.local.rpartition(":")[0]) if visit.request else None
        plain, tls = place.lab.start(cast(Listener, "plain")), place.lab.start(cast(Listener, "tls"))
        places = [(row, f"127.0.100.{n}", f"127.0.101.{n}") for n, row in enumerate(wanted, 1)]
        spaces = [
            f"{address}:{port}={space}"
            for row, page, to in places
            for address, space in ((page, row.page), (to, row.to))
            for port in (plain, tls)
            if space in SPACES
        ]
        names = ",".join(f"MAP p{n}.{HIDDEN} {page}" for n, (_, page, _) in enumerate(places, 1))
        flags = (f"--ip-address-space-overrides={','.join(spaces)}", f"--host-resolver-rules={names}")
        async with Chromium(flags).start(place) as browser:
            found = []
            for number, (row, page, to) in enumerate(places, 1):
                target = f"{row.scheme}://{to}:{plain if row.scheme == 'ws' else tls}/s/{SCENARIO}"
                html = SCRIPT.replace("URL", json.dumps(target))
                origin = f"https://{page}:{tls}" if row.secure else f"http://p{number}.{HIDDEN}:{plain}"
                url = f"{origin}/?{number}"
                place.put(url, html.encode(), row.csp)
                if row.page == "data":
                    url = "data:text/html;charset=utf-8," + html.replace("\n", " ").replace("#", "%23")
                if row.page == "file":
                    file = Path(browser.home) / f"{number}.html"
                    file.write_text(html)
                    url = file.as_uri()
                for name, state in row.permissions.items():
                    await browser.allow(name, state, origin)
                sheet = await browser.load(url, 30)
                found.append(
                    replace(
                        row,
                        events=tuple(sheet.results["events"]),
                        console=tuple(
                            line.text.replace(target, "{url}") for line in sheet.console if target in line.text
                        ),
                        sent=to in visits,
                    )
                )
            return cast(ChromiumBrowser, browser).version, found


def load():
    """The version, and the rows, that are recorded."""
    first, *lines = FILE.read_text().splitlines()
    values = [json.loads(line) for line in lines]
    made = [Row(**v | {"events": tuple(v["events"]), "console": tuple(v["console"])}) for v in values]
    return json.loads(first)["version"], made


def save(version, measured):
    lines = [{"engine": "chromium", "version": version}, *map(asdict, measured)]
    FILE.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    save(*trio.run(measure, list(rows())))
