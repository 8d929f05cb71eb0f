"""WebSockets on an HTTP/2 connection of a NetLog (RFC 8441): each one's own frames, taken out of all others.

A connection carries the page's other requests too, with their cookies, so a recording has the frames of its own
stream, and SETTINGS and GOAWAY. Header blocks depend on blocks of other streams (RFC 7541 section 2.2): they
are encoded again from the fields that the log names, with every name and value as it was, and the recording is
marked as rebuilt. DATA and the other frames are those on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hpack import Encoder

from wsprobe.browser_logs.connection import LoggedConnection
from wsprobe.read.http2_values import (
    DATA,
    END_STREAM,
    GOAWAY,
    HEADER_SIZE,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
)
from wsprobe.wire.http2 import coded, goaway, headers, rst_stream, settings

STREAM_MAX = 4 * 1024 * 1024
"""The most bytes kept of one stream, both ways together."""

CONNECTION_FRAMES_MAX = 100
"""The most frames kept of stream 0."""

FRAME_MAX = 64 * 1024
"""The most bytes of one frame; browsers allow servers 16 KiB."""

STREAMS_MAX = 20_000
"""The most WebSockets of one connection whose frames are still looked for."""

Fields = tuple[tuple[bytes, bytes], ...]
Entry = tuple[int, bool, float, bytes]
"""(number in the connection, sent, time, bytes)."""


class Stream:
    """The frames of one WebSocket's stream."""

    def __init__(self, session: Http2Session, id: int) -> None:
        self.session, self.id = session, id
        self.size = 0
        self.limited: float | None = None
        self.wire: list[tuple[Entry, int]] = []
        """Frames on the wire, with END_STREAM's bit for one whose block the log names: its bytes are empty."""
        self.named: list[tuple[Entry, Fields | None, bool]] = []
        """What the log names: blocks with their fields and END_STREAM, and other frames, whole."""

    @property
    def fields(self) -> Fields:
        """The fields of the request."""
        return next((fields for (_, sent, _, _), fields, _ in self.named if sent and fields is not None), ())

    @property
    def has_bytes(self) -> bool:
        return bool(self.wire)

    def keep(self, sent: bool, time: float, type_: int, flags: int, data: bytes) -> int:
        """Take a frame of the wire. Returns how many bytes were kept."""
        if type_ not in (DATA, HEADERS, RST_STREAM) or self.limited is not None:
            return 0
        if self.size + len(data) > STREAM_MAX:
            self.stop(time)
            return 0
        self.size += len(data)
        entry = (self.session.number(), sent, time, b"" if type_ == HEADERS else data)
        self.wire.append((entry, flags & END_STREAM))
        return len(data)

    def stop(self, time: float) -> None:
        """Keep no more frames: a limit of ours was reached."""
        if self.limited is None:
            self.limited = time

    def name(self, sent: bool, time: float, fields: Fields | None, end: bool, data: bytes = b"") -> None:
        """Take what the log names: *fields* of a block, or a frame."""
        if self.size + sum(len(a) + len(b) for a, b in fields or ()) <= STREAM_MAX:
            self.named.append(((self.session.number(), sent, time, data), fields, end))

    def written(self) -> Iterator[tuple[bool, float, bytes]]:
        """Yield (sent, time, bytes) of the stream and its connection, in order."""
        session = self.session
        yield True, session.begun, PREFACE
        entries = [*session.frames] if self.has_bytes else [*session.named]
        if self.has_bytes:
            blocks = {
                way: iter([fields for (_, sent, *_), fields, _ in self.named if sent is way and fields])
                for way in (True, False)
            }
            for (number, sent, time, data), end in self.wire:
                if data:
                    entries.append((number, sent, time, data))
                elif (fields := next(blocks[sent], None)) is not None:
                    entries.append((number, sent, time, self._block(fields, bool(end))))
        else:
            for (number, sent, time, data), fields, end in self.named:
                entries.append((number, sent, time, data if fields is None else self._block(fields, end)))
        for _, sent, time, data in sorted(entries):
            yield sent, time, data

    def _block(self, fields: Fields, end: bool) -> bytes:
        """HEADERS with *fields* as they are, which needs no other block to be read."""
        block = coded(Encoder(), fields, {name for name, _ in fields}, huffman=False)
        return headers(self.id, block, end_stream=end)


class Http2Session:
    """One HTTP2_SESSION of the log."""

    def __init__(self, id: int, begun: float) -> None:
        self.id, self.begun = id, begun
        self.connection: LoggedConnection | None = None
        self.streams: dict[int, Stream] = {}
        self.frames: list[Entry] = []
        """SETTINGS and GOAWAY, as on the wire."""
        self.named: list[Entry] = []
        """The same, from what the log names."""
        self._buffers = {True: bytearray(), False: bytearray()}
        self._lost = {True: False, False: False}
        """Whether bytes are missing, so that frames cannot be found any more."""
        self._preface = len(PREFACE)
        self._unused = {True: 0, False: 0}
        """How many of the next bytes belong to a frame that nobody needs."""
        self._number = 0

    def number(self) -> int:
        """The next number in the order of the connection's frames."""
        self._number += 1
        return self._number

    def open(self, id: int) -> Stream:
        """Begin to keep the frames of stream *id*."""
        if len(self.streams) >= STREAMS_MAX:
            del self.streams[next(iter(self.streams))]
        self.streams[id] = Stream(self, id)
        return self.streams[id]

    def close(self, stream: Stream) -> None:
        """Look for no more frames of *stream*."""
        if self.streams.get(stream.id) is stream:
            del self.streams[stream.id]

    def move(self, sent: bool, time: float, data: bytes, size: int) -> int:
        """Take *size* bytes that were written or read, *data* if the log has them. Returns how many were
        kept."""
        if self._lost[sent] or len(data) != size:
            self._lost[sent] = True
            self._buffers[sent].clear()
            return 0
        if sent and self._preface:
            skipped = min(self._preface, len(data))
            self._preface -= skipped
            data = data[skipped:]
        unused = min(self._unused[sent], len(data))
        self._unused[sent] -= unused
        buffer = self._buffers[sent]
        buffer += data[unused:]
        at = kept = 0
        while len(buffer) - at >= HEADER_SIZE:
            end = at + HEADER_SIZE + int.from_bytes(buffer[at : at + 3], "big")
            if end > len(buffer):
                if not self._needs(time, buffer[at : at + HEADER_SIZE], end - at):
                    self._unused[sent] = end - len(buffer)
                    at = len(buffer)
                break
            kept += self._frame(sent, time, bytes(buffer[at:end]))
            at = end
        del buffer[:at]
        return kept

    def stop(self, time: float) -> None:
        """Keep no more bytes: a limit of ours was reached."""
        self._lost = {True: True, False: True}
        for stream in self.streams.values():
            stream.stop(time)

    def _needs(self, time: float, header: bytearray, size: int) -> bool:
        """Whether a frame of *size* bytes has to be kept until it is whole."""
        id = int.from_bytes(header[5:9], "big") & 0x7FFFFFFF
        stream = self.streams.get(id)
        if stream is not None and size > FRAME_MAX:
            stream.stop(time)
        return size <= FRAME_MAX and (stream is not None or not id)

    def _frame(self, sent: bool, time: float, data: bytes) -> int:
        type_, flags, id = data[3], data[4], int.from_bytes(data[5:9], "big") & 0x7FFFFFFF
        if not id and type_ in (SETTINGS, GOAWAY) and len(self.frames) < CONNECTION_FRAMES_MAX:
            self.frames.append((self.number(), sent, time, data))
        stream = self.streams.get(id) if id else None
        return 0 if stream is None else stream.keep(sent, time, type_, flags, data)

    def named_settings(self, sent: bool, time: float, texts: Sequence[str]) -> None:
        """Take settings as the log names them: ``[id:1 (SETTINGS_HEADER_TABLE_SIZE) value:65536]``."""
        found = (re.match(r"\[id:(\d{1,5}) [^\]]*value:(\d{1,10})\]", each) for each in texts[:100])
        pairs = [(int(m.group(1)) & 0xFFFF, int(m.group(2)) & 0xFFFFFFFF) for m in found if m is not None]
        self._name(sent, time, settings(pairs))

    def named_setting(self, time: float, id: str | int, value: int) -> None:
        """Take one setting of the server: ``8 (SETTINGS_ENABLE_CONNECT_PROTOCOL)``."""
        self._name(False, time, settings([(_number(id) & 0xFFFF, value & 0xFFFFFFFF)]))

    def named_goaway(self, time: float, last: int, code: str | int, debug: bytes) -> None:
        """Take a GOAWAY of the server."""
        self._name(False, time, goaway(last & 0x7FFFFFFF, _number(code) & 0xFFFFFFFF, debug))

    def named_reset(self, sent: bool, time: float, id: int, code: str | int) -> None:
        """Take RST_STREAM: ``8 (CANCEL)``."""
        if (stream := self.streams.get(id)) is not None:
            stream.name(sent, time, None, False, rst_stream(id, _number(code) & 0xFFFFFFFF))

    def _name(self, sent: bool, time: float, data: bytes) -> None:
        if len(self.named) < CONNECTION_FRAMES_MAX:
            self.named.append((self.number(), sent, time, data))


def _number(text: str | int) -> int:
    """The number at the beginning of ``8 (CANCEL)``."""
    found = re.match(r"\d{1,10}", str(text))
    return int(found.group()) if found else 0
