"""A report as JSON: the contract that other programs rely on, as types (wsprobe-json(5)).

The first half is the contract: each member, its type and, below it, its meaning. The schema (``schema.py``) and
the manual page are made from it. The second half makes these values from a `wsprobe.report.Report`. To add
a member, add a field with a docstring, and the line that fills it; ``UNSET`` makes it absent.

Header text is latin-1 decoded, so that one character is one byte; ``bytes`` become base64. Times are
milliseconds from the start. A member is null or absent where the event did not happen.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, fields, replace

from wsprobe.archive import ascii_json
from wsprobe.browsers.engine import DomEvent, DomException, ScriptView
from wsprobe.browsers.fetch import Fetched
from wsprobe.browsers.tell import Tellable
from wsprobe.certificate import days_left, described, objectionable
from wsprobe.diagnosis.cause import Cause, Certainty
from wsprobe.engine_answer import EngineAnswer
from wsprobe.exchange import Certificate, Exchange, How, Received, Sent, TlsDone, TlsFailed
from wsprobe.judge.finding import Disclosed, Finding, Level, Verdict
from wsprobe.outcome import STATUS_OF
from wsprobe.read import read, received_of, responses_of
from wsprobe.read.closing import SessionClose, close_of
from wsprobe.read.head import split_head
from wsprobe.read.http2_values import HeaderBlock, Http2Connection, setting_name
from wsprobe.read.reading import Body, Field, Head, Reading, Response, Session, final_answer
from wsprobe.read.request import request_fields
from wsprobe.relay.client import close_of_client, request_differences, told_to_client
from wsprobe.report import Report
from wsprobe.timing import Timing, timing
from wsprobe.two_runs import Comparison, Kind, Standing, UrlChange
from wsprobe.version import __version__
from wsprobe.watch.state import Watch, differences, percentiles

if TYPE_CHECKING:
    from wsprobe.relay.tell import PageClose
    from wsprobe.trace.conclusion import Conclusion
    from wsprobe.trace.weakness import Found

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


# The contract -------------------------------------------------------------------------------------------


class RequestJson(Object, frozen=True, kw_only=True):
    """The request as sent."""

    line: str | None
    """The request line; null over HTTP/2, which has none."""
    headers: list[Pair]
    """Every field line, as [name, value]."""
    raw: bytes | UnsetType = UNSET
    """The head, and anything sent after it; absent with --brief."""
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
    """The Content-Encoding from which text was decoded."""
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
    raw: bytes | UnsetType = UNSET
    """The head as received; absent without a final answer, and with --brief."""
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
    """Version, such as TLSv1.3; null if TLS was not set up."""
    cipher: str | None
    """OpenSSL's name of the cipher."""
    alpn: str | None
    """The negotiated protocol; null without one."""
    certificate: Certificate | None
    """The server's certificate; null if it sent none."""
    verified: bool
    """True only if the certificate was checked and is valid."""
    error: str | None
    """Why TLS was not set up, or the fault in the certificate that --insecure accepted."""
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
    """One fault, doubt or note."""

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
    """What happened, in words."""
    fix: str
    """What to do about it; the empty string if not known."""
    certainty: Certainty
    """The evidence. own-request: the request explains it; stated: the answer's text states it; only: a mark of
    one program alone; shared: a form that several programs share; status: only the status, or how the exchange
    ended."""
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
    """Its message, in the engine's own words."""
    code: int | str | UnsetType = UNSET
    """Its legacy code, or the runtime's code of the error; absent without one."""


class Happening(Object, frozen=True, kw_only=True, tag_field="type"):
    """What a script sees: an event under its DOM name, or an exception from a later call."""


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
    """ErrorEvent.message, in a runtime (undici, ws, deno, bun); absent in a browser, where it is a plain
    Event."""
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
    """The answer to an engine's own request, with the members that the top level has for wsprobe's request."""

    outcome: Annotated[str, _one_of(*STATUS_OF)]
    """The outcome, as at the top level."""
    response: ResponseJson | None
    """The final answer, as response at the top level."""
    causes: list[CauseJson]
    """Why this engine received it, as causes at the top level."""
    findings: list[FindingJson]
    """Findings by RFC 6455, as at the top level."""


class ViewJson(Object, frozen=True, kw_only=True, rename={"ready_state": "readyState"}):
    """What a script sees in one engine."""

    answered: AnsweredJson | UnsetType = UNSET
    """The answer to this engine's own request; absent if it read the answer to wsprobe's request, or sent no
    request."""
    exchange: Exchange | UnsetType = UNSET
    """The recording of this engine's own request; absent if it read the answer to wsprobe's request."""
    browser: str
    """Name of the engine: chromium, firefox, webkitgtk, whatwg, w3c-cr-2012, undici, ws, deno or bun."""
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
    """The result for the script; follows: the engine would follow a redirect or retry that is not recorded;
    unloaded: the page itself does not load."""
    because: str
    """The deciding step, and its place in the standard or the engine's source."""
    races: str | None
    """The results, if the engine gave more than one when measured; otherwise null."""
    cookies: tuple[str, ...]
    """Set-Cookie values that the engine stores."""
    handshakes: tuple[Literal["2", "1.1"], ...]
    """The protocols of its handshakes, in order: 2 for HTTP/2, 1.1 for HTTP/1.1."""
    otherwise: str | None
    """When this engine would use the other protocol by itself; null if never."""
    beyond: tuple[str, ...] | UnsetType = UNSET
    """What a script can read through a runtime's own interface, which browsers lack; absent if nothing."""
    assumes: str | UnsetType = UNSET
    """If the recording ends before the engine does: what the server is assumed to do from then on, and until
    when it could change events and readyState; otherwise absent."""
    local_network: tuple[str, ...] | UnsetType = UNSET
    """The effect of Local Network Access, then what to do about it; absent if it does not apply: the page does
    not come from a public address, or the target has one."""


class FetchJson(Object, frozen=True, kw_only=True):
    """What fetch() of the same URL sees in one engine."""

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


class TellableJson(Object, frozen=True, kw_only=True):
    """The recordings that a script can tell apart in one engine."""

    groups: list[list[str]]
    """Groups of URLs that look the same to a script."""
    by: tuple[str, ...]
    """What differs between the groups: exception, open, open.protocol, message, error, close, close.code,
    ..."""


class SeenJson(Object, frozen=True, kw_only=True, rename={"ready_state": "readyState"}):
    """What a script saw in an installed browser, compared with the predicted view of its engine."""

    browser: str
    """The engine with the predicted view."""
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
    length: Annotated[int, Meta(ge=0)]
    """Announced length of its payload in bytes."""
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
    rebuilt: str | UnsetType = UNSET
    """Only if no bytes were recorded: the source of the report, such as a HAR file. The raw members are then
    a reconstruction, and how the connection ended is not known."""
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
    they explain the recording; views[].answered.causes explain the engine's own answer."""
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
    views: list[ViewJson] | UnsetType = UNSET
    """What a script sees, one object per engine; only with compare --browser-mode."""
    verdicts: list[VerdictJson] | UnsetType = UNSET
    """What each specification revision requires of a client; only with compare --spec."""
    tellable: dict[str, TellableJson] | UnsetType = UNSET
    """By engine: the recordings that a script can tell apart; only with compare --browser-mode and several
    recordings. Every object has the same value; with more than 100 recordings only the first object has it,
    with more than 1,000 none."""
    fetch: dict[str, FetchJson] | UnsetType = UNSET
    """By engine: what the page sees with fetch() of the same URL; only with --fetch."""
    seen: list[SeenJson] | UnsetType = UNSET
    """What a script saw in the installed browsers; only with compare --run-browser."""
    watch: WatchJson | UnsetType = UNSET
    """This probe among those of the same URL; only with wsprobe watch, and absent if ^C cut the probe short."""


class ChangeJson(Object, frozen=True, kw_only=True):
    """One request of a trace, and its result."""

    change: str
    """The name of the change, as in wsprobe-trace(1); base for the unchanged handshake."""
    report: ReportJson
    """The report, as in connect --json."""


class ConclusionJson(Object, frozen=True, kw_only=True):
    """A conclusion from all answers together."""

    id: str
    """The stable id of the conclusion; wsprobe-trace(1) lists the ids."""
    text: str
    """The same in sentences, for a person."""
    likely: float
    """Its likelihood, from 0 to 1."""
    open: bool
    """True if the text lists several causes, and these answers cannot tell which."""
    because: tuple[str, ...]
    """The names of the changes whose answers, compared, show it."""
    fix: str
    """Lines of configuration, or what to do, one per line; may be the empty string."""


class WeaknessJson(Object, frozen=True, kw_only=True):
    """A weakness that an audit found."""

    id: str
    """Its stable id; wsprobe-trace(1) lists the ids."""
    level: Literal["error", "warning", "note"]
    """Its severity: error, warning or note, as in SARIF."""
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


# A report made into it ----------------------------------------------------------------------------------

Whole = ReportJson | TraceJson | ComparisonJson
"""What a line of --json has."""
FEW = 50
"""Number of list values encoded at once."""
CHUNK = 1 << 16
"""Number of characters yielded at once."""


def json_line(value: Whole, is_brief: bool = False) -> Iterator[str]:
    """Yield the line of --json for *value*, in parts, with its line end. *is_brief*: as with --brief."""
    yield from pieces(brief(value) if is_brief else value)
    yield "\n"


def pieces(value: Whole) -> Iterator[str]:
    """Yield the compact text of *value* in parts, pure ASCII, without a line end.

    A short report is encoded at once. The text of a flood is never in memory as a whole: it is encoded member
    by member, and reader by reader.
    """
    at_once = isinstance(value, ReportJson) and value.verdicts is UNSET and _short_report(value)
    return _at_once(value) if at_once else _by_member(value)


def _by_member(value: Object) -> Iterator[str]:
    begin = "{"
    for name, written in _members(type(value)):
        member = getattr(value, name)
        if member is not UNSET:
            yield f'{begin}"{written}":'
            yield from _member(member)
            begin = ","
    yield "}"


@cache
def _members(of: type[Object]) -> tuple[tuple[str, str], ...]:
    """(name, name in JSON) of each member. Cached: msgspec takes 1 ms per type, longer than a whole report."""
    return tuple((field.name, field.encode_name) for field in fields(of))


def _member(value: object) -> Iterator[str]:
    if isinstance(value, SessionJson) or (isinstance(value, ViewJson) and not _short(value)):
        yield from _by_member(value)
    elif isinstance(value, list) and len(value) > FEW:
        for at in range(0, len(value), FEW):
            yield "," if at else "["
            yield from _chunks(ascii_json(value[at : at + FEW])[1:-1])
        yield "]"
    elif isinstance(value, list) and value and isinstance(value[0], ViewJson | ChangeJson):
        for number, item in enumerate(value):
            yield "," if number else "["
            yield from _member(item)
        yield "]"
    else:
        yield from _at_once(value)


def _short_report(value: ReportJson) -> bool:
    """True if the text of *value*, which has no verdicts, is short (the usual case): encoding it at once takes
    half the time."""
    size = 0
    if isinstance(value.exchange, Exchange):
        if value.exchange.hops:
            return False
        size += sum([len(e.data) for e in value.exchange.events if type(e) is Sent or type(e) is Received])
    if value.session is not None:
        if len(value.session.frames) > FEW:
            return False
        size += sum([len(each.payload) for each in value.session.frames])
    if value.response is not None and isinstance(value.response.body, BodyJson):
        size += len(value.response.body.text)
    return size < CHUNK and (isinstance(value.views, UnsetType) or all(map(_short, value.views)))


def _short(view: ViewJson) -> bool:
    """True if the text of *view* is short (the usual case): encoding it at once takes a third of the time."""
    if view.answered is not UNSET or len(view.events) > FEW:
        return False
    return sum([len(each.data) for each in view.events if type(each) is MessageJson]) < CHUNK


def _at_once(value: object) -> Iterator[str]:
    return _chunks(ascii_json(value))


def _chunks(text: bytes) -> Iterator[str]:
    if len(text) <= CHUNK:
        yield text.decode("ascii")
        return
    view = memoryview(text)
    for at in range(0, len(view), CHUNK):
        yield str(view[at : at + CHUNK], "ascii")


def report_value(report: Report, tellable: dict[str, TellableJson] | None = None) -> ReportJson:
    """The whole object that ``connect --json`` prints, and ``compare --json`` with the views added."""
    reading = report.reading
    exchange = reading.exchange
    answers = report.answers or (None,) * len(report.views)
    over_http2: dict[str, Any] = {} if reading.http2 is None else http2_members(reading.http2)
    return ReportJson(
        format=1,
        wsprobe=__version__,
        url=exchange.plan.target.url,
        name=report.name or None,
        rebuilt=exchange.rebuilt,
        worker=exchange.worker,
        outcome=report.outcome,
        exit_status=int(report.exit_status),
        request=request_value(reading),
        response=response_value(reading.responses, reading.http2),
        hops=[_hop_value(hop) for hop in exchange.hops],
        tls=tls_value(exchange),
        timing=timing(reading),
        causes=cause_values(report.causes),
        findings=[finding_value(f, reading.received) for f in report.verdict.findings],
        session=None if reading.session is None else session_value(reading.session),
        close=close_of(reading),
        **over_http2,
        client=client_value(reading),
        exchange=exchange,
        views=[view_value(view, answer) for view, answer in zip(report.views, answers, strict=True)] or UNSET,
        verdicts=[verdict_value(verdict, reading) for verdict in report.verdicts] or UNSET,
        tellable=UNSET if tellable is None else tellable,
        fetch=UNSET if report.fetched is None else fetch_value(report.fetched),
    )


def fetch_value(fetched: Fetched) -> dict[str, FetchJson]:
    """By engine: what fetch() sees."""
    final = read(fetched.exchange).final
    return {
        view.browser: FetchJson(
            url=fetched.url,
            exception=exception_value(view.exception),
            status=view.status,
            body=None if view.status is None else view.body.decode("utf-8", "replace"),
            answered=None if final is None else final.status,
            because=view.because,
            add=view.add or UNSET,
        )
        for view in fetched.views
    }


def client_value(reading: Reading) -> ClientJson | UnsetType:
    """The client's side of a relay's recording; UNSET for any other."""
    exchange = reading.exchange
    client = exchange.client
    if client is UNSET:
        return UNSET
    head, _ = split_head(client.request)
    told, close = told_to_client(exchange), close_of_client(reading)
    return ClientJson(
        peer=client.peer,
        request=RequestJson(line=_first_line(head), headers=_pairs(head.fields), raw=client.request),
        differs=[
            DifferenceJson(
                name=each.name,
                client=None if each.client is None else _text(each.client),
                wsprobe=None if each.wsprobe is None else _text(each.wsprobe),
            )
            for each in request_differences(exchange)
        ],
        told=None if told is None else ToldToClientJson(status=told[0], close=_close_frame(told[1])),
        close=_close_frame(close),
        ended=client.ended,
    )


def _close_frame(close: PageClose | None) -> CloseFrameJson | None:
    return None if close is None else CloseFrameJson(code=close.code, reason=close.reason)


def watch_value(watch: Watch) -> WatchJson:
    """The last probe of *watch* among all its probes; there is at least one."""
    last, since, before = watch.last, watch.since, watch.before
    assert last is not None
    assert since is not None
    assert watch.availability is not None
    held = last.held
    return WatchJson(
        probe=watch.probes,
        started=last.started,
        up=last.up,
        availability=round(watch.availability, 6),
        changed=watch.changed,
        changes=list(differences(before.state, last.state)) if watch.changed and before is not None else [],
        since=since.started,
        met=last.met,
        held=None
        if held is None
        else HeldJson(way=held.way, seconds=round(held.seconds, 6), idle=round(held.idle, 6), code=held.code),
        phases={
            name: PhaseJson(median=round(at[0], 3), p95=round(at[1], 3))
            for name, at in percentiles(watch).items()
        },
    )


def trace_value(reports: Sequence[tuple[str, Report]], found: Sequence[Conclusion]) -> TraceJson:
    """The whole object that ``trace --json`` prints. *reports*: one or more, by change."""
    return TraceJson(
        url=reports[0][1].exchange.plan.target.url,
        changes=[ChangeJson(change=name, report=report_value(report)) for name, report in reports],
        causes=cause_values(reports[0][1].causes),
        conclusions=[
            ConclusionJson(
                id=each.id,
                text=each.text,
                likely=each.likely,
                open=each.open,
                because=each.because,
                fix=each.fix,
            )
            for each in found
        ],
    )


def comparison_value(of: Comparison) -> ComparisonJson:
    """The whole object of ``--json`` for two runs."""
    return ComparisonJson(
        format=1,
        wsprobe=__version__,
        worse=of.worse,
        old_urls=of.old,
        new_urls=of.new,
        same=len(of.unchanged),
        counts={kind.value: count for kind, count in of.counts.items()},
        changes=[_url_change_value(each) for each in of.changes],
    )


def _url_change_value(change: UrlChange) -> UrlChangeJson:
    return UrlChangeJson(
        url=change.url,
        change=change.kind.value,
        old=_standing_value(change.old),
        new=_standing_value(change.new),
        differences=change.details,
    )


def _standing_value(standing: Standing | None) -> StandingJson | None:
    if standing is None:
        return None
    state = standing.state
    return StandingJson(
        outcome=state.outcome,
        status=int(state.status) if state.status else None,
        subprotocol=state.protocol,
        extensions=state.extensions,
        close=state.close,
        findings=state.findings,
        cause=standing.cause or None,
    )


def audit_value(
    reports: Sequence[tuple[str, Report]], found: Sequence[Found], untested: Sequence[tuple[str, str]]
) -> TraceJson:
    """The whole object that ``trace --audit --json`` prints. *reports*: one or more, by request."""
    whole = trace_value(reports, ())
    return replace(
        whole,
        changes=[_without_flood(each) for each in whole.changes],
        weaknesses=[
            WeaknessJson(
                id=each.weakness.id,
                level=each.weakness.level,
                cwe=each.weakness.cwe,
                title=each.weakness.title,
                text=each.conclusion.text,
                sent=each.conclusion.sent,
                came=each.conclusion.came,
                why=each.weakness.why,
                cannot_know=each.weakness.rule.cannot_know,
                because=each.conclusion.because,
                fix=each.fix,
            )
            for each in found
        ],
        not_tested=[NotTestedJson(id=id, why=why) for id, why in untested],
    )


def _without_flood(of: ChangeJson) -> ChangeJson:
    """*of* without the recording of a very large message."""
    return replace(of, report=brief(of.report)) if of.change == "large" else of


DOUBLED = frozenset({"exchange", "raw"})
"""The recording, and bytes that are also present as text."""


def brief(value: Any) -> Any:
    """*value* without the members in ``DOUBLED``, at any depth, and without the DER of certificates."""
    if isinstance(value, Certificate):
        return replace(value, der=b"")
    if isinstance(value, list | tuple):
        return type(value)(brief(each) for each in value)
    if not isinstance(value, Struct):
        return value
    members = {name: UNSET if name in DOUBLED else brief(member) for name, member in asdict(value).items()}
    return replace(value, **members)


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _pairs(fields: tuple[Field, ...]) -> list[Pair]:
    return [(f.name.decode("latin-1"), f.value.decode("latin-1")) for f in fields]


def _first_line(head: Head) -> str:
    return _text(head.first.text) if head.first is not None else ""


def request_value(reading: Reading) -> RequestJson | None:
    """None if nothing was sent."""
    if reading.http2 is not None:
        return _request_over_http2(reading, reading.http2)
    request = reading.request
    if request.head.first is None:
        return None
    return RequestJson(
        line=_first_line(request.head),
        headers=_pairs(request.head.fields),
        raw=request.head.raw + request.rest,
    )


def _hop_value(hop: Exchange) -> HopJson:
    reading = read(hop)
    return HopJson(url=hop.plan.target.url, response=response_value(reading.responses, reading.http2))


def response_value(responses: Sequence[Response], http2: Http2Connection | None) -> ResponseJson | None:
    """The final answer with the interim ones before it; None if no byte of an answer arrived."""
    if not responses:
        return None
    if http2 is not None:
        return _response_over_http2(responses, http2)
    interim = [one_response(r, UNSET) for r in responses if r.interim]
    final = final_answer(responses)
    if final is None:
        return ResponseJson(status_line=None, status=None, headers=[], informational=interim)
    return one_response(final, interim)


def one_response(response: Response, interim: list[ResponseJson] | UnsetType) -> ResponseJson:
    """One answer. *interim*: the interim answers before it, for a final one."""
    return ResponseJson(
        status_line=_first_line(response.head),
        version=response.version,
        status=response.status,
        reason=_text(response.reason),
        headers=_pairs(response.head.fields),
        raw=response.head.raw,
        complete=response.head.complete,
        body=None if response.body is None else body_value(response.body),
        informational=interim,
    )


def _block(block: HeaderBlock) -> list[Pair]:
    """The fields of a header block in its order, pseudo-headers included."""
    return [(_text(field.name), _text(field.value)) for field in block.fields]


def _request_over_http2(reading: Reading, of: Http2Connection) -> RequestJson:
    block = [(_text(name), _text(value)) for name, value in request_fields(reading)]
    return RequestJson(
        line=None,
        headers=[pair for pair in block if not pair[0].startswith(":")],
        raw=of.request.raw if of.request is not None else b"",
        fields=block,
        sent=of.request is not None,
    )


def _response_over_http2(responses: Sequence[Response], of: Http2Connection) -> ResponseJson:
    every = [
        replace(one_response(response, UNSET), status_line=None, fields=_block(block), raw=block.raw)
        for response, block in zip(responses, of.blocks, strict=False)
    ]
    if final_answer(responses) is None:
        return ResponseJson(status_line=None, status=None, headers=[], fields=[], informational=every)
    return replace(every[-1], informational=every[:-1])


def http2_members(of: Http2Connection) -> dict[str, Any]:
    """The members of a report that only a WebSocket over HTTP/2 has."""
    end = of.end
    return {
        "http": "2",
        "settings": {setting_name(key): value for key, value in of.settings},
        "frames": [
            Http2FrameJson(
                type=frame.name,
                stream=frame.stream,
                flags=tuple(frame.flag_names),
                length=frame.length,
                by=frame.by,
                at=frame.at / 1000,
            )
            for frame in of.frames[:FRAMES_MOST]
        ],
        "frames_left_out": max(0, len(of.frames) - FRAMES_MOST),
        "stream_end": None
        if end is None
        else StreamEndJson(
            by=end.by,
            how=end.how,
            code=end.code,
            name=end.name or None,
            debug=_text(end.debug) or None,
        ),
        "trailers": None if of.trailers is None else _block(of.trailers),
    }


def body_value(body: Body) -> BodyJson:
    content = body.decoded if body.decoded is not None else body.content
    return BodyJson(
        size=len(body.content),
        text=content.decode("utf-8", "replace"),
        raw=body.content,
        truncated=body.cut or not body.complete,
        framing=body.framing,
        expected=body.expected,
        coding=body.coding or None,
        problem="; ".join(filter(None, (body.problem, body.coding_problem))) or None,
    )


def certificate_value(shown: Certificate, started: str) -> CertificateJson:
    more = described(shown.der)
    return CertificateJson(
        subject=shown.subject,
        issuer=shown.issuer,
        names=shown.names,
        not_before=shown.not_before,
        not_after=shown.not_after,
        days_left=days_left(shown, started),
        key=more.key,
        signature=more.signature,
        sha256=more.sha256,
        public_key=more.public_key and f"sha256//{more.public_key}",
    )


def _objections(exchange: Exchange) -> dict[str, str]:
    from wsprobe.browsers.objections import objections  # the engines, only for a certificate

    return objections(exchange)


def tls_value(exchange: Exchange) -> TlsJson | None:
    """None for ws:."""
    if not exchange.plan.target.secure:
        return None
    for event in reversed(exchange.events):
        if type(event) is not TlsDone and type(event) is not TlsFailed:
            continue
        first = () if event.certificate is None else (event.certificate,)
        chain = [certificate_value(each, exchange.started) for each in (*first, *event.issuers)]
        more: dict[str, Any] = {
            "chain": chain,
            "days_left": chain[0].days_left if first else None,
            "browsers": _objections(exchange) if objectionable(event) else {},
        }
        match event:
            case TlsDone():
                return TlsJson(
                    version=event.version,
                    cipher=event.cipher,
                    alpn=event.alpn,
                    certificate=event.certificate,
                    verified=event.verified,
                    error=event.problem,
                    **more,
                )
            case TlsFailed():
                return TlsJson(
                    version=None,
                    cipher=None,
                    alpn=None,
                    certificate=event.certificate,
                    verified=False,
                    error=event.error,
                    kind=event.kind,
                    reason=event.reason or None,
                    alert=event.alert,
                    **more,
                )
    return None


def cause_values(found: Sequence[Cause]) -> list[CauseJson]:
    # Both have the same members in the same order, so the JSON is the same. Copies take 1 % of a list.
    return cast("list[CauseJson]", list(found))


def finding_value(finding: Finding, received: bytes) -> FindingJson:
    start, end = finding.span or (0, 0)
    return FindingJson(
        id=finding.id,
        level=finding.level,
        spec=finding.spec,
        text=finding.text,
        usual=finding.usual or None,
        expected=finding.expected,
        received=finding.received,
        span=UNSET if finding.span is None else finding.span,
        bytes=UNSET if finding.span is None else _text(received[start : min(end, start + 1000)]),
    )


def session_value(session: Session) -> SessionJson:
    both: tuple[tuple[Who, Iterable[Any]], ...] = (("server", session.frames), ("client", session.sent))
    return SessionJson(
        frames=[
            FrameJson(
                by=who,
                at=f.at / 1000,
                fin=f.fin,
                rsv=f.rsv,
                opcode=f.opcode,
                masked=f.masked,
                length=f.length,
                payload=f.data,
            )
            for who, frames in both
            for f in frames
        ],
        rest=session.rest,
    )


def answered_value(answer: EngineAnswer) -> AnsweredJson:
    """The answer to an engine's own request."""
    if answer.over_http2:
        reading = read(answer.exchange)
        received, response = reading.received, response_value(reading.responses, reading.http2)
    else:
        received = received_of(answer.exchange)
        response = response_value(responses_of(answer.exchange), None)
    return AnsweredJson(
        outcome=answer.outcome,
        response=response,
        causes=cause_values(answer.causes),
        findings=[finding_value(f, received) for f in answer.verdict.findings],
    )


def view_value(view: ScriptView, answer: EngineAnswer | None) -> ViewJson:
    """What a script sees. *answer* belongs to the engine's own request."""
    return ViewJson(
        answered=UNSET if answer is None else answered_value(answer),
        exchange=UNSET if answer is None else answer.exchange,
        browser=view.browser,
        version=view.version,
        page=view.page,
        url=view.url,
        exception=exception_value(view.exception),
        events=[event_value(event) for event in view.events],
        ready_state=view.ready_state,
        console=view.console,
        hidden=view.hidden,
        outcome=view.outcome,
        because=view.because,
        races=view.races or None,
        cookies=view.cookies,
        handshakes=view.handshakes,
        otherwise=view.otherwise or None,
        beyond=view.beyond or UNSET,
        local_network=view.local_network or UNSET,
        assumes=view.assumes.words if view.assumes is not None else UNSET,
    )


def exception_value(exception: DomException | None) -> ExceptionJson | None:
    if exception is None:
        return None
    code = UNSET if exception.code is None else exception.code
    return ExceptionJson(name=exception.name, message=exception.message, code=code)


def event_value(event: DomEvent) -> EventJson:
    match event.type:
        case "open":
            return OpenJson(protocol=event.protocol, extensions=event.extensions)
        case "message":
            size = UNSET if event.size is None else event.size
            if isinstance(event.data, bytes):
                return MessageJson(binary=True, data=b64encode(event.data).decode("ascii"), size=size)
            return MessageJson(data=event.data, size=size)
        case "left-out":
            assert event.size is not None
            return LeftOutJson(messages=event.size)
        case "close":
            return CloseEventJson(code=event.code, reason=event.reason, was_clean=event.was_clean)
        case "throw":
            return ThrowJson(exception=exception_value(event.exception))
        case "error" if event.message is not None:
            return ErrorJson(message=event.message, error=event.error)
        case _:
            return ErrorJson()


def tellable_value(groups: Sequence[Tellable], urls: Sequence[str]) -> dict[str, TellableJson]:
    """Engine -> groups of URLs that look the same to a script, and how the groups differ."""
    return {
        each.browser: TellableJson(groups=[[urls[i] for i in group] for group in each.groups], by=each.by)
        for each in groups
    }


def verdict_value(verdict: Verdict, reading: Reading) -> VerdictJson:
    return VerdictJson(
        spec=verdict.spec,
        answer=verdict.answer,
        findings=[finding_value(f, reading.received) for f in verdict.findings],
        told=None if verdict.told is None else told_value(verdict.told),
    )


def told_value(told: Disclosed) -> ToldJson:
    return ToldJson(
        events=told.events,
        code=told.code,
        may_know=told.may_know or None,
        situation=told.situation or None,
        spec=told.spec,
    )
