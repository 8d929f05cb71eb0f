"""The types that every engine shares: the page, what its script sees of a recording, and ``Engine`` itself.

A specification that acts like a browser is an engine too. Names are those of the DOM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.network import CommonNames
from wsprobe.exchange import Act, Http2, ScriptEvent, Target
from wsprobe.read.reading import Reading

ELSEWHERE = "http://localhost/"
"""URL of the page if a scenario has none: on another site than the server, as when browsers were measured."""


AddressSpace = Literal["public", "local", "loopback"]
"""The space that can reach an IP address: anywhere, this network, this machine (``local_network``)."""


class Page(Struct, frozen=True):
    """The page whose script opens the socket."""

    url: str = ELSEWHERE
    """"" for a page with the origin of the socket's URL, which ``page.opened_by`` fills in."""
    csp: str = ""
    """Content-Security-Policy of the page, "" if none."""
    protocols: tuple[str, ...] | str | None = None
    """The constructor's second argument; None: not given."""
    acts: tuple[Act, ...] = ()
    """What the script does after construction."""
    cookies: str = ""
    """Value of the Cookie field that the browser's jar would send, "" if none."""
    user_agent: str = ""
    """Replaces the engine's own User-Agent, "" if nothing does."""
    construct: Literal["new", "call", "no-arguments"] = "new"
    http: Literal["1.1", "2"] = "1.1"
    """The version of HTTP over which the page was loaded."""
    shares: bool = False
    """The page's own connection could serve the target too (``http2.sharing``)."""
    address: AddressSpace | Literal[""] = ""
    """The space of the page's address; "": the space of its URL (``local_network``)."""
    target_address: AddressSpace | Literal[""] = ""
    """The space to use for the target's address; "": its real space."""
    permissions: tuple[tuple[str, str], ...] = ()
    """(name, state) of each permission whose state is not ``prompt``: ``granted`` or ``denied``."""


class DomException(Struct, frozen=True):
    name: str
    message: str
    code: int | str | None = None
    """Legacy code: SyntaxError 12, InvalidAccessError 15, SecurityError 18, InvalidStateError 11; None if it
    has none; a word for an error of a runtime that has such codes."""


class DomEvent(Struct, frozen=True):
    """One event delivered to script, or (``throw``) an exception that a later call raised."""

    type: Literal["open", "message", "error", "close", "throw", "left-out"]
    """``left-out``: stands for later messages that were not kept; ``size`` is their number."""
    ready_state: int
    """readyState while the event was delivered."""
    protocol: str = ""
    extensions: str = ""
    data: str | bytes = ""
    """For a message: str for text, bytes for binary; only the beginning if the message has a ``size``."""
    code: int = 0
    reason: str = ""
    was_clean: bool = False
    exception: DomException | None = None
    message: str | None = None
    """Message of an ``error`` that is an ErrorEvent, as in a runtime; None for a plain Event, as in a
    browser."""
    error: str = ""
    """The ``error`` of an ErrorEvent: its name, message and, in brackets, code."""
    size: int | None = None
    """Full size of a message of which only the beginning is kept: UTF-16 code units (``data.length``) of a
    text, bytes of a binary message."""
    digest: bytes = b""
    """Digest of a message of which only the beginning is kept: different messages have different digests."""


def dom_event(of: ScriptEvent) -> DomEvent:
    """An event of a real page, in the form of a view's."""
    return DomEvent(
        of.type,
        of.ready_state,
        protocol=of.protocol,
        extensions=of.extensions,
        data=b"" if of.binary else of.data,
        code=of.code,
        reason=of.reason,
        was_clean=of.was_clean,
        size=of.size,
    )


class Assumed(Struct, frozen=True):
    """Events of an engine's own timer after the end of the recording, assuming that the server does nothing
    more."""

    words: str
    """The assumption about the server, and its duration."""
    events: int = 0
    """The number of last events that come after the end of the recording."""
    lines: int = 0
    """The number of last console lines that come after it."""


class ScriptView(Struct, frozen=True):
    """Everything that a script and the console get from one WebSocket."""

    browser: str
    version: str
    page: str
    url: str
    """The value of ``WebSocket.url``; "" if the constructor threw."""
    exception: DomException | None
    """Thrown by the constructor."""
    events: tuple[DomEvent, ...]
    ready_state: int
    """The final state. The engine's own timers keep running after the end of the recording."""
    console: tuple[str, ...]
    hidden: tuple[str, ...]
    """What the server sent and a script cannot see, e.g. ``status 403``, ``3 headers``, ``25-byte body``."""
    outcome: str
    """``open``, ``failed``, ``closed``, ``connecting``, ``threw``, ``follows``: a redirect or retry that is
    not recorded, or ``unloaded``: the page itself does not load, so there is no script."""
    because: str
    """The deciding step, and its source: standard or engine source file."""
    races: str = ""
    """The other results, if the engine was measured to give more than one; "" otherwise."""
    cookies: tuple[str, ...] = ()
    """Set-Cookie values that the engine stores."""
    handshakes: tuple[Literal["2", "1.1"], ...] = ()
    """The protocols of its handshakes, in order."""
    otherwise: str = ""
    """When this engine, left to itself, would use the other protocol; "" if it would not."""
    assumes: Assumed | None = None
    """Set if the server could still have changed the final state."""
    beyond: tuple[str, ...] = ()
    """What a script can read, or what happens, through an interface that browsers do not have; in words."""
    local_network: tuple[str, ...] = ()
    """The effect of Local Network Access: its meaning, then the remedy, one sentence each."""
    protocols: tuple[str, ...] = ()
    """The subprotocols that the constructor was given."""
    blocked: Literal["", "bad-port", "mixed-content", "csp"] = ""
    """Why the browser sends nothing: ``Construction.blocked``."""


def until_end(view: ScriptView) -> ScriptView:
    """*view* as it was at the end of the recording, while the engine still waited for the server."""
    later = view.assumes
    if later is None or not (later.events or later.lines):
        return view
    events = view.events[: len(view.events) - later.events]
    console = view.console[: len(view.console) - later.lines]
    return replace(view, events=events, console=console, ready_state=_CLOSING)


_CLOSING = 2


class Construction(Struct, frozen=True):
    """The immediate result of ``new WebSocket(url, protocols)``.

    Exactly one of three: *exception* was thrown; the connection is *blocked* before any byte is sent
    (``bad-port``, ``mixed-content``, ``csp``); or *target* is to be connected to.
    """

    url: str
    """The serialised URL, as in ``WebSocket.url``; "" with an exception."""
    exception: DomException | None = None
    blocked: Literal["", "bad-port", "mixed-content", "csp"] = ""
    target: Target | None = None
    protocols: tuple[str, ...] = ()


class Made(Struct, frozen=True):
    """A construction, and the reasons for its result."""

    construction: Construction
    console: tuple[str, ...] = ()
    because: str = ""
    """The deciding step, if no connection will be made."""
    connects_to: str = ""
    """The URL of the connection, and ``WebSocket.url`` once open, if the page upgrades insecure URLs; "" if it
    is the constructor's URL."""


ALPN = ("h2", "http/1.1")
"""The protocols that a connection offers if it can use either version of HTTP."""


class FollowUp(Struct, frozen=True):
    """A handshake that the engine makes by itself: the first one, or a further one for a redirect, for
    credentials, or over the other version of HTTP."""

    target: Target
    request: bytes
    http2: Http2 | None = None
    """The request over HTTP/2, if the server accepts it; None: HTTP/1.1."""

    @property
    def alpn(self) -> tuple[str, ...]:
        """The protocols that the connection offers in TLS (``TlsOptions.alpn``)."""
        return ALPN if self.http2 is not None else ALPN[1:]


def closes_by_standard(code: int) -> bool:
    """True for the codes that close() accepts (WHATWG WebSockets, close(), step 1)."""
    return code == 1000 or 3000 <= code <= 4999


class CallTexts(Struct, frozen=True):
    """The exceptions of one engine's close() and send(); ``{code}`` and ``{size}`` are filled in."""

    close_code: str = ""
    close_reason: str = ""
    send_connecting: str = ""
    undefined_is_zero: bool = False
    """``close(undefined, reason)`` counts as ``close(0, reason)``."""
    may_close: Callable[[int], bool] = closes_by_standard
    """True for the codes that close() accepts."""
    code_of_long_reason: int | None = 12
    """The legacy code of the SyntaxError for a reason that is too long."""
    long_reason: str = ""
    """Console line of a close() whose reason is too long, "" if there is none."""
    late_send: str = ""
    """Console line of a send() when CLOSING or CLOSED, "" if there is none."""


Template = tuple[tuple[str, str], ...]
"""(name, value) in the order of the wire. A value is a template for ``str.format``; an empty result omits the
field."""


class EngineFacts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The facts of one version that every engine has. Texts are templates for ``str.format``."""

    version: str
    user_agent: str = ""
    """Its own User-Agent, "" if it sends none."""
    accept_encoding: str = ""
    """Accept-Encoding over TLS; of Chromium and Firefox for loopback too."""
    accept_encoding_cleartext: str = ""
    """The same elsewhere."""
    request: Template
    """The opening handshake."""
    connect: Template = ()
    """The same over HTTP/2."""
    http2: Http2 | None = None
    """The settings and frames of HTTP/2, without the fields of the request; None for an engine without it."""
    exceptions: Mapping[str, str] = {}
    """Messages of the exceptions that the constructor, close() and send() throw."""
    console: Mapping[str, str] = {}
    """Console lines."""
    failures: Mapping[str, str] = {}
    """Key -> text of a failed connection: in a console line, or in an ErrorEvent."""


class Engine:
    """A browser, runtime or specification. Its methods are pure: no clock, no socket, no random numbers (the
    caller gives the Sec-WebSocket-Key). Nothing is kept between calls."""

    name: str
    oldest_tls: ClassVar[str | None] = None
    """The oldest TLS version that it accepts, in the form of ``TlsOptions.minimum``; None: the usual one."""
    common_names: ClassVar[CommonNames] = ""
    """Its rule for a certificate without names of hosts in subjectAltName; "" if it refuses each."""
    undefined_is_zero: ClassVar[bool] = False
    """As in ``CallTexts``."""
    code_of_long_reason: ClassVar[int | None] = 12

    def __init__(self, facts: EngineFacts) -> None:
        self.facts = facts

    @property
    def version(self) -> str:
        return self.facts.version

    @property
    def texts(self) -> CallTexts:
        """The exceptions and console lines of close() and send()."""
        thrown, console = self.facts.exceptions, self.facts.console
        return CallTexts(
            close_code=thrown.get("close-code", ""),
            close_reason=thrown.get("close-reason", ""),
            send_connecting=thrown.get("send-connecting", ""),
            undefined_is_zero=self.undefined_is_zero,
            may_close=self.may_close,
            code_of_long_reason=self.code_of_long_reason,
            long_reason=console.get("close-reason", ""),
            late_send=console.get("late-send", ""),
        )

    may_close = staticmethod(closes_by_standard)
    """True for the codes that its close() accepts."""

    def kept_off(self, page: Page, readings: Sequence[Reading]) -> bool:
        """True if it blocks *page* from the address that the first of *readings* connected to, before it sends
        a byte."""
        return False

    def make(self, url: str, page: Page) -> Made:
        """Run the constructor: URL parsing, schemes, subprotocols, blocked ports, mixed content, CSP."""
        raise NotImplementedError

    def construct(self, url: str, page: Page) -> Construction:
        """The result of the constructor."""
        return self.make(url, page).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        """The exact bytes of the engine's opening handshake. *made.target* must not be None."""
        raise NotImplementedError

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """The first handshake: over HTTP/1.1. *made.target* must not be None."""
        assert made.target is not None
        return FollowUp(made.target, self.request(made, page, key))

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The engine's next handshake after these readings (oldest first), None if it makes no further one:
        redirects are errors, and credentials are left to a person or to the script."""
        return None

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        """What a script on *page* sees of *url*, given the recordings (oldest first; empty if no connection was
        made or possible)."""
        raise NotImplementedError
