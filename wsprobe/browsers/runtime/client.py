"""The life of a WebSocket in a runtime, in the order in which all four live it: made, answered, open, over.

A runtime has no page. The page's URL is no origin, sets no policy and blocks nothing; it is not even what a
relative URL is resolved against (its script has no ``location``). What the page's script does is what the
runtime's script does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Page, ScriptView, Usual, over_http1
from wsprobe.browsers.http2 import handshakes, over_http1_only
from wsprobe.browsers.life import Ending, Handshake, Life, Session, begins, follow, seen
from wsprobe.browsers.request import Template, basic, head, target_of, values
from wsprobe.browsers.runtime.constructor import Constructor, construct
from wsprobe.browsers.script import CallTexts, WebSocket, session
from wsprobe.exchange import Act, Connected, Connecting, Ended
from wsprobe.read.reading import Reading

LOST = ("fin", "truncated", "reset", "error")
"""Ends of the peer's making, or of the network's."""
AT_ONCE = 1000
"""Microseconds in which a runtime inflates a message, beside its event loop: an end that comes meanwhile is
seen first."""


class Failed(msgspec.Struct, frozen=True):
    """Why there is no session."""

    because: str
    message: str | None = None
    """Of the ErrorEvent."""
    error: str = ""
    beyond: tuple[str, ...] = ()
    """As ``ScriptView.beyond``."""


class Opened(msgspec.Struct, frozen=True):
    protocol: str
    extensions: str
    stop: int
    """Offset in ``Reading.received`` behind the head."""
    deflates: bool = False
    takeover: bool = True
    bits: int = 15
    """Of the server's window; 0 where it is no number that zlib takes."""
    round_trip: int = AT_ONCE
    """Microseconds that a packet takes to the server and back: an answer takes longer."""

    def right_behind(self, ended: Ended, last: int) -> bool:
        """Whether the server *ended* the connection right behind what it sent at *last*, before it can have had
        what the client sent next."""
        return ended.at - last <= min(self.round_trip, AT_ONCE)


class Answered(msgspec.Struct, frozen=True):
    """What one reading comes to: *outcome* at *at* (microseconds), None while it is still open."""

    at: int
    outcome: Opened | Failed | None


class RuntimeSession(Session, Protocol):
    """An open WebSocket in a runtime."""

    script: WebSocket
    over: bool
    """True once nothing can happen any more."""

    @property
    def closing(self) -> bool:
        """True once either side has begun to close, or to end the connection: what is received decides no more
        than the end of it."""
        ...

    def quiet(self, at: int) -> bool:
        self.wait(at)
        return self.script.close_call is None and not self.over and not self.closing


class _RuntimeFacts(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def constructor(self) -> Constructor: ...

    @property
    def request(self) -> Template: ...

    @property
    def exceptions(self) -> Mapping[str, str]: ...


_Facts = TypeVar("_Facts", bound=_RuntimeFacts)

_OVER_HTTP1 = "the recording is over HTTP/2, and this runtime uses HTTP/1.1"


class Client(Usual, ABC, Generic[_Facts]):
    """An ``Engine``. Nothing is kept between calls."""

    name: str
    because_early: str
    """Where it stands what a close() while CONNECTING does."""

    def __init__(self, facts: _Facts) -> None:
        self.facts = facts

    @property
    def version(self) -> str:
        return self.facts.version

    @property
    def texts(self) -> CallTexts:
        """Of what close() and send() throw."""
        texts = self.facts.exceptions
        return CallTexts(texts["close-code"], texts["close-reason"], texts["send-connecting"])

    def construct(self, url: str, page: Page) -> Construction:
        return construct(url, page, self.facts).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        filled = {**values(target_of(made), page, made.protocols), **self.values(made, page), "key": key}
        return head(self.facts.request, filled)

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        """What this runtime alone fills into its request."""
        return {"authorization": basic(target_of(made))}

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """Over HTTP/1.1."""
        return over_http1(self, made, page, key)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """Nothing: redirects and credentials are script's to see to."""
        return None

    @abstractmethod
    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """What became of the handshake."""

    @abstractmethod
    def session(self, script: WebSocket, opened: Opened, url: str) -> RuntimeSession:
        """What goes on from ``open``."""

    @abstractmethod
    def fail(self, script: WebSocket, failed: Failed) -> None:
        """What script is told of a handshake that failed."""

    @abstractmethod
    def closed_early(self, script: WebSocket, url: str) -> None:
        """What script is told of its close() while CONNECTING."""

    def races(self, reading: Reading) -> str:
        """Why there may be another result than the one that is shown, "" if there is none."""
        return ""

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        """The object that script holds."""
        return WebSocket(acts, texts)

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = construct(url, page, self.facts)
        asked = over_http1_only(readings)
        life: _Life | Ending = _Life(self, made.construction, page, asked)
        if readings and not asked:
            life = Ending("follows", made.because or _OVER_HTTP1)
        return seen(self, page, made, asked, self.texts, life, handshakes(asked), socket=self.socket)


_Step = tuple[Reading, Answered]


class _Life(Life[_Step]):
    """A WebSocket of a runtime's."""

    def __init__(
        self, client: Client[Any], made: Construction, page: Page, readings: Sequence[Reading]
    ) -> None:
        self.page = page
        self._client = client
        self._made = made
        self._readings = readings

    def blocked(self, script: WebSocket) -> Ending | None:
        if self._made.blocked and script.close_call is None:
            return self._failed(script, Failed(f"the port is blocked: {self._client.because_early}"))
        return None

    def closed_early(self, script: WebSocket) -> Ending:
        self._client.closed_early(script, self._made.url)
        return Ending("failed", f"close() while CONNECTING: {self._client.because_early}")

    def handshakes(self) -> Iterator[Handshake[_Step]]:
        for number, (reading, before) in enumerate(zip(self._readings, begins(self._readings), strict=True)):
            asked = self._made.protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
            answered = self._client.answered(reading, asked)
            again = number + 1 < len(self._readings)
            again = again or self._client.follow(self._readings, self.page, "") is not None
            why = "it sends the request again, and that answer is not recorded" if again else ""
            yield Handshake(before + answered.at, (reading, answered), again=why)

    def answered(self, script: WebSocket, step: _Step, acts: list[Act]) -> Ending | None:
        reading, answered = step
        if isinstance(answered.outcome, Failed):
            ending = self._failed(script, answered.outcome, self._client.races(reading))
            script.do_all(acts)
            return ending
        if answered.outcome is None:
            return None
        opened = replace(answered.outcome, round_trip=_round_trip(reading))
        lived = self._client.session(script, opened, self._made.url)
        script.opened(opened.protocol, opened.extensions)
        lived.called(answered.at)
        return follow(lived, script, session(reading, opened.stop, acts))

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        return Ending("connecting", "no answer yet" if self._readings else "nothing was recorded")

    def _failed(self, script: WebSocket, failed: Failed, races: str = "") -> Ending:
        self._client.fail(script, failed)
        return Ending("failed", failed.because, races=races, beyond=failed.beyond)


def _round_trip(reading: Reading) -> int:
    """Microseconds that the connection took to be made."""
    since = 0
    for event in reading.exchange.events:
        if isinstance(event, Connecting):
            since = event.at
        elif isinstance(event, Connected):
            return event.at - since
    return AT_ONCE
