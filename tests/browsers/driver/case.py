"""What is measured: a scenario of the lab, and script beyond what its page can say."""

from dataclasses import dataclass, field

from wsprobe.browsers.engine import Page
from wsprobe.browsers.script import MAX_REASON
from wsprobe.lab.measured import CAP, cap
from wsprobe.lab.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Script:
    """JavaScript, run with ``ws``, ``url`` and ``rec(type, more)`` in scope."""

    before: str = ""
    """Before the constructor runs."""
    at_end: str = ""
    """An expression whose value is written down when all is over."""


@dataclass(frozen=True, slots=True)
class Case:
    """One socket in one engine."""

    scenario: Scenario
    script: Script = field(default_factory=Script)

    @property
    def name(self):
        return self.scenario.name

    @property
    def page(self):
        """URL and content security policy: cases that agree in both can share a page."""
        return self.scenario.page.url, self.scenario.page.csp

    @property
    def alone(self):
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
    def cap(self):
        """Seconds after which the page closes what has not ended."""
        return cap(self.scenario)


def _complained_of(act):
    """True of a send(), which may come too late, and of a close() with a reason that is too long."""
    return act.do != "close" or len(act.data) > MAX_REASON
