"""Many readers of one recording side by side, or several recordings with what differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest

from wsprobe.browsers.tell import Tellable
from wsprobe.judge.finding import Told, Verdict
from wsprobe.read import final_of
from wsprobe.read.reading import Field, Response
from wsprobe.remedy import advice
from wsprobe.remedy.advice import Advice
from wsprobe.report import Report, comparable
from wsprobe.show import timing
from wsprobe.show.lines import Line, Look, Piece, cut, left_out, line, width_of
from wsprobe.show.report import SAID_BY_OUTCOME, answers, received_dump, sentence, transport_bytes
from wsprobe.show.session import session
from wsprobe.show.views import TITLES, blocks
from wsprobe.visible import visible

ASKED = frozenset({b"host", b"sec-websocket-key"})
"""Fields that any two requests have in other words."""

POINTS = 100
"""Points that are shown."""
LONG = 2000
"""Characters of one point that are shown of each recording."""


def difference(reports: Sequence[Report], look: Look) -> list[Line]:
    """What is the same in one line, then each row that differs with every recording's value."""
    names = [f"[{i}]" for i in range(1, len(reports) + 1)]
    lines = [
        line(
            Piece(name, "title"),
            f" {visible(r.title.encode())}",
            Piece(f"  {r.outcome}", "dim"),
        )
        for name, r in zip(names, reports, strict=True)
    ]
    tables = [_table(r) for r in reports]
    whats = list(dict.fromkeys(what for table in tables for what in table))
    unequal = [what for what in whats if len({table.get(what, ()) for table in tables}) > 1]
    spelt = {
        f"header {visible(key)}": f"header {name}"
        for each in reversed(reports)
        for key, name in _spelt(fields_of(each.reading.final)).items()
    }
    for what in unequal[:POINTS]:
        lines.append(line(Piece(spelt.get(what, what), "name")))
        for name, table in zip(names, tables, strict=True):
            lines.append(line(f"  {name} ", _said(table.get(what, ()))))
    if len(unequal) > POINTS:
        lines.append(left_out(len(unequal) - POINTS, "points", look))
    for aside, values in (*islice(asides(reports), POINTS), ("time", times(reports))):
        lines.append(line(Piece(aside, "name"), Piece("  (no part of the exit status)", "dim")))
        lines += [line(f"  {name} ", _said((value,))) for name, value in zip(names, values, strict=True)]
    lines.append(
        line(f"{len(unequal)} of {len(whats)} differ" if unequal else f"the same in all {len(whats)} points")
    )
    return lines


def _said(values: tuple[str, ...]) -> str:
    """All values of one point, "-" if it is missing."""
    text = " | ".join(values) if values else "-"
    left = len(text) - LONG
    return text if left <= 0 else f"{text[:LONG]} ... {left} more characters"


def asides(reports: Sequence[Report]) -> Iterator[tuple[str, list[str]]]:
    """What differs and is no difference in the answers: spelling of names, and what was asked."""
    answers = [_spelt(fields_of(each.reading.final)) for each in reports]
    for key in dict.fromkeys(key for names in answers for key in names):
        spelt = [names.get(key, "-") for names in answers]
        if len(set(spelt) - {"-"}) > 1:
            yield f"letter case of {visible(key)}", spelt
    asked = [_values(each.reading.request.head.fields) for each in reports]
    for what in dict.fromkeys(what for values in asked for what in values):
        values = [each.get(what, "-") for each in asked]
        if len(set(values)) > 1:
            yield f"asked with {what}", values


def times(reports: Sequence[Report]) -> list[str]:
    return [f"{e[-1].at / 1000 if e else 0.0:.1f} ms" for e in (r.exchange.events for r in reports)]


def _spelt(fields: Iterable[Field]) -> dict[bytes, str]:
    """How each name is written where it first stands."""
    return {field.key: visible(field.name) for field in reversed(tuple(fields))}


def _values(fields: Iterable[Field]) -> dict[str, str]:
    """The values of each field that two requests could have in common."""
    found: dict[str, list[str]] = {}
    names = _spelt(fields)
    for field in fields:
        if field.key not in ASKED:
            found.setdefault(names[field.key], []).append(visible(field.value))
    return {name: " | ".join(values) for name, values in found.items()}


def fields_of(final: Response | None) -> tuple[Field, ...]:
    return final.head.fields if final is not None else ()


def _table(of: Report) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for what, value in comparable(of):
        table.setdefault(what, []).append(value)
    return {what: tuple(values) for what, values in table.items()}


STYLES = {"established": "good", "fail": "fail", "not known": "dim", "ambiguous": "warn"}


def verdicts(report: Report, look: Look) -> list[Line]:
    """One line a revision: date, name, answer, what script is told, the rule that decided; then each
    contradiction between the specifications that the answer touches, once, with both places."""
    from wsprobe import history

    rows: list[Line] = []
    names = max((len(v.spec) for v in report.verdicts), default=0)
    scripts = max((len(_script(v.told)) for v in report.verdicts), default=0)
    before = ""
    for verdict in report.verdicts:
        date = history.find(verdict.spec).date
        mark = ("\u25cf " if look.unicode else "* ") if look.terminal else ""
        same = look.terminal and verdict.answer == before
        rows.append(
            line(
                Piece(mark, "dim"),
                Piece(f"{date:<10} ", "dim"),
                f"{verdict.spec:<{names}} ",
                Piece(f"{verdict.answer:<18}", "dim" if same else STYLES.get(verdict.answer, "note")),
                f"{_script(verdict.told):<{scripts}}  ",
                *_decided(verdict, look),
            )
        )
        before = verdict.answer
    return [*rows, *_contradictions(report, look)]


def _script(told: Told | None) -> str:
    """What script is told, in the events' own names; "-" where nothing is known, said or told yet."""
    if told is None or told.events is None:
        return "-"
    code = f" {told.code}" if told.code is not None else ""
    return ", ".join(told.events) + code


def _decided(verdict: Verdict, look: Look) -> list[str | Piece]:
    for first in verdict.findings[:1]:
        if not first.id.startswith("contradiction-"):
            return [look.text(first.text.encode()), Piece(f"  {first.spec}", "dim")]
    return []


def _contradictions(report: Report, look: Look) -> list[Line]:
    found = {
        finding.id: finding
        for verdict in report.verdicts
        for finding in verdict.findings
        if finding.id.startswith("contradiction-")
    }
    return [
        line(Piece("contradiction ", "warn"), look.text(finding.text.encode())) for finding in found.values()
    ]


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
    failing = [f for f in report.verdict.findings if f.level == "fail" and f.id not in SAID_BY_OUTCOME]
    rows: list[Line] = []
    if reading.looks_like and reading.received:
        rows += received_dump(reading.received[:64], look)
    else:
        rows += answers(reading, [], look)
    rows += transport_bytes(report, look)
    rows += session(reading, look)
    rows += [line(Piece(f"{f.level} {f.id}: ", f.level), f.text) for f in failing]
    style = "good" if report.outcome == "open" else "fail"
    rows.append(line(Piece(report.outcome, style), ": ", sentence(report, look)))
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
    from wsprobe.browsers.tell import alike

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
