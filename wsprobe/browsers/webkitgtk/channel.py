"""An open WebSocket in libsoup: frames, errors, the closing handshake and its timer, and inflating.

One stream inflates the whole session. The tail that the sender omits from each message is fed separately.

Sources: libsoup/websocket/soup-websocket-connection.c (receive_close, close_connection, send_close),
soup-websocket-extension-deflate.c; for WebKit's reaction to its signals:
Source/WebKit/NetworkProcess/soup/WebSocketTaskSoup.cpp, Source/WebKit/WebProcess/Network/WebSocketChannel.cpp,
Source/WebCore/Modules/websockets/WebSocket.cpp.
"""

from __future__ import annotations

from wsprobe.browsers.inflate import TOO_LONG, Inflater, TooLong
from wsprobe.browsers.life import Session
from wsprobe.browsers.script import CLOSED, WebSocket, unanswered
from wsprobe.browsers.webkitgtk.request import Facts
from wsprobe.exchange import BROKEN, FINISHED, SECOND, Ended, UnpackedMessages
from wsprobe.read.frames import BINARY, CLOSE, PING, PONG, TEXT, header_parts, header_size

NO_STATUS, ABNORMAL, TLS = 1005, 1006, 1015
_ANSWERED = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, *range(3000, 5000)))
"""The codes that close_connection() sends back. Any other code is a protocol error, also the registered 1012 to
1014."""
_LONGEST_REASON = 123
"""The most bytes of a reason that fit into a Close frame."""


class Fault(Exception):
    """A frame breaks a rule. The argument is the key of the text."""


def code(payload: bytes) -> int:
    """The code of a Close frame, 1005 without one. Raises Fault if the payload is one byte."""
    if len(payload) == 1:
        raise Fault("response")
    return int.from_bytes(payload[:2], "big") if payload else NO_STATUS


def reason(payload: bytes) -> str:
    """The reason of a Close frame, up to the first NUL. Raises Fault if the code must not be sent, or if the
    reason is not UTF-8."""
    if payload and code(payload) in (NO_STATUS, ABNORMAL, TLS):
        raise Fault("response")
    try:
        return payload[2:].decode().partition("\0")[0]
    except UnicodeDecodeError:
        raise Fault("response") from None


def check_answer(payload: bytes) -> None:
    """Raises Fault if libsoup cannot send a Close back in answer to this one."""
    if payload and code(payload) not in _ANSWERED:
        raise Fault("response")
    if len(reason(payload).encode()) > _LONGEST_REASON:
        raise Fault("response")


def inflated(inflater: Inflater, data: bytes, final: bool) -> bytes:
    """The inflated payload of a frame. *final*: the frame ends the message; the tail that the sender omits is
    fed separately.

    Raises ``ValueError`` if the payload is not a deflate stream, or if the stream ends only within the tail
    (the next frame then begins another stream); and TooLong. After a ValueError every later call fails too,
    because zlib's state is not reset.
    """
    out = b"".join(inflater.streams(data))
    if not final:
        return out
    out += inflater.tail()
    inflater.message_over()
    return out


_SOURCE = "libsoup/websocket/soup-websocket-connection.c"
_FIN, _RSV, _RSV1, _CONTROL = 0x80, 0x70, 0x40, 0x08
_READ = 1024
"""READ_BUFFER_SIZE, in bytes. After a frame failed, libsoup looks at the bytes behind it only when more
arrive."""
_BIGGEST = 2**63 - 1
"""WebKit's max-incoming-payload-size."""
_DELAY = range(10_000, 110_000)
"""Microseconds, chosen at random, by which an error is delayed; messages that arrive in the meantime pass it:
NetworkSocketChannel::didReceiveMessageError, NetworkProcess::randomClosedPortDelay."""
_OVERTAKEN = (_DELAY.start + _DELAY.stop) // 2
"""Microseconds: what is read so soon after an error more likely than not reaches the script before the
error."""
_HELD_OPEN = (
    "the message behind the error comes if the server ends the connection within 0.1 s once the browser has: "
    "held open longer, there is none"
)
"""Measured with a server that waits for 0.2 s, and with one that ends the connection at the Close of the
browser."""


class Connection(Session):
    """Drives *script*'s WebSocket from its ``open`` to its ``close``. Times are microseconds, in order."""

    def __init__(
        self,
        script: WebSocket,
        url: str,
        bits: int,
        facts: Facts,
        *,
        end_seen: bool,
        masked: UnpackedMessages | None = None,
    ) -> None:
        """*bits*: the window of the server, 0 without permessage-deflate. *end_seen*: the end of the connection
        was read together with the head. *masked*: the contents of messages that are masked in the recording."""
        self._end_seen = end_seen
        self._script = script
        self._url = url
        self._facts = facts
        self._inflater = Inflater(bits, masked=masked) if bits else None
        self._inflating = False
        self._incoming = bytearray()
        self._message: bytearray | None = None
        self._opcode = 0
        self._failed_at: int | None = None
        self._failure = ""
        self._close_sent = False
        self._close_received = False
        self._peer_code = 0
        self._peer_reason = ""
        self._told_error = False
        self._due: int | None = None
        self.races = ""
        self.done = False
        """True once ``close`` was delivered, or nothing more can happen."""
        self.because = "the handshake is valid: libsoup/websocket/soup-websocket.c"

    def wait(self, at: int, *, reset: bool = False) -> None:
        """Run the timer if it is due by *at*. *reset*: the server resets the connection at that time."""
        if self._failed_at is not None and at > self._failed_at + _OVERTAKEN:
            if reset:  # as it would have once the engine shut its side
                self._tell_failure()
            else:
                heard = len(self._script.events)
                self._process(0)
                if len(self._script.events) > heard:
                    self.races = _HELD_OPEN
                self._tell_failure()
        elif self._due is not None and at >= self._due:
            if not self._close_received:
                self.because = f"no Close from the server within {self._facts.closing_timeout} s: {_SOURCE}"
            self._closed()

    def called(self, at: int) -> None:
        """Begin the closing handshake if the script has called close()."""
        if self._script.close_called and not self._close_sent and not self.done:
            self._send_close(at)

    def receive(self, data: bytes, at: int) -> None:
        if self._failed_at is not None and at - self._failed_at in _DELAY:
            self.races = "an error is delayed for 10 to 110 ms: events in the meantime may come before it"
        if self._failed_at is not None and at > self._failed_at + _OVERTAKEN:
            self._tell_failure()
        self.wait(at)
        if self.done:
            return
        sent = self._script.sent
        for start in range(0, len(data), _READ):
            self._incoming += data[start : start + _READ]
            self._process(at)
        if self._close_received and self._script.sent > sent:
            self.races = (
                "the last message of the script may count as unsent at the end: then the close is not clean"
            )
        self.called(at)

    def quiet(self, at: int) -> bool:
        self.wait(at)
        return not self._close_sent and not self.done

    def end(self, ended: Ended) -> None:
        """Handle the end of the recording, which ends the connection or lets the timer run out. After an error
        libsoup reads no more, so nothing from the server changes the result."""
        reset = ended.how in BROKEN
        self.wait(ended.at, reset=reset)
        if ended.how == "truncated" and self._end_seen:
            self._unreadable(self._facts.failures["read-after-end"], "reading continues after the end")
        elif reset:
            failure = self._facts.failures["receive"].format(error="Connection reset by peer")
            self._unreadable(failure, "the connection was reset")
        elif self._failed_at is not None:  # the engine has shut down its side, and the server does the same
            self._process(0)
            self._tell_failure()
        elif ended.how in FINISHED and not self.done:
            if not (self._close_sent and self._close_received):
                self.because = f"the connection ended without a Close: {_SOURCE}"
            self._closed()
        elif self._due is not None:
            if not (self._close_received or self._told_error):
                self._script.assume(unanswered(self._facts.closing_timeout))
            self.wait(self._due)

    def _unreadable(self, failure: str, because: str) -> None:
        """Handle a failed read (emit_error_and_close, with prejudice)."""
        if self._failed_at is not None:
            self._tell_failure()
        if self.done:
            return
        self.because = f"{because}: {_SOURCE}"
        if self._close_sent:
            self._late_error(failure)
            self._closed()
        else:
            self._finish()
            fail(self._script, self._url, failure, self._facts)

    def _process(self, now: int) -> None:
        """Read all complete frames in the buffer (process_incoming)."""
        at = 0
        while not self.done and (end := self._frame(at, now)) is not None:
            at = end
        del self._incoming[:at]

    def _tell_failure(self) -> None:
        self._finish()
        self._console(self._failure)
        self._script.failed()

    def _frame(self, at: int, now: int) -> int | None:
        """Read the frame at offset *at* (process_frame). Returns the offset after it; None if more bytes are
        needed, or if the session is over."""
        data = self._incoming
        if len(data) < at + 2:
            return None
        first, start = data[at], at + (header_size(data, at) or 0)
        try:
            if data[at + 1] & 0x80:
                raise Fault("response")
            if len(data) < start:
                return None
            _, _, length, minimal = header_parts(bytes(data[at:start]))
            if not minimal:
                raise Fault("response")
            if length > _BIGGEST:
                raise Fault("payload-size")
            if len(data) < start + length:
                return None
            first, payload = self._inflated(at, first, bytes(data[start : start + length]))
            if first & _RSV:
                raise Fault("response")
        except Fault as fault:
            self._fault(fault, now)
            return None
        if not self.done:
            try:
                self._contents(first, payload, now)
            except Fault as fault:
                self._fault(fault, now)
        return start + length

    def _inflated(self, at: int, first: int, payload: bytes) -> tuple[int, bytes]:
        """The first byte and the payload of a frame after inflating
        (soup_websocket_extension_deflate_process_incoming_message).

        A frame that cannot be inflated stays in the buffer, without its mark as compressed: the next read takes
        it for an uncompressed frame. Raises Fault.
        """
        if self._inflater is None or first & _CONTROL or not (self._inflating or first & _RSV1):
            return first, payload
        if self._inflating and first & _RSV1:
            raise Fault("rsv1")
        first &= ~_RSV1
        self._incoming[at] = first
        final = bool(first & _FIN)
        if not payload and final != self._inflating:
            return first, payload
        self._inflating = not final
        try:
            return first, inflated(self._inflater, payload, final)
        except ValueError:
            self._inflating = False
            raise Fault("inflate") from None
        except TooLong:
            self.done = True
            self.because = TOO_LONG
            return first, b""

    def _contents(self, first: int, payload: bytes, now: int) -> None:
        """Handle the payload of a frame (process_contents). Raises Fault."""
        final, opcode = bool(first & _FIN), first & 0x0F
        if self._close_sent and self._close_received:
            return
        if opcode & _CONTROL:
            if not final:
                raise Fault("response")
            if opcode == CLOSE:
                self._receive_close(payload, now)
            elif opcode == PING and not self._close_sent and len(payload) > 125:
                raise Fault("response")  # of the pong that it would have sent
            elif opcode not in (PING, PONG):
                raise Fault("response")
        elif not self._close_received:
            self._data(final, opcode, payload)

    def _data(self, final: bool, opcode: int, payload: bytes) -> None:
        if (self._message is None) != bool(opcode):
            raise Fault("response")
        if self._message is None:
            self._message = bytearray()
            self._opcode = opcode
        if self._opcode not in (TEXT, BINARY):
            raise Fault("response")
        self._message += payload
        if not final:
            return
        whole, self._message = bytes(self._message), None
        if self._opcode == TEXT:
            try:
                text = whole.decode()
            except UnicodeDecodeError:
                raise Fault("data") from None
            self._script.message(text)
        else:
            self._script.message(whole)

    def _receive_close(self, payload: bytes, now: int) -> None:
        """Handle a Close (receive_close, close_connection). Raises Fault."""
        self._close_received = True
        self._peer_code, self._peer_reason = 0, ""
        self._peer_code = code(payload)
        self._peer_reason = reason(payload)
        if not self._close_sent:
            check_answer(payload)
            self._send_close(now)
        if self._failed_at is None:
            self.because = f"the server sent Close {self._peer_code}: {_SOURCE}"

    def _send_close(self, now: int) -> None:
        self._close_sent = True
        self._due = now + self._facts.closing_timeout * SECOND

    def _fault(self, fault: Fault, now: int) -> None:
        """Report a broken rule: emit_error_and_close, without prejudice unless a frame is too big."""
        failure = self._facts.failures[fault.args[0]]
        self.because = f"{failure}: {_SOURCE}"
        if not self._close_sent:
            self._failed_at, self._failure = now, failure
            self._send_close(now)
        elif self._failed_at is None:
            self._late_error(failure)
        if fault.args[0] == "payload-size" and self._failed_at is None:
            self._closed()

    def _late_error(self, failure: str) -> None:
        """Report an error after a Close was sent (WebSocketTask::didFail). Only the first one counts; ``close``
        follows at the end of the connection."""
        if not self._told_error:
            self._told_error = True
            self._console(failure)
            self._script.error()

    def _console(self, failure: str) -> None:
        self._script.console.append(self._facts.console["failed"].format(url=self._url, failure=failure))

    def _closed(self) -> None:
        """Fire ``close`` (didCloseCallback, WebSocketChannel::didClose, WebSocket::didClose)."""
        self._finish()
        code = self._peer_code or ABNORMAL
        clean = code != ABNORMAL and self._script.ready_state != CLOSED
        self._script.closed(code, self._peer_reason, clean=clean)

    def _finish(self) -> None:
        self.done = True
        self._due = self._failed_at = None


def fail(script: WebSocket, url: str, failure: str, facts: Facts) -> None:
    """Fail a WebSocket that has sent no Close: a console line, ``error``, and ``close`` with 1006
    (WebSocketTask::didFail)."""
    script.console.append(facts.console["failed"].format(url=url, failure=failure))
    script.failed()
