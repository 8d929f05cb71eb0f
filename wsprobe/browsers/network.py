"""Network failures before an engine's request was sent, and credentials that answer a 401 (RFC 7616).

This module finds the failure, if any, that prevented the request; each engine decides how to report it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha1
from typing import Literal
from urllib.parse import unquote_to_bytes

from wsprobe.exchange import (
    Certificate,
    Connected,
    ConnectFailed,
    Exchange,
    ResolveFailed,
    Target,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import SELF_SIGNED, common_names, covers, faults, is_address, untrusted
from wsprobe.wire import authentication
from wsprobe.wire.authentication import UserAndPassword, quoted

Failure = ResolveFailed | ConnectFailed | TlsFailed | TunnelFailed
FAILED = frozenset((ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed))
"""The types of ``Failure``. To look an event's own type up in a set takes 35 ns, an isinstance that fails 180
for each of these types, and every engine goes through all events."""
_TELLING = frozenset((Connected, ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed, TlsDone))


CommonNames = Literal["", "openssl", "gnutls"]
"""A library's rule for a certificate without names of hosts in subjectAltName (RFC 9525 section 6.3 refuses it,
as Chromium, Firefox and rustls do); measured.

``openssl``: a common name counts, one of several too, if subjectAltName has no DNS name. Node and Bun have the
same rule in code of their own.
``gnutls``: the only common name counts, if subjectAltName has neither a DNS name nor an address.
Neither of them takes a common name for an address."""

BY_COMMON_NAME = (
    "it accepts the certificate by its common name, which wsprobe refuses; -k lets the recording continue"
)


def by_common_name(exchange: Exchange, rule: CommonNames) -> bool:
    """True if an engine with *rule* accepts the certificate of *exchange*, which wsprobe refuses or would."""
    if not rule or certificate_faults(exchange) != {"wrong-name"}:
        return False
    last = next(e for e in reversed(exchange.events) if isinstance(e, TlsDone | TlsFailed))
    name = exchange.plan.tls.server_name or exchange.plan.target.host
    return last.certificate is not None and _named(last.certificate, name, rule)


def _named(shown: Certificate, name: str, rule: CommonNames) -> bool:
    found = common_names(shown)
    if is_address(name) or not all(map(is_address, shown.names)):
        return False
    if rule == "gnutls" and (shown.names or len(found) != 1 or found[0].endswith(".")):
        return False
    return any(covers(each, name) for each in found)


def hindrance(reading: Reading, rule: CommonNames = "") -> Failure | TlsDone | None:
    """The last failure that no connection came after, or the TLS of a certificate that we let pass and no
    engine with *rule* would; None if nothing kept the request from being sent."""
    failed: Failure | None = None
    for event in reading.exchange.events:
        if type(event) not in _TELLING:  # of six events one is, and three engines ask: ``FAILED`` says why so
            continue
        match event:
            case Connected():
                failed = None
            case ResolveFailed() | ConnectFailed() | TlsFailed() | TunnelFailed():
                failed = event
            case TlsDone(verified=False, problem=str()) if not by_common_name(reading.exchange, rule):
                return event
            case _:
                pass
    return failed


def given_up(reading: Reading) -> bool:
    """True if wsprobe stopped before there was a result: an engine would have continued."""
    pinned = any(isinstance(e, TlsFailed) and e.kind == "pinned-key" for e in reading.exchange.events)
    return pinned or reading.exchange.how_ended in ("timeout", "interrupted")


def certificate_faults(exchange: Exchange) -> set[str]:
    """The faults of the certificate that was refused, or that wsprobe accepted although it is invalid (values
    of ``TlsFailed.reason``); empty without a known fault."""
    plan, found = exchange.plan, set[str]()
    for event in exchange.events:
        if isinstance(event, TlsDone) and event.problem is None:
            continue
        if not isinstance(event, TlsDone) and not (
            isinstance(event, TlsFailed) and event.kind == "certificate"
        ):
            continue
        if isinstance(event, TlsFailed):
            found.add(event.reason or "other")
        elif untrusted(event.problem or ""):
            found.add("self-signed" if (event.problem or "").startswith(SELF_SIGNED) else "unknown-ca")
        if event.certificate is not None:
            name = plan.tls.server_name or plan.target.host
            found |= {reason for reason, _ in faults(event.certificate, name, exchange.started)}
    return found


COUNT = "00000001"
"""Value of nc: a challenge is answered once."""
ALGORITHMS = ("md5", "sha-256")
"""The Digest algorithms of Chromium, Firefox and libsoup, without -sess."""


def credentials(to: Target) -> UserAndPassword | None:
    """The user and password of the URL, percent-decoded; None if it has none."""
    if to.userinfo is None:
        return None
    user, _, password = to.userinfo.partition(":")
    return UserAndPassword(unquote_to_bytes(user), unquote_to_bytes(password))


_ESCAPED = rb"(?s)\\(.)"


def unquoted(value: bytes) -> bytes:
    """A parameter's value without its quotation marks, if it has both, and without the backslashes in it."""
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        return re.sub(_ESCAPED, rb"\1", value[1:-1])
    return value


def response(
    own: UserAndPassword, uri: str, *, algorithm: str, realm: bytes, nonce: bytes, cnonce: str, protects: bool
) -> str:
    """The value of ``response`` for a GET of *uri*.

    *algorithm* is one of ``md5`` and ``sha-256``, with or without ``-sess`` behind it; *protects*: whether the
    challenge offers qop=auth. Raises KeyError for another algorithm.
    """
    if algorithm.removesuffix("-sess") not in ALGORITHMS:
        raise KeyError(algorithm)
    qop = "auth" if protects else ""
    challenge = authentication.Digest(realm, nonce, cnonce, algorithm, qop=qop, count=1)
    return authentication.response(challenge, own, "GET", uri)


def digest(own: UserAndPassword, uri: str, parameters: Mapping[str, bytes], key: str) -> str:
    """The value of Authorization with which Chromium and Firefox answer a Digest challenge; "" if the challenge
    has no nonce, or an algorithm that they do not support.

    Sources: net/http/http_auth_handler_digest.cc, netwerk/protocol/http/nsHttpDigestAuth.cpp. *key* replaces
    the random number in the cnonce.
    """
    nonce, realm = parameters.get("nonce", b""), parameters.get("realm", b"")
    named = parameters.get("algorithm", b"").decode("latin-1")
    algorithm = (named or "MD5").lower()
    if not nonce or algorithm.removesuffix("-sess") not in ALGORITHMS:
        return ""
    cnonce = sha1(key.encode("latin-1", "replace")).hexdigest()[:16]
    protects = any(q.strip(b" \t").lower() == b"auth" for q in parameters.get("qop", b"").split(b","))
    answer = response(own, uri, algorithm=algorithm, realm=realm, nonce=nonce, cnonce=cnonce, protects=protects)
    fields = [
        f"username={quoted(own.user)}",
        f"realm={quoted(realm)}",
        f"nonce={quoted(nonce)}",
        f'uri="{uri}"',
        *([f"algorithm={named}"] if named else []),
        f'response="{answer}"',
        *([f"opaque={quoted(parameters['opaque'])}"] if parameters.get("opaque") else []),
        *([f'qop=auth, nc={COUNT}, cnonce="{cnonce}"'] if protects else []),
    ]
    return "Digest " + ", ".join(fields)
