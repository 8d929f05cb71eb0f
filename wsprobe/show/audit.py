"""An audit as text: a row for each answer, then each weakness with the request, the answer, why it matters, and
the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.request.edits import values
from wsprobe.show.lines import Line, Look, Piece, Style, cut, fitted, line, width_of
from wsprobe.show.trace import by_reason, cells, in_room, sent, unsent
from wsprobe.trace.audit import WEAKNESSES
from wsprobe.trace.audit_requests import AUDIT
from wsprobe.trace.audit_session import came, ended, reference
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace, TraceRequest
from wsprobe.trace.weakness import Found

NAME = max(len(row.name) for row in AUDIT.rows)
STYLE: dict[str, Style] = {"error": "fail", "warning": "warn", "note": "note"}


def row(name: str, seen: Trace, look: Look) -> list[Line]:
    """The answer to one request: the change, the answer, its time, and how a session ended."""
    changed, came, took, about = cells(name, seen, look)
    end = ended(seen.answers[name])
    if end not in ("", "stays"):
        about = Piece(f"the server {end.replace('closed', 'closed with')}" if " " in end else f"then {end}")
    told = line(
        Piece(f"{changed.text:<{NAME}}  "),
        Piece(f"{came.text:<12}", came.style),
        Piece(f"{took.text:>8}  ", took.style),
    )
    if not look.terminal:
        return [(*told, about)]
    shown = in_room(about.text, max(look.width - width_of(told), 0), look)
    return [cut((*told, Piece(shown, about.style)), look.width, indent=0)[0]]


def concluded(
    found: Sequence[Found],
    untested: Sequence[tuple[str, str]],
    seen: Trace,
    choice: Choice,
    look: Look,
) -> list[Line]:
    """The weaknesses, the worst first; the tests that could not be made; and the requests not sent."""
    rows: list[Line] = [()]
    for each in found:
        rows += fitted(list(_weakness(each, look)), look)
    if seen["base"] is None:
        rows.append(line(Piece("Interrupted before the first answer.", "fail")))
    elif reference(seen) is None:
        told = f"The handshake opens no session ({came(seen.base)}), so little could be tested."
        rows += fitted([line(Piece(told, "fail"))], look)
    elif not found:
        rows.append(line(Piece("no weakness found", "good")))
    if untested:
        rows.append(line(Piece("not tested", "title")))
        for why, ids in by_reason(untested).items():
            rows += fitted([line(f"  {', '.join(ids)}: {look.words(why)}")], look)
    clean = not_there(found, untested) if reference(seen) is not None else []
    if clean:
        rows += fitted([line(Piece("tested and not found", "title"), f": {', '.join(clean)}")], look)
    stated = set(untested)
    reasons = {
        why: kept
        for why, names in unsent(seen, choice).items()
        if (kept := [name for name in names if (name, why) not in stated])
    }
    rows.append(line(Piece(f"{sent(seen, choice)}{'; not sent:' if reasons else ''}", "dim")))
    for why, names in reasons.items():
        rows += fitted([line(Piece(f"  {', '.join(names)}: {why}", "dim"))], look)
    return rows


def not_there(found: Sequence[Found], untested: Sequence[tuple[str, str]]) -> list[str]:
    """The weaknesses that were tested and not found."""
    other = {*(each.weakness.id for each in found), *(id for id, _ in untested)}
    return [each.id for each in WEAKNESSES if each.id not in other]


def _weakness(each: Found, look: Look) -> Iterator[Line]:
    of, said = each.weakness, each.conclusion
    number = f", CWE-{of.cwe}" if of.cwe else ""
    yield line(Piece(f"{of.level}: {of.id}{number}", STYLE[of.level]), f": {look.words(said.text)}")
    yield line(Piece("  sent", "title"), f": {look.words(said.sent)}")
    yield line(Piece("  came", "title"), f": {look.words(said.came)}")
    yield line(Piece("  why it matters", "title"), f": {of.why}")
    if of.cannot_know:
        yield line(Piece("  not known", "title"), f": {of.cannot_know}")
    yield line(Piece("  what to do", "title"))
    for one in each.fix.splitlines():
        yield line("    ", look.words(one))


def dry_run(url: str, seen: Trace, choice: Choice, look: Look) -> list[Line]:
    """The requests that may be sent to *url*, in the order of the table; nothing is sent yet."""
    most = choice.series.most
    rows = fitted([line(f"at most {most} of these requests, one after another, to {look.words(url)}:")], look)
    for each in choice.series.rows:
        if each.name in choice.skip or (choice.only and each.name not in (*choice.only, "base")):
            continue
        for question in each.make(seen):
            made = line(f"{each.name:<{NAME}}  ", f"{each.changed}{look.words(_differing(question, seen))}")
            rows += fitted([made], look)
    return rows


def _differing(question: TraceRequest, seen: Trace) -> str:
    """The Origin of a request, and its URL, if they differ from those of the unchanged handshake."""
    given, plan = seen.start.plan, question.plan
    told = []
    if plan.target.url != given.target.url:
        told.append(plan.target.url)
    origin = values(plan.request, b"origin")
    if origin and origin != values(given.request, b"origin"):
        told.append(f"Origin: {origin[0].decode('latin-1')}")
    return f" ({'; '.join(told)})" if told else ""
