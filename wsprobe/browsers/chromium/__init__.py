"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from wsprobe.browsers.chromium import constructor, http2
from wsprobe.browsers.chromium.channel import Channel, complain, fail
from wsprobe.browsers.chromium.handshake import Failed, Opened, not_established, validate
from wsprobe.browsers.chromium.http import read_answer
from wsprobe.browsers.chromium.http2 import Settled
from wsprobe.browsers.chromium.request import Facts, authorization
from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView
from wsprobe.browsers.http2 import Again, Step
from wsprobe.browsers.life import Ending, Handshake, Life, begins, follow, seen
from wsprobe.browsers.local_network import before_the_request, crossing
from wsprobe.browsers.local_network import chromium as sentences
from wsprobe.browsers.page import fetch_site, given
from wsprobe.browsers.request import Requesting, accept_encoding, offered, target_of
from wsprobe.browsers.script import CLOSED, WebSocket, arrivals, end, in_order, session
from wsprobe.browsers.url import parse
from wsprobe.exchange import SECOND, Act
from wsprobe.read.frames import masked_messages
from wsprobe.read.reading import Reading
from wsprobe.read.unasked import reset_unasked

_HEAD_BUFFER = 4096
"""Bytes by which the head buffer grows. Bytes in the buffer after the head are read as frames in one go."""

_STREAM = "net/websockets/websocket_stream.cc"
_CLOSED_EARLY = "close() while CONNECTING: third_party/blink/renderer/modules/websockets/websocket_common.cc"
_RESET_RACE = (
    'the console has "Error in connection establishment" if the reset comes before the request is written, '
    'otherwise "Error during WebSocket handshake"'
)


class Chromium(Requesting):
    facts: Facts
    name = "chromium"
    undefined_is_zero = True
    """True: close() reads a missing code as 0 if there is a reason (dom_websocket.cc, measured)."""

    def make(self, url: str, page: Page) -> Made:
        return constructor.construct(url, page, self.facts)

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        return {**super().values(made, page), "accept_encoding": accept_encoding(target_of(made), self.facts)}

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """The first handshake: over HTTP/2 if Chromium has a session to the target, else over HTTP/1.1."""
        return self.ask(made, page, key, "2" if http2.warm(made.url, page) else "1.1")

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The next handshake: with the credentials of the URL after a 401, or a repetition after an error of
        HTTP/2; None without one."""
        if not readings or self.kept_off(page, readings):
            return None
        made = self.construct(readings[0].exchange.plan.target.url, page)
        steps = self._steps(readings, given(page))
        last, reading = steps[-1], readings[-1]
        answer = next((found for step in steps[:-1] if (found := self.credentials(step, page, key))), "")
        if made.target is None or (last.no_session and http2.warm(made.url, page)):
            return None
        if isinstance(last.outcome, Again):
            again = last.outcome
            return self.ask(made, page, key, again.over, answer, _refused(steps))
        if answer or not (answer := self.credentials(last, page, key)):
            return None
        return self.ask(made, page, key, "1.1" if reading.http2 is None else "2", answer)

    def _steps(self, readings: Sequence[Reading], protocols: tuple[str, ...]) -> list[Settled]:
        steps: list[Settled] = []
        for reading in readings:
            steps.append(self._step(reading, protocols, _refused(steps)))
        return steps

    def kept_off(self, page: Page, readings: Sequence[Reading]) -> bool:
        """True if Local Network Access blocks *page* from the address of the first of *readings*, before a byte
        of the request is sent."""
        found = crossing(page, readings) if self.facts.local_network_access else None
        return found is not None and found.state != "granted"

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        goes = made.construction.target is not None and self.facts.local_network_access
        crosses = crossing(page, readings) if goes else None
        kept_off = crosses is not None and crosses.state != "granted"
        if kept_off:
            readings = before_the_request(readings[0].exchange)
        steps = self._steps(readings, made.construction.protocols)
        asked = [step.reading for step in steps if not step.unasked]
        if crosses is not None and kept_off:
            steps = [self._kept_off(readings[0], crosses.at)]
        life = _Life(self, made, page, readings, steps)
        if readings and reset_unasked(readings[-1]) and not kept_off:
            life.races = _RESET_RACE
        otherwise = http2.otherwise(made.construction.url, page, readings)
        view = seen(self, page, made, readings, life, asked, otherwise)
        return view if crosses is None else replace(view, local_network=sentences(crosses))

    def _kept_off(self, reading: Reading, at: int) -> Settled:
        """The result if the connection is made, but the page has no permission for it: Chromium ends it."""
        error = self.facts.failures["establishment"].format(error="ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS")
        because = "Local Network Access: services/network/local_network_access_checker.cc"
        return Step(reading, at, Failed(error, because))

    def credentials(self, step: Settled, page: Page, key: str) -> str:
        """The value of Authorization that answers a 401, "" if none does. Cross-site, none ever does."""
        to = step.reading.exchange.plan.target
        if not to.userinfo or step.answer is None or step.answer.headers is None:
            return ""
        if not isinstance(step.outcome, Failed) or not step.outcome.unauthorized:
            return ""
        address = parse(to.url)
        if address is None or fetch_site(page, address) == "cross-site":
            return ""
        return authorization(step.answer.headers, to, key)

    def _step(self, reading: Reading, protocols: tuple[str, ...], refused: int) -> Settled:
        step = self._settled(reading, protocols, refused)
        limit = self.facts.opening_timeout * SECOND
        if step.at < limit:
            return step
        late = Failed(
            self.facts.failures["timed-out"], f"no answer within {self.facts.opening_timeout} s: {_STREAM}"
        )
        return Step(reading, limit, late)

    def _settled(self, reading: Reading, protocols: tuple[str, ...], refused: int) -> Settled:
        failed = not_established(reading, self.facts)
        if reading.http2 is not None and failed is None:
            return http2.settle(reading, offered(reading, protocols), refused, self.facts)
        if failed is not None:
            return Step(reading, *failed)
        to = reading.exchange.plan.target
        answer = read_answer(
            reading,
            secure=to.secure,
            default_port=to.port == (443 if to.secure else 80),
            max_head=self.facts.max_head,
        )
        if answer.pending:
            return Step(reading, answer.at, None)
        outcome = validate(answer, reading.request.key, offered(reading, protocols), self.facts)
        return Step(reading, answer.at, outcome, answer)


ENGINE = Chromium


class _Life(Life[Settled]):
    """The life of one WebSocket in Chromium."""

    engine: Chromium

    def begin(self, script: WebSocket) -> None:
        if self.made.blocked == "csp":
            script.ready_state = CLOSED
            return
        early = self.engine.facts.failures["closed-early"]
        script.on_early_close = partial(complain, url=self.made.url, failure=early, facts=self.engine.facts)

    def blocked(self, script: WebSocket) -> Ending | None:
        if self.made.blocked == "csp":
            script.error()
            return Ending("failed", "connect-src forbids it: websocket_common.cc")
        if self.made.blocked == "bad-port" and not script.close_called:
            unsafe = self.engine.facts.failures["establishment"].format(error="ERR_UNSAFE_PORT")
            fail(script, self.made.url, unsafe, self.engine.facts)
            return Ending("failed", "the port is blocked: net/base/port_util.cc")
        return None

    def closed_early(self, script: WebSocket) -> Ending:
        """The console line comes at once. The events are a task, so they come after the running script."""
        script.failed()
        return Ending("failed", _CLOSED_EARLY)

    def handshakes(self) -> Iterator[Handshake[Settled]]:
        answered = False
        for step, before in zip(self.steps, begins(self.readings), strict=True):
            if step.no_session and http2.warm(self.made.url, self.page):
                unloaded = Ending("unloaded", f"the page itself does not load, {step.because}")
                yield Handshake(before + step.at, step, instead=unloaded)
            again = step.outcome.because if isinstance(step.outcome, Again) else ""
            if not again and not answered and self.engine.credentials(step, self.page, ""):
                again = "401, and the URL has credentials: http_auth_controller.cc"
                answered = True
            yield Handshake(before + step.at, step, _cookies(step), again)

    def answered(self, script: WebSocket, step: Settled, acts: list[Act]) -> Ending | None:
        if isinstance(step.outcome, Failed):
            fail(script, self.made.url, step.outcome.failure, self.engine.facts)
            script.do_all(acts)
            return Ending("failed", step.outcome.because)
        if not isinstance(step.outcome, Opened):
            return None
        opened, reading = step.outcome, step.reading
        script.opened(opened.protocol, opened.extensions)
        if reading.http2 is not None:
            at_once = 0
            glued = any(turn.at <= step.at and turn.frame.content for turn in step.behind)
            happenings = in_order(reading, http2.session(step), acts, end(reading))
        else:
            assert step.answer is not None
            at_once = -step.answer.body % _HEAD_BUFFER
            glued = any(a.at <= step.at for a in arrivals(reading, step.answer.body))
            happenings = session(reading, step.answer.body, acts)
        at_once, masked = at_once if glued else 0, masked_messages(reading)
        channel = Channel(script, self.url, opened.deflate, self.engine.facts, at_once, masked)
        if not glued:  # else Chromium reads first, then hears the script (WebSocketChannelImpl::StartReceiving)
            channel.called(step.at)
        return follow(channel, script, happenings)

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        return Ending("connecting", f"no answer yet (limit {self.engine.facts.opening_timeout} s): {_STREAM}")


def _refused(steps: Sequence[Settled]) -> int:
    """How many of these handshakes were refused and repeated on the session."""
    return sum(isinstance(step.outcome, Again) and step.outcome.over == "2" for step in steps)


def _cookies(step: Settled) -> tuple[str, ...]:
    """The Set-Cookie values that Chromium stores: those of a valid 101 and of a 401.

    It also stores those of any answer whose head is cut, because net/http/http_network_transaction.cc accepts
    that answer before the handshake is checked (measured).
    """
    if step.answer is None or step.answer.headers is None:
        return ()
    cut = step.answer.error == "CONNECTION_CLOSED" and step.answer.headers.status != 407
    if isinstance(step.outcome, Failed) and not step.outcome.unauthorized and not cut:
        return ()
    return tuple(value.decode("utf-8", "replace") for value in step.answer.headers.values(b"set-cookie"))
