"""Firefox's view: Gecko's WebSocket object, its WebSocket channel, and the HTTP stack under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView
from wsprobe.browsers.firefox import constructor, http2
from wsprobe.browsers.firefox.channel import Channel, Stop, close
from wsprobe.browsers.firefox.handshake import Failed, Opened, not_established, validate
from wsprobe.browsers.firefox.http import read_answer
from wsprobe.browsers.firefox.http2 import Settled
from wsprobe.browsers.firefox.request import Facts, authorizations
from wsprobe.browsers.http2 import Again, Step, came_over, once_a_connection
from wsprobe.browsers.life import Ending, Handshake, Life, follow, seen
from wsprobe.browsers.local_network import crossing, off_by_default
from wsprobe.browsers.page import fetch_site, given
from wsprobe.browsers.request import Requesting, accept_encoding, offered, target_of
from wsprobe.browsers.script import WebSocket, end, in_order, session
from wsprobe.browsers.url import parse, trustworthy_host
from wsprobe.exchange import SECOND, Act
from wsprobe.read.reading import Reading

_WEBSOCKET = "dom/websocket/WebSocket.cpp"
_CLOSE_SIZE = 8
"""Bytes of a Close with a code, masked."""
_NARROW = "a Close must wait for room in the server's window: the close may be clean, or not"
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"


class Firefox(Requesting):
    facts: Facts
    name = "firefox"

    def make(self, url: str, page: Page) -> Made:
        return constructor.construct(url, page, self.facts)

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        """The values for the templates. Only potentially trustworthy URLs get Fetch Metadata."""
        to = target_of(made)
        near = to.secure or trustworthy_host(to.host)
        address = parse(to.url)
        site = "cross-site" if address is None else fetch_site(page, address, schemeful=False)  # measured
        return {
            **super().values(made, page),
            "accept_encoding": accept_encoding(to, self.facts),
            "storage_access": "none" if near and site == "cross-site" else "",
            "dest": "empty" if near else "",
            "mode": "websocket" if near else "",
            "site": site if near else "",
        }

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """The first handshake: over HTTP/2 if the server accepts it. The connection of a wss: URL offers
        both."""
        return self.ask(made, page, key, "2" if target_of(made).secure else "1.1")

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The next handshake: with the user and password of the URL after a 401, once for each challenge; or
        over HTTP/1.1 if the server does not accept HTTP/2. None without one.

        Firefox refuses redirects (WebSocketChannel::AsyncOnChannelRedirect).
        """
        if not readings:
            return None
        made = self.construct(readings[0].exchange.plan.target.url, page)
        steps = self._steps(readings, given(page), page)
        asked = [step for step in steps if not isinstance(step.outcome, Again)]
        tries = _tries(steps, key)
        if made.target is None:
            return None
        again = steps[-1].outcome
        if isinstance(again, Again):
            credentials = tries[len(asked) - 1] if 0 < len(asked) <= len(tries) else ""
            return self.ask(made, page, key, again.over, credentials)
        if len(tries) < len(asked):
            return None
        over = "1.1" if readings[-1].http2 is None else "2"
        return self.ask(made, page, key, over, tries[len(asked) - 1])

    def _steps(self, readings: Sequence[Reading], protocols: tuple[str, ...], page: Page) -> list[Settled]:
        return [self._answered(reading, protocols, page) for reading in readings]

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        readings = once_a_connection(readings)
        steps = self._steps(readings, made.construction.protocols, page)
        asked = [step.reading for step in steps if not step.unasked]
        life = _Life(self, made, page, readings, steps)
        view = seen(self, page, made, readings, life, asked, http2.otherwise(readings))
        crosses = made.construction.target is not None and crossing(page, readings)
        return replace(view, local_network=off_by_default(self.version)) if crosses else view

    def _answered(self, reading: Reading, protocols: tuple[str, ...], page: Page) -> Settled:
        failed = not_established(reading)
        if reading.http2 is not None and failed is None:
            known = came_over(reading.exchange.plan.target.url, page)
            return http2.settle(reading, offered(reading, protocols), self.facts, known=known)
        if failed is not None:
            return Step(reading, *failed)
        answer = read_answer(reading, self.facts)
        if answer.pending:
            return Step(reading, answer.at, None)
        outcome = validate(answer, reading.request.key, offered(reading, protocols))
        return Step(reading, answer.at, outcome, answer)


ENGINE = Firefox


class _Life(Life[Settled]):
    """The life of one WebSocket in Firefox."""

    engine: Firefox

    def begin(self, script: WebSocket) -> None:
        """Prepare the console line of an early close(): FailConnection complains before readyState changes."""
        too_early = self.engine.facts.console["not-connected"].format(url=self.url)
        script.on_early_close = lambda script: script.console.append(too_early)

    def blocked(self, script: WebSocket) -> Ending | None:
        if self.made.blocked and not script.close_called:
            return self._failed(script, Failed(f"the port is blocked: {_CHANNEL}"))
        return None

    def closed_early(self, script: WebSocket) -> Ending:
        """The second complaint comes with the events."""
        return self._failed(script, Failed(f"close() while CONNECTING: {_WEBSOCKET}"))

    def handshakes(self) -> Iterator[Handshake[Settled]]:
        tries = _tries(self.steps, "")
        before = answered = 0
        for alone in self.steps:
            step = self._patient(alone, before)
            if step.no_session and came_over(self.made.url, self.page):
                unloaded = Ending("unloaded", f"the page itself does not load, {step.because}")
                yield Handshake(step.at, step, instead=unloaded)
            again = step.outcome.because if isinstance(step.outcome, Again) else ""
            if not again and answered < len(tries):
                again = f"401 and credentials in the URL: {_CHANNEL}"
                answered += 1
            yield Handshake(step.at, replace(step, at=step.at - before), _cookies(step), again, before)
            before = step.at

    def _patient(self, step: Settled, before: int) -> Settled:
        """*step*, within Firefox's time limit for all handshakes together. *before*: microseconds that had
        passed when its reading began."""
        at = before + step.at
        until = at if step.outcome is not None else before + end(step.reading).at
        deadline = self.engine.facts.opening_timeout * SECOND
        if until >= deadline:
            late = Failed(f"no answer within {self.engine.facts.opening_timeout} s: {_CHANNEL}")
            return Step(step.reading, deadline, late)
        return replace(step, at=at)

    def answered(self, script: WebSocket, step: Settled, acts: list[Act]) -> Ending | None:
        if isinstance(step.outcome, Failed) and step.outcome.frozen:
            return Ending("connecting", step.outcome.because, beyond=(step.outcome.frozen,))
        if isinstance(step.outcome, Failed):
            ending = self._failed(script, step.outcome)
            script.do_all(acts)
            return ending
        if not isinstance(step.outcome, Opened):
            return None
        opened, reading, facts = step.outcome, step.reading, self.engine.facts
        room_at, happenings = None, session(reading, opened.stream, acts)
        if reading.http2 is not None:
            room_at = partial(_room_at, script, reading)
            happenings = in_order(reading, http2.session(step, facts), acts, end(reading))
        channel = Channel(script, self.url, opened, facts, reading, room_at)
        channel.start(step.at)
        ending = follow(channel, script, happenings)
        if reading.http2 is not None and not ending.races:
            left, _ = http2.room(reading, script.sent_bytes, end(reading).at)
            ending = replace(ending, races=_NARROW if left < _CLOSE_SIZE else "")
        return ending

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        return Ending("connecting", f"no answer yet (limit {self.engine.facts.opening_timeout} s): {_CHANNEL}")

    def _failed(self, script: WebSocket, failed: Failed) -> Ending:
        script.console += failed.console
        how = Stop.FAILED if failed.error else Stop.ENDED
        close(script, self.url, self.engine.facts, failed.code, "", how)
        return Ending("failed", failed.because, races=failed.races)


def _tries(steps: Sequence[Settled], key: str) -> list[str]:
    """The values of Authorization that answer the first of *steps* that is not repeated over another protocol,
    while the later steps are 401s too.

    With n such steps, the first n values are those sent after each of them.
    """
    answered = 0
    tries: list[str] = []
    if not steps or steps[0].reading.exchange.plan.target.userinfo is None:
        return tries
    for step in steps:
        if isinstance(step.outcome, Again):
            continue
        head = step.answer.head if step.answer is not None else None
        if step.outcome is None or head is None or head.status.code != 401:
            break
        answered += 1
        if answered == 1:
            challenges = head.fields.get(b"www-authenticate") or b""
            tries = list(authorizations(challenges, steps[0].reading.exchange.plan.target, key))
    return tries[:answered]


def _room_at(script: WebSocket, reading: Reading, now: int) -> int | None:
    """When the server's window has room, from *now* on, for a Close after the script's messages; None if it
    never has."""
    return http2.room_from(reading, script.sent_bytes, _CLOSE_SIZE, now)


def _cookies(step: Settled) -> tuple[str, ...]:
    """The cookies of every answer that the channel learns of, except those of a proxy
    (nsHttpChannel::ProcessResponse)."""
    if step.outcome is None or step.answer is None or step.answer.head is None:
        return ()
    if step.answer.head.status.code == 407:
        return ()
    cookies = step.answer.head.fields.get(b"set-cookie") or b""
    return tuple(value.decode("utf-8", "replace") for value in cookies.split(b"\n") if value)
