"""What is measured: a scenario of the lab, and script beyond what its page can say."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsprobe.browsers.engine import Page
from wsprobe.browsers.script import MAX_REASON
from wsprobe.exchange import Act
from wsprobe.lab.scenario import Scenario

CAP, LONG_CAP = 6.0, 25.0
LONG, LONG_CLOSING = 60.0, 10.0
"""A server that does nothing for so many seconds, the second after the page's close(), asks how long the engine
waits. Firefox waits 20."""
MUCH = 1024 * 1024
"""Bytes that an engine may need longer for."""


@dataclass(frozen=True, slots=True)
class Script:
    """JavaScript, run with ``ws``, ``url`` and ``rec(type, more)`` in scope; for trying things out."""

    before: str = ""
    """Before the constructor runs."""
    construct: str = ""
    """An expression in place of ``new WebSocket(url, protocols)``."""
    after: str = ""
    """Right after the constructor returned."""
    on_open: str = ""
    on_message: str = ""
    at_end: str = ""
    """An expression whose value is written down when all is over."""


@dataclass(frozen=True, slots=True)
class Case:
    """One socket in one engine."""

    scenario: Scenario
    script: Script = field(default_factory=Script)

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def page(self) -> tuple[str, str]:
        """URL and content security policy: cases that agree in both can share a page."""
        return self.scenario.page.url, self.scenario.page.csp

    @property
    def alone(self) -> bool:
        """Cannot share its page: a page with cookies or a place of its own, or script that may touch others, or
        that does what engines complain of in words that name no URL."""
        page = self.scenario.page
        return bool(
            self.cap > CAP
            or page.cookies
            or page.url != Page().url
            or self.script.before
            or self.script.at_end
            or any(_complained_of(act) for act in page.acts)
        )

    @property
    def cap(self) -> float:
        """Seconds after which the page closes what has not ended: longer where it may rightly take longer."""
        steps = self.scenario.steps
        closes = any(act.do == "close" for act in self.scenario.page.acts)
        long = LONG_CLOSING if closes else LONG
        slow = any(step.do in ("wait", "hold") and step.seconds > long for step in steps)
        much = sum(len(step.data) * step.repeat for step in steps) > MUCH
        return LONG_CAP if slow or much else CAP


def _complained_of(act: Act) -> bool:
    """True of a send(), which may come too late, and of a close() with a reason that is too long."""
    return act.do != "close" or len(act.data) > MAX_REASON


def acts(case: Case) -> list[dict[str, object]]:
    return [_act(act) for act in case.scenario.page.acts]


def _act(act: Act) -> dict[str, object]:
    value: dict[str, object] = {"when": act.when, "do": act.do, "after": act.after / 1000}
    if act.do == "close":
        value["arguments"] = _close_arguments(act)
    elif act.do == "binary":
        value["hex"] = act.data.hex()
    else:
        value["text"] = act.data.decode()
    return value


def _close_arguments(act: Act) -> list[object]:
    """``null`` stands for ``undefined``: a reason without a code."""
    if act.data:
        return [act.code, act.data.decode()]
    return [] if act.code is None else [act.code]
