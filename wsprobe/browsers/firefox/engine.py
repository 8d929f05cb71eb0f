"""Firefox: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView
from wsprobe.browsers.firefox import constructor
from wsprobe.browsers.firefox.channel import Channel, Stop, close
from wsprobe.browsers.firefox.establish import not_established
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.firefox.handshake import Failed, Opened, judge
from wsprobe.browsers.firefox.http import Answer, read_answer
from wsprobe.browsers.firefox.request import authorizations, request
from wsprobe.browsers.page import given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    OwnClose,
    Told,
    WebSocket,
    end,
    live,
    session,
    timed_acts,
)
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

_SECOND = 1_000_000
_WEBSOCKET = "dom/websocket/WebSocket.cpp"
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"


class Step(Struct, frozen=True):
    """What one reading comes to: *outcome* at *at*, None while it is still open."""

    at: int
    answer: Answer | None
    outcome: Opened | Failed | None


class Firefox(Struct, frozen=True):
    """An ``Engine``. Nothing is kept between calls."""

    facts: Facts
    name = "firefox"

    @property
    def version(self) -> str:
        return self.facts.version

    def construct(self, url: str, page: Page) -> Construction:
        return constructor.construct(url, page, self.facts).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        return request(made, page, key, self.facts)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The URL's own user and password after a 401, one try for each challenge.

        Redirects are refused (WebSocketChannel::AsyncOnChannelRedirect).
        """
        if not readings:
            return None
        to = readings[0].exchange.plan.target
        made = self.construct(to.url, page)
        tries = self._tries(readings, page, key)
        if made.target is None or len(tries) < len(readings):
            return None
        sent = request(made, page, key, self.facts, tries[len(readings) - 1])
        return FollowUp(made.url, made.target, sent, "401: the URL has credentials")

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = constructor.construct(url, page, self.facts)
        through = partial(self._live, made=made, page=page, readings=readings)
        return live(self, page, made, readings, _call_texts(self.facts), through)

    def _live(self, script: WebSocket, made: Made, page: Page, readings: Sequence[Reading]) -> Told:
        """Run *script*'s WebSocket through all that happens."""
        url = made.connects_to
        # FailConnection complains before readyState changes.
        script.on_early_close = lambda: script.console.append(
            self.facts.console["not-connected"].format(url=url)
        )
        acts = timed_acts(page)
        script.run("created")
        if script.close_call is not None:
            return self._closed_early(script, url, acts)
        if made.construction.blocked:
            return self._failed(script, url, Failed(f"the port is blocked: {_CHANNEL}"), acts)
        cookies: list[str] = []
        tries = self._tries(readings, page, "")
        before = 0
        for number, reading in enumerate(readings):
            step = self._step(reading, made.construction.protocols, before)
            acts = script.do_until(acts, step.at)
            if script.close_call is not None:
                return self._closed_early(script, url, acts)
            cookies += _cookies(step)
            if number < len(tries):
                if number + 1 == len(readings):
                    return Told("follows", f"401 and credentials in the URL: {_CHANNEL}", tuple(cookies))
                before = step.at
                continue
            match step.outcome:
                case Failed() as failed:
                    return self._failed(script, url, failed, acts, cookies)
                case Opened() as opened:
                    rest = [replace(act, after=max(act.after - before, 0)) for act in acts]
                    return self._opened(script, url, reading, opened, step.at - before, rest, cookies)
                case None:
                    break
        because = f"no answer yet: {_CHANNEL} gives it {self.facts.opening_timeout} s"
        return Told("connecting", because, tuple(cookies))

    def _failed(
        self, script: WebSocket, url: str, failed: Failed, acts: list[Act], cookies: Sequence[str] = ()
    ) -> Told:
        how = Stop.FAILED if failed.error else Stop.ENDED
        close(script, url, self.facts, failed.code, "", how)
        script.do_all(acts)
        return Told("failed", failed.because, tuple(cookies), failed.races)

    def _closed_early(self, script: WebSocket, url: str, acts: list[Act]) -> Told:
        """The second complaint comes with the events."""
        return self._failed(script, url, Failed(f"close() while CONNECTING: {_WEBSOCKET}"), acts)

    def _step(self, reading: Reading, protocols: tuple[str, ...], before: int) -> Step:
        """*before*: microseconds that had gone by when *reading* began."""
        step = self._answered(reading, protocols)
        at = before + step.at
        until = at if step.outcome is not None else before + end(reading).at
        deadline = self.facts.opening_timeout * _SECOND
        if until >= deadline:
            late = Failed(f"no answer within {self.facts.opening_timeout} s: {_CHANNEL}")
            return Step(deadline, None, late)
        return replace(step, at=at)

    def _answered(self, reading: Reading, protocols: tuple[str, ...]) -> Step:
        failed = not_established(reading)
        if failed is not None:
            return Step(failed[0], None, failed[1])
        answer = read_answer(reading, self.facts)
        if answer.pending:
            return Step(answer.at, answer, None)
        asked = protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
        return Step(answer.at, answer, judge(answer, reading.request.key, asked))

    def _tries(self, readings: Sequence[Reading], page: Page, key: str) -> list[str]:
        """The values of Authorization that answer the first of *readings*, as far as the rest are a 401 too.

        With n readings, the first n of the list are what was, or is to be, sent after each of them.
        """
        answered = 0
        tries: list[str] = []
        if not readings or readings[0].exchange.plan.target.userinfo is None:
            return tries
        for reading in readings:
            step = self._answered(reading, given(page))
            head = step.answer.head if step.answer is not None else None
            if step.outcome is None or head is None or head.status.code != 401:
                break
            answered += 1
            if answered == 1:
                challenges = head.fields.get(b"www-authenticate") or b""
                tries = list(authorizations(challenges, reading.exchange.plan.target, key))
        return tries[:answered]

    def _opened(
        self,
        script: WebSocket,
        url: str,
        reading: Reading,
        opened: Opened,
        at: int,
        acts: list[Act],
        cookies: Sequence[str],
    ) -> Told:
        """From the handshake, at *at*, to the end of the recording."""
        channel = Channel(script, url, opened, self.facts)
        channel.start(at)
        because = ""
        for happening in session(reading, opened.stream, acts):
            match happening:
                case Act():
                    channel.at(happening.after)
                    script.do(happening)
                    channel.after_script(happening.after)
                case Arrival():
                    channel.at(happening.at)
                    channel.receive(happening.data, max(happening.at, at))
                case OwnClose():
                    channel.at(happening.at + 2 * self.facts.hop)  # script may be about to close as well
                    if channel.quiet:
                        because = f"{channel.because}; then the recording closes by itself"
                        break
                case Ended():
                    channel.at(happening.at)
                    _end(channel, happening)
                case _:
                    pass
        outcome = "closed" if script.ready_state == CLOSED else "open"
        return Told(outcome, because or channel.because, tuple(cookies), channel.races)


def _end(channel: Channel, ended: Ended) -> None:
    if ended.how in ("fin", "truncated"):
        channel.end(ended.at, reset=False)
    elif ended.how in ("reset", "error"):
        channel.end(ended.at, reset=True)
    else:
        channel.run_out()


def _call_texts(facts: Facts) -> CallTexts:
    return CallTexts(
        close_code=facts.exceptions["close-code"],
        close_reason=facts.exceptions["close-reason"],
        send_connecting=facts.exceptions["send-connecting"],
    )


def _cookies(step: Step) -> list[str]:
    """Those of every answer that the channel is told of, but for a proxy's (nsHttpChannel::ProcessResponse)."""
    if step.outcome is None or step.answer is None or step.answer.head is None:
        return []
    if step.answer.head.status.code == 407:
        return []
    cookies = step.answer.head.fields.get(b"set-cookie") or b""
    return [value.decode("utf-8", "replace") for value in cookies.split(b"\n") if value]
