"""The TLS handshake with the target: done, or failed and why."""

from __future__ import annotations

import ssl
import time

import trio

from wsprobe.exchange import Certificate, TlsDone, TlsFailed, TlsOptions
from wsprobe.net.tape import Tape, utc
from wsprobe.net.tls import alerts, certificate, trust
from wsprobe.net.tls.wire import TlsWire, looks_like_tls, words_of
from wsprobe.net.wire import End, Wire

BANNER_QUIET = 0.2
"""Seconds without a byte after which a peer that does not speak TLS has said what it had to say."""

BANNER_LIMIT = 65536


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
        chain = tls.chain("get_verified_chain")
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
        return TlsFailed(at, "error", words_of(fault), tls.seen, _shown(tls))
    if fault.how in ("fin", "reset"):
        did = "closed" if fault.how == "fin" else "reset"
        error = f"the peer {did} the connection during the TLS handshake"
        return TlsFailed(at, "fin" if fault.how == "fin" else "reset", error, tls.seen, _shown(tls))
    return TlsFailed(at, "error", fault.error, tls.seen, _shown(tls))


def _failed(failure: TlsFailed, tape: Tape) -> End:
    tape.add(failure)
    return End(failure.kind if failure.kind in ("fin", "reset") else "error", failure.error)


def _shown(tls: TlsWire) -> Certificate | None:
    chain = tls.chain("get_unverified_chain")
    return certificate.read(chain[0]) if chain else None
