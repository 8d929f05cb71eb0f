"""One recording with all that the readers made of it: the value that every renderer draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from wsprobe.judge import judge, outcome
from wsprobe.outcome import STATUS_OF
from wsprobe.read import read

if TYPE_CHECKING:
    from wsprobe.browsers.engine import ScriptView
    from wsprobe.exchange import Exchange
    from wsprobe.judge.finding import Verdict
    from wsprobe.read.reading import Reading


class Report(Struct, frozen=True):
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


def report(exchange: Exchange) -> Report:
    """Read one recording, and judge it by the wire version that was spoken."""
    reading = read(exchange)
    verdict = judged(reading)
    word = outcome(reading, verdict)
    return Report(reading=reading, verdict=verdict, outcome=word, exit_status=int(STATUS_OF[word]))


def judged(reading: Reading) -> Verdict:
    """The verdict of the version that was spoken: RFC 6455, or that of the draft that ``Plan.wire`` is."""
    if reading.exchange.plan.wire == "hybi-13":
        return judge(reading)
    # A seam: the revisions are data that only a draft's verdict needs.
    from wsprobe.history import judged_by_draft

    return judged_by_draft(reading)
