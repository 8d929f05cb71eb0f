"""What one request got, reduced to what a trace compares: kind, status, author, and the beginning of the body.

Two answers are the same if their status, Server, Location and the first bytes of their decoded bodies are:
proxies frame a chunked body anew, and nearly every other field differs from one answer to the next.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wsprobe.diagnosis import Author, author
from wsprobe.exchange import Connected, Sent
from wsprobe.judge.subject import how
from wsprobe.read.reading import Reading, Response
from wsprobe.report import Report

Kind = Literal["open", "invalid", "http", "not-taken", "cut", "silent", "broken", "not-reached", "interrupted"]
"""``open``: a 101 that a client accepts; ``invalid``: one that none accepts; ``http``: any other status;
``not-taken``: over HTTP/2 the server takes no WebSockets, so that browsers ask over HTTP/1.1; ``cut``: the
connection ended without a byte; ``silent``: nothing came while time lasted; ``broken``: something came that is
no whole answer, or no HTTP; ``not-reached``: name, TCP, TLS or the user's own proxy failed before the request
was sent."""

COMPARED = 40
"""Bytes of a body. What is behind them quotes ids, times and paths more often than it tells authors apart."""
LOOKED_AT = 4096
CHANGING = re.compile(rb"(?i)\b[0-9a-f]{8,}\b|\d+")
"""Times, counters and ids, which differ between two answers that are otherwise the same."""
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
}


class Answer(msgspec.Struct, frozen=True):
    """One answer of a trace."""

    kind: Kind
    report: Report
    status: int | None = None
    server: tuple[str, ...] = ()
    location: str = ""
    text: str = ""
    """The decoded body, as far as it is looked at."""
    beginning: bytes = b""
    """The first bytes of the decoded body, what changes from answer to answer masked."""
    author: Author = Author()
    """Who wrote it, by its marks, and which hop passed it on."""

    @property
    def opens(self) -> bool:
        return self.kind == "open"

    @property
    def by_proxy(self) -> bool:
        """True if a proxy wrote it itself."""
        return self.author.role == "proxy"

    @property
    def by_server(self) -> bool:
        """True if the program that wrote it is known, and no proxy."""
        return self.author.role in ("server", "framework")

    @property
    def causes(self) -> tuple[str, ...]:
        """Ids of what it most likely means by itself, the likeliest first."""
        return tuple(cause.id for cause in self.author.causes)

    @property
    def stated(self) -> str:
        """The id of the cause that it states in words; "" if it states none."""
        return next((each.id for each in self.author.causes if each.certainty == "stated"), "")

    @property
    def hops(self) -> tuple[str, ...]:
        """Proxies that left a mark on it, by their words in ``wsprobe.diagnosis``."""
        own = self.author.id if self.by_proxy else ""
        # Of several hops a diagnosis names the last; Varnish leaves its mark beside another's.
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

    def said(self) -> str:
        """A word or a number for a table: what came."""
        match self.kind:
            case "open" | "http":
                return str(self.status)
            case "invalid":
                return "101, invalid"
            case "not-taken":
                return "not taken"
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
        status=final.status,
        server=tuple(field.value.decode("latin-1") for field in final.head.all(b"server")),
        location=next((field.value.decode("latin-1") for field in final.head.all(b"location")), ""),
        text=body[:LOOKED_AT].decode("utf-8", "replace"),
        beginning=CHANGING.sub(b"#", body[:COMPARED]),
        author=author(reading),
    )


def content_of(response: Response) -> bytes:
    """The body of *response* without transfer and content coding, as far as it came; b"" if there is none."""
    body = response.body
    if body is None:
        return b""
    return body.decoded if body.decoded is not None else body.content


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
    if any(frame.opcode == 8 for frame in (*session.frames, *session.sent)):
        return None
    received = answer.reading.received
    return (answer.reading.exchange.events[-1].at - answer.reading.when(len(received) - 1)) / 1e6


def same(one: Answer, other: Answer) -> bool:
    """True if both got the same answer from the same author."""
    return alike(one, other) and one.server == other.server and one.location == other.location


def alike(one: Answer, other: Answer) -> bool:
    """True if both have the same status and the same body, whatever hops wrote into the head."""
    if one.opens or other.opens:
        return one.opens and other.opens
    if one.kind != other.kind or one.status != other.status:
        return False
    return one.beginning == other.beginning
