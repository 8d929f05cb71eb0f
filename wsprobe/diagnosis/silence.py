"""The possible causes of a connection that ended without a byte, by its end and its request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, shown, unanswered
from wsprobe.diagnosis.faults import NO_ANSWER, SEE_LOG, asked_wrong, asks_socketio, led_to, too_much
from wsprobe.exchange import Exchange, Sent
from wsprobe.read.reading import Reading

_ENDS = {
    "fin": "the server closed the connection before sending anything",
    "truncated": "the server closed the connection before sending anything",
    "reset": "the server reset the connection before sending anything",
    "timeout": "the server sent nothing before the time limit",
    "error": "the connection failed before the server sent anything",
}


def nothing_came(reading: Reading) -> tuple[Cause, ...]:
    """The possible causes of a connection that ended without a byte, by its end and its request."""
    how = reading.exchange.how_ended
    evidence = unanswered(reading)
    kinds = tuple(_timeout(evidence) if how == "timeout" else _closed(evidence, how, _waited(reading.exchange)))
    first: dict[str, Cause] = {}
    asked = asked_wrong(evidence)
    if how != "timeout":
        asked = tuple(
            led_to(each, next(kind for kind in kinds if kind.id == "closed-silently")) for each in asked
        )
    for cause in (*asked, *too_much(*evidence.largest), *kinds):
        first.setdefault(cause.id, cause)
    shows = _ENDS.get(how, how)
    return tuple(one if one.evidence else replace(one, evidence=shows) for one in first.values())


def _timeout(evidence: Evidence) -> Iterator[Cause]:
    yield Cause(
        "no-answer",
        "the server sent no answer to the request",
        "correct the path; in a development server or proxy on Node, set ws: true and forward the server's "
        "upgrade event; look in the log",
        usual=(
            "no code that handles WebSocket upgrades on this path",
            "a handler that crashed, is blocked or waits",
            NO_ANSWER,
            "a proxy that does not forward the 101",
            "a required subprotocol" + (" other than the offered ones" if evidence.protocols else ""),
        ),
    )
    yield Cause(
        "proxy-waits",
        "a proxy forwards the request, but not the 101",
        "test the application without the proxy and compare",
    )
    yield Cause("hangs", "the application waits for something else, such as a database or a lock", SEE_LOG)


def _closed(evidence: Evidence, how: str, waited: int) -> Iterator[Cause]:
    reset = how == "reset"
    crash = Cause(
        "closed-silently",
        f"the server {'reset' if reset else 'closed'} the connection without an answer",
        "look in the logs of the application and of every proxy for this request",
        usual=(
            "a crash",
            "a refusal by closing (path, token, Origin, subprotocol)",
            NO_ANSWER,
            *(() if reset else ("a rule that drops the request",)),
            *_port(evidence, reset),
        ),
    )
    yield from _protocol(evidence, crash)
    other = Cause(
        "other-protocol",
        "the port speaks another protocol"
        + ("" if evidence.secure else ", or expects TLS")
        + ": MQTT, or HTTP behind "
        "the PROXY protocol",
        "use the port of the WebSocket listener" + ("" if evidence.secure else ", or wss://"),
    )
    rule = Cause(
        "blocked-by-rule",
        "a rule in a proxy closes the connection without an answer (nginx return 444, also for an "
        "unknown Host; HAProxy reject; a firewall)",
        "look for the rule, and check that a server_name matches the Host",
    )
    down = Cause(
        "backend-down",
        "a proxy that can only close could not reach the application (TCP proxy, stunnel, Varnish in a pipe, "
        "Vite)",
        "start the application; check address and port in the proxy",
    )
    certificate = Cause("client-certificate", "the server requires a client certificate", "--cert and --key")
    late = how == "fin" and not asks_socketio(evidence.path, evidence.query) and 900_000 <= waited < 1_500_000
    if late:
        # engine.io's option destroyUpgradeTimeout is 1000 ms; servers that refuse close at once.
        yield Cause(
            "not-socket.io",
            "the server closed the connection after one second without an answer, as Socket.IO does outside "
            "its own path (/socket.io/)",
            "use a Socket.IO client, or the path /socket.io/?EIO=4&transport=websocket",
        )
    if reset:
        yield from (crash, certificate, other, down) if evidence.secure else (crash, other, down)
    elif evidence.secure:
        yield from (crash, down, rule)
    else:
        yield from (crash, rule, down, other)


def _protocol(evidence: Evidence, closed: Cause) -> Iterator[Cause]:
    """A subprotocol that the server may not know, or may require. *closed*: the act, with its usual causes."""
    required = replace(closed, id="subprotocol-required")
    if evidence.protocols and not any(name.lower().startswith("mqtt") for name in evidence.protocols):
        offered = shown(", ".join(evidence.protocols))
        yield replace(
            required,
            fix="offer one that the server supports: --protocol in wsprobe, the second argument of new "
            "WebSocket() in a page",
            evidence=f"the request: Sec-WebSocket-Protocol: {offered}",
            usual=(f"a server that supports none of the offered subprotocols ({offered})", *closed.usual[:3]),
        )
    elif re.search(r"/mqtt\b", evidence.path) and not evidence.protocols:
        yield replace(
            required,
            fix="--protocol mqtt",
            evidence=f"the request: no Sec-WebSocket-Protocol for {shown(evidence.path)}",
            usual=("an MQTT broker, which requires the subprotocol mqtt", *closed.usual[:3]),
        )


def _port(evidence: Evidence, reset: bool) -> tuple[str, ...]:
    """What the port may expect in place of this request. Many servers close without an alert where they expect
    TLS; those of another protocol mostly reset."""
    expected = [*([] if evidence.secure else ["TLS"]), *(["another protocol"] if reset else [])]
    return (f"a port that expects {' or '.join(expected)}",) if expected else ()


def _waited(exchange: Exchange) -> int:
    """Microseconds from the request to the end."""
    return exchange.events[-1].at - max(event.at for event in exchange.events if isinstance(event, Sent))
