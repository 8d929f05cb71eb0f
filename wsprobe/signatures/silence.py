"""What a connection that ended without a byte leaves open, by how it ended and what had been asked."""

from __future__ import annotations

import re

from wsprobe.exchange import Ended, Exchange, Sent
from wsprobe.read.reading import Reading
from wsprobe.signatures.answer import Cause, how_ended, oddity_of, shown, text_of, url_parts
from wsprobe.signatures.causes import SEE_LOG, asks_socketio


def nothing_came(reading: Reading) -> tuple[Cause, ...]:
    """What the end of a connection without a byte leaves open, by how it ended and what had been asked."""
    how, secure = how_ended(reading.exchange), reading.exchange.plan.target.secure
    _, path, query = url_parts(text_of(reading.request.resource))
    protocols = tuple(text_of(name) for name in reading.request.protocols)
    if how == "timeout":
        return (
            Cause(
                "no-upgrade-listener",
                "nothing handles an upgrade of this path: a Node server without an upgrade listener for it, or "
                "a development server or proxy without ws: true (Vite, webpack, Next.js, http-proxy)",
                "set ws: true in the proxy entry and pass the server's upgrade event on, or correct the path",
            ),
            Cause(
                "proxy-waits",
                "a proxy passes the request on, but not the 101 that comes back",
                "ask the application without the proxy, and compare",
            ),
            Cause("hangs", "the application does not answer: it is blocked, or waits for something", SEE_LOG),
        )
    crash = Cause(
        "closed-silently",
        "the application closed the connection without an answer: it crashed, refuses by closing, "
        "returned without accepting, or selected a subprotocol that was not offered",
        SEE_LOG,
    )
    other = Cause(
        "other-protocol",
        "the port speaks another protocol" + ("" if secure else ", or expects TLS") + ": MQTT, or HTTP behind "
        "the PROXY protocol",
        "use the port of the WebSocket listener" + ("" if secure else ", or wss://"),
    )
    rule = Cause(
        "silent-rule",
        "a rule of a proxy closes without an answer (nginx return 444, also for an unknown Host; HAProxy "
        "reject)",
        "look for the rule, and for a server_name that matches the Host",
    )
    down = Cause(
        "backend-down",
        "a proxy that can only close could not reach the application (TCP proxy, stunnel, Varnish in a pipe, "
        "Vite)",
        "start the application; check address and port in the proxy",
    )
    certificate = Cause("client-certificate", "the server wants a client certificate", "--cert and --key")
    found: tuple[Cause, ...]
    if how == "reset":
        found = (certificate, other, crash, down) if secure else (other, crash, down)
    elif secure:
        found = (down, crash, rule)
    else:
        found = (crash, rule, down, other)
    if protocols and not any(name.lower().startswith("mqtt") for name in protocols):
        offered = shown(", ".join(protocols))
        wanted = Cause(
            "subprotocol",
            f"the server knows none of the subprotocols that were offered ({offered}); an MQTT broker such as "
            "mosquitto wants mqtt",
            "offer the one that it knows: --protocol in wsprobe, the second argument of new WebSocket() "
            "in a page",
        )
        found = (wanted, *found)
    elif re.search(r"/mqtt\b", path) and not protocols:
        mqtt = Cause(
            "subprotocol", "an MQTT broker such as mosquitto wants the subprotocol mqtt", "--protocol mqtt"
        )
        found = (mqtt, *found)
    if how == "fin" and not asks_socketio(path, query):
        socketio = Cause(
            "not-socket.io",
            "a Socket.IO server closes an upgrade of any path but its own (/socket.io/) after one second",
            "use a Socket.IO client, or the path /socket.io/?EIO=4&transport=websocket",
        )
        # engine.io's option destroyUpgradeTimeout is 1000 ms; a second is told apart from at once.
        late = 900_000 <= _waited(reading.exchange) < 1_500_000
        found = (socketio, *found) if late else (*found, socketio)
    if oddity_of(reading.request) == "upgrade":
        missing = (
            "the request carried no Upgrade: websocket with Connection: Upgrade, and the server then closes "
            "the connection"
        )
        found = (Cause("upgrade-missing", missing, "send both"), *found)
    return found


def _waited(exchange: Exchange) -> int:
    """Microseconds from the request to the end."""
    sent = [event.at for event in exchange.events if isinstance(event, Sent)]
    last = exchange.events[-1] if exchange.events else None
    return last.at - sent[-1] if sent and isinstance(last, Ended) else 0
