"""What one request got, reduced to what a trace compares: kind, status, author, and the beginning of the body.

Two answers are the same if their status, Server, Location and the first words of their decoded bodies are:
proxies re-frame a chunked body, and nearly every other field differs from one answer to the next. Words that
differ only as request ids, nonces, times and tokens do are the same.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wsprobe.diagnosis import Author, Cause
from wsprobe.diagnosis.statuses import phrase_of
from wsprobe.diagnosis.words import below_heading, of_page
from wsprobe.exchange import Connected, Received, Sent
from wsprobe.judge.subject import how
from wsprobe.read.closing import close_of
from wsprobe.read.frames import first_close
from wsprobe.read.reading import Reading, Response
from wsprobe.report.report import Report

Kind = Literal["open", "invalid", "http", "not-taken", "cut", "silent", "broken", "not-reached", "interrupted"]
"""``open``: a 101 that a client accepts; ``invalid``: one that none accepts; ``http``: any other status;
``not-taken``: over HTTP/2 the server does not support WebSockets, so browsers use HTTP/1.1; ``cut``: the
connection ended without a byte; ``silent``: nothing came within the time limit; ``broken``: something came that
is no whole answer, or no HTTP; ``not-reached``: name, TCP, TLS or the user's own proxy failed before the
request was sent."""

AT_ONCE = 0.5
"""Seconds: a session that ends sooner did not end for its silence."""
COMPARED = 12
"""Words of a body. Those behind them quote ids, times and paths more often than they tell authors apart."""
LOOKED_AT = 8192
"""Bytes of a body."""
WORD = r"[\w+/=~-]+|[^\w\s]"
MARKUP = rb"(?i)\s*<(?:!doctype|!--|html|head|body|\?xml|[a-z][a-z0-9]*[\s>])"
MADE_UP = r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]|[a-z][_=~+][A-Za-z]"
"""Found in words that a program generates: ids, nonces, times and tokens."""
IN_A_DATE = r"(?ai)mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|am|pm"
OF_OUTCOME: dict[str, Kind] = {
    "open": "open",
    "closed": "open",
    "aborted": "open",
    "invalid": "invalid",
    "unresolved": "not-reached",
    "unreachable": "not-reached",
    "tls-failed": "not-reached",
    "proxy-failed": "not-reached",
    "not-http": "broken",
    "limit": "broken",
    "blocked": "not-reached",
}


class Answer(msgspec.Struct, frozen=True):
    """The answer to one request of a trace."""

    kind: Kind
    report: Report
    status: int = 0
    """0 if none came."""
    server: tuple[str, ...] = ()
    location: str = ""
    text: str = ""
    """The words of the decoded body, as far as they are looked at; of a page without tags, scripts and
    styles."""
    page: bool = False
    """True if the body is markup, or empty."""
    author: Author = Author()
    """Who wrote it, by its marks, and which proxy passed it on."""

    @property
    def opens(self) -> bool:
        return self.kind == "open"

    @property
    def redirects(self) -> bool:
        """True for a 3xx, wherever it leads."""
        return self.kind == "http" and 300 <= self.status < 400

    @property
    def by_proxy(self) -> bool:
        """True if a proxy wrote the answer."""
        return self.author.role == "proxy"

    @property
    def by_server(self) -> bool:
        """True if the author is known, and is not a proxy."""
        return self.author.role in ("server", "framework")

    @property
    def cause(self) -> Cause | None:
        """The likeliest cause of the answer by itself, as `connect` reports it."""
        return next(iter(self.author.causes), None)

    @property
    def cause_id(self) -> str:
        """The id of the likeliest cause; "" if there is none."""
        return self.cause.id if self.cause is not None else ""

    @property
    def stated(self) -> str:
        """The id of the cause that the answer states in words; "" if it states none."""
        return next((each.id for each in self.author.causes if each.certainty == "stated"), "")

    @property
    def words(self) -> str:
        """The words of its likeliest cause, wherever the answer has them; else those of its body."""
        return (self.cause.quote if self.cause is not None else "") or self.text

    @property
    def proxies(self) -> tuple[str, ...]:
        """Proxies that left a mark on the answer, by their words in ``wsprobe.diagnosis``."""
        own = self.author.id if self.by_proxy else ""
        # Of several proxies a diagnosis names the last; Varnish leaves its mark beside another's.
        varnish = "varnish" if self.field(b"x-varnish") is not None else ""
        named = (each for each in (own, self.author.hop, varnish) if each)
        return tuple(dict.fromkeys(named))

    @property
    def reading(self) -> Reading:
        return self.report.reading

    @property
    def found(self) -> frozenset[str]:
        """The ids of the findings about it."""
        return frozenset(finding.id for finding in self.report.verdict.findings)

    @property
    def seconds(self) -> float | None:
        """From the request to the first byte of the answer; None if none came."""
        sent = next((event.at for event in self.reading.exchange.events if isinstance(event, Sent)), None)
        return None if sent is None or not self.reading.received else (self.reading.when(0) - sent) / 1e6

    def field(self, name: bytes) -> str | None:
        """The value of the first header field called *name* (lower case)."""
        final = self.reading.final
        fields = final.head.all(name) if final is not None else ()
        return fields[0].value.decode("latin-1") if fields else None

    @property
    def own_reason(self) -> str:
        """The reason phrase, if it is not the standard one of the status."""
        reason = "" if self.reading.final is None else self.reading.final.reason.decode("utf-8", "replace")
        return "" if reason.lower() == phrase_of(self.status).lower() else reason

    def result(self) -> str:
        """A word or a number for a table: what came."""
        match self.kind:
            case "open" | "http":
                return str(self.status)
            case "invalid":
                return "101, invalid"
            case "not-taken":
                return "not accepted"
            case "silent":
                return "no answer"
            case "cut":
                return "reset" if how(self.reading) == "reset" else "closed"
            case _:
                return self.report.outcome if self.kind in ("not-reached", "broken") else self.kind


def answer_of(report: Report) -> Answer:
    """The answer that *report* is about."""
    reading = report.reading
    kind = _kind(report)
    final = reading.final
    if kind not in ("open", "invalid", "http") or final is None:
        return Answer(kind, report)
    body = content_of(final)
    return Answer(
        kind,
        report,
        status=final.status or 0,
        server=tuple(field.value.decode("latin-1") for field in final.head.all(b"server")),
        location=next((field.value.decode("latin-1") for field in final.head.all(b"location")), ""),
        text=words_of(body[:LOOKED_AT]),
        page=not body or re.match(MARKUP, body) is not None,
        author=report.author,
    )


def content_of(response: Response) -> bytes:
    """The body of *response* without transfer and content coding, as far as it came; b"" if there is none."""
    body = response.body
    if body is None:
        return b""
    return body.decoded if body.decoded is not None else body.content


_STRING = r'\s*"[^"\\]*"\s*'


def words_of(body: bytes) -> str:
    """The words in *body*; of markup the title and the texts, without tags, scripts and styles; of a plain text
    without a heading that is the status."""
    text = body.decode("utf-8", "replace")
    if re.fullmatch(_STRING, text) is not None:  # a string of JSON: its quotes are no words
        return text.strip()[1:-1]
    return " ".join(dict.fromkeys(of_page(text))) if re.match(MARKUP, body) else below_heading(text)


def _kind(report: Report) -> Kind:
    reading = report.reading
    if how(reading) == "interrupted" and not reading.received:
        return "interrupted"
    if report.outcome == "not-upgraded" and reading.http2 is not None and reading.final is None:
        return "not-taken"
    if report.outcome in OF_OUTCOME:
        return OF_OUTCOME[report.outcome]
    if report.outcome in ("dropped", "timeout"):
        events = reading.exchange.events
        if not any(isinstance(event, Connected) for event in events) or not reading.sent:
            return "not-reached"
        if reading.final is not None and reading.final.head.complete and reading.final.status is not None:
            return "http"  # its body has no end; status and fields are known
        if reading.received:
            return "broken"
        return "cut" if report.outcome == "dropped" else "silent"
    return "http"


def ended_in_silence(answer: Answer) -> float | None:
    """Seconds from the last byte to the peer's end of an open session without a Close frame of either side;
    None if it did not end so."""
    session = answer.reading.session
    if session is None or how(answer.reading) not in ("fin", "reset", "truncated"):
        return None
    if first_close((*session.frames, *session.sent)) is not None:
        return None
    received = answer.reading.received
    return (answer.reading.exchange.events[-1].at - answer.reading.when(len(received) - 1)) / 1e6


def closed_in_silence(answer: Answer) -> float | None:
    """Seconds without a byte from the server before its own Close, 0 if it came with the 101; None if the
    server sent none, or only in answer to ours."""
    close = close_of(answer.reading)
    if close is None or close.by != "server":
        return None
    received = [event.at for event in answer.reading.exchange.events if isinstance(event, Received)]
    session = answer.reading.session
    theirs = first_close(session.frames) if session is not None else None
    before = [at for at in received if theirs is not None and at < theirs.at]
    if theirs is None:
        return None
    return (theirs.at - before[-1]) / 1e6 if before else 0.0


def ended_while_held(answer: Answer) -> float | None:
    """Seconds of silence after which the server ended the session; None if it did not, or sent its Close at
    once."""
    dropped, closed = ended_in_silence(answer), closed_in_silence(answer)
    return dropped if dropped is not None or closed is None or closed < AT_ONCE else closed


def stays_open(answer: Answer) -> bool:
    """True if an open session lasted until wsprobe closed it."""
    return ended_in_silence(answer) is None and closed_in_silence(answer) is None


def same(one: Answer, other: Answer) -> bool:
    """True if both got the same answer from the same author."""
    return alike(one, other) and one.server == other.server and same_words(one.location, other.location)


def alike(one: Answer, other: Answer) -> bool:
    """True if both have the same status and the same body, whatever proxies wrote into the head."""
    if one.opens or other.opens:
        return one.opens and other.opens
    if one.kind != other.kind or one.status != other.status:
        return False
    return same_words(one.text, other.text)


def same_words(one: str, other: str) -> bool:
    """True if the first words of both are the same but for ids, nonces, times and tokens."""
    ours, theirs = re.findall(WORD, one)[:COMPARED], re.findall(WORD, other)[:COMPARED]
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all(a == b or _both_made_up(a, b) for a, b in pairs)


def _both_made_up(one: str, other: str) -> bool:
    return all(re.search(MADE_UP, each) or re.fullmatch(IN_A_DATE, each) for each in (one, other))
