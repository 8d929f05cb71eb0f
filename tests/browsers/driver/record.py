"""Measures cases in an engine and shapes what the page wrote down into recordings."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import trio

from tests.browsers.driver.bench import Bench, bench
from tests.browsers.driver.browser import Browser, Engine, EngineError, Line, Sheet
from tests.browsers.driver.case import Case
from tests.browsers.driver.page import page

PAGE_SECONDS = 90.0
KEY = re.compile(rb"(?mi)^(Sec-WebSocket-Key: *)[^\r\n]*")
MARGIN = 20.0
"""Milliseconds by which clocks may differ: what the console said so shortly before the cap came of it."""

Recording = dict[str, Any]
"""One line of a recordings file: what one engine did with one scenario. See README in that folder."""


@dataclass(slots=True)
class Measurement:
    version: str = ""
    recordings: dict[str, Recording] = field(default_factory=dict)
    stray: list[str] = field(default_factory=list)
    """Console texts that belong to no case."""
    failed: dict[str, str] = field(default_factory=dict)
    """Cases that stalled or ended the engine, and how it looked from here."""


async def measure(
    engine: Engine, cases: Iterable[Case], watch: Callable[[str], None] = lambda _: None
) -> Measurement:
    """Run *cases* in *engine*: in as many pages and browsers at once as it bears."""
    cases, result = list(cases), Measurement()
    async with bench(cases) as place:
        broken = await _run(engine, place, _pages(engine, cases), result, watch)
        alone = [[case] for _, batch in broken for case in batch]
        for error, (case,) in await _run(engine, place, alone, result, watch):
            result.failed[case.name] = error
    return result


def _pages(engine: Engine, cases: Iterable[Case]) -> list[list[Case]]:
    """Split into pages. What is about the page itself, or the URL, is alone: its console texts name no URL."""
    together: dict[object, list[Case]] = {}
    pages = []
    for case in cases:
        if case.scenario.url or case.scenario.about == "arguments" or case.alone:
            pages.append([case])
        else:
            together.setdefault(case.page, []).append(case)
    size = engine.a_page
    for group in together.values():
        pages += [group[start : start + size] for start in range(0, len(group), size)]
    return pages


Broken = list[tuple[str, Sequence[Case]]]


async def _run(
    engine: Engine, bench: Bench, pages: list[list[Case]], result: Measurement, watch: Callable[[str], None]
) -> Broken:
    waiting, broken = deque(enumerate(pages)), Broken()

    async def tab(browser: Browser) -> None:
        while waiting:
            number, batch = waiting.popleft()
            try:
                await _load(engine, browser, bench, number, batch, result)
            except EngineError as error:
                broken.append((str(error), batch))
                raise
            except trio.Cancelled:
                waiting.append((number, batch))
                raise
            watch(f"{engine.name}: {len(result.recordings)} measured, {len(waiting)} pages to go")

    async def window() -> None:
        while waiting:
            try:
                async with engine.start(bench) as browser, trio.open_nursery() as tabs:
                    result.version = browser.version
                    for _ in range(engine.pages):
                        tabs.start_soon(tab, browser)
            except* EngineError as group:
                watch(f"{engine.name}: started anew: {group.exceptions[0]}")

    async with trio.open_nursery() as windows:
        for _ in range(min(engine.browsers, len(pages))):
            windows.start_soon(window)
    return broken


async def _load(
    engine: Engine, browser: Browser, bench: Bench, number: int, batch: Sequence[Case], result: Measurement
) -> None:
    url = bench.page_url(number, batch[0])
    opened = [(case, bench.place(case).url) for case in batch]
    for case in batch:
        bench.requests.pop(case.name, None)
    bench.put(url, page(opened, engine.at_once, browser.back), batch[0].scenario.page.csp)
    try:
        sheet = await browser.load(url, PAGE_SECONDS)
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise EngineError("the engine has ended") from error
    lines, stray = attribute(sheet)
    result.stray += stray
    for case in batch:
        told = sheet.results[case.name]
        shaped = shape(told, lines[case.name], bench.requests.get(case.name, []))
        result.recordings[case.name] = Placeholders(bench, case, urlsplit(url).netloc).put(shaped)


def attribute(sheet: Sheet) -> tuple[dict[str, list[Line]], list[str]]:
    """Whose text is whose, by the URL in it; everything is the only case's on a page with one."""
    urls = {name: told["url"] for name, told in sheet.results.items()}
    lines: dict[str, list[Line]] = {name: [] for name in urls}
    stray = []
    for line in sheet.console:
        named = [name for name, url in urls.items() if url and url in line.text]
        owner = max(named, key=lambda name: len(urls[name])) if named else next(iter(urls))
        if named or len(urls) == 1:
            lines[owner].append(line)
        else:
            stray.append(line.text)
    return lines, stray


def shape(told: dict[str, Any], lines: Iterable[Line], requests: Iterable[bytes]) -> Recording:
    """The recording of one socket, times left out, split where the page gave up waiting."""
    events = told["events"]
    cap = next((index for index, event in enumerate(events) if event["type"] == "cap"), None)
    until = float("inf") if cap is None else told["began"] + events[cap]["at"] - MARGIN
    plain = [{name: value for name, value in event.items() if name != "at"} for event in events]
    exception = None
    if plain and plain[0].get("where") == "constructor":
        exception = {name: plain[0][name] for name in ("name", "message", "code")}
        plain = plain[1:]
    recording: Recording = {
        "exception": exception,
        "url": told["url"],
        "events": plain[:cap],
        "readyState": told.get("readyState") if cap is None else events[cap].get("rs"),
        "console": [line.text for line in lines if line.at < until],
        "requests": [KEY.sub(rb"\1{key}", request).decode("latin-1") for request in requests],
    }
    if cap is not None:
        late = [line.text for line in lines if line.at >= until]
        recording["capped"] = {
            "events": plain[cap + 1 :],
            "readyState": told.get("readyState"),
            "console": late,
        }
    if "value" in told:
        recording["value"] = told["value"]
    return recording


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Puts names where addresses and ports vary from run to run."""

    bench: Bench
    case: Case
    page_host: str

    def put(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.put(item) for item in value]
        if isinstance(value, dict):
            return {name: self.put(item) for name, item in value.items()}
        return value

    def _text(self, text: str) -> str:
        text = text.replace(self.page_host, "{page}")
        text = re.sub(rf"{re.escape(self.bench.addresses[self.case.name])}(?![0-9])", "{ip}", text)
        for name, port in self.bench.lab.ports.items():
            text = re.sub(rf"(?<=:){port}(?![0-9])", f"{{{name}}}", text)
        return text
