"""Recordings against one another, and views against recordings: what differs, in words."""

from collections import defaultdict
from dataclasses import dataclass

from msgspec import to_builtins

from wsprobe.browsers.engine import until_end
from wsprobe.lab.measured import MOST_EVENTS, of_event

TOLD = ("exception", "url", "events", "readyState", "console")
"""What script and console are told: the part of a recording that a view predicts."""


def told(recording):
    return {name: recording[name] for name in TOLD}


def agree(recording, view):
    """In what *view* is not *recording*. How an endless stream ended is not asked: a matter of speed; and an
    exception that ends a runtime's process is no event (``ScriptView.beyond`` has it)."""
    wanted = told(recording)
    wanted["events"] = [event for event in wanted["events"] if event["type"] != "uncaught"]
    if len(wanted["events"]) == MOST_EVENTS:
        view = {**view, "readyState": wanted["readyState"], "console": wanted["console"]}
    return differences(wanted, view)


def differences(wanted, got):
    """A line for each key in which *got* is not *wanted*."""
    return [
        f"{name}: {got.get(name)!r} instead of {wanted.get(name)!r}"
        for name in dict.fromkeys((*wanted, *got))
        if wanted.get(name) != got.get(name)
    ]


def of_view(view):
    """What *view* says, written as a recording writes it, which ends when the page stops looking."""
    view = until_end(view)
    return {
        "exception": _exception(view.exception),
        "url": view.url,
        "events": [event_value(event) for event in view.events[:MOST_EVENTS]],
        "readyState": None if view.exception else view.ready_state,
        "console": list(view.console),
    }


def _exception(raised):
    return raised and {"name": raised.name, "message": raised.message, "code": raised.code}


def event_value(event):
    """An event of a view, as a recording writes it. A runtime's error has a text, and an exception."""
    written = to_builtins(of_event(event))
    if event.exception is not None:
        written["code"] = event.exception.code  # which may be null
    if event.message is not None:
        written |= {"message": event.message, "error": event.error}
    return written


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the scenarios of one category one engine's view gets right."""

    agreed: int
    of: int

    def __str__(self):
        return f"{self.agreed}/{self.of}"


def agreement(results):
    """(engine, category, agrees) of every scenario -> category -> engine -> agreement, with a row for all."""
    counted = defaultdict(lambda: defaultdict(list))
    for engine, category, agrees in results:
        counted[category][engine].append(agrees)
        counted["all"][engine].append(agrees)
    rows = sorted(counted, key=lambda category: (category == "all", category))
    return {
        category: {engine: Agreement(sum(found), len(found)) for engine, found in counted[category].items()}
        for category in rows
    }


def table(agreements):
    """The agreement table as text: a row a category, a column an engine."""
    engines = list(dict.fromkeys(engine for row in agreements.values() for engine in row))
    rows = [["", *engines]]
    rows += [
        [category, *(str(row.get(engine, "")) for engine in engines)] for category, row in agreements.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
