"""The values that a probe writes and every reader reads. Imports nothing of ours but how values are made.

Rule 1: the wire is the fact. Bytes are kept as they were sent and received; one read is one event.
Rule 2: a failure of the network is an event, never an exception.

Times (``at``) are whole microseconds since the probe of this exchange began.

What the network refuses to begin with.
"""

from __future__ import annotations

from typing import Literal

from wsprobe.value import dataclass

How = Literal["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go: a ws: or wss: URL taken apart (RFC 6455 section 3, RFC 3986)."""

    url: str
    """The URL as it was given."""
    secure: bool
    host: str
    """ASCII host: A-labels for an IDN, no brackets around an IPv6 literal."""
    port: int
    resource: str
    """RFC 6455 "resource-name": path and query, as the request line carries it."""
    userinfo: str | None = None
    """``user:password`` as written in the URL, percent-encoding kept."""
    fragment: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much. Seconds and bytes."""

    connect_timeout: float = 10.0
    """From the start until TCP and TLS are done (all addresses together)."""
    max_time: float = 30.0
    """From the start until the end of the whole exchange."""
    linger: float = 0.3
    """How long to watch an open session before closing it with 1000."""
    max_head: int = 2 * 1024 * 1024
    max_body: int = 1024 * 1024
    max_session: int = 4 * 1024 * 1024
    """Bytes kept after a 101."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How TLS is to be spoken, where it is spoken at all."""

    verify: bool = True
    ca_file: str | None = None
    ca_path: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    """SNI and the name to verify; ``None``: the target's host."""
    minimum: str | None = None
    """``"1.0"`` to ``"1.3"``."""
    maximum: str | None = None
    alpn: tuple[str, ...] = ("http/1.1",)


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach the target, where it is not simply its own name and port."""

    family: Literal[0, 4, 6] = 0
    resolve: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    """(host, port, addresses): as curl's --resolve."""
    connect_to: tuple[tuple[str, int, str, int], ...] = ()
    """(host, port, other host, other port); empty or 0 stands for any: as curl's --connect-to."""
    unix_socket: str | None = None
    interface: str | None = None
    """Interface name or local address to connect from."""
    proxy: str | None = None
    """``http://[user:password@]host:port`` or ``socks5h://...``."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the client does by itself once the session is open (or, for a page, before)."""

    when: Literal["created", "open", "message", "time"]
    """``time``: *after* microseconds after the start; ``created`` only in browser mode (script, at once)."""
    do: Literal["text", "binary", "ping", "close"]
    data: bytes = b""
    """Message or ping payload; for ``close`` the reason in UTF-8."""
    code: int | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides what goes on the wire. What we offered is read from *request*, never kept twice."""

    target: Target
    request: bytes
    """The exact bytes of the opening handshake."""
    wire: str = "hybi-13"
    """The wire version spoken: hixie-75, hixie-76, hybi-04 ... hybi-08, hybi-13."""
    acts: tuple[Act, ...] = ()
    limits: Limits = Limits()
    tls: TlsOptions = TlsOptions()
    route: Route = Route()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the peer showed, as far as a person needs it."""

    der: bytes
    subject: str = ""
    """RFC 4514-like text, e.g. ``CN=example.org,O=Example``."""
    issuer: str = ""
    names: tuple[str, ...] = ()
    """subjectAltName entries: host names and IP addresses."""
    not_before: str = ""
    """ISO 8601, UTC."""
    not_after: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    at: int
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolveFailed:
    at: int
    host: str
    error: str


@dataclass(frozen=True, slots=True)
class Connecting:
    at: int
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """One attempt failed. *errno* is the symbolic name (``ECONNREFUSED``), "" if there is none."""

    at: int
    address: str
    port: int
    errno: str
    error: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The attempt that is used from here on. *address* is a path for a Unix socket (port 0)."""

    at: int
    address: str
    port: int
    local: str = ""


@dataclass(frozen=True, slots=True)
class TunnelSent:
    """Bytes to a proxy, before the tunnel stood."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TunnelReceived:
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TunnelFailed:
    at: int
    error: str


@dataclass(frozen=True, slots=True)
class TlsDone:
    at: int
    version: str
    cipher: str
    alpn: str | None
    certificate: Certificate | None
    verified: bool
    """True only if it was checked and is good."""
    problem: str | None = None
    """With ``verify=False``: what verification would have said, if known."""


@dataclass(frozen=True, slots=True)
class TlsFailed:
    """The TLS handshake failed. *received*: what came from the peer, as bytes of the TCP stream."""

    at: int
    kind: Literal["certificate", "alert", "not-tls", "fin", "reset", "error"]
    error: str
    received: bytes = b""
    certificate: Certificate | None = None
    alert: int | None = None
    """The peer's TLS alert description number, if it sent one."""
    reason: str = ""
    """Of *certificate*: ``unknown-ca``, ``self-signed``, ``expired``, ``not-yet-valid``, ``wrong-name``,
    ``other``."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Application bytes handed to the transport in one write."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """Application bytes that came in one read."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of every exchange.

    ``fin``: the peer closed its side; ``truncated``: the same, over TLS, without close_notify;
    ``reset``: RST; ``timeout``: a time limit of ours; ``limit``: a size limit of ours;
    ``local``: we had all we wanted and closed; ``error``: anything else, see *error*.
    """

    at: int
    how: How
    error: str = ""


Event = (
    Resolved
    | ResolveFailed
    | Connecting
    | ConnectFailed
    | Connected
    | TunnelSent
    | TunnelReceived
    | TunnelFailed
    | TlsDone
    | TlsFailed
    | Sent
    | Received
    | Ended
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One handshake as it was on the wire: the recording."""

    plan: Plan
    events: tuple[Event, ...]
    started: str = ""
    """Wall-clock time of the start, ISO 8601, UTC."""
    hops: tuple[Exchange, ...] = ()
    """Earlier exchanges that led here (redirect, authentication, version retry), oldest first."""


class PlanError(ValueError):
    """A plan that cannot be carried out on any network. The text is one clear line for whoever made it."""
