"""h11's view of an answer: its opinion of the whole answer, and its framing of a body. h11 is a strict library.

Only this module imports h11, which takes tens of milliseconds: plain answers do not need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import h11

from wsprobe.read.reading import WAITS, Opinion
from wsprobe.read.tokens import DIGITS_MAX, VALUE_MAX, only_part

_SIZE_LINE = rb"([0-9A-Fa-f]{1,20})(?:;[^\r\n]{0,256}|[ \t]{0,16})"
"""A size, and extensions or white space that are not long; h11 reads every such line (its ``chunk_header``)."""
_SIZE = re.compile(_SIZE_LINE + rb"\r\n")
_SIZE_BEGUN = re.compile(_SIZE_LINE + rb"\r?")
SPACE = b" \t\n\r\f\v"
"""What ``bytes.strip`` takes away."""
HELD = 4096
"""Most bytes of a chunk that waits here until it is whole."""


def plain_chunks(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the whole plain chunks in *data* from *at* on, and the offset after them. A plain chunk
    has a plain line with its size, and is not the last chunk (RFC 9112 section 7.1).

    Such a chunk has only one reading; h11 takes twenty times as long for it.
    """
    content: list[bytes] = []
    while (size := _SIZE.match(data, at)) is not None:
        begin = size.end()
        end = begin + int(size[1], 16)
        if end == begin or data[end : end + 2] != b"\r\n":
            break
        content.append(data[begin:end])
        at = end + 2
    return b"".join(content), at


def opinion(received: bytes, *, method: bytes, ended: bool, chunks_at: int = 0) -> Opinion:
    """h11's opinion of an answer to a WebSocket handshake. *ended*: the peer closed its side. *chunks_at*: the
    offset of the first chunk of a body; 0 without chunks.

    h11 sees a placeholder request, because it cannot send every request of a probe. Its limit on heads depends
    on how TCP cut them, so that limit is set out of reach.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**62)
    upgrade = [("Host", "x"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
    connection.send(h11.Request(method="HEAD" if method == b"HEAD" else "GET", target="/", headers=upgrade))
    connection.send(h11.EndOfMessage())
    try:
        at = _without_plain_chunks(connection, received, chunks_at) if chunks_at else 0
        if at < len(received):
            connection.receive_data(received[at:])
        if ended:
            connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return Opinion(False, WAITS)
            if event is h11.PAUSED or isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return Opinion(True)
    except h11.RemoteProtocolError as error:
        return Opinion(False, _words(error))


def _without_plain_chunks(connection: h11.Connection, received: bytes, chunks_at: int) -> int:
    """Have h11 read up to the chunks, and return the offset from which it reads on: after the plain chunks, if
    h11 agrees that chunks begin there."""
    connection.receive_data(received[:chunks_at])
    event = connection.next_event()
    while isinstance(event, h11.InformationalResponse):
        event = connection.next_event()
    chunked = isinstance(event, h11.Response) and (b"transfer-encoding", b"chunked") in event.headers
    if chunked and connection.trailing_data == (b"", False):
        return plain_chunks(received, chunks_at)[1]
    return chunks_at


def _words(error: h11.RemoteProtocolError) -> str:
    """The message of *error*, without its traceback: h11's frames in the traceback refer to the error, a cycle
    that would keep all bytes in memory."""
    return str(error.with_traceback(None))


class StrictFraming:
    """h11 framing one body. It sees our own status line, the framing fields, and the body from the first chunk
    that is not plain."""

    def __init__(self, status: int, method: bytes, fields: Iterable[tuple[bytes, bytes]]) -> None:
        self._plain = False
        """h11 has seen no byte of the body: all chunks so far were plain."""
        self._held = b""
        """The beginning of a plain chunk, still incomplete."""
        self._given = 0
        """Bytes of its content that were already returned."""
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**62)
        self._connection.send(
            h11.Request(method="HEAD" if method == b"HEAD" else "GET", target="/", headers=[("Host", "x")])
        )
        self._connection.send(h11.EndOfMessage())
        self.problem = ""
        """Why the bytes break the rules of their framing, in h11's words; "" if they do not."""
        self.chunked = False
        self.length: int | None = None
        """Content-Length, None without."""
        self.complete = False
        self.trailing = b""
        """The bytes after a complete body."""
        self.misplaced = False
        """Bytes that cannot begin a size stand in the place of one; h11 waits for the end of their line."""
        lines = [b"HTTP/1.1 %03d " % status, *(_line(name, value) for name, value in fields)]
        self._connection.receive_data(b"\r\n".join(lines) + b"\r\n\r\n")
        try:
            event = self._connection.next_event()
        except h11.RemoteProtocolError as error:
            self.problem = f"h11: {_words(error)}"
            return
        assert isinstance(event, h11.Response)
        sent = dict(event.headers)
        self.chunked = self._plain = b"transfer-encoding" in sent
        self.length = int(sent[b"content-length"]) if b"content-length" in sent else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content in the next bytes, piece by piece; b"" is the end of the stream."""
        if self._plain:
            data, at_end = self._held + data, not data
            content, end = plain_chunks(data, 0)
            if end:
                yield content[self._given :]
                self._held, self._given = b"", 0
                data = data[end:]
            if not at_end and (begun := _begun(data)) is not None:
                yield begun[self._given :]
                self._held, self._given = data, len(begun)
                return
            self._plain = False
            if data:
                self.misplaced = _SIZE_BEGUN.match(data) is None
                self._connection.receive_data(data)
            if at_end:
                self._connection.receive_data(b"")
        else:
            self._connection.receive_data(data)
        yield from self.events()

    def events(self) -> Iterator[bytes]:
        """The content in the bytes that h11 has."""
        try:
            while not self.complete:
                event = self._connection.next_event()
                if isinstance(event, h11.Data):
                    yield bytes(event.data)[self._given :]
                    self._given = 0
                elif isinstance(event, h11.EndOfMessage):
                    self.complete = True
                    self.trailing = self._connection.trailing_data[0]
                else:
                    return
        except h11.RemoteProtocolError as error:
            self.problem = f"h11: {_words(error)}"


def _line(name: bytes, value: bytes) -> bytes:
    """A framing field as h11 gets it: if it is long, with a short value of which h11 says the same. A list of
    2 MB or a line with many spaces would take it 64 to 150 MiB."""
    if len(value) > VALUE_MAX:
        only = only_part(value, SPACE) if name == b"content-length" else b"x"
        value = b"1,2" if only is None else only if len(only) <= DIGITS_MAX else b"x"
    return name + b": " + value


def _begun(data: bytes) -> bytes | None:
    """The available content of the plain chunk at the start of *data*; None if h11 must read it."""
    size = _SIZE.match(data)
    if size is None:
        return b"" if not data or _SIZE_BEGUN.fullmatch(data) else None
    whole = int(size[1], 16)
    if not 0 < whole <= HELD:
        return None
    content, after = data[size.end() :][:whole], data[size.end() + whole :]
    return content if after in (b"", b"\r") else None
