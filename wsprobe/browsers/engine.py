"""What every engine, and every text that reads like one, says of a recording. Names are the DOM's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Act, Http2, Target
from wsprobe.read.reading import Reading

ELSEWHERE = "http://localhost/"
"""The page of scenarios that name none: of another site than the server, as browsers were measured."""


AddressSpace = Literal["public", "local", "loopback"]
"""Where an IP address is reached from: anywhere, this network, this machine (``local_network``)."""


class Page(Struct, frozen=True):
    """The page whose script opens the socket."""

    url: str = ELSEWHERE
    """"": one of the origin of the socket's own URL, which ``page.opened_by`` fills in."""
    csp: str = ""
    """Content-Security-Policy of the page, "" if none."""
    protocols: tuple[str, ...] | str | None = None
    """The constructor's second argument; None: not given."""
    acts: tuple[Act, ...] = ()
    """What the script does after construction."""
    cookies: str = ""
    """Value of the Cookie field that the browser's jar would send, "" if none."""
    user_agent: str = ""
    """Replaces the engine's own, "" if not."""
    construct: Literal["new", "call", "no-arguments"] = "new"
    http: Literal["1.1", "2"] = "1.1"
    """The version of HTTP that the page came over from its origin."""
    shares: bool = False
    """The page's own connection could serve the target too (``http2.sharing``)."""
    address: AddressSpace | Literal[""] = ""
    """The space of the address that the page came from; "": what its URL says (``local_network``)."""
    target_address: AddressSpace | Literal[""] = ""
    """The space that the address of the target counts as; "": the one that it is of."""
    permissions: tuple[tuple[str, str], ...] = ()
    """(name, granted, denied or prompt) of those that are not ``prompt``."""


class DomException(Struct, frozen=True):
    name: str
    message: str
    code: int | str | None = None
    """Legacy code: SyntaxError 12, InvalidAccessError 15, SecurityError 18, InvalidStateError 11, or
    None; a word where a runtime gives its errors one."""


class DomEvent(Struct, frozen=True):
    """One event delivered to script, or (``throw``) an exception that a later call raised."""

    type: Literal["open", "message", "error", "close", "throw", "left-out"]
    """``left-out``: messages behind the first ones, ``size`` of them, of which none is kept."""
    ready_state: int
    """readyState while it was delivered."""
    protocol: str = ""
    extensions: str = ""
    data: str | bytes = ""
    """Of a message: str for text, bytes for binary; of a message with a ``size`` only its beginning."""
    code: int = 0
    reason: str = ""
    was_clean: bool = False
    exception: DomException | None = None
    message: str | None = None
    """Of an ``error`` that is an ErrorEvent (in a runtime); None where it is a plain Event, as in a browser."""
    error: str = ""
    """Of an ErrorEvent: name, message and, in brackets, code of its ``error``."""
    size: int | None = None
    """Of a message that is not kept whole: UTF-16 code units (``data.length``) or bytes of all of it."""
    digest: bytes = b""
    """Of what is not kept whole: two that differ have another one."""


class Assumed(Struct, frozen=True):
    """What an engine's own timer brings after the end of the recording, as if the server did nothing more."""

    words: str
    """What the server is assumed to do, and until when."""
    events: int = 0
    """So many of the last events come after the end of the recording."""
    lines: int = 0
    """And so many of the last console lines."""


class ScriptView(Struct, frozen=True):
    """All that a script, and beside it the console, gets from one WebSocket."""

    browser: str
    version: str
    page: str
    url: str
    """What ``WebSocket.url`` says; "" if the constructor threw."""
    exception: DomException | None
    """Thrown by the constructor."""
    events: tuple[DomEvent, ...]
    ready_state: int
    """At last: the engine's own timers run on after the end of the recording."""
    console: tuple[str, ...]
    hidden: tuple[str, ...]
    """What the server said and script cannot know, e.g. ``status 403``, ``3 headers``, ``25-byte body``."""
    outcome: str
    """``open``, ``failed``, ``closed``, ``connecting``, ``threw``, ``follows``: a redirect or retry that is
    not recorded, or ``unloaded``: the page itself does not load, so there is no script."""
    because: str
    """The step that decided, and where it stands: standard or engine source file."""
    races: str = ""
    """Not "" where the engine is measured to give more than one result; says which."""
    cookies: tuple[str, ...] = ()
    """Set-Cookie values that the engine stores."""
    handshakes: tuple[Literal["2", "1.1"], ...] = ()
    """The protocols of its handshakes, in order."""
    otherwise: str = ""
    """Not "" where this engine, asking by itself, would ask over the other protocol; says when."""
    assumes: Assumed | None = None
    """Set where the server could still have changed what comes at last."""
    beyond: tuple[str, ...] = ()
    """What script can read by an interface that browsers do not have, or that happens to it there, in words."""
    local_network: tuple[str, ...] = ()
    """What Local Network Access has to do with it: what it means, then what to do, a sentence each."""


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
    """What ``new WebSocket(url, protocols)`` did at once.

    Exactly one of three: *exception* was thrown; the connection is *blocked* before any byte is sent
    (``bad-port``, ``mixed-content``, ``csp``); or *target* is to be connected to.
    """

    url: str
    """Serialised, as ``WebSocket.url`` says it; "" with an exception."""
    exception: DomException | None = None
    blocked: Literal["", "bad-port", "mixed-content", "csp"] = ""
    target: Target | None = None
    protocols: tuple[str, ...] = ()


class Made(Struct, frozen=True):
    """A construction, and what is known of how it came about."""

    construction: Construction
    console: tuple[str, ...] = ()
    because: str = ""
    """What decided, where the connection is not to be made."""
    connects_to: str = ""
    """The URL that is connected to, and that ``WebSocket.url`` says once open, where that is another than the
    one constructed with: the page upgrades what is insecure."""


ALPN = ("h2", "http/1.1")
"""What a connection offers that may speak either version of HTTP."""


class FollowUp(Struct, frozen=True):
    """A handshake that the engine makes by itself: the first, or again for a redirect it follows, credentials
    it has, or the other protocol."""

    url: str
    target: Target
    request: bytes
    why: str
    http2: Http2 | None = None
    """How to ask over HTTP/2, where the server takes it; None: over HTTP/1.1."""

    @property
    def alpn(self) -> tuple[str, ...]:
        """What the connection offers in TLS (``TlsOptions.alpn``)."""
        return ALPN if self.http2 is not None else ALPN[1:]


def closes_by_standard(code: int) -> bool:
    """True of the codes that close() takes (WHATWG WebSockets, close(), step 1)."""
    return code == 1000 or 3000 <= code <= 4999


class Usual:
    """What most engines have in common, and none in particular."""

    __slots__ = ()
    oldest_tls: ClassVar[str | None] = None
    undefined_is_zero: ClassVar[bool] = False

    @staticmethod
    def may_close(code: int) -> bool:
        return closes_by_standard(code)

    def kept_off(self, page: Page, readings: Sequence[Reading]) -> bool:
        return False


class Engine(Protocol):
    """Pure: no clock, no socket, no chance (the key is handed in)."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def oldest_tls(self) -> str | None:
        """The oldest TLS that it speaks, as ``TlsOptions.minimum`` has it; None: no older than usual."""
        ...

    def may_close(self, code: int) -> bool:
        """True of the codes that its close() takes."""
        ...

    @property
    def undefined_is_zero(self) -> bool:
        """It throws at a close() that has a reason and no code."""
        ...

    def kept_off(self, page: Page, readings: Sequence[Reading]) -> bool:
        """True if it keeps *page* off the address that the first of *readings* has: nothing is sent."""
        ...

    def construct(self, url: str, page: Page) -> Construction:
        """Run the constructor: URL parsing, schemes, subprotocols, blocked ports, mixed content, CSP."""
        ...

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        """The exact bytes of the engine's opening handshake. *made.target* must not be None."""
        ...

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """The first handshake. *made.target* must not be None."""
        ...

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """What the engine would ask next after these readings (oldest first), None if nothing."""
        ...

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        """What script sees of *url*, opened by *page*, given what was recorded (oldest first; empty if
        nothing was, or could be, connected to)."""
        ...


def over_http1(engine: Engine, made: Construction, page: Page, key: str) -> FollowUp:
    """The first handshake of an engine that asks over HTTP/1.1 only."""
    assert made.target is not None
    return FollowUp(made.url, made.target, engine.request(made, page, key), "the page opens it")
