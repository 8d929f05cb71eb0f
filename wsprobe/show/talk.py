"""A session that is held, as lines: what comes, and what has gone through."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.exchange import Event, LeftOut
from wsprobe.read.frames import TEXT
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.show.session import SHOWN, SHOWN_VERBOSE
from wsprobe.talk.codec import Control, Fault, Heard, Message
from wsprobe.talk.held import Held, Totals


def heard(what: Iterable[Heard], look: Look) -> list[Line]:
    """A line for each thing that came."""
    return [_one(each, look) for each in what]


def _one(of: Heard, look: Look) -> Line:
    match of:
        case Message(opcode=opcode, data=data):
            return line("< Text" if opcode == TEXT else "< Binary", content(data, opcode == TEXT, look))
        case Control(what="close", data=data):
            return line("< Close", close(data, look))
        case Control(what=what, data=data):
            return line(f"< {what.capitalize()}", content(data, _legible(data), look) if data else "")
        case Fault(code=code, text=text):
            return line(Piece(f"the connection is failed with {code}: {text}", "fail"))


def _legible(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def content(data: bytes, text: bool, look: Look) -> str:
    """A payload as it stands behind its kind."""
    room = SHOWN_VERBOSE if look.verbose else SHOWN
    if text:
        return f' "{look.text(data[:room])}"' + (f" ... {len(data)} bytes in all" if len(data) > room else "")
    if not data:
        return ""
    room = room if look.verbose else 32
    return f" {data[:room].hex(' ')}" + (f" ... {len(data)} bytes in all" if len(data) > room else "")


def close(payload: bytes, look: Look) -> str:
    """Code and reason of a Close."""
    if len(payload) < 2:
        return ""
    return f" {int.from_bytes(payload[:2])}" + (f' "{look.text(payload[2:])}"' if payload[2:] else "")


def left_out(events: Iterable[Event], limit: str) -> list[Line]:
    """What of it the report above was not made from; *limit*: what would keep more."""
    size = sum(event.bytes_sent + event.bytes_received for event in events if isinstance(event, LeftOut))
    return (
        [line(Piece(f"{bytes_of(size)} of the session are not in this report{limit}", "dim"))] if size else []
    )


def totals(of: Totals, seconds: float) -> Line:
    """What has gone through, on one line."""
    said = [
        f"sent {_messages(of.messages_sent, of.bytes_sent, of.wire_sent)}",
        f"received {_messages(of.messages_received, of.bytes_received, of.wire_received)}",
        f"in {seconds:.3g} s",
    ]
    if of.round_trip is not None:
        said.append(f"last Ping to Pong {of.round_trip / 1000:.1f} ms")
    return line(Piece(", ".join(said), "dim"))


def _messages(count: int, size: int, wire: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'} ({bytes_of(size)}, {bytes_of(wire)} on the wire)"


def bytes_of(size: int) -> str:
    """*size* as a person says it."""
    if size < 10_000:
        return f"{size} bytes" if size != 1 else "1 byte"
    amount, units = size / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{amount:.3g} {units[0]}"


def ended(of: Held, clean: bool) -> list[Line]:
    """Who closed, with which code, and what a script on a page would have been told of it (WHATWG WebSockets,
    "when the WebSocket connection is closed")."""
    if of.fault is not None:
        return [line(Piece(f"failed with {of.fault.code}: {of.fault.text}", "fail")), _page(1006, "", False)]
    theirs = of.close_received
    if theirs is None:
        who = (
            "we closed, and the server did not answer"
            if of.close_sent is not None
            else "the connection ended without a Close"
        )
        return [line(Piece(who, "warn")), _page(1006, "", False)]
    code = int.from_bytes(theirs.data[:2]) if len(theirs.data) > 1 else 1005
    reason = theirs.data[2:].decode("utf-8", "replace")
    who = "the server closed" if of.closed_first == "server" else "we closed, the server answered"
    return [line(f"{who}:{close(theirs.data, Look()) or ' no code'}"), _page(code, reason, clean)]


def _page(code: int, reason: str, clean: bool) -> Line:
    shown = Look().text(reason.encode())
    return line(
        Piece(
            f'in a page: {"" if clean else "event error, then "}event close, code {code}, reason "{shown}", '
            f"wasClean {'true' if clean else 'false'}",
            "dim",
        )
    )
