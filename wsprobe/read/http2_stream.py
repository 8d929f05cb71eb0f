"""What one stream of HTTP/2 carries, read as its bytes come: for who shows a session while it lasts."""

from __future__ import annotations

from wsprobe.read.http2 import BlockDecoder, blocks, form, frame_at, opens_session, response_of
from wsprobe.read.http2_values import CONTINUATION, DATA, END_HEADERS, HEADERS, PUSH_PROMISE, Http2Frame

ROOM = 2 * 1024 * 1024
"""Bytes of fields that are decoded."""

TABLE = 1 << 16


class StreamReader:
    """Follows the server's frames up to the answer that opens, and then what its stream carries."""

    def __init__(self) -> None:
        self.open = False
        """A 200 came."""
        self._buffer = bytearray()
        self._block: list[Http2Frame] = []
        self._decoder = BlockDecoder(ROOM, TABLE)
        self._stream = 0

    def receive(self, data: bytes) -> bytes:
        """Take the next bytes; return what they carry of the session."""
        self._buffer += data
        carried = b""
        start = 0
        while (parts := frame_at(self._buffer, start)) is not None:
            header, payload = parts
            if len(payload) < int.from_bytes(header[:3], "big"):
                break
            content, problem = form(header, payload)
            start += len(header) + len(payload)
            carried += self._take(Http2Frame("server", 0, header, payload, 0, 0, content, problem))
        del self._buffer[:start]
        return carried

    def _take(self, of: Http2Frame) -> bytes:
        if of.type in (HEADERS, PUSH_PROMISE) or (of.type == CONTINUATION and self._block):
            self._block.append(of)
            if of.flags & END_HEADERS:
                self._answer()
        return of.content if of.type == DATA and self.open and of.stream == self._stream else b""

    def _answer(self) -> None:
        for block in blocks(self._block, self._decoder):
            if not self.open and not block.promised and opens_session(response_of(block)):
                self.open, self._stream = True, block.stream
        self._block = []
