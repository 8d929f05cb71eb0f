"""Firefox's HTTP log (``MOZ_LOG``, about:logging) -> its WebSockets, as ``NetLog`` does for Chromium's log.

Each line has its process and thread, a level, a module and a text. An nsHttpChannel gets the page's headers
(``SetRequestHeader``, with Sec-WebSocket-Key), and creates an nsHttpTransaction, which prints the request
(``http request [``) on the main thread and each line of the answer (``ParseLine [``) on the socket thread. The
log has no byte of a body, and no frame. Threads take turns, so what a line belongs to is kept for each thread.

The texts: netwerk/protocol/http/nsHttpTransaction.cpp, nsHttpChannel.cpp, HttpBaseChannel.cpp, and
netwerk/protocol/websocket/WebSocketChannel.cpp in Gecko.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from wsprobe.browser_logs.netlog_recording import fields_of, place, rebuilt_head
from wsprobe.browser_logs.socket import LoggedSocket, iso
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    Logged,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)

LINE_MAX = 1024 * 1024
"""The most bytes of one line."""

HEAD_MAX = 2 * 1024 * 1024
"""The most bytes of one head: the limit that a server gets."""

KEPT = 4_000
"""The most sockets, channels, transactions and threads that are kept."""

KEPT_MAX = 64 * 1024 * 1024
"""The most bytes of answers kept of all sockets together."""

REBUILT = "a Firefox log, which has no bodies and frames"

_LINE = re.compile(
    rb"(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) UTC - )?"
    rb"\[([^\]]{1,200})\]: [A-Z]/(nsHttp|nsWebSocket) (.*)",
    re.DOTALL,
)
_ADDRESS = r"(?:0x)?([0-9a-fA-F]{1,16})"
_WORDS = {
    name: re.compile(form.replace("ADDRESS", _ADDRESS).encode())
    for name, form in {
        "init": r"HttpBaseChannel::Init \[this=ADDRESS",
        "uri": r"uri=(https?://\S+)",
        "key": r"HttpBaseChannel::SetRequestHeader \[this=ADDRESS "
        r'header="Sec-WebSocket-Key" value="([^"]{1,100})"',
        "created": r"nsHttpChannel ADDRESS created nsHttpTransaction",
        "transaction": r"nsHttpTransaction::Init \[this=ADDRESS",
        "request": r"http request \[",
        "data": r"nsHttpTransaction::(?:ProcessData|WritePipeSegment|HandleContentStart) \[?(?:this=)?ADDRESS",
        "line": r"nsHttpTransaction::ParseLine \[(.*)\]\s*\Z",
        "status": r"nsHttpTransaction::OnTransportStatus \[this=ADDRESS status=4b0004",
        "closed": r"nsHttpTransaction::Close \[this=ADDRESS reason=([0-9a-f]{1,8})",
        "web": r"WebSocketChannel::SetupRequest\(\) ADDRESS",
        "web_key": r"WebSocketChannel::SetupRequest: client key (\S{1,100})",
        "web_stopped": r"WebSocketChannel::DoStopSession\(\) ADDRESS \[([0-9a-f]{1,8})\]",
        "head": r"nsHttpTransaction::ParseHead \[count=(\d{1,9})\]",
        "not_http": r"looks like a HTTP/0\.9 response",
        "stopped": r"nsHttpChannel::OnStopRequest \[this=ADDRESS .*status=([0-9a-f]{1,8})\]",
    }.items()
}
_FIRST = re.compile(
    rb"HttpBaseChannel::|uri=|nsHttpChannel |nsHttpChannel::OnStop|nsHttpTransaction::|http request \[|"
    rb"WebSocketChannel::(?:Setup|DoStop)|looks like"
)

ERRORS = {
    0x804B0002: "NS_BINDING_ABORTED",
    0x804B000C: "NS_ERROR_NOT_CONNECTED",
    0x804B000D: "NS_ERROR_CONNECTION_REFUSED",
    0x804B000E: "NS_ERROR_NET_TIMEOUT",
    0x804B0010: "NS_ERROR_OFFLINE",
    0x804B0014: "NS_ERROR_NET_RESET",
    0x804B001E: "NS_ERROR_UNKNOWN_HOST",
    0x804B002A: "NS_ERROR_UNKNOWN_PROXY_HOST",
    0x804B0047: "NS_ERROR_NET_INTERRUPT",
    0x804B0048: "NS_ERROR_PROXY_CONNECTION_REFUSED",
    0x804B0052: "NS_ERROR_NET_INADEQUATE_SECURITY",
    0x804B0057: "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED",
    0x80070057: "NS_ERROR_ILLEGAL_VALUE",
    0x80470002: "NS_BASE_STREAM_CLOSED",
    0x805A1FF3: "SEC_ERROR_UNKNOWN_ISSUER",
    0x805A1FF5: "SEC_ERROR_EXPIRED_CERTIFICATE",
    0x805A1FEC: "SEC_ERROR_UNTRUSTED_ISSUER",
    0x805A1FEB: "SEC_ERROR_UNTRUSTED_CERT",
    0x805A2FF4: "SSL_ERROR_BAD_CERT_DOMAIN",
    0x805A3FF2: "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
}
"""Names of the errors of the network (xpcom/base/ErrorList.py) and of NSS; another is shown as its number."""

PENDING = -1
STREAM_CLOSED = 0x80470002
"""How a session ends whose server closes the connection after a Close."""

SECURITY = 0x805A
"""The upper half of an error of NSS: TLS or a certificate."""

REASONS = {
    "SEC_ERROR_UNKNOWN_ISSUER": "unknown-ca",
    "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT": "self-signed",
    "SEC_ERROR_EXPIRED_CERTIFICATE": "expired",
    "SSL_ERROR_BAD_CERT_DOMAIN": "wrong-name",
}
"""``TlsFailed.reason`` of an error."""


class _Try:
    """One request and its answer."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.request: list[bytes] = []
        self.answer: list[bytes] = []
        self.answered = asked
        self.connected: float | None = None
        self.closed: tuple[float, int] | None = None
        self.transaction = ""
        self.size = 0
        self.not_http = False


class _Socket:
    """One WebSocket of the log."""

    def __init__(self, number: int, key: str, url: str, asked: float) -> None:
        self.number, self.key, self.url, self.asked = number, key, url, asked
        self.tries: list[_Try] = []
        self.stopped: tuple[float, int] | None = None
        self.web: int | None = None
        """The error with which its session ended, in a log with nsWebSocket; PENDING until then."""

    @property
    def over(self) -> bool:
        """Whether nothing more can follow."""
        return self.stopped is not None and self.web != PENDING

    @property
    def error(self) -> str:
        """Firefox's error; "" if there was none."""
        code = self.stopped[1] if self.stopped else 0
        if self.web not in (None, PENDING, STREAM_CLOSED):
            code = code or self.web
        return ERRORS.get(code, f"0x{code:08X}") if code else ""


class _Thread:
    """What the lines of one thread are about at this point."""

    def __init__(self) -> None:
        self.channel = self.transaction = self.web = ""
        self.head = 0
        """How many bytes were looked at for the head of an answer."""
        self.request: list[bytes] | None = None
        """The lines of a request that is being printed."""


class FirefoxLog:
    """The WebSockets in one Firefox log, as far as it was fed; the parts of a rotated log in their order."""

    def __init__(self) -> None:
        self._rest = b""
        self._threads: dict[bytes, _Thread] = {}
        self._channels: dict[str, str] = {}
        """The URL of each nsHttpChannel."""
        self._by_channel: dict[str, _Socket] = {}
        self._by_key: dict[str, _Socket] = {}
        self._by_transaction: dict[str, _Try] = {}
        self._by_web: dict[str, _Socket] = {}
        """By the address of the WebSocketChannel."""
        self._kept = 0
        self._sockets: deque[_Socket] = deque()
        self._count = 0
        self._closed = False
        self.program = "Firefox"
        self.problem = ""

    @property
    def lacks(self) -> str:
        """What a log of Firefox never has."""
        return "a Firefox log has no bodies and no frames of the session" if self._count else ""

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the log. Never raises."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[:LINE_MAX]
        for line in lines:
            # Most lines are of other modules, or of no use.
            if b"/ns" in line and len(line) <= LINE_MAX:
                self._line(line)

    def close(self) -> None:
        """Take note that the log ended."""
        if self._rest:
            self.feed(b"\n")
        self._closed = True

    def take_finished(self) -> Iterator[LoggedSocket]:
        """Yield the WebSockets that are finished, in the order asked, and forget them."""
        while self._sockets and (self._closed or self._sockets[0].over or len(self._sockets) > KEPT):
            socket = self._sockets.popleft()
            self._by_key.pop(socket.key, None)
            for each in socket.tries:
                self._kept -= each.size
                if self._by_transaction.get(each.transaction) is each:
                    del self._by_transaction[each.transaction]
            yield self._made(socket)

    def _line(self, line: bytes) -> None:
        match = _LINE.match(line)
        if match is None:
            return
        time, who, module, text = match.groups()
        thread = self._threads.get(who)
        if thread is None:
            thread = self._threads[who] = _Thread()
            _bound(self._threads)
        text = text.removesuffix(b"\r")
        if module == b"nsHttp" and thread.request is not None:
            if text.startswith(b"  ") and len(thread.request) < LINE_MAX:
                thread.request.append(text[2:])
                return
            self._asked(thread, _seconds(time))
        if _FIRST.match(text) is None:
            return
        for name, form in _WORDS.items():
            if (found := form.match(text)) is not None:
                parts = [(part or b"").decode("latin-1") for part in found.groups()]
                self._word(name, parts, thread, time, found)
                return

    def _word(
        self, name: str, parts: list[str], thread: _Thread, time: bytes | None, found: re.Match[bytes]
    ) -> None:
        match name:
            case "init" | "created":
                thread.channel = parts[0]
            case "uri":
                self._channels[thread.channel] = re.sub("^http", "ws", parts[0])
                _bound(self._channels)
            case "key":
                self._by_channel[parts[0]] = self._socket(parts[1], self._channels.get(parts[0], ""), time)
                _bound(self._by_channel)
            case "transaction":
                thread.transaction = parts[0]
            case "request":
                thread.request = []
            case "data":
                thread.transaction = parts[0]
            case "line":
                self._answered(thread, found.group(1), time)
            case "status":
                if (of := self._by_transaction.get(parts[0])) is not None:
                    of.connected = _seconds(time)
            case "closed":
                if (of := self._by_transaction.get(parts[0])) is not None:
                    of.closed = _seconds(time), int(parts[1], 16)
            case "web":
                thread.web = parts[0]
            case "web_key":
                if (socket := self._by_key.get(parts[0])) is not None:
                    socket.web = PENDING
                    self._by_web[thread.web] = socket
                    _bound(self._by_web)
            case "web_stopped":
                if (socket := self._by_web.pop(parts[0], None)) is not None:
                    socket.web = int(parts[1], 16)
            case "head":
                thread.head = int(parts[0])
            case "not_http":  # also of an answer without a byte, to which Firefox adds a line end
                if thread.head > 1 and (of := self._by_transaction.get(thread.transaction)) is not None:
                    of.not_http = True
            case "stopped":
                if (socket := self._by_channel.get(parts[0])) is not None and socket.stopped is None:
                    socket.stopped = _seconds(time), int(parts[1], 16)

    def _socket(self, key: str, url: str, time: bytes | None) -> _Socket:
        socket = self._by_key.get(key)
        if socket is None:
            self._count += 1
            socket = self._by_key[key] = _Socket(self._count, key, url, _seconds(time))
            self._sockets.append(socket)
        return socket

    def _asked(self, thread: _Thread, time: float) -> None:
        """A request was printed: keep it if it is a WebSocket's."""
        lines, thread.request = [each for each in thread.request or () if each.strip()], None
        fields = {name.lower(): value for name, value in fields_of(lines[1:])}
        key = fields.get(b"sec-websocket-key", b"").decode("latin-1")
        if not key:
            return
        socket = self._by_key.get(key) or self._socket(key, "", None)
        socket.asked = socket.asked or time
        if not socket.url:
            path = lines[0].split(b" ")[1:2] or [b"/"]
            socket.url = self._channels.get(thread.channel) or (
                f"ws://{fields.get(b'host', b'').decode('latin-1')}{path[0].decode('latin-1')}"
            )
        made = _Try(time)
        made.request = lines
        if len(socket.tries) < 20:
            socket.tries.append(made)
        self._by_channel.setdefault(thread.channel, socket)
        made.transaction = thread.transaction
        self._by_transaction[thread.transaction] = made
        _bound(self._by_transaction)

    def _answered(self, thread: _Thread, line: bytes, time: bytes | None) -> None:
        of = self._by_transaction.get(thread.transaction)
        if of is None:
            return
        if line.startswith(b"HTTP/") and of.answer:
            of.answer.append(b"")  # the end of an interim answer's head
        if not of.answer:
            of.answered = _seconds(time)
        if of.size + len(line) <= HEAD_MAX and self._kept + len(line) <= KEPT_MAX:
            of.answer.append(line)
            of.size += len(line)
            self._kept += len(line)

    def _made(self, socket: _Socket) -> LoggedSocket:
        tries: list[_Try | None] = [*socket.tries] or [None]
        *earlier, last = [self._exchange(socket, each) for each in tries]
        opened = _status(socket.tries[-1].answer if socket.tries else []) == b"101"
        page = _field(socket.tries[-1].request if socket.tries else [], b"origin")
        not_http = bool(socket.tries) and socket.tries[-1].not_http
        said = "looks like a HTTP/0.9 response" if not_http else ""
        logged = Logged("firefox-log", self.program, page, socket.error, said)
        return LoggedSocket(
            id=socket.number,
            url=socket.url,
            page=page,
            key=socket.key,
            asked=socket.asked,
            opened=opened,
            finished=self._closed or socket.over,
            error=logged.error,
            message=said,
            frames=(),
            exchange=replace(last, hops=tuple(earlier), logged=logged),
        )

    def _exchange(self, socket: _Socket, of: _Try | None) -> Exchange:
        """The recording of one request; None: none was sent."""
        to = place(socket.url)

        def since(time: float) -> int:
            return max(0, min(round((time - socket.asked) * 1_000_000), 2**53))

        stop, code = socket.stopped or (socket.asked, 0)
        error = ERRORS.get(code, f"0x{code:08X}") if code else ""
        events: list[Event] = []
        request = b""
        failed = code >> 16 == SECURITY
        if of is not None and (of.connected is not None or of.answer or failed):
            at = since(of.connected or of.asked)
            events += [Connecting(at, to.host, to.port), Connected(at, to.host, to.port)]
        if failed:
            kind = "certificate" if "CERT" in error or "ISSUER" in error else "error"
            events.append(TlsFailed(since(stop), kind, error, reason=REASONS.get(error, "")))  # type: ignore[arg-type]
        elif not events and "UNKNOWN_HOST" in error:
            events.append(ResolveFailed(since(stop), to.host, error))
        elif not events and "PROXY" in error:
            events.append(TunnelFailed(since(stop), error))
        elif not events and "CONNECTION_REFUSED" in error and "WEBSOCKET" not in error:
            events.append(ConnectFailed(since(stop), to.host, to.port, "ECONNREFUSED", error))
        elif events and to.secure:
            events.append(TlsDone(events[-1].at, "", "", None, None, verified=True))
        if of is not None:
            request = rebuilt_head(of.request)
        if of is not None and events and not failed:
            events.append(Sent(max(events[-1].at, since(of.asked)), request))
            if of.answer:
                events.append(Received(max(events[-1].at, since(of.answered)), rebuilt_head(of.answer)))
        how: How = "interrupted"
        if of is not None and (of.answer or of.not_http):
            how = "local"
        elif socket.stopped is not None and events:
            how = "fin" if "RESET" in error else "error"
        at = max([since(stop), *(event.at for event in events)])
        events.append(Ended(at, how, "" if how in ("local", "fin") else error))
        return Exchange(Plan(to, request), tuple(events), iso(socket.asked), rebuilt=REBUILT)


def _status(answer: list[bytes]) -> bytes:
    lines = [line for line in answer if line.startswith(b"HTTP/")]
    return (lines[-1] + b"  ").split(b" ")[1] if lines else b""


def _field(request: list[bytes], name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in fields_of(request[1:]) if k.lower() == name), "")


K = TypeVar("K")


def _bound(found: dict[K, Any]) -> None:
    """Keep the newest entries only."""
    if len(found) > KEPT:
        del found[next(iter(found))]


def _seconds(time: bytes | None) -> float:
    """Seconds since 1970; 0 for a log without times."""
    if not time:
        return 0.0
    try:
        return datetime.fromisoformat(time.decode()).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return 0.0
