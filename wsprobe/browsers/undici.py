"""undici, whose WebSocket is also Node's: which answers open the socket, how it reads frames, and its events.

From undici 7 on, a script gets no reason for a failed handshake. Sources: undici lib/dispatcher/client-h1.js
(Parser), lib/web/fetch/index.js (httpNetworkOrCacheFetch), lib/web/websocket/connection.js (processResponse),
util.js (parseExtensions), receiver.js (ByteParser), permessage-deflate.js, websocket.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Page
from wsprobe.browsers.http2 import Step, over_http1_only
from wsprobe.browsers.inflate import OneStream, TooLong
from wsprobe.browsers.network import hindrance
from wsprobe.browsers.request import target_of
from wsprobe.browsers.runtime.client import Client
from wsprobe.browsers.runtime.facts import RuntimeFacts
from wsprobe.browsers.runtime.frames import Header, Wrong, close_of, is_valid
from wsprobe.browsers.runtime.heads import Answered, Failed, Fault, Head, Opened, heads
from wsprobe.browsers.runtime.llhttp import Llhttp, Llhttp8
from wsprobe.browsers.runtime.node import INFLATE_RACE, NodeSession
from wsprobe.browsers.script import CLOSED, CLOSING, CONNECTING, OPEN, UNLIMITED, WebSocket
from wsprobe.exchange import LOST, SECOND, Ended
from wsprobe.read.frames import BINARY, CLOSE, TEXT
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept

_CONNECTION = "undici lib/web/websocket/connection.js"
_CLIENT = "undici lib/dispatcher/client-h1.js"
_RECEIVER = "undici lib/web/websocket/receiver.js"
_SOCKET = "undici lib/web/websocket/websocket.js"
_BOM = b"\xef\xbb\xbf"
_WINDOW = "0*([89]|1[0-5])"
_CONTINUE = 100
_MOST_LENGTH = 2**31 - 1
_CLOSES = ("too-big", "window", "deflate", "inflated", "fragments", "close-code", "utf-8")
"""The failures of a session for which undici sends a Close with a code first."""
_WRITE_ROOM = 64 * 1024
"""Node's default highWaterMark, from Node 22 on: once so many bytes wait for the parser, or for the reader of
the socket, Node stops reading."""


class Facts(RuntimeFacts, frozen=True, kw_only=True):
    """``user_agent`` is ``undici`` for the package, ``node`` for the undici that is built into Node."""

    llhttp: Literal[8, 9]
    """The major version of llhttp that it is built with."""
    tells_why: bool
    """Up to undici 6: the ErrorEvent has a message, and fires in any readyState. A failed handshake fires no
    ``close`` and leaves readyState at 0. An end without a Close fires no ``error`` before ``close``."""
    repeated: tuple[int, ...]
    """Statuses after which undici sends the request again, on another connection (lib/web/fetch/index.js)."""
    stays_compressed: bool
    """Up to undici 7: after a compressed message, a stray continuation frame counts as compressed."""
    headers_timeout: int
    """The most seconds until the head of the answer (lib/dispatcher/client.js)."""
    most_payload: int
    """The most bytes of one message (lib/dispatcher/dispatcher-base.js)."""
    most_fragments: int
    most_inflated: int
    """The most bytes to which one frame may inflate (lib/web/websocket/permessage-deflate.js)."""
    unasked_protocol: str = ""
    """Message of the uncaught TypeError if the server selects a subprotocol and none was offered; "": no
    exception, and the handshake fails (lib/web/websocket/connection.js)."""


def _fault(reading: Reading, head: Head, protocols: tuple[str, ...]) -> str:
    """The key of the first check that the 101 fails, "" if it passes all."""
    protocol = _joined(head, b"sec-websocket-protocol")
    if protocols and not protocol:
        return "no-protocol"
    if (_joined(head, b"upgrade") or "").lower() != "websocket":
        return "upgrade"
    if (_joined(head, b"connection") or "").lower() != "upgrade":
        return "connection"
    key = reading.request.key
    if key is None or _joined(head, b"sec-websocket-accept") != expected_accept(key).decode("ascii"):
        return "accept"
    extensions = _joined(head, b"sec-websocket-extensions")
    if extensions is not None and "permessage-deflate" not in parse_extensions(extensions):
        return "extension"
    if protocol is not None and protocol not in protocols:
        return "protocol"
    return ""


def _joined(head: Head, name: bytes) -> str | None:
    """The joined values of *name*. White space after a value is kept, so such a value matches nothing."""
    return head.joined(name, trims=False)


def parse_extensions(value: str) -> dict[str, str]:
    """Name -> value of each part between semicolons. Commas and quotes have no meaning (util.js,
    parseExtensions)."""
    pairs = (part.split("=") for part in value.removesuffix(";").split(";")) if value else ()
    return {pair[0].lstrip("\t\n\r "): (pair[1] if len(pair) > 1 else "").rstrip("\t\n\r ") for pair in pairs}


def _window(bits: str) -> int:
    """The number of *bits*, from 8 to 15; 0 for any other."""
    found = re.fullmatch(_WINDOW, bits)
    return int(found[1]) if found else 0


class UndiciSession(NodeSession[Facts]):
    """An open WebSocket. ``Wrong`` carries the key of a failure, and the values for its text. The closing
    handshake has no time limit."""

    source = _CONNECTION
    checks = (
        ("opcode", lambda header, _: not header.known),
        ("mask", lambda header, _: header.masked),
        ("rsv1", lambda header, own: header.rsv1 and not own.opened.deflates),
        ("rsv23", lambda header, _: header.rsv23),
        ("control-fragment", lambda header, _: header.is_control and not header.final),
        ("unfinished", lambda header, own: header.is_data and own.fragments != []),
        ("fragment", lambda header, own: own.was_fragmented and header.is_data and not header.final),
        ("control", lambda header, _: header.is_control and header.code > 125),
        ("continuation", lambda header, own: not (header.opcode or own.fragments or own.compressed)),
    )

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        if self.inflater is not None:
            self.inflater = OneStream(opened.bits, masked=opened.masked, starts_again=False)
        self._waiting = 0
        self.was_fragmented = self.compressed = False
        self._type = TEXT
        self._destroyed = False
        self._waits = self._unread = 0
        """Bytes since the Close that wait for the parser, and the bytes after these, which stay in the socket
        unread."""
        self._reads = True

    def receive(self, data: bytes, at: int) -> None:
        super().receive(data, at)
        if not self.over and self.received is not None:
            # After a Close the parser stops. Bytes wait for it until the socket is paused, later bytes in the
            # socket (websocket.js, onSocketData).
            self._unread += len(data) if self._waits >= _WRITE_ROOM else 0
            self._waits += len(data)

    def run(self) -> None:
        super().run()
        if self._destroyed and not self.over:
            self._closed()
            self._read_on()

    def stopped(self) -> bool:
        return not self._reads or super().stopped()

    def called(self, at: int) -> None:
        self.sent_close = self.sent_close or self.script.close_called

    @property
    def closing(self) -> bool:
        return self.sent_close or self.received is not None

    def end(self, ended: Ended) -> None:
        self.wait(ended.at)
        if ended.how not in LOST:
            self.inflate_all(self.at)
            self._wait_on()
            return
        if self.over or self._misses(ended):
            return
        if self.reset_first(ended) and self.facts.tells_why:
            self.sent_close = False
            self.races = "the reset came right after the Close: a moment later, and the close would be clean"
        if self.inflating is not None:
            self.races = INFLATE_RACE
            if not self.opened.right_behind(ended, self.at):
                self.inflate_all(self.at)
        if not self.over:
            self.lost(ended)

    def lost(self, ended: Ended) -> None:
        self.because = f"the connection ended: {_SOCKET}, onSocketClose"
        self._closed()
        self._read_on()

    def _misses(self, ended: Ended) -> bool:
        """True if unread bytes hide the end of the connection from undici, so that ``close`` never fires."""
        room = _WRITE_ROOM if ended.how == "reset" else 1
        if self._unread >= room:
            self.because = f"undici reads no more behind the Close, and does not see the end: {_SOCKET}"
            return True
        return False

    def _wait_on(self) -> None:
        """The recording is over, but the connection is not. undici has no timer. Once it has read the server's
        Close, the way in which the connection ends changes nothing."""
        if self.over or not self.closing:
            return
        if self.received is None:
            self.script.assume(UNLIMITED)
            return
        self.script.assume("the server closes the connection; until then readyState is 2, without a limit")
        self._closed()

    def begun(self, header: Header) -> None:
        if header.is_data:
            self._type = header.opcode
            self.compressed = header.rsv1
        self.was_fragmented = header.is_data and not header.final

    def measured(self, header: Header) -> None:
        if header.length > _MOST_LENGTH:
            raise Wrong("length")
        if not header.is_control and header.length + self._waiting > self.facts.most_payload:
            raise Wrong("too-big")

    def frame(self, header: Header, payload: bytes) -> None:
        if header.opcode == CLOSE:
            self._close(payload)
        elif not header.is_control and self.compressed:
            self.begin_inflating(header, payload)
        elif not header.is_control:
            self._collect(header, payload)

    def _read_on(self) -> None:
        """Finish inflating after the socket closed. The parser then continues: a Close sets readyState back,
        and undici 6 fires ``error``."""
        self._reads = self.inflating is not None
        self.inflate_all(self.at)
        self._reads = False

    def inflate(self) -> None:
        if self.inflater is None:
            self.inflating = None
            raise Wrong("window")
        try:
            super().inflate()
        except TooLong:
            self._reads = False
            raise

    def inflated(self, header: Header, body: bytes) -> None:
        if len(body) > self.facts.most_inflated:
            raise Wrong("inflated")
        self._collect(header, body)

    def _collect(self, header: Header, body: bytes) -> None:
        """Add a fragment; deliver the message if it is complete. Raises Wrong."""
        if len(self.fragments) == self.facts.most_fragments:
            raise Wrong("fragments")
        self.fragments.append(body)
        self._waiting += len(body)
        if header.final and not self.was_fragmented:
            message, self.fragments, self._waiting = b"".join(self.fragments), [], 0
            self.compressed = self.compressed and self.facts.stays_compressed
            self._deliver(message)

    def _deliver(self, message: bytes) -> None:
        """Deliver a message while OPEN. TextDecoder removes a byte order mark."""
        if self.script.ready_state != OPEN:
            return
        if self._type == BINARY:
            self.script.message(message)
        else:
            try:
                text = message.removeprefix(_BOM).decode("utf-8")
            except UnicodeDecodeError:
                self._bad_text()
                return
            self.script.message(text)
        self.called(0)

    def _bad_text(self) -> None:
        """Destroy the socket. The parser continues with the bytes that it has, and a Close among them
        counts."""
        message = self.facts.failures["text"]
        self.because = f"{message} {_SOCKET}"
        self._destroyed = True
        if self.facts.tells_why:
            self.script.error(self.script.ready_state, message, f"Error: {message}")
        else:
            self.script.ready_state = CLOSING
            self.sent_close = True

    def _close(self, body: bytes) -> None:
        """Handle a Close. Raises Wrong."""
        code, given = close_of(body)
        if len(body) == 1:
            raise Wrong("close-size")
        if body and not is_valid(code):
            raise Wrong("close-code")
        try:
            # parseCloseBody removes one byte order mark, TextDecoder another.
            reason = given.removeprefix(_BOM).removeprefix(_BOM).decode("utf-8")
        except UnicodeDecodeError:
            raise Wrong("utf-8") from None
        self.sent_close = self.sent_close or not (self._destroyed and self.facts.tells_why)
        self.received = code, reason
        self.closed_at = self.at
        self.script.ready_state = CLOSING
        self.because = f"the server sent Close {code}; undici waits for TCP to close: {_RECEIVER}"

    def fail(self, key: str, *given: Mapping[str, object]) -> None:
        """failWebsocketConnection: destroy the socket."""
        message, _ = self.facts.failure(key, *given)
        if key in _CLOSES and not self.over:
            self.script.ready_state = CLOSING
        if self.facts.tells_why:
            self.script.error(self.script.ready_state, message, f"Error: {message}")
        if self.over:
            self._reads = False
            return
        self.because = f"{message} {_RECEIVER}"
        self._closed()

    def _closed(self) -> None:
        """Fire ``close`` (onSocketClose)."""
        self.over, self._reads = True, False
        if self.received is not None:
            code, reason = self.received
            self.script.closed(code, reason, clean=self.sent_close)
            return
        if not self.facts.tells_why:
            self.script.error(CLOSED, "", "TypeError: ")
        self.script.closed(1006, clean=False)


class Undici(Client[Facts]):
    """From undici 7 on, the message of its ErrorEvent is always empty."""

    session = UndiciSession
    name = "undici"
    common_names = "openssl"
    source = because_early = _CONNECTION
    http = _CLIENT

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        own, secure = self.facts, target_of(made).secure
        coding = own.accept_encoding if secure else own.accept_encoding_cleartext  # lib/web/fetch/index.js
        return {**super().values(made, page), "accept_encoding": coding}

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The same handshake once more after a 421, and from undici 7 on after a 401 (lib/web/fetch/index.js);
        None after anything else. The credentials in the URL are not sent."""
        readings = over_http1_only(readings)
        if len(readings) != 1 or self._final_status(readings[0]) not in self.facts.repeated:
            return None
        plan = readings[0].exchange.plan
        made = self.construct(plan.target.url, page)
        return self.first(made, page, key) if made.target is not None else None

    def _final_status(self, reading: Reading) -> int | None:
        """The status of the final answer, None if none was read."""
        last: Head | Fault | None = None
        for last in self.heads(reading):
            if isinstance(last, Head) and last.status == _CONTINUE:
                return None
        return last.status if isinstance(last, Head) and last.status >= 200 else None

    def heads(self, reading: Reading) -> Iterator[Head | Fault]:
        parser = Llhttp8 if self.facts.llhttp == 8 else Llhttp
        return heads(reading, parser(reading.received, counts_reason=False))

    def unmade(self, reading: Reading) -> Failed | None:
        if hindrance(reading, self.common_names) is None:
            return None
        return self._no_answer("there was no connection: undici lib/core/connect.js")

    def read(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """The result of a handshake whose connection was made, within the dispatcher's time limit for a
        head."""
        step = super().read(reading, protocols)
        limit = self.facts.headers_timeout
        if step.at >= limit * SECOND:
            return Step(reading, limit * SECOND, self._no_answer(f"no head within {limit} s: {_CLIENT}"))
        return step

    def ends(self, head: Head) -> bool:
        return head.status == _CONTINUE or super().ends(head)

    def unreadable(self, fault: Fault) -> Failed:
        return self._no_answer(f"{fault.reason}: llhttp")

    def lost(self, reading: Reading, how: str) -> Failed:
        return self._no_answer(f"the connection ended before the answer: {_CLIENT}")

    def _no_answer(self, because: str) -> Failed:
        return Failed(because, self.facts.failures["no-answer"])

    def judged(self, reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
        if head.status == _CONTINUE:
            return self._no_answer(f"100 is a bad response: {_CLIENT}")
        if head.status < 100:
            return self._no_answer(f"a status below 100 is not handled: {_CLIENT}, onMessageComplete")
        if head.status != 101:
            return self._no_answer(f"the status is not 101: {_CONNECTION}")
        if not head.upgrade:
            return self._no_answer(f"the 101 does not switch protocols: an assertion of {_CLIENT}")
        fault = _fault(reading, head, protocols)
        if fault == "protocol" and not protocols and self.facts.unasked_protocol:
            words = f"TypeError: {self.facts.unasked_protocol}"
            beyond = (f"an exception that the script cannot catch ends the process: {words}",)
            return Failed(f"{words}: {_CONNECTION}", beyond=beyond)
        if fault:
            return self.failure(fault)
        extensions = _joined(head, b"sec-websocket-extensions")
        named = parse_extensions(extensions) if extensions is not None else {}
        bits = named.get("server_max_window_bits", "")
        return Opened(
            _joined(head, b"sec-websocket-protocol") or "",
            extensions or "",
            head.stop,
            deflates=extensions is not None,
            bits=_window(bits) if bits else 15,
        )

    def begin(self, script: WebSocket) -> None:
        script.on_early_close = self._fail_at_once

    def fail(self, script: WebSocket, failed: Failed, url: str) -> None:
        if failed.beyond:  # an exception instead
            return
        if self.facts.tells_why:
            message = failed.text or self.facts.failures["no-answer"]
            script.error(script.ready_state, message, f"Error: {message}")
            return
        script.error(CLOSED, "", "TypeError: ")
        script.closed(1006, clean=False)

    def _fail_at_once(self, script: WebSocket) -> None:
        script.ready_state = CONNECTING
        self.fail(script, self.failure("closed-early"), "")
        script.ready_state = CLOSING

    def closed_early(self, script: WebSocket, url: str) -> None:
        """Fire the later events of a close() while CONNECTING. undici fails the handshake within close(), then
        sets readyState to CLOSING, which stays. Up to undici 6, a second ``error`` follows when the request is
        aborted."""
        if self.facts.tells_why:
            self.fail(script, Failed(""), url)


ENGINE = Undici


def built_in(engine: Undici) -> Undici:
    """The *engine* as built into Node, where the User-Agent and the name of its class differ (measured)."""
    no_new = engine.facts.exceptions["no-new"].replace("WebSocket", "_WebSocket")
    exceptions = {**engine.facts.exceptions, "no-new": no_new}
    return Undici(replace(engine.facts, user_agent="node", exceptions=exceptions))
