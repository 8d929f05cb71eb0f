"""TLS over any wire, with our own pump between it and OpenSSL.

So every byte that came during a handshake is there when it fails, and an end of stream with close_notify is
told from one without (RFC 8446 section 6.1).
"""

from __future__ import annotations

import ssl
import time
from contextlib import suppress

import trio

from wsprobe.exchange import Certificate, TlsDone, TlsFailed, TlsOptions
from wsprobe.net import alerts, certificate, trust
from wsprobe.net.tape import Tape, utc
from wsprobe.net.wire import READ, End, Wire

GOODBYE = 0.1
"""Seconds that close_notify may wait for room in the send buffer."""

BANNER_QUIET = 0.2
"""Seconds without a byte after which a peer that does not speak TLS has said what it had to say."""

BANNER_LIMIT = 65536


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
                return await self._flush()
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
            return _end(error)
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
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLEOFError:
                self._ended = End("truncated", "the connection was closed without a TLS close_notify")
                break
            except ssl.SSLError as error:
                self._ended = _end(error)
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

    async def _flush(self) -> End | None:
        async with self._flushing:
            data = self._out.read()
            return await self._wire.send(data) if data else None


async def secure(wire: Wire, context: ssl.SSLContext, options: TlsOptions, host: str, tape: Tape) -> Wire | End:
    """Return *wire* inside TLS, or the end. Writes TlsDone or TlsFailed."""
    name = options.server_name or host.rstrip(".")
    try:
        tls = TlsWire(wire, context, name)
    except ValueError as error:
        return _failed(TlsFailed(tape.now(), "error", f"{name!r} cannot be a server name: {error}"), tape)
    try:
        fault = await tls.handshake()
        if fault is None:
            tape.add(_done(tls, context, name, tape.now()))
            return tls
        if tls.seen and not looks_like_tls(tls.seen):
            tls.seen += await _rest(wire)
    except trio.Cancelled:
        if tls.seen:
            tape.add(TlsFailed(tape.now(), "error", "the TLS handshake was not finished in time", tls.seen))
        raise
    return _failed(_failure(tls, fault, tape.now()), tape)


async def secure_proxy(wire: Wire, context: ssl.SSLContext, host: str) -> Wire | End:
    """Return *wire*, to a proxy, inside TLS; nothing of that TLS is recorded but how it failed."""
    try:
        tls = TlsWire(wire, context, host.rstrip("."))
    except ValueError as error:
        return End("error", f"{host!r} cannot be a server name: {error}")
    fault = await tls.handshake()
    return tls if fault is None else End("error", _failure(tls, fault, 0).error)


def looks_like_tls(data: bytes) -> bool:
    """True if *data* may begin a TLS record: a content type of RFC 8446 section 5.1, then major version 3."""
    return data[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and data[1:2] in (b"\x03", b"")


async def _rest(wire: Wire) -> bytes:
    """Return what a peer that does not speak TLS still says."""
    rest = b""
    while len(rest) < BANNER_LIMIT:
        data: bytes | End = End("timeout")
        with trio.move_on_after(BANNER_QUIET):
            data = await wire.receive()
        if isinstance(data, End):
            break
        rest += data
    return rest


def _done(tls: TlsWire, context: ssl.SSLContext, name: str, at: int) -> TlsDone:
    version = (tls.engine.version() or "").replace("TLSv", "TLS ")
    cipher = tls.engine.cipher()
    shown = _shown(tls)
    verified = context.verify_mode == ssl.CERT_REQUIRED
    problem = None
    if not verified and shown is not None:
        chain = _chain(tls, "get_verified_chain")
        known = not set(chain).isdisjoint(context.get_ca_certs(binary_form=True))
        problem = trust.problem(shown, name, utc(time.time()), known)
    return TlsDone(
        at,
        "TLS 1.0" if version == "TLS 1" else version,
        cipher[0] if cipher else "",
        tls.engine.selected_alpn_protocol(),
        shown,
        verified,
        problem,
    )


def _failure(tls: TlsWire, fault: End | ssl.SSLError, at: int) -> TlsFailed:
    """Say why the handshake failed: what the peer's own bytes show goes before what OpenSSL makes of them."""
    alert = alerts.in_records(tls.seen)
    if alert is None and isinstance(fault, ssl.SSLError):
        alert = alerts.reported(fault)
    if tls.seen and not looks_like_tls(tls.seen):
        return TlsFailed(at, "not-tls", "the answer is not TLS", tls.seen)
    if isinstance(fault, ssl.SSLCertVerificationError):
        reason = trust.REASONS.get(fault.verify_code, "other")
        return TlsFailed(at, "certificate", fault.verify_message, tls.seen, _shown(tls), reason=reason)
    if alert is not None:
        error = f"the peer refused with {alerts.described(alert)}"
        return TlsFailed(at, "alert", error, tls.seen, _shown(tls), alert)
    if isinstance(fault, ssl.SSLError):
        return TlsFailed(at, "error", _said(fault), tls.seen, _shown(tls))
    if fault.how in ("fin", "reset"):
        did = "closed" if fault.how == "fin" else "reset"
        error = f"the peer {did} the connection during the TLS handshake"
        return TlsFailed(at, "fin" if fault.how == "fin" else "reset", error, tls.seen, _shown(tls))
    return TlsFailed(at, "error", fault.error, tls.seen, _shown(tls))


def _failed(failure: TlsFailed, tape: Tape) -> End:
    tape.add(failure)
    return End(failure.kind if failure.kind in ("fin", "reset") else "error", failure.error)


def _shown(tls: TlsWire) -> Certificate | None:
    chain = _chain(tls, "get_unverified_chain")
    return certificate.read(chain[0]) if chain else None


def _chain(tls: TlsWire, which: str) -> list[bytes]:
    """Return the peer's certificates, DER, its own first; also where verification has failed.

    Python 3.13 has public methods for the former; the latter is only to be had from the session object of the
    _ssl module (there since Python 3.10).
    """
    try:
        chain = getattr(tls.engine._sslobj, which)()  # type: ignore[attr-defined]
        return [each.public_bytes(2) for each in chain or ()]
    except (AttributeError, ssl.SSLError, ValueError):
        return []


def _end(error: ssl.SSLError) -> End:
    alert = alerts.reported(error)
    if alert is not None:
        return End("error", f"the peer sent {alerts.described(alert)}", alert=alert)
    return End("error", _said(error))


def _said(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
