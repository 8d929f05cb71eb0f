"""One connection in a browser's log: how it was made, and to whom its bytes belong."""

from __future__ import annotations

import re
from typing import Protocol

from wsprobe.exchange import How

TUNNEL_MAX = 16 * 1024
"""The most bytes kept of the conversation with a proxy."""

TUNNEL_BEGINNINGS = (b"CONNECT ", b"\x04\x01", b"\x05")
"""How a browser begins one: HTTP, SOCKS 4, SOCKS 5."""


class Borrower(Protocol):
    """What uses a connection: one request, or an HTTP/2 session."""

    def move(self, sent: bool, time: float, data: bytes, size: int) -> int:
        """Take *size* bytes that were written or read, *data* if the log has them. Returns how many were
        kept."""

    def stop(self, time: float) -> None:
        """Keep no more bytes: a limit of ours was reached."""


class LoggedConnection:
    """One SOCKET of the log: TCP, what TLS agreed on, and where its bytes go."""

    def __init__(self, id: int, begun: float) -> None:
        self.id, self.begun = id, begun
        self.addresses: tuple[str, ...] = ()
        self.tries: list[tuple[float, str, float, str]] = []
        """(begin, address, end, error) of each address tried; error "" if it succeeded."""
        self.connected: float | None = None
        self.address = self.local = ""
        self.layers = 0
        """How many layers of TLS it has: two through a proxy that speaks TLS itself."""
        self.secured: float | None = None
        self.tls = ("", 0, "")
        """Version, cipher suite, protocol of ALPN."""
        self.tls_error = self.certificate_error = ""
        self.certificates: tuple[str, ...] = ()
        self.tunnel: list[tuple[bool, float, bytes]] = []
        """(sent, time, bytes) before a request used the connection, if a proxy has to open it."""
        self.tunnel_lines: list[tuple[bool, float, list[bytes]]] = []
        """(sent, time, lines) of the heads to and from a proxy, for a log without bytes."""
        self._tunnelled = 0
        self._record_left = {True: 0, False: 0}
        """Bytes that are missing of the last record of the inner TLS, each way."""
        self._borrower: Borrower | None = None
        self.ended: tuple[How, float, str] | None = None

    def lend(self, borrower: Borrower | None) -> None:
        """Let the bytes from now on belong to *borrower*."""
        self._borrower = borrower

    def release(self, borrower: Borrower) -> None:
        """Let no byte from now on belong to *borrower*."""
        if self._borrower is borrower:
            self._borrower = None
            self._tunnelled = TUNNEL_MAX

    def move(self, sent: bool, time: float, data: bytes, size: int) -> int:
        """Take *size* bytes that were written or read, *data* if the log has them. Returns how many were
        kept."""
        if self.layers > 1 and data and self._is_record(sent, data):
            return 0
        if self._borrower is not None:
            return self._borrower.move(sent, time, data, size)
        if sent and data and not self.tunnel and not data.startswith(TUNNEL_BEGINNINGS):
            self._tunnelled = TUNNEL_MAX  # another request's, for which no proxy opens the connection
        if data and self._tunnelled + len(data) <= TUNNEL_MAX:
            self._tunnelled += len(data)
            self.tunnel.append((sent, time, data))
        return 0

    def _is_record(self, sent: bool, data: bytes) -> bool:
        """Whether *data* are records of the inner TLS: with a proxy that speaks TLS, both layers are logged as
        the same connection's, and only the inner one's text is the request and the answer."""
        left = self._record_left[sent]
        if data.startswith(b"HTTP/"):  # an answer, before the rest of the records behind it was read
            return False
        if not left and re.match(rb"[\x14-\x18]\x03[\x00-\x04]", data) is None:
            return False
        if left and data[left : left + 2] not in (b"", *(bytes([type_, 3]) for type_ in range(0x14, 0x19))):
            return False
        while left < len(data):
            left += 5 + int.from_bytes(data[left + 3 : left + 5].ljust(2, b"\0"), "big")
        self._record_left[sent] = left - len(data)
        return True

    def stop(self, time: float) -> None:
        """Keep no more bytes of who uses the connection: a limit of ours was reached."""
        if self._borrower is not None:
            self._borrower.stop(time)

    def end(self, how: How, time: float, error: str = "") -> None:
        if self.ended is None:
            self.ended = (how, time, error)
