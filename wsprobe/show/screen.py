"""A comparison on one screen: the outcome and the page, both sides, the cause, what looks the same to a script,
and how to let the page know. Without ``Look.screen``, as with ``-v``, nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.tell import told
from wsprobe.diagnosis.advice import Advice
from wsprobe.diagnosis.cause import as_clause
from wsprobe.read.reading import Reading
from wsprobe.report.report import Report
from wsprobe.report.result import further_findings
from wsprobe.request.target import absolute
from wsprobe.show.causes import causes, to_do
from wsprobe.show.connection import no_answer, summary
from wsprobe.show.http2 import spoken
from wsprobe.show.lines import Line, Look, Omission, Piece, cut, fitted, line, text_of, width_of
from wsprobe.show.readers import (
    SharedAnswer,
    answers_of,
    looks_the_same,
    of_recorded_origin,
    origins_sent,
    protocols_differ,
    that_count,
    who,
)
from wsprobe.show.report import (
    answers,
    blocked,
    earlier,
    headline,
    rebuilt,
    received_dump,
    sentence,
    transport_bytes,
    unknown,
)
from wsprobe.show.report import to_do as mending
from wsprobe.show.session import session
from wsprobe.show.views import Block, blocks
from wsprobe.text import counted

HEADERS = 8
"""The most header lines of an answer."""
BODY = 3
"""The most lines of a body, not counting lines with only tags; LONG characters of each."""
LONG = 200
FRAMES = 6
LINES_BEFORE = 4
"""The most lines about redirects, proxies and bytes sent before HTTP."""
CAUSES = 2
MENDING = 2
"""The most lines for proxies; ``explain upgrade-lost`` has more."""
DUMP = 64
"""The most bytes of an answer that is not HTTP."""
GAP = 2
"""Columns between the two sides."""
NARROWEST = 30
"""The least columns of a side whose lines are cut."""
TALL, WIDE, TALL_IF_WIDE = 24, 120, 18
"""Lines of a screen: TALL, or TALL_IF_WIDE from WIDE columns on, because lines are longer there."""
RESULTS = frozenset(
    {"redirected", "unauthorized", "not-upgraded", "proxy-failed", "timeout", "tls-failed", "open"}
)
"""Outcomes whose sentence adds something to the status and the causes."""
CUT_BY_US = frozenset({"body-cut", "http2-body-cut"})
"""Notes that a view depends on: where wsprobe read no further, a browser does."""


Room = Literal["full", "tight", "brief"]
"""How much of the less important content a screen shows.

full: as much as the limits above allow. tight: no empty lines between the parts, one line of the body, and no
line about -v; long lines are cut. brief: one cause and one frame; of the first cause only the server's words or
the first clause, one way to tell the page, and for the lines for proxies the command that prints them; the two
sides are next to each other, with lines cut to their column."""
ROOMS: tuple[Room, ...] = get_args(Room)
"""The first one that fits the lines of the terminal is used."""
ALIKE = 2
"""The most situations to list in a brief room that look the same to a script; the rest is counted."""
TOLD = 3
"""The most lines there at each end of a page's block; the lines between are counted."""


class WireLines(Struct, frozen=True):
    """The lines about what was received for one answer, in order; a layout shows as many as it has room for."""

    head: list[Line]
    """Earlier requests, then the heads, or the beginning of bytes that are not HTTP."""
    body: list[Line]
    transport: list[Line]
    frames: list[Line]
    nothing: str
    """What to show if there are no lines."""


class ScreenAnswer(Struct, frozen=True):
    """One answer with the lines that every layout chooses from. The answer is read for them only once: it may
    be a flood."""

    shared: SharedAnswer
    views: tuple[int, ...]
    """Indexes of the views to show."""
    wire: WireLines
    time: Line
    """How long each phase took."""
    sentence: str
    """That of the outcome."""
    to_do: list[str]
    """What to do about the broken rules."""
    advice: Advice


def screen(report: Report, look: Look) -> list[Line]:
    """One recording with its views, in at most as many lines as the terminal has, if possible; in a pipe, lines
    are not wrapped or cut."""
    shown = _shown(report) if look.screen else range(len(report.views))
    got = _answers(report, shown, look)
    rows: list[Line] = []
    for room in ROOMS:
        rows = _screen(report, shown, got, look, room)
        if not (look.terminal and look.screen) or len(rows) <= (TALL if look.width < WIDE else TALL_IF_WIDE):
            break
    return rows


def _answers(report: Report, shown: Sequence[int], look: Look) -> list[ScreenAnswer]:
    """Each different answer to the *shown* views, and wsprobe's own."""
    made = []
    given: set[str] = set()
    for each in answers_of(report):
        views = tuple(i for i in each.views if i in shown)
        if each.views and not views:
            continue
        whole = each.report
        found = whole.advice.without(given) if views else Advice()
        wire, time = _received(whole, look), summary(whole.reading, look)
        made.append(ScreenAnswer(each, views, wire, time, sentence(whole, look), mending(whole), found))
        del whole  # before the next one is read
    return made


def _screen(
    report: Report, shown: Sequence[int], got: Sequence[ScreenAnswer], look: Look, room: Room
) -> list[Line]:
    shared = [each.shared for each in got]
    silent = [i for i, answer in enumerate(report.answers) if answer is None and i in shown]
    alike = ALIKE if room == "brief" else None
    first = [*_title(report, look), *unknown(report), *rebuilt(report), *protocols_differ(report)]
    parts = [fitted(first, look)]
    if silent:
        nothing = [line("nothing: the browser does not send a request")]
        parts.append([*fitted(blocked(report), look), *_sides(report, nothing, silent, look, room)])
        parts.append(fitted(looks_the_same(report, silent, None, alike), look))
    several = len(got) + bool(silent) > 1
    for each in got:
        heading = fitted([who(report, each.shared, shared[0], look)], look) if several else []
        parts.append([*heading, *_sides(report, _wire(each.wire, look, room), each.views, look, room)])
        parts.append(fitted(_why(each, look, room), look))
        if each.views:
            parts.append(fitted(looks_the_same(report, each.views, each.shared.answer, alike), look))
            parts.append(fitted(_tell(each.advice, look, room), look))
    if room == "full" and look.screen and not look.screen_only:
        parts.append(fitted([line(Piece("-v shows console lines, timing, every cause and view", "dim"))], look))
    rows: list[Line] = []
    for part in filter(None, parts):
        rows += [(), *part] if rows and room == "full" else part
    return rows


def _shown(report: Report) -> list[int]:
    """Indexes of the views to show: with the usual set, a standard only if no browser's script sees the
    same."""
    everyone, browsers = range(len(report.views)), that_count(report.views)
    same = {told(report.views[i]) for i in browsers}
    return [i for i in everyone if i in browsers or told(report.views[i]) not in same]


def _title(report: Report, look: Look) -> list[Line]:
    """The result, for each client if they differ, the URL and the page."""
    first, page = headline(report), report.page
    if page is None or not report.views:
        return [first]
    both = (*first, Piece("  "), *_page(report, page, look))
    return [first, _page(report, page, look)] if look.terminal and width_of(both) > look.width else [both]


def _page(report: Report, page: Page, look: Look) -> Line:
    """The page, and the Origin sent for it, if it is not the page's own."""
    target = report.exchange.plan.target
    own = target.host and page.url == opened_by(Page(url=""), absolute(target)).url
    notes = ["same origin"] if own else ["the Origin of the request"] if of_recorded_origin(report) else []
    notes += ["over HTTP/2"] if page.http == "2" else []
    notes += ["on a connection that could serve the target too"] if page.shares else []
    sent = origins_sent(report)
    if any(each is None or not f"{page.url}/".startswith(f"{look.text(each)}/") for each in sent):
        notes.append(f"Origin sent: {', '.join('none' if each is None else look.text(each) for each in sent)}")
    noted = f" ({'; '.join(notes)})" if notes else ""
    return line(Piece("page ", "dim"), look.text(page.url.encode()), Piece(noted, "dim"))


def _sides(report: Report, wire: Sequence[Line], views: Sequence[int], look: Look, room: Room) -> list[Line]:
    """The wire and the page, next to each other if every line fits, otherwise one below the other."""
    shown = blocks([report.views[i] for i in views], look, short=look.screen)
    page, notes = _pages(shown, look, TOLD if room == "brief" else None)
    left = [line(Piece("ON THE WIRE", "name")), *wire]
    if not look.terminal:
        return [*left, *([()] if page else []), *page, *notes]
    if page and _widest(left) + GAP + _widest(page) <= look.width:
        column = max(_widest(left) + GAP, min(look.width // 2, look.width - _widest(page)))
        rows = _beside(left, page, column)
    elif room == "brief" and page and (column := look.width - _widest(page)) >= NARROWEST:
        rows = _beside([_trimmed(each, column - GAP) for each in left], page, column)
    elif room == "full":
        rows = fitted([*left, *page], look)
    else:
        rows = [*(_trimmed(each, look.width) for each in left), *fitted(page, look)]
    return [*rows, *fitted(notes, look)]


def _pages(shown: Sequence[Block], look: Look, ends: int | None) -> tuple[list[Line], list[Line]]:
    """What the page sees, a block for engines that agree; and notes about single engines.

    *ends*: the most lines to keep at each end of a block.
    """
    rows: list[Line] = []
    notes: list[Line] = []
    place, call = "", ""
    for block in shown:
        begin = f"{block.place.upper()}  " if block.place != place else ""
        rows.append(line(Piece(begin, "name"), Piece(", ".join(block.names), "title")))
        first = text_of(block.lines[0])
        lines = block.lines if first != call else block.lines[1:]
        if ends is not None and (left := len(lines) - 2 * ends) > 1:
            more = line(Piece(f"  +{left} lines{_by_v(look)}", "dim"))
            lines = (*lines[:ends], more, *lines[-ends:])
        rows += lines
        place, call = block.place, first
        notes += block.notes
    return rows, notes


def _widest(rows: Sequence[Line]) -> int:
    return max(map(width_of, rows), default=0)


def _beside(left: Sequence[Line], right: Sequence[Line], column: int) -> list[Line]:
    rows: list[Line] = []
    for number in range(max(len(left), len(right))):
        one_side = left[number] if number < len(left) else ()
        other = right[number] if number < len(right) else ()
        rows.append((*one_side, Piece(" " * (column - width_of(one_side))), *other) if other else one_side)
    return rows


def _trimmed(of: Line, columns: int) -> Line:
    """*of* in one row, cut if necessary."""
    if width_of(of) <= columns:
        return of
    return (*cut(of, columns - 4, indent=0)[0], Piece(" ...", "dim"))


def _received(report: Report, look: Look) -> WireLines:
    """The lines about what was received."""
    reading = report.reading
    before = [line(Piece(why, "dim")) for why, _ in earlier(reading.exchange)]
    head = _few(before, LINES_BEFORE, "earlier request", look)
    if reading.http2 is not None and reading.http2.earlier:
        head += spoken(reading)
    body: list[Line] = []
    if reading.looks_like and reading.received:
        head += received_dump(reading.received[:DUMP], look)
    elif not look.screen:
        head += answers(reading, [], look)
    else:
        heads, body = _heads_and_body(reading, look)
        head += heads
    return WireLines(
        head=head,
        body=body,
        transport=_few(transport_bytes(report, look), LINES_BEFORE, "line", look),
        frames=session(reading, look),
        nothing=no_answer(reading) or "nothing was sent",
    )


def _heads_and_body(reading: Reading, look: Look) -> tuple[list[Line], list[Line]]:
    """The heads with at most HEADERS lines each, and the lines of the body that are not empty."""
    heads: list[list[Line]] = [[]]
    body: list[Line] = []
    interim = sum(response.interim for response in reading.responses)
    for row in answers(reading, [], look):
        if row == ():
            heads.append([])
        elif len(heads) <= interim + 1:
            heads[-1].append(row)
        elif text_of(row).strip():
            body.append(row)
    rows = [
        row
        for head in heads[: interim + 1]
        for row in _few([_short(each, look) for each in head], 1 + HEADERS, "header", look)
    ]
    return rows, body


def _wire(of: WireLines, look: Look, room: Room) -> list[Line]:
    """What was received, as much as a screen has room for."""
    frames = _few(of.frames, 1 if room == "brief" else FRAMES, "frame", look)
    rows = [*of.head, *_body(of.body, look, room), *of.transport, *frames]
    return rows or [line(of.nothing)]


def _body(body: Sequence[Line], look: Look, room: Room) -> list[Line]:
    """The first lines of *body* with more than tags, below an empty line if there is room."""
    short = (_short(row, look) for row in body)
    telling = [row for row in short if re.sub("<[^<>]*>", "", text_of(row)).strip()]
    telling = telling[: BODY if room == "full" else 1]
    if not telling:
        return []
    left = len(body) - len(telling)
    if left:  # the last one may stand for those of a long body
        more = "more lines" if any(isinstance(each, Omission) for each in body[-1]) else counted(left, "line")
        telling[-1] = (*telling[-1], Piece(f"  +{more}{_by_v(look)}", "dim"))
    return telling if room == "brief" else [(), *telling]


def _by_v(look: Look) -> str:
    """How to see what is left out; follows its count."""
    return "" if look.screen_only else " (-v)"


def _short(of: Line, look: Look) -> Line:
    if width_of(of) <= LONG:
        return of
    return (*cut(of, LONG, indent=0)[0], Piece(f" ...{_by_v(look)}", "dim"))


def _few(rows: Sequence[Line], most: int, what: str, look: Look) -> list[Line]:
    """The first *most* of *rows* on a screen, and the number of the others; *what* is in the singular."""
    if len(rows) <= most or not look.screen:
        return list(rows)
    more = Piece(f"  +{counted(len(rows) - most, what)}{_by_v(look)}", "dim")
    return [*rows[: most - 1], (*rows[most - 1], more)]


def _why(answer: ScreenAnswer, look: Look, room: Room) -> list[Line]:
    """The broken rules and the likeliest causes; the outcome's sentence if it adds something."""
    brief = room == "brief"
    outcome, of = answer.shared.answer.outcome, answer.advice
    found = further_findings(answer.shared.answer.verdict)
    failing = [each for each in found if each.fatal]
    if outcome == "dropped" and of.causes:
        failing = []  # the first cause says that nothing arrived
    cut_by_us = [each for each in found if each.id in CUT_BY_US]
    rows = [line(Piece(f"{f.level} {f.id}: ", f.level), f.text) for f in (*failing, *cut_by_us)]
    rows += [row for each in cut_by_us for row in to_do(as_clause(each.advice), look)]
    if outcome in RESULTS or not look.screen or not (failing or of.causes):
        rows.append(line(Piece(f"{outcome}: ", "good" if outcome == "open" else "fail"), answer.sentence))
    rows += [line(Piece("warning: ", "warn"), each) for each in of.warnings]
    if look.screen:
        rows += causes(of.causes, replace(look, verbose=0), 1 if brief else CAUSES, briefly=brief)
    else:
        rows += causes(of.causes, look)
    if failing and not of.causes and not brief:
        rows += [row for each in answer.to_do[: CAUSES if look.screen else None] for row in to_do(each, look)]
    if look.screen and len(of.lines) > (0 if brief else MENDING):
        rows.append(line(Piece(f"{of.heading}: ", "good"), "wsprobe explain upgrade-lost"))
    else:
        begin = (f"{of.heading}: ", *["  -> "] * len(of.lines))
        rows += [line(Piece(first, "good"), each) for first, each in zip(begin, of.lines, strict=False)]
    return rows if look.screen else [*rows, answer.time]


def _tell(of: Advice, look: Look, room: Room) -> list[Line]:
    """How the server can let the page know, and where to find the code."""
    if not of.remedies:
        return []
    shown = of.remedies[:1] if room == "brief" else of.remedies
    left = len(of.remedies) - len(shown)
    return [
        line(
            Piece("To tell the page: ", "good"),
            ", or ".join(shown),
            Piece(f"  +{counted(left, 'way')}{_by_v(look)}" if left else "", "dim"),
            ". ",
            Piece(f"Code: {of.code or 'wsprobe explain remedy'}", "dim"),
        )
    ]
