"""The script's WebSocket object: readyState, events in order of time, and the effects of its calls.

Only this object changes while a view is computed. The engine drives it; the page's acts run when a script would
run them. Calls follow the WHATWG text (close() steps 1 to 3, send()); the texts of exceptions are data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from heapq import merge
from typing import Literal

from msgspec import Struct

from wsprobe.browsers.engine import (
    Assumed,
    CallTexts,
    DomEvent,
    DomException,
    Page,
)
from wsprobe.exchange import Act, Ended, Received
from wsprobe.read.frames import first_close
from wsprobe.read.reading import Frame, Reading

CONNECTING, OPEN, CLOSING, CLOSED = range(4)

MAX_REASON = 123
"""Bytes of UTF-8 (WHATWG WebSockets, close(), step 2)."""

MESSAGES_KEPT = 1000
"""The most messages of a view that are separate events. Of later messages only the number is kept."""
WHOLE = 256 * 1024
"""Total characters or bytes of the messages that are kept whole. Only the beginning of the others is kept."""
BEGINNING = 200
"""Characters or bytes of such a beginning, which is shown, and compared with a measured browser."""


def on_wire(acts: Iterable[Act], texts: CallTexts) -> tuple[Act, ...]:
    """The *acts* of a page that a probe carries out itself. Acts that throw, and acts before there is a
    session, are left out."""
    return tuple(act for act in acts if act.when != "created" and (act.do != "close" or _may_close(act, texts)))


def _may_close(act: Act, texts: CallTexts) -> bool:
    if texts.undefined_is_zero and act.code is None and act.data:
        return False
    return (act.code is None or texts.may_close(act.code)) and len(act.data) <= MAX_REASON


class WebSocket:
    """Filled during the computation of a view; ``events`` and ``console`` are the result."""

    __slots__ = (
        "_acts",
        "_assumption",
        "_events",
        "_left_out",
        "_messages",
        "_room",
        "_texts",
        "close_called",
        "console",
        "on_early_close",
        "ready_state",
        "sent",
        "sent_bytes",
    )

    def __init__(self, acts: Iterable[Act], texts: CallTexts) -> None:
        self._acts = tuple(acts)
        self._texts = texts
        self.ready_state = CONNECTING
        self._events: list[DomEvent] = []
        self._messages = 0
        self._room = WHOLE
        self._left_out: _LeftOut | None = None
        self.console: list[str] = []
        self.close_called = False
        self._assumption: tuple[str, int, int] | None = None
        self.sent = 0
        """How many messages the script sent while OPEN."""
        self.sent_bytes = 0
        """The bytes of the frames of these messages, without compression."""
        self.on_early_close: Callable[[WebSocket], None] | None = None
        """Called by a close() that takes effect while CONNECTING, for engines that fail at once.

        The argument is this WebSocket: a callable that held a reference to it would make a reference cycle, and
        only the garbage collector frees those.
        """

    @property
    def events(self) -> list[DomEvent]:
        """The events so far. One ``left-out`` event replaces each run of messages that were left out."""
        self._keep_left_out()
        return self._events

    def assume(self, words: str) -> None:
        """Mark the end of the recording. Later events come from the engine's own timers, and assume that the
        server does what *words* say."""
        self._assumption = words, len(self.events), len(self.console)

    @property
    def assumed(self) -> Assumed | None:
        """The assumption, and the number of events and lines after it; None without one."""
        if self._assumption is None:
            return None
        words, events, lines = self._assumption
        return Assumed(words, len(self.events) - events, len(self.console) - lines)

    def run(self, when: Literal["created", "open", "message"]) -> None:
        """Make the script's calls that are due at *when*."""
        for act in self._acts:
            if act.when == when:
                self.do(act)

    def do(self, act: Act) -> None:
        """Make one call of the script: close() or send()."""
        if act.do == "close":
            self._close(act)
        elif act.do in ("text", "binary"):
            self._send(len(act.data))

    def do_all(self, acts: Iterable[Act]) -> None:
        """Make the calls in order."""
        for act in acts:
            self.do(act)

    def do_until(self, acts: list[Act], at: int) -> list[Act]:
        """Make the calls due by *at* (microseconds), up to a close() that takes effect; return the rest."""
        for number, act in enumerate(acts):
            if act.after > at or self.close_called:
                return acts[number:]
            self.do(act)
        return []

    def opened(self, protocol: str, extensions: str) -> None:
        """readyState OPEN, event ``open``, then onopen."""
        self.ready_state = OPEN
        self.events.append(DomEvent("open", OPEN, protocol=protocol, extensions=extensions))
        self.run("open")

    def message(self, data: str | bytes) -> None:
        """Event ``message``, then onmessage; nothing unless OPEN (WHATWG WebSockets, feedback, step 1)."""
        if self.ready_state == OPEN:
            self.deliver(data)

    def deliver(self, data: str | bytes) -> None:
        """Event ``message``, then onmessage, in any state: not all runtimes check readyState."""
        self._messages += 1
        if self._messages > MESSAGES_KEPT:
            self._leave_out(data)
        elif len(data) <= self._room:
            self._room -= len(data)
            self.events.append(DomEvent("message", self.ready_state, data=data))
        else:
            size, digest = _length(data), blake2b(_bytes(data), digest_size=16).digest()
            beginning = data[:BEGINNING]
            self.events.append(DomEvent("message", self.ready_state, data=beginning, size=size, digest=digest))
        self.run("message")

    def _leave_out(self, data: str | bytes) -> None:
        """Count a message with those counted just before, if they have the same readyState."""
        if self._left_out is None or self._left_out.ready_state != self.ready_state:
            self._keep_left_out()
            self._left_out = _LeftOut(self.ready_state)
        self._left_out.add(data)

    def _keep_left_out(self) -> None:
        if self._left_out is not None:
            self._events.append(self._left_out.event())
            self._left_out = None

    def error(self, ready_state: int = CLOSED, message: str | None = None, error: str = "") -> None:
        """Set readyState, then event ``error``: an ErrorEvent if there is a *message*, else a plain Event."""
        self.ready_state = ready_state
        self.events.append(DomEvent("error", ready_state, message=message, error=error))

    def closed(self, code: int, reason: str = "", *, clean: bool) -> None:
        """readyState CLOSED and event ``close``."""
        self.ready_state = CLOSED
        self.events.append(DomEvent("close", CLOSED, code=code, reason=reason, was_clean=clean))

    def failed(self) -> None:
        """``error``, then ``close`` with 1006, not clean."""
        self.error()
        self.closed(1006, clean=False)

    def _throw(self, name: str, message: str, code: int | None) -> None:
        exception = DomException(name, message, code)
        self.events.append(DomEvent("throw", self.ready_state, exception=exception))

    def _close(self, act: Act) -> None:
        code = act.code
        if code is None and act.data and self._texts.undefined_is_zero:
            code = 0
        if code is not None:
            code = min(max(code, 0), 65535)  # Web IDL [Clamp] unsigned short
            if not self._texts.may_close(code):
                self._throw("InvalidAccessError", self._texts.close_code.replace("{code}", str(code)), 15)
                return
        if len(act.data) > MAX_REASON:
            self.console += [self._texts.long_reason] if self._texts.long_reason else []
            text = self._texts.close_reason.replace("{size}", str(len(act.data)))
            self._throw("SyntaxError", text, self._texts.code_of_long_reason)
            return
        if self.ready_state in (CLOSING, CLOSED):
            return
        early = self.ready_state == CONNECTING
        self.close_called = True
        self.ready_state = CLOSING
        if early and self.on_early_close is not None:
            self.on_early_close(self)

    def _send(self, size: int) -> None:
        if self.ready_state == CONNECTING:
            self._throw("InvalidStateError", self._texts.send_connecting, 11)
        elif self.ready_state in (CLOSING, CLOSED) and self._texts.late_send:
            self.console.append(self._texts.late_send)
        elif self.ready_state == OPEN:
            self.sent += 1
            self.sent_bytes += size + (6 if size < 126 else 8 if size < 65536 else 14)


class _LeftOut:
    """Consecutive messages that a view does not keep: their number, and one digest of them all."""

    __slots__ = ("_digest", "_number", "ready_state")

    def __init__(self, ready_state: int) -> None:
        self.ready_state = ready_state
        self._number = 0
        self._digest = blake2b(digest_size=16)

    def add(self, data: str | bytes) -> None:
        content = _bytes(data)
        self._number += 1
        self._digest.update(b"%d %d %b" % (isinstance(data, str), len(content), content))

    def event(self) -> DomEvent:
        return DomEvent("left-out", self.ready_state, size=self._number, digest=self._digest.digest())


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


def _length(data: str | bytes) -> int:
    """``data.length`` (UTF-16 code units) of a text, ``data.byteLength`` of a binary message."""
    return len(data.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(data, str) else len(data)


class Arrival(Struct, frozen=True):
    """Bytes of one read."""

    at: int
    data: bytes
    start: int
    """Offset of the first byte in ``Reading.received``."""


class OwnClose(Struct, frozen=True):
    """The probe sent a Close frame before the server sent one.

    A page that did not call close() would have sent none, so it would not see what follows.
    """

    at: int


class StreamOver(Struct, frozen=True):
    """The WebSocket's stream of an HTTP/2 connection is over."""

    at: int
    orderly: bool
    """True if the stream's end counts as a closed connection, not a lost one."""


Happening = Arrival | Frame | OwnClose | Act | StreamOver | Ended


def arrivals(reading: Reading, offset: int = 0) -> Iterator[Arrival]:
    """Every read in order, without the first *offset* bytes that were received."""
    start = 0
    for event in reading.exchange.events:
        if type(event) is Received:  # an isinstance takes ten times as long for every event that is none
            end = start + len(event.data)
            if end > offset:
                skip = max(0, offset - start)
                yield Arrival(event.at, event.data[skip:], start + skip)
            start = end


def end(reading: Reading) -> Ended:
    """The end of the recording; if it has none, a ``local`` end at the time of the last event."""
    events = reading.exchange.events
    return reading.exchange.ended or Ended(events[-1].at if events else 0, "local")


def own_close(reading: Reading) -> OwnClose | None:
    """The probe's Close frame; None if it sent none, or only to answer the server's."""
    if reading.session is None:
        return None
    ours = first_close(reading.session.sent)
    if ours is None:
        return None
    theirs = first_close(reading.session.frames)
    if theirs is not None and theirs.at <= ours.at:
        return None
    return OwnClose(ours.at)


def timed_acts(page: Page) -> list[Act]:
    """The script's calls at a given time, in order."""
    return sorted((a for a in page.acts if a.when == "time"), key=lambda a: a.after) if page.acts else []


def session(reading: Reading, offset: int, acts: Sequence[Act]) -> Iterator[Happening]:
    """Everything from byte *offset* of the received bytes to the end, with the script's remaining *acts*, in
    order."""
    return in_order(reading, arrivals(reading, offset), acts, end(reading))


def in_order(
    reading: Reading, coming: Iterable[Arrival | Frame | StreamOver], acts: Sequence[Act], last: Ended
) -> Iterator[Happening]:
    """Everything in the session of *reading*, in order: what is *coming* from the server, the script's
    remaining *acts*, the probe's own Close, and the *last* event."""
    own = own_close(reading)
    if not acts and all([event.at <= last.at for event in reading.exchange.events]):
        return _without_script(coming, own, last)  # most recordings: a merge takes three times as long
    return timeline(coming, acts, [own] if own is not None else [], [last])


def _without_script(
    coming: Iterable[Arrival | Frame | StreamOver], own: OwnClose | None, last: Ended
) -> Iterator[Happening]:
    for each in coming:
        if own is not None and own.at < each.at:
            yield own
            own = None
        yield each
    if own is not None:
        yield own
    yield last


def timeline(*parts: Iterable[Happening]) -> Iterator[Happening]:
    """The *parts*, each in order of time, merged. Order at the same time: received, script, sent, end."""
    return merge(*parts, key=_order)


def _order(happening: Happening) -> tuple[int, int]:
    match happening:
        case Act():
            return happening.after, 1
        case OwnClose():
            return happening.at, 2
        case Ended():
            return happening.at, 3
        case _:
            return happening.at, 0


def unanswered(seconds: int) -> str:
    """The assumption about a server that has not answered a Close yet, in words. *seconds*: the time limit."""
    return f"the server neither answers the Close nor ends the connection within {seconds} s"


UNLIMITED = "the server neither answers the Close nor ends the connection; there is no limit"
