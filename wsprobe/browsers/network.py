"""Network failures before an engine's request was sent, and credentials that answer a 401 (RFC 7616).

This module finds the failure, if any, that prevented the request; each engine decides how to report it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha1
from urllib.parse import unquote_to_bytes

from wsprobe import authentication
from wsprobe.authentication import UserAndPassword, quoted
from wsprobe.certificate import SELF_SIGNED, faults, untrusted
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Ended,
    Event,
    Exchange,
    Received,
    ResolveFailed,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)
from wsprobe.read.reading import Reading
from wsprobe.target import loopback

Failure = ResolveFailed | ConnectFailed | TlsFailed | TunnelFailed
FAILED = frozenset((ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed))
"""The types of ``Failure``. To look an event's own type up in a set takes 35 ns, an isinstance that fails 180
for each of these types, and every engine goes through all events."""
_TELLING = frozenset((Connected, ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed, TlsDone))


def hindrance(reading: Reading) -> Failure | TlsDone | None:
    """The last failure that no connection came after, or the TLS of a certificate that we let pass and no
    engine would; None if nothing kept the request from being sent."""
    failed: Failure | None = None
    for event in reading.exchange.events:
        if type(event) not in _TELLING:  # of six events one is, and three engines ask: ``FAILED`` says why so
            continue
        match event:
            case Connected():
                failed = None
            case ResolveFailed() | ConnectFailed() | TlsFailed() | TunnelFailed():
                failed = event
            case TlsDone(verified=False, problem=str()):
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


def reset_unasked(reading: Reading) -> bool:
    """True if the connection was reset before the peer can have had our request: less than a round trip after.

    Engines then fail in connecting, in writing the request or in reading the answer: a race (measured).
    """
    events = reading.exchange.events
    if reading.received or reading.exchange.how_ended != "reset":
        return False
    connected, took = connecting(events)
    if connected is None or any(isinstance(e, TlsFailed) for e in events[connected:]):
        return False
    asked = next((e for e in events[connected:] if isinstance(e, Sent)), None)
    return asked is None or events[-1].at - asked.at < took


PROMPT = 5000
"""Microseconds that a server takes to end the connection once our Close came, beyond the way there and back."""


def ended_unasked(reading: Reading, answered: int | None, ended: int) -> bool:
    """True if the peer cannot have had our Close when it ended the connection or our stream: none was sent, or
    the end came, at *ended*, less than a quarter of a round trip after *answered*, when it was.

    An end that was there before our Close went out has the time of that Close (``net.probe``). A quarter: times
    near the machine's own are measured with an error of their size.
    """
    return answered is None or ended <= answered or 4 * (ended - answered) < _round_trip(reading)


def ended_in_answer(reading: Reading, answered: int | None, ended: int) -> bool:
    """True if the peer ended the connection when it could just have had our Close, sent at *answered*: most
    servers wait for it (RFC 6455 section 7.1.1)."""
    if answered is None or ended_unasked(reading, answered, ended):
        return False
    return ended - answered <= _round_trip(reading) + PROMPT


def _round_trip(reading: Reading) -> int:
    """Microseconds there and back, at most: of connecting, or of the first answer if that was faster; 0 on this
    machine, and where there was neither."""
    events = reading.exchange.events
    at, took = connecting(events)
    if at is None:
        return 0
    connected = events[at]
    if isinstance(connected, Connected) and loopback(connected.address):
        return 0
    asked = next((e.at for e in events[at:] if isinstance(e, Sent)), None)
    first = next((e.at for e in events[at:] if isinstance(e, Received)), None)
    return took if asked is None or first is None or first < asked else min(took, first - asked)


def spoke_unasked(reading: Reading) -> bool:
    """True if the peer's first bytes, or its end, came before it can have had our request."""
    events = reading.exchange.events
    connected, took = connecting(events)
    if connected is None:
        return False
    asked = next((e for e in events[connected:] if isinstance(e, Sent)), None)
    first = next((e for e in events[connected:] if isinstance(e, Received | Ended)), None)
    if asked is None or first is None:
        return False
    return first.at - asked.at < took


def connecting(events: Sequence[Event]) -> tuple[int | None, int]:
    """The place of the last ``Connected`` in *events*, None without one, and the microseconds that it took."""
    for at in reversed(range(len(events))):
        if isinstance(events[at], Connected):
            return at, events[at].at - events[max(0, at - 1)].at
    return None, 0


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
    return authentication.response(
        own,
        algorithm=algorithm,
        realm=realm,
        nonce=nonce,
        cnonce=cnonce,
        count=1,
        qop="auth" if protects else "",
        method="GET",
        uri=uri,
    )


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
