"""The checks of a 101, in libsoup's order (libsoup/websocket/soup-websocket.c,
soup_websocket_client_verify_handshake)."""

from __future__ import annotations

from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.soup.http.fields import Fields, contains
from wsprobe.browsers.webkitgtk.soup.websocket.extensions import Accepted, Refused, accept
from wsprobe.read.tokens import expected_accept
from wsprobe.value import dataclass

_SOURCE = "libsoup/websocket/soup-websocket.c"


@dataclass(frozen=True, slots=True)
class Failed:
    failure: str
    """What stands after "failed: " in the console."""
    because: str


@dataclass(frozen=True, slots=True)
class Opened:
    protocol: str
    extensions: Accepted


def judge(fields: Fields, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """What comes of a 101 with these *fields*. *key* is the Sec-WebSocket-Key sent, None if none was."""
    upgrade = fields.joined(b"upgrade")
    if upgrade is None or upgrade.lower() != b"websocket":
        return _failed("ignored", f"Upgrade is not websocket: {_SOURCE}", facts)
    if not fields.has_token(b"connection", b"upgrade"):
        return _failed("ignored", f"Connection has no upgrade: {_SOURCE}", facts)
    protocol = fields.one(b"sec-websocket-protocol")
    if protocol is not None:
        asked = ", ".join(protocols).encode()
        if not contains(asked, protocol, case=facts.subprotocol_case):
            return _failed("subprotocol", f"a subprotocol that was not asked for: {_SOURCE}", facts)
    try:
        accepted = accept(fields.joined(b"sec-websocket-extensions") or b"")
    except Refused as refused:
        failure = facts.failures[refused.key].format(name=refused.name)
        return Failed(failure, f"{failure}: {_SOURCE}")
    given = fields.one(b"sec-websocket-accept")
    if given is None or key is None or given.lower() != expected_accept(key).lower():
        return _failed("accept", f"not the Sec-WebSocket-Accept of our key: {_SOURCE}", facts)
    return Opened((protocol or b"").decode("latin-1"), accepted)


def _failed(key: str, because: str, facts: Facts) -> Failed:
    return Failed(facts.failures[key], because)
