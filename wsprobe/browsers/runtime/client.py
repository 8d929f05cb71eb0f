"""The life of a WebSocket in a runtime, in the order in which all four live it: made, answered, open, over.

A runtime has no page. The page's URL is no origin, sets no policy and blocks nothing; it is not even what a
relative URL is resolved against (its script has no ``location``). What the page's script does is what the
runtime's script does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView, Usual, over_http1
from wsprobe.browsers.http2 import handshakes, over_http1_only
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    Ending,
    OwnClose,
    WebSocket,
    end,
    live,
    session,
    timed_acts,
)
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


class Session(Protocol):
    """From ``open`` on. Times are microseconds, in order."""

    because: str
    races: str
    """Why there may be another result than the one that is shown, "" if there is none."""
    over: bool
    """True once nothing can happen any more."""

    @property
    def closing(self) -> bool:
        """True once either side has begun to close, or to end the connection: what is received decides no more
        than the end of it."""
        ...

    def receive(self, data: bytes, at: int) -> None: ...

    def called(self, at: int) -> None:
        """Script had its say."""
        ...

    def wait(self, at: int) -> None:
        """Let happen what is due before *at*."""
        ...

    def end(self, ended: Ended) -> None:
        """The recording is over; the connection is, if *ended* says so."""
        ...


class _Named(Protocol):
    @property
    def version(self) -> str: ...


_Facts = TypeVar("_Facts", bound=_Named)

_OVER_HTTP1 = "what was recorded is over HTTP/2, and this runtime asks over HTTP/1.1"


class Client(Usual, Generic[_Facts]):
    """An ``Engine``. Nothing is kept between calls."""

    name: str
    texts: CallTexts
    because_early: str
    """Where it stands what a close() while CONNECTING does."""

    def __init__(self, facts: _Facts) -> None:
        self.facts = facts

    @property
    def version(self) -> str:
        return self.facts.version

    def made(self, url: str, page: Page) -> Made:
        """What the constructor does."""
        raise NotImplementedError

    def construct(self, url: str, page: Page) -> Construction:
        return self.made(url, page).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        raise NotImplementedError

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """Over HTTP/1.1."""
        return over_http1(self, made, page, key)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """Nothing: redirects and credentials are script's to see to."""
        return None

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """What became of the handshake."""
        raise NotImplementedError

    def session(self, script: WebSocket, opened: Opened, url: str) -> Session:
        raise NotImplementedError

    def fail(self, script: WebSocket, failed: Failed) -> None:
        """What script is told of a handshake that failed."""
        raise NotImplementedError

    def closed_early(self, script: WebSocket, url: str) -> None:
        """What script is told of its close() while CONNECTING."""
        raise NotImplementedError

    def races(self, reading: Reading) -> str:
        """Why there may be another result than the one that is shown, "" if there is none."""
        return ""

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        """The object that script holds."""
        return WebSocket(acts, texts)

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.made(url, page)
        asked = over_http1_only(readings)
        if readings and not asked:
            through = partial(self._elsewhere, made=made)
        else:
            through = partial(self._live, made=made.construction, page=page, readings=asked)
        return live(self, page, made, asked, self.texts, through, handshakes(asked), socket=self.socket)

    def _elsewhere(self, script: WebSocket, made: Made) -> Ending:
        """All that was recorded was over HTTP/2."""
        return Ending("follows", made.because or _OVER_HTTP1)

    def _live(self, script: WebSocket, made: Construction, page: Page, readings: Sequence[Reading]) -> Ending:
        acts = timed_acts(page)
        script.run("created")
        if script.close_call is not None:
            return self._closed_early(script, made, acts)
        if made.blocked:
            return self._failed(script, Failed(f"the port is blocked: {self.because_early}"), acts)
        if not readings:
            return Ending("connecting", "nothing was recorded")
        before = 0
        for number, reading in enumerate(readings):
            asked = made.protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
            step = self.answered(reading, asked)
            acts = script.do_until(acts, before + step.at)
            if script.close_call is not None:
                return self._closed_early(script, made, acts)
            if number + 1 < len(readings):
                before += end(reading).at
            elif self.follow(readings, page, "") is not None:
                return Ending("follows", "it asks again by itself, and what came of that is not recorded")
        if step.outcome is None:
            return Ending("connecting", "no answer yet")
        if isinstance(step.outcome, Failed):
            told = self._failed(script, step.outcome, acts)
            return replace(told, races=self.races(reading))
        return self._opened(script, made.url, reading, step.at, step.outcome, acts)

    def _closed_early(self, script: WebSocket, made: Construction, acts: list[Act]) -> Ending:
        self.closed_early(script, made.url)
        script.do_all(acts)
        return Ending("failed", f"close() while CONNECTING: {self.because_early}")

    def _failed(self, script: WebSocket, failed: Failed, acts: list[Act]) -> Ending:
        self.fail(script, failed)
        script.do_all(acts)
        return Ending("failed", failed.because, beyond=failed.beyond)

    def _opened(
        self, script: WebSocket, url: str, reading: Reading, at: int, opened: Opened, acts: list[Act]
    ) -> Ending:
        lived = self.session(script, replace(opened, round_trip=_round_trip(reading)), url)
        script.opened(opened.protocol, opened.extensions)
        lived.called(at)
        for happening in session(reading, opened.stop, acts):
            match happening:
                case Arrival():
                    lived.wait(happening.at)
                    lived.receive(happening.data, happening.at)
                case Act():
                    lived.wait(happening.after)
                    script.do(happening)
                    lived.called(happening.after)
                case OwnClose():
                    lived.wait(happening.at)
                    if script.close_call is None and not lived.over and not lived.closing:
                        break
                case Ended():
                    lived.wait(happening.at)
                    lived.end(happening)
                case _:
                    pass
        outcome = "closed" if script.ready_state == CLOSED else "open"
        return Ending(outcome, lived.because, races=lived.races)


def _round_trip(reading: Reading) -> int:
    """Microseconds that the connection took to be made."""
    since = 0
    for event in reading.exchange.events:
        if isinstance(event, Connecting):
            since = event.at
        elif isinstance(event, Connected):
            return event.at - since
    return AT_ONCE
