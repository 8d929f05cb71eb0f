"""The session: one line per frame, ours marked ``>``, the server's ``<``."""

from __future__ import annotations

from collections.abc import Container
from operator import attrgetter

from wsprobe.read.behind import frames_before_http, http_behind
from wsprobe.read.frames import CLOSE, CONTINUATION, FRAMES_MAX, RSV1, TEXT, Message, messages_of
from wsprobe.read.reading import Frame, Reading, Session
from wsprobe.show.answer import body
from wsprobe.show.lines import VERBOSE, Budget, Line, Look, Piece, Style, ends, left_out, line
from wsprobe.text import counted, hexdump

NAMES = {0: "Continuation", 1: "Text", 2: "Binary", 8: "Close", 9: "Ping", 10: "Pong"}
ALONE = Session((), b"", 0)
"""The session of a frame that is shown alone."""
SHOWN = 120
"""Payload bytes shown of a frame, without -v."""
SHOWN_VERBOSE = 4000
HEX = 32
"""Bytes shown in hexadecimal."""
FRAMES = 50
"""Frames shown, without -v."""


def session(reading: Reading, look: Look) -> list[Line]:
    """The frames of both sides in the order of their times, with the texts of compressed messages. Empty
    without a session."""
    of = frames_before_http(reading)
    if of is None:
        return []
    shown, between = _in_order(of, FRAMES * (VERBOSE if look.verbose else 1))
    first, left, last = ends(shown, FRAMES, look)
    left += between
    said = inflated(reading, {(mark, each.start) for mark, each in (*first, *last)})
    room = Budget(FRAMES, look)
    rows: list[Line] = []

    def show(mark: str, each: Frame) -> None:
        message = said.get((mark, each.start))
        if message is not None and not look.verbose and _is_plain(mark, message):
            rows.append(room.take(_compressed(mark, each, content(message, look))))
            return
        rows.append(room.take(frame(mark, each, look, of)))
        if message is not None:
            label = "    not inflated: " if message.problem else "    inflated: "
            rows.append(line(label, Piece(content(message, look), received=True)))

    for number, (mark, each) in enumerate(first):
        if room.full:
            left += len(first) - number
            break
        show(mark, each)
    rows += [left_out(left, "frame", look)] if left else []
    for mark, each in last:
        show(mark, each)
    behind = http_behind(reading)
    if behind is not None:
        rows.append(line(Piece("< HTTP instead of frames:", "warn")))
        rows += [line("  ", look.text(each.text[:SHOWN_VERBOSE])) for each in behind.head.lines[:FRAMES]]
        rows += [line("")] if behind.body is not None and behind.body.content else []
        rows += [(Piece("  "), *each) for each in body(behind.body, look)] if behind.body is not None else []
    elif of.rest:
        what = (
            "of an incomplete frame"
            if len(of.frames) < FRAMES_MAX
            else "after the frames that were read one by one"
        )
        rows.append(line(Piece(f"< {counted(len(of.rest), 'byte')} {what}", "warn")))
        rows += [line(Piece(row, "dim")) for row in hexdump(of.rest[:64])]
    return rows


def _in_order(of: Session, most: int) -> tuple[list[tuple[str, Frame]], int]:
    """The frames of both sides with their marks, in the order of their times; at the same time, the server's
    come first. Of each side, only the first and last *most*; and the number of all the others."""
    both: list[tuple[str, Frame]] = []
    for mark, frames in (("<", of.frames), (">", of.sent)):
        of_side = sorted(frames, key=attrgetter("at"))
        del of_side[most : max(most, len(of_side) - most)]
        both += [(mark, each) for each in of_side]
    return sorted(both, key=lambda each: each[1].at), len(of.frames) + len(of.sent) - len(both)


def inflated(reading: Reading, shown: Container[tuple[str, int]]) -> dict[tuple[str, int], Message]:
    """The compressed messages of both sides (RFC 7692), by the mark and start of their last frames, of those
    frames that are *shown*."""
    of = reading.session
    if of is None or not any(f.rsv & RSV1 for f in (*of.frames, *of.sent)):
        return {}
    received, sent = messages_of(reading)
    return {
        key: message
        for mark, each in (("<", received), (">", sent))
        for message in each
        if message.compressed and (key := (mark, message.frames[-1].start)) in shown
    }


def content(message: Message, look: Look) -> str:
    """The text of a compressed message, or why it cannot be read."""
    if message.problem:
        return message.problem
    return quoted(message.data, SHOWN, look) if message.opcode == TEXT else in_hex(message.data, HEX)


def quoted(data: bytes, most: int, look: Look) -> str:
    """Text in quotation marks: its first *most* bytes, and its size if it has more."""
    return f'"{look.text(data[:most])}"{_more(data, most)}'


def in_hex(data: bytes, most: int) -> str:
    """The first *most* bytes, and the number of all if there are more."""
    return f"{data[:most].hex(' ')}{_more(data, most)}"


def _more(data: bytes, shown: int) -> str:
    return f" ... {len(data)} bytes in all" if len(data) > shown else ""


def _is_plain(mark: str, message: Message) -> bool:
    """True for a compressed message of one frame, with nothing unusual about it."""
    first = message.frames[0]
    masked = first.masked and mark == "<"
    return len(message.frames) == 1 and first.rsv == RSV1 and not (masked or message.problem)


def _compressed(mark: str, of: Frame, shown: str) -> Line:
    """A compressed message of one frame: its content as *shown*, and its size on the wire."""
    text = Piece(f" {shown}", received=True)
    style: Style = "ours" if mark == ">" else ""
    size = counted(of.length, "byte")
    return line(Piece(f"{mark} {NAMES[of.opcode]}", style), text, Piece(f" (compressed: {size})", "dim"))


def frame(mark: str, of: Frame, look: Look, within: Session) -> Line:
    """One frame: kind, payload, and everything unusual about it."""
    name = NAMES.get(of.opcode, f"opcode {of.opcode}")
    style: Style = "ours" if mark == ">" else ""
    odd = []
    if not of.fin:
        odd.append("not final")
    if of.rsv:
        odd.append("RSV" + "".join(str(i) for i, bit in enumerate((4, 2, 1, 8), 1) if of.rsv & bit))
    if of.masked and mark == "<":
        odd.append("masked")
    if not of.complete:
        odd.append(f"{len(of.payload)} of {of.length} bytes")
    tail = f" ({', '.join(odd)})" if odd else ""
    shown = Piece(payload(of, look, within), received=True)
    return line(Piece(f"{mark} {name}", style), shown, Piece(tail, "dim"))


def payload(of: Frame, look: Look, within: Session) -> str:
    """The payload of a frame for a person: code and reason of a Close, text in quotes, other bytes in
    hexadecimal. Long payloads are cut."""
    data = of.data
    code = within.close_code(of) if of.opcode == CLOSE else None
    if code is not None:
        return f" {code}" + (f' "{look.text(data[2:])}"' if data[2:] else "")
    if not data:
        return ""
    if of.opcode in (CONTINUATION, TEXT) and not of.rsv:
        return f" {quoted(data, SHOWN_VERBOSE if look.verbose else SHOWN, look)}"
    return f" {in_hex(data, HEX)}"
