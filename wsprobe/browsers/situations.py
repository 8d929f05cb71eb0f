"""The situations that a browser must not let script tell apart, and what each engine lets script see of them.

WHATWG WebSockets, "Feedback from the protocol": seven situations, one close code (1006) for all of them.
Where an engine was measured to depart from that, the departure stands here; a test holds every entry to the
engine's own view of a scenario.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.browsers.tell import Told, told
from wsprobe.browsers.view import DomEvent, ScriptView
from wsprobe.value import dataclass


@dataclass(frozen=True, slots=True)
class Situation:
    outcome: str
    """What ``connect`` says of it."""
    words: str
    scenario: str
    """The lab's example."""


SITUATIONS = (
    Situation("unresolved", "a name that does not resolve", "dns-host-invalid"),
    Situation("unreachable", "a refused connection", "refused"),
    Situation("tls-failed", "a bad certificate", "tls-unknown-ca"),
    Situation("refused", "a refusal with a status such as 403", "status-403"),
    Situation("redirected", "a redirect", "redirect-302"),
    Situation("invalid", "a wrong Sec-WebSocket-Accept", "accept-wrong"),
    Situation("dropped", "a connection dropped before the answer", "fin-after-request"),
)

CODES: dict[tuple[str, str], int | None] = {
    # netwerk/protocol/websocket/WebSocketChannel.cpp tells a failed TLS handshake on purpose.
    ("firefox", "tls-failed"): 1015,
    # libsoup follows the redirect: what script sees depends on where it leads.
    ("webkitgtk", "redirected"): None,
}
"""(engine, outcome) -> the close code where it is not 1006; None where it does not look like a failure."""


def failure(code: int) -> Told:
    """What script is told of a handshake that failed: ``error``, then ``close`` with *code*, not clean."""
    view = ScriptView(
        browser="",
        version="",
        page="",
        url="",
        exception=None,
        events=(DomEvent("error", 3), DomEvent("close", 3, code=code)),
        ready_state=3,
        console=(),
        hidden=(),
        outcome="failed",
        because="",
    )
    return told(view)


def alike(views: Sequence[ScriptView], outcome: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(engines, situations) for which script in these engines is told just what it is told here; situations
    other than the recording's own *outcome*.

    Engines with the same situations stand together; those with none are left out.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for view in views:
        seen = told(view)
        same = tuple(
            each.words
            for each in SITUATIONS
            if each.outcome != outcome and _signature(view.browser, each.outcome) == seen
        )
        if same:
            found.setdefault(same, []).append(view.browser)
    return [(tuple(engines), situations) for situations, engines in found.items()]


def _signature(browser: str, outcome: str) -> Told | None:
    code = CODES.get((browser, outcome), 1006)
    return None if code is None else failure(code)
