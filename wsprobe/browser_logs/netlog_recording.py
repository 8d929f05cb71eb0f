"""What a NetLog has of one WebSocket, and of the connections that it used; and the recording of it.

With raw bytes (capture mode Everything) the recording has what the browser wrote and read, in its own pieces.
Without them, a head that the log has as fields is written from those, and the recording is marked as rebuilt.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.browser_logs.connection import LoggedConnection
from wsprobe.browser_logs.http2_streams import Stream
from wsprobe.browser_logs.net_errors import ended_by, errno, failure, tls_failure, words
from wsprobe.browser_logs.socket import LoggedSocket, iso
from wsprobe.exchange import (
    Certificate,
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Exchange,
    Http2,
    LeftOut,
    Limits,
    Logged,
    LoggedFrame,
    Plan,
    Received,
    Resolved,
    Route,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
    TlsOptions,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.recording import certificate
from wsprobe.request import target
from wsprobe.request.target import TargetError

CLOSE = 8
"""The opcode of a Close frame (RFC 6455 section 5.2)."""

CLOSED = ("ERR_EMPTY_RESPONSE", "ERR_CONNECTION_CLOSED", "ERR_SOCKET_NOT_CONNECTED")
"""Errors that mean: the server closed the connection; the last one, before Chromium could use it."""

ATTEMPTS_MAX = 20
"""The most requests kept of one WebSocket: credentials, and connections that broke, make it send again."""

SESSION_MAX = Limits().max_head + Limits().max_session
"""The most bytes kept each way of one request: the limits that a server gets."""

REBUILT = "a NetLog without raw bytes"
"""``Exchange.rebuilt`` of a recording from fields."""

DECODED = "the decoded HTTP/2 headers of a NetLog"
"""The same over HTTP/2 with raw bytes: the other frames are those on the wire."""

CIPHERS = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""OpenSSL's names of the cipher suites that browsers choose; another is shown as its number."""


class Attempt:
    """One request of a WebSocket, and what came back."""

    def __init__(self, asked: float, request: list[bytes]) -> None:
        self.asked = asked
        self.request = request
        """Request line and fields."""
        self.answer: list[bytes] = []
        """Status line and fields, if the browser accepted the answer."""
        self.answered = asked
        self.connection: LoggedConnection | None = None
        self.stream: Stream | None = None
        self.moved: list[tuple[bool, float, bytes]] = []
        self._size = 0
        self._limited: float | None = None

    @property
    def size(self) -> int:
        """The bytes kept."""
        return self._size if self.stream is None else self.stream.size

    @property
    def limited(self) -> float | None:
        """When a limit of ours was reached; None if none was."""
        return self._limited if self.stream is None else self.stream.limited

    def move(self, sent: bool, time: float, data: bytes, size: int) -> int:
        if self._size + len(data) > SESSION_MAX:
            self.stop(time)
        if self._limited is not None or not data:
            return 0
        self._size += len(data)
        self.moved.append((sent, time, data))
        return len(data)

    def stop(self, time: float) -> None:
        """Keep no more bytes."""
        if self.stream is not None:
            self.stream.stop(time)
        elif self._limited is None:
            self._limited = time

    def release(self) -> None:
        """Let nothing keep the request for the sake of bytes that may still come."""
        if self.connection is not None:
            self.connection.release(self)
        if self.stream is not None:
            self.stream.session.close(self.stream)


class WebSocket:
    """One WEBSOCKET_CHANNEL and its URL_REQUEST."""

    def __init__(self, id: int, url: str, asked: float) -> None:
        self.id, self.url, self.asked = id, url, asked
        self.page = self.error = self.message = self.proxy = ""
        self.opened = self.finished = False
        self.frames: list[LoggedFrame] = []
        self.attempts: list[Attempt] = []
        self.connection: LoggedConnection | None = None
        self.connects: list[LoggedConnection] = []
        """The connections of the connect job from which it got its connection, or its error."""
        self.uses: list[tuple[dict[int, WebSocket], int]] = []
        """Where the log keeps it under the number of another source."""
        self.ended: float | None = None
        self.limited: float | None = None

    @property
    def size(self) -> int:
        """The bytes kept of it."""
        return sum(each.size for each in self.attempts)

    @property
    def key(self) -> str:
        """Sec-WebSocket-Key of the last request."""
        fields = (fields_of(self.attempts[-1].request[1:])) if self.attempts else ()
        return next((v.decode("latin-1") for k, v in fields if k.lower() == b"sec-websocket-key"), "")

    def since(self, time: float) -> int:
        """Microseconds from the page's request to *time*, in milliseconds of the log."""
        return max(0, min(round((time - self.asked) * 1000), 2**53))

    def ask(self, attempt: Attempt) -> None:
        """Begin another request."""
        if len(self.attempts) == ATTEMPTS_MAX:
            del self.attempts[1]
        self.attempts.append(attempt)
        if self.connection is not None:
            attempt.connection = self.connection
            self.connection.lend(attempt)

    def request_ended(self, time: float, error: str) -> None:
        """Take note that the handshake is over, with this net error."""
        if error == "ERR_WS_UPGRADE":
            self.opened = True
        elif not self.opened:
            self.error = error
            self.finished = True
        self.ended = time

    def stop(self, time: float) -> None:
        """Keep no more bytes: a limit of ours was reached."""
        self.limited = time
        for attempt in self.attempts[-1:]:
            attempt.stop(time)

    def end(self, time: float) -> None:
        """Take note that the browser is done with the WebSocket."""
        self.finished = True
        self.ended = time


def fields_of(lines: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """(name, value) of each ``name: value``; a pseudo-header's name begins with a colon."""
    made = []
    for line in lines:
        at = line.find(b":", 1)
        name, value = (line, b"") if at < 0 else (line[:at], line[at + 1 :])
        made.append((name, value.strip(b" \t")))
    return made


def recorded(socket: WebSocket, program: str, offset: float, finished: bool, *, verifies: bool) -> LoggedSocket:
    """*socket* as a value, as far as the log goes. *offset*: milliseconds from the log's clock to 1970;
    *verifies*: whether the browser refuses faulty certificates."""
    asked = (offset + socket.asked) / 1000
    writer = _Writer(socket, finished, verifies)
    *earlier, last = [
        writer.exchange(attempt, iso(asked), last=number == len(socket.attempts))
        for number, attempt in enumerate(socket.attempts or [None], 1 if socket.attempts else 0)
    ]
    frames = tuple(socket.frames)
    logged = Logged(
        "netlog", program, socket.page, socket.error, socket.message, frames if last.rebuilt == REBUILT else ()
    )
    return LoggedSocket(
        id=socket.id,
        url=socket.url,
        page=socket.page,
        key=socket.key,
        asked=asked,
        opened=socket.opened,
        finished=finished,
        error=socket.error,
        message=socket.message,
        frames=frames,
        exchange=replace(last, hops=tuple(earlier), logged=logged),
    )


class _Writer(Struct, frozen=True):
    """Writes the recordings of one WebSocket."""

    socket: WebSocket
    finished: bool
    verifies: bool

    def exchange(self, attempt: Attempt | None, started: str, *, last: bool) -> Exchange:
        """The recording of *attempt*; None: no request was sent."""
        to = place(self.socket.url)
        connection = None if attempt is None else attempt.connection
        events = list(self._before(connection, to))
        rebuilt = ""
        request, http2 = b"", None
        if attempt is not None and attempt.stream is not None:
            stream = attempt.stream
            http2 = Http2(stream.fields, stream=stream.id)
            events += self._moved(stream.written())
            rebuilt = DECODED if stream.has_bytes else REBUILT
        elif attempt is not None:
            rebuilt = "" if any(sent for sent, _, _ in attempt.moved) else REBUILT
            moved = list(self._rebuilt(attempt) if rebuilt else self._moved(attempt.moved))
            events += moved
            request = b"".join([each.data for each in moved if isinstance(each, Sent)])
            request = request[: request.find(b"\r\n\r\n") + 4]
        events.append(self._ended(attempt, events) if last else Ended(_last(events), "local"))
        plan = Plan(to, request, tls=TlsOptions(verify=self.verifies), route=self._route(), http2=http2)
        return Exchange(plan, tuple(events), started, rebuilt=rebuilt or UNSET)

    def since(self, time: float) -> int:
        return self.socket.since(time)

    def _route(self) -> Route:
        """The way through a proxy; the log names it ``[socks5://proxy.example:1080]``, HTTP without scheme."""
        proxy = re.fullmatch(r"\[((?:https?|socks[45])://)?([A-Za-z0-9.:\[\]_-]+)\]", self.socket.proxy)
        return Route() if proxy is None else Route(proxy=(proxy.group(1) or "http://") + proxy.group(2))

    def _before(self, connection: LoggedConnection | None, to: Target) -> Iterator[Event]:
        """What happened before the request."""
        tried = [connection] if connection is not None else self.socket.connects
        for each in tried:
            yield from self._dialled(each, to)
            yield from self._secured(each, to)
        if connection is None and not any(each.tls_error or _refused(each) for each in tried):
            at = self.since(self.socket.ended or 0)
            found = list(failure(self.socket.error, at, to))
            if self.socket.error and not found and any(each.tunnel or each.tunnel_lines for each in tried):
                found = [TunnelFailed(at, words(self.socket.error))]
            yield from found

    def _dialled(self, connection: LoggedConnection, to: Target) -> Iterator[Event]:
        addresses = [_address(each)[0] for each in connection.addresses]
        at = self.since(connection.begun)
        if addresses and to.host not in addresses and not self._route().proxy:
            yield Resolved(at, to.host, tuple(addresses))
        for begun, text, end, error in connection.tries:
            address, port = _address(text)
            yield Connecting(self.since(begun), address, port)
            if error:
                yield ConnectFailed(self.since(end), address, port, errno(error), words(error))
        if connection.connected is not None:
            yield Connected(self.since(connection.connected), *_address(connection.address), connection.local)
        tunnel = connection.tunnel
        if not tunnel:  # no bytes: from the fields
            tunnel = [(sent, at, rebuilt_head(lines)) for sent, at, lines in connection.tunnel_lines]
        for sent, time, data in tunnel:
            yield (TunnelSent if sent else TunnelReceived)(self.since(time), data)

    def _secured(self, connection: LoggedConnection, to: Target) -> Iterator[Event]:
        of_proxy = (self._route().proxy or "").startswith("https:")
        if connection.secured is None or not to.secure or connection.layers <= of_proxy:
            return
        at = self.since(connection.secured)
        first, *issuers = [*_certificates(connection.certificates), None][: len(connection.certificates) or 1]
        others = tuple(each for each in issuers if each is not None)
        error = connection.tls_error
        if error:
            kind, reason = tls_failure(error)
            yield TlsFailed(at, kind, words(error), certificate=first, reason=reason, issuers=others)
            return
        version, cipher, alpn = connection.tls
        fault = connection.certificate_error
        yield TlsDone(
            at,
            version,
            CIPHERS.get(cipher, f"0x{cipher & 0xFFFF:04X}"),
            None if alpn in ("", "unknown") else alpn,
            first,
            verified=self.verifies and not fault,
            problem=words(fault) if fault else None,
            issuers=others,
        )

    def _moved(self, moved: Iterable[tuple[bool, float, bytes]]) -> Iterator[Event]:
        for sent, time, data in moved:
            yield (Sent if sent else Received)(self.since(time), data)

    def _rebuilt(self, attempt: Attempt) -> Iterator[Event]:
        """The heads of which the log has the fields."""
        yield Sent(self.since(attempt.asked), rebuilt_head(attempt.request))
        if attempt.answer:
            at = self.since(attempt.answered)
            yield Received(at, rebuilt_head(attempt.answer))
            if self.socket.frames:
                lengths = [
                    sum(f.length for f in self.socket.frames if f.sent is sent) for sent in (True, False)
                ]
                yield LeftOut(max(at, self.socket.frames[-1].at), *lengths)

    def _ended(self, attempt: Attempt | None, events: Sequence[Event]) -> Ended:
        at = _last(events)
        limited = self.socket.limited if attempt is None else attempt.limited
        if limited is not None:
            return Ended(max(at, self.since(limited)), "limit")
        connection = None if attempt is None else attempt.connection
        ended = None if connection is None else connection.ended
        if not (attempt and attempt.moved) and any(frame.opcode == CLOSE for frame in self.socket.frames):
            ended = None  # there was a Close, of which the log does not have the bytes
        shared = attempt is not None and attempt.stream is not None
        if ended is not None and not (
            shared and self.socket.ended is not None and ended[1] > self.socket.ended
        ):
            how, time, error = ended
            return Ended(max(at, self.since(time)), how, words(error))
        if not self.finished:
            return Ended(at, "interrupted")
        if self.socket.ended is not None:
            at = max(at, self.since(self.socket.ended))
        sent_nothing = attempt is None and not (events and isinstance(events[-1], Connected))
        if self.socket.error in CLOSED and not sent_nothing:
            return Ended(at, "fin")
        if attempt is None:  # nothing was sent, and what failed is an event before this one
            return Ended(at, ended_by(events), words(self.socket.error))
        return Ended(at, "local")


def place(url: str) -> Target:
    """The place of *url*; for one that RFC 6455 does not allow, as much as its text shows."""
    try:
        return target.parse(url)
    except TargetError:
        secure = url.startswith("wss:")
        return Target(url, secure, "", 443 if secure else 80, "/")


def rebuilt_head(lines: Sequence[bytes]) -> bytes:
    """A head of these lines, which a hostile log cannot lengthen by line ends."""
    return b"".join(re.sub(rb"[\r\n]+", b" ", each) + b"\r\n" for each in lines) + b"\r\n"


def _address(text: str) -> tuple[str, int]:
    """(address, port) of ``127.0.0.1:80`` or ``[::1]:80``."""
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port) if port.isdecimal() and int(port[:6]) <= 65535 else 0


def _last(events: Sequence[Event]) -> int:
    """The time of the last of *events*."""
    return max([0, *(each.at for each in events)])


def _refused(connection: LoggedConnection) -> bool:
    """Whether no address of *connection* could be reached."""
    return any(error for *_, error in connection.tries) and connection.connected is None


def _certificates(texts: Sequence[str]) -> Iterator[Certificate]:
    """The certificates of a log, in PEM."""
    for text in texts:
        inner = re.sub(r"-----[A-Z ]+-----|\s", "", text)
        try:
            yield certificate.read(b64decode(inner, validate=True))
        except ValueError:
            continue
