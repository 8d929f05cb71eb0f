"""An open session with a client that talks instead of watching.

It counts, notices the end, and fails a connection by RFC 6455 section 7.1.7. Received messages are left in
``heard`` for the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from struct import pack
from typing import Literal

from msgspec import Struct

from wsprobe.exchange import SECOND, Plan
from wsprobe.read.frames import BINARY, PING, PONG, TEXT
from wsprobe.search import Search
from wsprobe.session.open_session import (
    FAILED_WAIT,
    FIRST_REPLY,
    SILENCE,
    TOO_LARGE,
    Awaited,
    OpenSession,
    Phase,
)
from wsprobe.text import legible
from wsprobe.wire.framing import (
    CONTROL_MAX,
    Control,
    FrameFault,
    FrameReader,
    FrameWriter,
    Incoming,
    ReceivedMessage,
)

QUIET = 2 * SECOND
"""Limit on silence after our Close: the Close was lost, or nobody reads it. While the server is still
sending, the session goes on."""
LAST = SECOND
"""Limit for the end of the stream after both Closes (RFC 6455 section 7.1.1), and for the answer to our Close
after the last message of count or match: the result is complete, and a feed may never read the Close."""
PONGS = 256
"""The most Pings of one read that are answered; of more, only the last (section 5.5.3 allows it)."""

UNREAD = 1 << 20, 10_000
"""The most bytes and messages that are kept for a later await."""

Doing = Literal["text", "binary", "ping", "pong", "close", "frame", "await"]


class Outgoing(Struct, frozen=True):
    """What to send: messages of one kind, one control frame, or raw bytes. Or a text to wait for in a message
    of the server, before anything more is sent."""

    do: Doing
    data: Sequence[bytes] = (b"",)
    code: int | None = None


class Rules(Struct, frozen=True):
    """What ends a session automatically, and what happens by the clock."""

    linger: float | None = None
    """Seconds without a byte after the end of the input, with ``wait``; None: SILENCE after a message, and
    FIRST_REPLY for the first one after what we sent."""
    patience: float = 30.0
    """Seconds for an awaited message; after the end of the input, for all of them."""
    closing: float = 10.0
    """Seconds after our Close in which a server that keeps sending may answer it."""
    eof: Literal["close", "wait", "keep"] = "wait"
    """What the end of the input means."""
    count: int | None = None
    """Number of the server's messages after which it ends."""
    match: Search[bytes] | None = None
    """A message that matches ends it."""
    ping_interval: float | None = None
    """Seconds."""
    answers: Mapping[bytes, bytes] = {}
    """A message of the server -> the text to answer it with, each time."""
    awaits: bool = False
    """Whether the input may wait for a message."""


class SessionTotals(Struct):
    """What was sent and received. Bytes are counted in messages, and in frames on the wire."""

    messages_sent: int = 0
    bytes_sent: int = 0
    wire_sent: int = 0
    messages_received: int = 0
    bytes_received: int = 0
    wire_received: int = 0
    pings: int = 0
    pongs: int = 0
    round_trip: int | None = None
    """Microseconds from our last Ping to its Pong."""


class TalkSession(OpenSession):
    """One open session, of ``wsprobe talk`` or ``watch --hold``."""

    def __init__(
        self,
        plan: Plan,
        reader: FrameReader,
        writer: FrameWriter,
        rules: Rules,
        at: int,
        awaited: Awaited | None = None,
    ) -> None:
        """*awaited*: after the end of the input, the session is closed once these have arrived."""
        super().__init__(plan, reader, writer, at, awaited)
        self.heard: list[Incoming] = []
        """What was received and not yet taken."""
        self.totals = SessionTotals()
        self.close_sent: bytes | None = None
        """Our Close, as a frame."""
        self.close_said = b""
        """Its payload, if the server sent no Close before."""
        self.closed_first: Literal["", "server", "client"] = ""
        self.congested = False
        """The server does not read what we send, so no more Pongs are added."""
        self.awaiting: bytes | None = None
        """The text that the input waits for, or waited for in vain."""
        self._rules = rules
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._active = at
        self._spoke = at
        """When the server last sent something of a message, or we did."""
        self._answered_us = False
        """The server has sent something of a message since we last sent one."""
        self._satisfied = False
        self._input_over = False
        self._input_ended = at
        self._full = False
        self._last_deadline = 0
        """When a server that keeps sending is left."""
        self._ping_number = 0
        self._pinged: dict[bytes, int] = {}
        self._last_ping = at

    @property
    def boundary(self) -> int:
        """See ``FrameReader``."""
        return self._reader.boundary

    @property
    def ahead(self) -> int:
        """See ``FrameReader``."""
        return self._reader.ahead

    @property
    def wake_at(self) -> int | None:
        """When the clock next matters."""
        if self.phase is Phase.CLOSING:
            return self._deadline
        times = []
        if self._input_over and self._rules.eof == "wait":
            times.append(self._leaves_at())
        if self._rules.ping_interval is not None:
            times.append(self._last_ping + round(self._rules.ping_interval * SECOND))
        return min(times, default=None)

    def _leaves_at(self) -> int:
        """When the session is closed, once the input is over."""
        if self._satisfied:
            return self._now
        if self._rules.linger is not None:
            return self._active + round(self._rules.linger * SECOND)
        if self._awaited is not None:
            return self._input_ended + round(self._rules.patience * SECOND)
        wait = SILENCE if self._answered_us else FIRST_REPLY
        return max(self._spoke, self._input_ended) + round(wait * SECOND)

    @property
    def unmet(self) -> str:
        """The unmet condition of --max-message, --count or --match; "" if all were met."""
        if self.fault is not None and self.fault.code == TOO_LARGE:
            return f"closed with {TOO_LARGE}: {self.fault.text} (--max-message)"
        if self._rules.match is not None and self._rules.match.gave_up:
            return f"--match: {self._rules.match.slow}"
        if self.awaiting is not None:
            return f'no message with "{legible(self.awaiting)}" arrived (await)'
        if self._full:
            return ""
        if self._rules.match is not None:
            return "no message matched --match"
        if self._rules.count is not None:
            return f"{self.totals.messages_received} of {self._rules.count} messages arrived (--count)"
        return ""

    def begin(self) -> bytes:
        """What is sent as soon as the session is open."""
        acts = (act for act in self.plan.acts if act.when == "open")
        return b"".join([self.say(Outgoing(act.do, (act.data,), act.code)) for act in acts])

    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes; return the bytes to send in answer. See ``heard``."""
        self._now = self._active = at
        if self.phase is Phase.CLOSING and self.close_received is None:
            self._deadline = min(max(self._deadline, at + QUIET), self._last_deadline)
        totals = self.totals
        totals.wire_received += len(data)
        found = self._reader.receive(data)
        if self._spoke_to(data, found):
            self._spoke, self._answered_us = at, True
        if not found:
            return b""
        send = b""
        pings: list[bytes] = []
        rules = self._rules
        ends = rules.count is not None or rules.match is not None
        heard = self.heard
        for each in found:
            if isinstance(each, ReceivedMessage):
                if self._full:
                    continue
                totals.messages_received += 1
                totals.bytes_received += len(each.data)
                heard.append(each)
                if rules.awaits:
                    self._keep_for_await(each.data)
                if rules.answers and each.data in rules.answers and not self.congested:
                    send += self.say(Outgoing("text", (rules.answers[each.data],)))
                if self._awaited is not None and not self._satisfied:
                    self._satisfied = self._awaited.heard(each.data)
                if ends and self._is_last(each):
                    self._full = True
                    send += self._pongs(pings) + self.say(Outgoing("close", code=1000))
                    self._deadline = self._last_deadline = at + LAST
                    pings = []
                continue
            if not self._full or not isinstance(each, Control) or each.what == "close":
                heard.append(each)
            if isinstance(each, FrameFault):
                send += self._pongs(pings)
                pings = []
                self._last_deadline = at + FAILED_WAIT
                if self.phase is Phase.OPEN:
                    self.closed_first = self.closed_first or "client"
                    self.close_said = pack("!H", each.code) + each.reason
                send += self._counted(self._fail(each))
            elif each.what == "ping":
                totals.pings += 1
                if len(each.data) <= CONTROL_MAX:
                    pings.append(each.data)
            elif each.what == "pong":
                totals.pongs += 1
                if each.data in self._pinged:
                    totals.round_trip = at - self._pinged[each.data]
                    self._pinged.clear()
            else:
                self.closed_first = self.closed_first or "server"
                send += self._pongs(pings) + self._counted(self._answered(each, LAST))
                pings = []
        return send + self._pongs(pings)

    @property
    def patience(self) -> float:
        """Seconds for one awaited message."""
        return self._rules.patience

    def wait_for(self, text: bytes) -> None:
        """Set ``awaiting`` until a message with *text* has arrived: after the one that was awaited last."""
        while self._unread:
            data = self._unread.popleft()
            self._unread_size -= len(data)
            if text in data:
                return
        self.awaiting = text

    def _keep_for_await(self, data: bytes) -> None:
        if self.awaiting is not None:
            self.awaiting = None if self.awaiting in data else self.awaiting
            return
        self._unread.append(data)
        self._unread_size += len(data)
        while self._unread and (self._unread_size > UNREAD[0] or len(self._unread) > UNREAD[1]):
            self._unread_size -= len(self._unread.popleft())

    def _is_last(self, message: ReceivedMessage) -> bool:
        rules = self._rules
        if rules.match is not None and (rules.match.found(message.data) or rules.match.gave_up):
            return True
        return rules.count is not None and self.totals.messages_received >= rules.count

    def _pongs(self, pings: list[bytes]) -> bytes:
        if self.congested:
            return b""
        answered = pings if len(pings) <= PONGS else pings[-1:]
        send = b"".join([self._writer.frame(PONG, each) for each in answered])
        self.totals.wire_sent += len(send)
        return send

    def say(self, outgoing: Outgoing, at: int | None = None) -> bytes:
        """Return its frames; b"" after a Close (RFC 6455 section 5.5.1)."""
        self._now = self._now if at is None else at
        if self.phase is not Phase.OPEN:
            return b""
        totals = self.totals
        match outgoing.do:
            case "text" | "binary":
                if not outgoing.data:
                    return b""
                self._spoke, self._answered_us = self._now, False
                totals.messages_sent += len(outgoing.data)
                totals.bytes_sent += sum(map(len, outgoing.data))
                send = self._writer.messages(TEXT if outgoing.do == "text" else BINARY, outgoing.data)
            case "ping":
                send = b"".join([self._ping(each) for each in outgoing.data])
            case "pong":
                send = b"".join([self._writer.frame(PONG, each) for each in outgoing.data])
            case "close":
                self.closed_first = "client"
                code, reason = outgoing.code, outgoing.data[0]
                self.close_said = b"" if code is None else pack("!H", code) + reason
                self._last_deadline = self._now + round(self._rules.closing * SECOND)
                return self._counted(self._closing(self._writer.close(code, reason), QUIET))
            case "frame":
                send = b"".join(outgoing.data)
            case "await":
                return b""
        totals.wire_sent += len(send)
        return send

    def _ping(self, data: bytes) -> bytes:
        if len(self._pinged) < 100:
            self._pinged[data] = self._now
        return self._writer.frame(PING, data)

    def input_over(self, at: int) -> bytes:
        """The input has ended; return the bytes to send for that."""
        self._now = self._active = self._input_ended = at
        self._input_over = True
        if self._rules.eof == "close":
            return self.say(Outgoing("close", code=1000))
        return b""

    def touch(self, at: int) -> None:
        """Output was blocked until now: this does not count as silence of the server."""
        self._last_deadline += max(at - self._now, 0)
        self._now = self._active = self._spoke = at
        if self.phase is Phase.CLOSING:
            due = max(self._deadline, at + (QUIET if self.close_received is None else LAST))
            self._deadline = due if self.close_received is not None else min(due, self._last_deadline)

    def timer(self, at: int) -> bytes:
        """Take the time; return the bytes now due."""
        self._now = at
        due = self.wake_at
        if due is None or due > at or self.phase is Phase.DONE:
            return b""
        if self.phase is Phase.CLOSING:
            self._end("local")
            return b""
        if self._rules.ping_interval is not None:
            interval = round(self._rules.ping_interval * SECOND)
            if at >= self._last_ping + interval:
                if self._active <= self._last_ping - interval and self._ping_number:
                    apart = f"{self._rules.ping_interval:g} s apart (--ping-interval)"
                    self._end("timeout", f"nothing arrived between two Pings, {apart}")
                    return b""
                self._last_ping = at
                self._ping_number += 1
                return self.say(Outgoing("ping", (b"%d" % self._ping_number,)))
        return self.say(Outgoing("close", code=1000))

    def leave(self, at: int) -> bytes:
        """Close after ^C."""
        self._now = at
        return self.say(Outgoing("close", code=1000))

    def _counted(self, close: bytes) -> bytes:
        """Note our Close, the first time; b"" if the version has none."""
        if self.close_sent is None:
            self.close_sent = close
        self.totals.wire_sent += len(close)
        return close
