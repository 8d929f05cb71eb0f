"""A socket of a real page: which line of script opened it, and what the script saw; behind a relay, a line per
connection, and the client's side of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import UNSET

from wsprobe.browsers.engine import ScriptView, dom_event
from wsprobe.exchange import Script, ScriptCall, ScriptEvent
from wsprobe.read.head import split_head
from wsprobe.read.request import Request
from wsprobe.relay.client import Difference, PageClose, close_of_client, request_differences, told_to_client
from wsprobe.relay.relaying import Refusal
from wsprobe.report.report import Report
from wsprobe.show.lines import Line, Look, Piece, Style, fitted, line
from wsprobe.show.views import event_line
from wsprobe.text import counted, shown_text

KINDS = {
    "page": "the page",
    "iframe": "a frame",
    "worker": "a worker",
    "shared_worker": "a shared worker",
    "service_worker": "a service worker",
}


def script_of(report: Report) -> Script | None:
    """What is known of the script that opened this socket; None if a page did not open it."""
    logged = report.exchange.logged
    return logged.script if logged else None


UNAUTHORIZED = "HTTP Authentication failed"
"""The beginning of its sentence about a 401 or 407, without the number (websocket_stream.cc)."""
SENTENCE = re.compile("Unexpected response code: ([0-9]{3})$")
"""Chromium's sentence about a refused handshake (net/websockets/websocket_basic_handshake_stream.cc)."""


def asked_again(report: Report) -> list[Line]:
    """That wsprobe sent the page's request again, and whether the answers disagree; nothing otherwise."""
    logged = report.exchange.logged
    if not logged or logged.source != "asked-again":
        return []
    rows = [line(Piece("asked again by wsprobe, with the page's request; a one-time ticket is spent", "note"))]
    before, status = SENTENCE.search(logged.message), report.reading.status
    same = status in (401, 407) if UNAUTHORIZED in logged.message else before and int(before[1]) == status
    if status is not None and not same:
        said = before[1] if before is not None else logged.message
        rows.append(line(Piece(f"the two disagree: in the browser {said}, now {status}", "warn")))
    return rows


def opener(script: Script, look: Look) -> list[Line]:
    """Who opened the socket; with -v the whole stack."""
    by = KINDS.get(script.kind, script.kind)
    if not script.kind:
        words = "opened by a script that DevTools did not report, as in a page that is being left (pagehide)"
        return [line(Piece(f"{words}; its line and its events are not known", "dim"))]
    if not script.stack:
        return [line(Piece(f"opened by {by}; which line of script is not known", "dim"))]
    first, *others = script.stack
    made = [line("opened by ", Piece(_place(first, look), "name"), Piece(f", {by}", "dim"))]
    shown = others if look.verbose else ()
    return [*made, *(line(Piece(f"  called from {_place(each, look)}", "dim")) for each in shown)]


def _place(call: ScriptCall, look: Look) -> str:
    where = f"{call.url or 'a script without a URL'}:{call.line}:{call.column}"
    return look.words(f"{call.function} ({where})" if call.function else where)


def seen(report: Report, script: Script, look: Look) -> list[Line]:
    """What the script got, or what it gets by the prediction if nothing measured it; then the console."""
    view = report.views[0] if report.views else None
    rows: list[Line] = [()]
    if script.exception is not None:
        said = look.words(f"{script.exception.name}: {script.exception.message}")
        rows += [line(Piece("the constructor threw", "title")), line(Piece(f"  {said}", "fail"))]
    elif script.seen is not None:
        rows.append(line(Piece("the script saw", "title"), Piece(" (measured in the page)", "dim")))
        rows += [_timed(each, look) for each in script.seen]
        if not script.seen and not script.left:
            rows.append(line(Piece("  nothing yet", "dim")))
        if script.left_out:
            rows.append(line(Piece(f"  and {counted(script.left_out, 'more message')}", "dim")))
        if script.left:
            rows.append(
                line(Piece("  then its page, frame or worker was gone; nothing more reached it", "dim"))
            )
        elif view is not None and (differs := difference(report, script.seen, view)):
            rows.append(
                line(Piece(f"wsprobe predicts otherwise for Chromium {view.version}: {differs}", "warn"))
            )
    elif view is not None and view.events:
        rows.append(line(Piece("the script sees", "title"), Piece(" (predicted; nothing measured it)", "dim")))
        rows += [event_line(each, look) for each in view.events]
    rows += [line(Piece("console  ", "dim"), look.words(each)) for each in script.console]
    return rows


def _timed(each: ScriptEvent, look: Look) -> Line:
    at = f"  {each.time:.0f} ms"
    return (*event_line(dom_event(each), look), *line(Piece(at, "dim")))


def difference(report: Report, measured: Sequence[ScriptEvent], view: ScriptView) -> str:
    """How the prediction differs from what the script got; "" if it does not, or if the page itself decided.

    A page may send, and close whenever it likes, so of an opened socket only the first event counts, and a
    Close that the server sent first.
    """
    got, said = [dom_event(each) for each in measured], list(view.events)
    if not got or not said:
        return ""
    opened = got[0].type == "open"
    if got[0].type != said[0].type:
        return f"{said[0].type} first, and not {got[0].type}"
    if opened and (got[0].protocol, got[0].extensions) != (said[0].protocol, said[0].extensions):
        return f"extensions {said[0].extensions!a}, protocol {said[0].protocol!a}"
    close = report.close
    if opened and (close is None or close.by != "server"):
        return ""
    ends = [next((each for each in events if each.type == "close"), None) for events in (got, said)]
    if None in ends:
        return ""
    texts = [(each.code, each.reason, each.was_clean) for each in ends if each is not None]
    if texts[0] == texts[1]:
        return ""
    return f"close {texts[1][0]} {texts[1][1]!a} wasClean {str(texts[1][2]).lower()}"


def repeated(count: int, times: Sequence[float]) -> Line:
    """That a script opened the same socket *count* times, at these *times* (seconds)."""
    gaps = sorted(after - before for before, after in pairwise(times))
    every = f", about every {gaps[len(gaps) // 2]:.1f} s" if gaps else ""
    return line(Piece(f"{count} times{every}, each with the same answer", "warn"))


VALUE = 100
"""The most bytes of a field's value to show."""
ENDED = {
    "fin": "the client closed the connection",
    "reset": "the client reset the connection",
    "local": "the server closed first; then wsprobe closed the client's connection",
    "timeout": "wsprobe closed the connection at its time limit",
    "interrupted": "wsprobe was interrupted while the client was connected",
}


def away(peer: str, request: Request | None, refusal: Refusal) -> Line:
    """One line about a request that was not forwarded."""
    first = "" if request is None or request.head.first is None else _shown(request.head.first.text, Look())
    return line(
        Piece(f"{peer} ", "dim"),
        Piece(f"{first} " if first else ""),
        Piece(f"{refusal.status} by the relay: ", "warn"),
        refusal.text,
    )


def answered(number: int, report: Report, told: PageClose | None, look: Look) -> Line:
    """One line about a finished handshake: the client's request, the answer, and what the client gets."""
    reading = report.reading
    final = reading.final
    origin = _origin(report, look)
    said = report.outcome if final is None or final.head.first is None else _shown(final.head.first.text, look)
    style: Style = "good" if final is not None and final.status == 101 else "fail"
    pieces = [
        Piece(f"#{number} ", "dim"),
        Piece(shown_text(report.exchange.plan.target.resource)),
        Piece(f"  {origin}  ", "dim"),
        Piece(said, style),
    ]
    if told is not None:
        pieces.append(Piece(f"  page told {told_text(told, look)}"))
    return tuple(pieces)


def told_text(told: PageClose, look: Look) -> str:
    """A Close in a few words."""
    return f'{told.code} "{look.text(told.reason.encode())}"' if told.reason else str(told.code)


def client_lines(report: Report, look: Look, number: int = 0) -> list[Line]:
    """The client's side of a report; empty without a relay. *number*: that of the connection, 0 for none."""
    client = report.exchange.client
    if client is UNSET:
        return []
    origin = _origin(report, look)
    rows = [line(Piece(f"client #{number} " if number else "client ", "name"), f"{client.peer}, {origin}")]
    told = told_to_client(report.exchange)
    if told is not None:
        status, close = told
        text = f"status {status}" if close is None else f"close {told_text(close, look)}"
        rows.append(line(f"  wsprobe answered in place of the server: {text}"))
    close = close_of_client(report.reading)
    if close is not None:
        rows.append(line(f"  the client sent Close {told_text(close, look)}"))
    rows.append(line(f"  {ENDED.get(client.ended, client.ended)}"))
    different = request_differences(report.exchange)
    if different:
        rows.append(line("  its request as forwarded differs from what wsprobe connect sends:"))
        rows += [line(f"    {text}") for each in different for text in _difference(each, look)]
    return fitted(rows, look)


def _difference(of: Difference, look: Look) -> Iterator[str]:
    if of.client is None:
        yield f"no {shown_text(of.name)}"
    else:
        instead = "" if of.wsprobe is None else f"  (wsprobe: {_shown(of.wsprobe, look)})"
        yield f"{shown_text(of.name)}: {_shown(of.client, look)}{instead}"


def _origin(report: Report, look: Look) -> str:
    client = report.exchange.client
    fields = [] if client is UNSET else split_head(client.request)[0].all(b"origin")
    return f"page of {_shown(fields[0].value, look)}" if fields else "no page (no Origin)"


def _shown(data: bytes, look: Look) -> str:
    return look.text(data[:VALUE]) + ("..." if len(data) > VALUE else "")
