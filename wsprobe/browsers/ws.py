"""The npm package ws, on Node: which answers open the socket, how it reads frames, and the events that it
fires.

Sources: ws lib/websocket.js (initAsClient, receiverOn..., socketOn...), lib/receiver.js,
lib/permessage-deflate.js; node lib/_http_client.js (socketOnData, parserOnIncomingClient, socketOnEnd,
socketErrorListener).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.extensions import NAME, NotParsed, Parameters, accept, parse
from wsprobe.browsers.runtime.client import Client
from wsprobe.browsers.runtime.facts import RuntimeFacts
from wsprobe.browsers.runtime.frames import MOST_SAFE, Header, Wrong, close_of, is_valid, text_of
from wsprobe.browsers.runtime.heads import Failed, Fault, Head, Opened, heads
from wsprobe.browsers.runtime.llhttp import Llhttp
from wsprobe.browsers.runtime.node import INFLATE_RACE, READ_RESET, SOCKET_HANG_UP, NodeSession, not_connected
from wsprobe.browsers.script import CLOSED, CLOSING, CONNECTING, MAX_REASON, OPEN, WebSocket
from wsprobe.exchange import FINISHED, LOST, Act, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept
from wsprobe.read.unasked import reset_unasked

_SOCKET = "ws lib/websocket.js"
_RECEIVER = "ws lib/receiver.js"
_PLAIN = ("utf-8", "deflate")
"""The failures of a session whose error is an Error; that of any other is a RangeError."""
_RESET_RACE = 'the message begins with "connect", "read" or "write", depending on when the reset comes'


class Facts(RuntimeFacts, frozen=True, kw_only=True):
    close_timeout: int
    """The most seconds from the first Close to the end of the connection (lib/constants.js)."""
    most_payload: int
    """The most bytes of one message (lib/websocket.js, maxPayload)."""
    most_fragments: int
    most_pongs: int
    """The most Pongs that may wait to be written (maxPendingAutoPongs)."""


class _Socket(WebSocket):
    """close() and send() in ws: close() checks nothing while CONNECTING, and exceptions are no DOMExceptions
    (lib/websocket.js, lib/sender.js)."""

    def _close(self, act: Act) -> None:
        if self.ready_state in (CLOSING, CLOSED):
            return
        early = self.ready_state == CONNECTING
        if not early and act.code is not None:
            if not is_valid(act.code):
                self._throw("TypeError", self._texts.close_code, None)
                return
            if len(act.data) > MAX_REASON:
                self._throw("RangeError", self._texts.close_reason, None)
                return
        self.close_called = True
        self.ready_state = CLOSING

    def _send(self, size: int) -> None:
        if self.ready_state == CONNECTING:
            self._throw("Error", self._texts.send_connecting, None)


class WsSession(NodeSession[Facts]):
    """An open WebSocket. ``Wrong`` carries the key of a failure, and the values for its text.

    Once both sides have sent a Close, or ws has failed the connection, ws ends its side of TCP. It then waits
    for the server's end of TCP, which comes as soon as the server reads that of ws.
    """

    source = _SOCKET
    checks = (  # getInfo
        ("rsv23", lambda header, _: header.rsv23),
        ("rsv1", lambda header, own: header.rsv1 and not own.opened.deflates),
        ("opcode", lambda header, _: not header.known),
        ("rsv1", lambda header, _: header.rsv1 and header.opcode == CONTINUATION),
        ("opcode", lambda header, own: header.opcode == CONTINUATION and not own.fragmented),
        ("opcode", lambda header, own: header.is_data and own.fragmented != 0),
        ("fragmented", lambda header, _: header.is_control and not header.final),
        ("rsv1", lambda header, _: header.rsv1 and header.is_control),
        ("control", lambda header, _: header.is_control and header.code > 125),
        ("control", lambda header, _: header.opcode == CLOSE and header.code == 1),
        ("mask", lambda header, _: header.masked),
    )

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        self.limit = facts.close_timeout
        self.fragmented = 0
        """The opcode of the message that is being read, 0 without one."""
        self._compressed = False
        self._frames = self._announced = self._inflated = 0
        self._failed = False
        self._ended = False
        self._pongs = 0
        self._destroyed = False

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if not self._failed:
            self._pongs = 0
            super().receive(data, at)

    def run(self) -> None:
        super().run()
        if self._destroyed and not self.over:
            self._closed()

    def stopped(self) -> bool:
        return self.over or self._failed or super().stopped()

    def called(self, at: int) -> None:
        if self.script.close_called and not self.sent_close:
            self._close_sent(at)

    def expired(self) -> None:
        self.because = f"TCP not closed within {self.limit} s: {_SOCKET}"
        self._closed()

    @property
    def closing(self) -> bool:
        return self.sent_close or self._failed or self._destroyed

    def end(self, ended: Ended) -> None:
        """The recording is over. If ws had already ended its side, the server would have ended its own; that
        the probe stopped earlier changes nothing."""
        self.wait(ended.at)
        if self.inflating is not None:
            if ended.how in LOST:
                self.races = INFLATE_RACE
            self._ended = self.opened.right_behind(ended, self.at)
            if self._ended:  # socketOnEnd, socketOnClose
                self.script.ready_state = CLOSING
            self.inflate_all(self.at)
        if self.reset_first(ended):
            self.sent_close = False
        if not self.over and (self._failed or self.received is not None):
            self._closed()
        else:
            super().end(ended)

    def lost(self, ended: Ended) -> None:
        self.because = f"the connection ended: {_SOCKET}"
        self._closed()

    def _close_sent(self, at: int) -> None:
        self.sent_close = True
        self.script.ready_state = max(self.script.ready_state, CLOSING)
        self.begin_limit(at)

    def begun(self, header: Header) -> None:
        if header.is_data:
            self._compressed = header.rsv1
        if header.opcode == CONTINUATION:
            header.opcode = self.fragmented
        elif not header.final:
            self.fragmented = header.opcode

    def measured(self, header: Header) -> None:
        if header.length > MOST_SAFE:
            raise Wrong("length")
        if header.length and not header.is_control:
            self._announced += header.length
            if self._announced > self.facts.most_payload:
                raise Wrong("too-big")

    def frame(self, header: Header, payload: bytes) -> None:
        if header.is_control:
            self._control(header, payload)
            return
        self._frames += 1
        if self._frames > self.facts.most_fragments:
            raise Wrong("fragments")
        if self._compressed and self.inflater is not None:
            self.begin_inflating(header, payload)
            return
        self._collect(header, payload)

    def inflated(self, header: Header, payload: bytes) -> None:
        self._inflated += len(payload)
        if self._inflated > self.facts.most_payload:
            raise Wrong("too-big")
        self._collect(header, payload)

    def _collect(self, header: Header, payload: bytes) -> None:
        """Add a fragment; deliver the message if it is complete. Raises Wrong."""
        self.fragments.append(payload)
        if not header.final:
            return
        message, self.fragments = b"".join(self.fragments), []
        self._frames = self._announced = self._inflated = self.fragmented = 0
        # Also while CLOSING: ws does not check readyState.
        self.script.deliver(message if header.opcode == BINARY else text_of(message))
        self.called(self.now)

    def _control(self, header: Header, payload: bytes) -> None:
        if header.opcode == PING:
            self._ping()
        if header.opcode != CLOSE:
            return
        code, reason = close_of(payload)
        if payload and not is_valid(code):
            raise Wrong("close-code", {"code": code})
        self.received = code, text_of(reason)
        self.closed_at = self.now
        if not self._destroyed and not self._ended:
            self._close_sent(self.now)
        self.because = f"the server sent Close {code}: {_RECEIVER}"

    def _ping(self) -> None:
        """receiverOnPing: ws sends no Pong before it has read all frames of one read. One Ping too many ends
        the connection in place of a Pong; a Close after it is still read."""
        if self.script.ready_state == OPEN:
            self._pongs += 1
            if self._pongs > self.facts.most_pongs:
                self._destroyed = True
                self.script.ready_state = CLOSING
                self.because = f"more than {self.facts.most_pongs} Pings at once: {_SOCKET}"

    def fail(self, key: str, *given: Mapping[str, object]) -> None:
        """receiverOnError: send a Close, then fire ``error``; ``close`` follows when the connection ends."""
        message, code = self.facts.failure(key, *given)
        name = "Error" if key in _PLAIN else "RangeError"
        self._failed = True
        self.because = f"{message}: {_RECEIVER}"
        if self.script.ready_state == OPEN:
            self._close_sent(self.now)
        self.script.error(CLOSING, message, f"{name}: {message} [{code}]")

    def _closed(self) -> None:
        """Fire ``close`` (emitClose)."""
        self.over, self.inflating = True, None
        code, reason = self.received or (1006, "")
        self.script.closed(code, reason, clean=self.received is not None and self.sent_close)


class Ws(Client[Facts]):
    """Its ErrorEvent contains the reason. The handshake has no time limit unless the script sets
    one."""

    session = WsSession
    name = "ws"
    common_names = "openssl"
    source = because_early = _SOCKET
    http = "node lib/_http_client.js"
    while_failing = CLOSING
    may_close = staticmethod(is_valid)
    socket = _Socket

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        return {**super().values(made, page), "protocols": ",".join(made.protocols)}

    def unmade(self, reading: Reading) -> Failed | None:
        wrong = not_connected(reading)
        return None if wrong is None else Failed(f"there was no connection: {self.http}", *wrong)

    def heads(self, reading: Reading) -> Iterator[Head | Fault]:
        return heads(reading, Llhttp(reading.received, counts_reason=True))

    def unreadable(self, fault: Fault) -> Failed:
        given = {"error": fault.reason, "code": fault.key}
        return self.failure("unreadable", given, because=f"llhttp: {fault.reason}", source=self.http)

    def lost(self, reading: Reading, how: str) -> Failed:
        if how in FINISHED:
            return Failed(f"the connection ended: {self.http}", *SOCKET_HANG_UP)
        wrong = READ_RESET
        if reset_unasked(reading):
            target = reading.exchange.plan.target
            wrong = f"connect ECONNRESET {target.host}:{target.port}", "ECONNRESET"
        return Failed(f"the connection was reset: {self.http}", *wrong)

    def races(self, reading: Reading) -> str:
        return _RESET_RACE if reset_unasked(reading) else ""

    def judged(self, reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
        if not head.upgrade:
            return self._unexpected(reading, head)
        if (head.joined(b"upgrade") or "").lower() != "websocket":
            return self._refused("upgrade", head)
        key = reading.request.key
        if key is None or head.joined(b"sec-websocket-accept") != expected_accept(key).decode("ascii"):
            return self._refused("accept", head)
        protocol = head.joined(b"sec-websocket-protocol")
        if protocol is not None and not protocols:
            return self._refused("protocol-unasked", head)
        if protocol is not None and protocol not in protocols:
            return self._refused("protocol", head)
        if protocol is None and protocols:
            return self._refused("no-protocol", head)
        extensions = head.joined(b"sec-websocket-extensions")
        if extensions is None:
            return Opened(protocol or "", "", head.stop)
        mentions: dict[str, list[Parameters]] = {}
        try:
            for name, parameters in parse(extensions):
                mentions.setdefault(name, []).append(parameters)
            if tuple(mentions) != (NAME,):
                return self._refused("extension-unasked", head)
            agreed = accept(mentions[NAME])
        except NotParsed:
            return self._refused("extension", head)
        return Opened(protocol or "", NAME, head.stop, True, agreed.takeover, agreed.bits)

    def _unexpected(self, reading: Reading, head: Head) -> Failed:
        """The failure of an answer that is no upgrade. A listener for ``unexpected-response`` gets the answer
        in place of the error."""
        parts = [f"status {head.status}", f"{len(head.fields)} header{'s' * (len(head.fields) != 1)}"]
        final = reading.final
        if final is not None and final.body is not None and final.body.content:
            parts.append(f"{len(final.body.content)}-byte body")
        beyond = f"a listener for unexpected-response reads {', '.join(parts)}"
        text = self.facts.failures["status"].format(status=head.status)
        return Failed(f"no upgrade: {_SOCKET}", text, beyond=(beyond,))

    def _refused(self, key: str, head: Head) -> Failed:
        """The failure of an invalid 101. A listener for ``upgrade`` has already received its headers."""
        text = self.facts.failures[key]
        beyond = f"a listener for upgrade reads the 101's {len(head.fields)} headers"
        return Failed(f"{text}: {_SOCKET}", text, beyond=(beyond,))


ENGINE = Ws
