"""A trace as text: a row for each answer as it arrives, then the conclusions, and the configuration to
write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.show.lines import Line, Look, Piece, Style, cut_in_middle, fitted, grouped, line, text_of, width_of
from wsprobe.show.lines import cells as cells_of
from wsprobe.text import counted, printable
from wsprobe.trace.answer import AT_ONCE, Answer, closed_in_silence, ended_in_silence, same, stays_open
from wsprobe.trace.changes import CHANGES
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.sentences import whole_words
from wsprobe.trace.series import TRACE, Choice, left_out
from wsprobe.trace.trace import Trace

NAME = max(len(row.name) for row in CHANGES)
OPENED: dict[str, Style] = {"open": "good", "invalid": "fail"}
BODY = 60
"""The most characters of a body in a row."""


def cells(name: str, seen: Trace, look: Look) -> Line:
    """A row's cells: the change, the answer, its time, and how it differs from other answers."""
    answer = seen.answers[name]
    seconds = answer.seconds
    about = Piece(_about(answer, look))
    if name == "http2" and answer.reading.http2 is None and answer.kind in ("open", "http"):
        about = Piece("over HTTP/1.1: the server does not accept HTTP/2", "dim")
    elif _holds(name) and answer.opens and _held(answer):
        about = Piece(_held(answer))
    elif name != "base" and answer.kind != "interrupted" and _as_base(answer, seen.base):
        about = Piece("as base", "dim")
    return (
        Piece(look.words(at_address(name, seen))),
        Piece(answer.result(), OPENED.get(answer.kind, "")),
        Piece("" if seconds is None else f"{seconds * 1000:.0f} ms", "dim"),
        about,
    )


def _as_base(answer: Answer, base: Answer) -> bool:
    """True if the two answers look the same; if both opened, the ends of their sessions may differ."""
    return same(answer, base) and (not base.opens or answer.cause == base.cause)


def row(name: str, seen: Trace, look: Look) -> list[Line]:
    """The answer to one request, and whether it looks the same as the answer to the unchanged handshake."""
    changed, came, took, about = cells(name, seen, look)
    narrow = look.terminal and look.width < NARROW
    told = line(
        Piece(f"{changed.text:<{NAME}}  "),
        Piece(f"{came.text:<12}", came.style),
        *([] if narrow else [Piece(f"{took.text:>8}", took.style)]),
    )
    room = look.width - width_of(told) - 2 if look.terminal else len(about.text)
    shown = in_room(about.text, room, look) if room >= LEAST or cells_of(about.text) <= room else ""
    return [line(*told, Piece(f"  {shown}" if shown else "", about.style))]


NARROW = 64
"""Columns; on a narrower screen, a row has no time."""
LEAST = 10
"""The least columns in which the differences of an answer are readable."""


def _about(answer: Answer, look: Look) -> str:
    """How this answer differs from others: reason, redirect, the first words of the body, its author."""
    final = answer.reading.final
    if answer.kind not in ("http", "open", "invalid") or final is None:
        return ""
    if answer.opens:
        return _held(answer) or (look.words(answer.cause.evidence) if answer.cause is not None else "")
    words = [look.text(final.reason)]
    if answer.location:
        words.append(f"-> {look.words(answer.location)}")
    body = " ".join(answer.text.split())
    if answer.author.id:
        words.append(f"by {answer.author.id}")
    if body:
        words.append(f'"{look.words(whole_words(body, BODY))}"')
    return "  ".join(word for word in words if word)


def in_room(about: str, room: int, look: Look) -> str:
    """*about* in at most *room* columns; the quote at its end is cut between words, and stays closed. A quote
    without room is left out."""
    before, quote, body = about.partition(' "')
    left = room - cells_of(f'{before} ""')
    if cells_of(about) <= room or not quote:
        return cut_in_middle(about, room, look)
    if left < LEAST:
        return cut_in_middle(before.rstrip(), room, look)
    shown = f'{before} "{whole_words(body.removesuffix(chr(34)), left)}"'
    return cut_in_middle(shown, room, look)


def _held(answer: Answer) -> str:
    """How an open, silent session ended."""
    dropped, closed = ended_in_silence(answer), closed_in_silence(answer)
    if dropped is not None and dropped >= AT_ONCE:
        return f"held: dropped after {dropped:.1f} s"
    return f"held: closed after {closed:.1f} s" if closed is not None and closed >= AT_ONCE else ""


def concluded(found: tuple[Conclusion, ...], seen: Trace, choice: Choice, look: Look) -> list[Line]:
    """The conclusions, the likeliest first."""
    rows: list[Line] = [()] if found else []
    for number, each in enumerate(found):
        rows += _wrapped(
            line(
                Piece(each.certainty if number == 0 else "or", "title"),
                f" ({each.id if number == 0 else f'{each.certainty}, {each.id}'}): {printable(each.text)}",
            ),
            look,
        )
        if number == 0:
            rows += _side_by_side(each, seen, look)
        if each.fix:
            rows.append(line(Piece("what to do" if number == 0 else "then", "title")))
            for one in each.fix.splitlines():
                rows += _wrapped(line("  ", printable(one)), look)
    rows += _not_sent(seen, choice, look)
    return rows


def _side_by_side(found: Conclusion, seen: Trace, look: Look) -> Iterator[Line]:
    """The answers that show it, one per line."""
    yield line(Piece("because", "title"))
    for each in because(found, seen, look):
        text = f"  {text_of(each)}"
        yield line(in_room(text, look.width, look) if look.terminal else text)


def because(found: Conclusion, seen: Trace, look: Look) -> Iterator[Line]:
    """The answers that show *found*: the change, the status line, and the difference from other answers."""
    for name in found.because:
        answer = seen.answers.get(name)
        if answer is not None:
            first = answer.reading.final.head.first if answer.reading.final is not None else None
            status = look.text(first.text) if first is not None else answer.result()
            about = _about(answer, look)
            if _holds(name) and answer.opens:
                limits = answer.reading.exchange.plan.limits
                ended = _held(answer) or ("" if stays_open(answer) else about)
                status, about = ended or f"held: still open after {limits.linger:.1f} s", ""
            elif not answer.opens:
                about = about.partition("  ")[2]
            yield line(f"{look.words(at_address(name, seen)):<{NAME}}  {status}  {about}".rstrip())


def _holds(name: str) -> bool:
    """Whether the session of the change *name* is held silently."""
    return name in ("again-2", "backend-held") or name.endswith(" held")


def at_address(name: str, seen: Trace) -> str:
    """The change *name* for people: a proxy between two others by its address, not by its number."""
    numbered = re.match(r"backend (\d+)", name)
    if numbered is None:
        return name
    return f"{seen.start.backends[int(numbered[1]) - 1]}{name[numbered.end() :]}"


def sent(seen: Trace, choice: Choice) -> str:
    """The number of requests sent and, after an audit, what none of them shows."""
    count = counted(len(seen.answers), "request")
    over_http2 = choice.series is TRACE or not seen.start.plan.target.secure
    return count if over_http2 else f"{count}, all over HTTP/1.1 (an audit does not test HTTP/2)"


def unsent(seen: Trace, choice: Choice) -> dict[str, list[str]]:
    """Reason -> the changes left out for it."""
    return grouped((why, name) for name, why in left_out(seen, choice))


def _not_sent(seen: Trace, choice: Choice, look: Look) -> Iterator[Line]:
    """The skipped changes, and why; a shared reason is given once."""
    reasons = unsent(seen, choice)
    count = counted(len(seen.answers), "request")
    yield line(Piece(f"{count}; not sent:", "dim") if reasons else Piece("", "dim"))
    for why, names in reasons.items():
        yield from _wrapped(line(Piece(f"  {', '.join(names)}: {why}", "dim")), look)


LATE = ("base", "addresses", "backend-held", "named-subprotocol")
"""The changes that depend on an answer: before it, they make no request."""


def dry_run(url: str, seen: Trace, choice: Choice, look: Look) -> list[Line]:
    """The requests that may be sent to *url*, in the order of the table; nothing is sent yet."""
    rows = _wrapped(line(f"at most {TRACE.most} of these requests, to {look.words(url)}:"), look)
    for each in CHANGES:
        if each.name != "base" and (each.name in choice.skip or (choice.only and each.name not in choice.only)):
            continue
        if each.name == "backends" and len(seen.start.backends) < 2:
            continue
        if each.name == "backend-plain" or (each.name == "backend-held" and not seen.start.backends):
            continue
        if each.name not in LATE and not list(each.make(seen)):
            continue
        if each.name == "addresses" and not seen.start.each_address:
            continue
        rows += _wrapped(line(f"{each.name:<{NAME}}  ", each.changed), look)
    return rows


def _wrapped(of: Line, look: Look) -> list[Line]:
    return fitted([of], look)
