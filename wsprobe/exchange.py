"""The values that a probe writes and every reader reads. Depends on no other module of wsprobe.

Rule 1: the wire is the fact. Bytes are kept as they were sent and received; one read is one event.
Rule 2: a failure of the network is an event, never an exception.

Times (``at``) are whole microseconds since the probe of this exchange began.

What the network refuses to begin with.

Bounds and descriptions of members (``Meta``) bind who loads a recording, and make its schema and manual; they
cost nothing where a value is made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Microseconds = Annotated[int, Meta(ge=0, le=2**53)]
"""2**53: what every reader of JSON keeps exactly."""
Seconds = Annotated[float, Meta(ge=0)]
"""Infinity is no limit."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Bytes."""
Port = Annotated[int, Meta(ge=0, le=65535)]

How = Literal["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]


class Target(Struct, frozen=True):
    """Where to go: a ws: or wss: URL taken apart (RFC 6455 section 3, RFC 3986)."""

    url: str
    """The URL as it was given."""
    secure: bool
    host: str
    """ASCII host: A-labels for an IDN, no brackets around an IPv6 literal."""
    port: Port
    resource: str
    """RFC 6455 "resource-name": path and query, as the request line carries it."""
    userinfo: str | None = None
    """``user:password`` as written in the URL, percent-encoding kept."""
    fragment: str | None = None


class Limits(Struct, frozen=True):
    """How long and how much. Seconds and bytes."""

    connect_timeout: Seconds = 10.0
    """From the start until TCP and TLS are done (all addresses together)."""
    max_time: Seconds = 30.0
    """From the start until the end of the whole exchange."""
    linger: Seconds = 0.3
    """How long to watch an open session before closing it with 1000."""
    max_head: Count = 2 * 1024 * 1024
    max_body: Count = 1024 * 1024
    max_session: Count = 4 * 1024 * 1024
    """Bytes kept after a 101."""


class TlsOptions(Struct, frozen=True):
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


class Route(Struct, frozen=True):
    """How to reach the target, where it is not simply its own name and port."""

    family: Literal[0, 4, 6] = 0
    resolve: tuple[tuple[str, Port, tuple[str, ...]], ...] = ()
    """(host, port, addresses): as curl's --resolve."""
    connect_to: tuple[tuple[str, Port, str, Port], ...] = ()
    """(host, port, other host, other port); empty or 0 stands for any: as curl's --connect-to."""
    unix_socket: str | None = None
    interface: str | None = None
    """Interface name or local address to connect from."""
    proxy: str | None = None
    """``http://[user:password@]host:port`` or ``socks5h://...``."""


class Act(Struct, frozen=True):
    """One thing that the client does by itself once the session is open (or, for a page, before)."""

    when: Literal["created", "open", "message", "time"]
    """``time``: *after* microseconds after the start; ``created`` only in browser mode (script, at once)."""
    do: Literal["text", "binary", "ping", "close"]
    data: bytes = b""
    """Message or ping payload; for ``close`` the reason in UTF-8."""
    code: Annotated[int, Meta(ge=-(2**53), le=2**53)] | None = None
    after: Microseconds = 0


class Plan(Struct, frozen=True):
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


class Certificate(Struct, frozen=True):
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


class Resolved(Struct, frozen=True, tag_field="event", tag="resolved"):
    at: Microseconds
    host: str
    addresses: tuple[str, ...]


class ResolveFailed(Struct, frozen=True, tag_field="event", tag="resolve-failed"):
    at: Microseconds
    host: str
    error: str


class Connecting(Struct, frozen=True, tag_field="event", tag="connecting"):
    at: Microseconds
    address: str
    port: Port


class ConnectFailed(Struct, frozen=True, tag_field="event", tag="connect-failed"):
    """One attempt failed. *errno* is the symbolic name (``ECONNREFUSED``), "" if there is none."""

    at: Microseconds
    address: str
    port: Port
    errno: str
    error: str


class Connected(Struct, frozen=True, tag_field="event", tag="connected"):
    """The attempt that is used from here on. *address* is a path for a Unix socket (port 0)."""

    at: Microseconds
    address: str
    port: Port
    local: str = ""


class TunnelSent(Struct, frozen=True, tag_field="event", tag="tunnel-sent"):
    """Bytes to a proxy, before the tunnel stood."""

    at: Microseconds
    data: bytes


class TunnelReceived(Struct, frozen=True, tag_field="event", tag="tunnel-received"):
    at: Microseconds
    data: bytes


class TunnelFailed(Struct, frozen=True, tag_field="event", tag="tunnel-failed"):
    at: Microseconds
    error: str


class TlsDone(Struct, frozen=True, tag_field="event", tag="tls-done"):
    at: Microseconds
    version: str
    cipher: str
    alpn: str | None
    certificate: Certificate | None
    verified: bool
    """True only if it was checked and is good."""
    problem: str | None = None
    """With ``verify=False``: what verification would have said, if known."""


class TlsFailed(Struct, frozen=True, tag_field="event", tag="tls-failed"):
    """The TLS handshake failed. *received*: what came from the peer, as bytes of the TCP stream."""

    at: Microseconds
    kind: Literal["certificate", "alert", "not-tls", "fin", "reset", "error"]
    error: str
    received: bytes = b""
    certificate: Certificate | None = None
    alert: Annotated[int, Meta(ge=0, le=255)] | None = None
    """The peer's TLS alert description number, if it sent one."""
    reason: str = ""
    """Of *certificate*: ``unknown-ca``, ``self-signed``, ``expired``, ``not-yet-valid``, ``wrong-name``,
    ``other``."""


class Sent(Struct, frozen=True, tag_field="event", tag="sent"):
    """Application bytes handed to the transport in one write."""

    at: Microseconds
    data: bytes


class Received(Struct, frozen=True, tag_field="event", tag="received"):
    """Application bytes that came in one read."""

    at: Microseconds
    data: bytes


class Ended(Struct, frozen=True, tag_field="event", tag="ended"):
    """The last event of every exchange.

    ``fin``: the peer closed its side; ``truncated``: the same, over TLS, without close_notify;
    ``reset``: RST; ``timeout``: a time limit of ours; ``limit``: a size limit of ours;
    ``local``: we had all we wanted and closed; ``error``: anything else, see *error*.
    """

    at: Microseconds
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


class Exchange(Struct, frozen=True, tag_field="format", tag=2):
    """One handshake as it was on the wire: the recording.

    The tag is the number of the format that ``wsprobe.archive`` writes.
    """

    plan: Plan
    events: tuple[Event, ...]
    started: str = ""
    """Wall-clock time of the start, ISO 8601, UTC."""
    hops: tuple[Exchange, ...] = ()
    """Earlier exchanges that led here (redirect, authentication, version retry), oldest first."""


class PlanError(ValueError):
    """A plan that cannot be carried out on any network. The text is one clear line for whoever made it."""
