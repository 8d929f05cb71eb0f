"""man/browsers.md: all that wsprobe-browsers(7) is the short of, from the views themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from man.build import markdown
from man.build.markdown import code, text
from man.build.views import BROWSERS, CATALOGUE, NAMES, floods, grouped, named, said, views
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.explain import entry as explained
from wsprobe.lab import subjects
from wsprobe.lab.play import KEY

AGREEMENT = Path(__file__).with_name("agreement.json")
_RACES = "Races"
_REQUESTS = "Opening requests"
_AGREEMENT = "Views and recordings"


def table() -> str:
    return markdown.document(_body())


def _body() -> Iterator[str]:
    kept = {
        title: asked
        for title, names in subjects().items()
        if (asked := [name for name in names if not floods(CATALOGUE[name])])
    }
    consoles = {reader: f"Console of {NAMES[reader]}" for reader in BROWSERS}
    yield "# What a script sees, scenario by scenario"
    yield ""
    yield (
        "The full tables behind wsprobe-browsers(7), made by `python -m man.build` from the views that "
        "`wsprobe compare --browser-mode` shows. Each scenario can be tried: `wsprobe compare --browser-mode "
        "lab:NAME`."
    )
    yield ""
    yield (
        "A cell has the events in their order. A close is unclean unless it is said to be clean, and an error "
        "event has no content. *all* in the first cell: every reader sees the same. Where readers differ, "
        "the list under the table names the step that decided it, and the source file of the engine or the "
        "section of the standard that has it. Floods, and what else never ends, are left out: how much of them "
        "comes through depends on limits of time and memory, not on rules."
    )
    yield ""
    versions = (f"{NAMES[reader]} {ENGINES[reader].version}".strip() for reader in NAMES)
    yield f"Readers: {'; '.join(versions)}."
    yield ""
    yield from markdown.contents([*kept, _RACES, _REQUESTS, *consoles.values(), _AGREEMENT])
    for title, names in kept.items():
        yield from _subject(title, names)
    yield from _races()
    yield from _requests()
    for reader, title in consoles.items():
        yield from _console(reader, title)
    yield from _agreement()


def _subject(title: str, names: list[str]) -> Iterator[str]:
    yield f"## {text(title)}"
    yield ""
    yield from markdown.table(
        ("scenario", "what the server, or the page, does", *NAMES.values()), (_row(name) for name in names)
    )
    apart = [name for name in names if len(grouped(views(name))) > 1]
    if not apart:
        return
    yield "What decided it:"
    yield ""
    for name in apart:
        steps = "; ".join(
            f"{named(readers)}: {text(str(view.because))}" for readers, view in grouped(views(name))
        )
        yield f"- {code(name)}: {steps}"
    yield ""


def _row(name: str) -> tuple[str, ...]:
    seen = views(name)
    cells = [text(said(view)) for view in seen.values()]
    if len(grouped(seen)) == 1:
        cells = [f"*all*: {cells[0]}", *[""] * (len(NAMES) - 1)]
    return (code(name), text(CATALOGUE[name].summary), *cells)


def _races() -> Iterator[str]:
    yield f"## {_RACES}"
    yield ""
    yield "One engine gives more than one result for the same bytes; `compare` shows the race."
    yield ""
    yield from markdown.table(
        ("scenario", "reader", "the race"),
        (
            (code(name), NAMES[reader], text(view.races))
            for name, scenario in CATALOGUE.items()
            if not floods(scenario)
            for reader, view in views(name).items()
            if view.races
        ),
    )


def _requests() -> Iterator[str]:
    yield f"## {_REQUESTS}"
    yield ""
    yield (
        "For a page at `http://localhost/` that opens `ws://server.example/chat`; the key is an example. "
        "`compare` sends these, byte for byte, unless `--as-is` is given."
    )
    yield ""
    for reader in BROWSERS:
        engine = ENGINES[reader]
        made = engine.construct("ws://server.example/chat", Page())
        yield f"### {NAMES[reader]} {engine.version}"
        yield ""
        yield from markdown.literal(engine.request(made, Page(), KEY).decode("latin-1").rstrip().split("\r\n"))


def _console(reader: str, title: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield (
        "Script cannot read the console, but a person can. `wsprobe explain` recognises these lines whole, as "
        "they are copied; braces stand for what varies."
    )
    yield ""
    yield from markdown.table(
        ("line", "what it means"),
        ((code(row["text"]), text(row["means"])) for row in explained.load(f"console/{reader}")["message"]),
    )


def _agreement() -> Iterator[str]:
    measured = json.loads(AGREEMENT.read_text("utf-8"))
    yield f"## {_AGREEMENT}"
    yield ""
    yield (
        "In how many recordings of the real engine the view says the same (same/all), by kind of scenario: "
        "exception, url, events, attributes, readyState and console text alike."
    )
    yield ""
    yield from markdown.table(
        ("kind", *measured["engines"]), ((kind, *row) for kind, row in measured["kinds"].items())
    )
