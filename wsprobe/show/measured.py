"""The results of a browser next to the predictions of our views: a whole file of measured ones, one scenario,
or an installed browser just now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from wsprobe.browsers import BY_NAME, ENGINES, newer, title
from wsprobe.browsers import title as name_of
from wsprobe.browsers.page import origin
from wsprobe.lab.measured import (
    Event,
    Measured,
    Observation,
    ViewComparison,
    agreement,
    nearest,
)
from wsprobe.show.contract import ExceptionJson, SeenJson
from wsprobe.show.lines import Budget, Line, Look, Piece, left_out, line
from wsprobe.show.views import STATES
from wsprobe.text import counted, visible
from wsprobe.version import __version__

if TYPE_CHECKING:
    from wsprobe.lab.installed import BrowserRun


DIFFERING = 100
"""The most lines of differences to show."""

Rows = Mapping[str, Mapping[str, ViewComparison]]
"""Scenario -> engine -> the observation compared with that engine's view."""


def engine_title(engine: str) -> str:
    """Name and version of one of our engines."""
    return title(engine, ENGINES[engine].version)


def summary(measured: Measured, rows: Rows, look: Look) -> list[Line]:
    """The browser, how many scenarios each engine's view matches, and the differences from the nearest
    engine."""
    browser = measured.browser
    made = [
        line(
            Piece(look.of_script(browser.title), "title"),
            Piece(f"  {counted(len(measured.seen), 'scenario')}", "dim"),
        ),
        line(Piece(f"  {look.of_script(browser.userAgent)}", "dim")),
    ]
    if not rows:
        return [*made, line("the file has no scenario that this version of wsprobe knows")]
    table = agreement(rows)
    engines = list(table["all"])
    made += [(), line(Piece("the same as the view of", "name")), *_table(table, engines)]
    near = nearest(rows)
    found = table["all"][near]
    made += [
        (),
        line("nearest to ", Piece(engine_title(near), "good"), f": {found.same} of {found.of} the same"),
    ]
    if found.races:
        made[-1] = (*made[-1], Piece(f", {found.races} that are known to differ from run to run"))
    made += _differing(rows, near, look)
    return made + _left(browser.leftOut, look)


def _table(table: Mapping[str, Mapping[str, Any]], engines: Sequence[str]) -> list[Line]:
    cells = [["", *map(engine_title, engines)]]
    cells += [[kind, *(str(row[engine]) for engine in engines)] for kind, row in table.items()]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        line("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for row in cells
    ]


def _differing(rows: Rows, engine: str, look: Look) -> list[Line]:
    different = {name: row[engine] for name, row in rows.items() if not row[engine].same}
    if not different:
        return [line("nothing differs")]
    made: list[Line] = [(), line(Piece(f"what differs from {engine_title(engine)}", "name"))]
    budget = Budget(DIFFERING, look)
    for number, (name, one) in enumerate(sorted(different.items())):
        if budget.full:
            return [*made, line("  ", *left_out(len(different) - number, "scenario", look))]
        races = Piece("  known to differ from run to run", "dim") if one.races else Piece("")
        made.append(budget.take(line(f"  lab:{name}", races)))
        made += [budget.take(line(f"    {each}")) for each in one.differences]
    return made


def _left(left: Mapping[str, str], look: Look) -> list[Line]:
    return [
        line(Piece(f"left out: {count}, because {look.of_script(why)}", "dim"))
        for why, count in Counter(left.values()).items()
    ]


def one(measured: Measured, seen: Observation, row: Mapping[str, ViewComparison], look: Look) -> list[Line]:
    """One scenario: the observation, then each engine's view."""
    made = [
        line(Piece(f"lab:{seen.scenario}", "title")),
        line(Piece(f"seen in {look.of_script(measured.browser.title)}", "name")),
        *indented(told(seen, look)),
    ]
    for engine, held in row.items():
        made += beside(engine_title(engine), held, look)
    return made


def beside(title: str, held: ViewComparison, look: Look) -> list[Line]:
    """The view of one engine; one line if it equals the observation."""
    races = [line(Piece(f"  differs from run to run: {held.view.races}", "warn"))] if held.view.races else []
    if held.same:
        return [line(Piece(title, "name"), ": ", Piece("predicted and seen: the same", "good")), *races]
    return [
        line(Piece(title, "name"), ": ", Piece("predicted and seen differ", "fail")),
        *indented(told(held.view.says, look)),
        *races,
    ]


def indented(lines: Sequence[Line]) -> list[Line]:
    """*lines* two columns to the right."""
    return [(Piece("  "), *each) for each in lines]


def told(seen: Observation, look: Look) -> list[Line]:
    """What a script saw, and the console's lines if they were read."""
    if seen.exception is not None:
        thrown = seen.exception
        return [
            line("new WebSocket(...) throws ", Piece(look.of_script(thrown.name), "fail")),
            *([line(f"  {look.of_script(thrown.message)}")] if thrown.message else []),
            *_console(seen, look),
        ]
    made = [
        line(f'WebSocket at "{look.of_script(seen.url)}"'),
        *(_event(event, look) for event in seen.events),
    ]
    if seen.readyState is not None:
        made.append(line(f"readyState {seen.readyState} {STATES[seen.readyState % 4]}"))
    if seen.capped is not None and seen.capped.events:
        made.append(line(Piece("the page gave up and called close(); then", "dim")))
        made += [_event(event, look) for event in seen.capped.events]
    return made + _console(seen, look)


def _console(seen: Observation, look: Look) -> list[Line]:
    if not seen.console:
        return []
    texts = [line(f"  {look.of_script(text)}") for text in seen.console]
    return [line(Piece("console, which a script cannot read:", "dim")), *texts]


def _event(event: Event, look: Look) -> Line:
    bad = event.type in ("error", "throw") or event.wasClean is False
    has = msgspec.structs.asdict(event)
    rest = "  ".join(
        f"{name} {look.of_script(msgspec.json.encode(value).decode())}"
        for name, value in has.items()
        if value is not None and name not in ("type", "rs")
    )
    return line(Piece(f"  {look.of_script(event.type):<8}", "fail" if bad else "good"), rest)


def value(measured: Measured, rows: Rows) -> dict[str, object]:
    """The output of ``compare --measured --json``: the results of `summary` as one JSON object."""
    return {
        "format": 1,
        "wsprobe": __version__,
        "measured": measured.browser,
        "nearest": nearest(rows) or None,  # null if nothing was measured
        "agreement": agreement(rows) if rows else {},  # kind of scenario -> engine -> number of matches
        "scenarios": [
            {
                "scenario": name,
                "seen": measured.seen[name],
                "views": [_beside_value(engine, held) for engine, held in row.items()],
            }
            for name, row in sorted(rows.items())
        ],
    }


def _beside_value(engine: str, held: ViewComparison) -> dict[str, object]:
    """One engine's view of a scenario."""
    return {
        "browser": engine,
        "version": held.view.version,
        "says": held.view.says,
        "same": held.same,
        "differences": held.differences,
        "races": held.view.races,
    }


def seen_beside(found: BrowserRun, look: Look) -> list[Line]:
    """The lines about one browser and one place."""
    title = f"{BY_NAME[found.browser.engine].title} {found.version}".strip()
    held = found.held
    made = [
        line(
            Piece(f"seen in {visible(title.encode())}", "name"), Piece(f", a page at {found.page.url}", "dim")
        ),
        *indented(told(found.seen, look)),
        line(Piece(f"  its Origin: {origin(found.page)}", "dim")),
    ]
    if newer(found.version, held.view.version):
        known = name_of(found.browser.engine, held.view.version)
        text = f"  newer than the version that wsprobe predicts ({known}): a difference may be new in it"
        made.append(line(Piece(text, "warn")))
    if held.same:
        return [*made, line("predicted and seen: ", Piece("the same", "good"))]
    made.append(line("predicted and seen: ", Piece("they differ", "fail")))
    made += [line(f"  {each}") for each in held.differences]
    if held.view.races:
        made.append(line(Piece(f"  known to differ from run to run: {held.view.races}", "warn")))
    elif found.file:
        made.append(line(f"  the whole difference, to attach to a bug report: {found.file}"))
    return made


def seen_value(found: BrowserRun) -> SeenJson:
    """The same as JSON."""
    seen = found.seen
    raised = seen.exception
    return SeenJson(
        browser=found.browser.engine,
        version=found.version,
        user_agent=found.user_agent,
        page=found.page.url,
        origin=origin(found.page),
        exception=None
        if raised is None
        else ExceptionJson(
            name=raised.name, message=raised.message, code=UNSET if raised.code is None else raised.code
        ),
        url=seen.url,
        events=msgspec.to_builtins(seen.events),
        ready_state=seen.readyState,
        console=seen.console,
        same=found.held.same,
        differences=found.held.differences,
        file=found.file or None,
    )
