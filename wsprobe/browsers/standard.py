"""An ``Engine`` that is a specification: what a browser would show if it followed the text, and did no more.
One engine for all texts, with their differences as data (``Letter``).

The constructor, step by step: WHATWG WebSockets section 3.1; W3C CR 2012 section 4. The handshake: RFC 6455
section 4.1, items 1 to 6, as the API texts use them; over HTTP/2 by RFC 8441 and RFC 9113. After ``open``: RFC
6455 sections 5 and 7. Under all of them is RFC 6455 with RFC 7692.

The API texts do not cover HTTP/2. WHATWG WebSockets uses a separate connection, and fails any status but 101,
which RFC 9113 section 8.6 forbids. An editor called that a bug in the standard on 2026-01-09 (whatwg/websockets
issue 70); no text has replaced it yet.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, DomException, EngineFacts, Made, Page, ScriptView
from wsprobe.browsers.http2 import announced
from wsprobe.browsers.inflate import TOO_LONG, TooLong
from wsprobe.browsers.life import Ending, Handshake, Life, seen
from wsprobe.browsers.page import first_invalid, first_repeated, given, upgraded, upgrades, violation
from wsprobe.browsers.request import Requesting, offered
from wsprobe.browsers.script import CLOSED, OPEN, UNLIMITED, OwnClose, WebSocket, end, in_order
from wsprobe.browsers.url import (
    Address,
    as_websocket,
    bad_port,
    insecure_from_secure,
    parse,
    target,
    trustworthy_host,
)
from wsprobe.exchange import LOST, Act, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, INFLATED_MAX, TEXT, masked_messages, utf8_fault
from wsprobe.read.head import malformed
from wsprobe.read.http2_values import HeaderBlock
from wsprobe.read.inflate import Direction, InflateError, Inflater
from wsprobe.read.reading import Frame, Head, Reading, Response
from wsprobe.read.tokens import Extension, Malformed, expected_accept, is_token, parse_extensions, split_list


class Letter(EngineFacts, frozen=True, kw_only=True):
    """One specification of the API. Each member is a rule of the text. ``version`` is the date of the text;
    ``request`` has the fields that the text requires, in its order, without those whose value it leaves to the
    browser."""

    name: str
    relative_urls: bool
    """True if the constructor resolves relative URLs, and accepts http: and https: (WHATWG since
    2023-05-12)."""
    throws_security_error: bool
    """Blocked ports, and ws: from an https: page: SecurityError from the constructor, else a network error."""
    policies: bool
    """True if CSP's connect-src applies (through Fetch)."""
    conforming_status_line: bool
    """True if a malformed status line fails the handshake. With Fetch, the HTTP parser decides, and browsers'
    parsers are lenient."""
    missing_protocol_fails: bool
    """True if the handshake fails when the server selects none of the requested subprotocols (r1.302,
    2013-10-21)."""
    offer: str
    """Sec-WebSocket-Extensions as sent, "" if nothing is offered (until 2016-03-14)."""
    fetch: bool
    """The handshake is a fetch: interim answers are skipped by name, and cookies of any answer are stored."""
    established: str
    """Where the text says when the connection is established."""
    status: str
    """Where the text says that a status other than 101 fails."""


class Opened(Struct, frozen=True):
    protocol: str
    extensions: str
    deflate: Direction | None


class Failed(Struct, frozen=True):
    because: str


def validate(
    reading: Reading, response: Response, protocols: tuple[str, ...], letter: Letter
) -> Opened | Failed:
    """Check the answer to the handshake. The result: what was agreed, or the first check that fails."""
    if reading.http2 is not None:
        return _over_http2(reading, response, protocols, letter)
    head = response.head
    if response.status != 101:
        return Failed(f"{letter.status}: the status is not 101")
    if letter.conforming_status_line and (why := malformed(response)):
        return Failed(f"RFC 6455 section 4.1, last paragraph: malformed status line, {'; '.join(why)}")
    if _lacks_protocol(head, protocols, letter):
        return Failed(_NO_PROTOCOL)
    for check in _upgrade(head), _connection(head), _accept(head, reading.request.key):
        if check:
            return Failed(check)
    return negotiated(head, protocols, letter)


def negotiated(head: Head, protocols: tuple[str, ...], letter: Letter) -> Opened | Failed:
    """Check subprotocol and extensions (items 5 and 6), over HTTP/2 too (RFC 8441 section 5)."""
    if _lacks_protocol(head, protocols, letter):
        return Failed(_NO_PROTOCOL)
    answered = [field.value for field in head.all(b"sec-websocket-protocol")]
    offered = letter.offer.partition(";")[0].encode()
    agreed = extensions(head, offered, letter.offer)
    if isinstance(agreed, str):
        return Failed(agreed)
    protocol = b", ".join(answered).decode("latin-1")
    if answered and protocol not in protocols:
        return Failed("RFC 6455 section 4.1, item 6: a subprotocol that was not offered")
    shown = ", ".join(field.value.decode("latin-1") for field in head.all(b"sec-websocket-extensions"))
    return Opened(protocol, shown, agreed[0] if agreed else None)


_NO_PROTOCOL = "WHATWG WebSockets section 2.2, processResponse: subprotocols were offered, the answer has none"


def _lacks_protocol(head: Head, protocols: tuple[str, ...], letter: Letter) -> bool:
    """True if this letter needs a subprotocol and the answer has none: Fetch's "extract header list values"
    returns null or failure."""
    if not letter.missing_protocol_fails or not protocols:
        return False
    return not any(split_list(field.value) for field in head.all(b"sec-websocket-protocol"))


def _upgrade(head: Head) -> str:
    values = [part for field in head.all(b"upgrade") for part in split_list(field.value)]
    if not values:
        return "RFC 6455 section 4.1, item 2: no Upgrade"
    if any(value.lower() != b"websocket" for value in values):
        return "RFC 6455 section 4.1, item 2: Upgrade has a value that is not websocket"
    return ""


def _connection(head: Head) -> str:
    tokens = [part.lower() for field in head.all(b"connection") for part in split_list(field.value)]
    return "" if b"upgrade" in tokens else "RFC 6455 section 4.1, item 3: no Connection token Upgrade"


def _accept(head: Head, key: bytes | None) -> str:
    value = (head.joined(b"sec-websocket-accept") or b"").strip()
    if not value:
        return "RFC 6455 section 4.1, item 4: no Sec-WebSocket-Accept"
    if key is None or value != expected_accept(key):
        return "RFC 6455 section 4.1, item 4: Sec-WebSocket-Accept does not match the key"
    return ""


def extensions(head: Head, offered: bytes, offer: str) -> tuple[Direction, ...] | str:
    """How the server compresses, () if it does not; or why the connection fails (items 5; RFC 7692)."""
    agreed: list[Direction] = []
    for field in head.all(b"sec-websocket-extensions"):
        listed = parse_extensions(field.value)
        if isinstance(listed, Malformed):
            return "RFC 6455 section 9.1: Sec-WebSocket-Extensions does not follow its grammar"
        for each in listed:
            if not offered or each.name != offered:
                return "RFC 6455 section 4.1, item 5: an extension that was not offered"
            fault = next(_deflate_faults(each, offer), None)
            if fault or agreed:
                return f"RFC 7692 section 7.1: {fault or 'permessage-deflate twice'}"
            agreed.append(_direction(each))
    return tuple(agreed)


_WITHOUT_VALUE = (b"server_no_context_takeover", b"client_no_context_takeover")
_BITS = (b"server_max_window_bits", b"client_max_window_bits")
_WINDOW = rb"[89]|1[0-5]"


def _deflate_faults(of: Extension, offer: str) -> Iterator[str]:
    names = [name for name, _ in of.params]
    if len(set(names)) < len(names):
        yield "a parameter is repeated"
    for name, value in of.params:
        if name in _WITHOUT_VALUE:
            if value is not None:
                yield f"{name.decode()} takes no value"
        elif name in _BITS:
            if value is None or not re.fullmatch(_WINDOW, value):
                yield f"{name.decode()} is not 8 to 15"
            elif name.decode() not in offer and name.startswith(b"client"):
                yield f"{name.decode()} was not offered"
        else:
            yield "a parameter that is not defined"


def _direction(of: Extension) -> Direction:
    params = dict(of.params)
    bits = params.get(b"server_max_window_bits")
    return Direction(b"server_no_context_takeover" not in params, int(bits) if bits else 15)


RESTS_ON = (
    "this specification does not define WebSockets over HTTP/2 (whatwg/websockets issue 70): the view follows "
    "RFC 8441 and RFC 6455 section 4.1"
)
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)
_NO_SPACE = b" \t"


def _over_http2(
    reading: Reading, response: Response, protocols: tuple[str, ...], letter: Letter
) -> Opened | Failed:
    """Check the final answer on the stream. The result: what was agreed, or the first check that fails."""
    assert reading.http2 is not None
    block = next(b for b in reading.http2.blocks if b.start == response.head.start)
    fault = _malformed(block)
    if fault:
        return Failed(fault)
    if response.status == 101:
        return Failed("RFC 9113 section 8.6: HTTP/2 has no status 101")
    if response.status != 200:
        return Failed("RFC 8441 section 5, RFC 6455 section 4.1, item 1: the status is not 200")
    return negotiated(response.head, protocols, letter)


def _malformed(block: HeaderBlock) -> str:
    """The rule of RFC 9113 that the fields break first, "" if they break none."""
    if block.problem:
        return "RFC 9113 section 4.3: the fields cannot be decoded"
    if [field.name for field in block.pseudo] != [b":status"]:
        return "RFC 9113 section 8.3.2: there must be one :status, and no other pseudo-header"
    if not block.fields[0].name.startswith(b":"):
        return "RFC 9113 section 8.3: a pseudo-header after a header"
    status = block.fields[0].value
    if len(status) != 3 or not status.isdigit():
        return "RFC 9113 section 8.3.2: :status is not a status code"
    for field in block.regular:
        if not is_token(field.name) or field.name != field.name.lower():
            return "RFC 9113 section 8.2.1: an invalid header name, or one with a capital letter"
        if field.value != field.value.strip(_NO_SPACE) or any(byte in field.value for byte in (0, 10, 13)):
            return "RFC 9113 section 8.2.1: a header value with a forbidden character"
        if field.name in _CONNECTION_FIELDS:
            return "RFC 9113 section 8.2.2: a connection-specific header"
    return ""


def request_sent(reading: Reading) -> bool:
    """False if no request was sent, because the server did not announce extended CONNECT."""
    return reading.http2 is None or reading.http2.request is not None or announced(reading.http2)


def over(reading: Reading) -> Ended:
    """The end of the stream as the end of a connection (RFC 8441 section 5: END_STREAM corresponds to a TCP
    close, RST_STREAM to a reset)."""
    last = end(reading)
    stream = reading.http2.end if reading.http2 is not None else None
    if stream is None or stream.by != "server" or stream.how == "connection":
        return last
    return Ended(stream.at, "fin" if stream.how == "end-stream" else "reset")


class Session:
    """Follows one session; ``because`` is the rule that ended it."""

    def __init__(self, script: WebSocket, deflate: Direction | None) -> None:
        self._script = script
        self._inflater = Inflater(deflate, INFLATED_MAX) if deflate is not None else None
        self._message: list[Frame] = []
        """The frames of the incomplete message, [] without one."""
        self._text = getincrementaldecoder("utf-8")()
        self._read: list[str] = []
        self._closing: Frame | None = None
        self.because = ""

    def follow(self, reading: Reading, acts: list[Act]) -> None:
        """From ``open`` to the end of the recording."""
        assert reading.session is not None
        whole = [frame for frame in reading.session.frames if frame.complete]
        for happening in in_order(reading, whole, acts, over(reading)):
            if self._script.ready_state == CLOSED:
                return
            match happening:
                case Frame():
                    try:
                        self._frame(happening)
                    except TooLong:
                        self.because = TOO_LONG
                        return
                case Act():
                    self._script.do(happening)
                case OwnClose():
                    if not self._script.close_called and self._closing is None:
                        return
                case Ended():
                    self._end(happening)
                case _:
                    pass

    def _frame(self, frame: Frame) -> None:
        if self._closing is not None:
            return  # RFC 6455 section 5.5.1: frames after a Close are ignored
        fault = next(self._faults(frame), None)
        if fault is not None:
            self._fail(fault)
        elif frame.opcode == CLOSE:
            self._close(frame)
        elif frame.opcode in (CONTINUATION, TEXT, BINARY):
            self._data(frame)

    def _faults(self, frame: Frame) -> Iterator[str]:
        """Every rule of RFC 6455 section 5 that *frame* breaks."""
        if frame.masked:
            yield "RFC 6455 section 5.1: a server must not mask"
        compressed = self._inflater is not None and frame.rsv == 4 and frame.opcode in (TEXT, BINARY)
        if frame.rsv and not compressed:
            yield "RFC 6455 section 5.2: a reserved bit is set"
        if frame.opcode not in (0, 1, 2, 8, 9, 10):
            yield "RFC 6455 section 5.2: an unknown opcode"
        if not frame.minimal:
            yield "RFC 6455 section 5.2: the length is not in its shortest form"
        if frame.length >= 1 << 63:
            yield "RFC 6455 section 5.2: the highest bit of the length is set"
        if frame.is_control and (not frame.fin or frame.length > 125):
            yield "RFC 6455 section 5.5: a control frame is fragmented or too long"
        if frame.opcode == CONTINUATION and not self._message:
            yield "RFC 6455 section 5.4: a continuation frame without a message"
        if frame.opcode in (TEXT, BINARY) and self._message:
            yield "RFC 6455 section 5.4: a new message within a message"

    def _data(self, frame: Frame) -> None:
        first = self._message[0] if self._message else frame
        if first is frame:
            self._text = getincrementaldecoder("utf-8")()
        self._message.append(frame)
        try:
            if first.opcode == TEXT and not first.rsv:
                self._read.append(self._text.decode(frame.data, frame.fin))
            if frame.fin:
                self._deliver(first)
        except UnicodeDecodeError:
            self._fail("RFC 6455 section 8.1: a text message that is not UTF-8")
        except InflateError:
            self._fail("RFC 7692 section 7.2.2: a message that does not inflate")

    def _deliver(self, first: Frame) -> None:
        """Deliver the whole message. Raises UnicodeDecodeError, InflateError, TooLong."""
        parts, read = self._message, self._read
        self._message, self._read = [], []
        if first.opcode == TEXT and not first.rsv:
            self._script.message("".join(read))
            return
        data = b"".join(part.data for part in parts)
        if first.rsv and self._inflater is not None:
            data = self._inflater.inflate(data)
            if not self._inflater.room:
                raise TooLong
        self._script.message(data.decode("utf-8") if first.opcode == TEXT else data)

    def _close(self, frame: Frame) -> None:
        if len(frame.data) == 1 or utf8_fault(frame.data[2:]) is not None:
            self._fail("RFC 6455 section 5.5.1: a Close frame with half a code, or a reason that is not UTF-8")
            return
        self._closing = frame
        self._script.ready_state = max(self._script.ready_state, 2)

    def _fail(self, because: str) -> None:
        self.because = because
        self._script.failed()

    def _end(self, ended: Ended) -> None:
        if self._closing is not None:
            code = 1005 if self._closing.close_code is None else self._closing.close_code
            self.because = "RFC 6455 section 7.1.4: the closing handshake is complete"
            self._script.closed(code, self._closing.data[2:].decode(), clean=True)
        elif ended.how in LOST:
            if self._script.ready_state == OPEN:
                self._fail("RFC 6455 section 7.2.1: the transport was lost, so the connection fails")
            else:
                self.because = "RFC 6455 section 7.1.5: closed without a Close frame"
                self._script.closed(1006, clean=False)
        elif self._script.close_called:
            self._script.assume(UNLIMITED)


def construct(url: str, page: Page, letter: Letter) -> Made:
    """Run ``new WebSocket(url, protocols)``. The texts give exceptions no message."""
    if page.construct != "new":
        return _thrown("TypeError", None, "Web IDL: an interface constructor needs new and its arguments")
    base = parse(page.url)
    address = parse(url, page.url if letter.relative_urls else None)
    if address is None:
        return _thrown("SyntaxError", 12, "the URL does not parse")
    if letter.relative_urls:
        address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _thrown("SyntaxError", 12, "the scheme is not ws or wss")
    if address.fragment is not None:
        return _thrown("SyntaxError", 12, "the URL has a fragment")
    protocols = given(page)
    if letter.throws_security_error and (refused := _insecure(base, address)):
        return _thrown("SecurityError", 18, refused)
    if first_invalid(protocols) is not None or first_repeated(protocols) is not None:
        return _thrown("SyntaxError", 12, "a subprotocol is not a token, or is repeated")
    return _connecting(address, base, page, protocols, letter)


def _insecure(base: Address | None, to: Address) -> str:
    if bad_port(to):
        return "the port is blocked"
    if base is not None and insecure_from_secure(base, to):
        return "the page is secure and the URL is not"
    return ""


def _connecting(
    to: Address, base: Address | None, page: Page, protocols: tuple[str, ...], letter: Letter
) -> Made:
    """The construction after Fetch's main fetch, which may block the request."""
    shown = to.href
    if letter.policies and base is not None:
        if not to.secure and upgrades(page.csp):
            to = upgraded(to)
        if page.csp and violation(page.csp, base, to) is not None:
            made = Construction(shown, blocked="csp", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked by Content Security Policy (connect-src)")
    if not letter.throws_security_error:
        if bad_port(to):
            made = Construction(shown, blocked="bad-port", protocols=protocols)
            return Made(made, because="Fetch, main fetch: port blocking")
        if base is not None and insecure_from_secure(base, to) and not trustworthy_host(to.host):
            made = Construction(shown, blocked="mixed-content", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked as mixed content")
    if to.query == "?" and not letter.fetch:
        to = replace(to, query="")  # RFC 6455 section 3: an empty query has no question mark
    return Made(Construction(shown, target=target(to), protocols=protocols))


def _thrown(name: str, code: int | None, because: str) -> Made:
    return Made(Construction("", exception=DomException(name, "", code)), because=because)


STILL_WAITING = ("timeout", "local", "limit", "interrupted")
"""Ends that wsprobe caused: the server might have continued."""


class Standard(Requesting):
    """A specification. The differences between texts are its facts."""

    facts: Letter

    def __init__(self, facts: Letter) -> None:
        super().__init__(facts)
        self.name = facts.name

    def make(self, url: str, page: Page) -> Made:
        return construct(url, page, self.facts)

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        first = readings[:1]
        life = _Life(self, made, page, first)
        otherwise = RESTS_ON if first and first[0].http2 is not None else ""
        return seen(self, page, made, first, life, otherwise=otherwise)


class _Life(Life[Response | None]):
    """The life of one WebSocket in the texts: one handshake, whose step is the answer, None without one."""

    engine: Standard

    def blocked(self, script: WebSocket) -> Ending | None:
        return _failed(script, self.because) if self.because else None

    def closed_early(self, script: WebSocket) -> Ending:
        return _failed(script, "close() while CONNECTING fails the connection")

    def handshakes(self) -> Iterator[Handshake[Response | None]]:
        for reading in self.readings:
            if not request_sent(reading):
                because = "RFC 8441 section 3: the server does not announce it, so no request was sent"
                yield Handshake(0, None, instead=Ending("follows", because))
            final = reading.final
            if final is None or not final.head.complete:
                yield Handshake(over(reading).at, None)
            else:
                yield Handshake(reading.when(final.head.start + len(final.head.raw) - 1), final)

    def answered(self, script: WebSocket, step: Response | None, acts: list[Act]) -> Ending | None:
        reading, letter = self.readings[0], self.engine.facts
        if step is None:
            if over(reading).how in STILL_WAITING and not reading.looks_like:
                return None
            return _failed(script, f"{letter.established}: no answer, a network error")
        outcome = validate(reading, step, offered(reading, self.made.protocols), letter)
        if isinstance(outcome, Failed):
            return _failed(script, outcome.because, self._cookies(step, opened=False))
        script.opened(outcome.protocol, outcome.extensions)
        deflate = outcome.deflate
        if deflate is not None:
            deflate = replace(deflate, masked=masked_messages(reading))
        session = Session(script, deflate)
        session.follow(reading, acts)
        how = "closed" if script.ready_state == CLOSED else "open"
        return Ending(how, session.because or letter.established, self._cookies(step, opened=True))

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        if not self.readings:
            return Ending("connecting", "nothing was recorded")
        return Ending("connecting", "no answer yet; the specifications set no limit")

    def _cookies(self, final: Response, *, opened: bool) -> tuple[str, ...]:
        """The cookies to store: with Fetch, those of every answer; before Fetch, those of a successful
        handshake."""
        if not (self.engine.facts.fetch or opened):
            return ()
        return tuple(field.value.decode("utf-8", "replace") for field in final.head.all(b"set-cookie"))


def _failed(script: WebSocket, because: str, cookies: tuple[str, ...] = ()) -> Ending:
    script.failed()
    return Ending("failed", because, cookies)


_HANDSHAKE = (
    ("Host", "{host}"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "{key}"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "{protocols}"),
)
"""The fields that both texts send first."""
_LETTERS = (
    # The WHATWG WebSockets Standard with Fetch, as of 2025-07 and 2026-07.
    Letter(
        name="whatwg",
        version="2025-07-14",
        relative_urls=True,
        throws_security_error=False,
        policies=True,
        conforming_status_line=False,
        missing_protocol_fails=True,
        request=(
            *_HANDSHAKE,
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ("Origin", "{origin}"),
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="permessage-deflate; client_max_window_bits",
        fetch=True,
        established="WHATWG WebSockets section 2.2",
        status="WHATWG WebSockets section 2.2, processResponse",
    ),
    # The WebSocket API, W3C Candidate Recommendation of 20 September 2012.
    Letter(
        name="w3c-cr-2012",
        version="2012-09-20",
        relative_urls=False,
        throws_security_error=True,
        policies=False,
        conforming_status_line=True,
        missing_protocol_fails=False,
        request=(
            *_HANDSHAKE,
            ("Origin", "{origin}"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="",
        fetch=False,
        established="W3C CR 2012 section 4",
        status="W3C CR 2012 section 4",
    ),
)
ENGINES = {letter.name: Standard(letter) for letter in _LETTERS}
