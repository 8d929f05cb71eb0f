"""Who may use the relay: WebSocket clients of this machine, and pages of the allowed origins.

Any page in a browser can reach a server on loopback. Host shows whether the page used its own name (DNS
rebinding), Origin shows which page it is: a page cannot change either. A request without Upgrade is not
a WebSocket handshake; a page can send one without an Origin, so none is forwarded.
"""

from __future__ import annotations

from msgspec import Struct

from wsprobe.read.request import Request
from wsprobe.request.target import host_of, loopback, names_this_machine

ANY = "*"
"""Instead of an origin: all pages."""


class Refusal(Struct, frozen=True):
    """The relay's answer to a request that it does not forward."""

    status: int
    reason: str
    text: str
    """One sentence of ASCII: why, and what to do."""

    @property
    def answer(self) -> bytes:
        """The whole answer, as bytes."""
        upgrade = (
            "Upgrade: websocket\r\nConnection: Upgrade, close" if self.status == 426 else "Connection: close"
        )
        body = f"wsprobe relay: {self.text}\n".encode("ascii", "backslashreplace")
        head = (
            f"HTTP/1.1 {self.status} {self.reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n{upgrade}\r\n\r\n"
        )
        return head.encode("ascii") + body


class Door(Struct, frozen=True):
    """The rules that let a request in."""

    names: frozenset[str] = frozenset()
    """Allowed values of Host other than localhost and loopback addresses: lower case, without a port or
    brackets."""
    addresses: bool = False
    """Host may be any address."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may connect; empty: pages that this machine serves; ``ANY``: all."""

    def refusal(self, request: Request) -> Refusal | None:
        """Why *request* is not forwarded; None if it is."""
        hosts = [_text(field.value) for field in request.head.all(b"host")]
        if len(hosts) != 1:  # RFC 9112 section 3.2
            came = f"{len(hosts)} Host fields ({', '.join(map(ascii, hosts))})" if hosts else "no Host field"
            return Refusal(400, "Bad Request", f"the request has {came}; it must have exactly one")
        if not names_this_machine(hosts[0], self.names, self.addresses):
            text = f"the Host {hosts[0]!a} is not a name of this relay. To allow it: --allow-host NAME"
            return Refusal(421, "Misdirected Request", text)
        if request.method != b"GET" or not request.upgrade:
            return Refusal(426, "Upgrade Required", "the relay forwards only WebSocket handshakes")
        for field in request.head.all(b"origin"):
            origin = _text(field.value)
            if not self.allows(origin):
                text = f"pages of the origin {origin!a} may not connect. To allow it: --allow-origin {origin!a}"
                return Refusal(403, "Forbidden", text)
        return None

    def allows(self, origin: str) -> bool:
        """True if pages of *origin* may connect."""
        if self.origins:
            known = [each.lower().rstrip("/") for each in self.origins]
            return ANY in known or origin.lower() in known
        return of_loopback(origin)


def of_loopback(origin: str) -> bool:
    """True if this machine serves pages of *origin*: localhost, a name below it, or a loopback
    address (the WHATWG's and Secure Contexts' potentially trustworthy hosts, section 3.1)."""
    scheme, _, rest = origin.partition("://")
    host = host_of(rest) or ""
    return scheme in ("http", "https") and (loopback(host) or host.endswith(".localhost"))


def _text(value: bytes) -> str:
    return value.decode("latin-1")
