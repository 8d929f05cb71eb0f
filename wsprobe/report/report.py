"""One recording with the results of its readers: the value that every renderer shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from msgspec import UNSET, Struct, ValidationError, convert
from msgspec.structs import replace

from wsprobe.browsers import BY_NAME
from wsprobe.cached import cached
from wsprobe.diagnosis import Author, Cause, author
from wsprobe.diagnosis.advice import Advice, Likely, advice, likely
from wsprobe.exchange import Exchange
from wsprobe.judge import judge, outcome
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.read import read
from wsprobe.read.closing import SessionClose, close_of
from wsprobe.read.frames import Message, messages_of
from wsprobe.recording.certificate import days_left
from wsprobe.relay.client import told_to_client
from wsprobe.report.outcome import STATUS_OF, Outcome
from wsprobe.report.result import VARYING, EngineAnswer, Result, answered, result_of
from wsprobe.report.timing import Timing, timing
from wsprobe.text import command_line, counted, visible

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Page, ScriptView
    from wsprobe.browsers.fetch import Fetched
    from wsprobe.read.reading import Reading, Response


class Report(Struct, frozen=True, dict=True):
    """*verdict* is RFC 6455's (or the wire version's own); *verdicts* are those of --spec."""

    reading: Reading
    verdict: Verdict
    outcome: Outcome
    """A word of ``wsprobe.report.outcome.TABLE``."""
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

    @cached
    def author(self) -> Author:
        """The author of the answer, with the answer's causes."""
        made, before = author(self.reading, self.outcome), judged_before(self.exchange)
        return made if before is None else replace(made, causes=before[2])

    @cached
    def causes(self) -> tuple[Cause, ...]:
        """The causes, the likeliest first; empty if nothing is wrong or nothing is known.

        What a browser blocks comes first: nothing that the server does opens it for a page. Other reasons that
        kept a browser of the views from sending anything come last."""
        return (*self.blocked, *self.author.causes, *_kept_off(self.views))

    @cached
    def blocked(self) -> tuple[Cause, ...]:
        """The causes if clients of the views block the connection: nobody but wsprobe sent a request."""
        if not self.views:
            return ()
        found = []
        port = self.exchange.plan.target.port
        for reason, (id, means, remedy, shows) in BLOCKED.items():
            blocking = [view for view in self.views if view.blocked == reason]
            names = list(dict.fromkeys(BY_NAME[view.browser].title for view in blocking))
            if names:
                some = f"{', '.join(names[:-1])} and {names[-1]} block" if names[1:] else f"{names[0]} blocks"
                means = means.format(some=some, port=port)
                found.append(Cause(id, means, remedy, "own-request", shows.format(port=port)))
        return tuple(found)

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

    @cached
    def likely(self) -> Likely | None:
        """The likeliest cause of wsprobe's own answer, in short; None if it opened, or nothing is known."""
        return None if self.outcome == "open" else likely(self.causes, self.reading, self.author)

    @cached
    def advice(self) -> Advice:
        """What to do about wsprobe's own answer."""
        return advice(self.reading, self.outcome, self.author)

    @cached
    def result(self) -> Result:
        """What came of the URL, for wsprobe and each client of the views."""
        told = told_to_client(self.exchange)
        close = self.close
        code = None if close is None else close.code
        return result_of(
            answered(self.outcome, self.reading.status, code, self.verdict, self.causes),
            self.views,
            [None if each is None else each.answered for each in self.answers],
            port=self.exchange.plan.target.port,
            told=None if told is None or told[1] is None else told[1].code,
            unknown=self._without_origin(),
            sender="the browser that wrote the log" if self.exchange.logged else "wsprobe",
        )

    def _without_origin(self) -> tuple[str, str]:
        """What views of an answer to a request without Origin cannot show, and the command that shows it."""
        as_is = self.views and not self.answers and self.exchange.client is UNSET
        if (
            not as_is
            or not self.reading.responses
            or not self.reading.sent
            or self.reading.request.head.all(b"origin")
        ):
            return "", ""
        return NO_ORIGIN, command_line("wsprobe", "compare", "--browser-mode", url=self.asked)


BLOCKED = {
    "bad-port": (
        "port-blocked",
        "{some} port {port} (Fetch standard, port blocking) and sent the server nothing",
        "serve on a port that browsers allow, such as 443, 8080 or 8443",
        "port {port}",
    ),
    "mixed-content": (
        "mixed-content-blocked",
        "{some} ws: on an https: page (mixed content) and sent the server nothing",
        "open wss:// in the page; a server without TLS needs a certificate, or a proxy with one before it",
        "the URLs of the page and of the socket",
    ),
    "csp": (
        "csp-blocked",
        "the page's Content-Security-Policy does not allow the server (connect-src), so browsers send nothing",
        "add the server to connect-src in the page's Content-Security-Policy (header or <meta>)",
        "the page's policy",
    ),
}
"""``ScriptView.blocked`` -> the id of the cause, its text, what to do, and what shows it."""
NO_ORIGIN = "this request had no Origin, and a page always sends one: the server may answer a page differently"


def _kept_off(views: Sequence[ScriptView]) -> Iterator[Cause]:
    """Why browsers sent nothing: the page may not reach the address."""
    for view in views:
        if view.local_network and not view.handshakes and view.outcome == "failed":
            means, *remedies = view.local_network
            shows = f"the page {visible(view.page.encode())}"
            yield Cause("local-network-access", means, remedies[0], "own-request", shows)
            return


def report(exchange: Exchange, known: Reading | None = None) -> Report:
    """Read one recording, and judge it by its wire version.

    *known*: an earlier reading of *exchange*, perhaps without its hops, so that a long recording is not read
    twice.
    """
    reading = read(exchange) if known is None else replace(known, exchange=exchange)
    verdict = judged(reading)
    word = cast("Outcome", outcome(reading, verdict))
    before = judged_before(exchange)
    if before is not None:
        word, verdict = before[0], replace(verdict, findings=before[1])
    name = exchange.name or ""
    return Report(reading=reading, verdict=verdict, outcome=word, exit_status=int(STATUS_OF[word]), name=name)


def judged_before(exchange: Exchange) -> tuple[Outcome, tuple[Finding, ...], tuple[Cause, ...]] | None:
    """Outcome, findings and causes from before secrets were masked; None if the recording has none."""
    before = exchange.judged
    if before is UNSET or before.outcome not in STATUS_OF:
        return None
    try:
        findings = convert(before.findings, tuple[Finding, ...])
        return cast("Outcome", before.outcome), findings, convert(before.causes, tuple[Cause, ...])
    except ValidationError:  # of a recording that was edited
        return None


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
