"""What every reader makes of every scenario of the lab, for wsprobe-browsers(7) and browsers.md."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import DomEvent, ScriptView
from wsprobe.browsers.tell import told
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.lab.scenario import Scenario

NAMES = {
    "chromium": "Chromium",
    "firefox": "Firefox",
    "webkitgtk": "WebKitGTK",
    "whatwg": "WHATWG",
    "w3c-cr-2012": "W3C CR",
}
BROWSERS = ("chromium", "firefox", "webkitgtk")
CATALOGUE = load()
_FLOOD = 1000
"""Times that a server of HTTP/2 says one thing, from which on it is a flood."""


def floods(scenario: Scenario) -> bool:
    """True if what script sees of *scenario* is a matter of limits, of time and memory, and not of rules."""
    of = scenario.http2
    if of is None:
        return scenario.about == "hostile"
    return of.outcome == "limit" or any(step.repeat >= _FLOOD for play in of.plays for step in play)


@cache
def views(name: str) -> dict[str, ScriptView]:
    """Reader -> what it makes of scenario *name*."""
    return {reader: rehearse(ENGINES[reader], CATALOGUE[name], CATALOGUE) for reader in NAMES}


def grouped(seen: Mapping[str, ScriptView]) -> list[tuple[list[str], ScriptView]]:
    """(readers that see the same, what they see), in the order of the readers."""
    groups: dict[object, list[str]] = {}
    for reader, view in seen.items():
        groups.setdefault(told(view), []).append(reader)
    return [(readers, seen[readers[0]]) for readers in groups.values()]


def named(readers: list[str]) -> str:
    return ", ".join(NAMES[reader] for reader in readers)


def said(view: ScriptView) -> str:
    """What script sees: its events in their order, one that comes again and again once."""
    if view.exception is not None:
        return f"the constructor throws {view.exception.name}"
    words: list[str] = []
    for event in view.events:
        word = _event(event)
        if not words or words[-1] != word:
            words.append(word)
    if view.ready_state != 3:
        words.append(
            f"readyState stays {view.ready_state}" if words else f"nothing, readyState {view.ready_state}"
        )
    return ", ".join(words)


def _event(event: DomEvent) -> str:
    match event.type:
        case "open":
            chosen = ", ".join(each for each in (event.protocol, event.extensions) if each)
            return f"open ({chosen})" if chosen else "open"
        case "close":
            reason = f' "{_short(event.reason)}"' if event.reason else ""
            return f"close {event.code}{reason}{' clean' if event.was_clean else ''}"
        case "throw" if event.exception is not None:
            return f"a call throws {event.exception.name}"
        case _:
            return event.type


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}..."
