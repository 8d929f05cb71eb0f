"""TLS with the target: its conditions, the handshake, and its failures (RFC 8446).

Our own code moves the bytes between the stream and OpenSSL. So all bytes of a failed handshake are kept, and an
end with close_notify is told from one without (section 6.1).
"""

from __future__ import annotations

import os
import re
import ssl
import time
import warnings
from contextlib import suppress
from functools import partial
from typing import Literal

import trio

from wsprobe.exchange import Certificate, How, PlanError, TlsDone, TlsFailed, TlsOptions
from wsprobe.net.stream import READ, End, Tape, Wire, utc
from wsprobe.recording import certificate
from wsprobe.recording.certificate import NO_NAMES, SELF_SIGNED, UNKNOWN_ISSUER, covers, faults

NAMES = {each.value: each.name.removeprefix("ALERT_DESCRIPTION_").lower() for each in ssl.AlertDescription} | {
    21: "decryption_failed",
    41: "no_certificate",
    52: "too_many_cids_requested",
    60: "export_restriction",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}
"""The alerts of TLS by number (IANA); Python has no name for some, and another spelling for 90."""

_NUMBERS = {name: number for number, name in NAMES.items()} | {"user_cancelled": 90}

_REPORTED = r"(?:sslv3|tlsv13|tlsv1)_(?:alert_)?(\w+)"
"""OpenSSL's names for alerts that the peer sent: SSLV3_ALERT_HANDSHAKE_FAILURE, TLSV1_UNRECOGNIZED_NAME ..."""

_FATAL = 2


def reported(error: ssl.SSLError) -> int | None:
    """The number of the peer's alert in *error*, None if it has none."""
    words = (error.reason or str(error)).lower().replace(" ", "_")
    found = re.search(_REPORTED, words)
    if found is None:
        return None
    named = max((name for name in _NUMBERS if found[1].startswith(name)), key=len, default=None)
    return None if named is None else _NUMBERS[named]


def in_records(data: bytes) -> int | None:
    """The number of the first fatal alert, unencrypted, in the TLS records of *data*."""
    at = 0
    while at + 7 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 3 : at + 5])
        if kind == 21 and length == 2 and data[at + 5] == _FATAL:
            return data[at + 6]
        at += 5 + length
    return None


def described(number: int) -> str:
    """E.g. ``TLS alert 40 (handshake_failure)``."""
    return f"TLS alert {number} ({NAMES.get(number, 'not registered')})"


VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

REASONS = {
    2: "unknown-ca",
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "unknown-ca",
    20: "unknown-ca",
    21: "unknown-ca",
    62: "wrong-name",
    64: "wrong-name",
}
"""OpenSSL's X509_V_ERR numbers (openssl/x509_vfy.h) in the words of ``TlsFailed.reason``."""


PASSPHRASES: dict[str, str] = {}
"""File of a private key -> its passphrase. It is kept here and not in the plan, which recordings contain."""


def context(options: TlsOptions) -> ssl.SSLContext:
    """The context for *options*. Raises PlanError for unusable options."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # RFC 9525 section 6.3: only names in subjectAltName count. OpenSSL's rule for common names is Node's.
    made.hostname_checks_common_name = options.common_name
    if not options.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if options.alpn:
        made.set_alpn_protocols(list(options.alpn))
    _versions(made, options)
    _authorities(made, options)
    if options.certificate is not None:
        _own_certificate(made, options.certificate, options.key)
    if keys := os.environ.get("SSLKEYLOGFILE"):
        try:
            # Otherwise OpenSSL fails to write the key in a later read, with an error that blames the
            # connection.
            made_private = partial(os.open, mode=0o600)  # whoever reads the file can decrypt the sessions
            with open(keys, "ab", buffering=0, opener=made_private) as log:
                if os.fstat(log.fileno()).st_size == 0:
                    log.write(b"# Secrets of TLS sessions, one a line\n")
            made.keylog_filename = keys
        except OSError as error:
            raise PlanError(f"SSLKEYLOGFILE {keys!r} cannot be written: {_said(error)}") from None
    return made


def _versions(made: ssl.SSLContext, options: TlsOptions) -> None:
    lowest, highest = _version(options.minimum), _version(options.maximum)
    if lowest and highest and lowest > highest:
        raise PlanError(f"no TLS version is at least {options.minimum} and at most {options.maximum}")
    lowest = lowest or min(highest or ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with warnings.catch_warnings():
        # Python deprecates the old versions, but a user who asks for one wants to know the server's reaction.
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = lowest
        if highest:
            made.maximum_version = highest
    ciphers = options.ciphers
    if lowest < ssl.TLSVersion.TLSv1_2 and "@SECLEVEL" not in (ciphers or ""):
        # OpenSSL 3 offers TLS 1.0 and 1.1 only at security level 0, because their signatures use SHA-1 and MD5.
        ciphers = f"{ciphers or 'DEFAULT'}:@SECLEVEL=0"
    if ciphers is not None:
        try:
            made.set_ciphers(ciphers)
        except (ssl.SSLError, UnicodeEncodeError):
            raise PlanError(f"OpenSSL has no cipher {options.ciphers!r} for TLS 1.2 or older") from None


def _version(text: str | None) -> ssl.TLSVersion | None:
    if text is None:
        return None
    try:
        return VERSIONS[text]
    except KeyError:
        raise PlanError(f"unknown TLS version {text!r}: one of {', '.join(VERSIONS)}") from None


def _authorities(made: ssl.SSLContext, options: TlsOptions) -> None:
    if options.ca_file is None and options.ca_path is None:
        made.load_default_certs()
        return
    if options.ca_path is not None and not os.path.isdir(options.ca_path):
        raise PlanError(f"CA path {options.ca_path!r} is not a directory")
    try:
        made.load_verify_locations(options.ca_file, options.ca_path)
    except (OSError, ValueError) as error:
        raise PlanError(f"CA file {options.ca_file!r} cannot be used: {_said(error)}") from None


def _own_certificate(made: ssl.SSLContext, certificate: str, key: str | None) -> None:
    wanted: list[bool] = []
    passphrase = PASSPHRASES.get(key or certificate, "")

    def password() -> bytes:  # without it OpenSSL asks on the terminal
        wanted.append(True)
        return passphrase.encode("utf-8", "surrogateescape")

    try:
        made.load_cert_chain(certificate, key, password=password)
    except (OSError, ValueError) as error:
        where = repr(certificate) if key is None else f"{certificate!r} with key {key!r}"
        if wanted:
            why = "the passphrase (--pass) is wrong" if passphrase else "add --pass @FILE"
            raise PlanError(f"the private key in {key or certificate!r} is encrypted: {why}") from None
        raise PlanError(f"client certificate {where} cannot be used: {_said(error)}") from None


def _said(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate or key in PEM form that matches").replace("_", " ").lower()
    return (isinstance(error, OSError) and error.strerror) or str(error)


def problem(shown: Certificate, name: str, now: str, known: bool) -> str | None:
    """The faults that verification would find in *shown*, None if there is no known one.

    *name*: the intended server; *now*: ISO 8601, UTC; *known*: its chain ends at a trusted authority.
    """
    said = [f"it {words}" for _, words in faults(shown, name, now)]
    if not known:
        said.insert(0, SELF_SIGNED if shown.subject == shown.issuer else UNKNOWN_ISSUER)
    return ", ".join(said) or None


GOODBYE = 0.1
"""Seconds that close_notify may wait for room in the send buffer."""

_DER = 2
"""The value of ``_ssl.ENCODING_DER``."""


class TlsWire:
    """A wire inside TLS. Call ``handshake`` first."""

    def __init__(self, wire: Wire, context: ssl.SSLContext, server_name: str) -> None:
        """Raises ValueError if *server_name* is not valid."""
        self._wire = wire
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.engine = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self._flushing = trio.Lock()
        self._up = False
        self._ended: End | None = None
        self.seen = b""
        """The bytes from the peer until the handshake was over."""

    async def handshake(self) -> End | ssl.SSLError | None:
        """Do the handshake; None if it succeeded."""
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

    async def receive(self, most: int = READ) -> bytes | End:
        """The application bytes of all TLS records that one read of the wire completed."""
        while True:
            data = self._decrypted()
            if data:
                return data
            if self._ended is not None:
                return self._ended
            await self._flush()
            raw = await self._wire.receive(most)
            if raw == End("fin"):
                self._in.write_eof()
            elif isinstance(raw, End):
                self._ended = raw
            else:
                self._in.write(raw)

    def _decrypted(self) -> bytes:
        """The bytes that can be decrypted now; notes the end if it was reached."""
        pieces: list[bytes] = []
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
            pieces.append(piece)
            if not piece:
                self._ended = End("fin")
        return b"".join(pieces)

    async def finish(self) -> None:
        # unwrap() also waits for the peer's close_notify, which may come much later.
        with suppress(ssl.SSLError):
            self.engine.unwrap()
        await self._flush()
        await self._wire.finish()

    async def reset(self) -> None:
        await self._wire.reset()

    async def close(self) -> None:
        if self._up and (self._ended is None or self._ended.how == "fin"):
            # unwrap() also waits for the peer's close_notify, which is not needed here.
            with suppress(ssl.SSLError):
                self.engine.unwrap()
            with trio.move_on_after(GOODBYE, shield=True):
                await self._flush()
        await self._wire.close()

    def chain(self, which: Literal["get_unverified_chain", "get_verified_chain"]) -> list[bytes]:
        """The peer's certificates, DER, its own first; even if verification failed.

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
    alert = reported(error)
    if alert is not None:
        return End("error", f"the peer sent {described(alert)}", alert=alert)
    return End("error", words_of(error))


def words_of(error: ssl.SSLError) -> str:
    """The reason that OpenSSL gives, as lower-case words: ``wrong version number``."""
    return (error.reason or str(error)).replace("_", " ").lower()


BANNER_QUIET = 0.2
"""Seconds without a byte after which a peer that does not speak TLS counts as finished."""

BANNER_LIMIT = 65536


async def secure(wire: Wire, context: ssl.SSLContext, options: TlsOptions, host: str, tape: Tape) -> Wire | End:
    """*wire* inside TLS, or the end. Writes TlsDone or TlsFailed."""
    name = options.server_name or host.rstrip(".")
    try:
        tls = TlsWire(wire, context, name)
    except ValueError as error:
        return _failed(TlsFailed(tape.now(), "error", f"{name!r} cannot be a server name: {error}"), tape)
    try:
        fault = await tls.handshake()
        if fault is None and (other := _not_pinned(tls, options, tape.now())) is not None:
            return _failed(other, tape)
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
    """*wire*, to a proxy, inside TLS; only a failure of that TLS is recorded."""
    try:
        tls = TlsWire(wire, context, host.rstrip("."))
    except ValueError as error:
        return End("error", f"{host!r} cannot be a server name: {error}")
    fault = await tls.handshake()
    return tls if fault is None else End("error", _failure(tls, fault, 0).error)


async def _rest(wire: Wire) -> bytes:
    """The further bytes of a peer that does not speak TLS."""
    rest = b""
    while len(rest) < BANNER_LIMIT:
        data: bytes | End = End("timeout")
        with trio.move_on_after(BANNER_QUIET):
            data = await wire.receive()
        if isinstance(data, End):
            break
        rest += data
    return rest


def _not_pinned(tls: TlsWire, options: TlsOptions, at: int) -> TlsFailed | None:
    """The failure if the server's key is not a pinned one, verified or not."""
    if not options.pinned:
        return None
    shown, issuers = _shown(tls)
    key = certificate.described(shown.der).public_key if shown is not None else ""
    if key in options.pinned:
        return None
    wanted = " or ".join(f"sha256//{each}" for each in options.pinned)
    error = (
        f"the server's public key is sha256//{key}, not {wanted}" if key else "the server sent no public key"
    )
    return TlsFailed(at, "pinned-key", error, tls.seen, shown, issuers=issuers)


def _done(tls: TlsWire, context: ssl.SSLContext, name: str, at: int) -> TlsDone:
    version = (tls.engine.version() or "").replace("TLSv", "TLS ")
    cipher = tls.engine.cipher()
    shown, issuers = _shown(tls)
    verified = context.verify_mode == ssl.CERT_REQUIRED
    if shown is not None and context.hostname_checks_common_name:
        verified = verified and any(covers(each, name) for each in shown.names)
    passed = None
    if not verified and shown is not None:
        chain = tls.chain("get_verified_chain")
        known = not set(chain).isdisjoint(context.get_ca_certs(binary_form=True))
        passed = problem(shown, name, utc(time.time()), known)
    return TlsDone(
        at,
        "TLS 1.0" if version == "TLS 1" else version,
        cipher[0] if cipher else "",
        tls.engine.selected_alpn_protocol(),
        shown,
        verified,
        passed,
        issuers,
    )


def _failure(tls: TlsWire, fault: End | ssl.SSLError, at: int) -> TlsFailed:
    """Why the handshake failed: the peer's own bytes take precedence over OpenSSL's error."""
    shown, issuers = _shown(tls)
    alert = in_records(tls.seen)
    if alert is None and isinstance(fault, ssl.SSLError):
        alert = reported(fault)
    if tls.seen and not looks_like_tls(tls.seen):
        return TlsFailed(at, "not-tls", "the answer is not TLS", tls.seen)
    if isinstance(fault, ssl.SSLCertVerificationError):
        reason = REASONS.get(fault.verify_code, "other")
        nameless = reason == "wrong-name" and shown is not None and not shown.names
        error = fault.verify_message.rstrip(".") + NO_NAMES if nameless else fault.verify_message
        return TlsFailed(at, "certificate", error, tls.seen, shown, None, reason, issuers)
    if alert is not None:
        error = f"the peer refused with {described(alert)}"
        return TlsFailed(at, "alert", error, tls.seen, shown, alert, issuers=issuers)
    if isinstance(fault, ssl.SSLError):
        return TlsFailed(at, "error", words_of(fault), tls.seen, shown, issuers=issuers)
    if fault.how in ("fin", "reset"):
        did = "closed" if fault.how == "fin" else "reset"
        error = f"the peer {did} the connection during the TLS handshake"
        return TlsFailed(at, "fin" if fault.how == "fin" else "reset", error, tls.seen, shown, issuers=issuers)
    return TlsFailed(at, "error", fault.error, tls.seen, shown, issuers=issuers)


def _failed(failure: TlsFailed, tape: Tape) -> End:
    tape.add(failure)
    ends: dict[str, How] = {"fin": "fin", "reset": "reset", "pinned-key": "local"}
    return End(ends.get(failure.kind, "error"), failure.error)


def _shown(tls: TlsWire) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    """The server's certificate, and those that it sent after it."""
    chain = [certificate.read(der) for der in tls.chain("get_unverified_chain")]
    return (chain[0] if chain else None), tuple(chain[1:])
