"""Chromium's NetLog -> its WebSockets, while the browser still writes it, or afterwards.

    log = NetLog()
    for piece in pieces_of_the_file:      # bytes, in pieces of any size
        log.feed(piece)
        for socket in log.sockets():      # at any time, in the order in which the page asked for them
            socket.key, socket.exchange, socket.finished
    log.close()                           # the log ended, perhaps in the middle: all sockets are finished

``wsprobe page`` reads a log that grows: it feeds what was appended, finds the socket of a DevTools event with
``with_key(Sec-WebSocket-Key)``, and waits until that socket is ``finished``. ``compare FILE`` feeds a whole
file, and takes what is finished with ``take_finished()``, so that memory does not grow with the log.

The format: net/log/file_net_log_observer.cc (one event a line), net_log_event_type_list.h (what each event
has) and net_log_values.cc (``%ESCAPED:``) in Chromium. ``constants`` gives the names of this version's
numbers, so the reader goes by names. An event belongs to a source, and a source names others that it uses:
WEBSOCKET_CHANNEL (id n), URL_REQUEST (id n + 1) -> HTTP_STREAM_JOB_CONTROLLER -> HTTP_STREAM_JOB -> SOCKET, or
HTTP2_SESSION -> SOCKET.
"""

from __future__ import annotations

import re
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from wsprobe.browser_logs.connection import LoggedConnection
from wsprobe.browser_logs.http2_streams import Http2Session
from wsprobe.browser_logs.json_members import JsonMembers
from wsprobe.browser_logs.netlog_recording import Attempt, WebSocket, fields_of, recorded
from wsprobe.browser_logs.socket import LoggedSocket, Packed, Place
from wsprobe.exchange import LoggedFrame

SOURCES_MAX = 4_000
"""The most live sources of one kind that are kept: a log may open more than it closes. An older WebSocket's
recording ends there, by a limit."""

SESSIONS_MAX = 500
"""The most HTTP/2 sessions; a browser has at most 256 connections."""

UNPACKED_MAX = 500
"""With more WebSockets than this, the finished ones are packed."""

FRAMES_MAX = 5_000
"""The most frame headers kept of one socket."""

CONNECTS_MAX = ADDRESSES_MAX = 64
"""The most connections of one connect job, and addresses of one name, that are kept."""

KEPT_MAX = 64 * 1024 * 1024
"""The most bytes kept of all sockets together; a recording that needs more ends there, by a limit."""

BEGIN, END = 1, 2
"""Phases of an event; 0 is an event without a duration."""

ESCAPED = "%ESCAPED:\u200b "
"""The beginning of a text with bytes that are not ASCII, which are percent-encoded then."""


class _Source(Struct, frozen=True):
    id: int
    type: int = 0


class _Packed(Struct, frozen=True):
    """A finished WebSocket, compressed."""

    id: int
    key: str
    url: str
    asked: float
    place: Place


class _Event(Struct, frozen=True):
    type: int
    source: _Source
    phase: int = 0
    time: str | int | float = 0
    params: Raw = Raw(b"{}")


class _Params(Struct, frozen=True):
    """The parameters that the reader uses, of all kinds of events."""

    url: str = ""
    initiator: str = ""
    message: str = ""
    net_error: int = 0
    source_dependency: _Source | None = None
    line: str = ""
    headers: list[str] | None = None
    byte_count: int = 0
    bytes: str = ""
    address: str = ""
    address_list: list[str] | None = None
    local_address: str = ""
    remote_address: str = ""
    proxy_chain: str = ""
    version: str = ""
    cipher_suite: int = 0
    next_proto: str = ""
    certificates: list[str] | None = None
    stream_id: int = 0
    fin: bool = False
    settings: list[str] | None = None
    id: str | int = ""
    value: int = 0
    error_code: str | int = ""
    last_accepted_stream_id: int = 0
    debug_data: str = ""
    final: bool = False
    opcode: int = 0
    payload_length: int = 0
    reserved1: bool = False
    reserved2: bool = False
    reserved3: bool = False
    new_state: str = ""


class _Client(Struct, frozen=True):
    name: str = ""
    version: str = ""
    command_line: str = ""


class _Constants(Struct, frozen=True, rename="camel"):
    log_event_types: dict[str, int]
    net_error: dict[str, int] = {}
    time_tick_offset: int | float | str = 0
    client_info: _Client = _Client()


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_params = msgspec.json.Decoder(_Params).decode

T = TypeVar("T")

Handler = Callable[["NetLog", int, int, float, _Params], None]
"""(log, id of the source, phase, time in milliseconds, parameters)."""

H = TypeVar("H", bound=Callable[..., None])

HANDLERS: dict[str, Handler] = {}
"""What is done with each type of event; the others are passed over."""


def on(*names: str, **given: bool) -> Callable[[H], H]:
    """Do it with each event of one of these types; *given*: what the function is told of the type."""

    def add(handler: H) -> H:
        HANDLERS.update(dict.fromkeys(names, partial(handler, **given) if given else handler))
        return handler

    return add


class NetLog:
    """The WebSockets in one NetLog, as far as it was fed."""

    def __init__(self, most: int | None = None, kept_max: int = KEPT_MAX) -> None:
        """*most*: WebSockets that are read; the log's later ones are passed over. *kept_max*: the most bytes
        kept of all of them together."""
        self._most = most
        self.kept_max = kept_max
        self._members = JsonMembers(b"events")
        self._handlers: dict[int, Handler] = {}
        self._wanted: frozenset[bytes] = frozenset()
        self._errors: dict[int, str] = {}
        self._offset = 0.0
        self._started = False
        self.has_bytes = False
        """Whether the log has the bytes of connections."""
        self.program = ""
        """The browser and its version, as ``Chromium 156.0.8078.114``."""
        self.verifies = True
        """False if the browser was told to ignore faults of certificates."""
        self.events = 0
        """How many events were read."""
        self._waiting: dict[int, WebSocket | _Packed] = {}
        """In the order in which they were asked for, without those that were taken; the finished ones packed
        where there are many."""
        self._packed = Packed()
        self._done: list[WebSocket] = []
        """Those that finished, and may be packed."""
        self._begun = 0
        self._closed = False
        self.channels: dict[int, WebSocket] = {}
        self.requests: dict[int, WebSocket] = {}
        self.controllers: dict[int, WebSocket] = {}
        self.jobs: dict[int, WebSocket] = {}
        self.connections: dict[int, LoggedConnection] = {}
        self.connects: dict[int, list[LoggedConnection]] = {}
        """The connections that each connect job began."""
        self.verifications: dict[int, LoggedConnection] = {}
        self.sessions: dict[int, Http2Session] = {}
        self.kept = 0
        """Bytes kept of all sockets."""

    @property
    def is_netlog(self) -> bool:
        """Whether the constants of a NetLog were read."""
        return self._started

    @property
    def lacks(self) -> str:
        """What the log does not have, and how to record it next time; "" if nothing is missing."""
        if self.has_bytes or not self._started:
            return ""
        return (
            "the log has no raw bytes: of a refusal only the status is known; to record status line, headers "
            "and body: --net-log-capture-mode=Everything (chrome://net-export: Include raw bytes)"
        )

    @property
    def problem(self) -> str:
        """Why the rest of the log cannot be read; "" so far."""
        return self._members.problem

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the log. Never raises."""
        for name, value in self._members.feed(data):
            if name == b"events":
                self._event(value)
            elif name == b"constants":
                self._constants(value)
        if len(self._waiting) > UNPACKED_MAX:
            for socket in self._done:
                if self._waiting.get(socket.id) is socket:
                    self.kept -= socket.size
                    made = self._made(socket)
                    place = self._packed.put(made)
                    self._waiting[socket.id] = _Packed(made.id, made.key, made.url, made.asked, place)
            self._done.clear()

    def close(self) -> None:
        """Take note that the log ended: what is not finished never will be."""
        self._closed = True

    def sockets(self) -> Iterator[LoggedSocket]:
        """Yield each WebSocket that was not taken, as far as the log goes, in the order asked."""
        yield from map(self._made, self._waiting.values())

    def with_key(self, key: str) -> LoggedSocket | None:
        """The WebSocket whose request has this Sec-WebSocket-Key; None if the log has none yet."""
        ids = (id for id, each, _, _ in self.known() if key and each == key)
        return next(map(self.with_id, ids), None)

    def with_id(self, id: int) -> LoggedSocket | None:
        """The WebSocket with this number of the log; None if the log has none."""
        found = self._waiting.get(id)
        return None if found is None else self._made(found)

    def known(self) -> Iterator[tuple[int, str, str, float]]:
        """Yield (id, key, URL, time asked) of each WebSocket that was not taken, in the order asked."""
        for each in self._waiting.values():
            asked = each.asked if isinstance(each, _Packed) else (self._offset + each.asked) / 1000
            yield each.id, each.key, each.url, asked

    def take_finished(self) -> Iterator[LoggedSocket]:
        """Yield WebSockets that are finished, and forget them; in the order asked, so one that is not finished
        keeps back those after it."""
        while self._waiting:
            id, socket = next(iter(self._waiting.items()))
            if isinstance(socket, WebSocket) and not (self._closed or socket.finished):
                return
            del self._waiting[id]
            if isinstance(socket, WebSocket):
                self.kept -= socket.size
            yield self._made(socket)
        self._done.clear()

    def _made(self, socket: WebSocket | _Packed) -> LoggedSocket:
        if isinstance(socket, _Packed):
            return self._packed.get(socket.place)
        return recorded(
            socket, self.program, self._offset, self._closed or socket.finished, verifies=self.verifies
        )

    def _constants(self, value: bytes) -> None:
        try:
            constants = msgspec.json.decode(value, type=_Constants)
            self._offset = float(constants.time_tick_offset)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return
        types = constants.log_event_types
        self._handlers = {types[name]: handler for name, handler in HANDLERS.items() if name in types}
        self._wanted = frozenset(b"%d" % each for each in self._handlers)
        self._errors = {number: name for name, number in constants.net_error.items()}
        client = constants.client_info
        self.program = " ".join(each for each in (client.name, client.version) if each)
        self.verifies = "--ignore-certificate-errors" not in client.command_line
        self._started = True

    def _event(self, value: bytes) -> None:
        self.events += 1
        last = value[value.rfind(b'"type":') + 7 : -1]  # Chromium's order: the event's own type comes last
        if last.isdigit() and last not in self._wanted:
            return
        try:
            event = _decode_event(value)
            handler = self._handlers.get(event.type)
            if handler is None:
                return
            params = _decode_params(event.params)
            time = float(event.time)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return
        if 0 <= time < 2**53:
            handler(self, event.source.id, event.phase, time, params)

    def error(self, number: int) -> str:
        """The name of a net error, as ``ERR_EMPTY_RESPONSE``; "" for 0."""
        return self._errors.get(number, f"ERR_{-number}") if number else ""

    def begin(self, socket: WebSocket) -> None:
        """Take note of a new WebSocket, unless it is one too many."""
        self._begun += 1
        if self._most is not None and self._begun > self._most:
            return
        self._waiting[socket.id] = socket
        if len(self.requests) == SOURCES_MAX:
            oldest = next(iter(self.requests.values()))
            oldest.stop(socket.asked)
            self._forget(oldest)
        keep(self.requests, socket.id, socket)
        self.use(self.channels, socket.id - 1, socket)  # the log has no other link to the channel

    def use(self, found: dict[int, WebSocket], id: int, socket: WebSocket) -> None:
        """Take note that source *id* works for *socket*."""
        keep(found, id, socket)
        socket.uses.append((found, id))

    def finish(self, socket: WebSocket, time: float) -> None:
        """Take note that the browser is done with *socket*: no other event belongs to it."""
        socket.end(time)
        self._forget(socket)

    def _forget(self, socket: WebSocket) -> None:
        self._done.append(socket)
        for attempt in socket.attempts:
            attempt.release()
        self.requests.pop(socket.id, None)
        for found, id in socket.uses:
            if found.get(id) is socket:
                del found[id]
        socket.uses.clear()


def keep(found: dict[int, T], id: int, value: T, most: int = SOURCES_MAX) -> None:
    """Put *value* into *found*, which keeps its newest entries only."""
    found[id] = value
    if len(found) > most:
        del found[next(iter(found))]


def unescaped(text: str) -> bytes:
    """The bytes of a text in a NetLog (net_log_values.cc, NetLogStringValue)."""
    if text.startswith(ESCAPED):
        text = text.removeprefix(ESCAPED)
        return re.sub(
            rb"%([0-9A-F]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode("utf-8", "replace")
        )
    return text.encode("utf-8", "replace")


def _bytes(params: _Params) -> bytes:
    try:
        return b64decode(params.bytes, validate=True)
    except ValueError:
        return b""


# The WebSocket and its request -------------------------------------------------------------------------------


@on("REQUEST_ALIVE")
def _request(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == BEGIN and params.url.startswith(("ws:", "wss:")):
        socket = WebSocket(id, params.url, time)
        log.begin(socket)
    elif phase == END and (found := log.requests.get(id)) is not None:
        found.request_ended(time, log.error(params.net_error))


@on("WEBSOCKET_ALIVE")
def _channel(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == END and (socket := log.channels.get(id)) is not None:
        log.finish(socket, time)


@on("WEBSOCKET_STATE_CHANGED")
def _state(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.new_state == "CONNECTED" and (socket := log.channels.get(id)) is not None:
        socket.opened = True


@on("URL_REQUEST_START_JOB")
def _start(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == BEGIN and (socket := log.requests.get(id)) is not None:
        if params.url.startswith(("ws:", "wss:")):
            socket.url = params.url  # HSTS turns ws: into wss:
        if params.initiator != "not an origin":
            socket.page = params.initiator


@on("WEBSOCKET_UPGRADE_FAILURE")
def _failure(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (socket := log.requests.get(id)) is not None:
        socket.message = unescaped(params.message).decode("utf-8", "replace")


@on("WEBSOCKET_RECV_FRAME_HEADER", sent=False)
@on("WEBSOCKET_SENT_FRAME_HEADER", sent=True)
def _framed(log: NetLog, id: int, phase: int, time: float, params: _Params, *, sent: bool) -> None:
    if (socket := log.requests.get(id)) is not None and len(socket.frames) < FRAMES_MAX:
        rsv = params.reserved1 << 2 | params.reserved2 << 1 | params.reserved3
        at, length = socket.since(time), max(0, min(params.payload_length, 2**53))
        socket.frames.append(LoggedFrame(at, sent, params.opcode & 15, params.final, rsv, length))


@on("HTTP_TRANSACTION_SEND_REQUEST_HEADERS")
def _asked(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (socket := log.requests.get(id)) is not None:
        lines = [unescaped(params.line).removesuffix(b"\r\n"), *map(unescaped, params.headers or ())]
        socket.ask(Attempt(time, lines))


@on("HTTP_TRANSACTION_READ_RESPONSE_HEADERS")
def _answered(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (socket := log.requests.get(id)) is not None and socket.attempts:
        attempt = socket.attempts[-1]
        attempt.answer = [unescaped(each) for each in params.headers or ()]
        attempt.answered = time


# From the request to its connection --------------------------------------------------------------------------


@on("HTTP_STREAM_JOB_CONTROLLER_BOUND")
def _controller(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.source_dependency is not None and (socket := log.requests.get(id)) is not None:
        log.use(log.controllers, params.source_dependency.id, socket)


@on("HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED")
def _proxied(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (socket := log.controllers.get(id)) is not None:
        socket.proxy = params.proxy_chain


@on("HTTP_STREAM_JOB")
def _job(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    controller = params.source_dependency
    if phase == BEGIN and controller and (socket := log.controllers.get(controller.id)) is not None:
        log.use(log.jobs, id, socket)


@on("SOCKET_POOL_BOUND_TO_CONNECT_JOB")
def _connecting(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.source_dependency is not None and (socket := log.jobs.get(id)) is not None:
        socket.connects = log.connects.get(params.source_dependency.id, [])


@on("SOCKET_POOL_BOUND_TO_SOCKET")
def _bound(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.source_dependency is None:
        return
    connection = log.connections.get(params.source_dependency.id)
    if connection is None:
        connection = LoggedConnection(params.source_dependency.id, time)
        keep(log.connections, connection.id, connection)
    connection.lend(None)
    if (socket := log.jobs.get(id)) is not None:
        socket.connection = connection


@on("CONNECT_JOB")
def _connect_job(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == END:
        log.connects.pop(id, None)


# Connections -------------------------------------------------------------------------------------------------


@on("SOCKET_ALIVE")
def _alive(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == BEGIN:
        connection = LoggedConnection(id, time)
        keep(log.connections, id, connection)
        if params.source_dependency is not None:
            job = params.source_dependency.id
            if job not in log.connects:
                keep(log.connects, job, [])
            if len(log.connects[job]) < CONNECTS_MAX:
                log.connects[job].append(connection)
    elif phase == END and (found := log.connections.pop(id, None)) is not None:
        found.end("local", time)


@on("TCP_CONNECT")
def _tcp(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (connection := log.connections.get(id)) is not None:
        if phase == BEGIN:
            connection.addresses = tuple(params.address_list or ())[:ADDRESSES_MAX]
        elif not params.net_error:
            connection.connected, connection.address = time, params.remote_address
            connection.local = params.local_address


@on("TCP_CONNECT_ATTEMPT")
def _attempt(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (connection := log.connections.get(id)) is not None:
        if phase == BEGIN and len(connection.tries) < ADDRESSES_MAX:
            connection.tries.append((time, params.address, 0.0, ""))
        elif phase == END and connection.tries and params.net_error:
            begun, address, *_ = connection.tries[-1]
            connection.tries[-1] = (begun, address, time, log.error(params.net_error))


@on("SSL_CONNECT")
def _tls(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (connection := log.connections.get(id)) is not None:
        if phase == BEGIN:
            connection.layers += 1
        else:
            connection.secured = time
            connection.tls = (params.version, params.cipher_suite, params.next_proto)
            connection.tls_error = log.error(params.net_error)


@on("SSL_CERTIFICATES_RECEIVED")
def _certificates(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (connection := log.connections.get(id)) is not None:
        connection.certificates = tuple(map(sys.intern, (params.certificates or ())[:ADDRESSES_MAX]))


@on("CERT_VERIFIER_REQUEST_BOUND_TO_JOB")
def _verifying(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.source_dependency is not None and (connection := log.connections.get(id)) is not None:
        keep(log.verifications, params.source_dependency.id, connection)


@on("CERT_VERIFIER_JOB")
def _verified(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == END and (connection := log.verifications.pop(id, None)) is not None:
        connection.certificate_error = log.error(params.net_error)


@on("SOCKET_BYTES_SENT", sent=True, layer=False)
@on("SOCKET_BYTES_RECEIVED", sent=False, layer=False)
@on("SSL_SOCKET_BYTES_SENT", sent=True, layer=True)
@on("SSL_SOCKET_BYTES_RECEIVED", sent=False, layer=True)
def _moved(log: NetLog, id: int, phase: int, time: float, params: _Params, *, sent: bool, layer: bool) -> None:
    if (connection := log.connections.get(id)) is None:
        return
    if not layer and not sent and not params.byte_count:
        connection.end("fin", time)
    if layer != (connection.layers > 0) or params.byte_count <= 0:
        return
    log.has_bytes = log.has_bytes or bool(params.bytes)
    if params.bytes and log.kept >= log.kept_max:
        connection.stop(time)
    log.kept += connection.move(sent, time, _bytes(params), params.byte_count)


@on("SOCKET_READ_ERROR", "SOCKET_WRITE_ERROR", "SSL_READ_ERROR")
def _broken(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.net_error and (connection := log.connections.get(id)) is not None:
        error = log.error(params.net_error)
        connection.end("reset" if error == "ERR_CONNECTION_RESET" else "error", time, error)


@on("HTTP_TRANSACTION_SEND_TUNNEL_HEADERS", "HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS")
def _tunnel(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    head = [unescaped(each) for each in (params.line.removesuffix("\r\n"), *(params.headers or ())) if each]
    for connection in log.connects.get(id, ())[-1:]:
        connection.tunnel_lines.append((bool(params.line), time, head))


# HTTP/2 ------------------------------------------------------------------------------------------------------


@on("HTTP2_SESSION_INITIALIZED")
def _session(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    session = Http2Session(id, time)
    keep(log.sessions, id, session, SESSIONS_MAX)
    if params.source_dependency is not None:
        session.connection = log.connections.get(params.source_dependency.id)
        if session.connection is not None:
            session.connection.lend(session)


@on("HTTP2_SESSION")
def _session_ended(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if phase == END:
        log.sessions.pop(id, None)


@on("HTTP2_SESSION_SEND_HEADERS")
def _stream(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if params.source_dependency is None or not 0 < params.stream_id < 2**31:
        return
    socket, session = log.requests.get(params.source_dependency.id), log.sessions.get(id)
    if socket is None or session is None:
        return
    attempt = Attempt(time, [unescaped(each) for each in params.headers or ()])
    attempt.stream = session.open(params.stream_id)
    attempt.stream.name(True, time, tuple(fields_of(attempt.request)), params.fin)
    socket.connection = None
    socket.ask(attempt)
    attempt.connection = session.connection


@on("HTTP2_SESSION_RECV_HEADERS")
def _block(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (session := log.sessions.get(id)) is not None and params.stream_id in session.streams:
        fields = tuple(fields_of([unescaped(each) for each in params.headers or ()]))
        session.streams[params.stream_id].name(False, time, fields, params.fin)


@on("HTTP2_SESSION_SEND_SETTINGS")
def _settings(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (session := log.sessions.get(id)) is not None:
        session.named_settings(True, time, params.settings or ())


@on("HTTP2_SESSION_RECV_SETTING")
def _setting(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (session := log.sessions.get(id)) is not None:
        session.named_setting(time, params.id, params.value)


@on("HTTP2_SESSION_RECV_GOAWAY")
def _goaway(log: NetLog, id: int, phase: int, time: float, params: _Params) -> None:
    if (session := log.sessions.get(id)) is not None:
        debug = unescaped(params.debug_data)
        session.named_goaway(time, params.last_accepted_stream_id, params.error_code, debug)


@on("HTTP2_SESSION_RECV_RST_STREAM", sent=False)
@on("HTTP2_SESSION_SEND_RST_STREAM", sent=True)
def _reset(log: NetLog, id: int, phase: int, time: float, params: _Params, *, sent: bool) -> None:
    if (session := log.sessions.get(id)) is not None:
        session.named_reset(sent, time, params.stream_id, params.error_code)
