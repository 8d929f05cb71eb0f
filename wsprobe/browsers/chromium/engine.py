"""Chromium: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.chromium import constructor, http2
from wsprobe.browsers.chromium.channel import Channel, State, complain, fail, failed
from wsprobe.browsers.chromium.establish import not_established
from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.handshake import Failed, Opened, validate
from wsprobe.browsers.chromium.http import Answer, read_answer
from wsprobe.browsers.chromium.request import authorization, request
from wsprobe.browsers.engine import Construction, FollowUp, Page, ScriptView, Usual
from wsprobe.browsers.http2 import Again, HttpVersion, handshakes
from wsprobe.browsers.local_network import Crossing, before_the_request, crossing
from wsprobe.browsers.local_network import chromium as sentences
from wsprobe.browsers.network import reset_unasked
from wsprobe.browsers.page import fetch_site, given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    Ending,
    OwnClose,
    StreamOver,
    WebSocket,
    arrivals,
    end,
    live,
    own_close,
    session,
    timed_acts,
    timeline,
)
from wsprobe.browsers.url import parse
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

_HEAD_BUFFER = 4096
"""The head buffer grows by as much; what stands in it behind the head is read as frames in one go."""

SECOND = 1_000_000
_STREAM = "net/websockets/websocket_stream.cc"
_CLOSED_EARLY = "close() while CONNECTING: third_party/blink/renderer/modules/websockets/websocket_common.cc"
_RESET_RACE = (
    'the console says "Error in connection establishment" or "Error during WebSocket handshake", '
    "as the reset comes before or after the request is written"
)


class Step(Struct, frozen=True):
    """What one reading comes to: *outcome* at *at*, None while it is still open."""

    at: int
    answer: Answer | None
    outcome: Opened | Failed | Again | None
    stream: http2.Settled | None = None
    """Of a handshake over HTTP/2."""


class Chromium(Usual, Struct, frozen=True):
    """An ``Engine``. Nothing is kept between calls."""

    facts: Facts
    name = "chromium"
    undefined_is_zero = True
    """Of close(): a missing code is read as 0 where there is a reason (dom_websocket.cc, measured)."""

    @property
    def version(self) -> str:
        return self.facts.version

    def construct(self, url: str, page: Page) -> Construction:
        return constructor.construct(url, page, self.facts).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        return request(made, page, key, self.facts)

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """Over HTTP/2 where it has a session to the target, else over HTTP/1.1."""
        return self._ask(made, page, key, "the page opens it", "2" if http2.warm(made.url, page) else "1.1")

    def _ask(
        self,
        made: Construction,
        page: Page,
        key: str,
        why: str,
        over: HttpVersion,
        authorization: str = "",
        refused: int = 0,
    ) -> FollowUp:
        assert made.target is not None
        sent = request(made, page, key, self.facts, authorization)
        asks = http2.asks(made, page, self.facts, authorization, refused) if over == "2" else None
        return FollowUp(made.url, made.target, sent, why, asks)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """One more request with the URL's own credentials after a 401; or again, as HTTP/2 has it."""
        if not readings or self.kept_off(page, readings):
            return None
        made = self.construct(readings[0].exchange.plan.target.url, page)
        steps = self._steps(readings, given(page))
        last, reading = steps[-1], readings[-1]
        answer = self._answered_before(readings, steps, page, key)
        if made.target is None or (last.stream and last.stream.no_session and http2.warm(made.url, page)):
            return None
        if isinstance(last.outcome, Again):
            again = last.outcome
            return self._ask(made, page, key, again.because, again.over, answer, _refused(steps))
        if answer or not (answer := self._credentials(reading, last, page, key)):
            return None
        over: HttpVersion = "1.1" if reading.http2 is None else "2"
        return self._ask(made, page, key, "401, and the URL has credentials", over, answer)

    def _steps(self, readings: Sequence[Reading], protocols: tuple[str, ...]) -> list[Step]:
        steps: list[Step] = []
        for reading in readings:
            steps.append(self._step(reading, protocols, _refused(steps)))
        return steps

    def _answered_before(self, readings: Sequence[Reading], steps: Sequence[Step], page: Page, key: str) -> str:
        """The credentials that went with the last of *readings*: those that answered an earlier 401."""
        earlier = zip(readings[:-1], steps[:-1], strict=True)
        return next((found for r, step in earlier if (found := self._credentials(r, step, page, key))), "")

    def kept_off(self, page: Page, readings: Sequence[Reading]) -> bool:
        """Whether *page* is kept off the address that the first of *readings* has: nothing is sent."""
        found = crossing(page, readings) if self.facts.local_network_access else None
        return found is not None and found.state != "granted"

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = constructor.construct(url, page, self.facts)
        goes = made.construction.target is not None and self.facts.local_network_access
        crosses = crossing(page, readings) if goes else None
        if crosses is not None and crosses.state != "granted":
            readings = before_the_request(readings)
        steps = self._steps(readings, made.construction.protocols)
        through = partial(self._live, made=made.construction, page=page, readings=readings, steps=steps)
        if crosses is not None and crosses.state != "granted":
            through = partial(self._kept_off, made=made.construction, page=page, crosses=crosses)
        asked = [
            r for r, step in zip(readings, steps, strict=True) if not (step.stream and step.stream.unasked)
        ]
        otherwise = http2.otherwise(made.construction.url, page, readings)
        view = live(self, page, made, readings, _call_texts(self), through, handshakes(asked), otherwise)
        return view if crosses is None else replace(view, local_network=sentences(crosses))

    def _kept_off(self, script: WebSocket, made: Construction, page: Page, crosses: Crossing) -> Ending:
        """Run *script*'s WebSocket until the connection stands: no permission, so it is ended there."""
        script.on_early_close = partial(
            complain, url=made.url, failure=self.facts.failures["closed-early"], facts=self.facts
        )
        script.run("created")
        acts = script.do_until(timed_acts(page), crosses.at)
        if script.close_call is not None:
            return _closed_early(script, acts)
        error = self.facts.failures["establishment"].format(error="ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS")
        fail(script, made.url, error, self.facts)
        script.do_all(acts)
        return Ending("failed", "Local Network Access: services/network/local_network_access_checker.cc")

    def _live(
        self,
        script: WebSocket,
        made: Construction,
        page: Page,
        readings: Sequence[Reading],
        steps: Sequence[Step],
    ) -> Ending:
        """Run *script*'s WebSocket through all that happens."""
        acts = timed_acts(page)
        if made.blocked == "csp":
            script.ready_state = CLOSED
            script.run("created")
            script.error()
            script.do_all(acts)
            return Ending("failed", "connect-src forbids it: websocket_common.cc")
        early = self.facts.failures["closed-early"]
        script.on_early_close = partial(complain, url=made.url, failure=early, facts=self.facts)
        script.run("created")
        if script.close_call is not None:
            return _closed_early(script, acts)
        if made.blocked == "bad-port":
            unsafe = self.facts.failures["establishment"].format(error="ERR_UNSAFE_PORT")
            fail(script, made.url, unsafe, self.facts)
            script.do_all(acts)
            return Ending("failed", "the port is blocked: net/base/port_util.cc")
        return self._connected(script, made, page, readings, steps, acts)

    def _connected(
        self,
        script: WebSocket,
        made: Construction,
        page: Page,
        readings: Sequence[Reading],
        steps: Sequence[Step],
        acts: list[Act],
    ) -> Ending:
        cookies: list[str] = []
        races = _RESET_RACE if readings and reset_unasked(readings[-1]) else ""
        before = 0
        answered = False
        for number, (reading, step) in enumerate(zip(readings, steps, strict=True)):
            if step.stream is not None and step.stream.no_session and http2.warm(made.url, page):
                return Ending("unloaded", f"the page itself does not load, {_because(step)}")
            acts = script.do_until(acts, before + step.at)
            if script.close_call is not None:
                return _closed_early(script, acts, races)
            cookies += _cookies(step)
            again = step.outcome.because if isinstance(step.outcome, Again) else ""
            if not again and not answered and self._credentials(reading, step, page, ""):
                again = "401, and the URL has credentials: http_auth_controller.cc"
                answered = True
            if again:
                if number + 1 == len(readings):
                    return Ending("follows", again, tuple(cookies))
                if readings[number + 1].exchange is not reading.exchange:
                    before += end(reading).at
                continue
            if step.outcome is None:
                break
            if isinstance(step.outcome, Failed):
                fail(script, made.url, step.outcome.failure, self.facts)
                script.do_all(acts)
                return Ending("failed", step.outcome.because, tuple(cookies), races)
            assert isinstance(step.outcome, Opened)
            if step.stream is None:
                because = self._opened(script, made.url, reading, step, acts)
            else:
                because = self._stream(script, made.url, reading, step.stream, acts)
            outcome = "closed" if script.ready_state == CLOSED else "open"
            return Ending(outcome, because, tuple(cookies), races)
        because = f"no answer yet: {_STREAM} gives it {self.facts.opening_timeout} s"
        return Ending("connecting", because, tuple(cookies), races)

    def _credentials(self, reading: Reading, step: Step, page: Page, key: str) -> str:
        """The value of Authorization that a 401 is answered with, "" if it is not: cross-site it never is."""
        to = reading.exchange.plan.target
        if not to.userinfo or step.answer is None or step.answer.headers is None:
            return ""
        if not isinstance(step.outcome, Failed) or not step.outcome.unauthorized:
            return ""
        address = parse(to.url)
        if address is None or fetch_site(page, address) == "cross-site":
            return ""
        return authorization(step.answer.headers, to, key)

    def _step(self, reading: Reading, protocols: tuple[str, ...], refused: int) -> Step:
        step = self._settled(reading, protocols, refused)
        limit = self.facts.opening_timeout * SECOND
        if step.at < limit:
            return step
        late = Failed(
            self.facts.failures["timed-out"], f"no answer within {self.facts.opening_timeout} s: {_STREAM}"
        )
        return Step(limit, None, late)

    def _settled(self, reading: Reading, protocols: tuple[str, ...], refused: int) -> Step:
        failed = not_established(reading, self.facts)
        if reading.http2 is not None and failed is None:
            settled = http2.settle(reading, protocols or _asked(reading), refused, self.facts)
            return Step(settled.at, settled.answer, settled.outcome, settled)
        if failed is not None:
            return Step(failed[0], None, failed[1])
        to = reading.exchange.plan.target
        answer = read_answer(
            reading,
            secure=to.secure,
            default_port=to.port == (443 if to.secure else 80),
            max_head=self.facts.max_head,
        )
        if answer.pending:
            return Step(answer.at, answer, None)
        asked = protocols or _asked(reading)
        return Step(answer.at, answer, validate(answer, reading.request.key, asked, self.facts))

    def _opened(self, script: WebSocket, url: str, reading: Reading, step: Step, acts: list[Act]) -> str:
        """From ``open`` to the end of the recording."""
        assert isinstance(step.outcome, Opened)
        assert step.answer is not None
        channel = Channel(script, url, step.outcome.deflate, self.facts)
        script.opened(step.outcome.protocol, step.outcome.extensions)
        glued = [a for a in arrivals(reading, step.answer.body) if a.at <= step.at]
        if not glued:  # else that is read before script gets through (WebSocketChannelImpl::StartReceiving)
            channel.after_script(step.at)
        in_head_buffer = -step.answer.body % _HEAD_BUFFER
        for happening in session(reading, step.answer.body, acts):
            if not isinstance(happening, Act):
                channel.at(happening.at)
            match happening:
                case Arrival(at=at, data=data, start=start):
                    with_head = start == step.answer.body and at <= step.at
                    channel.receive(data, at, at_once=in_head_buffer if with_head else 0)
                case Act():
                    channel.at(happening.after)
                    script.do(happening)
                    channel.after_script(happening.after)
                case OwnClose():
                    if channel.state is State.CONNECTED:
                        return f"{channel.because}; then the recording closes by itself"
                case Ended():
                    if channel.state is not State.CLOSED:
                        _end(channel, happening)
                case _:
                    pass
        return channel.because

    def _stream(
        self, script: WebSocket, url: str, reading: Reading, settled: http2.Settled, acts: list[Act]
    ) -> str:
        """From ``open`` to the end of the recording, over HTTP/2."""
        assert isinstance(settled.outcome, Opened)
        channel = Channel(script, url, settled.outcome.deflate, self.facts)
        script.opened(settled.outcome.protocol, settled.outcome.extensions)
        if not any(turn.at <= settled.at and turn.frame.content for turn in settled.behind):
            channel.after_script(settled.at)
        own = own_close(reading)
        for happening in timeline(
            http2.session(reading, settled), acts, [own] if own is not None else [], [end(reading)]
        ):
            if not isinstance(happening, Act):
                channel.at(happening.at)
            match happening:
                case Arrival(at=at, data=data):
                    channel.receive(data, at)
                case Act():
                    channel.at(happening.after)
                    script.do(happening)
                    channel.after_script(happening.after)
                case OwnClose() if channel.state is State.CONNECTED:
                    return f"{channel.because}; then the recording closes by itself"
                case StreamOver():
                    if channel.state is not State.CLOSED:
                        channel.end(reset=not happening.orderly)
                case Ended():
                    if channel.state is not State.CLOSED:
                        _end(channel, happening)
                case _:
                    pass
        return channel.because


def _refused(steps: Sequence[Step]) -> int:
    """Of these handshakes, those that were refused and made again on the session."""
    return sum(isinstance(step.outcome, Again) and step.outcome.over == "2" for step in steps)


def _asked(reading: Reading) -> tuple[str, ...]:
    return tuple(p.decode("latin-1") for p in reading.request.protocols)


def _end(channel: Channel, ended: Ended) -> None:
    if ended.how in ("fin", "truncated"):
        channel.end(reset=False)
    elif ended.how in ("reset", "error"):
        channel.end(reset=True)
    else:
        channel.run_out()


def _closed_early(script: WebSocket, acts: list[Act], races: str = "") -> Ending:
    """The console has it at once; the events are a task, and come after what script does in one go."""
    failed(script)
    script.do_all(acts)
    return Ending("failed", _CLOSED_EARLY, races=races)


def _call_texts(engine: Chromium) -> CallTexts:
    facts = engine.facts
    return CallTexts(
        close_code=facts.exceptions["close-code"],
        close_reason=facts.exceptions["close-reason"],
        send_connecting=facts.exceptions["send-connecting"],
        undefined_is_zero=engine.undefined_is_zero,
        late_send=facts.console["late-send"],
    )


def _because(step: Step) -> str:
    return step.outcome.because if isinstance(step.outcome, (Failed, Again)) else ""


def _cookies(step: Step) -> list[str]:
    """Only an answer that comes through the handshake stream has its cookies stored: a good 101, and a 401.

    Any does whose head is cut: net/http/http_network_transaction.cc takes it before it is judged (measured).
    """
    if step.answer is None or step.answer.headers is None:
        return []
    cut = step.answer.error == "CONNECTION_CLOSED" and step.answer.headers.status != 407
    if isinstance(step.outcome, Failed) and not step.outcome.unauthorized and not cut:
        return []
    return [value.decode("utf-8", "replace") for value in step.answer.headers.values(b"set-cookie")]
