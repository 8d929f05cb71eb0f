"""A report as text for an issue (``--report FILE.md``), in GitHub's Markdown.

Bytes of a peer are in code: in a fence longer than any run of backticks in them, or in a span. There nothing is
markup, no name is a mention, no number is an issue, and invisible characters are escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from wsprobe.diagnosis.advice import Advice, Likely
from wsprobe.exchange import Exchange
from wsprobe.judge.finding import Finding
from wsprobe.read.reading import Reading
from wsprobe.show import connection, report_file
from wsprobe.show.causes import evidence, lead
from wsprobe.show.lines import Look, capital, text_of
from wsprobe.show.report import earlier
from wsprobe.show.report_file import LOOK, Cover, IndexRow, Part, Side, Table, Told, cited, grouped, summary
from wsprobe.text import counted, hexdump, printable

BYTES = 1024
"""Bytes of one exchange to show in hex: an issue holds 65,536 characters."""
LONG_LINE = 400
"""The most characters of a line: an issue does not wrap lines of code."""
LOOK_OF_BARS = Look(width=80, unicode=False)


def whole(cover: Cover, parts: Iterable[str]) -> Iterator[str]:
    """Yield the text, made of *parts* from `part`, in pieces."""
    several = len(cover.rows) > 1
    yield f"# wsprobe {cover.kind}: {prose(summary(cover.rows) if several else cover.rows[0].group.answer)}\n\n"
    yield f"> {cover.care}\n\n"
    yield f"Made with {prose(cover.made_with)}.\n\n{_command(cover.command)}"
    if several:
        yield _index(cover.rows)
    if cover.kind == "trace":
        yield f"- URL: {span(cover.rows[0].title)}\n\n"
    for each in cover.tables:
        yield _table(each)
    if cover.told:
        yield "## What that means\n\n" + "".join(map(_told, cover.told))
    if cover.apart:
        yield f"## Can a script tell them apart?\n\n{_fenced(map(text_of, cover.apart[1:]))}"
    every = list(parts)
    yield from (every[number - 1] for group in grouped(cover.rows) for number, _ in group)
    yield from every[len(cover.rows) :]


def part(of: Part, number: int) -> str:
    """One recording; *number* is its place in the index, from 1, or 0 for the only one."""
    if of.folded:
        return _folded(of)
    if of.short:
        fenced = _fenced(report_file.answered_shortly(of.report).splitlines())
        summary = escape(printable(f"{number}. {of.result.headline}"))
        command = _command(of.command) if of.command else ""
        return f"<details><summary>{summary}</summary>\n\n{fenced}{command}</details>\n\n"
    facts = "".join(f"- {what}: {span(value)}\n" for what, value in report_file.facts(of.report))
    rows = [
        f"## {f'{number}. ' if number else ''}{of.heading or span(of.title)}\n\n",
        f"**{prose(of.result.headline)}**: {prose(report_file.said(of))}\n\n",
        *(f"**not known**: {prose(each)}\n\n" for each in of.unknown),
        f"{facts}\n",
        _command(of.command) if of.command else "",
        *(_side(of, side) for side in of.sides),
    ]
    rows += (f"### {heading}\n\n{_fenced(map(text_of, lines))}" for heading, lines in of.more)
    if hops := earlier(of.report.exchange):
        rows.append("### Earlier requests\n\n" + "".join(f"- {prose(why)}\n" for why, _ in hops) + "\n")
    secured = report_file.tls(of.report)
    if secured:
        rows.append("### TLS\n\n" + "".join(f"- {what}: {span(value)}\n" for what, value in secured) + "\n")
    return "".join(rows)


def _folded(of: Part) -> str:
    """One further answer of a trace: the request and the answer, folded."""
    lines = [*map(text_of, report_file.asked(of.report.reading)), ""]
    lines += map(text_of, report_file.answered(of.report, pointing=False))
    return f"<details><summary>{escape(printable(of.title))}</summary>\n\n{_fenced(lines)}</details>\n\n"


def _side(of: Part, side: Side) -> str:
    rows = [f"### {prose(capital(text_of(side.who)))}\n\n"] if side.who else []
    if side.report is not None:
        asked = report_file.asked(side.report.reading)
        if asked and side.report.reading.sent:
            rows.append(f"### Request\n\n{_fenced(map(text_of, asked))}")
        rows.append(f"### What came back\n\n{_fenced(map(text_of, report_file.answered(side.report)))}")
        rows.append(_findings(report_file.findings(side.report)))
    rows.append(_advised(side.advice))
    if side.blocks:
        rows.append("### What a script sees\n\n")
        rows += [f"{prose(capital(text_of(each)))}.\n\n" for each in of.page]
        if of.as_is:
            rows.append(f"{prose(report_file.AS_IS)}.\n\n")
        for block in side.blocks:
            rows.append(f"**{', '.join(block.names)}**, {block.place}:\n\n{_fenced(map(text_of, block.lines))}")
        rows += [f"{prose(capital(text_of(each)))}\n\n" for each in side.alike]
    if side.report is not None:
        rows += [_times(side.report.reading), _bytes(side.report.exchange)]
    return "".join(rows)


def _findings(found: Sequence[Finding]) -> str:
    return "### Findings\n\n" + "".join(map(_finding, found)) + "\n" if found else ""


def _finding(of: Finding) -> str:
    told = [f"- **{of.level}** {span(of.id)}, {prose(of.spec)}: {prose(of.text)}"]
    for what, value in (("expected", of.expected), ("received", of.received)):
        if value is not None and value not in of.text:
            told.append(f"  - {what} {span(value)}")
    if of.usual:
        told.append(f"  - usually: {prose(of.usual)}")
    return "".join(f"{each}\n" for each in told)


def _advised(of: Advice) -> str:
    rows = [f"- **warning**: {prose(each)}\n" for each in of.warnings]
    for rank, each in enumerate(of.causes):
        label, said = lead(each, rank)
        rows.append(f"- **{label}**: {prose(said)}\n")
        rows += [f"  - what to do: {prose(each.fix)}\n"] if each.fix else []
        rows += [f"  - to tell the page: {prose(of.code)}\n"] if of.code and not rank else []
        rows.append(f"  - known by: {prose(evidence(each))}\n")
    made = f"### Why\n\n{''.join(rows)}\n" if rows else ""
    for given, title in (
        (of.lines, of.heading),
        (of.remedies, "To let the page know why"),
    ):
        items = "".join(f"- {prose(each)}\n" for each in given)
        made += f"### {title}\n\n{items}\n" if items else ""
    return made


def _times(reading: Reading) -> str:
    bars = connection.waterfall(reading, LOOK_OF_BARS)
    total = connection.summary(reading, LOOK, phases_too=False)
    return f"### Where the time went\n\n{_fenced(map(text_of, [*bars, total]))}" if bars else ""


def _bytes(exchange: Exchange) -> str:
    """Reads and writes in hex, folded."""
    lines = []
    for each in report_file.transfers(exchange, BYTES):
        lines += [each.title, *hexdump(each.shown)]
        lines += [f"... {counted(each.left, 'more byte')} (--save and --json keep all)"] if each.left else []
    if not lines:
        return ""
    return f"<details><summary>Every byte</summary>\n\n{_fenced(lines)}</details>\n\n"


def _likely(of: Likely) -> str:
    return f"{'; ' if of.label else ': '}{prose(of.sentence)}\n" + "".join(
        f"  - {what}: {prose(each)}\n" for what, each in of.to_do
    )


def _index(rows: Sequence[IndexRow]) -> str:
    """The counts by outcome, with likely causes and remedies; then each recording, the failures first."""
    groups = grouped(rows)
    made = "## Summary\n\n"
    for group in groups:
        _, first = group[0]
        made += f"- {len(group)} {prose(first.group.answer)}"
        made += "\n" if first.likely is None else _likely(first.likely)
    table = "".join(
        f"| {number} | {' | '.join(map(_cell, cells))} | {row.took} |\n"
        for group in groups
        for number, row in group
        for cells in ((row.group.answer, row.group.cause, row.title),)
    )
    return f"{made}\n| | answer | likely cause | URL | in all |\n|---|---|---|---|---|\n{table}\n"


def _table(of: Table) -> str:
    rows = "".join("| " + " | ".join(_cell(cell.text) for cell in row) + " |\n" for row in of.rows)
    head = f"| {' | '.join(of.head)} |\n|{'---|' * len(of.head)}\n"
    return f"## {of.title}\n\n{head}{rows}\n" + (f"{prose(of.note)}\n\n" if of.note else "")


def _told(of: Told) -> str:
    said = of.said
    because = _fenced(map(text_of, of.because)) if of.because else ""
    because += "".join(f"- {what}: {prose(value)}\n" for what, value in of.rows) + ("\n" if of.rows else "")
    fix = f"What to do:\n\n{_fenced(said.fix.splitlines())}" if said.fix else ""
    return f"**{of.badge}** {span(said.id)}: {prose(said.text)}\n\n{because}{fix}"


def _command(line: str) -> str:
    return _fenced([line], "sh", cut=False)


def _fenced(lines: Iterable[str], language: str = "text", cut: bool = True) -> str:
    """Lines as a block of code; very long lines are cut, unless *cut* is False."""
    shown = [printable(each) for each in lines]
    if cut:
        shown = [
            each
            if len(each) <= LONG_LINE
            else f"{each[:LONG_LINE]} ... {len(each) - LONG_LINE} more characters"
            for each in shown
        ]
    runs = (len(run) for each in shown for run in re.findall("`+", each))
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}{language}\n" + "".join(f"{each}\n" for each in shown) + f"{fence}\n\n"


def span(text: str) -> str:
    """*text* as code within a line."""
    shown = printable(text)
    if not shown.strip(" "):
        return "(empty)" if not shown else f"({counted(len(shown), 'space')})"
    if len(shown) > LONG_LINE:
        shown = f"{shown[:LONG_LINE]} ..."
    ticks = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _cell(text: str) -> str:
    """A cell of a table. GitHub ends a cell at a bar, even within code."""
    if _PLAIN.fullmatch(text):
        return text
    return span(text).replace("|", "\\|") if text else ""


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .,%()-]*")

_SAFE = re.compile(r"(?:[A-Za-z0-9%]+(?:[.,'/-][A-Za-z0-9%]+)*)?")
"""A plain word, which no Markdown reads as anything else."""
_TAKEN_FOR_MORE = re.compile(r"(?i)www\..*|[0-9a-f]{7,40}|gh-[0-9]+")
"""Words that GitHub turns into links: pages, commits, issues."""


def prose(text: str) -> str:
    """A sentence with links to the sections that it cites. Each word that could be read as markup, a mention or
    a link becomes code."""
    return "".join(f"[{words}]({url})" if url else _words(printable(words)) for words, url in cited(text))


_CALL = re.compile(
    r'(?<!\S)close\(\d{4}, (?:"[^\n]*?"|[^()"\n]*)\)(?=[\s,.;:)]|\Z)|(?<=\()wsprobe [a-z]+ [^()\n]+(?=\))'
)
"""A call of close() with a code and a reason, whatever the reason contains, or a command in parentheses: code
as a whole."""


def _words(text: str) -> str:
    """*text* with each call of close(), each command, and each word that is not plain, in a span; consecutive
    words share one."""
    made, at = "", 0
    for call in _CALL.finditer(text):
        made += _single_words(text[at : call.start()]) + span(call[0])
        at = call.end()
    return made + _single_words(text[at:])


def _single_words(text: str) -> str:
    """*text* with each word that is not plain in a span; consecutive ones share a span."""
    made = ""
    code: list[str] = []
    for word in text.split(" "):
        rest = word.lstrip("(\"'")
        core = rest.rstrip(".,;:)\"'?")
        before, behind = word[: len(word) - len(rest)], rest[len(core) :]
        if core.endswith("(") and behind.startswith(")"):  # a call, such as fetch()
            core, behind = f"{core})", behind[1:]
        plain = _SAFE.fullmatch(core) is not None and not _TAKEN_FOR_MORE.fullmatch(core)
        if not plain and not before and not behind:
            code.append(core)
            continue
        made += span(" ".join(code)) + " " if code else ""
        code = []
        made += f"{before}{core if plain else span(core)}{behind} "
    made += span(" ".join(code)) + " " if code else ""
    return made[:-1]
