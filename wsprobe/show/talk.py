"""A held session as lines: received messages, and totals."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from wsprobe.exchange import Event, LeftOut
from wsprobe.read.frames import TEXT
from wsprobe.read.reading import Head
from wsprobe.report.report import Report
from wsprobe.report.timing import how_long_exactly
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.show.session import HEX, SHOWN, SHOWN_VERBOSE, in_hex, quoted
from wsprobe.talk.output import json_escape
from wsprobe.talk.session import Outgoing, SessionTotals, TalkSession
from wsprobe.text import counted, shows
from wsprobe.wire.framing import Control, FrameFault, Incoming, ReceivedMessage


def heard(what: Iterable[Incoming], look: Look) -> list[Line]:
    """A line for each received item."""
    return [_one(each, look) for each in what]


def _one(of: Incoming, look: Look) -> Line:
    match of:
        case ReceivedMessage(opcode=opcode, data=data):
            return line("< Text" if opcode == TEXT else "< Binary", content(data, opcode == TEXT, look))
        case Control(what="close", data=data):
            return line("< Close", close(data, look))
        case Control(what=what, data=data):
            return line(f"< {what.capitalize()}", content(data, _legible(data), look) if data else "")
        case FrameFault(code=code, text=text):
            return line(Piece(f"wsprobe fails the connection with {code}: {text}", "fail"))


def _legible(data: bytes) -> bool:
    try:
        return shows(data.decode())
    except UnicodeDecodeError:
        return False


def content(data: bytes, text: bool, look: Look) -> str:
    """A payload as text, to follow the name of its kind."""
    room = SHOWN_VERBOSE if look.verbose else SHOWN
    if text:
        return f" {quoted(data, room, look)}"
    return f" {in_hex(data, room if look.verbose else HEX)}" if data else ""


def close(payload: bytes, look: Look) -> str:
    """Code and reason of a Close."""
    if len(payload) < 2:
        return ""
    return f" {int.from_bytes(payload[:2])}" + (f' "{look.text(payload[2:])}"' if payload[2:] else "")


def left_out(events: Iterable[Event], limit: str) -> list[Line]:
    """The part of the session that is missing in the report above; *limit*: the option that keeps more."""
    size = sum(event.bytes_sent + event.bytes_received for event in events if isinstance(event, LeftOut))
    return (
        [line(Piece(f"{bytes_of(size)} of the session are not in this report{limit}", "dim"))] if size else []
    )


def totals(of: SessionTotals, seconds: float) -> Line:
    """The totals, on one line."""
    said = [
        f"sent {_messages(of.messages_sent, of.bytes_sent, of.wire_sent)}",
        f"received {_messages(of.messages_received, of.bytes_received, of.wire_received)}",
        f"in {how_long_exactly(seconds)}",
    ]
    if of.round_trip is not None:
        said.append(f"last Ping to Pong {of.round_trip / 1000:.1f} ms")
    return line(Piece(", ".join(said), "dim"))


def _messages(count: int, size: int, wire: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'} ({bytes_of(size)}, {bytes_of(wire)} on the wire)"


def bytes_of(size: int) -> str:
    """*size* as people write it."""
    if size < 10_000:
        return counted(size, "byte")
    amount, units = size / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while amount >= 999.5 and len(units) > 1:  # otherwise it would round to 1e+03
        amount, units = amount / 1024, units[1:]
    return f"{amount:.3g} {units[0]}"


def ended(of: TalkSession, look: Look) -> list[Line]:
    """Who closed, with which code, and what a script on a page would have seen (WHATWG WebSockets,
    "when the WebSocket connection is closed")."""
    if of.fault is not None:
        return [
            line(Piece(f"failed with {of.fault.code}: {of.fault.text}", "fail")),
            _page(1006, "", False, look),
        ]
    theirs = of.close_received
    if theirs is None:
        who = (
            "wsprobe closed, and the server did not answer"
            if of.close_sent is not None
            else "the connection ended without a Close"
        )
        return [line(Piece(who, "warn")), _page(1006, "", False, look)]
    code = int.from_bytes(theirs.data[:2]) if len(theirs.data) > 1 else 1005
    reason = theirs.data[2:].decode("utf-8", "replace")
    who = "the server closed" if of.closed_first == "server" else "wsprobe closed, the server answered"
    return [
        line(f"{who}:{close(theirs.data, look) or ' no code'}"),
        _page(code, reason, of.close_sent is not None, look),
    ]


def in_short(of: TalkSession, report: Report, look: Look) -> Line:
    """How the session ended, and the likeliest cause of an end that is not a normal one, without what the Close
    says; in one line, between the result and the totals."""
    cause = report.result.cause
    why = "" if cause is None or report.result.open or cause.id == "closed" else cause.without_quote
    return line(": ", *ended(of, look)[0], f" ({look.text(why.encode())})" if why else "", "; ")


def _page(code: int, reason: str, clean: bool, look: Look) -> Line:
    shown = look.text(reason.encode())
    return line(
        Piece(
            f'in a page: {"" if clean else "event error, then "}event close, code {code}, reason "{shown}", '
            f"wasClean {'true' if clean else 'false'}",
            "dim",
        )
    )


def at_terminal(what: Iterable[Incoming], at: int, look: Look, indent: bool) -> list[Line]:
    """The same for a person, with times and sizes. *indent*: JSON over several lines."""
    rows = []
    look = replace(look, verbose=max(look.verbose, 1))
    for each in what:
        pretty = (
            _indented(each, look)
            if indent and isinstance(each, ReceivedMessage) and each.opcode == TEXT
            else []
        )
        size = f" ({bytes_of(len(each.data))})" if isinstance(each, ReceivedMessage) else ""
        one = line("< JSON") if pretty else _one(each, look)
        rows += [line(Piece(f"{at / 1_000_000:.3f} ", "dim"), *one, Piece(size, "dim")), *pretty]
    return rows


INDENTED = 64 * 1024
"""The most bytes of JSON to indent; longer messages are shown as received."""


def _indented(message: ReceivedMessage, look: Look) -> list[Line]:
    if len(message.data) > INDENTED or message.data[:1] not in (b"{", b"["):
        return []
    try:
        text = msgspec.json.format(message.data, indent=2)
    except msgspec.DecodeError:
        return []
    return [line("  ", _as_json(row, look)) for row in text.decode().split("\n")]


def _as_json(text: str, look: Look) -> str:
    """A line of JSON, with what cannot be shown escaped as JSON does: what is copied has the same value."""
    if shows(text) and (look.unicode or text.isascii()):
        return text
    return "".join([c if shows(c) and (look.unicode or c.isascii()) else json_escape(c) for c in text])


def ours(said: Outgoing, look: Look) -> Line:
    """The typed input, as sent."""
    data = said.data[0]
    look = replace(look, verbose=max(look.verbose, 1))
    match said.do:
        case "text":
            shown = ("> Text", content(data, True, look))
        case "close":
            code = "" if said.code is None else f" {said.code}"
            shown = ("> Close", code + (content(data, True, look) if data else ""))
        case do:
            shown = (
                f"> {do.capitalize()}",
                content(data, do == "ping" and _legible(data), look) if data else "",
            )
    size = f" ({bytes_of(len(data))})" if said.do in ("text", "binary") else ""
    return line(Piece("".join(shown), "ours"), Piece(size, "dim"))


def table(rows: Iterable[tuple[str, str]]) -> list[Line]:
    """Terms, each with its meaning."""
    listed = list(rows)
    width = max(len(term) for term, _ in listed) + 2
    return [line(Piece(f"{term:<{width}}", "name"), text) for term, text in listed]


def info(of: TalkSession, head: Head, url: str, look: Look) -> list[Line]:
    """The negotiated parameters, and the totals."""
    rows = [("url", look.text(url.encode("utf-8", "replace")))]
    for name in ("protocol", "extensions"):
        values = head.joined(f"sec-websocket-{name}".encode())
        rows.append((name, look.text(values or b"") or "none"))
    totals_ = of.totals
    rows += [
        ("sent", _messages(totals_.messages_sent, totals_.bytes_sent, totals_.wire_sent)),
        ("received", _messages(totals_.messages_received, totals_.bytes_received, totals_.wire_received)),
        ("pings", f"{totals_.pings} received; Pongs received: {totals_.pongs}"),
    ]
    if totals_.round_trip is not None:
        rows.append(("round trip", f"{totals_.round_trip / 1000:.1f} ms"))
    return table(rows)
