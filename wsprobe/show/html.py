"""A report as a page (``--report FILE.html``): one file that loads nothing and runs nothing.

All bytes of a peer have passed `wsprobe.text`; here every text is escaped once more, for HTML, and
characters that no page should have (controls, bidirectional marks, lone surrogates) become escapes. In case
this module has a fault, the page's own policy forbids scripts and all other resources.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from html import escape

from wsprobe.data_file import text_beside
from wsprobe.diagnosis.advice import Advice, Likely
from wsprobe.exchange import Exchange
from wsprobe.judge.finding import Finding
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.report.report import Report
from wsprobe.report.timing import bars
from wsprobe.show import connection, report_file
from wsprobe.show.causes import evidence, lead
from wsprobe.show.lines import Line, Piece, capital, text_of
from wsprobe.show.report import earlier
from wsprobe.show.report_file import (
    LOOK,
    Cover,
    IndexRow,
    Numbered,
    Part,
    Side,
    Table,
    Told,
    cited,
    grouped,
    summary,
)
from wsprobe.show.views import blocks
from wsprobe.text import counted, hexdump, printable, shown_text

SHOWN = 4096
"""The most bytes of a body in a notebook."""


def notebook(report: Report) -> str:
    """*report* in a notebook: the result, the answer, the cause and what is not known, the close, the findings,
    and what scripts saw; all escaped."""
    result, final, close = report.result, report.response, report.close
    rows = [LOOK.text(line.text) for line in final.head.lines] if final is not None else []
    body = report.reading.content[:SHOWN]
    rows += ["", *map(LOOK.text, body.splitlines())] if body else []
    items = [result.cause.labelled] if result.cause is not None else []
    items += [f"what to do: {result.cause.fix}"] if result.cause is not None and result.cause.fix else []
    items += [f"{result.unknown}: {result.ask}"] if result.unknown else []
    if close is not None:
        code = "no code" if close.code is None else f"code {close.code}"
        items.append(f'closed first by the {close.by}: {code}, reason "{close.reason}"')
    items += [f"{each.level} {each.id}: {each.text}" for each in report.findings]
    items += [
        f"{', '.join(block.names)}: " + "; ".join(text_of(each).strip() for each in block.lines)
        for block in blocks(report.views, LOOK)
    ]
    listed = "".join(f"<li>{text(each)}</li>" for each in items)
    return (
        f"<div><strong>{text(result.headline)}</strong> {text(shown_text(report.title))}"
        f"<pre>{_joined(rows)}</pre><ul>{listed}</ul></div>"
    )


BYTES = 16_384
"""The most bytes of one exchange to show, folded: hex takes five times the space."""
MARKS = ("fail", "warn", "note")
LEVELS = {"error": "fail", "warning": "warn", "note": "note", "good": "good"}
"""Level of a weakness -> its mark."""


@cache
def style() -> str:
    """The style sheet."""
    return text_beside(__file__, "report.css")


def whole(cover: Cover, parts: Iterable[str]) -> Iterator[str]:
    """Yield the page, made of *parts* from `part`, in pieces."""
    digest = b64encode(sha256(style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(cover.title)}</title>\n"
        f"<style>{style()}</style>\n</head>\n<body>\n<main>\n"
    )
    yield f"<h1>{_heading(cover)}</h1>\n"
    yield f'<p class="care{"" if cover.masked else " unmasked"}">{text(cover.care)}</p>\n'
    if len(cover.rows) > 1:
        yield _summary(cover.rows)
        yield from _index(cover.rows)
    if cover.kind == "trace":
        yield f'<h2 class="part">{text(cover.rows[0].title)}</h2>\n'
    yield "".join(map(_table, cover.tables))
    if cover.told:
        yield f"<h3>What that means</h3>\n{_list(map(_told, cover.told))}"
    if cover.apart:
        yield f"<h3>Can a script tell them apart?</h3>\n{_pre(cover.apart[1:], 'command')}"
    yield from _in_order(list(parts), cover.rows)
    yield f"<h3>To repeat it</h3>\n{_command(cover.command)}"
    yield (
        f'<p class="end">Made with {text(cover.made_with)}. This file loads nothing and runs no script; its '
        "links lead to the specifications.</p>\n</main>\n</body>\n</html>\n"
    )


def _heading(cover: Cover) -> str:
    """The result for all clients; of several answers, their counts."""
    rows = cover.rows
    if len(rows) != 1:
        return f"wsprobe {cover.kind}: {len(rows)} answers, {text(summary(rows))}"
    return (
        f'<span class="{_mark(rows[0].group.open)}">{text(rows[0].group.answer)}</span> {text(rows[0].title)}'
    )


def part(of: Part, number: int) -> str:
    """One recording; *number* is its place in the list, from 1, or 0 for the only one."""
    if of.short:
        return _short(of, number)
    headed = bool(number or of.heading)  # else the page's own heading has the result and the URL
    badge = _badge(of.result.headline, _mark(of.result.open)) if headed else ""
    said = report_file.said(of)
    rows = [
        f'<p class="outcome">{badge}{prose(said if headed else capital(said))}</p>\n',
        *(
            f'<p class="outcome">{_badge("not known", "warn")}{prose(capital(each))}</p>\n'
            for each in of.unknown
        ),
        _facts(report_file.facts(of.report)),
        *(_side(of, side) for side in of.sides),
    ]
    rows += (f"<h3>{heading}</h3>\n{_pre(lines, 'command')}" for heading, lines in of.more)
    if hops := earlier(of.report.exchange):
        rows.append(f"<h3>Earlier requests</h3>\n{_list(_hop(why, hop) for why, hop in hops)}")
    secured = report_file.tls(of.report)
    if secured:
        rows.append(f"<h3>TLS</h3>\n{_facts(secured)}")
    if of.command:
        rows.append(f"<h3>To repeat this one</h3>\n{_command(of.command)}")
    inner = "".join(rows)
    begin = f'class="part" id="answer-{number}">'
    if of.folded:
        return f"<details {begin}<summary>{text(of.heading)}</summary>\n{inner}</details>\n"
    # The only answer is named by the page's heading; a reader of headings needs one between that and the parts.
    heading = f"<h2>{text(of.title)}</h2>\n" if headed else '<h2 class="unseen">The answer</h2>\n'
    return f"<section {begin}\n{heading}{inner}</section>\n"


def _in_order(parts: Sequence[str], rows: Sequence[IndexRow]) -> Iterator[str]:
    """Yield the parts by group: first the full ones, then the short ones in one folded element, because a
    browser needs half a millisecond for each element that can be unfolded."""
    for group in grouped(rows):
        yield from (parts[number - 1] for number, row in group if not row.short)
        short = [parts[number - 1] for number, row in group if row.short]
        if short:
            summary = f"{len(short)} more: {text(group[0][1].group.answer)}"
            yield f"<details><summary>{summary}</summary><pre>{''.join(short)}</pre></details>\n"
    yield from parts[len(rows) :]


def _short(of: Part, number: int) -> str:
    """One recording of which another in the same group is shown in full: text that shares one element with
    others."""
    answer = f"{report_file.answered_shortly(of.report)}\n"
    command = f"\n{of.command}\n" if of.command else ""
    return f'<b id="answer-{number}">{text(of.title)}</b>\n{text(f"{answer}{command}")}\n'


def _side(of: Part, side: Side) -> str:
    """Both sides of one answer, and the advice about it."""
    rows = [f'<p class="who">{prose(capital(text_of(side.who)))}</p>\n'] if side.who else []
    pages = "".join(
        _pane(capital(block.place), ", ".join(block.names), _pre(block.lines)) for block in side.blocks
    )
    note = ""
    if side.blocks:
        about = [capital(text_of(each)) for each in of.page]
        if of.as_is:
            about.append(report_file.AS_IS)
        note = f'<p class="total">{". ".join(map(prose, about))}.</p>\n'
    wire = (
        _wire(side.report) if side.report is not None else _pane("On the wire", "", _pre([(Piece("nothing"),)]))
    )
    rows.append(
        f'<div class="sides{" two" if pages else ""}">\n{wire}'
        + (f'<div class="pages">\n{pages}</div>\n' if pages else "")
        + f"</div>\n{note}"
    )
    rows += [f'<p class="total">{prose(capital(text_of(each)))}</p>\n' for each in side.alike]
    rows.append(_advised(side.advice))
    if side.report is not None:
        rows += [
            _findings(report_file.findings(side.report)),
            _times(side.report.reading),
            _bytes(side.report.exchange),
        ]
    return "".join(rows)


def _wire(report: Report) -> str:
    asked = report_file.asked(report.reading)
    unfolded = (
        f"<details><summary>asked: {text(text_of(asked[0])[:200])}</summary>{_pre(asked)}</details>\n"
        if asked and report.reading.sent
        else ""
    )
    return _pane("On the wire", "", f"{unfolded}{_pre(report_file.answered(report), marks=True)}")


def _pane(title: str, of: str, inner: str) -> str:
    named = f" <small>{text(of)}</small>" if of else ""
    return f'<div class="pane"><h3>{text(title)}{named}</h3>\n{inner}</div>\n'


def _advised(of: Advice) -> str:
    """The causes and their remedies, the lines for a proxy, and how to let a page know."""
    rows = [f'<li class="warn">{_badge("take care", "warn")}{prose(each)}</li>\n' for each in of.warnings]
    for rank, each in enumerate(of.causes):
        kind, (word, said) = "note" if rank else "warn", lead(each, rank)
        more = [f"What to do: {prose(each.fix)}"] if each.fix else []
        more += [f"To tell the page: {prose(of.code)}"] if of.code and not rank else []
        more.append(f"Known by: {prose(evidence(each))}")
        told = "".join(f'<p class="more">{one}</p>' for one in more)
        rows.append(f'<li class="{kind}">{_badge(word, kind)}{prose(said)}{told}</li>\n')
    made = f"<h3>Why</h3>\n{_list(rows)}" if rows else ""
    for given, title in (
        (of.lines, of.heading),
        (of.remedies, "To let the page know why"),
    ):
        items = "".join(f"<li>{prose(each)}</li>\n" for each in given)
        if items:
            made += f'<h3>{title}</h3>\n<ul class="plain">\n{items}</ul>\n'
    return made


def _findings(found: Sequence[Finding]) -> str:
    return f"<h3>Findings</h3>\n{_list(map(_finding, found))}" if found else ""


def _finding(of: Finding) -> str:
    told = [f"<br>{prose(of.text)}"]
    for what, value in (("expected", of.expected), ("received", of.received)):
        if value is not None and value not in of.text:
            told.append(f'<p class="more">{what} <code>{text(value)}</code></p>')
    if of.usual:
        told.append(f'<p class="more">Usually: {prose(of.usual)}</p>')
    head = f'{_badge(of.level, of.level)}<code>{text(of.id)}</code> <span class="spec">{prose(of.spec)}</span>'
    return f'<li class="{of.level}">{head}{"".join(told)}</li>\n'


def _times(reading: Reading) -> str:
    """The phases as bars on one scale."""
    spans = bars(reading)
    if not spans:
        return ""
    whole = max(spans[-1][2], 0.001)
    rows = []
    for name, start, end in spans:
        kind = "wait" if name == "answer" else "rest" if name in ("rest", "session") else "bar"
        left, size = start / whole * 100, max((end - start) / whole * 100, 0.4)
        rows.append(
            f"<span>{name}</span>"
            '<svg aria-hidden="true"><rect class="track" width="100%" height="100%" rx="2"/>'
            f'<rect class="{kind}" x="{min(left, 99.6):.2f}%" width="{size:.2f}%" height="100%" rx="2"/></svg>'
            f"<span>{end - start:.1f} ms</span>\n"
        )
    drawn = f'<h3>Where the time went</h3>\n<div class="fall">\n{"".join(rows)}</div>\n'
    total = text_of(connection.summary(reading, LOOK, phases_too=False))
    return f'{drawn}<p class="total">{text(total)}</p>\n'


def _bytes(exchange: Exchange) -> str:
    """Every write and read, folded: as text with its line ends, and in hex."""
    rows = []
    for each in report_file.transfers(exchange, BYTES):
        left = f'<p class="total">{counted(each.left, "more byte")}: --save and --json keep all.</p>'
        inner = (
            f"<pre>{_joined(report_file.with_line_ends(each.shown))}</pre>\n"
            f'<pre class="hex">{_joined(hexdump(each.shown))}</pre>\n'
            if each.shown
            else ""
        )
        rows.append(f"<details><summary>{each.title}</summary>\n{inner}{left if each.left else ''}</details>\n")
    if not rows:
        return ""
    return f'<h3>Every byte</h3>\n<div class="bytes">\n{"".join(rows)}</div>\n'


def _hop(why: str, hop: Exchange) -> str:
    reading = read(hop)
    return (
        f'<li class="note">{prose(why)}{_pre(report_file.asked(reading))}{_times(reading)}{_bytes(hop)}</li>\n'
    )


MOST = 20
"""The most groups with a row in the summary."""


def _likely(of: Likely) -> str:
    return prose(capital(of.sentence)) + "".join(
        f"<br>{what.capitalize()}: {prose(each)}" for what, each in of.to_do
    )


def _summary(rows: Sequence[IndexRow]) -> str:
    """The counts by outcome, the likely cause of each group, and what to do."""
    groups = grouped(rows)
    made = "".join(
        f'<tr><td>{len(group)}</td><td class="{_mark(of.open)}">{text(of.answer)}</td>'
        f"<td>{'' if first.likely is None else _likely(first.likely)}</td></tr>\n"
        for group in groups[:MOST]
        for _, first in group[:1]
        for of in (first.group,)
    )
    left = len(groups) - MOST
    more = f'<p class="total">And {counted(left, "other kind")} of answer.</p>\n' if left > 0 else ""
    head = "<tr><th>how many</th><th>answer</th><th>cause, and what to do</th></tr>"
    return f"<h2>Summary</h2>\n{_scrolling(head, made)}{more}"


def _index(rows: Sequence[IndexRow]) -> Iterator[str]:
    """The failures by cause, and below them, folded, the connections that opened."""
    groups = grouped(rows)
    failed = [group for group in groups if not group[0][1].group.open]
    opened = [row for group in groups for row in group if row[1].group.open]
    if failed:
        first = [row for group in failed for row in group[:FIRST]]
        rest = [row for group in failed for row in group[FIRST:]]
        yield f"<h2>Not open: {len(first) + len(rest)}</h2>\n{_index_table(first)}"
        if rest:
            yield _folded(f"{len(rest)} more of the same kinds", _index_table(rest))
    if opened:
        yield f"<h2>Open: {len(opened)}</h2>\n{_folded('Show them', _index_table(opened))}"


FIRST = 10
"""Rows of a group that are shown unfolded."""


def _index_table(rows: Iterable[Numbered]) -> str:
    head = '<tr><th>answer</th><th class="wide">likely cause</th><th>URL</th><th class="wide">in all</th></tr>'
    return _scrolling(head, "".join(map(_index_row, rows)))


def _folded(summary: str, inner: str) -> str:
    return f"<details><summary>{text(summary)}</summary>\n{inner}</details>\n"


def _index_row(numbered: Numbered) -> str:
    number, row = numbered
    return (
        f'<tr><td class="{_mark(row.group.open)}">{text(row.group.answer)}</td>'
        f'<td class="wide">{text(row.group.cause)}</td>'
        f'<td><a href="#answer-{number}">{number}. {text(row.title)}</a></td>'
        f'<td class="dim wide">{text(row.took)}</td></tr>\n'
    )


def _mark(opened: bool) -> str:
    return "good" if opened else "fail"


def _scrolling(head: str, rows: str) -> str:
    """A table that scrolls on a narrow screen, also by keyboard."""
    return f'<div class="scroll" tabindex="0"><table>\n{head}\n{rows}</table></div>\n'


def _table(of: Table) -> str:
    head = "".join(f"<th>{text(each)}</th>" for each in of.head)
    rows = "".join(
        "<tr>" + "".join(f'<td class="{cell.style}">{text(cell.text)}</td>' for cell in row) + "</tr>\n"
        for row in of.rows
    )
    note = f'<p class="total">{prose(of.note)}</p>\n' if of.note else ""
    return f"<h3>{text(of.title)}</h3>\n{_scrolling(f'<tr>{head}</tr>', rows)}{note}"


def _told(of: Told) -> str:
    said = of.said
    kind = LEVELS.get(of.level) or ("warn" if of.because else "note")
    because = _pre(of.because) if of.because else _facts(of.rows) if of.rows else ""
    fix = f'<p class="more">What to do:</p><pre>{text(said.fix)}</pre>' if said.fix else ""
    return (
        f'<li class="{kind}">{_badge(of.badge, kind)}<code>{text(said.id)}</code><br>'
        f"{prose(said.text)}{because}{fix}</li>\n"
    )


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    made = "".join(f"<dt>{text(what)}</dt><dd>{text(value)}</dd>\n" for what, value in rows)
    return f'<dl class="facts">\n{made}</dl>\n'


def _command(line: str) -> str:
    return f'<pre class="command">{text(line)}</pre>\n'


def _badge(word: str, kind: str) -> str:
    return f'<span class="badge {kind}">{text(word)}</span>'


def _list(items: Iterable[str]) -> str:
    return f'<ul class="list">\n{"".join(items)}</ul>\n'


def _pre(lines: Sequence[Line], kind: str = "", marks: bool = False) -> str:
    """*lines* in their styles; *marks*: with the bytes of findings marked."""
    shown = "\n".join("".join(_piece(piece, marks) for piece in each) for each in lines)
    return f"<pre{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{shown}</pre>\n"


def _piece(of: Piece, marks: bool) -> str:
    if not of.style:
        return text(of.text)
    tag = "mark" if marks and of.style in MARKS else "span"
    return f'<{tag} class="{of.style}">{text(of.text)}</{tag}>'


def _joined(lines: Iterable[str]) -> str:
    return text("\n".join(lines))


def prose(said: str) -> str:
    """A sentence, with links to the sections that it cites."""
    return "".join(
        f'<a href="{escape(url)}">{text(words)}</a>' if url else text(words) for words, url in cited(said)
    )


def text(said: str) -> str:
    """*said* as text of a page, or as the value of an attribute: it has no markup and no invisible
    character."""
    return "\n".join(escape(printable(each)) for each in said.split("\n"))
