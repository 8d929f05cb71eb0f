"""A wire inside TLS, with our own pump between the wire below and OpenSSL.

So every byte that came during a handshake is there when it fails, and an end of stream with close_notify is
told from one without (RFC 8446 section 6.1).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Literal

import trio

from wsprobe.net.tls import alerts
from wsprobe.net.wire import READ, End, Wire

GOODBYE = 0.1
"""Seconds that close_notify may wait for room in the send buffer."""

_DER = 2
"""``_ssl.ENCODING_DER``."""


class TlsWire:
    """A wire inside TLS. Call ``handshake`` first."""

    def __init__(self, wire: Wire, context: ssl.SSLContext, server_name: str) -> None:
        """Raises ValueError if *server_name* cannot be one."""
        self._wire = wire
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.engine = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self._flushing = trio.Lock()
        self._up = False
        self._ended: End | None = None
        self.seen = b""
        """What came from the peer until the handshake was over."""

    async def handshake(self) -> End | ssl.SSLError | None:
        """Shake hands; None if it went well."""
        while True:
            try:
                self.engine.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError as error:
                await self._flush()
                return error
            else:
                self._up = True
                await self._flush()
                return None
            data = await self._wire.receive()
            if isinstance(data, End):
                return data
            self.seen += data
            if not looks_like_tls(self.seen):
                return End("error", "the answer is not TLS")
            self._in.write(data)

    async def send(self, data: bytes) -> End | None:
        try:
            self.engine.write(data)
        except ssl.SSLError as error:
            return _end_of(error)
        return await self._flush()

    async def receive(self) -> bytes | End:
        """Return the application bytes of all TLS records that one read of the wire completed."""
        while True:
            data = self._decrypted()
            if data:
                return data
            if self._ended is not None:
                return self._ended
            await self._flush()
            raw = await self._wire.receive()
            if raw == End("fin"):
                self._in.write_eof()
            elif isinstance(raw, End):
                self._ended = raw
            else:
                self._in.write(raw)

    def _decrypted(self) -> bytes:
        """Return what can be decrypted now; note the end if it was reached."""
        data = b""
        while self._ended is None:
            try:
                piece = self.engine.read(READ)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLEOFError:
                self._ended = End("truncated", "the connection was closed without a TLS close_notify")
                break
            except ssl.SSLError as error:
                self._ended = _end_of(error)
                break
            data += piece
            if not piece:
                self._ended = End("fin")
        return data

    async def close(self) -> None:
        if self._up and (self._ended is None or self._ended.how == "fin"):
            # It wants to read the peer's close_notify too, for which nobody waits here.
            with suppress(ssl.SSLError):
                self.engine.unwrap()
            with trio.move_on_after(GOODBYE, shield=True):
                await self._flush()
        await self._wire.close()

    def chain(self, which: Literal["get_unverified_chain", "get_verified_chain"]) -> list[bytes]:
        """Return the peer's certificates, DER, its own first; also where verification has failed.

        Python 3.13 made methods for this public; the object beneath has had them since Python 3.10.
        """
        try:
            found = getattr(self.engine._sslobj, which)()  # type: ignore[attr-defined]
            return [each.public_bytes(_DER) for each in found or ()]
        except (AttributeError, ssl.SSLError, ValueError):
            return []

    async def _flush(self) -> End | None:
        async with self._flushing:
            data = self._out.read()
            return await self._wire.send(data) if data else None


def looks_like_tls(data: bytes) -> bool:
    """True if *data* may begin a TLS record: a content type of RFC 8446 section 5.1, then major version 3."""
    return data[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and data[1:2] in (b"\x03", b"")


def _end_of(error: ssl.SSLError) -> End:
    alert = alerts.reported(error)
    if alert is not None:
        return End("error", f"the peer sent {alerts.described(alert)}", alert=alert)
    return End("error", words_of(error))


def words_of(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
