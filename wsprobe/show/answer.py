"""An answer over HTTP/1.1 as lines, as received, with each finding under its bytes (as in a compiler's
message)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wsprobe.judge.finding import Finding
from wsprobe.read.reading import Body, Head, Reading, Response
from wsprobe.read.reading import Line as WireLine
from wsprobe.show.lines import Budget, Line, Look, Piece, cells, fitted, left_out, line, styled
from wsprobe.text import hexdump, visible

HEAD_LINES = 100
"""Lines shown of a head, and of all interim ones together, without -v."""
BODY_LINES = 40
"""Lines shown of a body, without -v."""
LONG_LINE = 2000
"""Characters shown of one line, without -v."""
EMPTY_LINES = 3
"""Consecutive empty lines shown one by one; of more, this many bytes and their number."""
DUMP_BYTES = 256
BODY_KEPT = "-o FILE keeps all"


def answers(reading: Reading, findings: Sequence[Finding], look: Look) -> list[Line]:
    """Every received answer: heads with *findings* under their lines; the final one's body."""
    rows: list[Line] = []
    room = Budget(HEAD_LINES, look)
    left = 0
    for response in reading.responses:
        if not response.interim:
            rows += [*_missing(left, "interim answer", look), *head(response, findings, look)]
            left = 0
            shown = [] if response.body is None else body(response.body, look)
            rows += [(), *shown] if shown else []
        elif room.full and not _pointed_at(response, findings):
            left += 1
        else:
            rows += [*_missing(left, "interim answer", look), *head(response, findings, look, room), ()]
            left = 0
    return rows + _missing(left, "interim answer", look)


def marked(reading: Reading, findings: Sequence[Finding], look: Look) -> list[Line]:
    """The same answers, with only the bytes of each finding in the style of its level: for a place that wraps
    lines, where carets would point at other bytes."""
    rows: list[Line] = []
    for response in reading.responses:
        rows += head(response, findings, look, pointing=False)
        shown = [] if response.body is None else body(response.body, look)
        rows += [(), *shown] if shown else []
        rows += [()] if response.interim else []
    return rows


def head(
    response: Response,
    findings: Sequence[Finding],
    look: Look,
    room: Budget | None = None,
    *,
    pointing: bool = True,
) -> list[Line]:
    """The head's lines, each followed by its findings; without *pointing*, only with their bytes in style.
    Beyond *room*, only lines with a finding are shown."""
    room = room or Budget(HEAD_LINES, look)
    left = 0
    rows: list[Line] = []
    empty, lines = _begun(response.head)
    if empty is not None:
        rows.append(room.take(empty_lines(empty.raw)))
        if pointing:
            rows += [row for f in findings if _meets(f, empty) for row in pointed(f, empty, look)]
    for wire in lines:
        here = [f for f in findings if _meets(f, wire)]
        if room.full and not here:
            left += 1
            continue
        rows += [*_missing(left, "line", look), room.take(wire_line(wire, response.head, look))]
        left = 0
        for finding in here:
            if pointing:
                rows += pointed(finding, wire, look)
            else:
                rows[-1] = styled(rows[-1], *_columns(finding, wire, look), finding.level)
    return rows + _missing(left, "line", look)


def _missing(count: int, what: str, look: Look) -> list[Line]:
    return [left_out(count, what, look)] if count else []


def _pointed_at(response: Response, findings: Sequence[Finding]) -> bool:
    start, stop = response.head.start, response.head.start + len(response.head.raw)
    return any(f.span is not None and start <= f.span[0] < stop for f in findings)


def wire_line(wire: WireLine, of: Head, look: Look) -> Line:
    """*wire*, a line of the head *of*; of a long one the beginning, and how much is left out."""
    text = look.text(wire.text[:LONG_LINE])
    more = len(wire.text) - LONG_LINE
    tail = [Piece(f" ... {more} more bytes", "dim")] if more > 0 else []
    if wire is of.first:
        return Piece(text, "title"), *tail
    name, colon, value = text.partition(":")
    if not colon:
        return Piece(text), *tail
    return Piece(name, "name"), Piece(colon + value), *tail


def _meets(finding: Finding, wire: WireLine) -> bool:
    """Whether *finding* points into this line."""
    span = finding.span
    return span is not None and wire.start <= span[0] < wire.start + max(1, len(wire.raw))


_EMPTY = rb"(?:\r?\n)*"


def _begun(of: Head) -> tuple[WireLine | None, Sequence[WireLine]]:
    """All leading empty lines of *of* as one, None if they are few; and its other lines."""
    if len(of.lines) <= EMPTY_LINES or any(each.text for each in of.lines[: EMPTY_LINES + 1]):
        return None, of.lines
    begin = re.match(_EMPTY, of.raw)
    assert begin is not None
    end = of.start + begin.end()
    rest = [each for each in of.lines if each.start + len(each.raw) > end]
    if rest and (over := end - rest[0].start) > 0:  # the last line may be many, which were not told apart
        rest[0] = WireLine(rest[0].text[over:], rest[0].end, rest[0].start + over)
    return WireLine(b"", begin[0], of.start), rest


def empty_lines(ends: bytes) -> Line:
    """The line that stands for many empty ones, which are *ends*: the first escaped, and their number."""
    count = ends.count(b"\n") + ends.count(b"\r") - ends.count(b"\r\n")
    first = ends[: 2 * EMPTY_LINES].splitlines(keepends=True)[:EMPTY_LINES]
    return line(visible(b"".join(first)), Piece(f" ... {count} empty lines in all", "dim"))


def pointed(finding: Finding, wire: WireLine, look: Look) -> list[Line]:
    """Carets under the bytes of the finding, then its text."""
    left, right = _meant(finding, wire)
    before = cells(look.text(wire.text[:left]))
    return carets(before, max(1, cells(look.text(wire.text[left:right]))), finding, look)


def carets(before: int, under: int, finding: Finding, look: Look) -> list[Line]:
    """A row of *under* carets after *before* columns, with the finding's id behind it, or below it on a narrow
    terminal; then its text."""
    mark = f"{finding.level} {finding.id}"
    under = min(under, look.width)
    if look.terminal and before + under + len(mark) + 1 > look.width:
        return [
            line(" " * min(before, max(0, look.width - under)), Piece("^" * under, finding.level)),
            line("  ", Piece(mark, finding.level)),
            *said(finding, look),
        ]
    return [
        line(" " * before, Piece("^" * under, finding.level), " ", Piece(mark, finding.level)),
        *said(finding, look),
    ]


def _meant(finding: Finding, wire: WireLine) -> tuple[int, int]:
    """The place of the finding's bytes in the shown part of the line."""
    assert finding.span is not None
    left = min(finding.span[0] - wire.start, LONG_LINE)
    return left, min(max(finding.span[1] - wire.start, left), len(wire.text), LONG_LINE)


def _columns(finding: Finding, wire: WireLine, look: Look) -> tuple[int, int]:
    """The same in characters as they are shown."""
    left, right = _meant(finding, wire)
    begin = len(look.text(wire.text[:left]))
    return begin, begin + max(1, len(look.text(wire.text[left:right])))


def loose(finding: Finding, look: Look) -> list[Line]:
    """A finding without a line of a head."""
    return [line(Piece(f"{finding.level} {finding.id}", finding.level)), *said(finding, look)]


def said(finding: Finding, look: Look) -> list[Line]:
    """A finding, indented: its text, the rule, the usual cause."""
    rows = [line("  ", finding.text)]
    if finding.expected is not None or finding.received is not None:
        if finding.expected is not None and finding.expected not in finding.text:
            rows.append(line("  expected ", Piece(finding.expected, "good")))
        if finding.received is not None and finding.received not in finding.text and finding.span is None:
            rows.append(line("  received ", Piece(finding.received, "fail")))
    rows.append(line(Piece(f"  {finding.spec}", "dim")))
    if finding.usual and (finding.level != "note" or look.verbose):
        rows.append(line("  usual cause: ", finding.usual))
    return fitted(rows, look)


def body(of: Body, look: Look) -> list[Line]:
    """A body as text if it is text, otherwise its first bytes in hex; a note counts the rest."""
    content = of.decoded if of.decoded is not None else of.content
    if not content:
        return []
    if binary(content):
        rows = [line(Piece(row, "dim")) for row in hexdump(content[:DUMP_BYTES])]
        if len(content) > DUMP_BYTES:
            rows.append(left_out(len(content) - DUMP_BYTES, "byte", look, BODY_KEPT))
        return rows
    content = content if look.verbose else without_style(content)
    content += b"" if content.endswith(b"\n") else b"\n"
    room = Budget(BODY_LINES, look)
    rows = []
    at = 0
    while at < len(content):
        if room.full:
            return [*rows, left_out(content.count(b"\n", at), "line", look, BODY_KEPT)]
        empty = content[at : _empty_until(content, at)]
        if empty.count(b"\n") > EMPTY_LINES:
            rows.append(room.take(empty_lines(empty)))
            at += len(empty)
            continue
        end = content.index(b"\n", at)
        text = content[at:end].removesuffix(b"\r")
        at = end + 1
        tail = [Piece(f" ... {len(text) - LONG_LINE} more bytes", "dim")] if len(text) > LONG_LINE else []
        rows.append(room.take(line(look.text(text[:LONG_LINE]), *tail)))
    return rows


_NOT_EMPTY = re.compile(rb"[^\r\n]|\r(?!\n)")


def _empty_until(content: bytes, at: int) -> int:
    """The end of the empty lines that begin at *at*."""
    found = _NOT_EMPTY.search(content, at)
    return len(content) if found is None else content.rfind(b"\n", at, found.start()) + 1 or at


def without_style(content: bytes) -> bytes:
    """A page without the content of its style elements: Squid's has 90 lines of style before the first word."""
    lower = content.lower()
    kept: list[bytes] = []
    at = 0
    while (start := lower.find(b"<style", at)) >= 0 and (end := lower.find(b"</style", start)) >= 0:
        opened = lower.find(b">", start, end) + 1 or end
        kept += [content[at:opened], b" ... "]
        at = end
    return b"".join([*kept, content[at:]])


def binary(content: bytes) -> bool:
    """True if *content* is better shown in hex: with a NUL, or more than one byte in ten that is not in
    text."""
    sample = content[:4096]
    odd = sum(1 for b in sample if b < 0x20 and b not in b"\t\n\r\x1b")
    return b"\0" in sample or odd * 10 > len(sample)


def unplaced(findings: Iterable[Finding], responses: Sequence[Response]) -> list[Finding]:
    """The findings that no line of a head shows."""
    spans = [(r.head.start, r.head.start + len(r.head.raw)) for r in responses]
    return [f for f in findings if f.span is None or not any(a <= f.span[0] < b for a, b in spans)]
