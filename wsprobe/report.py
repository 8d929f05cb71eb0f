"""One recording with the results of its readers: the value that every renderer shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.certificate import days_left
from wsprobe.diagnosis import Author, Cause, author
from wsprobe.engine_answer import VARYING, EngineAnswer
from wsprobe.exchange import Exchange
from wsprobe.judge import judge, outcome
from wsprobe.judge.finding import Finding, Verdict, counted
from wsprobe.outcome import STATUS_OF, Outcome
from wsprobe.read import read
from wsprobe.read.closing import SessionClose, close_of
from wsprobe.read.frames import Message, messages_of
from wsprobe.timing import Timing, timing
from wsprobe.visible import visible

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Page, ScriptView
    from wsprobe.browsers.fetch import Fetched
    from wsprobe.read.reading import Reading, Response


class Report(Struct, frozen=True, dict=True):
    """*verdict* is RFC 6455's (or the wire version's own); *verdicts* are those of --spec."""

    reading: Reading
    verdict: Verdict
    outcome: Outcome
    """A word of ``wsprobe.outcome.TABLE``."""
    exit_status: int
    name: str = ""
    """The word on the command line, if it is not the URL (``lab:NAME``)."""
    views: tuple[ScriptView, ...] = ()
    answers: tuple[EngineAnswer | None, ...] = ()
    """For each view: the answer to this engine's own request; None if it made none. Empty if the engines read
    wsprobe's answer, or a recording."""
    page: Page | None = None
    """The page of the views."""
    fetched: Fetched | None = None
    """What fetch() of the same URL sees from that page, if requested."""
    verdicts: tuple[Verdict, ...] = ()

    @property
    def asked(self) -> str:
        """The target as given on the command line."""
        return self.name or self.exchange.plan.target.url

    @property
    def title(self) -> str:
        """The target, and the cluster's worker that tried it, if any."""
        return f"{self.asked} from {self.exchange.worker}" if self.exchange.worker else self.asked

    @property
    def exchange(self) -> Exchange:
        return self.reading.exchange

    # The members of --json that are made from these, by the same names.

    @property
    def url(self) -> str:
        """The target as a URL."""
        return self.exchange.plan.target.url

    @property
    def response(self) -> Response | None:
        """The final answer."""
        return self.reading.final

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.verdict.findings

    @cached_property
    def author(self) -> Author:
        """The author of the answer, with the answer's causes."""
        return author(self.reading, self.outcome)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes, the likeliest first; empty if nothing is wrong or nothing is known.

        Those of the recording come before a reason that kept a browser of the views from sending anything."""
        return (*self.author.causes, *_kept_off(self.views))

    @property
    def close(self) -> SessionClose | None:
        """How the session was closed; None if there was no Close frame."""
        return close_of(self.reading)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The server's messages in the session, inflated, in order; the last one may be incomplete."""
        return tuple(messages_of(self.reading)[0])

    @property
    def sent_messages(self) -> tuple[Message, ...]:
        """The messages sent to it."""
        return tuple(messages_of(self.reading)[1])

    @property
    def timing(self) -> Timing:
        """When each phase ended."""
        return timing(self.reading)

    def _repr_html_(self) -> str:
        """The report in a notebook: outcome, answer, close, findings, and what scripts saw; all escaped."""
        from html import escape  # late: for notebooks alone

        final, close = self.response, self.close
        lines = [line.text for line in final.head.lines] if final is not None else []
        body = self.reading.content
        rows = [visible(line) for line in (*lines, *([b"", *body[:SHOWN].splitlines()] if body else []))]
        items = [f"{f.level} {f.id}: {f.text}" for f in self.findings]
        if close is not None:
            code = "no code" if close.code is None else f"code {close.code}"
            items.insert(0, f'closed first by the {close.by}: {code}, reason "{_shown(close.reason)}"')
        items += [f"{view.browser} {view.version}: {', '.join(_events(view))}" for view in self.views]
        return (
            f"<div><strong>{escape(self.outcome)}</strong> {escape(_shown(self.title))}"
            f"<pre>{escape(chr(10).join(rows))}</pre>"
            f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in items)}</ul></div>"
        )


def _kept_off(views: Sequence[ScriptView]) -> Iterator[Cause]:
    """Why browsers sent nothing: the page may not reach the address."""
    for view in views:
        if view.local_network and not view.handshakes and view.outcome == "failed":
            means, *remedies = view.local_network
            shows = f"the page {visible(view.page.encode())}"
            yield Cause("local-network-access", means, remedies[0], "own-request", shows)
            return


def _shown(text: str) -> str:
    return visible(text.encode("utf-8", "replace"))


def _events(view: ScriptView) -> Iterator[str]:
    """What a script saw, one or two words per event."""
    if view.exception is not None:
        yield f"throws {view.exception.name}"
    for event in view.events:
        yield f"close {event.code}" if event.type == "close" else event.type


SHOWN = 4096
"""The most bytes of a body in a notebook."""


def report(exchange: Exchange, known: Reading | None = None) -> Report:
    """Read one recording, and judge it by its wire version.

    *known*: an earlier reading of *exchange*, perhaps without its hops, so that a long recording is not read
    twice.
    """
    reading = read(exchange) if known is None else replace(known, exchange=exchange)
    verdict = judged(reading)
    word = cast("Outcome", outcome(reading, verdict))
    name = exchange.name or ""
    return Report(reading=reading, verdict=verdict, outcome=word, exit_status=int(STATUS_OF[word]), name=name)


def report_of(answer: EngineAnswer) -> Report:
    """The report of *answer*, read again. A flood makes a long one, so request one at a time, and only if the
    whole answer is shown."""
    return Report(
        read(answer.exchange), answer.verdict, cast("Outcome", answer.outcome), int(STATUS_OF[answer.outcome])
    )


def judged(reading: Reading) -> Verdict:
    """The verdict by the wire version: RFC 6455, or the draft of ``Plan.wire``."""
    if reading.exchange.plan.wire == "hybi-13":
        return judge(reading)
    # A seam: the revisions are data that only a draft's verdict needs.
    from wsprobe.history import judged_by_draft

    return judged_by_draft(reading)


def certificate_days(exchange: Exchange) -> int | None:
    """Whole days that the server's certificate was still valid at the time of the request, negative if it had
    expired; None if it sent none."""
    shown = exchange.certificate
    return None if shown is None else days_left(shown, exchange.started)


Point = tuple[str, str]


def comparable(of: Report) -> tuple[Point, ...]:
    """(what, value) of everything that makes two answers equal: outcome, status line, header fields, size of
    the body, findings, close. Times do not count, nor does the letter case of header names, which has no
    meaning (RFC 9110 section 5.1)."""
    points: list[Point] = [("outcome", of.outcome)]
    final = of.reading.final
    over_http2 = of.reading.http2 is not None
    if final is not None and (over_http2 or final.head.first is not None):
        line = final.head.first.text if final.head.first is not None else b"HTTP/2 %d" % (final.status or 0)
        points.append(("status line", visible(line)))
        points += [
            (f"header {visible(f.key)}", visible(f.value)) for f in final.head.fields if f.key not in VARYING
        ]
        if final.body is not None:
            points.append(("body", counted(len(final.body.content), "byte")))
    points += [(f"finding {f.id}", f.level) for f in of.verdict.findings if f.level != "note"]
    close = close_of(of.reading)
    if close is not None:
        said = " ".join(each for each in (str(close.code), visible(close.reason.encode())) if each)
        points.append(("close", f"{said} by {close.by}"))
    return tuple(points)
