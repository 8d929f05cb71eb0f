"""The life of a WebSocket in an engine: made, answered, open, over. The order is the same for all engines.

What differs is in the engine's ``Life`` and ``Session``: what prevents a connection, the effect of close()
while CONNECTING, the result of each answer, and everything from ``open`` on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Engine, Made, Page, ScriptView
from wsprobe.browsers.hidden import hidden
from wsprobe.browsers.http2 import handshakes
from wsprobe.browsers.page import given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    Happening,
    OwnClose,
    StreamOver,
    WebSocket,
    end,
    timed_acts,
)
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

Step = TypeVar("Step")


class Ending(Struct, frozen=True):
    """The result of a life. The members are those of ``ScriptView``."""

    outcome: str
    because: str
    cookies: tuple[str, ...] = ()
    races: str = ""
    beyond: tuple[str, ...] = ()


class Handshake(Struct, Generic[Step], frozen=True):
    """One handshake in a form common to all engines. *step* is its result in the engine's own form."""

    at: int
    """The time of the result, or of the end of the recording: microseconds since the construction."""
    step: Step
    cookies: tuple[str, ...] = ()
    """Set-Cookie values that the engine stores."""
    again: str = ""
    """Why the engine repeats the request by itself, without an event for the script; "" if it does not."""
    began: int = 0
    """The start of its recording: microseconds since the construction. The script's later calls count from
    it."""
    instead: Ending | None = None
    """What happens instead, if the engine does not make this handshake; None if it does."""


class Life(Generic[Step]):
    """One engine's part in the life of one WebSocket."""

    races = ""
    """Why the result may differ from the one shown, "" if it cannot."""

    def __init__(
        self, engine: Engine, made: Made, page: Page, readings: Sequence[Reading], steps: Sequence[Step] = ()
    ) -> None:
        """*readings*: the handshakes as recorded; *steps*: what the engine makes of them."""
        self.engine = engine
        self.made = made.construction
        self.because = made.because
        """Why no connection will be made."""
        self.url = made.connects_to or made.construction.url
        self.page = page
        self.readings = readings
        self.steps = steps

    def begin(self, script: WebSocket) -> None:
        """The object exists, and the script has made no call yet."""
        return None

    def blocked(self, script: WebSocket) -> Ending | None:
        """The ending, if the engine connects nowhere; None if it connects. The script has made its first
        calls."""
        return None

    def closed_early(self, script: WebSocket) -> Ending:
        """The delayed effect of a close() while CONNECTING. Its immediate effect has already happened."""
        raise NotImplementedError

    def handshakes(self) -> Iterable[Handshake[Step]]:
        """The handshakes of the recording, in order."""
        raise NotImplementedError

    def answered(self, script: WebSocket, step: Step, acts: list[Act]) -> Ending | None:
        """Continue from the answer, with the script's remaining calls; None if there is no answer yet."""
        raise NotImplementedError

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        """The recording is over, and there is no answer yet."""
        raise NotImplementedError


def lived(life: Life[Any], script: WebSocket) -> Ending:
    """Run *script*'s WebSocket through all events."""
    acts = timed_acts(life.page)
    life.begin(script)
    script.run("created")
    if (ending := life.blocked(script)) is not None:
        script.do_all(acts)
        return ending
    if script.close_called:
        return _closed_early(life, script, acts)
    cookies: list[str] = []
    ending = _connected(life, script, acts, cookies)
    return replace(ending, cookies=(*cookies, *ending.cookies), races=life.races or ending.races)


def _connected(life: Life[Any], script: WebSocket, acts: list[Act], cookies: list[str]) -> Ending:
    """The ending of a WebSocket that connects. Appends the cookies that the engine stores to *cookies*."""
    again = ""
    for handshake in life.handshakes():
        if handshake.instead is not None:
            return handshake.instead
        acts = script.do_until(acts, handshake.at)
        if script.close_called:
            return _closed_early(life, script, acts)
        cookies += handshake.cookies
        again = handshake.again
        if not again:
            acts = [replace(act, after=max(act.after - handshake.began, 0)) for act in acts]
            return life.answered(script, handshake.step, acts) or life.waiting(script, acts)
    return Ending("follows", again) if again else life.waiting(script, acts)


def _closed_early(life: Life[Any], script: WebSocket, acts: list[Act]) -> Ending:
    ending = life.closed_early(script)
    script.do_all(acts)
    return ending


def begins(readings: Sequence[Reading]) -> Iterable[int]:
    """When the connection of each of *readings* began, in microseconds since that of the first one.

    Readings of the same connection have the same beginning.
    """
    before = 0
    for number, reading in enumerate(readings):
        if number and readings[number - 1].exchange is not reading.exchange:
            before += end(readings[number - 1]).at
        yield before


class Session(Protocol):
    """An open WebSocket in an engine. Times are microseconds, in order."""

    because: str
    """The deciding step, and its source."""
    races: str = ""
    """As ``Life.races``."""

    def wait(self, at: int) -> None:
        """Run everything due by *at*."""
        ...

    def receive(self, data: bytes, at: int) -> None: ...

    def called(self, at: int) -> None:
        """The script made its calls."""
        ...

    def quiet(self, at: int) -> bool:
        """True if neither side has begun to close by *at*."""
        ...

    def stream_over(self, over: StreamOver) -> None:
        """The WebSocket's stream of an HTTP/2 connection is over."""
        return None

    def end(self, ended: Ended) -> None:
        """The recording is over. *ended* says whether the connection is over too."""
        ...


def follow(session: Session, script: WebSocket, happenings: Iterable[Happening]) -> Ending:
    """Run *session* through all events, up to the recording's own Close."""
    because = ""
    for happening in happenings:
        match happening:
            case Arrival():
                session.receive(happening.data, happening.at)
            case Act():
                session.wait(happening.after)
                script.do(happening)
                session.called(happening.after)
            case OwnClose():
                if session.quiet(happening.at):
                    because = f"{session.because}; then the recording closes"
                    break
            case StreamOver():
                session.stream_over(happening)
            case Ended():
                session.end(happening)
            case _:
                pass
    outcome = "closed" if script.ready_state == CLOSED else "open"
    return Ending(outcome, because or session.because, races=session.races)


def seen(
    engine: Engine,
    page: Page,
    made: Made,
    readings: Sequence[Reading],
    life: Life[Any] | Ending,
    asked: Sequence[Reading] | None = None,
    otherwise: str = "",
    socket: type[WebSocket] = WebSocket,
) -> ScriptView:
    """What a script sees of the WebSocket that was *made*.

    *life* is run to its ending; an ``Ending`` is used unchanged. *asked*: the readings of connections on which
    the engine sends a request; None: all. *socket*: the class of the script's WebSocket, for an engine whose
    close() or send() differs from the standard.
    """
    construction = made.construction
    script = socket(page.acts, engine.texts)
    script.console += made.console
    if construction.exception is not None:
        life, otherwise = Ending("threw", made.because), ""
    if construction.target is None:
        readings = asked = ()  # nothing was sent, so nothing of an answer is hidden
    ending = life if isinstance(life, Ending) else lived(life, script)
    events = tuple(script.events)
    opened = made.connects_to and any(event.type == "open" for event in events)
    return ScriptView(
        browser=engine.name,
        version=engine.version,
        page=page.url,
        url=(opened and made.connects_to) or construction.url,
        exception=construction.exception,
        events=events,
        ready_state=script.ready_state,
        console=tuple(script.console),
        hidden=hidden(readings[-1], events) if readings and not ending.beyond else (),
        outcome=ending.outcome,
        because=ending.because,
        races=ending.races,
        cookies=ending.cookies,
        handshakes=handshakes(readings if asked is None else asked),
        otherwise=otherwise,
        assumes=script.assumed,
        beyond=ending.beyond,
        protocols=given(page),
        blocked=construction.blocked,
    )
