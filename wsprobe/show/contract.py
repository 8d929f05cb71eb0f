"""The JSON of a report: the contract that other programs rely on, as types (wsprobe-json(5)).

Each member has a type and, below it, its meaning. The schema (``schema.py``) and the manual page are made from
it. To add a member, add a field with a docstring here, and in ``as_json.py`` the line that fills it, unless
``like`` does by its name; ``UNSET`` makes it absent.

Header text is latin-1 decoded, so that one character is one byte; ``bytes`` become base64. Times are
milliseconds from the start. A member is null or absent where the event did not happen.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from wsprobe.diagnosis.cause import Certainty
from wsprobe.exchange import Certificate, Exchange, How
from wsprobe.judge.finding import Level
from wsprobe.read.closing import SessionClose
from wsprobe.report.outcome import STATUS_OF
from wsprobe.report.state import Kind
from wsprobe.report.timing import Timing

Pair = tuple[str, str]
Who = Literal["server", "client"]


ANSWERS = (
    *("established", "fail", "http", "may-redirect", "retry-auth", "retry-proxy-auth", "may-retry-version"),
    *("ambiguous", "not known"),
)
"""The answers of a verdict."""


def _one_of(*words: str) -> Meta:
    return Meta(extra_json_schema={"enum": list(words)})


class Object(Struct, frozen=True, forbid_unknown_fields=True):
    """An object of the contract."""


class RequestJson(Object, frozen=True, kw_only=True):
    """The request as sent."""

    line: str | None
    """The request line; null over HTTP/2, which has none."""
    headers: list[Pair]
    """Every field line, as [name, value]."""
    raw: bytes | UnsetType | None = UNSET
    """The head, and anything sent after it; absent with --brief; null over HTTP/2 if the source has the headers
    decoded (see rebuilt)."""
    fields: list[Pair] | UnsetType = UNSET
    """Only over HTTP/2: every field of the block, pseudo-headers too, as [name, value] in the order sent."""
    sent: bool | UnsetType = UNSET
    """Only over HTTP/2: false if the request was not sent, because the server does not announce WebSockets. The
    other members then describe the request that would have been sent."""


class BodyJson(Object, frozen=True, kw_only=True):
    """The body of an answer that opens no session."""

    size: int
    """Number of content bytes received, without the transfer coding."""
    text: str
    """The decoded content (content coding, then UTF-8); invalid UTF-8 is replaced."""
    raw: bytes | UnsetType = UNSET
    """The content as received, without the transfer coding; absent with --brief."""
    truncated: bool
    """True if there was more, or should have been."""
    framing: Literal["none", "length", "chunked", "close", "stream", "unknown"]
    """How the end of the body is marked; stream means DATA of HTTP/2."""
    expected: int | None
    """The Content-Length, if it is valid."""
    coding: str | None
    """The Content-Encoding, and transfer codings before chunked, from which text was decoded."""
    problem: str | None
    """What is wrong with the framing or coding, in words."""


class ResponseJson(Object, frozen=True, kw_only=True):
    """One HTTP answer."""

    status_line: str | None
    """The first line, without its line end; null if there are only interim answers, and over HTTP/2, which has
    no such line."""
    version: str | UnsetType | None = UNSET
    """HTTP version, such as 1.1; null if the line is not HTTP; absent without a final answer."""
    status: int | None
    """The status code; null without a valid one."""
    reason: str | UnsetType = UNSET
    """The reason phrase; absent without a final answer."""
    headers: list[Pair]
    """Every field line, as [name, value]: order, letter case and repetition as received."""
    raw: bytes | UnsetType | None = UNSET
    """The head as received; absent without a final answer, and with --brief; null if no byte was recorded, and
    over HTTP/2 if the source has the headers decoded (see rebuilt)."""
    from_: Literal["sentence"] | UnsetType = field(default=UNSET, name="from")
    """Only if the status alone is known, from the message of a browser (see source)."""
    complete: bool | UnsetType = UNSET
    """False if the blank line after the head did not arrive; absent without a final answer."""
    body: BodyJson | UnsetType | None = UNSET
    """Null for an answer that opens a session (a 101, over HTTP/2 a 200), and for an incomplete head; absent
    without a final answer."""
    informational: list[ResponseJson] | UnsetType = UNSET
    """Earlier interim answers, oldest first; only in the final answer."""
    fields: list[Pair] | UnsetType = UNSET
    """Only over HTTP/2: every field of the block, pseudo-headers too, as [name, value] in the order
    received."""


class HopJson(Object, frozen=True, kw_only=True):
    """An earlier exchange that led to this one."""

    url: str
    """The requested URL."""
    response: ResponseJson | None
    """The same as response above."""


class CertificateJson(Object, frozen=True, kw_only=True):
    """A certificate of the chain that the server sent."""

    subject: str
    """Distinguished name, such as CN=example.org,O=Example."""
    issuer: str
    """Distinguished name."""
    names: tuple[str, ...]
    """Host names and addresses for which it is valid (subjectAltName)."""
    not_before: str
    """ISO 8601, UTC."""
    not_after: str
    """ISO 8601, UTC."""
    days_left: int | None
    """Whole days from the start of the recording until not_after; negative after expiry."""
    key: str
    """Kind and size of its public key, such as RSA 2048 or EC P-256."""
    signature: str
    """Algorithm of its signature, such as sha256WithRSAEncryption."""
    sha256: str
    """Fingerprint: SHA-256 of the certificate, in hex."""
    public_key: str
    """The value for --pinnedpubkey: sha256// and base64 of the SHA-256 of its public key."""


class TlsJson(Object, frozen=True, kw_only=True):
    """The TLS connection, or why it failed."""

    version: str | None
    """Version, such as TLS 1.3; null if TLS was not set up."""
    cipher: str | None
    """OpenSSL's name of the cipher."""
    alpn: str | None
    """The negotiated protocol; null without one."""
    certificate: Certificate | None
    """The server's certificate; null if it sent none."""
    verified: bool
    """True only if the certificate was checked and is valid."""
    error: str | None
    """Why TLS was not set up, or what is wrong with the certificate that --insecure accepted."""
    kind: Literal["certificate", "pinned-key", "alert", "not-tls", "fin", "reset", "error"] | UnsetType = UNSET
    """Only after a failure: its kind; pinned-key: the server's key is not the one of --pinnedpubkey."""
    reason: str | UnsetType | None = UNSET
    """Only after a failure of the certificate: unknown-ca, self-signed, expired, not-yet-valid, wrong-name or
    other."""
    alert: int | UnsetType | None = UNSET
    """Only after a failure: number of the server's TLS alert."""
    chain: list[CertificateJson]
    """All certificates that the server sent, its own first, in its order, even if they were not accepted. Empty
    if it sent none."""
    days_left: int | None
    """Days left for the server's own certificate; null if it sent none."""
    browsers: dict[str, str]
    """Browser name -> its objection to this certificate or TLS version. A browser without a known objection is
    absent."""


class FindingJson(Object, frozen=True, kw_only=True):
    """One finding: something wrong, doubtful or worth knowing."""

    id: str
    """A stable name; wsprobe explain describes it."""
    level: Level
    """fail: a client must fail the connection, or there was no answer; warn: doubtful; note: worth knowing."""
    spec: str
    """The rule: specification and section."""
    text: str
    """What was found."""
    usual: str | None
    """The usual cause."""
    expected: str | None
    """The expected value."""
    received: str | None
    """The received value."""
    span: tuple[int, int] | UnsetType = UNSET
    """The place in the bytes received: [start, end), counted from 0 over all received events of the recording;
    absent if the finding is not about bytes."""
    bytes: str | UnsetType = UNSET
    """The bytes of span, latin-1 decoded, at most 1000."""


class CauseJson(Object, frozen=True, kw_only=True):
    """A possible cause of the answer."""

    id: str
    """A stable name; wsprobe explain describes it."""
    text: str
    """What happened, in words, with its usual causes if it has several."""
    fix: str
    """What to do about it; the empty string if not known."""
    certainty: Certainty
    """The evidence. own-request: the request explains it; stated: the answer's text states it; only: a mark of
    one program alone; shared: a form that several programs share; status: only the status, or how the exchange
    ended. The screen has "likely" for the first three, and "possible" for shared and status."""
    evidence: str
    """The evidence in words."""
    program: str | None
    """The program that wrote the answer, if the mark is unique to it; null if unknown. `explain remedy` accepts
    this name, and has code for many programs that tells a page the reason."""


class FrameJson(Object, frozen=True, kw_only=True, rename={"by": "from"}):
    """One WebSocket frame; frames of older versions are described in the terms of RFC 6455."""

    by: Who
    """The sender."""
    at: float
    """When its last byte was received or sent."""
    fin: bool
    """The FIN bit."""
    rsv: int
    """The reserved bits as a number: RSV1 is 4, RSV2 2, RSV3 1 (and RSV4 of old drafts 8)."""
    opcode: int
    """1 text, 2 binary, 0 continuation, 8 close, 9 ping, 10 pong; frames of older versions have these numbers
    too."""
    masked: bool
    """The MASK bit."""
    length: int
    """The payload length that the frame announces."""
    payload: bytes
    """The payload received, unmasked, still compressed."""


class SessionJson(Object, frozen=True, kw_only=True):
    """Everything after an answer that opened the session."""

    frames: list[FrameJson]
    """Frames of both sides: the server's first, then the client's."""
    rest: bytes
    """The bytes after the last complete frame."""


class ExceptionJson(Object, frozen=True, kw_only=True):
    """An exception as a script catches it."""

    name: str
    """Name of the exception, such as SyntaxError."""
    message: str
    """Its message, in the browser's own words."""
    code: int | str | UnsetType = UNSET
    """Its legacy code, or the runtime's code of the error; absent without one."""


class Happening(Object, frozen=True, kw_only=True, tag_field="type"):
    """What a script sees: an event under its DOM name, or an exception from a later call."""

    time: float | UnsetType = UNSET
    """Milliseconds since the constructor was called; only in seen of wsprobe page."""


class OpenJson(Happening, frozen=True, kw_only=True, tag="open"):
    """The session is open."""

    protocol: str
    """WebSocket.protocol."""
    extensions: str
    """WebSocket.extensions."""


class MessageJson(Happening, frozen=True, kw_only=True, tag="message"):
    """A message arrived."""

    binary: bool | UnsetType = UNSET
    """True if the message is binary, otherwise absent."""
    data: str
    """The text, or base64 of a binary message. With *size*: only the beginning."""
    size: int | UnsetType = UNSET
    """Length of the whole message (data.length, or bytes if binary), if *data* has only the beginning; absent
    otherwise. A view keeps 256 KiB of messages whole."""


class LeftOutJson(Happening, frozen=True, kw_only=True, tag="left-out"):
    """Messages after the first 1000 of a view, which are only counted."""

    messages: int
    """Number of messages at this point."""


class ErrorJson(Happening, frozen=True, kw_only=True, tag="error"):
    """The connection failed."""

    message: str | UnsetType = UNSET
    """ErrorEvent.message, in a runtime; absent in a browser, where it is a plain Event."""
    error: str | UnsetType = UNSET
    """ErrorEvent.error, in a runtime: its name, message and, in brackets, code."""


class CloseEventJson(Happening, frozen=True, kw_only=True, tag="close", rename={"was_clean": "wasClean"}):
    """The end."""

    code: int
    """CloseEvent.code."""
    reason: str
    """CloseEvent.reason."""
    was_clean: bool
    """CloseEvent.wasClean."""


class ThrowJson(Happening, frozen=True, kw_only=True, tag="throw"):
    """A later call, such as send() or close(), raised an exception."""

    exception: ExceptionJson | None
    """The exception."""


EventJson = OpenJson | MessageJson | LeftOutJson | ErrorJson | CloseEventJson | ThrowJson


class AnsweredJson(Object, frozen=True, kw_only=True):
    """The answer to a browser's own request, with the members that the top level has for wsprobe's request."""

    outcome: Annotated[str, _one_of(*STATUS_OF)]
    """The outcome, as at the top level."""
    response: ResponseJson | None
    """The final answer, as response at the top level."""
    causes: list[CauseJson]
    """Why this browser received it, as causes at the top level."""
    findings: list[FindingJson]
    """Findings by RFC 6455, as at the top level."""


class ViewJson(Object, frozen=True, kw_only=True, rename={"ready_state": "readyState"}):
    """What a script sees in one browser."""

    answered: AnsweredJson | UnsetType = UNSET
    """The answer to this browser's own request; absent if it read the answer to wsprobe's request, or sent no
    request."""
    exchange: Exchange | UnsetType = UNSET
    """The recording of this browser's own request; absent if it read the answer to wsprobe's request."""
    browser: str
    """Name of the browser, as --browser takes it, without the version."""
    version: str
    """Its version."""
    page: str
    """URL of the page that opened the socket."""
    url: str
    """WebSocket.url; empty if the constructor threw."""
    exception: ExceptionJson | None
    """What the constructor threw; null if nothing."""
    events: list[EventJson]
    """What a script sees, in order."""
    ready_state: Annotated[int, Meta(ge=0, le=3)]
    """WebSocket.readyState at the end."""
    console: tuple[str, ...]
    """Lines in the browser's console; a script cannot read them."""
    hidden: tuple[str, ...]
    """What the server sent and a script cannot learn, in words."""
    outcome: Annotated[str, _one_of("open", "failed", "closed", "connecting", "threw", "follows", "unloaded")]
    """The result for the script; follows: the browser would follow a redirect or retry that is not recorded;
    unloaded: the page itself does not load."""
    because: str
    """The deciding step, and its place in the standard or the browser's source."""
    races: str | None
    """The results, if the browser gave more than one when measured; otherwise null."""
    cookies: tuple[str, ...]
    """Set-Cookie values that the browser stores."""
    handshakes: tuple[Literal["2", "1.1"], ...]
    """The protocols of its handshakes, in order: 2 for HTTP/2, 1.1 for HTTP/1.1."""
    otherwise: str | None
    """When this browser would use the other protocol by itself; null if never."""
    beyond: tuple[str, ...] | UnsetType = UNSET
    """What a script can read through a runtime's own interface, which browsers lack; absent if nothing."""
    assumes: str | UnsetType = UNSET
    """If the recording ends before the browser does: what the server is assumed to do from then on, and until
    when it could change events and readyState; otherwise absent."""
    local_network: tuple[str, ...] | UnsetType = UNSET
    """The effect of Local Network Access, then what to do about it; absent if it does not apply: the page does
    not come from a public address, or the target has one."""


class FetchJson(Object, frozen=True, kw_only=True):
    """What fetch() of the same URL sees in one browser."""

    url: str
    """The http: or https: form of the URL."""
    exception: ExceptionJson | None
    """The exception with which fetch() rejects; null if none."""
    status: int | None
    """Response.status; null after an exception, and where fetch() would follow a redirect, which was not
    sent."""
    body: str | None
    """The text of the body; null without a status."""
    answered: int | None
    """The status on the wire; null if there was no answer."""
    because: str
    """The deciding rule, in words."""
    add: str | UnsetType = UNSET
    """The missing header line that would let the page read the answer; absent if none is missing."""


class ToldJson(Object, frozen=True, kw_only=True):
    """What a script sees, by one revision."""

    events: tuple[Annotated[str, _one_of("open", "error", "close")], ...] | None
    """Names of the events, in order; null if the revision does not cover scripts."""
    code: int | None
    """The code in the close event; null without one."""
    may_know: str | None
    """What a script may learn, in the revision's words."""
    situation: str | None
    """The situation, if it is one of those that must look alike to a script."""
    spec: str
    """The section with that rule."""


class VerdictJson(Object, frozen=True, kw_only=True):
    """What one specification revision requires of a client."""

    spec: str
    """Name of the revision, such as hybi-07."""
    answer: Annotated[str, _one_of(*ANSWERS)]
    """What it requires of a client after this answer."""
    findings: list[FindingJson]
    """The deciding rule first, then contradictions between specifications."""
    told: ToldJson | None
    """What a script sees; null if not known, or if nothing has happened yet."""


class ResultJson(Object, frozen=True, kw_only=True):
    """What came of the URL, for wsprobe and each client of the views."""

    headline: str
    """In one line, for people: "refused 403 for Chromium; open for wsprobe"."""
    usable: bool
    """True if a page can use the WebSocket in each browser of the views: it opens, and only a normal Close ends
    it."""
    usable_in: tuple[str, ...]
    """The browsers in which it can."""
    unknown: str | UnsetType = UNSET
    """What the views cannot show, such as the answer to a request with an Origin; absent if nothing."""


class TellableJson(Object, frozen=True, kw_only=True):
    """The recordings that a script can tell apart in one browser."""

    groups: list[list[str]]
    """Groups of URLs that look the same to a script."""
    by: tuple[str, ...]
    """What differs between the groups: exception, open, open.protocol, message, error, close, close.code,
    ..."""


class SeenJson(Object, frozen=True, kw_only=True, rename={"ready_state": "readyState"}):
    """What a script saw in an installed browser, compared with the predicted view of its browser."""

    browser: str
    """The browser with the predicted view."""
    version: str
    """The version printed by the browser's command; empty if it prints none."""
    user_agent: str
    """User-Agent of the browser."""
    page: str
    """URL of the page that opened the socket."""
    origin: str
    """Origin of that page."""
    exception: ExceptionJson | None
    """What the constructor threw; null if nothing."""
    url: str
    """WebSocket.url; empty if the constructor threw."""
    events: tuple[dict[str, str | int | bool], ...]
    """What the script saw, in order, as in a file of compare --measured: type, rs (readyState during the event)
    and the DOM's names."""
    ready_state: int | None
    """WebSocket.readyState at the end, or when the page stopped watching; null after an exception."""
    console: tuple[str, ...] | None
    """Texts on the console; null if the browser does not report them."""
    same: bool
    """True if it matches the prediction."""
    differences: tuple[str, ...]
    """The differences from the prediction, one per line."""
    file: str | None
    """The file with the difference, for a bug report; null without one."""


class Http2FrameJson(Object, frozen=True, kw_only=True):
    """One frame of HTTP/2."""

    type: str
    """The name of the type, or a number such as 0x42 if it has no name."""
    stream: Annotated[int, Meta(ge=0)]
    """The stream; 0 is the connection."""
    flags: tuple[str, ...]
    """The names of the flags set."""
    length: Annotated[int, Meta(ge=0)] | None
    """Announced length of its payload in bytes; null for HEADERS of a log, which has them decoded (see
    rebuilt)."""
    by: Who
    """The sender."""
    at: float
    """When it was sent, or its last byte received."""


class StreamEndJson(Object, frozen=True, kw_only=True):
    """What ended the stream of the request."""

    by: Who
    """The side that ended it."""
    how: Literal["end-stream", "rst-stream", "goaway", "connection"]
    """END_STREAM, RST_STREAM, a GOAWAY that excludes the stream, or the end of the connection."""
    code: int | None
    """The error code of RST_STREAM or GOAWAY."""
    name: str | None
    """The name of the code, or a number such as 0xff if it has no name."""
    debug: str | None
    """The debug data of a GOAWAY, as text."""


FRAMES_MOST = 10_000
"""The most HTTP/2 frames listed; ``exchange`` has the bytes of all."""


class HeldJson(Object, frozen=True, kw_only=True):
    """How a held session ended; only with --hold, and if a session opened."""

    way: Annotated[str, _one_of("held", "closed", "cut", "limit", "interrupted")]
    """held: to the end, then closed by wsprobe; closed: the server sent a Close first; cut: the server or a
    proxy ended the connection without a Close; limit: wsprobe reached its own limit of bytes; interrupted:
    ^C."""
    seconds: float
    """Time from the head that opened it to its end."""
    idle: float
    """Seconds without a frame in either direction before the end."""
    code: int | None
    """The code in the server's Close, if the server closed first."""


class PhaseJson(Object, frozen=True, kw_only=True):
    """The duration of a phase in the latest probes of this URL (at most 1,000), in milliseconds."""

    median: float
    """The median."""
    p95: float
    """The 95th percentile."""


class WatchJson(Object, frozen=True, kw_only=True):
    """Only from watch: this probe among those of the same URL."""

    probe: int
    """Its number, from 1."""
    started: str
    """Start time: ISO 8601, UTC."""
    up: bool
    """True if the outcome is open, or with --expect if the expectation was met."""
    availability: float
    """The share of probes that were up, from 0 to 1."""
    changed: bool
    """True for the first probe, and if this one differs from the one before."""
    changes: list[str]
    """The changes since the one before, in words; [] without a change, and for the first."""
    since: str
    """The start of the first probe in the present run of equal results: ISO 8601, UTC."""
    met: bool
    """True if the condition of --until was met."""
    held: HeldJson | None
    """How a held session ended."""
    phases: dict[str, PhaseJson]
    """By phase: resolve, connect, proxy, tls and answer, if any probe reached the phase, and total."""


class CloseFrameJson(Object, frozen=True, kw_only=True):
    """A Close frame."""

    code: int
    """The code; 1005 for a frame without one."""
    reason: str
    """The reason; invalid UTF-8 is replaced."""


class ToldToClientJson(Object, frozen=True, kw_only=True):
    """What wsprobe relay sent to the client instead of the server's bytes."""

    status: int
    """The status: 101 with --tell-page, 502 or 504 without."""
    close: CloseFrameJson | None
    """The Close that follows a 101; null for another status."""


class DifferenceJson(Object, frozen=True, kw_only=True):
    """A field of the request that differs from the request of wsprobe connect."""

    name: str
    """The name of the field."""
    client: str | None
    """Its value, as sent to the server; null if the field is absent."""
    wsprobe: str | None
    """The value that wsprobe sends; null if it sends none."""


class ClientJson(Object, frozen=True, kw_only=True):
    """The client of wsprobe relay."""

    peer: str
    """Its address and port."""
    request: RequestJson
    """Its request as received; request is the one forwarded."""
    differs: list[DifferenceJson]
    """How its request differs from that of wsprobe connect."""
    told: ToldToClientJson | None
    """What it received instead of the server's bytes; null if those were forwarded."""
    close: CloseFrameJson | None
    """Its first Close; null if it sent none."""
    ended: How
    """How its connection ended, in the words of ended in THE RECORDING."""


class CallJson(Object, frozen=True, kw_only=True):
    """One call of a script."""

    url: str
    """The script's file; empty for a script without a URL."""
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1."""
    function: str
    """The function's name; empty at the top level, and for a function without a name."""


class ScriptJson(CallJson, frozen=True, kw_only=True):
    """The call of a script that opened the socket."""

    kind: str
    """Whose script it is: page, iframe, worker, shared_worker or service_worker."""
    stack: list[CallJson]
    """The calls that led to it, the innermost first; the first is this one."""


class ReportJson(Object, frozen=True, kw_only=True):
    """One line of wsprobe connect --json or wsprobe compare --json.

    Header text is latin-1 decoded, one character a byte; raw members are base64; times are milliseconds from
    the start.
    """

    format: Literal[1]
    """Version of this format."""
    wsprobe: str
    """Version of the program."""
    url: str
    """The requested URL."""
    name: str | None
    """The name on the command line, if it is not a URL, such as lab:status-403; otherwise null."""
    source: Literal["netlog", "firefox-log", "har", "devtools", "asked-again"] | UnsetType = UNSET
    """Only in a report on a browser's own socket: from Chromium's NetLog, Firefox's HTTP log, a HAR file, or
    DevTools alone; request is then the browser's. asked-again: wsprobe sent the page's request again."""
    page: str | UnsetType = UNSET
    """Only with source: the origin of the page that opened the WebSocket, if the file has it."""
    net_error: str | UnsetType = UNSET
    """Only with source: the browser's own error, such as ERR_CONNECTION_REFUSED, if there was one."""
    console: list[str] | UnsetType = UNSET
    """Only with source: the browser's message about the failed handshake, as in its console, if the file has
    it."""
    rebuilt: str | UnsetType = UNSET
    """Only if the bytes of the heads were not recorded: the source of the report, such as a HAR file. Over
    HTTP/1.1 the raw members of heads are then a reconstruction, over HTTP/2 null. From a HAR file, how the
    connection ended is not known."""
    worker: str | UnsetType = UNSET
    """The worker of a cluster (--cluster) that sent the request; absent if this machine did."""
    outcome: Annotated[str, _one_of(*STATUS_OF)]
    """The outcome in one word (see wsprobe(1))."""
    exit_status: Annotated[int, Meta(ge=0, le=255)]
    """Exit status of connect for this URL alone."""
    request: RequestJson | None
    """What was sent; null if nothing was."""
    response: ResponseJson | None
    """The final answer, with the interim (1xx) answers before it; null if no byte of an answer arrived."""
    hops: list[HopJson]
    """Earlier exchanges that led here (redirects, credentials, another version), oldest first."""
    tls: TlsJson | None
    """The TLS connection, or why it failed; null for ws:, and if the exchange ended before TLS began."""
    timing: Timing
    """The end of each phase; null if it did not happen."""
    causes: list[CauseJson]
    """The possible causes, the likeliest first; empty if nothing is wrong, or the cause is unknown. In compare
    they explain the recording; views[].answered.causes explain the browser's own answer."""
    findings: list[FindingJson]
    """All findings by RFC 6455."""
    session: SessionJson | None
    """Everything after a 101, over HTTP/2 after a 200; null if no session opened."""
    close: SessionClose | None
    """The closing handshake; null if there was no Close frame."""
    http: Literal["2"] | UnsetType = UNSET
    """2 over HTTP/2; absent over HTTP/1.1, like the members from here to trailers."""
    settings: dict[str, int] | UnsetType = UNSET
    """The server's settings by name, the last value of each."""
    frames: Annotated[
        list[Http2FrameJson] | UnsetType,
        Meta(description=f"The frames of both sides in order, at most {FRAMES_MOST} of them."),
    ] = UNSET
    frames_left_out: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Number of further frames; exchange has their bytes."""
    stream_end: StreamEndJson | UnsetType | None = UNSET
    """What ended the request's stream; null if nothing did."""
    trailers: list[Pair] | UnsetType | None = UNSET
    """The fields after the answer, as [name, value]."""
    client: ClientJson | UnsetType = UNSET
    """The client's side; only with wsprobe relay."""
    exchange: Exchange | UnsetType = UNSET
    """The recording, from which wsprobe can make the whole report again (see THE RECORDING); absent with
    --brief."""
    result: ResultJson | UnsetType = UNSET
    """What came of the URL for every client, where outcome is only wsprobe's own; with views."""
    views: list[ViewJson] | UnsetType = UNSET
    """What a script sees, one object per browser; only with compare --browser-mode."""
    verdicts: list[VerdictJson] | UnsetType = UNSET
    """What each specification revision requires of a client; only with compare --spec."""
    tellable: dict[str, TellableJson] | UnsetType = UNSET
    """By browser: the recordings that a script can tell apart; only with compare --browser-mode and several
    recordings. Every object has the same value; with more than 100 recordings only the first object has it,
    with more than 1,000 (or 8 MiB of them) none."""
    fetch: dict[str, FetchJson] | UnsetType = UNSET
    """By browser: what the page sees with fetch() of the same URL; only with --fetch."""
    seen: list[SeenJson] | UnsetType = UNSET
    """What a script saw in the installed browsers; only with compare --run-browser."""
    watch: WatchJson | UnsetType = UNSET
    """This probe among those of the same URL; only with wsprobe watch, and absent if ^C cut the probe short."""


class PageReportJson(ReportJson, frozen=True, kw_only=True):
    """One line of wsprobe page --json: one WebSocket of the page."""

    script: ScriptJson | None
    """Where a script opened it; null if that is not known."""
    seen: list[EventJson] | None  # type: ignore[assignment]  # with --run-browser it is of another browser
    """The events that the script received; null if no listeners measured them."""
    console: list[str]
    """The browser's lines about it in the console."""


class ChangeJson(Object, frozen=True, kw_only=True):
    """One request of a trace, and its result."""

    change: str
    """The name of the change, as in wsprobe-trace(1); base for the unchanged handshake."""
    report: ReportJson
    """The report, as in connect --json."""


class ConclusionJson(Object, frozen=True, kw_only=True):
    """A conclusion from all answers together."""

    id: str
    """The stable id of the conclusion; wsprobe-conclusions(7) lists the ids."""
    text: str
    """The same in sentences, for a person."""
    likely: float
    """Its rank, from 0 to 1, set in the rule: an order, not a measured probability. The text has a word:
    certain from 0.97 if open is false, likely from 0.8, possible below; see wsprobe-conclusions(7)."""
    open: bool
    """True if the text lists several causes, and these answers cannot tell which."""
    because: tuple[str, ...]
    """The names of the changes whose answers, compared, show it."""
    fix: str
    """Lines of configuration, or what to do, one per line; may be the empty string."""


class WeaknessJson(Object, frozen=True, kw_only=True):
    """A weakness that an audit found."""

    id: str
    """Its stable id; wsprobe-conclusions(7) lists the ids."""
    level: Literal["error", "warning", "note"]
    """Its level: error, warning or note, as in SARIF."""
    cwe: int | None
    """Its number in the Common Weakness Enumeration; null if none fits."""
    title: str
    """Its general description."""
    text: str
    """What it means here, in one sentence or more."""
    sent: str
    """What was sent."""
    came: str
    """The server's answer."""
    why: str
    """Why it matters."""
    cannot_know: str
    """What the answers cannot show; the empty string if there is nothing to add."""
    because: tuple[str, ...]
    """The names of the requests whose answers show it."""
    fix: str
    """Lines of configuration, or what to do, one per line."""


class NotTestedJson(Object, frozen=True, kw_only=True):
    """A weakness that the answers neither show nor rule out."""

    id: str
    """Which one."""
    why: str
    """The reason."""


class TraceJson(Object, frozen=True, kw_only=True):
    """The one object that wsprobe trace --json prints. compare reads the recordings in it."""

    url: str
    """The requested URL."""
    changes: list[ChangeJson]
    """The requests, in the order sent, without the recording of the large message of --audit-heavy."""
    causes: list[CauseJson]
    """The causes for the unchanged handshake, as in its report."""
    conclusions: list[ConclusionJson]
    """The likeliest first; none with --audit."""
    weaknesses: list[WeaknessJson] | UnsetType = UNSET
    """The weaknesses found, the most severe first; only with --audit."""
    not_tested: list[NotTestedJson] | UnsetType = UNSET
    """The weaknesses that could not be tested; only with --audit. A weakness in neither list was tested and not
    found."""


class StandingJson(Object, frozen=True, kw_only=True):
    """The result for a URL in one of two runs."""

    outcome: Annotated[str, _one_of(*STATUS_OF)]
    """As in a report."""
    status: int | None
    """The status code of the final answer; null without one."""
    subprotocol: str
    """The value of Sec-WebSocket-Protocol; the empty string without one."""
    extensions: str
    """The value of Sec-WebSocket-Extensions; the empty string without one."""
    close: str
    """The code of the server's Close, if it closed first; none for a Close without a code, the empty string if
    it did not close first."""
    findings: tuple[str, ...]
    """The ids of the findings (notes excluded), sorted."""
    cause: str | None
    """The id of the likeliest cause; null if nothing is wrong or the cause is unknown."""


class UrlChangeJson(Object, frozen=True, kw_only=True):
    """A URL with different results in two runs."""

    url: str
    """The URL or lab:NAME as given; with " from " and the name of the worker, if a cluster was used."""
    change: Annotated[str, _one_of(*Kind)]
    """The kind of change; no-longer-open and new-not-open are worse than before. missing: only the old run has
    the URL."""
    old: StandingJson | None
    """The result in the old run; null if it does not have the URL."""
    new: StandingJson | None
    """The result in the new run; null if it does not have the URL."""
    differences: tuple[str, ...]
    """Differences other than outcome and status, a few words each; empty if only one of the runs opened or has
    the URL."""


class ComparisonJson(Object, frozen=True, kw_only=True):
    """The one object that wsprobe compare --json OLD NEW prints for two files with several recordings, and
    wsprobe connect --json --since FILE."""

    format: Literal[1]
    """Version of this format."""
    wsprobe: str
    """Version of the program."""
    worse: bool
    """True if a URL opened in the old run and not in the new one, or a new URL does not open."""
    old_urls: int
    """Number of URLs in the old run."""
    new_urls: int
    """Number of URLs in the new run."""
    same: int
    """Number of unchanged URLs."""
    counts: dict[str, int]
    """Kind of change -> number of URLs; only kinds that occur."""
    changes: list[UrlChangeJson]
    """The changes, in the order of the kinds above; within one kind in the order of the run."""


Whole = ReportJson | TraceJson | ComparisonJson
"""What a line of --json has."""
