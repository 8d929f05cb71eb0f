"""Chromium: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from wsprobe.browsers.chromium import constructor
from wsprobe.browsers.chromium.channel import Channel, State, complain, fail, failed
from wsprobe.browsers.chromium.establish import not_established
from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.handshake import Failed, Opened, judge
from wsprobe.browsers.chromium.http import Answer, read_answer
from wsprobe.browsers.chromium.request import authorization, request
from wsprobe.browsers.engine import Construction, FollowUp, Page, ScriptView
from wsprobe.browsers.network import reset_unasked
from wsprobe.browsers.page import fetch_site, given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    OwnClose,
    Told,
    WebSocket,
    arrivals,
    end,
    live,
    session,
    timed_acts,
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
    outcome: Opened | Failed | None


class Chromium(Struct, frozen=True):
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

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """One more request with the URL's own credentials after a 401."""
        if len(readings) != 1:
            return None
        answer = self._credentials(readings[0], self._step(readings[0], given(page)), page, key)
        if not answer:
            return None
        made = self.construct(readings[0].exchange.plan.target.url, page)
        if made.target is None:
            return None
        sent = request(made, page, key, self.facts, answer)
        return FollowUp(made.url, made.target, sent, "401, and the URL has credentials")

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = constructor.construct(url, page, self.facts)
        through = partial(self._live, made=made.construction, page=page, readings=readings)
        return live(self, page, made, readings, _call_texts(self), through)

    def _live(self, script: WebSocket, made: Construction, page: Page, readings: Sequence[Reading]) -> Told:
        """Run *script*'s WebSocket through all that happens."""
        acts = timed_acts(page)
        if made.blocked == "csp":
            script.ready_state = CLOSED
            script.run("created")
            script.error()
            script.do_all(acts)
            return Told("failed", "connect-src forbids it: websocket_common.cc")
        early = self.facts.failures["closed-early"]
        script.on_early_close = partial(complain, script, made.url, early, self.facts)
        script.run("created")
        if script.close_call is not None:
            return _closed_early(script, acts)
        if made.blocked == "bad-port":
            unsafe = self.facts.failures["establishment"].format(error="ERR_UNSAFE_PORT")
            fail(script, made.url, unsafe, self.facts)
            script.do_all(acts)
            return Told("failed", "the port is blocked: net/base/port_util.cc")
        return self._connected(script, made, page, readings, acts)

    def _connected(
        self, script: WebSocket, made: Construction, page: Page, readings: Sequence[Reading], acts: list[Act]
    ) -> Told:
        cookies: list[str] = []
        races = _RESET_RACE if readings and reset_unasked(readings[-1]) else ""
        before = 0
        for number, reading in enumerate(readings):
            step = self._step(reading, made.protocols)
            acts = script.do_until(acts, before + step.at)
            if script.close_call is not None:
                return _closed_early(script, acts, races)
            cookies += _cookies(step)
            if number == 0 and self._credentials(reading, step, page, ""):
                if len(readings) == 1:
                    why = "401, and the URL has credentials: http_auth_controller.cc"
                    return Told("follows", why, tuple(cookies))
                before += end(reading).at
                continue
            if step.outcome is None:
                break
            if isinstance(step.outcome, Failed):
                fail(script, made.url, step.outcome.failure, self.facts)
                script.do_all(acts)
                return Told("failed", step.outcome.because, tuple(cookies), races)
            because = self._opened(script, made.url, reading, step, acts)
            outcome = "closed" if script.ready_state == CLOSED else "open"
            return Told(outcome, because, tuple(cookies), races)
        because = f"no answer yet: {_STREAM} gives it {self.facts.opening_timeout} s"
        return Told("connecting", because, tuple(cookies), races)

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

    def _step(self, reading: Reading, protocols: tuple[str, ...]) -> Step:
        step = self._settled(reading, protocols)
        limit = self.facts.opening_timeout * SECOND
        if step.at < limit:
            return step
        late = Failed(
            self.facts.failures["timed-out"], f"no answer within {self.facts.opening_timeout} s: {_STREAM}"
        )
        return Step(limit, None, late)

    def _settled(self, reading: Reading, protocols: tuple[str, ...]) -> Step:
        failed = not_established(reading, self.facts)
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
        asked = protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
        return Step(answer.at, answer, judge(answer, reading.request.key, asked, self.facts))

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


def _end(channel: Channel, ended: Ended) -> None:
    if ended.how in ("fin", "truncated"):
        channel.end(reset=False)
    elif ended.how in ("reset", "error"):
        channel.end(reset=True)
    else:
        channel.run_out()


def _closed_early(script: WebSocket, acts: list[Act], races: str = "") -> Told:
    """The console has it at once; the events are a task, and come after what script does in one go."""
    failed(script)
    script.do_all(acts)
    return Told("failed", _CLOSED_EARLY, races=races)


def _call_texts(engine: Chromium) -> CallTexts:
    facts = engine.facts
    return CallTexts(
        close_code=facts.exceptions["close-code"],
        close_reason=facts.exceptions["close-reason"],
        send_connecting=facts.exceptions["send-connecting"],
        undefined_is_zero=engine.undefined_is_zero,
        late_send=facts.console["late-send"],
    )


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
