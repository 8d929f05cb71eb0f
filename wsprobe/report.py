"""One recording with all that the readers made of it: the value that every renderer draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.value import dataclass

if TYPE_CHECKING:
    from wsprobe.browsers.view import ScriptView
    from wsprobe.exchange import Exchange
    from wsprobe.judge.finding import Verdict
    from wsprobe.read.reading import Reading


@dataclass(frozen=True, slots=True)
class Report:
    """*verdict* is RFC 6455's (or the wire version's own); *verdicts* are those asked for with --spec."""

    reading: Reading
    verdict: Verdict
    outcome: str
    """A word of ``wsprobe.outcome.TABLE``."""
    exit_status: int
    name: str = ""
    """The word that the person gave, where that is not the URL (``lab:NAME``)."""
    views: tuple[ScriptView, ...] = ()
    answers: tuple[Exchange | None, ...] = ()
    """For each view: the exchange that this engine's own request led to; None where it read ours."""
    verdicts: tuple[Verdict, ...] = ()

    @property
    def title(self) -> str:
        return self.name or self.exchange.plan.target.url

    @property
    def exchange(self) -> Exchange:
        return self.reading.exchange
