"""Many readers of one recording side by side, or several recordings with what differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from wsprobe import history
from wsprobe.browsers import BY_NAME
from wsprobe.browsers.tell import Tellable
from wsprobe.judge.finding import Disclosed, Verdict
from wsprobe.read.reading import Field, Response
from wsprobe.report.report import Report, comparable
from wsprobe.show.lines import Line, Look, Piece, Style, fitted, grouped, left_out, line, row
from wsprobe.show.report import rebuilt
from wsprobe.show.screen import screen
from wsprobe.show.views import fetch_lines
from wsprobe.text import counted, shown_text, visible

ASKED = frozenset({b"host", b"sec-websocket-key"})
"""Fields that differ between any two requests."""

POINTS = 100
"""The most points shown."""
LONG = 2000
"""The most characters of one point shown per recording."""


def difference(reports: Sequence[Report], look: Look) -> list[Line]:
    """The equal points in one line, then each differing row with every recording's value."""
    names = [f"[{i}]" for i in range(1, len(reports) + 1)]
    lines = [
        line(Piece(name, "title"), f" {shown_text(r.title)}", Piece(f"  {r.outcome}", "dim"))
        for name, r in zip(names, reports, strict=True)
    ]
    lines += [
        line(Piece(f"{name} ", "title"), *each)
        for name, r in zip(names, reports, strict=True)
        for each in rebuilt(r)
    ]
    unequal, points = differing(reports)
    for what, values in unequal[:POINTS]:
        lines.append(line(Piece(what, "name")))
        lines += [line(f"  {name} ", value) for name, value in zip(names, values, strict=True)]
    if len(unequal) > POINTS:
        lines.append(left_out(len(unequal) - POINTS, "point", look))
    for aside, values in (*islice(asides(reports), POINTS), ("time", times(reports))):
        lines.append(line(Piece(aside, "name"), Piece("  (does not change the exit status)", "dim")))
        lines += [line(f"  {name} ", _said((value,))) for name, value in zip(names, values, strict=True)]
    lines.append(line(f"{len(unequal)} of {points} differ" if unequal else f"the same in all {points} points"))
    return lines


def differing(reports: Sequence[Report]) -> tuple[list[tuple[str, list[str]]], int]:
    """Each differing point with every recording's value, and the number of all points."""
    tables = [grouped(comparable(r)) for r in reports]
    spelt = {
        f"header {visible(key)}": f"header {name}"
        for each in reversed(reports)
        for key, name in _spelt(fields_of(each.reading.final)).items()
    }
    whats = dict.fromkeys(what for table in tables for what in table)
    points = {what: [table.get(what, []) for table in tables] for what in whats}
    unequal = [
        (spelt.get(what, what), [_said(each) for each in values])
        for what, values in points.items()
        if any(each != values[0] for each in values)
    ]
    return unequal, len(points)


def _said(values: Sequence[str]) -> str:
    """All values of one point, "-" if it is missing."""
    text = " | ".join(values) if values else "-"
    left = len(text) - LONG
    return text if left <= 0 else f"{text[:LONG]} ... {counted(left, 'more character')}"


def asides(reports: Sequence[Report]) -> Iterator[tuple[str, list[str]]]:
    """Differences that are not in the answers: the spelling of names, and the requests."""
    answers = [_spelt(fields_of(each.reading.final)) for each in reports]
    for key in dict.fromkeys(key for names in answers for key in names):
        spelt = [names.get(key, "-") for names in answers]
        if len(set(spelt) - {"-"}) > 1:
            yield f"letter case of {visible(key)}", spelt
    asked = list(map(requested, reports))
    for what in dict.fromkeys(what for values in asked for what in values):
        values = [each.get(what, "-") for each in asked]
        if len(set(values)) > 1:
            yield f"asked with {what}", values


def requested(report: Report) -> dict[str, str]:
    """The values of each field that two requests could have in common."""
    fields = report.reading.request.head.fields
    names = _spelt(fields)
    found = grouped((names[each.key], visible(each.value)) for each in fields if each.key not in ASKED)
    return {name: " | ".join(values) for name, values in found.items()}


def times(reports: Sequence[Report]) -> list[str]:
    """How long each recording is, in milliseconds with the unit."""
    return [f"{e[-1].at / 1000 if e else 0.0:.1f} ms" for e in (r.exchange.events for r in reports)]


def _spelt(fields: Iterable[Field]) -> dict[bytes, str]:
    """The spelling of each name at its first occurrence."""
    return {field.key: visible(field.name) for field in reversed(tuple(fields))}


def fields_of(final: Response | None) -> tuple[Field, ...]:
    """The header fields of the final answer; () without one."""
    return final.head.fields if final is not None else ()


STYLES: dict[str, Style] = {"established": "good", "fail": "fail", "not known": "dim", "ambiguous": "warn"}


def verdicts(report: Report, look: Look) -> list[Line]:
    """Each contradiction between the specifications that the answer touches, once, with both places; then a
    head row and a line a revision: date, name, answer, what a script is told, the rule that decided."""
    rows: list[Line] = []
    names = max(len(HEAD[1]), *(len(v.spec) for v in report.verdicts))
    scripts = max(len(HEAD[3]), *(len(_script(v.told)) for v in report.verdicts))
    before = ""
    mark = ("\u25cf " if look.unicode else "* ") if look.terminal else ""
    date, name, answer, told, rule = HEAD
    columns = line(f"{'':{len(mark)}}{date:<10} {name:<{names}} {answer:<18}{told:<{scripts}}", style="dim")
    rows += row(columns, line(rule, style="dim"), look)
    for verdict in report.verdicts:
        date = history.find(verdict.spec).date
        same = look.terminal and verdict.answer == before
        columns = line(
            Piece(mark, "dim"),
            Piece(f"{date:<10} ", "dim"),
            f"{verdict.spec:<{names}} ",
            Piece(f"{verdict.answer:<18}", "dim" if same else STYLES.get(verdict.answer, "note")),
            f"{_script(verdict.told):<{scripts}}",
        )
        rows += row(columns, _decided(verdict, look), look)
        before = verdict.answer
    return [*fitted(_contradictions(report, look), look), *rows]


HEAD = ("date", "revision", "answer", "script is told", "why, and the section")
"""Of the columns of ``verdicts``."""


def _script(told: Disclosed | None) -> str:
    """The events that a script sees, by name; "-" if there are none yet, or if they are unknown."""
    if told is None or told.events is None:
        return "-"
    code = f" {told.code}" if told.code is not None else ""
    return ", ".join(told.events) + code


def _decided(verdict: Verdict, look: Look) -> Line:
    for first in verdict.findings[:1]:
        if not first.id.startswith("contradiction-"):
            return line(look.text(first.text.encode()), Piece(f"  {first.spec}", "dim"))
    return ()


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


def comparison(reports: Sequence[Report], groups: Sequence[Tellable], look: Look) -> list[Line]:
    """Every recording with its readers; without readers, the recordings compared with each other."""
    if not any(r.views or r.verdicts for r in reports):
        return fitted(difference(reports, look), look)
    listed = len(reports) > 1 and all(report.views for report in reports)
    rows: list[Line] = []
    for report in () if listed and look.screen and len(reports) >= LIST else reports:
        rows += [()] if rows else []
        rows += screen(report, look if report.views else replace(look, screen=False))
        rows += fetch_lines(report.fetched, look) if report.fetched is not None else []
        rows += verdicts(report, look) if report.verdicts else []
    if listed:
        rows += [()] if rows else []
        rows += [in_one_line(report) for report in reports]
    if groups:
        rows += [(), *apart(reports, groups, look)]
    return fitted(rows, look)


LIST = 5
"""From this number of reports on, each has only its line, unless -v is given."""


def in_one_line(report: Report) -> Line:
    """Which browsers a page can use it in, the URL, the result, and the likeliest cause."""
    result = report.result
    where, others = ", ".join(result.usable_in), ", ".join(result.unusable_in)
    usable = f"usable in {where}, not in {others}" if where and others else f"usable in {where}"
    words = Piece(usable if where else f"not usable in {others}", "good" if result.usable else "fail")
    why = result.cause if not result.usable else None
    cause = "" if why is None else f"; {why.label}: {why.in_short}"
    return line(words, Piece(f"  {shown_text(report.title)}", "title"), f"  {result.headline}{cause}")


def apart(reports: Sequence[Report], groups: Sequence[Tellable], look: Look) -> list[Line]:
    """The recordings that a script can tell apart, engine by engine."""
    names = [shown_text(r.title) for r in reports]
    rows = [line(Piece("can a script tell them apart?", "title"))]
    for each in groups:
        known = BY_NAME[each.browser].title
        if len(each.groups) == 1:
            rows.append(line(f"  {known}: ", Piece("no", "good"), ", all look the same"))
            continue
        rows.append(line(f"  {known}: ", Piece("yes", "warn"), f", by {', '.join(each.by)}"))
        for group in each.groups:
            rows.append(
                line("    same: " if len(group) > 1 else "    alone: ", ", ".join(names[i] for i in group))
            )
    return rows
