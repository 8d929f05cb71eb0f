"""The possible causes of a connection that ended without a byte, by its end and its request."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, shown, unanswered
from wsprobe.diagnosis.faults import SEE_LOG, asked_wrong, asks_socketio, too_much
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
    kinds = _timeout() if how == "timeout" else _closed(evidence, how, _waited(reading.exchange))
    first: dict[str, Cause] = {}
    asked = asked_wrong(evidence)
    if how != "timeout":
        asked = tuple(_or_another(cause, evidence) for cause in asked)
    for cause in (*asked, *too_much(*evidence.largest), *kinds):
        first.setdefault(cause.id, cause)
    shows = _ENDS.get(how, how)
    return tuple(
        Cause(one.id, one.text, one.fix, one.certainty, one.evidence or shows, one.program)
        for one in first.values()
    )


def _or_another(cause: Cause, evidence: Evidence) -> Cause:
    """A fault of the request, where no answer shows that it is the reason."""
    other = f"the server closed for another reason (unknown path, no token{_not_sent(evidence)})"
    return msgspec.structs.replace(cause, text=f"{cause.text}; or {other}")


def _timeout() -> Iterator[Cause]:
    yield Cause(
        "no-upgrade-listener",
        "the server received the request but does not answer: no code handles WebSocket upgrades on "
        "this path (in Vite, webpack, Next.js or http-proxy: ws: true is missing), that code crashed, is "
        "blocked or waits, or a proxy got no answer from the application or does not forward it",
        "correct the path; set ws: true in the proxy entry and forward the server's upgrade event; "
        "look in its log",
    )
    yield Cause(
        "proxy-waits",
        "a proxy forwards the request, but not the 101",
        "test the application without the proxy and compare",
    )
    yield Cause("hangs", "the application waits for something else, such as a database or a lock", SEE_LOG)


def _closed(evidence: Evidence, how: str, waited: int) -> Iterator[Cause]:
    yield from _protocol(evidence)
    crash = Cause(
        "closed-silently",
        "the server closed the connection without an answer: it crashed, refuses by closing (unknown path, no "
        f"token{_not_sent(evidence)}), or returned without accepting; or "
        f"{_not_received(evidence, 'a rule drops the request', reset=how == 'reset')}",
        "look in the logs of the application and of every proxy for this request",
    )
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
        # engine.io's option destroyUpgradeTimeout is 1000 ms; a second is told apart from at once.
        yield crash
        yield Cause(
            "not-socket.io",
            "a Socket.IO server closes upgrades outside its own path (/socket.io/) after one second",
            "use a Socket.IO client, or the path /socket.io/?EIO=4&transport=websocket",
        )
    if how == "reset":
        yield from (crash, certificate, other, down) if evidence.secure else (crash, other, down)
    elif evidence.secure:
        yield from (crash, down, rule)
    else:
        yield from (crash, rule, down, other)


def _protocol(evidence: Evidence) -> Iterator[Cause]:
    """A subprotocol that the server may not know, or may require."""
    if evidence.protocols and not any(name.lower().startswith("mqtt") for name in evidence.protocols):
        offered = shown(", ".join(evidence.protocols))
        yield Cause(
            "subprotocol-required",
            f"the server closed without an answer: it supports none of the offered subprotocols ({offered}), "
            f"crashed, or refuses by closing (no token{_origin(evidence)}); or {_not_received(evidence)}",
            "offer one that the server supports: --protocol in wsprobe, the second argument of new "
            "WebSocket() in a page",
            "own-request",
            f"the request: Sec-WebSocket-Protocol: {offered}",
        )
    elif re.search(r"/mqtt\b", evidence.path) and not evidence.protocols:
        yield Cause(
            "subprotocol-required",
            "an MQTT broker requires the subprotocol mqtt; none was offered",
            "--protocol mqtt",
            "own-request",
            f"the request: no Sec-WebSocket-Protocol for {shown(evidence.path)}",
        )


def _origin(evidence: Evidence) -> str:
    """That a check may require an Origin, if none was sent."""
    return ", no Origin" if evidence.origin is None else ""


def _not_sent(evidence: Evidence) -> str:
    """What a check may miss: an Origin, if none was sent; a subprotocol that it supports."""
    return f"{_origin(evidence)}, no {'supported ' if evidence.protocols else ''}subprotocol"


def _not_received(evidence: Evidence, *others: str, reset: bool = False) -> str:
    """Why the application may not have received the request, after *others*: the end of a list of causes.

    Many servers close without an alert where they expect TLS; those of another protocol mostly reset."""
    ports = [] if evidence.secure else ["TLS"]
    ports += ["another protocol (MQTT, or HTTP behind the PROXY protocol)"] if reset else []
    found = [*others, "a proxy got no answer from the application"]
    found += [f"the port expects {' or '.join(ports)}"] if ports else []
    *before, last = found
    return f"{', '.join(before)}, or {last}" if before else last


def _waited(exchange: Exchange) -> int:
    """Microseconds from the request to the end."""
    return exchange.events[-1].at - max(event.at for event in exchange.events if isinstance(event, Sent))
