"""What a relay does with each connection: whom it lets in, what it sends on, and who is shown what happens.

Let in are WebSocket clients of this machine, and pages of the allowed origins. Any page in a browser can reach
a server on loopback. Host shows whether the page used its own name (DNS rebinding), Origin shows which page it
is: a page cannot change either. A request without Upgrade is not a WebSocket handshake; a page can send one
without an Origin, so none is forwarded. Of a request that is, every byte stays, except what must differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from wsprobe.exchange import Exchange, Limits, Route, Target, TlsOptions
from wsprobe.read.reading import Field, Head
from wsprobe.read.request import Request
from wsprobe.request.opening import Offer, basic, credentials, header_option
from wsprobe.request.target import host_header, host_of, loopback, names_this_machine

if TYPE_CHECKING:
    from wsprobe.relay.client import PageClose

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


def forwarded(request: Request, target: Target, origin: str | None, headers: Sequence[str]) -> bytes:
    """Return *request* as sent to *target*.

    ``/`` becomes the path and query of *target*; any other path stays. Host names the target, Origin is
    *origin* if that is not None, and the credentials of the target's URL become an Authorization. *headers*, in
    curl's syntax, replace a field in its place, add one at the end, or remove it. Raises OfferError.
    """
    changes = [*_own(target, origin), *map(header_option, headers)]
    return _first(request, target) + _fields(request.head, changes) + request.head.blank + request.body


def _own(target: Target, origin: str | None) -> Iterator[tuple[str, bytes]]:
    """The relay's own changes; a header option can replace them."""
    yield "host", f"Host: {host_header(target)}".encode()
    if origin is not None:
        yield header_option(f"Origin: {origin}")
    if (pair := credentials(target, Offer())) is not None:
        yield "authorization", f"Authorization: {basic(pair)}".encode()


def _first(request: Request, target: Target) -> bytes:
    """The start line, and empty lines before it."""
    out = b""
    for line in request.head.lines:
        if line is request.head.first:
            if request.resource != b"/":
                return out + line.raw
            method, _, rest = line.text.partition(b" ")
            version = rest.rpartition(b" ")[2]
            return out + b" ".join((method, target.resource.encode(), version)) + line.end
        out += line.raw
    return out


def _fields(head: Head, changes: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the field lines; lines without a change stay exactly as they are."""
    by_name: dict[bytes, list[bytes]] = {}
    for name, line in changes:
        key = name.encode("utf-8", "surrogateescape")
        if key in _ONE and line:
            by_name[key] = [line]
        else:
            by_name.setdefault(key, []).append(line)
    out: list[bytes] = []
    done: set[bytes] = set()
    for field in head.fields:
        if field.key not in by_name:
            out.append(_raw(field))
        elif field.key not in done:
            done.add(field.key)
            out += [line + b"\r\n" for line in by_name[field.key] if line]
    for key, lines in by_name.items():
        if key not in done and key != b"host":
            out += [line + b"\r\n" for line in lines if line]
    return b"".join(out)


_ONE = (b"host", b"origin", b"authorization")
"""Fields that a request has once: a later change replaces an earlier one."""


def _raw(field: Field) -> bytes:
    return b"".join(line.raw for line in field.lines)


class Relaying(Struct, frozen=True):
    """What the relay does with each connection."""

    target: Target
    door: Door
    origin: str | None = None
    headers: tuple[str, ...] = ()
    """Changes to the request, as ``forwarded`` takes them."""
    limits: Limits = Limits()
    """*max_time*: for the handshake; *max_session*: bytes of each direction that are kept."""
    tls: TlsOptions = TlsOptions()
    route: Route = Route()
    longest: float = float("inf")
    """Seconds that a connection may last."""
    connections: int = 200
    """At the same time; more are refused."""
    tell: Callable[[Exchange], PageClose | None] | None = None
    """What to tell a client of a handshake; None for the answer itself."""


class RelayWatcher(Protocol):
    """Who is shown what happens."""

    async def room(self) -> None:
        """Wait until more can be shown. No connection is let in until then; those that stand go on."""

    def turned_away(self, peer: str, request: Request | None, refusal: Refusal) -> None:
        """A request was not passed on; None where no request could be read."""

    def answered(self, number: int, exchange: Exchange, told: PageClose | None) -> None:
        """The handshake of connection *number* is over; *exchange* is what was recorded until then."""

    async def over(self, number: int, exchange: Exchange) -> None:
        """Connection *number* is over, and this is its recording."""
