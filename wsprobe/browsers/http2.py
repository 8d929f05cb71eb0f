"""HTTP/2 for all engines: the server's actions on the connection and on the WebSocket's stream, in order.

Each engine's reaction is in its own ``http2`` module. Sources of the terms: RFC 9113, RFC 8441.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import OPAQUE, origin
from wsprobe.browsers.script import Arrival, StreamOver, end
from wsprobe.browsers.url import as_http, parse
from wsprobe.exchange import LOST, Exchange, Resolved, Sent, TlsDone
from wsprobe.read.http2_values import (
    DATA,
    DEFAULT_WINDOW,
    ENABLE_CONNECT_PROTOCOL,
    FRAME_MAX,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    HeaderBlock,
    Http2Connection,
    Http2Frame,
    in_turn,
)
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import covers

HttpVersion = Literal["2", "1.1"]


class Again(msgspec.Struct, frozen=True):
    """The engine repeats the request by itself, and nothing reaches the script."""

    over: HttpVersion
    because: str


class Turn(msgspec.Struct, frozen=True):
    """One frame from the server."""

    at: int
    """When it was complete, in microseconds; for a header block, when its last frame was."""
    frame: Http2Frame
    block: HeaderBlock | None = None
    """The whole header block that *frame* begins on the WebSocket's stream, None if it begins none."""
    out_of_turn: bool = False
    """True if it interrupts a header block, or continues none (RFC 9113 section 6.10)."""


Answer = TypeVar("Answer")
Outcome = TypeVar("Outcome")


class Step(msgspec.Struct, Generic[Answer, Outcome], frozen=True):
    """The result of one reading: *outcome* at *at* (microseconds), None if there is no result yet."""

    reading: Reading
    at: int
    outcome: Outcome | None
    answer: Answer | None = None
    behind: tuple[Turn, ...] = ()
    """Over HTTP/2: what the server sent after the answer."""
    no_session: bool = False
    """True if the HTTP/2 session ends before the engine would send a request on it."""
    unasked: bool = False
    """True if the engine would send no request on this connection, although the recording has one."""

    @property
    def because(self) -> str:
        """Why it failed, or why the request is repeated; "" otherwise."""
        return getattr(self.outcome, "because", "")


def came_over(url: str, page: Page) -> bool:
    """True if *page* came over HTTP/2 from the origin that *url* (wss:) goes to: there is a session with it."""
    if page.http != "2":
        return False
    address, to = parse(page.url), parse(url)
    if address is None or to is None or not to.secure or origin(page) == OPAQUE:
        return False
    return as_http(to).origin == address.origin


def shareable(url: str, page: Page, exchange: Exchange) -> tuple[str, int] | None:
    """Host and port of *page*'s origin, if its connection may also serve *url* (RFC 9113 section 9.1.1); None
    if it may not. *exchange*: a recording with *url*. Both must have one port, no proxy between, and a valid
    certificate with both names. Addresses are not compared.

    The connection of the page is not made: its certificate is assumed to be the target's.
    """
    if page.http != "2":
        return None
    address, to = parse(page.url), parse(url)
    if address is None or to is None or not (to.secure and address.secure):
        return None
    hosts = (address.host.strip("[]"), to.host.strip("[]"))
    route, of = exchange.plan.route, exchange.plan.target
    if address.effective_port != to.effective_port or hosts[0] == hosts[1] or origin(page) == OPAQUE:
        return None
    if (
        route.proxy is not None
        or route.unix_socket is not None
        or (of.host, of.port) != (hosts[1], to.effective_port)
    ):
        return None
    tls = next((event for event in exchange.events if isinstance(event, TlsDone)), None)
    if tls is None or not tls.verified or tls.certificate is None:
        return None
    names = tls.certificate.names
    if not all(any(covers(name, host) for name in names) for host in hosts):
        return None
    return hosts[0], address.effective_port


def sharing(url: str, page: Page, exchange: Exchange, addresses: Collection[str]) -> Page:
    """*page*, with a mark if its connection could serve *url*: if it is ``shareable``, and if the target in
    *exchange* has one of *addresses*, those of the page's host."""
    found = [event for event in exchange.events if isinstance(event, Resolved)]
    common = bool(found) and not set(addresses).isdisjoint(found[-1].addresses)
    return replace(page, shares=common and shareable(url, page, exchange) is not None)


def turns(connection: Http2Connection) -> Iterator[Turn]:
    """Yield the server's frames in order, without an incomplete last one; of an incomplete DATA, the bytes that
    arrived count."""
    blocks = {block.start: block for block in connection.blocks}
    for frame, fits in in_turn(connection.of("server")):
        block = blocks.get(frame.start) if frame.type == HEADERS else None
        if block is not None and not block.complete:  # it is cut short, or a frame behind it is out of turn
            continue
        if frame.complete or frame.type == 0:
            yield Turn(frame.at if block is None else block.at, frame, block, not fits)


def final_block(connection: Http2Connection) -> HeaderBlock | None:
    """The server's first block on our stream that is not an interim answer; over HTTP/2 a 101 is not
    interim."""
    for block in connection.blocks:
        if any(field.value[:1] != b"1" or field.value == b"101" for field in block.all(b":status")):
            return block
    return None


def announced(connection: Http2Connection) -> bool:
    """True if the server's last setting allows an extended CONNECT (RFC 8441 section 3)."""
    return connection.setting(ENABLE_CONNECT_PROTOCOL) == 1


def settings_fault(pairs: Sequence[tuple[int, int]], on: bool) -> tuple[bool, bool]:
    """(whether ENABLE_CONNECT_PROTOCOL is on after *pairs*, whether one of them breaks RFC 8441 section 3).

    *on*: whether it was on before.
    """
    fault = False
    for number, value in pairs:
        if number == ENABLE_CONNECT_PROTOCOL:
            fault = fault or value > 1 or (on and value == 0)
            on = on or value == 1
    return on, fault


WINDOW_MAX = 2**31 - 1
"""RFC 9113 section 6.9.1."""


class Windows:
    """The bytes that the server lets the client send, on our stream and on the connection."""

    __slots__ = ("_first", "_id", "_sent", "connection", "stream")

    def __init__(self, of: Http2Connection, before: int = 0) -> None:
        """The windows after the server's frames that start before *before*."""
        self._id = of.stream
        self._first = self.stream = self.connection = DEFAULT_WINDOW
        self._sent = deque((f.at, f.stream, f.length) for f in of.of("client") if f.type == DATA)
        for frame in of.of("server"):
            if frame.start >= before:
                break
            if frame.type == WINDOW_UPDATE:
                self.widen(frame)
            elif frame.type == SETTINGS and not frame.ack:
                self.settings(frame)

    def settings(self, frame: Http2Frame) -> None:
        """Apply SETTINGS: INITIAL_WINDOW_SIZE also changes the window of an existing stream.

        A value above the maximum is ignored (measured).
        """
        for number, value in frame.settings:
            if number == INITIAL_WINDOW_SIZE and value <= WINDOW_MAX:
                self.stream += value - self._first
                self._first = value

    def widen(self, frame: Http2Frame) -> bool:
        """Apply a WINDOW_UPDATE. Returns False if the window would exceed the maximum. Bytes sent before have
        narrowed it."""
        while self._sent and self._sent[0][0] <= frame.at:
            _, stream, length = self._sent.popleft()
            self.connection -= length
            self.stream -= length if stream == self._id else 0
        if frame.stream == 0:
            self.connection += frame.increment or 0
        elif frame.stream == self._id:
            self.stream += frame.increment or 0
        return max(self.stream, self.connection) <= WINDOW_MAX


class Stream(Generic[Answer]):
    """The parts of an engine's HTTP/2 session that can end the WebSocket's stream: before the answer, or behind
    the answer of a *step* that opened it."""

    def __init__(self, connection: Http2Connection, step: Step[Any, Any] | None = None) -> None:
        before = step.behind[0].frame.start if step is not None and step.behind else 0
        final = final_block(connection)
        self.id = connection.stream
        self.windows = Windows(connection, before)
        self.opened = self.on = step is not None
        """``on``: ENABLE_CONNECT_PROTOCOL was announced."""
        self.answer: Answer | None = None
        self.ended = self.opened and final is not None and final.end_stream
        """True once the server has ended its side."""
        self.settings_seen = False
        self.opening = not self.opened
        """True until the server acknowledges the client's SETTINGS: frames before that, it sends by itself."""

    def take(self, turn: Turn) -> str:
        """Why *turn* ends the stream, "" if it does not."""
        raise NotImplementedError

    def lost(self, how: str) -> str:
        """The same for a connection that ended (*how*: as in ``Ended``)."""
        return "lost" if how in LOST else ""

    def orderly(self, why: str) -> bool:
        """True if a stream that ended for this reason counts as a closed connection, not a lost one."""
        return False

    def session(self, step: Step[Any, Any]) -> Iterator[Arrival | StreamOver]:
        """Everything that the server sends on the open stream, until the stream is over."""
        if self.ended:
            yield StreamOver(step.at, orderly=True)
            return
        for turn in step.behind:
            if why := self.take(turn):
                yield StreamOver(turn.at, orderly=self.orderly(why))
                return
            if turn.frame.type == DATA and turn.frame.stream == self.id and turn.frame.content:
                yield Arrival(turn.at, turn.frame.content, turn.frame.start)
            if self.ended:
                yield StreamOver(turn.at, orderly=True)
                return
        last = end(step.reading)
        if why := self.lost(last.how):
            yield StreamOver(last.at, orderly=self.orderly(why))


def wrong_size(frame: Http2Frame) -> bool:
    """True if *frame* has a length that frames of its type cannot have (RFC 9113 section 4.2)."""
    fixed = {PRIORITY: 5, RST_STREAM: 4, PING: 8, WINDOW_UPDATE: 4}.get(frame.type)
    if fixed is not None:
        return frame.length != fixed
    if frame.type == SETTINGS:
        return frame.length % 6 != 0 or (frame.ack and frame.length > 0)
    return frame.length > FRAME_MAX or (frame.type == GOAWAY and frame.length < 8)


def handshakes(readings: Sequence[Reading]) -> tuple[HttpVersion, ...]:
    """The protocols of the handshakes that were made, in order; a connection without one does not count."""
    made: list[HttpVersion] = []
    for reading in readings:
        if reading.http2 is not None:
            if reading.http2.request is not None:
                made.append("2")
        elif reading.sent or any(isinstance(event, Sent) for event in reading.exchange.events):
            made.append("1.1")
    return tuple(made)


def over_http1_only(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The *readings* that are not over HTTP/2."""
    return [reading for reading in readings if reading.http2 is None]


def once_a_connection(readings: Sequence[Reading]) -> list[Reading]:
    """*readings* without repeated requests on a connection, for an engine that never repeats them."""
    return [reading for reading in readings if reading.http2 is None or not reading.http2.earlier]


def offered(reading: Reading) -> bool:
    """True if HTTP/2 was offered to the server for this handshake."""
    plan = reading.exchange.plan
    return reading.http2 is not None or plan.http2 is not None or "h2" in plan.tls.alpn
