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

SITUATIONS: tuple[tuple[str, str], ...] = (
    ("dns-host-invalid", "a name that does not resolve"),
    ("refused", "a refused connection"),
    ("tls-unknown-ca", "a bad certificate"),
    ("status-403", "a refusal with a status such as 403"),
    ("redirect-302", "a redirect"),
    ("accept-wrong", "a wrong Sec-WebSocket-Accept"),
    ("fin-after-request", "a connection dropped before the answer"),
)
"""(scenario, in words)."""


@cache
def signature(browser: str, scenario: str) -> Told:
    """What script is told in one engine of one of the situations."""
    return told(rehearse(ENGINES[browser], find(scenario), lazily()))


def alike(views: Sequence[ScriptView]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(engines, situations) for which script in these engines is told just what it is told here.

    Engines with the same situations stand together; those with none are left out.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for view in views:
        seen = told(view)
        same = tuple(words for scenario, words in SITUATIONS if signature(view.browser, scenario) == seen)
        if same:
            found.setdefault(same, []).append(view.browser)
    return [(tuple(engines), situations) for situations, engines in found.items()]
