"""The values that a probe writes and every reader reads. Depends on no other module of wsprobe.

Rule 1: the wire is the fact. Bytes are kept as they were sent and received; one read is one event.
Rule 2: a failure of the network is an event, never an exception. ``PlanError`` is for plans that cannot be
carried out.

Times (``at``) are whole microseconds since the probe of this exchange began.

Bounds and descriptions of members (``Meta``) bind who loads a recording, and make its schema and manual; they
cost nothing where a value is made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Microseconds = Annotated[int, Meta(ge=0, le=2**53, description="Microseconds since the start.")]
"""2**53: what every reader of JSON keeps exactly."""
Seconds = Annotated[float, Meta(ge=0)]
"""Infinity is no limit."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Bytes."""
Port = Annotated[int, Meta(ge=0, le=65535)]
_Setting = Annotated[int, Meta(ge=0, le=65535)]
_Word = Annotated[int, Meta(ge=0, lt=2**32)]
_Increment = Annotated[int, Meta(ge=0, lt=2**31)]
"""Of HTTP/2's frames (RFC 9113 section 6)."""

How = Literal["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]


class Target(Struct, frozen=True):
    """Where to go: a ws: or wss: URL taken apart (RFC 6455 section 3, RFC 3986)."""

    url: Annotated[str, Meta(description="The URL as it was given.")]
    secure: Annotated[bool, Meta(description="Whether it is wss:.")]
    host: Annotated[
        str, Meta(description="ASCII host: A-labels for an IDN, no brackets around an IPv6 address.")
    ]
    port: Annotated[Port, Meta(description="The port.")]
    resource: Annotated[
        str, Meta(description='RFC 6455 "resource-name": path and query, as the request line carries it.')
    ]
    userinfo: Annotated[
        str | None, Meta(description="User and password as written in the URL, percent-encoding kept.")
    ] = None
    fragment: Annotated[str | None, Meta(description="What stood behind a #.")] = None


class Limits(Struct, frozen=True):
    """How long and how much. Seconds and bytes."""

    connect_timeout: Annotated[
        Seconds, Meta(description="From the start until TCP and TLS are done, all addresses together.")
    ] = 10.0
    max_time: Annotated[Seconds, Meta(description="From the start until the end of the whole exchange.")] = 30.0
    linger: Annotated[
        Seconds, Meta(description="How long an open session is watched before it is closed with 1000.")
    ] = 0.3
    max_head: Annotated[Count, Meta(description="Bytes of a head.")] = 2 * 1024 * 1024
    max_body: Annotated[Count, Meta(description="Bytes of a body.")] = 1024 * 1024
    max_session: Annotated[Count, Meta(description="Bytes kept after a 101.")] = 4 * 1024 * 1024


class TlsOptions(Struct, frozen=True):
    """How TLS is to be spoken, if it is spoken at all."""

    verify: Annotated[bool, Meta(description="False with --insecure.")] = True
    ca_file: Annotated[str | None, Meta(description="--cacert.")] = None
    ca_path: Annotated[str | None, Meta(description="--capath.")] = None
    certificate: Annotated[str | None, Meta(description="--cert.")] = None
    key: Annotated[str | None, Meta(description="--key: the name of the file, never the key.")] = None
    server_name: Annotated[
        str | None, Meta(description="--servername: SNI and the name to verify; null for the target's host.")
    ] = None
    minimum: Annotated[str | None, Meta(description="--tls-min: 1.0 to 1.3.")] = None
    maximum: Annotated[str | None, Meta(description="--tls-max: 1.0 to 1.3.")] = None
    alpn: Annotated[tuple[str, ...], Meta(description="Protocols that are offered.")] = ("http/1.1",)
    ciphers: Annotated[
        str | None,
        Meta(description="--ciphers: OpenSSL's list, for TLS 1.2 and older; null for the usual ones."),
    ] = None
    pinned: Annotated[
        tuple[str, ...],
        Meta(
            description="--pinnedpubkey: the server's public key is to be one of these (base64 of the SHA-256 "
            "of its SubjectPublicKeyInfo); empty for any."
        ),
    ] = ()


class Route(Struct, frozen=True):
    """How to reach the target, if not simply by its own name and port."""

    family: Annotated[Literal[0, 4, 6], Meta(description="4 or 6 for one family of addresses, 0 for both.")] = 0
    resolve: Annotated[
        tuple[tuple[str, Port, tuple[str, ...]], ...], Meta(description="--resolve: [host, port, addresses].")
    ] = ()
    connect_to: Annotated[
        tuple[tuple[str, Port, str, Port], ...],
        Meta(description="--connect-to: [host, port, other host, other port]; empty and 0 stand for any."),
    ] = ()
    unix_socket: Annotated[str | None, Meta(description="--unix-socket.")] = None
    interface: Annotated[
        str | None, Meta(description="--interface: its name, or a local address to connect from.")
    ] = None
    proxy: Annotated[
        str | None, Meta(description="--proxy: http://[user:password@]host:port or socks5h://...")
    ] = None
    proxy_authorization: Annotated[
        str | None,
        Meta(
            description="The value of Proxy-Authorization in CONNECT, empty to send none; null: Basic, if the "
            "proxy's URL has credentials."
        ),
    ] = None
    proxy_header: Annotated[
        str | None,
        Meta(
            description="The client's address that a header of the PROXY protocol names (--haproxy-clientip); "
            "empty for our own (--haproxy-protocol), null for no such header."
        ),
    ] = None


class Act(Struct, frozen=True):
    """One thing that the client does by itself once the session is open (or, for a page, before)."""

    when: Annotated[
        Literal["created", "open", "message", "time"],
        Meta(
            description="created: at once, only for a script; open: once the session is open; message: when "
            "one comes; time: after a time."
        ),
    ]
    do: Annotated[Literal["text", "binary", "ping", "close"], Meta(description="What is sent.")]
    data: Annotated[
        bytes, Meta(description="The payload of a message or Ping; of a close the reason, in UTF-8.")
    ] = b""
    code: Annotated[
        Annotated[int, Meta(ge=-(2**53), le=2**53)] | None, Meta(description="Of a close: its code.")
    ] = None
    after: Annotated[Microseconds, Meta(description="Microseconds after the start, for time.")] = 0


class Priority(Struct, frozen=True):
    """The priority fields of a HEADERS frame (RFC 7540 section 6.2), which browsers still send."""

    depends_on: Annotated[int, Meta(ge=0, lt=2**31, description="The stream that it depends on.")] = 0
    weight: Annotated[
        int, Meta(ge=0, le=255, description="As on the wire: one less than what it stands for.")
    ] = 15
    exclusive: Annotated[
        bool, Meta(description="Whether it is to be the only stream that depends on that one.")
    ] = False


class Http2(Struct, frozen=True):
    """How HTTP/2 was to be spoken (RFC 9113, RFC 8441). How fields are coded is left to the library hpack."""

    fields: Annotated[
        tuple[tuple[bytes, bytes], ...],
        Meta(
            description="The block of the extended CONNECT as [name, value], pseudo-headers too, in the order "
            "sent and as they went out."
        ),
    ]
    prior_knowledge: Annotated[
        bool,
        Meta(
            description="True: HTTP/2 is spoken at once, whatever ALPN says, and without TLS too. False: it is "
            "spoken if the server takes h2; otherwise the request of the plan is sent."
        ),
    ] = False
    anyway: Annotated[
        bool,
        Meta(
            description="The request is sent although the server has not announced ENABLE_CONNECT_PROTOCOL "
            "(RFC 8441 section 3)."
        ),
    ] = False
    settings: Annotated[
        tuple[tuple[_Setting, _Word], ...], Meta(description="[identifier, value] of our first SETTINGS.")
    ] = ((2, 0),)
    window: Annotated[
        _Increment,
        Meta(
            description="Increment of the WINDOW_UPDATE for the connection that follows our SETTINGS; 0: none "
            "is sent."
        ),
    ] = 0
    stream: Annotated[int, Meta(ge=1, lt=2**31, description="The stream that the request opens.")] = 1
    tries: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="How often it is asked at most. After REFUSED_STREAM, which says that the request was "
            "not looked at (RFC 9113 section 8.7), it is asked again on the next stream of the same "
            "connection.",
        ),
    ] = 1
    priority: Annotated[Priority | None, Meta(description="The priority fields of its HEADERS.")] = None
    stream_window: Annotated[
        _Increment,
        Meta(
            description="Increment of the WINDOW_UPDATE for the stream that follows HEADERS; 0: none is sent."
        ),
    ] = 0
    never_indexed: Annotated[
        tuple[bytes, ...],
        Meta(description="Names of the fields that go out never-indexed (RFC 7541 section 6.2.3)."),
    ] = ()
    data_max: Annotated[
        int,
        Meta(
            ge=1,
            lt=2**24,
            description="Bytes of one DATA frame at most, where the server's SETTINGS and windows allow it.",
        ),
    ] = 16384
    header_apart: Annotated[
        bool,
        Meta(
            description="A WebSocket frame too long for one DATA begins with a DATA of its own, which holds "
            "its header alone."
        ),
    ] = False
    end_stream: Annotated[
        Literal["close", "closed", "never"],
        Meta(
            description="When we end our side of the stream. close: on the DATA that carries our Close; "
            "closed: once both Closes are through, as TCP would be closed (RFC 6455 section 7.1.1)."
        ),
    ] = "closed"


class Plan(Struct, frozen=True):
    """All that decides what goes on the wire. What was offered stands in *request*, and nowhere else."""

    target: Annotated[Target, Meta(description="Where to go.")]
    request: Annotated[bytes, Meta(description="The exact bytes of the opening handshake.")]
    wire: Annotated[
        str,
        Meta(
            description="The version of the protocol that was spoken: hixie-75, hixie-76, hybi-04 to hybi-08, "
            "or hybi-13, which is RFC 6455."
        ),
    ] = "hybi-13"
    acts: Annotated[tuple[Act, ...], Meta(description="What the client did by itself.")] = ()
    limits: Annotated[Limits, Meta(description="How long, and how much.")] = Limits()
    tls: Annotated[TlsOptions, Meta(description="How TLS was to be spoken.")] = TlsOptions()
    route: Annotated[
        Route, Meta(description="How the server was to be reached, where not simply by its name and port.")
    ] = Route()
    http2: Annotated[
        Http2 | None,
        Meta(
            description="How to ask over HTTP/2; null if it was not to be spoken. The bytes sent show which "
            "protocol was spoken: HTTP/2 begins with its preface (RFC 9113 section 3.4)."
        ),
    ] = None


class Certificate(Struct, frozen=True):
    """The certificate that the peer showed, as far as a person needs it."""

    der: Annotated[bytes, Meta(description="The certificate itself.")]
    subject: Annotated[str, Meta(description="Distinguished name, as CN=example.org,O=Example.")] = ""
    issuer: Annotated[str, Meta(description="Distinguished name.")] = ""
    names: Annotated[
        tuple[str, ...], Meta(description="Host names and addresses that it is for (subjectAltName).")
    ] = ()
    not_before: Annotated[str, Meta(description="ISO 8601, UTC.")] = ""
    not_after: Annotated[str, Meta(description="ISO 8601, UTC.")] = ""


class Resolved(Struct, frozen=True, tag_field="event", tag="resolved"):
    """The name has addresses."""

    at: Microseconds
    host: Annotated[str, Meta(description="The name.")]
    addresses: Annotated[tuple[str, ...], Meta(description="In the order in which they are tried.")]


class ResolveFailed(Struct, frozen=True, tag_field="event", tag="resolve-failed"):
    """The name has no addresses."""

    at: Microseconds
    host: Annotated[str, Meta(description="The name.")]
    error: Annotated[str, Meta(description="In words.")]


class Connecting(Struct, frozen=True, tag_field="event", tag="connecting"):
    """An attempt begins."""

    at: Microseconds
    address: Annotated[str, Meta(description="IP address, or path of a Unix socket.")]
    port: Annotated[Port, Meta(description="0 for a Unix socket.")]


class ConnectFailed(Struct, frozen=True, tag_field="event", tag="connect-failed"):
    """An attempt failed."""

    at: Microseconds
    address: Annotated[str, Meta(description="IP address, or path of a Unix socket.")]
    port: Annotated[Port, Meta(description="0 for a Unix socket.")]
    errno: Annotated[str, Meta(description="Symbolic name, as ECONNREFUSED; empty if there is none.")]
    error: Annotated[str, Meta(description="In words.")]


class Connected(Struct, frozen=True, tag_field="event", tag="connected"):
    """An attempt succeeded: this connection is used from here on."""

    at: Microseconds
    address: Annotated[str, Meta(description="IP address, or path of a Unix socket.")]
    port: Annotated[Port, Meta(description="0 for a Unix socket.")]
    local: Annotated[str, Meta(description="Our own address and port.")] = ""


class TunnelSent(Struct, frozen=True, tag_field="event", tag="tunnel-sent"):
    """Bytes to a proxy, before the tunnel stood."""

    at: Microseconds
    data: Annotated[bytes, Meta(description="The bytes.")]


class TunnelReceived(Struct, frozen=True, tag_field="event", tag="tunnel-received"):
    """Bytes from a proxy, before the tunnel stood."""

    at: Microseconds
    data: Annotated[bytes, Meta(description="The bytes.")]


class TunnelFailed(Struct, frozen=True, tag_field="event", tag="tunnel-failed"):
    """The proxy did not open a tunnel."""

    at: Microseconds
    error: Annotated[str, Meta(description="In words.")]


class ProxyHeaderSent(Struct, frozen=True, tag_field="event", tag="proxy-header-sent"):
    """The header of the PROXY protocol, before TLS and all else that the target gets."""

    at: Microseconds
    data: Annotated[bytes, Meta(description="The bytes: one line, by version 1 of that protocol.")]


class TlsDone(Struct, frozen=True, tag_field="event", tag="tls-done"):
    """TLS is set up."""

    at: Microseconds
    version: Annotated[str, Meta(description="As TLSv1.3.")]
    cipher: Annotated[str, Meta(description="As OpenSSL names it.")]
    alpn: Annotated[str | None, Meta(description="What was agreed on.")]
    certificate: Annotated[Certificate | None, Meta(description="The server's certificate, if it showed one.")]
    verified: Annotated[bool, Meta(description="True only if the certificate was checked and is good.")]
    problem: Annotated[str | None, Meta(description="What verification would have said, with --insecure.")] = (
        None
    )
    issuers: Annotated[
        tuple[Certificate, ...],
        Meta(description="The certificates that the server sent behind its own, in its order."),
    ] = ()


class TlsFailed(Struct, frozen=True, tag_field="event", tag="tls-failed"):
    """TLS could not be set up."""

    at: Microseconds
    kind: Annotated[
        Literal["certificate", "pinned-key", "alert", "not-tls", "fin", "reset", "error"],
        Meta(
            description="What kind of failure; pinned-key: the server has another key than --pinnedpubkey says."
        ),
    ]
    error: Annotated[str, Meta(description="In words.")]
    received: Annotated[
        bytes, Meta(description="What came from the server instead, as bytes of the TCP stream.")
    ] = b""
    certificate: Annotated[
        Certificate | None, Meta(description="The server's certificate, if it showed one.")
    ] = None
    alert: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(description="Number of the TLS alert that the server sent."),
    ] = None
    reason: Annotated[
        str,
        Meta(
            description="Of a certificate: unknown-ca, self-signed, expired, not-yet-valid, wrong-name or "
            "other."
        ),
    ] = ""
    issuers: Annotated[
        tuple[Certificate, ...],
        Meta(description="The certificates that the server sent behind its own, in its order."),
    ] = ()


class Sent(Struct, frozen=True, tag_field="event", tag="sent"):
    """Bytes handed over in one write, before encryption."""

    at: Microseconds
    data: Annotated[bytes, Meta(description="The bytes.")]


class Received(Struct, frozen=True, tag_field="event", tag="received"):
    """Bytes that came in one read, after decryption."""

    at: Microseconds
    data: Annotated[bytes, Meta(description="The bytes.")]


class LeftOut(Struct, frozen=True, tag_field="event", tag="left-out"):
    """Bytes of an open session that are not kept here: whole messages, from wsprobe talk."""

    at: Microseconds
    bytes_sent: Annotated[Count, Meta(description="How many of ours.")]
    bytes_received: Annotated[Count, Meta(description="How many of the server's.")]


class Ended(Struct, frozen=True, tag_field="event", tag="ended"):
    """The last event of every exchange."""

    at: Microseconds
    how: Annotated[
        How,
        Meta(
            description="fin: the server closed; truncated: the same, over TLS, without close_notify; reset: "
            "RST; timeout and limit: a time or size limit of wsprobe's own; local: wsprobe had all "
            "that it wanted; interrupted: ^C; error: see error."
        ),
    ]
    error: Annotated[str, Meta(description="In words.")] = ""


Event = (
    Resolved
    | ResolveFailed
    | Connecting
    | ConnectFailed
    | Connected
    | TunnelSent
    | TunnelReceived
    | TunnelFailed
    | ProxyHeaderSent
    | TlsDone
    | TlsFailed
    | Sent
    | Received
    | LeftOut
    | Ended
)


class Relayed(Struct, frozen=True):
    """The client's side of an exchange that ``wsprobe relay`` carried. The frames that passed are in the
    events."""

    peer: Annotated[str, Meta(description="The client's address and port.")]
    request: Annotated[
        bytes, Meta(description="The client's request as received; the events have it as sent to the server.")
    ]
    answer: Annotated[
        bytes,
        Meta(
            description="What wsprobe sent to the client in place of the server's bytes; empty where those "
            "passed untouched."
        ),
    ] = b""
    received: Annotated[bytes, Meta(description="What the client sent after that.")] = b""
    ended: Annotated[
        How,
        Meta(
            description="How the client's connection ended. fin: the client closed; reset: RST; local: wsprobe "
            "closed, because the server did or there was nothing more to pass; timeout: a time limit of "
            "wsprobe's; interrupted: ^C."
        ),
    ] = "local"


class Exchange(Struct, frozen=True, tag_field="format", tag=2):
    """One handshake as it was on the wire: the recording."""

    # The tag is the number of the format that wsprobe.archive writes.

    plan: Annotated[Plan, Meta(description="All that decided what went on the wire.")]
    events: Annotated[tuple[Event, ...], Meta(description="What happened, in order; the last one is ended.")]
    started: Annotated[str, Meta(description="When it began: ISO 8601, UTC.")] = ""
    hops: Annotated[
        tuple[Exchange, ...],
        Meta(
            description="Earlier recordings that led here (redirect, authentication, version retry), oldest "
            "first."
        ),
    ] = ()
    rebuilt: Annotated[
        str | UnsetType,
        Meta(
            description="Only if no bytes were recorded: what the recording was rebuilt from, such as a HAR "
            "file. Heads and frames are then what they may have been, and how the connection ended "
            "is not known."
        ),
    ] = UNSET
    worker: Annotated[
        str | UnsetType,
        Meta(description="The name of the worker of a cluster that asked; absent where none did."),
    ] = UNSET
    client: Annotated[
        Relayed | UnsetType,
        Meta(description="The client's side, in recordings of wsprobe relay; absent from others."),
    ] = UNSET


class PlanError(ValueError):
    """A plan that cannot be carried out on any network. The text is one clear line for whoever made it."""
