"""Many readers of one recording side by side, or several recordings with what differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest

from wsprobe import history
from wsprobe.browsers import BY_NAME
from wsprobe.browsers.engine import ScriptView
from wsprobe.browsers.tell import Tellable
from wsprobe.diagnosis.advice import Advice
from wsprobe.judge.finding import Disclosed, Verdict
from wsprobe.read.reading import Field, Response
from wsprobe.report.report import Report, comparable
from wsprobe.show import timing
from wsprobe.show.causes import causes, proxy_lines, to_do
from wsprobe.show.fetch import fetch_lines
from wsprobe.show.http2 import spoken
from wsprobe.show.lines import Line, Look, Piece, Style, cut, fitted, left_out, line, row, width_of
from wsprobe.show.protocols import difference as protocols_differ
from wsprobe.show.readers import SharedAnswer, answers_of, looks_the_same, page_of, who
from wsprobe.show.report import (
    SAID_BY_OUTCOME,
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
from wsprobe.show.screen import screen
from wsprobe.show.session import session
from wsprobe.show.views import blocks
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
        line(
            Piece(name, "title"),
            f" {shown_text(r.title)}",
            Piece(f"  {r.outcome}", "dim"),
        )
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
    tables = [_table(r) for r in reports]
    whats = list(dict.fromkeys(what for table in tables for what in table))
    spelt = {
        f"header {visible(key)}": f"header {name}"
        for each in reversed(reports)
        for key, name in _spelt(fields_of(each.reading.final)).items()
    }
    unequal = [
        (spelt.get(what, what), [_said(table.get(what, ())) for table in tables])
        for what in whats
        if len({table.get(what, ()) for table in tables}) > 1
    ]
    return unequal, len(whats)


def _said(values: tuple[str, ...]) -> str:
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
    """The values of the request's fields that two requests could have in common."""
    return _values(report.reading.request.head.fields)


def times(reports: Sequence[Report]) -> list[str]:
    """How long each recording is, in milliseconds with the unit."""
    return [f"{e[-1].at / 1000 if e else 0.0:.1f} ms" for e in (r.exchange.events for r in reports)]


def _spelt(fields: Iterable[Field]) -> dict[bytes, str]:
    """The spelling of each name at its first occurrence."""
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
    """The header fields of the final answer; () without one."""
    return final.head.fields if final is not None else ()


def _table(of: Report) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for what, value in comparable(of):
        table.setdefault(what, []).append(value)
    return {what: tuple(values) for what, values in table.items()}


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


WIDE = 100
"""The least width for two columns."""


def comparison(reports: Sequence[Report], groups: Sequence[Tellable], look: Look) -> list[Line]:
    """Every recording with its readers; without readers, the recordings compared with each other."""
    if not any(r.views or r.verdicts for r in reports):
        return fitted(difference(reports, look), look)
    listed = len(reports) > 1 and all(report.views for report in reports)
    rows: list[Line] = []
    for report in () if listed and look.screen and len(reports) >= LIST else reports:
        rows += [()] if rows else []
        rows += screened(report, look) if look.screen and report.views else one(report, look)
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


def screened(report: Report, look: Look) -> list[Line]:
    """One recording with its views on one screen, and below it what fetch() sees and the verdicts."""
    rows = screen(report, look)
    if report.fetched is not None:
        rows += fetch_lines(report.fetched, look)
    return rows + (verdicts(report, look) if report.verdicts else [])


def one(report: Report, look: Look) -> list[Line]:
    """One recording with its views and verdicts."""
    got = answers_of(report) if report.views else []
    rows = [headline(report), *unknown(report), *rebuilt(report), *protocols_differ(report)]
    if report.views:
        rows += page_of(report, look)
        silent = [i for i, answer in enumerate(report.answers) if answer is None]
        if silent:
            rows += blocked(report)
            rows += side_by_side([line("nothing: the browser does not send a request")], report, silent, look)
            rows += conclusions(report, silent, None, look)
        several = len(got) + bool(silent) > 1
        advised_already: set[str] = set()
        for each in got:
            if several:
                rows.append(who(report, each, got[0], look))
            rows += _got(report, each, look, advised_already)
    if report.fetched is not None:
        rows += fetch_lines(report.fetched, look)
    if report.verdicts:
        if not report.views:
            rows += indented(wire(report, look), look)
        rows += verdicts(report, look)
    return rows


def _got(report: Report, shared: SharedAnswer, look: Look, said: set[str]) -> list[Line]:
    """One answer on the wire and in the script. A separate function, so that memory is freed before the next
    answer is read."""
    answer = shared.report
    rows = side_by_side(wire(answer, look), report, shared.views, look)
    return rows + conclusions(report, shared.views, answer, look, said)


def side_by_side(left: Sequence[Line], report: Report, views: Sequence[int], look: Look) -> list[Line]:
    """The bytes on the wire, and next to them what the page of these *views* sees, if there are any."""
    seen = [report.views[i] for i in views]
    if seen and look.terminal and look.width >= WIDE:
        places = dict.fromkeys(block.place for block in blocks(seen, look))
        return beside(left, page(seen, look), look, " or ".join(places))
    return [line(Piece("on the wire", "name")), *indented(left, look), *indented_page(seen, look)]


def wire(report: Report, look: Look) -> list[Line]:
    """The answer with failing findings, as short as possible."""
    reading = report.reading
    failing = [f for f in report.verdict.findings if f.fatal and f.id not in SAID_BY_OUTCOME]
    rows = [line(Piece(why, "dim")) for why, _ in earlier(reading.exchange)]
    if reading.http2 is not None and reading.http2.earlier:
        rows += spoken(reading)
    if reading.looks_like and reading.received:
        rows += received_dump(reading.received[:64], look)
    else:
        rows += answers(reading, [], look)
    rows += transport_bytes(report, look)
    rows += session(reading, look)
    rows += [line(Piece(f"{f.level} {f.id}: ", f.level), f.text) for f in failing]
    style: Style = "good" if report.outcome == "open" else "fail"
    rows.append(line(Piece(report.outcome, style), ": ", sentence(report, look)))
    rows.append(timing.summary(reading, look))
    return rows


def page(views: Sequence[ScriptView], look: Look) -> list[Line]:
    """What the page sees, a block for each group of engines."""
    rows: list[Line] = []
    for block in blocks(views, look):
        if rows:
            rows.append(())
        rows += [line(Piece(", ".join(block.names), "name")), *block.lines]
    return rows


def indented_page(views: Sequence[ScriptView], look: Look) -> list[Line]:
    """What each page sees, indented under the names of its engines; engines that agree share a block."""
    rows: list[Line] = []
    for block in blocks(views, look):
        rows.append(line(Piece(f"{block.place}, {', '.join(block.names)}", "name")))
        rows += indented(block.lines, look)
    return rows


def indented(lines: Sequence[Line], look: Look) -> list[Line]:
    """*lines* two columns to the right; broken to the width on a terminal."""
    if not look.terminal:
        return [(Piece("  "), *each) if each else each for each in lines]
    return [(Piece("  "), *part) for each in lines for part in cut(each, look.width - 2)]


def beside(left: Sequence[Line], right: Sequence[Line], look: Look, place: str) -> list[Line]:
    """Two columns with a rule between them: the wire, and next to it what the script sees in its *place*."""
    column = (look.width - 3) // 2
    bar = "\u2502" if look.unicode else "|"
    rows: list[Line] = [
        (Piece(f"{'on the wire':<{column}} ", "name"), Piece(bar, "dim"), Piece(f" {place}", "name"))
    ]
    lefts = [part for each in left for part in cut(each, column)]
    rights = [part for each in right for part in cut(each, look.width - column - 3)]
    for one_side, other in zip_longest(lefts, rights, fillvalue=()):
        pad = " " * (column - width_of(one_side))
        rows.append((*one_side, Piece(f"{pad} "), Piece(bar, "dim"), Piece(" "), *other))
    return rows


def conclusions(
    report: Report, views: Sequence[int], answer: Report | None, look: Look, said: set[str] | None = None
) -> list[Line]:
    """What looks the same to the script of these *views*, the likely causes, and how to tell the page why.
    *answer* is theirs; None if they sent no request. *said* is the advice already given for another answer.
    """
    if not views:
        return []
    rows = looks_the_same(report, views, answer)
    if answer is not None:
        given = said if said is not None else set()
        rows += advised(answer.advice.without(given), look)
    return rows


def advised(of: Advice, look: Look) -> list[Line]:
    """The likely causes and what a server can do, in that order."""
    rows = [line(Piece("warning: ", "warn"), each) for each in of.warnings]
    rows += causes(of.causes, look)
    rows += [line("To tell the page: ", of.code)] if of.code and of.causes else []
    rows += proxy_lines(of.lines, look)
    if of.remedies:
        rows.append(line(Piece("To let the page know why:", "good")))
        rows += [row for each in of.remedies for row in to_do(each, look)]
    return rows


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
