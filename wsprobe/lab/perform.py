"""The server's side of a scenario, without input or output: what to do next, step by step.

A performance is a generator: it yields a deed and receives its result. Its driver has the socket and the clock
(``server``), or neither (``play``).

The request determines the wire version. ``{opening}`` is the 101 of that version; frames of the client are read
and echoed in it. Everything else in a scenario is sent unchanged.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from hashlib import sha1
from typing import assert_never

from msgspec import Struct

from wsprobe.lab.scenario import Http2Play, Scenario, Step, escape, fields, fill
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from wsprobe.read.request import Request, RequestReader
from wsprobe.read.tokens import expected_accept, split_list
from wsprobe.wire import wire_of
from wsprobe.wire.framing import CONTROL_MAX
from wsprobe.wire.server_side import RFC6455, SERVER_SIDES, Speech, challenge, nonce

PATIENCE = 20.0
"""The most seconds that the lab waits for a client's request."""

LONGEST_HEAD = 256 * 1024
"""The most bytes of a request's head that the lab reads."""


def request(data: bytes) -> Request | None:
    """The request at the beginning of *data*, None while its head is incomplete."""
    return RequestReader().receive(data)


def values(asked: Request) -> dict[str, bytes]:
    """Name -> value of the template fields that come from the request.

    ``{accept}`` is the right Sec-WebSocket-Accept (RFC 6455 section 4.2.2); each name that begins with
    ``accept-`` is wrong in one way. ``{host}`` is the Host field, ``{path}`` the resource name, ``{protocol}``
    the first subprotocol offered.
    """
    key = asked.first(b"sec-websocket-key")
    accept = expected_accept(key)
    digest = b64decode(accept)
    protocols = split_list(asked.first(b"sec-websocket-protocol") or asked.first(b"websocket-protocol"))
    return {
        "accept": accept,
        "accept-lower": accept.lower(),
        "accept-swapped": accept.swapcase(),
        "accept-unpadded": accept.rstrip(b"="),
        "accept-hex": digest.hex().encode("ascii"),
        "accept-base64-of-hex": b64encode(digest.hex().encode("ascii")),
        "accept-without-guid": b64encode(sha1(key, usedforsecurity=False).digest()),
        "key": key,
        "host": asked.first(b"host"),
        "origin": asked.first(b"origin") or asked.first(b"sec-websocket-origin"),
        "path": asked.resource,
        "protocol": protocols[0] if protocols else b"",
    }


def broken(right: bytes) -> bytes:
    """*right* with every bit of its last byte inverted: a wrong answer to a challenge."""
    return right[:-1] + bytes(each ^ 0xFF for each in right[-1:])


LONGEST_INBOX = 1024 * 1024
"""The most bytes of a client's frame, and of answers that wait to be sent."""

HEADER_MAX = 14
"""The most bytes of a frame header, for frames up to LONGEST_INBOX in any version."""


class Inbox:
    """Reads a client's frames, and makes the answers of an echo server.

    No received bytes make it raise; its memory is bounded.
    """

    def __init__(self, early: bytes = b"", speech: Speech = RFC6455) -> None:
        """*early*: bytes that arrived right after the request."""
        self._speech = speech
        self.ended = False
        """True once the client's stream has ended."""
        self.touched = False
        """True once any byte has arrived."""
        self.frames = 0
        """The number of complete frames received."""
        self.close: bytes | None = None
        """The Close frame that answers the client's; None until the client sends one."""
        self.answers = bytearray()
        """The frames that an echo server would send back. The sender clears them."""
        self._buffer = bytearray()
        self._deaf = False
        if early:
            self.receive(early)

    def receive(self, data: bytes) -> None:
        """Add the bytes of one read; b"" is the end of the client's stream."""
        if not data:
            self.ended = True
        self.touched = True
        if self._deaf:
            return
        self._buffer += data
        at = 0
        while not self._deaf and (came := self._speech.heard(self._buffer, at, lambda offset: 0)) is not None:
            at = came.span[1]
            self.frames += 1
            self._hear(came.opcode, came.fin, came.data)
        del self._buffer[:at]
        if len(self._buffer) > LONGEST_INBOX + HEADER_MAX:
            self._keep(self._speech.too_big)
            self._deaf = True

    def _hear(self, opcode: int, fin: bool, payload: bytes) -> None:
        if opcode == CLOSE:
            self.close = self._speech.closing(payload)
            self._keep(self.close)
            self._deaf = True
        elif opcode == PING:
            self._keep(self._speech.said(PONG, payload[:CONTROL_MAX], True))
        elif opcode in (CONTINUATION, TEXT, BINARY):
            self._keep(self._speech.said(opcode, payload, fin))

    def _keep(self, answer: bytes) -> None:
        if len(self.answers) <= LONGEST_INBOX:
            self.answers += answer


UNKNOWN_VERSION = (
    b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: %s\r\nContent-Length: 0\r\n\r\n"
)


class PlayedAnswer(Struct, frozen=True):
    steps: tuple[Step, ...]
    values: Mapping[str, bytes]
    inbox: Inbox

    def perform(self, clock: Callable[[], float]) -> Performance:
        """The performance of this answer. *clock* returns seconds."""
        return perform(self.steps, self.values, clock, self.inbox)


def refusal(versions: tuple[str, ...]) -> Step:
    """The 426 for a Sec-WebSocket-Version that is not one of *versions* (RFC 6455 section 4.2.2, item 4)."""
    return Step("send", UNKNOWN_VERSION % ", ".join(versions).encode("ascii"))


def answer(
    scenario: Scenario, asked: Request, ports: Mapping[str, int], *, secure: bool = False
) -> PlayedAnswer:
    """The answer of *scenario* to *asked*.

    *ports*: listener -> port, for the template fields with listeners' names. *secure*: the request came over
    TLS. Template fields, in addition to ``values``:

    - ``{opening}``: the 101 of the request's wire version
    - ``{location}``: the URL that the hixie drafts repeat
    - ``{challenge}``, ``{challenge-wrong}``: the sixteen bytes of hixie-76, right and wrong
    - ``{nonce}``: the nonce of hybi-04
    """
    server = SERVER_SIDES[wire_of(asked)]
    filled = values(asked)
    filled["location"] = (b"wss://" if secure else b"ws://") + filled["host"] + asked.resource
    filled["challenge"] = challenge(asked)
    filled["challenge-wrong"] = broken(filled["challenge"])
    filled["nonce"] = nonce(asked)
    filled["opening"] = opened = server.opening(filled)
    filled |= {name: b"%d" % port for name, port in ports.items()}
    unknown = (
        scenario.versions and asked.first(b"sec-websocket-version").decode("latin-1") not in scenario.versions
    )
    steps = (refusal(scenario.versions),) if unknown else scenario.steps
    return PlayedAnswer(steps, filled, Inbox(asked.early, server.speech(asked, opened)))


def play_of(play: Http2Play | None, before: int, *, authorized: bool) -> tuple[Step, ...]:
    """The steps that answer a CONNECT for a scenario with this *play*; 404 without one. *before*: how many
    CONNECTs were answered before it.

    A CONNECT with credentials (*authorized*) never counts as the first, even on a new connection: an earlier
    answer requested them.
    """
    if play is None:
        return not_found(b"This scenario is one of HTTP/1.1.\n")
    return play.plays[min(max(before, int(authorized)), len(play.plays) - 1)]


PAGE = b"<!doctype html><title>wsprobe lab</title><p>A page that came over HTTP/2.\n"


def page_steps() -> tuple[Step, ...]:
    """The answer to a request that is no CONNECT: a page, so that a browser has a connection to the origin."""
    fields = ((b":status", b"200"), (b"content-type", b"text/html"), (b"content-length", b"%d" % len(PAGE)))
    return (Step("headers", fields=fields), Step("send", PAGE, end_stream=True))


def not_found(text: bytes) -> tuple[Step, ...]:
    """A 404 over HTTP/2 with *text* as its body."""
    fields = ((b":status", b"404"), (b"content-type", b"text/plain; charset=utf-8"))
    return (Step("headers", fields=fields), Step("send", escape(text), end_stream=True))


PIECE = 65536
"""The most bytes sent at once. Repeated data is made while it is sent."""
READ = 65536
"""The most bytes of one read of the client's stream, with or without a socket. Bytes after these wait for the
next read."""

FAREWELL = 20.0
"""Seconds to wait for the client to end its stream, after the server has ended its own."""


class Send(Struct, frozen=True):
    data: bytes


class Pause(Struct, frozen=True):
    """Do nothing for so many seconds. Bytes that the client sends in that time wait."""

    seconds: float


class Read(Struct, frozen=True):
    """Wait for bytes until the clock shows *until* (seconds). The result: the bytes, b"" at the end of the
    client's stream, or None after the time is over."""

    until: float


class Finish(Struct, frozen=True):
    """End the server's side of the stream (FIN); over TLS without a close_notify."""


class Reset(Struct, frozen=True):
    """Drop the connection with RST. No deed can follow."""


class CloseNotify(Struct, frozen=True):
    """End the server's side of the stream (FIN); over TLS with a close_notify first."""


Deed = Send | Pause | Read | Finish | Reset | CloseNotify
Performance = Generator[Deed, bytes | None, None]


def perform(
    steps: Sequence[Step], values: Mapping[str, bytes], clock: Callable[[], float], inbox: Inbox
) -> Performance:
    """Play *steps*, then end the stream and wait for the client to end it too.

    *values*: the template fields. *clock* returns seconds. *inbox* reads the client's frames.
    """
    waiting = bytearray()
    finished = False
    for step in steps:
        if step.do == "send":
            for piece in _repeated(step, values):
                waiting += piece
                while len(waiting) >= PIECE:
                    yield Send(bytes(waiting[:PIECE]))
                    del waiting[:PIECE]
            continue
        if waiting:
            yield Send(bytes(waiting))
            waiting.clear()
        match step.do:
            case "send-bytewise":
                whole = b"".join(_repeated(step, values))
                for start in range(0, len(whole), step.by):
                    yield Send(whole[start : start + step.by])
                    yield Pause(step.seconds)
            case "wait":
                yield Pause(step.seconds)
            case "hold":
                yield from _read(inbox, clock() + step.seconds, lambda: False)
            case "read":
                yield from _read(inbox, clock() + step.seconds, lambda: inbox.touched)
            case "read-frame":
                yield from _read(inbox, clock() + step.seconds, _another(inbox))
            case "read-close":
                yield from _read(inbox, clock() + step.seconds, lambda: inbox.close is not None)
            case "echo":
                yield from _echo(inbox, clock() + step.seconds)
            case "echo-close":
                waiting += inbox.close or b""
            case "fin":
                finished = True
                yield Finish()
            case "reset":
                yield Reset()
                return
            case "close-notify":
                yield CloseNotify()
            case "headers" | "frame" | "raw":
                pass  # only over HTTP/2
            case never:
                assert_never(never)
    if waiting:
        yield Send(bytes(waiting))
    if not finished:
        yield Finish()
    yield from _read(inbox, clock() + FAREWELL, lambda: False)


def needed(steps: Sequence[Step]) -> frozenset[str]:
    """The names of all template fields in *steps*, without ``number``.

    Raises TemplateError.
    """
    return frozenset().union(*(fields(step.data) for step in steps)) - {"number"}


def _repeated(step: Step, values: Mapping[str, bytes]) -> Iterator[bytes]:
    """The data of *step* in pieces; ``{number}`` counts the repetitions from 0."""
    if b"{number}" in step.data:
        for number in range(step.repeat):
            yield fill(step.data, {**values, "number": b"%d" % number})
        return
    once = fill(step.data, values)
    at_once = max(1, PIECE // max(1, len(once)))
    for number in range(0, step.repeat, at_once):
        yield once * min(at_once, step.repeat - number)


def _read(inbox: Inbox, until: float, enough: Callable[[], bool]) -> Generator[Deed, bytes | None, bool]:
    """Read until *enough* is true or the client's stream ends. Returns False if the time is over first."""
    while not enough() and not inbox.ended:
        data = yield Read(until)
        if data is None:
            return False
        inbox.receive(data)
    return True


def _echo(inbox: Inbox, until: float) -> Performance:
    """Echo every message, and answer Ping and Close, until the client closes or the time is over."""
    in_time = True
    while True:
        if inbox.answers:
            yield Send(bytes(inbox.answers))
            inbox.answers.clear()
        if not in_time or inbox.ended or inbox.close is not None:
            return
        in_time = yield from _read(inbox, until, _another(inbox))


def _another(inbox: Inbox) -> Callable[[], bool]:
    """A function that is true once the inbox has received a further frame after this call."""
    seen = inbox.frames
    return lambda: inbox.frames > seen
