"""One connection in a browser's log: how it was made, and to whom its bytes belong."""

from __future__ import annotations

from typing import Protocol

from wsprobe.exchange import How

TUNNEL_MAX = 64 * 1024
"""The most bytes kept of the conversation with a proxy, each way."""


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
        self._borrower: Borrower | None = None
        self.ended: tuple[How, float, str] | None = None

    def lend(self, borrower: Borrower | None) -> None:
        """Let the bytes from now on belong to *borrower*."""
        self._borrower = borrower

    def move(self, sent: bool, time: float, data: bytes, size: int) -> int:
        """Take *size* bytes that were written or read, *data* if the log has them. Returns how many were
        kept."""
        if self._borrower is not None:
            return self._borrower.move(sent, time, data, size)
        if data and self._tunnelled + len(data) <= TUNNEL_MAX:
            self._tunnelled += len(data)
            self.tunnel.append((sent, time, data))
        return 0

    def stop(self, time: float) -> None:
        """Keep no more bytes of who uses the connection: a limit of ours was reached."""
        if self._borrower is not None:
            self._borrower.stop(time)

    def end(self, how: How, time: float, error: str = "") -> None:
        if self.ended is None:
            self.ended = (how, time, error)
