"""The server's side of HTTP/2, without input or output: one connection, and a play for each CONNECT on it.

Acknowledges SETTINGS and PING, widens the client's windows as it reads, and otherwise does what the plays say,
well-formed or not. Memory is bounded, whatever the client sends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from struct import pack
from typing import assert_never

import msgspec
from hpack import Encoder

from wsprobe.lab.perform import (
    FAREWELL,
    PIECE,
    CloseNotify,
    Deed,
    Finish,
    Inbox,
    Performance,
    Read,
    Reset,
    Send,
)
from wsprobe.lab.scenario import Step, fill
from wsprobe.read.http2 import BlockDecoder, blocks, form, frame_at
from wsprobe.read.http2_values import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    HeaderBlock,
    Http2Frame,
)
from wsprobe.wire.http2 import coded, data, frame, headers, window_update

LONGEST = 1 << 20
"""The most bytes of incomplete frames, and of answers that wait to be sent."""

STREAMS = 100
"""The most streams open at once on one connection."""

BLOCK_ROOM = 1 << 20


class Http2Request(msgspec.Struct, frozen=True):
    """A request over HTTP/2."""

    fields: tuple[tuple[bytes, bytes], ...]

    def first(self, name: bytes) -> bytes:
        return next((value for key, value in self.fields if key == name), b"")

    @property
    def path(self) -> bytes:
        return self.first(b":path")

    @property
    def authorized(self) -> bool:
        """True if it has an Authorization field."""
        return bool(self.first(b"authorization"))

    @property
    def websocket(self) -> bool:
        """True for an extended CONNECT for a WebSocket (RFC 8441 section 4)."""
        return self.first(b":method") == b"CONNECT" and self.first(b":protocol") == b"websocket"


Plays = Callable[[Http2Request, int], tuple[Step, ...]]
"""(request, how many CONNECTs for its path came before it on this connection) -> the steps that answer it."""


class Wait(msgspec.Struct, frozen=True):
    """A pause in a play: continue at *until*, or as soon as *enough* is true."""

    until: float
    enough: Callable[[], bool]


Over = Finish | CloseNotify | Reset
Playing = Generator[Wait | Over | None, None, None]


def perform_http2(
    opening: tuple[Step, ...], plays: Plays, clock: Callable[[], float], came: bytes
) -> Performance:
    """Play one connection: *opening* at once, then a play for each request. *came*: the bytes received so far,
    which begin with the preface."""
    connection = _Connection(plays, clock)
    connection.begin(opening)
    connection.run()  # a server's SETTINGS come before its acknowledgement of the client's
    connection.receive(came.removeprefix(PREFACE))
    idle = clock() + FAREWELL
    while True:
        over = connection.run()
        yield from _send(connection.out)
        if over is not None:
            yield over
            if isinstance(over, Reset):
                return
            yield from _until_gone(clock() + FAREWELL)
            return
        until = connection.until
        if until is None and clock() >= idle:
            yield CloseNotify()
            return
        read = yield Read(idle if until is None else until)
        if read == b"":
            return
        if read is not None:
            connection.receive(read)
            idle = clock() + FAREWELL


def _send(out: bytearray) -> Iterator[Deed]:
    while out:
        yield Send(bytes(out[:PIECE]))
        del out[:PIECE]


def _until_gone(until: float) -> Performance:
    while (yield Read(until)):
        pass


class _Connection:
    """Both directions of one connection, and the plays on its streams."""

    def __init__(self, plays: Plays, clock: Callable[[], float]) -> None:
        self.out = bytearray()
        self._plays = plays
        self._clock = clock
        self._buffer = bytearray()
        self._block: list[Http2Frame] = []
        self._decoder = BlockDecoder(BLOCK_ROOM, 0)
        self._encoder = Encoder()
        self._streams: dict[int, _Stream] = {}
        self._connects: Counter[bytes] = Counter()
        self._before = self._last = 0
        """The last two streams that were opened; the latest one last."""

    @property
    def until(self) -> float | None:
        """When the next play continues by itself, in seconds; None if none is running."""
        waits = [stream.wait.until for stream in self._streams.values() if stream.wait is not None]
        return min(waits, default=None)

    def begin(self, opening: tuple[Step, ...]) -> None:
        self._streams[0] = _Stream(self._play(0, Inbox(), opening))

    def run(self) -> Over | None:
        """Continue every play as far as possible. Returns what ends the connection, None if nothing does."""
        for number, stream in list(self._streams.items()):
            while stream.wait is None or stream.wait.enough() or self._clock() >= stream.wait.until:
                if len(self.out) >= LONGEST:
                    stream.wait = Wait(self._clock(), lambda: True)
                    break
                done = next(stream.playing, "done")
                if done == "done":
                    del self._streams[number]
                    break
                if isinstance(done, Over):
                    return done
                assert not isinstance(done, str)
                stream.wait = done if isinstance(done, Wait) else None
        return None

    def receive(self, read: bytes) -> None:
        """Handle the bytes of one read."""
        self._buffer += read
        start = 0
        while (parts := frame_at(self._buffer, start)) is not None:
            header, payload = parts
            if len(payload) < int.from_bytes(header[:3], "big"):
                break
            content, problem = form(header, payload)
            start += len(header) + len(payload)
            self._take(Http2Frame("client", 0, header, payload, 0, 0, content, problem))
        del self._buffer[:start]
        if len(self._buffer) > LONGEST:
            self._buffer.clear()

    def _take(self, of: Http2Frame) -> None:
        if len(self.out) > LONGEST:
            return
        stream = self._streams.get(of.stream) if of.stream else None
        if of.type in (SETTINGS, PING) and not of.ack:
            self.out += frame(of.type, ACK, 0, of.payload if of.type == PING else b"")
        elif of.type in (HEADERS, CONTINUATION):
            self._block.append(of)
            if of.flags & END_HEADERS:
                (block, *_) = blocks(self._block, self._decoder) or (None,)
                self._block.clear()
                if block is not None:
                    self._open(block)
        elif of.type == DATA:
            if of.length:
                self.out += window_update(0, of.length)
                self.out += window_update(of.stream, of.length) if stream is not None else b""
            if stream is not None and of.content:
                stream.inbox.receive(of.content)
        elif of.type == RST_STREAM:
            self._streams.pop(of.stream, None)

    def _open(self, block: HeaderBlock) -> None:
        if block.stream in self._streams or len(self._streams) > STREAMS:
            return
        asked = Http2Request(tuple((field.name, field.value) for field in block.fields))
        steps = self._plays(asked, self._connects[asked.path])
        self._connects[asked.path] += asked.websocket
        inbox = Inbox()
        host = asked.first(b":authority")
        self._streams[block.stream] = _Stream(self._play(block.stream, inbox, steps, host), inbox)
        self._before, self._last = self._last, block.stream

    def _play(self, stream: int, inbox: Inbox, steps: tuple[Step, ...], host: bytes = b"") -> Playing:
        for step in steps:
            match step.do:
                case "wait" | "hold":
                    yield Wait(self._clock() + step.seconds, lambda: False)
                case "read-close":
                    yield Wait(self._clock() + step.seconds, lambda: inbox.close is not None)
                case "echo-close":
                    self.out += data(stream, inbox.close) if inbox.close else b""
                case "fin":
                    yield Finish()
                case "close-notify":
                    yield CloseNotify()
                case "reset":
                    yield Reset()
                case "send-bytewise":
                    for byte in fill(step.data, {}):
                        self.out += data(stream, bytes([byte]))
                        yield Wait(self._clock() + step.seconds, lambda: False)
                case "read" | "read-frame" | "echo":
                    pass  # only over HTTP/1.1
                case "send" | "headers" | "frame" | "raw":
                    left = step.repeat
                    while left:
                        frames = self._frames(step, stream, host)
                        # A block of headers depends on those before it; all else is the same each time.
                        room = -((len(self.out) - LONGEST) // max(1, len(frames)))
                        count = 1 if step.do == "headers" else max(1, min(left, room))
                        self.out += frames * count
                        left -= count
                        if len(self.out) >= PIECE:
                            yield None
                case never:
                    assert_never(never)

    def _frames(self, step: Step, stream: int, host: bytes) -> bytes:
        if step.do == "headers":
            fields = [(name, value.replace(b"{host}", host)) for name, value in step.fields]
            # Without Huffman codes, a scenario determines the length of the block.
            block = coded(self._encoder, fields, huffman=False)
            return headers(stream, block, end_stream=step.end_stream)
        numbers = {"stream": pack("!I", stream), "previous": pack("!I", self._before)}
        filled = fill(step.data, {"host": host, **numbers})
        if step.do == "send":
            return data(stream, filled, end_stream=step.end_stream, pad=step.pad)
        if step.do == "frame":
            return frame(step.type, step.flags, stream if step.on_stream else 0, filled)
        return filled


class _Stream:
    """One play, and what its client has sent since it began."""

    def __init__(self, playing: Playing, inbox: Inbox | None = None) -> None:
        self.playing = playing
        self.inbox = inbox or Inbox()
        self.wait: Wait | None = None
