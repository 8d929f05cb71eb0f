"""Who wrote this answer, which hop passed it on last, what it most likely means, and what to do there.

``signature(reading)`` is all that another module needs. It always returns a ``Signature``: ``author`` is ""
where the bytes do not tell who wrote them, and ``causes`` then say only what holds whoever wrote them; ``hop``
is the last proxy that left a mark on an answer that it did not write. Never raises, whatever the bytes.

Everything is drawn from marks: reason phrases, order and case of fields, fields that are absent, bodies to the
last byte, how a Content-Type is spelt, and what had been asked. A mark is a likelihood and never a certainty:
any server can send any byte. Rules are tried in the order of ``_RULES``, and the first that knows the answer
wins: pages that a proxy writes itself, words that only one library writes, Server fields, shapes that bear no
name. The marks were measured on loopback in November 2026; those that were not (Cloudflare, AWS, Traefik,
Phoenix, ASP.NET, Rails, Spring) follow the documentation or source of the program."""

from __future__ import annotations

import msgspec

from wsprobe.exchange import Ended, Exchange, Received, Sent, TunnelFailed, TunnelReceived
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.signatures import asgi, libraries, own_pages
from wsprobe.signatures.answer import (
    AUTHORS,
    Cause,
    Evidence,
    Kind,
    Rule,
    Signature,
    answer_of,
    hop_of,
    how_ended,
    written_by,
)
from wsprobe.signatures.causes import by_anybody, by_status
from wsprobe.signatures.session import opened
from wsprobe.signatures.silence import nothing_came

__all__ = ["AUTHORS", "Cause", "Kind", "Signature", "signature"]

_RULES: tuple[Rule, ...] = (
    *own_pages.RULES,
    *asgi.BY_REASON,
    *libraries.RULES,
    *asgi.RULES,
    *libraries.BY_SHAPE,
)
"""In the order in which they are tried."""


_ENDS = frozenset({"fin", "reset", "truncated", "error", "timeout"})
"""``Ended.how`` where a connection without a byte is the server's doing."""


def signature(reading: Reading) -> Signature:
    """Who wrote the answer in *reading*, which hop passed it on, and what it most likely means.

    Where a CONNECT proxy refused the way, its answer is meant. Without a final answer nothing is known: an
    empty ``Signature``."""
    if any(isinstance(event, TunnelFailed) for event in reading.exchange.events):
        return _of_tunnel(reading)
    final = reading.final
    if not reading.received and any(isinstance(event, Sent) for event in reading.exchange.events):
        return Signature(causes=nothing_came(reading)) if how_ended(reading.exchange) in _ENDS else Signature()
    if final is None or final.status is None or not final.head.complete or reading.looks_like:
        return Signature()
    answer = answer_of(reading, final)
    if reading.http2 is not None:
        # The hop that speaks HTTP/2 writes every name in lower case and no reason: what is left is in the body.
        found = Signature() if reading.session is not None else by_anybody(answer)
    elif reading.session is not None:
        found = opened(reading, answer)
    else:
        found = (
            _twice(answer)
            or next((known for rule in _RULES if (known := rule(answer)) is not None), None)
            or by_anybody(answer)
        )
    hop = hop_of(answer)
    return msgspec.structs.replace(found, causes=_once(found.causes), hop="" if hop == found.author else hop)


def _once(causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """Each kind of cause where it comes first."""
    first: dict[str, Cause] = {}
    for cause in causes:
        first.setdefault(cause.id, cause)
    return tuple(first.values())


def _twice(a: Evidence) -> Signature | None:
    """A 101 that comes behind a whole answer."""
    if b"HTTP/1.1 101 " not in a.rest:
        return None
    if a.status >= 500:
        unaccepted = Cause(
            "no-accept",
            "the application returned without accepting; a 101 follows the 500",
            "await websocket.accept()",
        )
        return written_by("uvicorn", "a 101 behind a whole 500", (unaccepted,))
    wrote = Cause(
        "wrote-first",
        "the handler wrote a response before the upgrade; the 101 came in the body of that response",
        "write nothing before Upgrade()",
    )
    return written_by("go", "a 101 within a body", (wrote,))


def _of_tunnel(reading: Reading) -> Signature:
    said = b"".join(event.data for event in reading.exchange.events if isinstance(event, TunnelReceived))
    plan = reading.exchange.plan
    asked = read(Exchange(plan, (Sent(0, plan.request), Received(0, said), Ended(0, "fin"))))
    final = asked.final
    if final is None or final.status is None or not final.head.complete or asked.session is not None:
        return Signature()
    answer = msgspec.structs.replace(answer_of(asked, final), oddity="")
    found = next((known for rule in own_pages.FORWARD if (known := rule(answer)) is not None), None)
    if found is not None:
        return found
    if answer.status == 407:
        return Signature(causes=by_status(answer))
    return Signature()
