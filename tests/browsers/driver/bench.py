"""The measuring bench: the lab on loopback, each case on an address of its own, and the pages."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tests import served
from tests.browsers.driver.case import Case
from wsprobe.browsers.engine import Page
from wsprobe.lab.perform import request
from wsprobe.lab.ports import PATH
from wsprobe.lab.server import Lab, Visit, reception, serve

PAGE_ADDRESSES = tuple(f"127.0.100.{index}" for index in range(1, 200))
"""Addresses to load pages from: each is a site of its own, so its failures are not counted for another's."""


@dataclass(slots=True)
class Bench:
    lab: Lab
    cases: dict[str, Case]
    addresses: dict[str, str]
    """Loopback address by case name."""
    pages: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Whole answers, by Host field and path."""
    once: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """The same, but given out only once, before what is in *pages*."""
    requests: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """By case name: the head of every request, in the order of their coming."""

    watch: Callable[[Visit], None] | None = None
    """Called for every visit, beside what is kept of it here."""

    def place(self, case):
        return self.lab.place(case.scenario, self.addresses[case.name])

    def page_url(self, number, case):
        """Where page *number* is: a site of its own, unless its case says where."""
        if case.scenario.page.url != Page().url:
            return self.place(case).page.url
        return f"http://{PAGE_ADDRESSES[number % len(PAGE_ADDRESSES)]}:{self.lab.ports['plain']}/?page={number}"

    def put(self, url, html, policy="", *, once=False):
        """Let there be a page at *url*, or *once* only."""
        where = urlsplit(url)
        fields = ["Cache-Control: no-store", "Connection: close"]
        fields += [f"Content-Security-Policy: {policy}"] if policy else []
        pages = self.once if once else self.pages
        path = url.partition(where.netloc)[2].partition("#")[0]
        pages[where.netloc.rpartition("@")[2], path] = served.page(
            html, "text/html; charset=utf-8", more=fields
        )

    def answer(self, asked):
        """What the lab is to answer in place of its catalogue."""
        path = asked.resource.decode("latin-1")
        host = asked.first(b"host").decode("latin-1")
        if not asked.upgrade:
            return self.once.pop((host, path), None) or self.pages.get((host, path))
        name = unquote(urlsplit(path).path.removeprefix(PATH))
        if name in self.cases:
            return self.cases[name].scenario
        owner = self._owner(host.rpartition(":")[0])
        found = reception(asked).name
        return self.cases[owner].scenario if owner and found in ("", "the list") else None

    def note(self, visit):
        """Keep the request if it is a case's: by its address, or by its name where the address is shared."""
        if self.watch is not None:
            self.watch(visit)
        asked = request(visit.request)
        if asked is not None and asked.upgrade:
            owner = self._owner(visit.local.rpartition(":")[0])
            if owner is None and visit.scenario in self.cases:
                owner = (
                    None if "{ip}" in (self.cases[visit.scenario].scenario.url or "{ip}") else visit.scenario
                )
            if owner is not None:
                self.requests[owner].append(asked.head.raw)

    def _owner(self, address):
        return next((name for name, own in self.addresses.items() if own == address), None)


def addresses():
    """Loopback addresses for cases: 127.0.10.1 and on."""
    return (f"127.0.{10 + index // 250}.{1 + index % 250}" for index in range(20_000))


@asynccontextmanager
async def bench(cases):
    """A bench for *cases*; gone with the block."""
    named = {case.name: case for case in cases}
    made = []
    async with serve(
        every_loopback=True,
        watch=lambda visit: made[0].note(visit),
        pages=lambda asked: made[0].answer(asked),
    ) as lab:
        made.append(Bench(lab, named, dict(zip(named, addresses(), strict=False))))
        yield made[0]
