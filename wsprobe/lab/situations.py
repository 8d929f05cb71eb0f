"""The situations that a browser must not let script tell apart, each as a scenario, and which a view is like.

WHATWG WebSockets, "Feedback from the protocol": seven situations, one close code (1006) for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from wsprobe.browsers import ENGINES
from wsprobe.browsers.tell import Told, told
from wsprobe.browsers.view import ScriptView
from wsprobe.lab.catalogue import find, lazily
from wsprobe.lab.rehearse import rehearse

SITUATIONS: tuple[tuple[str, str, str], ...] = (
    ("dns-host-invalid", "unresolved", "a name that does not resolve"),
    ("refused", "unreachable", "a refused connection"),
    ("tls-unknown-ca", "tls-failed", "a bad certificate"),
    ("status-403", "refused", "a refusal with a status such as 403"),
    ("redirect-302", "redirected", "a redirect"),
    ("accept-wrong", "invalid", "a wrong Sec-WebSocket-Accept"),
    ("fin-after-request", "dropped", "a connection dropped before the answer"),
)
"""(scenario, its outcome, in words)."""


@cache
def signature(browser: str, scenario: str) -> Told:
    """What script is told in one engine of one of the situations."""
    return told(rehearse(ENGINES[browser], find(scenario), lazily()))


def alike(views: Sequence[ScriptView], outcome: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(engines, situations) for which script in these engines is told just what it is told here; situations
    other than the recording's own *outcome*.

    Engines with the same situations stand together; those with none are left out.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for view in views:
        seen = told(view)
        same = tuple(
            words
            for scenario, other, words in SITUATIONS
            if other != outcome and signature(view.browser, scenario) == seen
        )
        if same:
            found.setdefault(same, []).append(view.browser)
    return [(tuple(engines), situations) for situations, engines in found.items()]
