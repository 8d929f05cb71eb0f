"""Many readers side by side: the wire on the left, the page on the right; or one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from wsprobe.browsers.tell import Tellable
from wsprobe.read import final_of
from wsprobe.remedy import Advice, advice
from wsprobe.report import Report
from wsprobe.show import timing
from wsprobe.show.piece import Line, Look, Piece, cut, line, width_of
from wsprobe.show.readers.difference import difference
from wsprobe.show.readers.verdicts import verdicts
from wsprobe.show.readers.views import TITLES, blocks
from wsprobe.show.recording import answer, handshake
from wsprobe.show.recording.session import session
from wsprobe.show.visible import visible

WIDE = 100
"""Columns from which two columns are drawn."""


def comparison(reports: Sequence[Report], groups: Sequence[Tellable], look: Look) -> list[Line]:
    """Every recording with its readers; without readers, the recordings against each other."""
    if not any(r.views or r.verdicts for r in reports):
        return difference(reports, look)
    rows: list[Line] = []
    for index, report in enumerate(reports):
        if index:
            rows.append(())
        rows += one(report, look)
    if groups:
        rows += [(), *apart(reports, groups, look)]
    return rows


def one(report: Report, look: Look) -> list[Line]:
    """One recording with its views and verdicts."""
    total = report.exchange.events[-1].at / 1000 if report.exchange.events else 0.0
    rows = [
        line(
            Piece(visible(report.title.encode()), "title"), Piece(f"  {report.outcome}, {total:.0f} ms", "dim")
        )
    ]
    rows += differing_answers(report, look)
    if report.views:
        if look.terminal and look.width >= WIDE:
            rows += beside(wire(report, look), page(report, look), look)
        else:
            rows += [line(Piece("on the wire", "name")), *indented(wire(report, look), look)]
            rows += indented_page(report, look)
        rows += conclusions(report, look)
    if report.verdicts:
        if not report.views:
            rows += indented(wire(report, look), look)
        rows += verdicts(report, look)
    return rows


def wire(report: Report, look: Look) -> list[Line]:
    """What came back, findings that fail included, as short as it can be said."""
    reading = report.reading
    failing = [
        f for f in report.verdict.findings if f.level == "fail" and f.id not in handshake.SAID_BY_OUTCOME
    ]
    rows: list[Line] = []
    if reading.looks_like and reading.received:
        rows += handshake.received_dump(reading.received[:64], look)
    else:
        rows += answer.answers(reading, [], look)
    rows += handshake.transport_bytes(report, look)
    rows += session(reading, look)
    rows += [line(Piece(f"{f.level} {f.id}: ", f.level), f.text) for f in failing]
    style = "good" if report.outcome == "open" else "fail"
    rows.append(line(Piece(report.outcome, style), ": ", handshake.sentence(report, look)))
    rows.append(timing.summary(reading, look))
    return rows


def page(report: Report, look: Look) -> list[Line]:
    """What the page is told, a block for each group of engines."""
    rows: list[Line] = []
    for block in blocks(report.views, look):
        if rows:
            rows.append(())
        rows += [line(Piece(", ".join(block.names), "name")), *block.lines]
    return rows


def indented_page(report: Report, look: Look) -> list[Line]:
    rows: list[Line] = []
    for block in blocks(report.views, look):
        rows.append(line(Piece(f"in the page, {', '.join(block.names)}", "name")))
        rows += indented(block.lines, look)
    return rows


def indented(lines: Sequence[Line], look: Look) -> list[Line]:
    """*lines* two columns to the right; broken to the width on a terminal."""
    if not look.terminal:
        return [(Piece("  "), *each) if each else each for each in lines]
    return [(Piece("  "), *part) for each in lines for part in cut(each, look.width - 2)]


def beside(left: Sequence[Line], right: Sequence[Line], look: Look) -> list[Line]:
    """Two columns with a rule between them."""
    column = (look.width - 3) // 2
    bar = "\u2502" if look.unicode else "|"
    rows: list[Line] = [
        (Piece(f"{'on the wire':<{column}} ", "name"), Piece(bar, "dim"), Piece(" in the page", "name"))
    ]
    lefts = [part for each in left for part in cut(each, column)]
    rights = [part for each in right for part in cut(each, look.width - column - 3)]
    for one_side, other in zip_longest(lefts, rights, fillvalue=()):
        pad = " " * (column - width_of(one_side))
        rows.append((*one_side, Piece(f"{pad} "), Piece(bar, "dim"), Piece(" "), *other))
    return rows


def conclusions(report: Report, look: Look) -> list[Line]:
    """What it looks like to a script, and what to do so that a page can know."""
    from wsprobe.browsers.situations import alike

    rows: list[Line] = []
    for engines, situations in alike(report.views, report.outcome):
        named = ", ".join(TITLES[name] for name in engines)
        rows.append(line(f"a script in {named} cannot tell this from: ", "; ".join(situations)))
    rows += advised(advice(report.reading))
    if not look.terminal:
        return rows
    return [part for each in rows for part in cut(each, look.width)]


def advised(of: Sequence[Advice]) -> list[Line]:
    """Who likely answered and what a server can do, in that order."""
    rows = [line(Piece(f"{each.kind}: ", "warn"), each.text) for each in of if each.kind == "warning"]
    rows += [line(Piece("likely: ", "note"), each.text) for each in of if each.kind == "likely"]
    remedies = [each for each in of if each.kind == "remedy"]
    if remedies:
        rows.append(line(Piece("so that a page can know:", "good")))
        rows += [line("  - ", each.text) for each in remedies]
    return rows


def differing_answers(report: Report, look: Look) -> list[Line]:
    """Said first: engines whose own request was answered otherwise than ours."""
    ours = _answered(report)
    rows: list[Line] = []
    for view, exchange in zip(report.views, report.answers, strict=False):
        if exchange is None:
            continue
        theirs = final_of((exchange.hops or (exchange,))[0])
        status = theirs.status if theirs is not None else None
        if status != ours:
            rows.append(
                line(
                    Piece("note: ", "warn"),
                    f"wsprobe's own request was answered {ours or 'not at all'}, "
                    f"{TITLES[view.browser]}'s was answered {status or 'not at all'}; the requests differ, "
                    "for one in Origin (wsprobe connect --origin)",
                )
            )
    return rows


def _answered(report: Report) -> int | None:
    hops = report.exchange.hops
    final = final_of(hops[0]) if hops else report.reading.final
    return final.status if final is not None else None


def apart(reports: Sequence[Report], groups: Sequence[Tellable], look: Look) -> list[Line]:
    """Which of the recordings a script can tell apart, engine by engine."""
    names = [visible(r.title.encode()) for r in reports]
    rows = [line(Piece("can a script tell them apart?", "title"))]
    for each in groups:
        known = TITLES[each.browser]
        if len(each.groups) == 1:
            rows.append(line(f"  {known}: ", Piece("no", "good"), ", all look the same"))
            continue
        rows.append(line(f"  {known}: ", Piece("yes", "warn"), f", by {', '.join(each.by)}"))
        for group in each.groups:
            rows.append(
                line("    same: " if len(group) > 1 else "    alone: ", ", ".join(names[i] for i in group))
            )
    return rows
