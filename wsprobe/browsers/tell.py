"""Which recordings a script can tell apart: equality of all that a script is told.

The WHATWG WebSockets standard (section "Feedback from the protocol") forbids a browser to let script
distinguish seven situations; here is what each engine really lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsprobe.browsers.view import DomEvent, ScriptView
from wsprobe.value import dataclass

Told = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Tellable:
    """Of one engine: *groups* of indexes of recordings that look the same to script, and *by*, the names of
    what differs between the groups (``exception``, ``events``, ``close.code``, ...)."""

    browser: str
    groups: tuple[tuple[int, ...], ...]
    by: tuple[str, ...]


def told(view: ScriptView) -> Told:
    """All that script is told, as one comparable value. Console and what is hidden are no part of it."""
    thrown = None if view.exception is None else view.exception.name
    return (thrown, view.ready_state, *(_event(event) for event in view.events))


def _event(event: DomEvent) -> tuple[object, ...]:
    return (
        event.type,
        event.ready_state,
        event.protocol,
        event.extensions,
        event.data,
        event.code,
        event.reason,
        event.was_clean,
        None if event.exception is None else event.exception.name,
    )


def tellable(views: Sequence[ScriptView]) -> Tellable:
    """Group one engine's views of several recordings by what script is told. *views* must not be empty."""
    groups: dict[Told, list[int]] = {}
    for index, view in enumerate(views):
        groups.setdefault(told(view), []).append(index)
    return Tellable(
        browser=views[0].browser,
        groups=tuple(tuple(group) for group in groups.values()),
        by=_differing(views),
    )


def _differing(views: Sequence[ScriptView]) -> tuple[str, ...]:
    """Names of what differs; of an event that is not there everywhere only its own name."""
    found = [name for name, value in _FIELDS.items() if len({value(view) for view in views}) > 1]
    return tuple(name for name in found if name.partition(".")[0] not in found or "." not in name)


def _close(view: ScriptView, attribute: str) -> object:
    return next((getattr(event, attribute) for event in view.events if event.type == "close"), None)


_FIELDS: dict[str, Callable[[ScriptView], object]] = {
    "exception": lambda view: None if view.exception is None else view.exception.name,
    "open": lambda view: [e for e in view.events if e.type == "open"] != [],
    "open.protocol": lambda view: tuple(e.protocol for e in view.events if e.type == "open"),
    "open.extensions": lambda view: tuple(e.extensions for e in view.events if e.type == "open"),
    "message": lambda view: tuple(e.data for e in view.events if e.type == "message"),
    "error": lambda view: sum(e.type == "error" for e in view.events),
    "close": lambda view: _close(view, "type") is not None,
    "close.code": lambda view: _close(view, "code"),
    "close.reason": lambda view: _close(view, "reason"),
    "close.wasClean": lambda view: _close(view, "was_clean"),
    "readyState": lambda view: view.ready_state,
}
