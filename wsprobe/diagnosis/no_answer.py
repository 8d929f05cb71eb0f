"""Why the request got no HTTP answer: the connection ended without a byte or was not made, or the peer speaks
another protocol.

The faults of connecting are rules that ``judge`` holds; their entries say what is usual and what to do, and the
cause has the id of the finding."""

from __future__ import annotations

import re
from functools import cache

from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause, Certainty, as_clause
from wsprobe.diagnosis.evidence import Evidence, shown, unanswered
from wsprobe.diagnosis.faults import NO_ANSWER, asked_wrong, asks_socketio, led_to, too_much
from wsprobe.exchange import Exchange, Sent
from wsprobe.judge import FINDINGS, judge
from wsprobe.judge.finding import Entry, Finding
from wsprobe.read.reading import Reading

LATE = 1_000_000
"""Microseconds from the request to the end of the connection from which on a limit of time is likely."""
_ENDS = {
    "fin": "the server closed the connection before sending anything",
    "truncated": "the server closed the connection before sending anything",
    "reset": "the server reset the connection before sending anything",
    "timeout": "the server sent nothing before the time limit",
    "error": "the connection failed before the server sent anything",
}


def nothing_came(reading: Reading) -> tuple[Cause, ...]:
    """The possible causes of a connection that ended without a byte, by its end and its request."""
    how, evidence = reading.exchange.how_ended, unanswered(reading)
    act = _timeout(evidence) if how == "timeout" else _closed(evidence, how, _waited(reading.exchange))
    act = replace(act, evidence=_ENDS.get(how, how))
    asked = (*asked_wrong(evidence), *too_much(*evidence.largest))
    return (led_to(asked[0], act),) if asked else (act,)


def _timeout(evidence: Evidence) -> Cause:
    return Cause(
        "no-answer",
        "the server sent no answer to the request",
        "correct the path; in a development server or proxy on Node, set ws: true and forward the server's "
        "upgrade event; test the application without the proxies; look in the log",
        usual=(
            "no code that handles WebSocket upgrades on this path",
            "a handler that crashed, is blocked or waits",
            NO_ANSWER,
            "a proxy that does not forward the 101",
            "a required subprotocol" + (" other than the offered ones" if evidence.protocols else ""),
        ),
    )


def _closed(evidence: Evidence, how: str, waited: int) -> Cause:
    reset = how == "reset"
    asked = (*_subprotocol(evidence), *_of_socketio(evidence, waited))
    refusal = "a refusal (path, token, cookie, Origin, subprotocol) or a rule (nginx 444)"
    option = "" if evidence.by_page else " (--cert)"
    certificate = (f"a required client certificate{option}",) if evidence.secure else ()
    # Many servers close without an alert where they expect TLS; those of another protocol mostly reset. A
    # refusal comes at once; only a proxy, or an application that hangs, closes after seconds.
    if waited >= LATE:
        usual = (*asked, NO_ANSWER, _TOO_SLOW, "a crash", refusal, _port(evidence))
    elif reset:
        usual = (*asked, *certificate, _port(evidence), "a crash", refusal, NO_ANSWER)
    else:
        usual = (*asked, refusal, *certificate, NO_ANSWER, "a crash", _port(evidence))
    return Cause(
        "closed-silently",
        f"the server {'reset' if reset else 'closed'} the connection without an answer",
        "look in the logs of the application and of every proxy; check the scheme, the port, the path and the "
        "subprotocol",
        usual=usual,
    )


_TOO_SLOW = "a handler that did not accept within the server's limit (Daphne: 5 s)"


def _subprotocol(evidence: Evidence) -> tuple[str, ...]:
    """A subprotocol that the server may not know, or may require."""
    if evidence.protocols and not any(name.lower().startswith("mqtt") for name in evidence.protocols):
        return (f"no support for an offered subprotocol ({shown(', '.join(evidence.protocols))})",)
    if re.search(r"/mqtt\b", evidence.path) and not evidence.protocols:
        return ("an MQTT broker, which requires the subprotocol mqtt",)
    return ()


def _of_socketio(evidence: Evidence, waited: int) -> tuple[str, ...]:
    """engine.io closes what is not for it after its option destroyUpgradeTimeout, 1000 ms; servers that refuse
    close at once."""
    late = 900_000 <= waited < 1_500_000 and not asks_socketio(evidence.path, evidence.query)
    return ("Socket.IO on another path (it closes after 1 s)",) if late else ()


def _port(evidence: Evidence) -> str:
    """What the port may expect in place of this request."""
    tls = "" if evidence.secure else "TLS, "
    return f"a port for {tls}a PROXY line or another protocol"


def _waited(exchange: Exchange) -> int:
    """Microseconds from the request to the end."""
    return exchange.events[-1].at - max(event.at for event in exchange.events if isinstance(event, Sent))


_RENAMED = {
    "plain-to-tls-port": "tls-port",
    "tls-alert-certificate-required": "client-certificate",
    "proxy-failed": "proxy-target",
}
"""Findings that are one kind of cause with what a server says in words."""


def way(reading: Reading) -> tuple[Cause, ...]:
    """The causes of a missing answer, or of one that is not HTTP."""
    of_the_way = failures_of_the_way()
    found = (each for each in judge(reading).findings if each.fatal)
    return tuple(_cause(each) for each in found if _RENAMED.get(each.id, each.id) in of_the_way)


def _cause(of: Finding) -> Cause:
    entry = FINDINGS[of.id]
    said = of.received is not None or "certificate" in of.id or "alert" in of.id
    certainty: Certainty = "stated" if said else "status"
    usual = of.usual or entry.usual
    return Cause(
        _RENAMED.get(of.id, of.id),
        as_clause(entry.title),
        as_clause(of.advice),
        certainty,
        of.text,
        usual=(usual.replace("`", ""),) if usual else (),
    )


@cache
def failures_of_the_way() -> dict[str, Entry]:
    """The causes of this file by id: the findings of the way that fail it."""
    failing = (each for each in FINDINGS.values() if each.phase in ("way", "http2") and each.fatal)
    return {_RENAMED.get(each.id, each.id): each for each in failing}
