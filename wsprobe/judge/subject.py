"""The subjects of the rules: the opening, the refusal, the end. All rules share these functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from wsprobe.exchange import Ended, Event
from wsprobe.judge.finding import Finding
from wsprobe.read.behind import frames_before_http
from wsprobe.read.frames import CLOSE, first_close
from wsprobe.read.http2_values import Http2Frame
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import Field, Frame, Head, Reading, Response, Session, Span
from wsprobe.read.tokens import elements
from wsprobe.text import counted
from wsprobe.wire import WIRES

PEER_ENDED = {
    "fin": "the server closed the connection",
    "truncated": "the server closed the connection without TLS close_notify",
    "reset": "the connection was reset",
    "error": "the connection failed",
}
"""``Ended.how`` in words, where wsprobe did not end the exchange."""


def handshake(reading: Reading) -> Response | None:
    """Return the final answer if it opens a session by the most lenient reading: a complete 101, over HTTP/2 a
    200."""
    return reading.final if reading.session is not None else None


Of = TypeVar("Of")


def about(
    subject: Callable[[Reading], Of | None], *rules: Callable[[Reading, Of], Iterable[Finding]]
) -> Callable[[Reading], list[Finding]]:
    """Return one rule that calls each of *rules* with the *subject*, and none of them without a subject."""

    def together(reading: Reading) -> list[Finding]:
        of = subject(reading)
        return [] if of is None else [finding for rule in rules for finding in rule(reading, of)]

    return together


def opening_answer(reading: Reading) -> str:
    """The answer that opened the session, in words."""
    return "the 101" if reading.http2 is None else "the 200"


def refusal(reading: Reading) -> Response | None:
    """Return the final answer if its head is complete, it has a status and it opens no session."""
    if reading.session is not None or reading.looks_like:
        return None
    final = reading.final
    if final is None or (final.stated and final.status == 101):
        return None
    return final if final.status is not None and final.head.complete else None


def happened(reading: Reading) -> set[type[Event]]:
    """The kinds of events that were recorded."""
    return set(map(type, reading.exchange.events))


def has(reading: Reading, *kinds: type[Event]) -> bool:
    """True if an event of one of *kinds* was recorded."""
    return not happened(reading).isdisjoint(kinds)


def sender(reading: Reading) -> str:
    """Who sent the request, in words."""
    logged = reading.exchange.logged
    return "the browser" if logged and logged.source != "asked-again" else "wsprobe"


def how(reading: Reading) -> str:
    """How the exchange ended: ``Ended.how``, "" if that was not recorded."""
    return reading.exchange.how_ended


def ended(reading: Reading) -> Ended | None:
    """The event that ended the exchange; None if that was not recorded."""
    return reading.exchange.ended


def stopped(reading: Reading, by: str = "") -> str:
    """Say that wsprobe stopped reading, after how many bytes, and at which limit.

    *by*: the limit in words, where it is not known from the recording.
    """
    last = ended(reading)
    limit = by or (last.error if last is not None else "")
    met = f", at its own limit of {limit}" if limit else ", at its own limit"
    return f"wsprobe stopped reading after {counted(len(reading.received), 'byte')}{met}"


def status_span(response: Response) -> Span:
    """The status line; an empty span where there is none."""
    first = response.head.first
    return first.span if first is not None else (response.head.start, response.head.start)


def blank(head: Head) -> bool:
    """True if only line ends arrived."""
    return head.first is None or not head.first.text.strip(b"\r\n")


def has_token(fields: tuple[Field, ...], token: bytes) -> bool:
    """True if the list in *fields* has *token*, in any letter case."""
    return any(element.lower() == token for element in elements(field.value for field in fields))


def where(head: Head, fields: tuple[Field, ...]) -> Span | None:
    """Return the span of the first field's value, of the whole line if the value is empty; None without
    fields."""
    if not fields:
        return None
    span = fields[0].value_span
    return span if span[0] < span[1] else fields[0].span


def session(reading: Reading) -> Session | None:
    """Return what follows the handshake, if it has the framing of RFC 6455 and can be read as frames."""
    of = reading.session
    if of is None or not WIRES[reading.exchange.plan.wire].framed_as_rfc6455 or not_frames(reading):
        return None
    return frames_before_http(reading)


def not_frames(reading: Reading) -> str:
    """Return the kind of what follows the handshake if it cannot be frames: ``HTTP``, ``line ends``, ``tls``,
    ``text``, ...; "" if it may be frames."""
    of = reading.session
    if of is None or not WIRES[reading.exchange.plan.wire].framed_as_rfc6455:
        return ""
    data = reading.received[of.start : of.start + 4096]
    if not data or not _impossible(data[0]):
        return ""
    if data[0] in b"\r\n":
        return "" if _pong_without_fin(data) else "line ends"
    kind = looks_like(data) or "HTTP"
    return "" if kind == "noise" else kind


def _pong_without_fin(data: bytes) -> bool:
    """True if *data* begins with a line feed that is a frame's first byte: the length after it occurs in no
    text."""
    return data[0] == 0x0A and data[1:2] < b" " and data[1:2] not in (b"", b"\t", b"\r", b"\n")


def _impossible(first: int) -> bool:
    """True if *first* begins a frame under no known extension: RSV2, RSV3, a reserved opcode, or a control
    frame without FIN."""
    opcode = first & 0x0F
    return bool(first & 0x30) or opcode in range(3, 8) or opcode > 10 or (opcode > 7 and not first & 0x80)


def header(frame: Frame | Http2Frame) -> Span:
    """The place of the header of *frame*."""
    return frame.start, frame.start + len(frame.header)


def said(of: Session) -> tuple[Frame, ...]:
    """The server's frames up to and including its first Close; later ones do not count (RFC 6455 section
    1.4)."""
    for index, frame in enumerate(of.frames):
        if frame.opcode == CLOSE:
            return of.frames[: index + 1]
    return of.frames


def close_of(of: Session) -> Frame | None:
    """The server's Close, if it sent one."""
    return first_close(of.frames)


def our_close(of: Session) -> Frame | None:
    """The first Close that wsprobe sent; None if it sent none."""
    return first_close(of.sent)


def closed_by_server(of: Session) -> Frame | None:
    """Return the server's Close, unless it answers ours.

    It answers ours if it arrived later and has the same code or none (RFC 6455 section 5.5.1: the answer
    "typically echos the status code").
    """
    theirs, ours = close_of(of), our_close(of)
    if theirs is None or ours is None or theirs.at <= ours.at:
        return theirs
    return None if theirs.close_code in (ours.close_code, None) else theirs
