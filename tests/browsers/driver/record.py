"""Measures cases in an engine and shapes what the page wrote down into recordings."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import trio

from tests.browsers.driver import store
from tests.browsers.driver.bench import PAGE_ADDRESSES, Bench, bench
from tests.browsers.driver.browser import Engine, EngineError
from tests.browsers.driver.case import Case
from tests.browsers.driver.page import page
from wsprobe.lab import find
from wsprobe.lab.staging import with_script

START, AFTER_CAP = 15.0, 4.0
"""Seconds that an engine has to load a page, and to end what the page closed at the cap."""
KEY = re.compile(rb"(?mi)^(Sec-WebSocket-Key: *)[^\r\n]*")
MARGIN = 20.0
"""Milliseconds by which clocks may differ: what the console said so shortly before the cap came of it."""

Recording = dict[str, Any]
"""What one engine did with one scenario, as a recordings file has it (store.py)."""


@dataclass(slots=True)
class Measurement:
    version: str = ""
    recordings: dict[str, Recording] = field(default_factory=dict)
    stray: list[str] = field(default_factory=list)
    """Console texts that belong to no case."""
    failed: dict[str, str] = field(default_factory=dict)
    """Cases that stalled or ended the engine, and how it looked from here."""


async def measure(engine, cases, *, calm=False, watch=lambda _: None):
    """Run *cases* in *engine*: in as many pages and browsers at once as it bears, or one by one if *calm*."""
    cases, result = list(cases), Measurement()
    async with bench(cases) as place:
        run = Run(engine, place, result, watch)
        broken = await run.all([[case] for case in cases] if calm else _pages(engine, cases), calm)
        for error, (case,) in await run.all([[case] for _, batch in broken for case in batch], True):
            result.failed[case.name] = error
    return result


def _pages(engine, cases):
    """Split into pages. Alone is what needs a page of its own, or has console texts that may name no URL."""
    together = {}
    pages = []
    for case in cases:
        argued = case.scenario.url or case.scenario.about == "arguments"
        if case.alone or (argued and not engine.names_urls):
            pages.append([case])
        else:
            together.setdefault(case.page, []).append(case)
    size = engine.a_page
    for group in together.values():
        pages += [group[start : start + size] for start in range(0, len(group), size)]
    return pages


Broken = list[tuple[str, Sequence[Case]]]


@dataclass(frozen=True, slots=True)
class Run:
    engine: Engine
    bench: Bench
    result: Measurement
    watch: Callable[[str], None]

    async def all(self, pages, calm):
        """Load every page; returns those at which the engine failed, and how."""
        waiting, broken = deque(enumerate(pages)), Broken()

        async def tab(browser):
            while waiting:
                number, batch = waiting.popleft()
                try:
                    await self._load(browser, number, batch)
                except EngineError as error:
                    broken.append((str(error), batch))
                    raise
                except trio.Cancelled:
                    waiting.append((number, batch))
                    raise
                self.watch(f"{len(self.result.recordings)} measured, {len(waiting)} pages to go")

        async def window():
            while waiting:
                try:
                    async with self.engine.start(self.bench) as browser:
                        self.result.version = browser.version
                        await self._warm_up(browser)
                        async with trio.open_nursery() as tabs:
                            for _ in range(1 if calm else self.engine.pages):
                                tabs.start_soon(tab, browser)
                except* EngineError as group:
                    self.watch(f"started anew: {group.exceptions[0]}")

        async with trio.open_nursery() as windows:
            for _ in range(1 if calm else min(self.engine.browsers, len(pages))):
                windows.start_soon(window)
        return broken

    async def _warm_up(self, browser):
        """The first socket of a process is slow, so slow that it may change what script is told."""
        site = f"http://{PAGE_ADDRESSES[-2]}:{self.bench.lab.ports['plain']}"
        url = f"{site}/?{id(browser)}"
        self.bench.put(url, page([(Case(find("ok")), f"{site}/s/ok")], 1, browser.back))
        await self._open(browser, url, START)

    async def _open(self, browser, url, seconds):
        try:
            return await browser.load(url, seconds)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise EngineError("the engine has ended") from error

    async def _load(self, browser, number, batch):
        bench = self.bench
        url = bench.page_url(number, batch[0])
        opened = [(case, bench.place(case).url) for case in batch]
        for case in batch:
            bench.requests.pop(case.name, None)
        policy = with_script(batch[0].scenario.page.csp)
        bench.put(url, page(opened, self.engine.at_once, browser.back), policy)
        rounds = -(-len(batch) // self.engine.at_once)
        sheet = await self._open(browser, url, START + rounds * max(case.cap + AFTER_CAP for case in batch))
        lines, stray = attribute(sheet, {case.name: url for case, url in opened})
        self.result.stray += stray
        for case in batch:
            told = sheet.results[case.name]
            shaped = shape(told, lines[case.name], bench.requests.get(case.name, []))
            self.result.recordings[case.name] = store.mapped(shaped, placeholders(bench, case, url))


def attribute(sheet, opened):
    """Whose text is whose, by the URL in it; everything is the only case's on a page with one.

    *opened*: the URLs that were handed to the constructor, which may have thrown.
    """
    urls = {name: told["url"] or opened[name] for name, told in sheet.results.items()}
    lines = {name: [] for name in urls}
    stray = []
    for line in sheet.console:
        named = [name for name, url in urls.items() if url and url in line.text]
        owner = max(named, key=lambda name: len(urls[name])) if named else next(iter(urls))
        if named or len(urls) == 1:
            lines[owner].append(line)
        else:
            stray.append(line.text)
    return lines, stray


def shape(told, lines, requests):
    """The recording of one socket, times left out, split where the page gave up waiting."""
    events = told["events"]
    cap = next((index for index, event in enumerate(events) if event["type"] == "cap"), None)
    until = float("inf") if cap is None else told["began"] + events[cap]["at"] - MARGIN
    plain = [{name: value for name, value in event.items() if name != "at"} for event in events]
    exception = None
    if plain and plain[0].get("where") == "constructor":
        exception = {name: plain[0][name] for name in ("name", "message", "code")}
        plain = plain[1:]
    recording = {
        "exception": exception,
        "url": told["url"],
        "events": plain[:cap],
        "readyState": told.get("readyState") if cap is None else events[cap].get("rs"),
        "console": [line.text.rstrip("\n") for line in lines if line.at < until],
        "requests": [KEY.sub(rb"\1{key}", request).decode("latin-1") for request in requests],
    }
    if cap is not None:
        late = [line.text.rstrip("\n") for line in lines if line.at >= until]
        recording["capped"] = {
            "events": plain[cap + 1 :],
            "readyState": told.get("readyState"),
            "console": late,
        }
    if "value" in told:
        recording["value"] = told["value"]
    return recording


def placeholders(bench, case, page_url):
    """What puts names where addresses and ports vary from run to run."""
    where = urlsplit(page_url)
    address = re.compile(rf"{re.escape(bench.addresses[case.name])}(?![0-9])")

    def named(text):
        if where.hostname in PAGE_ADDRESSES:
            text = text.replace(where.netloc, "{page}")
        text = address.sub("{ip}", text)
        for name, port in bench.lab.ports.items():
            text = re.sub(rf"(?<=:){port}(?![0-9])", f"{{{name}}}", text)
        return text

    return named
