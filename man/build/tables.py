"""man/browsers.md: each scenario in which a script sees one thing here and another there, from the views
themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from man.build import markdown
from man.build.markdown import code, text
from man.build.views import BROWSERS, CATALOGUE, NAMES, floods, grouped, named, said, views
from wsprobe.browsers import ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.explain import console
from wsprobe.lab import subjects
from wsprobe.lab.play import KEY, rehearse
from wsprobe.lab.scenario import Conforming, Scenario

AGREEMENT = Path(__file__).with_name("agreement.json")
_RACES = "Races"
_CONFORMANCE = "What conforms to RFC 6455"
_REQUESTS = "Opening requests"
_AGREEMENT = "Views and recordings"


def table() -> str:
    return markdown.document(_body())


def _body() -> Iterator[str]:
    kept = {
        title: asked
        for title, names in subjects().items()
        if (asked := [name for name in names if not floods(CATALOGUE[name]) and len(grouped(views(name))) > 1])
    }
    same = sum(not floods(each) for each in CATALOGUE.values()) - sum(map(len, kept.values()))
    consoles = {reader: f"Console of {NAMES[reader]}" for reader in BROWSERS}
    yield "# Where browsers differ, scenario by scenario"
    yield ""
    yield (
        "Every scenario of the lab in which views differ, made by `python -m man.build` from what `wsprobe "
        f"compare --browser-mode` shows. In {same} other scenarios all views are the same; `wsprobe compare "
        "--browser-mode lab:NAME` shows any of them."
    )
    yield ""
    yield (
        "A cell has the events in their order. A close is unclean unless marked clean, and an error event has "
        "no content. The list under the table names the deciding step, and its source file in the engine or "
        "its section of the standard. The tables leave out floods and other endless answers: how much of them "
        "gets through depends on limits of time and memory, not on rules."
    )
    yield ""
    versions = (f"{NAMES[reader]} {ENGINES[reader].version}".strip() for reader in NAMES)
    yield f"Views: {'; '.join(versions)}."
    yield ""
    yield from markdown.contents([*kept, _RACES, _CONFORMANCE, _REQUESTS, *consoles.values(), _AGREEMENT])
    for title, names in kept.items():
        yield from _subject(title, names)
    yield from _races()
    yield from _conformance()
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
    yield "The deciding steps:"
    yield ""
    for name in names:
        steps = "; ".join(
            f"{named(readers)}: {text(str(view.because))}" for readers, view in grouped(views(name))
        )
        yield f"- {code(name)}: {steps}"
    yield ""


def _row(name: str) -> tuple[str, ...]:
    cells = [text(said(view)) for view in views(name).values()]
    return (code(name), text(CATALOGUE[name].summary), *cells)


def _races() -> Iterator[str]:
    yield f"## {_RACES}"
    yield ""
    yield "One engine has more than one result for the same bytes; `compare` shows the race."
    yield ""
    yield from markdown.table(
        ("scenario", "view", "the race"),
        (
            (code(name), NAMES[reader], text(view.races))
            for name, scenario in CATALOGUE.items()
            if not floods(scenario)
            for reader, view in views(name).items()
            if view.races
        ),
    )


def _conformance() -> Iterator[str]:
    cases = {name: scenario for name, scenario in CATALOGUE.items() if scenario.conforming is not None}
    yield f"## {_CONFORMANCE}"
    yield ""
    for paragraph in (
        f"The {len(cases)} scenarios autobahn-1-1-1 to autobahn-7-13-2 are the client cases of the Autobahn "
        "testsuite, sections 1 to 7, with the same numbers, but written independently. Each has what a client "
        "that conforms to RFC 6455 does with it: messages, Pongs, and whether it accepts the server's Close "
        "or fails the connection (wsprobe explain lab:autobahn-3-2; wsprobe serve --list --json). They do not "
        "wait for an echo, so you can test any client.",
        "RFC 6455 does not require a client to refuse an unregistered code: in 7.9.3, 7.9.6 to 7.9.9 and 7.13 "
        "either conforms. In 7.9.1, 7.9.2, 7.9.4 and 7.9.5 the server breaks a rule; the suite requires the "
        "client to fail the connection for it, the text of the RFC does not.",
        "The views agree with that in this many cases, and differ in the others:",
    ):
        yield paragraph
        yield ""
    for name in (*NAMES, "undici@6.29", "undici@7.30", *RUNTIMES):
        yield f"- {NAMES.get(name, name.partition('@')[0])} {ENGINES[name].version}: {_conforms(name, cases)}"
    yield ""


def _conforms(reader: str, cases: Mapping[str, Scenario]) -> str:
    """In how many of *cases* the reader shows script what a conforming client does, and what else it does."""
    other: dict[str, list[str]] = {}
    for name, scenario in cases.items():
        assert scenario.conforming is not None
        view = views(name)[reader] if reader in NAMES else rehearse(ENGINES[reader], scenario, CATALOGUE)
        if fault := _unlike(view, scenario.conforming):
            other.setdefault(fault, []).append(name.removeprefix("autobahn-").replace("-", "."))
    count = len(cases) - sum(map(len, other.values()))
    parts = [f"{count} of {len(cases)}", *(f"{fault} {_listed(names)}" for fault, names in other.items())]
    return "; ".join(parts) + "."


def _unlike(view: ScriptView, conforming: Conforming) -> str:
    """What script is told that it would not be by a conforming client, "" if nothing is."""
    given = [event.data for event in view.events if event.type == "message"]
    meant = [each.data.decode() if each.kind == "text" else each.data for each in conforming.messages]
    if given != meant:
        return "delivers what it must not in" if given[: len(meant)] == meant else "does not deliver all in"
    taken = [event.code for event in view.events if event.type == "close" and event.was_clean]
    if not taken:
        return "" if conforming.fail else "fails the connection in"
    return "" if taken == [conforming.close] else f"accepts the Close, as {taken[0]}, in"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


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
        "A script cannot read the console, but a person can. `wsprobe explain` recognises these lines when "
        "pasted whole; braces mark the parts that vary."
    )
    yield ""
    yield from markdown.table(
        ("line", "what it means"),
        ((code(row["text"]), text(row["means"])) for _, row in console.rows(reader) if "english" not in row),
    )


def _agreement() -> Iterator[str]:
    measured = json.loads(AGREEMENT.read_text("utf-8"))
    yield f"## {_AGREEMENT}"
    yield ""
    yield (
        "How many recordings of the real engine have the same result as the view (same/all), by kind of "
        "scenario. Compared are exception, url, events, attributes, readyState and console text."
    )
    yield ""
    yield from markdown.table(
        ("kind", *measured["engines"]), ((kind, *row) for kind, row in measured["kinds"].items())
    )
