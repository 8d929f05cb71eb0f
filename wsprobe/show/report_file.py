"""The contents of a report file (``--report``) in any format; `html` and `markdown` write it.

Each recording becomes a `Part` as soon as it is available, so that many need only as much memory as their text.
One `Cover` is for all parts. The lines come from the same functions as the terminal's report. The sections of
specifications that a sentence cites become links; nothing is loaded from them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.tell import Tellable
from wsprobe.diagnosis.advice import Advice, Likely
from wsprobe.exchange import (
    Connected,
    Exchange,
    ProxyHeaderSent,
    Received,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.judge.finding import Finding
from wsprobe.read.reading import Reading
from wsprobe.report.report import Report
from wsprobe.report.result import Result, further_findings
from wsprobe.show import answer, connection, http2, lines
from wsprobe.show import trace as traced
from wsprobe.show.compare import POINTS, apart, differing, verdicts
from wsprobe.show.compare import times as totals
from wsprobe.show.lines import Line, Look, Piece, line, text_of
from wsprobe.show.page import client_lines
from wsprobe.show.readers import answers_of, looks_the_same, page_of, protocols_differ, who
from wsprobe.show.report import browser_of, not_original, received_dump, sentence, transport_bytes
from wsprobe.show.session import session
from wsprobe.show.views import Block, blocks, fetch_lines
from wsprobe.text import counted, shown_text
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.series import TRACE, Choice
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Found

LOOK = Look(width=100, unicode=True)
"""What a file can show: all visible characters."""
ORDER = {"fail": 0, "warn": 1, "note": 2}
MASKED = (
    "Credentials, cookies, query values and messages that were sent are masked, as with --redact. "
    "The body of an answer may contain other secrets: look through the file before you publish it."
)
AS_IS = "Based on the answer that wsprobe got; compare --browser-mode sends the request of each browser"
UNMASKED = (
    "Nothing in this file is masked (--no-redact): it may hold credentials, cookies and tokens. "
    "Give it only to people who may see them."
)


class Side(Struct, frozen=True):
    """One answer, and what the pages with this answer see."""

    report: Report | None
    """None if no request was sent."""
    blocks: tuple[Block, ...]
    who: Line = ()
    """The readers of this answer; empty if there is only one answer."""
    alike: tuple[Line, ...] = ()
    """The situations that look the same to a script."""
    advice: Advice = Advice()


class Part(Struct, frozen=True):
    """One recording."""

    report: Report
    command: str
    """The command line that repeats it, quoted for a shell; "" if it is the cover's command."""
    sides: tuple[Side, ...]
    page: tuple[Line, ...] = ()
    """The URL and Origin of the page in the views."""
    more: tuple[tuple[str, tuple[Line, ...]], ...] = ()
    """What follows the sides: headings and their lines."""
    as_is: bool = False
    """True if the engines read wsprobe's own answer, and sent no request themselves."""
    heading: str = ""
    """Replaces the title, in a trace."""
    folded: bool = False
    """True if the part is one of many similar ones, and folded."""
    short: bool = False
    """True if another part of its group is shown in full, so that this part has only its answer."""

    @property
    def title(self) -> str:
        """The heading of the part, printable."""
        return self.heading or shown_text(self.report.title)

    @property
    def result(self) -> Result:
        """What came of the URL, for each client."""
        return self.report.result

    @property
    def unknown(self) -> list[str]:
        """What the part cannot show, with the command that shows it; nothing for a trace, whose table has the
        answers to the other requests."""
        result = self.result
        return [f"{result.unknown} ({result.ask})"] if result.unknown and not self.heading else []


class PartGroup(Struct, frozen=True):
    """The common properties of answers that are shown together."""

    answer: str
    """The result in one line, for each client."""
    cause: str
    """The id of the likeliest cause, or of the first failing finding; "" if neither is known."""
    open: bool
    """True if the WebSocket opens for every client."""


class IndexRow(Struct, frozen=True):
    """The row of a part in the index."""

    title: str
    outcome: str
    """A word for the count of many rows: that of wsprobe's own answer, unless the clients' results differ."""
    group: PartGroup
    took: str
    likely: Likely | None = None
    short: bool = False
    """The same as ``Part.short``."""


Numbered = tuple[int, IndexRow]
"""The number of a part in the list, from 1, and its row."""


def grouped(rows: Sequence[IndexRow]) -> list[list[Numbered]]:
    """*rows* by group: failures before groups that opened, larger groups first."""
    found = lines.grouped((each.group, (number, each)) for number, each in enumerate(rows, 1))
    return sorted(found.values(), key=lambda of: (of[0][1].group.open, -len(of)))


class Table(Struct, frozen=True):
    """Rows of cells under a heading; *note* is their summary."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]
    note: str = ""


class Told(Struct, frozen=True):
    """A conclusion of a trace."""

    said: Conclusion
    because: tuple[Line, ...] = ()
    level: str = ""
    """The level of a weakness: error, warning or note. A conclusion has a certainty instead."""
    rows: tuple[tuple[str, str], ...] = ()
    """(label, text) of each row below the conclusion."""

    @property
    def badge(self) -> str:
        """The level of a weakness; of a conclusion its certainty."""
        return self.level or self.said.certainty


class Cover(Struct, frozen=True):
    """The facts about all parts together."""

    kind: str
    """The command."""
    command: str
    made_with: str
    """The versions of wsprobe, and of Python and the system."""
    masked: bool
    rows: tuple[IndexRow, ...] = ()
    tables: tuple[Table, ...] = ()
    told: tuple[Told, ...] = ()
    apart: tuple[Line, ...] = ()
    """The recordings that a script can tell apart."""

    @property
    def title(self) -> str:
        """The text of the title bar."""
        if len(self.rows) == 1:
            return f"{self.rows[0].group.answer}: {self.rows[0].title}"
        return f"wsprobe {self.kind}: {summary(self.rows)}"

    @property
    def care(self) -> str:
        """What a reader must know before sharing the file."""
        return MASKED if self.masked else UNMASKED


def summary(rows: Sequence[IndexRow]) -> str:
    """The counts by outcome."""
    words = Counter(row.outcome for row in rows)
    return ", ".join(f"{count} {word}" for word, count in words.items())


def part(report: Report, command: str = "", *, as_is: bool = False, seen: Sequence[Line] = ()) -> Part:
    """The whole content for *report*. *seen*: the results of installed browsers."""
    more = (
        ("By each revision of the specifications", verdicts(report, LOOK) if report.verdicts else ()),
        ("The client", client_lines(report, look=LOOK)),
        ("Seen in installed browsers", seen),
    )
    return Part(
        report=report,
        command=command,
        sides=tuple(_sides(report)),
        page=tuple(_page(report) if report.views else ()),
        more=tuple((heading, tuple(rows)) for heading, rows in more if rows),
        as_is=as_is,
    )


def _page(report: Report) -> list[Line]:
    fetched = [] if report.fetched is None else fetch_lines(report.fetched, LOOK)
    return [*protocols_differ(report), *page_of(report, LOOK), *fetched]


def _sides(report: Report) -> Iterator[Side]:
    if not report.views:
        yield Side(report, (), advice=report.advice)
        return
    got = answers_of(report)
    silent = [number for number, each in enumerate(report.answers) if each is None]
    several = len(got) + bool(silent) > 1
    given: set[str] = set()
    for each in got:
        shared = each.report
        yield Side(
            shared,
            tuple(blocks([report.views[i] for i in each.views], LOOK)),
            who=who(report, each, got[0], LOOK) if several else (),
            alike=tuple(looks_the_same(report, each.views, shared)),
            advice=shared.advice.without(given),
        )
    if silent:
        yield Side(
            None,
            tuple(blocks([report.views[i] for i in silent], LOOK)),
            who=line(Piece("the browser does not send a request", "name")),
            alike=tuple(looks_the_same(report, silent, None)),
            advice=Advice(report.blocked),
        )


def row(report: Report, *, short: bool = False) -> IndexRow:
    """The row of *report* in the index. *short*: see ``Part.short``."""
    result, cause, why = report.result, "", report.likely
    if why is not None:
        cause = report.causes[0].id
    elif result.cause is not None:
        first = result.cause
        cause, why = first.id, Likely(first.below_label, first.fix, label=first.label)
    elif report.outcome != "open":
        faults = [each for each in findings(report) if each.fatal]
        cause, why = (faults[0].id, Likely(faults[0].text)) if faults else ("", None)
    differ = len(result.groups) > 1
    return IndexRow(
        shown_text(report.title),
        "open for some clients" if differ and report.outcome == "open" else report.outcome,
        PartGroup(result.headline, cause, result.open),
        totals([report])[0],
        why,
        short,
    )


def said(of: Part) -> str:
    """The meaning of the result, as a sentence: of wsprobe's own answer."""
    own = sentence(of.report, LOOK)
    return own if len(of.result.groups) == 1 else f"for wsprobe itself: {own}"


def asked(reading: Reading) -> list[Line]:
    """The request, one line per field: its bytes as text, or the fields of HTTP/2."""
    planned = reading.exchange.plan.http2
    if reading.http2 is not None and planned is not None:
        return [line(Piece(LOOK.text(name), "name"), f": {LOOK.text(value)}") for name, value in planned.fields]
    head = reading.request.head
    return [answer.wire_line(each, head, LOOK) for each in head.lines]


def answered(report: Report, pointing: bool = True) -> list[Line]:
    """What was received, without its meaning: the answers (with the bytes of findings marked, if *pointing*),
    and the session."""
    reading = report.reading
    if reading.looks_like and reading.received:
        rows = received_dump(reading.received, LOOK)
    elif reading.http2 is None:
        rows = answer.marked(reading, findings(report) if pointing else [], LOOK)
    else:
        rows = http2.answers(reading, [], LOOK)
    rows = [*http2.spoken(reading), *rows, *transport_bytes(report, LOOK), *session(reading, LOOK)]
    if reading.http2 is not None:
        rows += http2.ending(reading, LOOK)
    while rows and not text_of(rows[-1]):
        rows.pop()
    return rows or [line(Piece("nothing", "dim"))]


SHORT = 2000
"""The most characters of an answer if another one of its group is shown in full."""


def answered_shortly(report: Report) -> str:
    """The beginning of the answer and session, as text."""
    whole = "\n".join(map(text_of, answered(report, pointing=False)))
    left = len(whole) - SHORT
    if left <= 0:
        return whole
    return f"{whole[:SHORT]} ... {counted(left, 'more character')} (--save and --json keep all)"


def findings(report: Report) -> list[Finding]:
    """The findings, faults first, without those that repeat the sentence of the outcome."""
    return sorted(further_findings(report.verdict), key=lambda each: ORDER[each.level])


def facts(report: Report) -> list[tuple[str, str]]:
    """(label, value) of the facts about the exchange: time, addresses, durations."""
    rows = [("URL", shown_text(report.exchange.plan.target.url))]
    if report.name not in ("", report.exchange.plan.target.url):
        rows.append(("asked for as", shown_text(report.name)))
    if report.exchange.rebuilt:
        rows.append(("rebuilt from", not_original(report.exchange)))
    logged = report.exchange.logged
    if logged and (said := logged.message or logged.error):
        rows.append((f"{browser_of(logged)} said", shown_text(said)))
    rows.append(("asked", shown_text(report.exchange.started) or "at a time that was not recorded"))
    where = connection.peer(report.exchange)
    local = next((e.local for e in report.exchange.events if isinstance(e, Connected) and e.local), "")
    if where:
        rows.append(("answered by", shown_text(where) + (f", from {shown_text(local)}" if local else "")))
    route = report.exchange.plan.route
    if route.proxy:
        rows.append(("through the proxy", shown_text(route.proxy)))
    if report.exchange.plan.wire != "hybi-13":
        rows.append(("spoken", report.exchange.plan.wire))
    rows.append(("in all", totals([report])[0]))
    return rows


def tls(report: Report) -> list[tuple[str, str]]:
    """(label, value) of the TLS connection; empty without TLS."""
    for event in report.exchange.events:
        match event:
            case TlsDone(certificate=certificate):
                rows = [("version", event.version), ("cipher", event.cipher)]
                rows.append(("ALPN", event.alpn or "nothing agreed on"))
                rows.append(
                    ("verified", "yes" if event.verified else f"no: {event.problem or 'not requested'}")
                )
            case TlsFailed(certificate=certificate):
                rows = [("failed", event.error)]
            case _:
                continue
        if certificate is not None:
            rows += [("subject", certificate.subject), ("issuer", certificate.issuer)]
            rows.append(("names", ", ".join(certificate.names)))
            rows.append(("valid", f"{certificate.not_before} to {certificate.not_after}"))
        return [(what, shown_text(value)) for what, value in rows if value]
    return []


class Transfer(Struct, frozen=True):
    """One write or read."""

    title: str
    """Its time, direction and size."""
    shown: bytes
    """The first bytes, as far as there is room."""
    left: int
    """Number of bytes not shown."""


def transfers(exchange: Exchange, room: int) -> Iterator[Transfer]:
    """Yield every write and read, in order; together they show at most *room* bytes."""
    named: dict[type, str] = {
        ProxyHeaderSent: "sent, for the PROXY protocol",
        Sent: "sent",
        Received: "received",
        TunnelSent: "sent to the proxy",
        TunnelReceived: "received from the proxy",
    }
    for event in exchange.events:
        if isinstance(event, ProxyHeaderSent | Sent | Received | TunnelSent | TunnelReceived):
            shown = event.data[:room]
            room -= len(shown)
            title = f"{event.at / 1000:.1f} ms, {named[type(event)]}: {counted(len(event.data), 'byte')}"
            yield Transfer(title, shown, len(event.data) - len(shown))


def with_line_ends(data: bytes) -> list[str]:
    """*data* as text lines, each with a visible line end."""
    return [
        LOOK.text(each.rstrip(b"\r\n")) + each[len(each.rstrip(b"\r\n")) :].decode().translate(_ENDS)
        for each in data.splitlines(keepends=True)
    ]


_ENDS = {0x0D: "\\r", 0x0A: "\\n"}


def difference(reports: Sequence[Report]) -> Table:
    """The differences between recordings, one column each."""
    unequal, points = differing(reports)
    rows = [(Piece(what, "name"), *(Piece(value) for value in values)) for what, values in unequal[:POINTS]]
    more = f", of which {POINTS} are shown" if len(unequal) > POINTS else ""
    return Table(
        "What differs",
        ("point", *(f"[{number}]" for number in range(1, len(reports) + 1))),
        (*rows, (Piece("time", "dim"), *(Piece(each, "dim") for each in totals(reports)))),
        f"{len(unequal)} of {points} points differ{more}. Times do not count."
        if unequal
        else f"The same in all {points} points. Times do not count.",
    )


def told_apart(reports: Sequence[Report], groups: Sequence[Tellable]) -> tuple[Line, ...]:
    """The *reports* that a script can tell apart."""
    return tuple(apart(reports, groups, LOOK)) if groups else ()


def changes(seen: Trace, choice: Choice) -> Table:
    """The answers of a trace, and the requests not sent."""
    reasons = traced.unsent(seen, choice)
    left = "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
    return Table(
        "One change at a time" if choice.series is TRACE else "What was sent, and what came",
        ("changed", "answer", "after", "what it was"),
        tuple(traced.cells(name, seen, LOOK) for name in seen.answers),
        f"{traced.sent(seen, choice)}." + (f" Not sent: {left}." if left else ""),
    )


def audited(found: Sequence[Found], untested: Sequence[tuple[str, str]]) -> tuple[Told, ...]:
    """The weaknesses found by an audit, the worst first, and the tests that could not be made."""
    told = []
    for each in found:
        of, said = each.weakness, each.conclusion
        number = (("CWE", str(of.cwe)),) if of.cwe else ()
        rows = (
            ("sent", said.sent),
            ("came", said.came),
            ("why it matters", of.why),
            ("not known", of.cannot_know),
            *number,
        )
        told.append(Told(replace(said, id=of.id, fix=each.fix), level=of.level, rows=rows))
    if not found:
        told.append(Told(Conclusion("No weakness was found.", 1.0, (), id="none"), level="good"))
    if untested:
        nothing = Conclusion("These could not be tested:", 1.0, (), id="not-tested")
        told.append(Told(nothing, level="note", rows=tuple(untested)))
    return tuple(told)


def concluded(found: Sequence[Conclusion], seen: Trace) -> tuple[Told, ...]:
    """The conclusions of a trace, the likeliest first."""
    return tuple(
        Told(each, () if number else tuple(traced.because(each, seen, LOOK)))
        for number, each in enumerate(found)
    )


RFC = "https://www.rfc-editor.org/rfc/rfc{}"
ERRATUM = "https://www.rfc-editor.org/errata/eid{}"
DRAFT = "https://datatracker.ietf.org/doc/html/draft-{}-thewebsocketprotocol-{}"
WHATWG = "https://websockets.spec.whatwg.org/"
ANCHORS = {
    "1": "network-intro",
    "2": "websocket-protocol",
    "2.1": "websocket-connections",
    "2.2": "websocket-opening-handshake",
    "3": "the-websocket-interface",
    "3.1": "interface-definition",
    "4": "feedback-from-the-protocol",
    "5": "ping-and-pong-frames",
    "6": "the-closeevent-interface",
    "7": "garbage-collection",
}
"""Sections of the WebSockets standard -> their anchors, which are words (whatwg/websockets, index.bs)."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_CITED = re.compile(
    rf"(?:(?P<spec>\bRFC (?P<rfc>[0-9]{{3,4}})\b|\bWHATWG WebSockets\b"
    r"|\b(?:draft-)?(?P<group>hixie|(?:ietf-)?hybi)(?:-thewebsocketprotocol)?-(?P<draft>[0-9]{2})(?= section))"
    rf"(?: (?=sections? [0-9]))?)?(?:\bsections? (?P<sections>{_NUMBER}(?:(?:, | and ){_NUMBER})*))?"
    r"|\berratum (?P<erratum>[0-9]+)\b"
)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """*text* in pieces, each with the URL that it cites, or "". A section without a specification belongs to
    the last named one."""
    base = ""
    done = 0
    for match in _CITED.finditer(text):
        if match["spec"]:
            base = _base(match)
        if not match[0] or not (base or match["erratum"]):
            continue
        if done < match.start():
            yield text[done : match.start()], ""
        yield from _links(match, base)
        done = match.end()
    if done < len(text):
        yield text[done:], ""


def _base(match: re.Match[str]) -> str:
    if match["rfc"]:
        return RFC.format(match["rfc"])
    if match["draft"]:
        return DRAFT.format("ietf-hybi" if "hybi" in match["group"] else "hixie", match["draft"])
    return WHATWG


def _links(match: re.Match[str], base: str) -> Iterator[tuple[str, str]]:
    """The words of one citation: the first link has the specification's name too, each further section its
    own."""
    if match["erratum"]:
        yield match[0], ERRATUM.format(match["erratum"])
        return
    if not match["sections"]:
        yield match[0], base
        return
    begin = match.start("sections") - match.start()
    first, *others = re.split(r"(, | and )", match["sections"])
    yield match[0][:begin] + first, base + _anchor(base, first)
    for each in others:
        yield each, base + _anchor(base, each) if each[:1].isdigit() else ""


def _anchor(base: str, section: str) -> str:
    if base != WHATWG:
        return f"#section-{section}"
    return f"#{ANCHORS[section]}" if section in ANCHORS else ""
