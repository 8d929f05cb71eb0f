"""Firefox: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView, Usual
from wsprobe.browsers.firefox import constructor, http2
from wsprobe.browsers.firefox.channel import CLOSE, Channel, Stop, close
from wsprobe.browsers.firefox.establish import not_established
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.firefox.handshake import Failed, Opened, validate
from wsprobe.browsers.firefox.http import Answer, read_answer
from wsprobe.browsers.firefox.request import authorizations, request
from wsprobe.browsers.http2 import Again, HttpVersion, came_over, handshakes, once_a_connection
from wsprobe.browsers.local_network import crossing, off_by_default
from wsprobe.browsers.network import ended_unasked
from wsprobe.browsers.page import given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    Ending,
    OwnClose,
    StreamOver,
    WebSocket,
    end,
    live,
    own_close,
    session,
    timed_acts,
    timeline,
)
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

_SECOND = 1_000_000
_WEBSOCKET = "dom/websocket/WebSocket.cpp"
_CLOSE_SIZE = 8
"""Bytes of a Close with a code, masked."""
_NARROW = "a Close has to wait for room in the server's window: the close may be clean, or not"
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"


class Step(Struct, frozen=True):
    """What one reading comes to: *outcome* at *at*, None while it is still open."""

    at: int
    answer: Answer | None
    outcome: Opened | Failed | Again | None
    stream: http2.Settled | None = None
    """Of a handshake over HTTP/2."""


class Firefox(Usual, Struct, frozen=True):
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

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """Over HTTP/2 where the server takes it: a wss: URL's connection offers both."""
        assert made.target is not None
        over: HttpVersion = "2" if made.target.secure else "1.1"
        return self._ask(made, page, key, "the page opens it", over)

    def _ask(
        self, made: Construction, page: Page, key: str, why: str, over: HttpVersion, authorization: str = ""
    ) -> FollowUp:
        assert made.target is not None
        sent = request(made, page, key, self.facts, authorization)
        asks = http2.asks(made, page, self.facts, authorization) if over == "2" else None
        return FollowUp(made.url, made.target, sent, why, asks)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The URL's own user and password after a 401, one try for each challenge; and HTTP/1.1 where the
        server turned out not to take HTTP/2.

        Redirects are refused (WebSocketChannel::AsyncOnChannelRedirect).
        """
        if not readings:
            return None
        made = self.construct(readings[0].exchange.plan.target.url, page)
        steps = self._steps(readings, given(page), page)
        asked = [step for step in steps if not isinstance(step.outcome, Again)]
        tries = self._tries(readings, asked, key)
        if made.target is None:
            return None
        again = steps[-1].outcome
        if isinstance(again, Again):
            credentials = tries[len(asked) - 1] if 0 < len(asked) <= len(tries) else ""
            return self._ask(made, page, key, again.because, again.over, credentials)
        if len(tries) < len(asked):
            return None
        over: HttpVersion = "1.1" if readings[-1].http2 is None else "2"
        return self._ask(made, page, key, "401: the URL has credentials", over, tries[len(asked) - 1])

    def _steps(self, readings: Sequence[Reading], protocols: tuple[str, ...], page: Page) -> list[Step]:
        return [self._answered(reading, protocols, page) for reading in readings]

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = constructor.construct(url, page, self.facts)
        readings = once_a_connection(readings)
        steps = self._steps(readings, made.construction.protocols, page)
        through = partial(self._live, made=made, page=page, readings=readings, steps=steps)
        asked = [
            reading
            for reading, step in zip(readings, steps, strict=True)
            if step.stream is None or not step.stream.unasked
        ]
        otherwise = http2.otherwise(readings)
        view = live(self, page, made, readings, _call_texts(self.facts), through, handshakes(asked), otherwise)
        crosses = made.construction.target is not None and crossing(page, readings)
        return replace(view, local_network=off_by_default(self.version)) if crosses else view

    def _live(
        self,
        script: WebSocket,
        made: Made,
        page: Page,
        readings: Sequence[Reading],
        steps: Sequence[Step],
    ) -> Ending:
        """Run *script*'s WebSocket through all that happens."""
        url = made.connects_to
        # FailConnection complains before readyState changes.
        too_early = self.facts.console["not-connected"].format(url=url)
        script.on_early_close = lambda script: script.console.append(too_early)
        acts = timed_acts(page)
        script.run("created")
        if script.close_call is not None:
            return self._closed_early(script, url, acts)
        if made.construction.blocked:
            return self._failed(script, url, Failed(f"the port is blocked: {_CHANNEL}"), acts)
        cookies: list[str] = []
        tries = self._tries(readings, [step for step in steps if not isinstance(step.outcome, Again)], "")
        before = answered = 0
        for number, (reading, alone) in enumerate(zip(readings, steps, strict=True)):
            step = self._step(reading, alone, before)
            if step.stream is not None and step.stream.no_session and came_over(made.construction.url, page):
                return Ending("unloaded", f"the page itself does not load, {_because(step)}")
            acts = script.do_until(acts, step.at)
            if script.close_call is not None:
                return self._closed_early(script, url, acts)
            cookies += _cookies(step)
            again = step.outcome.because if isinstance(step.outcome, Again) else ""
            if not again and answered < len(tries):
                again = f"401 and credentials in the URL: {_CHANNEL}"
                answered += 1
            if again:
                if number + 1 == len(readings):
                    return Ending("follows", again, tuple(cookies))
                before = step.at
                continue
            match step.outcome:
                case Failed() as failed:
                    return self._failed(script, url, failed, acts, cookies)
                case Opened() as opened:
                    rest = [replace(act, after=max(act.after - before, 0)) for act in acts]
                    return self._opened(
                        script, url, reading, opened, step.at - before, rest, cookies, step.stream
                    )
                case _:
                    break
        because = f"no answer yet: {_CHANNEL} gives it {self.facts.opening_timeout} s"
        return Ending("connecting", because, tuple(cookies))

    def _failed(
        self, script: WebSocket, url: str, failed: Failed, acts: list[Act], cookies: Sequence[str] = ()
    ) -> Ending:
        script.console += failed.console
        how = Stop.FAILED if failed.error else Stop.ENDED
        close(script, url, self.facts, failed.code, "", how)
        script.do_all(acts)
        return Ending("failed", failed.because, tuple(cookies), failed.races)

    def _closed_early(self, script: WebSocket, url: str, acts: list[Act]) -> Ending:
        """The second complaint comes with the events."""
        return self._failed(script, url, Failed(f"close() while CONNECTING: {_WEBSOCKET}"), acts)

    def _step(self, reading: Reading, step: Step, before: int) -> Step:
        """*step* of *reading*, within the patience for all of them. *before*: microseconds that had
        gone by when *reading* began."""
        at = before + step.at
        until = at if step.outcome is not None else before + end(reading).at
        deadline = self.facts.opening_timeout * _SECOND
        if until >= deadline:
            late = Failed(f"no answer within {self.facts.opening_timeout} s: {_CHANNEL}")
            return Step(deadline, None, late)
        return replace(step, at=at)

    def _answered(self, reading: Reading, protocols: tuple[str, ...], page: Page) -> Step:
        failed = not_established(reading)
        if reading.http2 is not None and failed is None:
            asked = protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
            known = came_over(reading.exchange.plan.target.url, page)
            settled = http2.settle(reading, asked, self.facts, known=known)
            return Step(settled.at, settled.answer, settled.outcome, settled)
        if failed is not None:
            return Step(failed[0], None, failed[1])
        answer = read_answer(reading, self.facts)
        if answer.pending:
            return Step(answer.at, answer, None)
        asked = protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
        return Step(answer.at, answer, validate(answer, reading.request.key, asked))

    def _tries(self, readings: Sequence[Reading], steps: Sequence[Step], key: str) -> list[str]:
        """The values of Authorization that answer the first of *steps*, as far as the rest are a 401 too.

        With n steps, the first n of the list are what was, or is to be, sent after each of them.
        """
        answered = 0
        tries: list[str] = []
        if not readings or readings[0].exchange.plan.target.userinfo is None:
            return tries
        for step in steps:
            head = step.answer.head if step.answer is not None else None
            if step.outcome is None or head is None or head.status.code != 401:
                break
            answered += 1
            if answered == 1:
                challenges = head.fields.get(b"www-authenticate") or b""
                tries = list(authorizations(challenges, readings[0].exchange.plan.target, key))
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
        stream: http2.Settled | None = None,
    ) -> Ending:
        """From the handshake, at *at*, to the end of the recording."""
        answered = None
        if stream is None:
            channel = Channel(script, url, opened, self.facts)
            happenings = session(reading, opened.stream, acts)
        else:
            channel = Channel(script, url, opened, self.facts, partial(_writable, script, reading))
            own = own_close(reading)
            coming = http2.session(reading, stream, self.facts)
            happenings = timeline(coming, acts, [own] if own is not None else [], [end(reading)])
            answered = _close_answered(reading)
        channel.start(at)
        because = ""
        for happening in happenings:
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
                case StreamOver():
                    waited = answered is not None and answered <= happening.at
                    channel.at(happening.at + (2 * self.facts.hop if waited else 0))
                    channel.end(happening.at, reset=not happening.orderly)
                case Ended():
                    shut = channel.close_right_before(happening.at) if stream is None else None
                    if shut is not None and ended_unasked(reading, _close_answered(reading)):
                        happening = replace(happening, at=shut)
                    channel.at(happening.at)
                    _end(channel, happening)
                case _:
                    pass
        outcome = "closed" if script.ready_state == CLOSED else "open"
        races = channel.races
        if (
            stream is not None
            and not races
            and http2.room(reading, script.sent_bytes, end(reading).at)[0] < _CLOSE_SIZE
        ):
            races = _NARROW
        return Ending(outcome, because or channel.because, tuple(cookies), races)


def _writable(script: WebSocket, reading: Reading, now: int) -> bool:
    """True if the server's window has room for a Close behind what script sent. A server that widens the window
    as it reads makes room by itself."""
    left, widened = http2.room(reading, script.sent_bytes, now)
    return left >= _CLOSE_SIZE or (left >= 0 and widened)


def _close_answered(reading: Reading) -> int | None:
    """When our Close that answers the server's was sent; None if there is none.

    What the server did behind it, it would have done behind Firefox's.
    """
    if reading.session is None or own_close(reading) is not None:
        return None
    return next((frame.at for frame in reading.session.sent if frame.opcode == CLOSE), None)


def _end(channel: Channel, ended: Ended) -> None:
    if ended.how in ("fin", "truncated"):
        channel.end(ended.at, reset=False)
    elif ended.how in ("reset", "error"):
        channel.end(ended.at, reset=True)
    else:
        channel.time_out()


def _call_texts(facts: Facts) -> CallTexts:
    return CallTexts(
        close_code=facts.exceptions["close-code"],
        close_reason=facts.exceptions["close-reason"],
        send_connecting=facts.exceptions["send-connecting"],
    )


def _because(step: Step) -> str:
    return step.outcome.because if isinstance(step.outcome, (Failed, Again)) else ""


def _cookies(step: Step) -> list[str]:
    """Those of every answer that the channel is told of, but for a proxy's (nsHttpChannel::ProcessResponse)."""
    if step.outcome is None or step.answer is None or step.answer.head is None:
        return []
    if step.answer.head.status.code == 407:
        return []
    cookies = step.answer.head.fields.get(b"set-cookie") or b""
    return [value.decode("utf-8", "replace") for value in cookies.split(b"\n") if value]
