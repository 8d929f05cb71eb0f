"""The values that a probe writes and every reader reads. Depends on no other module of wsprobe.

Rule 1: the wire is the fact. The bytes are those sent and received, unchanged; one read is one event.
Rule 2: a failure of the network is an event, never an exception. ``PlanError`` is for plans that cannot be
carried out.

Times (``at``) are whole microseconds since the probe of this exchange began.

Bounds and descriptions of members (``Meta``) are checked when a recording is loaded, and make its schema and
manual; they cost nothing when a value is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Microseconds = Annotated[int, Meta(ge=0, le=2**53, description="Microseconds since the start.")]
"""2**53: every reader of JSON keeps integers up to it exactly."""
SECOND = 1_000_000
"""Microseconds."""
Seconds = Annotated[float, Meta(ge=0)]
"""Infinity means no limit."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Bytes."""
MaskedSpans = tuple[tuple[Count, Count], ...] | UnsetType
"""[offset, number] of bytes of an event that stand for a secret. Absent if nothing is masked."""
Port = Annotated[int, Meta(ge=0, le=65535)]
_Setting = Annotated[int, Meta(ge=0, le=65535)]
_Word = Annotated[int, Meta(ge=0, lt=2**32)]
_Increment = Annotated[int, Meta(ge=0, lt=2**31)]
"""Of HTTP/2's frames (RFC 9113 section 6)."""

How = Literal["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]
"""How a connection ended; ``Ended.how`` says what each means."""
FINISHED: tuple[How, ...] = ("fin", "truncated")
"""The server closed the connection."""
BROKEN: tuple[How, ...] = ("reset", "error")
LOST = (*FINISHED, *BROKEN)
"""The connection ended, and wsprobe did not end it."""


class Target(Struct, frozen=True):
    """Where to go: a ws: or wss: URL taken apart (RFC 6455 section 3, RFC 3986)."""

    url: str
    """The URL as given."""
    secure: bool
    """Whether it is wss:."""
    host: str
    """ASCII host: A-labels for an IDN, no brackets around an IPv6 address."""
    port: Port
    """The port."""
    resource: str
    """RFC 6455 "resource-name": path and query, as the request line carries it."""
    userinfo: str | None = None
    """User and password as written in the URL, percent-encoding kept."""
    fragment: str | None = None
    """The text after a #."""


class Limits(Struct, frozen=True):
    """Limits, in seconds and bytes."""

    connect_timeout: Seconds = 10.0
    """From the start until TCP and TLS are done, all addresses together."""
    max_time: Seconds = 30.0
    """From the start until the end of the whole exchange."""
    linger: Seconds = 0.3
    """How long wsprobe watches an open session before it closes it with 1000. Infinity: until the session has
    what it is watched for, or max_time is nearly over."""
    max_head: Count = 2 * 1024 * 1024
    """Bytes of heads, those of interim answers too, after which wsprobe reads no further."""
    max_body: Count = 1024 * 1024
    """Bytes of a body."""
    max_session: Count = 4 * 1024 * 1024
    """Bytes kept after a 101."""
    silence: Seconds | UnsetType = UNSET
    """Close the session after this time without a further message; linger is then the time for the first one.
    Absent: only linger counts."""


class TlsOptions(Struct, frozen=True):
    """How to use TLS, if it is used."""

    verify: bool = True
    """False with --insecure."""
    ca_file: str | None = None
    """--cacert."""
    ca_path: str | None = None
    """--capath."""
    certificate: str | None = None
    """--cert."""
    key: str | None = None
    """--key: the name of the file, never the key."""
    server_name: str | None = None
    """--servername: SNI and the name to verify; null for the target's host."""
    minimum: str | None = None
    """--tls-min: 1.0 to 1.3."""
    maximum: str | None = None
    """--tls-max: 1.0 to 1.3."""
    alpn: tuple[str, ...] = ("http/1.1",)
    """The offered protocols."""
    ciphers: str | None = None
    """--ciphers: OpenSSL's list, for TLS 1.2 and older; null for the default."""
    pinned: tuple[str, ...] = ()
    """--pinnedpubkey: the server's public key must be one of these (base64 of the SHA-256 of its
    SubjectPublicKeyInfo); empty for any."""
    common_name: bool = False
    """True to continue if a certificate without DNS names has the server's name as its common name: a client
    does so whose request this is."""


class Route(Struct, frozen=True):
    """How to reach the target, if not simply by its own name and port."""

    family: Literal[0, 4, 6] = 0
    """4 or 6 for one family of addresses, 0 for both."""
    resolve: tuple[tuple[str, Port, tuple[str, ...]], ...] = ()
    """--resolve: [host, port, addresses]."""
    connect_to: tuple[tuple[str, Port, str, Port], ...] = ()
    """--connect-to: [host, port, other host, other port]; empty and 0 mean any."""
    unix_socket: str | None = None
    """--unix-socket."""
    interface: str | None = None
    """--interface: its name, or a local address to connect from."""
    proxy: str | None = None
    """--proxy: http://[user:password@]host:port or socks5h://..."""
    proxy_authorization: str | None = None
    """The value of Proxy-Authorization in CONNECT, empty to send none; null: Basic, if the proxy's URL has
    credentials."""
    proxy_header: str | None = None
    """The client's address in the header of the PROXY protocol (--haproxy-clientip); empty for our own
    (--haproxy-protocol), null for no such header."""


class Act(Struct, frozen=True):
    """One act of the client in the open session (or, for a page, before it)."""

    when: Literal["created", "open", "message", "pong", "time"]
    """created: immediately, only for a script; open: once the session is open; message: when a message arrives;
    pong: when the Pong to a Ping of the plan arrives, not for a script; time: after a time."""
    do: Literal["text", "binary", "ping", "close"]
    """The act."""
    data: bytes = b""
    """The payload of a message or Ping; of a close the reason, in UTF-8."""
    code: Annotated[int, Meta(ge=-(2**53), le=2**53)] | None = None
    """Of a close: its code."""
    after: Microseconds = 0
    """Microseconds after the start, for time."""


class Priority(Struct, frozen=True):
    """The priority fields of a HEADERS frame (RFC 7540 section 6.2), which browsers still send."""

    depends_on: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """The stream that it depends on."""
    weight: Annotated[int, Meta(ge=0, le=255)] = 15
    """As on the wire: the weight minus one."""
    exclusive: bool = False
    """Whether this stream is to be the only one that depends on that stream."""


class Http2(Struct, frozen=True):
    """How to use HTTP/2 (RFC 9113, RFC 8441). The library hpack chooses how to encode fields."""

    fields: tuple[tuple[bytes, bytes], ...]
    """The block of the extended CONNECT as [name, value], pseudo-headers too, in the order sent, unchanged."""
    prior_knowledge: bool = False
    """True: use HTTP/2 whatever ALPN selects, and without TLS too. False: use it if the server accepts h2;
    otherwise send the plan's request over HTTP/1.1."""
    anyway: bool = False
    """Send the request even if the server has not announced ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3)."""
    settings: tuple[tuple[_Setting, _Word], ...] = ((2, 0),)
    """[identifier, value] of our first SETTINGS."""
    window: _Increment = 0
    """Increment of the WINDOW_UPDATE for the connection, sent after our SETTINGS; 0: send none."""
    stream: Annotated[int, Meta(ge=1, lt=2**31)] = 1
    """The stream that the request opens."""
    tries: Annotated[int, Meta(ge=1, le=100)] = 1
    """The most requests. After REFUSED_STREAM, which means that the server did not process the request (RFC
    9113 section 8.7), the client sends it again on the next stream of the same connection."""
    priority: Priority | None = None
    """The priority fields of its HEADERS."""
    stream_window: _Increment = 0
    """Increment of the WINDOW_UPDATE for the stream, sent after HEADERS; 0: send none."""
    never_indexed: tuple[bytes, ...] = ()
    """Names of the fields sent never-indexed (RFC 7541 section 6.2.3)."""
    data_max: Annotated[int, Meta(ge=1, lt=2**24)] = 16384
    """The most bytes of one DATA frame, if the server's SETTINGS and windows allow them."""
    header_apart: bool = False
    """Whether a WebSocket frame too long for one DATA frame begins with a DATA frame that has only the
    WebSocket header."""
    end_stream: Literal["close", "closed", "never"] = "closed"
    """When we end our side of the stream. close: on the DATA frame with our Close; closed: once both sides have
    sent a Close, when TCP would be closed (RFC 6455 section 7.1.1)."""
    reads_if_left_out: bool = False
    """A GOAWAY that leaves our stream out (RFC 9113 section 6.8) does not end it for us: what the server still
    sends on it counts."""


WIRE_NAMES = ("hixie-75", "hixie-76", "hybi-04", "hybi-05", "hybi-06", "hybi-07", "hybi-08", "hybi-13")
"""The versions of the protocol that a plan may name, oldest first; ``wire.WIRES`` has what each of them is."""


class Plan(Struct, frozen=True):
    """Everything that decides what goes on the wire. The offer is in *request*, and nowhere else."""

    target: Target
    """Where to go."""
    request: bytes
    """The exact bytes of the opening handshake."""
    wire: str = "hybi-13"
    """The version of the protocol: hixie-75, hixie-76, hybi-04 to hybi-08, or hybi-13, which is
    RFC 6455."""
    acts: tuple[Act, ...] = ()
    """The client's acts in the session."""
    limits: Limits = Limits()
    """The limits."""
    tls: TlsOptions = TlsOptions()
    """How to use TLS."""
    route: Route = Route()
    """How to reach the server, if not simply by its name and port."""
    http2: Http2 | None = None
    """How to use HTTP/2; null for HTTP/1.1 only. The sent bytes show which protocol was used: HTTP/2 begins
    with its preface (RFC 9113 section 3.4)."""


class Certificate(Struct, frozen=True):
    """The certificate that the peer sent, as far as a person needs it."""

    der: bytes
    """The certificate itself."""
    subject: str = ""
    """Distinguished name, as CN=example.org,O=Example."""
    issuer: str = ""
    """Distinguished name."""
    names: tuple[str, ...] = ()
    """The host names and addresses in subjectAltName."""
    not_before: str = ""
    """ISO 8601, UTC."""
    not_after: str = ""
    """ISO 8601, UTC."""


class Resolved(Struct, frozen=True, tag_field="event", tag="resolved"):
    """The name has addresses."""

    at: Microseconds
    host: str
    """The name."""
    addresses: tuple[str, ...]
    """In the order in which they are tried."""


class ResolveFailed(Struct, frozen=True, tag_field="event", tag="resolve-failed"):
    """The name has no addresses."""

    at: Microseconds
    host: str
    """The name."""
    error: str
    """In words."""


class Connecting(Struct, frozen=True, tag_field="event", tag="connecting"):
    """An attempt begins."""

    at: Microseconds
    address: str
    """IP address, or path of a Unix socket."""
    port: Port
    """0 for a Unix socket."""


class ConnectFailed(Struct, frozen=True, tag_field="event", tag="connect-failed"):
    """An attempt failed."""

    at: Microseconds
    address: str
    """IP address, or path of a Unix socket."""
    port: Port
    """0 for a Unix socket."""
    errno: str
    """Symbolic name, as ECONNREFUSED; empty if there is none."""
    error: str
    """In words."""


class Connected(Struct, frozen=True, tag_field="event", tag="connected"):
    """An attempt succeeded; wsprobe uses this connection."""

    at: Microseconds
    address: str
    """IP address, or path of a Unix socket."""
    port: Port
    """0 for a Unix socket."""
    local: str = ""
    """Our own address and port."""


class TunnelSent(Struct, frozen=True, tag_field="event", tag="tunnel-sent"):
    """Bytes to a proxy, before the tunnel was open."""

    at: Microseconds
    data: bytes
    """The bytes."""
    masked: MaskedSpans = UNSET
    """[offset, number] of the bytes that stand for a secret."""


class TunnelReceived(Struct, frozen=True, tag_field="event", tag="tunnel-received"):
    """Bytes from a proxy, before the tunnel was open."""

    at: Microseconds
    data: bytes
    """The bytes."""
    masked: MaskedSpans = UNSET
    """[offset, number] of the bytes that stand for a secret."""


class TunnelFailed(Struct, frozen=True, tag_field="event", tag="tunnel-failed"):
    """The proxy did not open a tunnel."""

    at: Microseconds
    error: str
    """In words."""


class ProxyHeaderSent(Struct, frozen=True, tag_field="event", tag="proxy-header-sent"):
    """The header of the PROXY protocol, sent before TLS and everything else to the target."""

    at: Microseconds
    data: bytes
    """The bytes: one line, by version 1 of that protocol."""


class TlsDone(Struct, frozen=True, tag_field="event", tag="tls-done"):
    """TLS is set up."""

    at: Microseconds
    version: str
    """As TLS 1.3."""
    cipher: str
    """As OpenSSL names it."""
    alpn: str | None
    """What was agreed on."""
    certificate: Certificate | None
    """The server's certificate, if it sent one."""
    verified: bool
    """True only if the certificate was verified and is valid."""
    problem: str | None = None
    """What verification would have found wrong, with --insecure."""
    issuers: tuple[Certificate, ...] = ()
    """The certificates that the server sent after its own, in its order."""


class TlsFailed(Struct, frozen=True, tag_field="event", tag="tls-failed"):
    """TLS could not be set up."""

    at: Microseconds
    kind: Literal["certificate", "pinned-key", "alert", "not-tls", "fin", "reset", "error"]
    """What kind of failure; pinned-key: the server's key is not the one of --pinnedpubkey."""
    error: str
    """In words."""
    received: bytes = b""
    """The bytes that the server sent instead, from the TCP stream."""
    certificate: Certificate | None = None
    """The server's certificate, if it sent one."""
    alert: Annotated[int, Meta(ge=0, le=255)] | None = None
    """Number of the TLS alert that the server sent."""
    reason: str = ""
    """Of a certificate: unknown-ca, self-signed, expired, not-yet-valid, wrong-name or other."""
    issuers: tuple[Certificate, ...] = ()
    """The certificates that the server sent after its own, in its order."""


class Sent(Struct, frozen=True, tag_field="event", tag="sent"):
    """Bytes of one write, before encryption."""

    at: Microseconds
    data: bytes
    """The bytes."""
    masked: MaskedSpans = UNSET
    """[offset, number] of the bytes that stand for a secret."""


class Received(Struct, frozen=True, tag_field="event", tag="received"):
    """Bytes of one read, after decryption."""

    at: Microseconds
    data: bytes
    """The bytes."""
    masked: MaskedSpans = UNSET
    """[offset, number] of the bytes that stand for a secret."""


class LeftOut(Struct, frozen=True, tag_field="event", tag="left-out"):
    """Bytes of an open session that are not kept here: whole messages, from wsprobe talk."""

    at: Microseconds
    bytes_sent: Count
    """How many of ours."""
    bytes_received: Count
    """How many of the server's."""


class Ended(Struct, frozen=True, tag_field="event", tag="ended"):
    """The last event of every exchange."""

    at: Microseconds
    how: How
    """fin: the server closed; truncated: the same, over TLS, without close_notify; reset: RST; timeout and
    limit: a time or size limit of wsprobe's own; local: wsprobe had everything it needed; interrupted: ^C;
    error: see error."""
    error: str = ""
    """In words."""


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
    """The client's side of an exchange through ``wsprobe relay``. The forwarded frames are in the events."""

    peer: str
    """The client's address and port."""
    request: bytes
    """The client's request as received; the events have it as sent to the server."""
    answer: bytes = b""
    """The bytes that wsprobe sent to the client instead of the server's; empty if it forwarded those
    unchanged."""
    received: bytes = b""
    """The bytes that the client sent after that."""
    ended: How = "local"
    """How the client's connection ended. fin: the client closed; reset: RST; local: wsprobe closed, because the
    server did or nothing was left to forward; timeout: a time limit of wsprobe's; interrupted: ^C."""


class ScriptCall(Struct, frozen=True):
    """One call in the stack of a script."""

    url: str
    """The script's file; empty for a script without a URL."""
    line: Annotated[int, Meta(ge=1)]
    """Counted from 1."""
    column: Annotated[int, Meta(ge=1)]
    """Counted from 1."""
    function: str = ""
    """The function's name; empty at the top level, and for a function without a name."""


class ScriptError(Struct, frozen=True):
    """What a constructor threw."""

    name: str
    """The name of the exception, such as SyntaxError."""
    message: str
    """Its message."""


class ScriptEvent(Struct, frozen=True, omit_defaults=True):
    """An event of a WebSocket, as a script in a real page got it. Members that its type does not have are at
    their defaults."""

    time: Annotated[float, Meta(ge=0)]
    """Milliseconds since the constructor was called."""
    type: Literal["open", "message", "error", "close"]
    """The DOM's name of the event."""
    ready_state: Annotated[int, Meta(ge=0, le=3)]
    """readyState while the event was delivered."""
    protocol: str = ""
    """WebSocket.protocol, of open."""
    extensions: str = ""
    """WebSocket.extensions, of open."""
    data: str = ""
    """The beginning of a text message."""
    binary: bool = False
    """True for a binary message, whose data is not kept."""
    size: Count | None = None
    """The size of a message of which not everything is kept: UTF-16 code units of a text, bytes of a binary
    one."""
    code: Annotated[int, Meta(ge=0, le=65535)] = 0
    """CloseEvent.code."""
    reason: str = ""
    """CloseEvent.reason."""
    was_clean: bool = False
    """CloseEvent.wasClean."""


class Script(Struct, frozen=True):
    """The script in a real page that opened a WebSocket, and what it got."""

    kind: str
    """Whose script it is: page, iframe, worker, shared_worker or service_worker; empty if that is not known."""
    stack: tuple[ScriptCall, ...] = ()
    """The calls that opened it, the innermost first; empty if they are not known."""
    seen: tuple[ScriptEvent, ...] | None = None
    """Its events; null if nothing measured them."""
    left_out: Count = 0
    """Later messages that were not kept."""
    exception: ScriptError | None = None
    """What the constructor threw."""
    console: tuple[str, ...] = ()
    """The browser's lines in the console."""
    left: bool = False
    """Its page, frame or worker was gone before the WebSocket ended."""


class LoggedFrame(Struct, frozen=True, gc=False):
    """The header of a WebSocket frame that a log names, where it may not have the bytes."""

    at: Microseconds
    sent: bool
    """True for a frame of the browser, false for one of the server."""
    opcode: Annotated[int, Meta(ge=0, le=15)]
    """As in RFC 6455 section 5.2."""
    fin: bool
    """Whether it ends its message."""
    rsv: Annotated[int, Meta(ge=0, le=7)]
    """RSV1 = 4, RSV2 = 2, RSV3 = 1."""
    length: Count
    """Bytes of the payload."""


class Logged(Struct, frozen=True):
    """What a browser's log adds to the bytes of an exchange. The browser sent the request, not wsprobe."""

    source: Literal["netlog", "firefox-log", "har", "devtools", "asked-again"]
    """netlog: Chromium's NetLog; firefox-log: Firefox's HTTP log; har: a HAR file; devtools: the browser's
    DevTools alone; asked-again: wsprobe sent the request of a page again."""
    program: str = ""
    """The program that wrote the log, and its version."""
    page: str = ""
    """The origin of the page that opened the WebSocket; empty if the log has none."""
    error: str = ""
    """The browser's net error, as ERR_CONNECTION_REFUSED; empty if there was none."""
    message: str = ""
    """The browser's sentence about the failed handshake; empty if the log has none."""
    frames: tuple[LoggedFrame, ...] = ()
    """The frames' headers, if the log has no bytes of them."""
    script: Script | None = None
    """The script that opened the WebSocket; null if the log does not know it."""


class Unpacked(Struct, frozen=True):
    """What compressed bytes hold that are masked in the events."""

    data: bytes
    """The message or body without compression, its secrets masked."""
    fault: str = ""
    """Of a body: why it could not be decoded whole (cut, short, broken or unknown)."""
    problem: str = ""
    """Why it could not be inflated, in words."""
    stars: Annotated[int, Meta(ge=0, le=2**26)] = 0
    """Instead of data that is too large to be kept: the number of its bytes, all masked."""


class UnpackedMessages(Struct, frozen=True):
    """The compressed messages of one side, from the first one that is masked."""

    first: Count
    """The number of compressed messages before them."""
    messages: tuple[Unpacked, ...]
    """In order; all later ones are masked too, because they may refer to a masked one."""


class Compressed(Struct, frozen=True):
    """The contents of compressed data whose bytes are masked: nothing can inflate asterisks."""

    body: Unpacked | None = None
    """The body of the answer."""
    sent: UnpackedMessages | None = None
    """Our messages."""
    received: UnpackedMessages | None = None
    """The server's messages."""


class Judged(Struct, frozen=True):
    """The judgement before secrets were masked, used in place of one on the masked bytes."""

    outcome: str
    """The outcome, as in a report."""
    findings: tuple[dict[str, Any], ...]
    """The findings, as in a report, with secrets masked."""
    causes: tuple[dict[str, Any], ...]
    """The causes by their parts (statement, quote, usual, evidence), with secrets masked."""


class Exchange(Struct, frozen=True, tag_field="format", tag=3):
    """The recording: one handshake, byte for byte."""

    # The tag is the number of the format that wsprobe.recording.archive writes.

    plan: Plan
    """Everything that decided what went on the wire."""
    events: tuple[Event, ...]
    """What happened, in order; the last one is ended."""
    started: str = ""
    """When it began: ISO 8601, UTC."""
    hops: tuple[Exchange, ...] = ()
    """Earlier recordings that led here (redirect, authentication, version retry), oldest first."""
    rebuilt: str | UnsetType = UNSET
    """The source of a recording without recorded heads, such as a HAR file. Its heads are then a
    reconstruction; in a HAR file the frames are too, and the end of the connection is unknown."""
    logged: Logged | UnsetType = UNSET
    """What a browser's log says of it; absent from recordings of wsprobe's own requests."""
    worker: str | UnsetType = UNSET
    """The name of the cluster's worker that sent the request; absent if this machine did."""
    client: Relayed | UnsetType = UNSET
    """The client's side, in recordings of wsprobe relay; absent from others."""
    name: str | UnsetType = UNSET
    """The word on the command line for the target, if it is not the URL, such as ``lab:status-403``."""
    change: str | UnsetType = UNSET
    """In recordings of wsprobe trace: the change that this request made, such as ``no-origin``; absent from
    others."""

    compressed: Compressed | UnsetType = UNSET
    """The contents of compressed data that is masked; absent without any."""
    judged: Judged | UnsetType = UNSET
    """The judgement before secrets were masked; absent if the recording itself shows it."""

    @property
    def ended(self) -> Ended | None:
        """The last event; None if it was not recorded."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Ended) else None

    @property
    def how_ended(self) -> How | Literal[""]:
        """``Ended.how``; "" where that was not recorded."""
        last = self.ended
        return last.how if last is not None else ""

    @property
    def certificate(self) -> Certificate | None:
        """The server's certificate; None if it sent none."""
        shown = (event.certificate for event in self.events if isinstance(event, TlsDone | TlsFailed))
        return next(filter(None, shown), None)


class PlanError(ValueError):
    """A plan that no network can carry out. The text is one line that says why."""
