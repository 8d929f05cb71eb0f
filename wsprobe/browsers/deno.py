"""Deno: which answers open the socket, how it reads frames, the events that it fires, and its HTTP parser.

Deno checks neither Sec-WebSocket-Accept nor subprotocol nor extensions. Sources: deno ext/websocket/lib.rs
(handshake_websocket, which repeats a failed handshake over TLS once more over HTTP/2; op_ws_create,
op_ws_next_event) and 01_websocket.js (_eventLoop); fastwebsockets 0.10 src/handshake.rs (verify), src/lib.rs
(ReadHalf), src/fragment.rs (Fragments), src/close.rs; rustls 0.23 src/error.rs; of the parser,
httparse 1.10 src/lib.rs (Response::parse, parse_headers_iter_uninit), and hyper 1.6 src/proto/h1/role.rs
(Client) and io.rs (Buffered::parse).
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from wsprobe.browsers.network import CERTIFICATE_REQUIRED, Hindered, hindered
from wsprobe.browsers.runtime.client import Client
from wsprobe.browsers.runtime.facts import RuntimeFacts
from wsprobe.browsers.runtime.frames import FrameSession, Header, Wrong, close_of
from wsprobe.browsers.runtime.heads import (
    DIGITS,
    TOO_LARGE,
    VALUE,
    Answered,
    BadHead,
    Failed,
    Fault,
    Field,
    Head,
    LineFeedParser,
    Opened,
    Short,
)
from wsprobe.browsers.script import CLOSED, WebSocket, arrivals
from wsprobe.exchange import FINISHED, Certificate, Ended
from wsprobe.read.frames import BINARY, CONTINUATION, PING, TEXT, utf8_fault
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import only_part
from wsprobe.read.unasked import spoke_unasked
from wsprobe.recording.certificate import is_address

_VERIFY = "fastwebsockets src/handshake.rs"
_CREATE = "deno ext/websocket/lib.rs"
_READ = "fastwebsockets src/lib.rs"
_FRAGMENTS = "fastwebsockets src/fragment.rs"
_LOOP = "deno ext/websocket/01_websocket.js"
_CANCELED = (
    'the message is "operation was canceled" if the server sends data or closes before the request is written'
)


class Facts(RuntimeFacts, frozen=True, kw_only=True):
    most_head: int
    """The number of bytes from which on an incomplete head is too large (hyper src/proto/h1/io.rs)."""
    most_fields: int
    """The most header fields of one head (hyper src/proto/h1/role.rs)."""
    most_payload: int
    """The number of bytes from which on a frame is too large (fastwebsockets src/lib.rs)."""


def _first(head: Head, name: bytes) -> str | None:
    """The first value of *name*, None if there is none or it is not visible ASCII."""
    values = head.values(name)
    return _to_str(values[0]) if values else None


def _to_str(value: bytes) -> str | None:
    """*value* as text, None if it is not visible ASCII (HeaderValue::to_str of the http crate)."""
    shown = all(byte == 0x09 or 0x20 <= byte < 0x7F for byte in value)
    return value.decode("ascii") if shown else None


def _certificate(found: Hindered) -> str:
    """rustls's text for an invalid certificate. ``{seconds}`` in it stands for the current time, and for the
    distance to it."""
    shown = found.certificate
    match found.key:
        case "expired" if shown is not None:
            after = _seconds(shown.not_after)
            return (
                "certificate expired: verification time {seconds} (UNIX), "
                f"but certificate is not valid after {after} ({{seconds}} seconds ago)"
            )
        case "not-yet-valid" if shown is not None:
            before = _seconds(shown.not_before)
            return (
                "certificate not valid yet: verification time {seconds} (UNIX), "
                f"but certificate is not valid before {before} ({{seconds}} seconds in future)"
            )
        case "wrong-name" if shown is not None:
            return f'certificate not valid for name "{found.host}"; certificate {_valid_for(shown)}'
        case _:
            return "UnknownIssuer"


def _valid_for(shown: Certificate) -> str:
    names = [f"IpAddress({name})" if is_address(name) else f'DnsName("{name}")' for name in shown.names]
    if not names:
        return "is not valid for any names (according to its subjectAltName extension)"
    *others, last = names
    return f"is only valid for {', '.join(others)} or {last}" if others else f"is only valid for {last}"


def _seconds(moment: str) -> int:
    """Seconds since 1970 of an ISO 8601 time; 0 if *moment* is none."""
    try:
        return round(datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0


class DenoSession(FrameSession[Facts]):
    """An open WebSocket. Deno does not unmask a masked frame: the script gets the masked bytes.

    ``Wrong`` carries the key of a WebSocketError, and its source file. The closing handshake has no time limit.
    """

    source = _READ

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        self._fragments: list[bytes] | None = None
        self._type = TEXT
        self._utf8 = getincrementaldecoder("utf-8")()
        self._texts: list[str] = []
        self._asked_at: int | None = None
        self._asked_now = False

    def run(self) -> None:
        super().run()
        self._asked_now = False

    @property
    def closing(self) -> bool:
        return self._asked_at is not None

    @property
    def _close_got_through(self) -> bool:
        """True once the script's close() has taken effect. op_ws_close is lazy: it starts at the next turn of
        the event loop, after everything that is already there."""
        return self._asked_at is not None and not self._asked_now

    def called(self, at: int) -> None:
        if self._asked_at is None and self.script.close_called:
            self._asked_at, self._asked_now = at, True

    def wait(self, at: int) -> None:
        if self._asked_at is not None and at > self._asked_at:
            self._asked_now = False

    def lost(self, ended: Ended) -> None:
        match ended.how:
            case "fin":
                self.fail("eof")
            case "truncated":
                self.fail("no-notify", "rustls")
            case _:
                self.fail("lost", "the connection")

    def check(self, header: Header) -> None:
        """parse_frame_header."""
        if header.first & 0x70:
            raise Wrong("rsv")
        if not header.known:
            raise Wrong("opcode")

    def measured(self, header: Header) -> None:
        if header.is_control and not header.final:
            raise Wrong("control-fragment")
        if header.opcode == PING and header.length > 125:
            raise Wrong("ping")
        if header.length >= self.facts.most_payload:
            raise Wrong("payload")

    def frame(self, header: Header, payload: bytes) -> None:
        match header.opcode:
            case 8:
                self._close(payload)
            case 9:
                if self._close_got_through:  # the Pong cannot be written any more, and that is an error
                    raise Wrong("pong")
            case 10:
                pass
            case 1 if header.final and utf8_fault(payload) is not None:
                raise Wrong("utf-8")
            case _:
                self._accumulate(header, payload)

    def _accumulate(self, header: Header, payload: bytes) -> None:
        """Fragments::accumulate: the first fragment of a new message replaces an unfinished message."""
        if header.opcode == CONTINUATION:
            self._continue(header, payload)
        elif header.final:
            if self._fragments is not None:
                raise Wrong("fragment", _FRAGMENTS)
            self._deliver(payload if header.opcode == BINARY else payload.decode("utf-8"))
        else:
            self._type, self._fragments = header.opcode, []
            self._utf8, self._texts = getincrementaldecoder("utf-8")(), []
            self._add(payload)

    def _continue(self, header: Header, payload: bytes) -> None:
        if self._fragments is None:
            raise Wrong("continuation", _FRAGMENTS)
        self._add(payload)
        if header.final:
            # An incomplete character at the end is dropped.
            data = "".join(self._texts) if self._type == TEXT else b"".join(self._fragments)
            self._fragments = None
            self._deliver(data)

    def _add(self, payload: bytes) -> None:
        assert self._fragments is not None
        if self._type == BINARY:
            self._fragments.append(payload)
            return
        try:
            self._texts.append(self._utf8.decode(payload))
        except UnicodeDecodeError:
            raise Wrong("utf-8", _FRAGMENTS) from None

    def _deliver(self, data: str | bytes) -> None:
        """Deliver a message, also while CLOSING: the event loop does not check readyState."""
        self.script.deliver(data)
        self.called(self.at)

    def _close(self, payload: bytes) -> None:
        code, reason = close_of(payload)
        if len(payload) == 1:
            raise Wrong("close-size")
        if utf8_fault(reason) is not None:
            raise Wrong("utf-8")
        if payload and not _is_allowed(code):
            raise Wrong("close-code")
        self.because = f"the server sent Close {code}: {_LOOP}"
        self.ends(code, reason.decode("utf-8"), clean=True)

    def fail(self, key: str, source: str = _READ) -> None:
        """Fail the connection. After the script's close(), any error counts as a normal close
        (op_ws_next_event)."""
        message = self.facts.failures[key]
        self.because = f"{message}: {source}"
        if self._close_got_through:
            self.ends(1005, clean=True)
            return
        self.script.error(CLOSED, message, f"Error: {message}")
        self.ends(0, clean=False)


def _is_allowed(code: int) -> bool:
    """True if Deno accepts a Close with this code (CloseCode::is_allowed)."""
    return code in (1000, 1001, 1002, 1003, *range(1007, 1014)) or 3000 <= code <= 4999


_HTTP = (b"H", b"T", b"T", b"P", b"/", b"1", b".", b"01", b" ")
_NO_BODY = (204, 304)
_LENGTH_MAX = 2**64 - 3
_DIGITS_MAX = len(str(2**64))


class Httparse(LineFeedParser):
    """The keys of faults are the names of hyper's errors (hyper::error::Parse)."""

    wrong = "Header"

    def __init__(self, data: bytes, most_fields: int) -> None:
        super().__init__(data)
        self._most_fields = most_fields
        self._minor = b""

    def start(self, at: int) -> int:
        while (byte := self.byte(at)) in (b"\r", b"\n"):
            at = self.expect(at + 1, b"\n", "Header") if byte == b"\r" else at + 1
        return at

    def status_line(self, at: int) -> tuple[int, int]:
        at = self.sequence(at, _HTTP, "Version")
        self._minor = self.data[at - 2 : at - 1]
        stop = self.sequence(at, (DIGITS,) * 3, "Status")
        end = self.past(VALUE, stop) if self.byte(stop) == b" " else stop
        return int(self.data[at:stop]), self.line_end(end, "Status")

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        found = super().field(at, fields)
        if len(fields) == self._most_fields:
            raise BadHead(at, TOO_LARGE)
        return found

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        """Client::decoder: hyper decides how the body is framed before it looks at the status."""
        if status < 100:
            raise BadHead(stop, "Status")
        if status < 200 or status in _NO_BODY:
            return
        names = {name for name, _ in fields}
        if b"transfer-encoding" in names:
            if self._minor == b"0":
                raise BadHead(stop, "TransferEncoding")
        elif b"content-length" in names:
            length = only_part(b",".join(value for name, value in fields if name == b"content-length"))
            if length is None or not length.isdigit() or len(digits := length.lstrip(b"0")) > _DIGITS_MAX:
                raise BadHead(stop, "ContentLength")
            if (number := int(digits or b"0")) >= 2**64:
                raise BadHead(stop, "ContentLength")
            if number > _LENGTH_MAX:
                raise BadHead(stop, TOO_LARGE)


def heads(reading: Reading, most_fields: int, most: int) -> Iterator[Head | Fault]:
    """As ``heads.heads``, but a fault is found at the time when hyper parses the head again.

    After a head was incomplete, hyper parses it again only once an empty line has arrived (is_complete_fast).
    *most_fields*: the most fields of one head. *most*: the number of bytes from which on an incomplete head is
    too large.
    """
    parser = Httparse(b"", most_fields)
    at = parsed = 0
    for arrival in arrivals(reading):
        parser.data += arrival.data
        while len(parser.data) > at:
            if parsed and not _seems_complete(parser.data, max(at, parsed - 3)):
                break
            try:
                status, fields, stop = parser.head(at)
            except BadHead as wrong:
                yield Fault(arrival.at, wrong.key)
                return
            except Short:
                break
            yield Head(arrival.at, status, fields, stop)
            at, parsed = stop, 0
            if status == 101 or status >= 200:
                return
        if len(parser.data) - at >= most:
            yield Fault(arrival.at, TOO_LARGE)
            return
        parsed = len(parser.data) if len(parser.data) > at else 0


def _seems_complete(data: bytes, start: int) -> bool:
    return data.find(b"\r\n\r\n", start) >= 0 or data.find(b"\n\n", start) >= 0


class Deno(Client[Facts]):
    """Its ErrorEvent contains the reason. The code of ``close`` is 0 if no server closed."""

    session = DenoSession
    name = "deno"
    source = _VERIFY
    http = "hyper src/proto/h1"
    because_early = _LOOP
    code_of_failure = 0

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """The result of the handshake, which has no time limit."""
        answered = super().answered(reading, protocols)
        if not isinstance(answered.outcome, Failed):
            return answered
        return replace(answered, outcome=replace(answered.outcome, code=self.facts.codes["failed"]))

    def read(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        step = super().read(reading, protocols)
        if reading.exchange.plan.target.secure and isinstance(step.outcome, Failed):
            why = f"{step.outcome.because}; then again with HTTP/2, which the server did not accept"
            return replace(step, outcome=self.failure("no-h2", because=why, source=_CREATE))
        return step

    def unmade(self, reading: Reading) -> Failed | None:
        failed, found = super().unmade(reading), hindered(reading)
        if failed is None or found is None:
            return None
        if found.kind == "alert" and found.key == str(CERTIFICATE_REQUIRED):  # rustls has connected by then
            failed = self.failure("no-h2")
        return replace(failed, because=f"there was no connection: {_CREATE}")

    def certificate(self, found: Hindered) -> dict[str, str]:
        return {"why": _certificate(found)}

    def heads(self, reading: Reading) -> Iterator[Head | Fault]:
        return heads(reading, self.facts.most_fields, self.facts.most_head)

    def judged(self, reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
        if head.status != 101:
            return self.failure("status", {"status": head.status}, because="the status is not 101")
        if (_first(head, b"upgrade") or "").lower() != "websocket":
            return self.failure("upgrade")
        if (_first(head, b"connection") or "").lower() != "upgrade":
            return self.failure("connection")
        extensions = (_to_str(value) for value in head.values(b"sec-websocket-extensions"))
        shown = "".join(value for value in extensions if value is not None)
        return Opened(_first(head, b"sec-websocket-protocol") or "", shown, head.stop)

    def lost(self, reading: Reading, how: str) -> Failed:
        if how in FINISHED:
            return self.failure("cut", because="the connection ended", source=self.http)
        return self.failure("reset", because="the connection was reset", source=self.http)

    def races(self, reading: Reading) -> str:
        return _CANCELED if spoke_unasked(reading) else ""

    def closed_early(self, script: WebSocket, url: str) -> None:
        text, code = self.facts.failures["closed-early"], self.facts.codes["closed-early"]
        script.error(CLOSED, text, f"{text} [{code}]")
        script.closed(0, clean=False)


ENGINE = Deno
