"""Groups recordings that look the same to a script: equality of everything that a script sees.

WHATWG WebSockets, "Feedback from the protocol", requires seven situations to look alike to a script: one close
code (1006) for all. The measured exceptions of engines are here; a test compares every entry with the engine's
own view of a scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import DomEvent, DomException, ScriptView

Told = tuple[object, ...]


class Tellable(Struct, frozen=True):
    """For one engine: *groups* of indexes of recordings that look the same to a script, and *by*, the names of
    the differences between the groups (``exception``, ``events``, ``close.code``, ...)."""

    browser: str
    groups: tuple[tuple[int, ...], ...]
    by: tuple[str, ...]


def told(view: ScriptView) -> Told:
    """Everything that a script sees, as one comparable value, without the console and hidden facts."""
    thrown = None if view.exception is None else view.exception.name
    return (thrown, view.ready_state, *map(_event, view.events))


def acted_on(view: ScriptView) -> Told:
    """What a page can act on: an exception, whether it opens and with which subprotocol, its messages, and the
    code, reason and wasClean of its end. Not the negotiated extensions, the text or number of error events,
    readyState, or the order of events that are a race."""
    events = [_event(event) for event in view.events]
    return (
        None if view.exception is None else view.exception.name,
        tuple(event.protocol for event in events if event.type == "open"),
        tuple((e.data, e.size, e.digest) for e in events if e.type in ("message", "left-out")),
        tuple((event.code, event.reason, event.was_clean) for event in events if event.type == "close"),
        tuple(event.exception for event in events if event.type == "throw"),
    )


def _event(event: DomEvent) -> DomEvent:
    """*event* without the text of an exception, which differs between engines."""
    if event.exception is None:
        return event
    return replace(event, exception=DomException(event.exception.name, ""))


def tellable(views: Sequence[ScriptView]) -> Tellable:
    """Group one engine's views of several recordings by what a script sees. *views* must not be empty."""
    groups: dict[Told, list[int]] = {}
    for index, view in enumerate(views):
        groups.setdefault(told(view), []).append(index)
    return Tellable(
        browser=views[0].browser,
        groups=tuple(tuple(group) for group in groups.values()),
        by=_differing([views[group[0]] for group in groups.values()]),  # all of a group look the same
    )


def _differing(views: Sequence[ScriptView]) -> tuple[str, ...]:
    """The names of the differences; for an event that is missing in some views, only its name."""
    found = [name for name, value in _FIELDS.items() if len({value(view) for view in views}) > 1]
    return tuple(name for name in found if name.partition(".")[0] not in found or "." not in name)


def _close(view: ScriptView, attribute: str) -> object:
    return next((getattr(event, attribute) for event in view.events if event.type == "close"), None)


_FIELDS: dict[str, Callable[[ScriptView], object]] = {
    "exception": lambda view: None if view.exception is None else view.exception.name,
    "open": lambda view: [e for e in view.events if e.type == "open"] != [],
    "open.protocol": lambda view: tuple(e.protocol for e in view.events if e.type == "open"),
    "open.extensions": lambda view: tuple(e.extensions for e in view.events if e.type == "open"),
    "message": lambda view: tuple(
        (e.data, e.size, e.digest) for e in view.events if e.type in ("message", "left-out")
    ),
    "error": lambda view: sum(e.type == "error" for e in view.events),
    "error.message": lambda view: tuple(e.message for e in view.events if e.type == "error"),
    "close": lambda view: _close(view, "type") is not None,
    "close.code": lambda view: _close(view, "code"),
    "close.reason": lambda view: _close(view, "reason"),
    "close.wasClean": lambda view: _close(view, "was_clean"),
    "readyState": lambda view: view.ready_state,
}


class Situation(Struct, frozen=True):
    outcome: str
    """The outcome of ``connect``."""
    words: str
    scenario: str
    """The lab's example."""


SITUATIONS = (
    Situation("unresolved", "a DNS failure", "dns-host-invalid"),
    Situation("unreachable", "a refused connection", "refused"),
    Situation("tls-failed", "a bad certificate", "tls-unknown-ca"),
    Situation("refused", "a refusal such as 403", "status-403"),
    Situation("redirected", "a redirect", "redirect-302"),
    Situation("invalid", "a wrong Accept", "accept-wrong"),
    Situation("dropped", "a dropped connection", "fin-after-request"),
)

CODES: dict[tuple[str, str], int | None] = {
    # netwerk/protocol/websocket/WebSocketChannel.cpp reports a failed TLS handshake on purpose.
    ("firefox", "tls-failed"): 1015,
    # libsoup follows the redirect: the script's view depends on its target.
    ("webkitgtk", "redirected"): None,
}
"""(engine, outcome) -> a close code other than 1006; None if it does not look like a failure."""


ERRORS: dict[str, DomEvent] = {
    # An ErrorEvent, and always the same one: lib/web/websocket/websocket.js.
    "undici": DomEvent("error", 3, message="", error="TypeError: "),
}
"""The ``error`` of a failed handshake, if it is not a plain Event; in other runtimes it has the cause."""

_NO_ANSWER = "Received network error or non-101 status code."
UNDICI_6: Told = (None, 0, DomEvent("error", 0, message=_NO_ANSWER, error=f"Error: {_NO_ANSWER}"))
"""The only text of undici 6 for a failed handshake, except an invalid 101 (lib/web/websocket/util.js)."""


def failure(code: int, error: DomEvent = DomEvent("error", 3)) -> Told:  # noqa: B008 - a frozen value
    """What is ``told`` of a failed handshake: *error*, then ``close`` with *code*, not clean."""
    return (None, 3, error, DomEvent("close", 3, code=code))


KEPT_OFF = "a page that may not reach the local network (explain lna)"
"""If Local Network Access refuses, Chromium sends nothing, and reports it only in the console."""


def kept_off(view: ScriptView) -> bool:
    """True if the browser sent nothing, because the page may not reach the local network."""
    return bool(view.local_network) and view.outcome == "failed" and not view.handshakes


def alike(views: Sequence[ScriptView], outcome: str) -> list[tuple[tuple[ScriptView, ...], tuple[str, ...]]]:
    """(views, situations): to the script of these *views* these situations look like the recording.

    Situations with the recording's own *outcome* are left out, and so are views without a situation. Views with
    the same situations are in one group.
    """
    found: dict[tuple[str, ...], list[ScriptView]] = {}
    for view in views:
        seen = told(view)
        same = tuple(
            each.words
            for each in SITUATIONS
            if each.outcome != outcome and _signature(view, each.outcome) == seen
        )
        if view.browser == "chromium" and view.local_network and view.handshakes and seen == failure(1006):
            same = (*same, KEPT_OFF)
        if same:
            found.setdefault(same, []).append(view)
    return [(tuple(group), situations) for situations, group in found.items()]


def _signature(view: ScriptView, outcome: str) -> Told | None:
    if (view.browser, view.version.partition(".")[0]) == ("undici", "6"):
        return None if outcome == "invalid" else UNDICI_6
    code = CODES.get((view.browser, outcome), 1006)
    return None if code is None else failure(code, ERRORS.get(view.browser, DomEvent("error", 3)))
