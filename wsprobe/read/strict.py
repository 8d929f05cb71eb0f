"""What h11, a strict client library, makes of an answer: its opinion of all of it, and how it frames a body.

The one module that knows h11, which takes tens of milliseconds to import: only what is not plain needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h11

from wsprobe.read.reading import WAITS, Opinion


def opinion(received: bytes, *, method: bytes, ended: bool) -> Opinion:
    """h11's opinion of an answer to a WebSocket handshake. *ended*: the peer closed its side.

    The request that h11 is told of is a stand-in, because h11 cannot send all that a probe sends. Its limit
    on heads depends on how TCP cut them, so it is set out of reach.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**62)
    upgrade = [("Host", "x"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
    connection.send(h11.Request(method="HEAD" if method == b"HEAD" else "GET", target="/", headers=upgrade))
    connection.send(h11.EndOfMessage())
    try:
        if received:
            connection.receive_data(received)
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


def _words(error: h11.RemoteProtocolError) -> str:
    """What *error* says, without its traceback: h11's frames in it hold the error, a circle that would keep all
    that was read."""
    return str(error.with_traceback(None))


class StrictFraming:
    """h11 framing one body. It sees a status line of ours, the framing fields, and nothing else."""

    def __init__(self, status: int, method: bytes, fields: Iterable[tuple[bytes, bytes]]) -> None:
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
        """What came after a complete body."""
        lines = [b"HTTP/1.1 %03d " % status, *(name + b": " + value for name, value in fields)]
        self._connection.receive_data(b"\r\n".join(lines) + b"\r\n\r\n")
        try:
            event = self._connection.next_event()
        except h11.RemoteProtocolError as error:
            self.problem = f"h11: {_words(error)}"
            return
        assert isinstance(event, h11.Response)
        sent = dict(event.headers)
        self.chunked = b"transfer-encoding" in sent
        self.length = int(sent[b"content-length"]) if b"content-length" in sent else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content in the next bytes, piece by piece; b"" is the end of the stream."""
        self._connection.receive_data(data)
        return self.events()

    def events(self) -> Iterator[bytes]:
        """The content in what has come."""
        try:
            while not self.complete:
                event = self._connection.next_event()
                if isinstance(event, h11.Data):
                    yield bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self.complete = True
                    self.trailing = self._connection.trailing_data[0]
                else:
                    return
        except h11.RemoteProtocolError as error:
            self.problem = f"h11: {_words(error)}"
