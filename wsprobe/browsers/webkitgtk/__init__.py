"""The view of WebKitGTK: WebCore's constructor and events on top of libsoup. Other ports of WebKit differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.browsers.engine import Construction, Engine, FollowUp, Made, Page, ScriptView
from wsprobe.browsers.http2 import over_http1_only
from wsprobe.browsers.life import Ending, Handshake, Life, begins, follow, seen
from wsprobe.browsers.network import pending
from wsprobe.browsers.page import given
from wsprobe.browsers.request import target_of
from wsprobe.browsers.script import CLOSED, WebSocket, arrivals, session
from wsprobe.browsers.webkitgtk import constructor
from wsprobe.browsers.webkitgtk.channel import Connection, fail
from wsprobe.browsers.webkitgtk.handshake import COMMON_NAMES, Failed, Opened
from wsprobe.browsers.webkitgtk.redirects import MISDIRECTED, UNAUTHORIZED, Again, Answer, Redirect, answers
from wsprobe.browsers.webkitgtk.request import Facts, request_head
from wsprobe.exchange import Act
from wsprobe.read.frames import masked_messages
from wsprobe.read.reading import Reading
from wsprobe.read.unasked import reset_unasked

_CLOSED_EARLY = "close() while CONNECTING: Source/WebCore/Modules/websockets/WebSocket.cpp"
_WHY = {MISDIRECTED: "421", UNAUTHORIZED: "401, and there are credentials"}
_RESET_RACE = (
    'the console has "Could not connect to ...: Connection reset by peer" '
    "if the reset comes before the request is sent"
)
_NEVER_HTTP2 = (
    "WebKitGTK never uses HTTP/2 for WebSockets (256 of 256 measured handshakes): it uses HTTP/1.1, on a new "
    "connection"
)
_Step = tuple[Reading, Answer]
_PENDING = "no answer yet, and libsoup has no limit"


class WebKitGtk(Engine):
    """An ``Engine``, always over HTTP/1.1 (measured; libsoup requests a connection of its own)."""

    facts: Facts
    name = "webkitgtk"
    common_names = COMMON_NAMES
    oldest_tls = "1.0"
    """The GnuTLS of WebKitGTK still supports TLS 1.0 (measured)."""

    def make(self, url: str, page: Page) -> Made:
        return constructor.construct(url, page, self.facts)

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        to = target_of(made)
        return request_head(to, to, made.protocols, page, key, self.facts)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The next request: after a redirect; the same again after a 421, or after a 401 if the URL has
        credentials; None after anything else."""
        if not readings:
            return None
        readings = over_http1_only(readings)
        if not readings:  # what there is was over HTTP/2, which it never speaks
            return None
        steps = answers(readings, given(page), self.facts)
        last = steps[-1]
        first = readings[0].exchange.plan.target
        match last.outcome:
            case Redirect(target=to):
                authorization = ""
            case Again():
                to = readings[-1].exchange.plan.target
                given_before = (
                    s.outcome.authorization for s in reversed(steps) if isinstance(s.outcome, Again)
                )
                authorization = next(filter(None, given_before), "")
            case _:
                return None
        return FollowUp(to, request_head(first, to, given(page), page, key, self.facts, authorization))

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        asked = over_http1_only(readings)
        life: Life[_Step] | Ending = _Life(self, made, page, asked)
        if readings and not asked:
            life = Ending("follows", made.because or _NEVER_HTTP2)
        return seen(self, page, made, asked, life)


ENGINE = WebKitGtk


class _Life(Life[_Step]):
    """The life of one WebSocket in WebKitGTK."""

    engine: WebKitGtk

    def begin(self, script: WebSocket) -> None:
        if self.readings and reset_unasked(self.readings[-1]):
            self.races = _RESET_RACE
        if self.made.blocked == "mixed-content":
            failure = self.engine.facts.failures["closed-early"]
            line = self.engine.facts.console["failed-unmade"].format(failure=failure)
            script.on_early_close = lambda script: script.console.append(line)

    def blocked(self, script: WebSocket) -> Ending | None:
        if not self.made.blocked:
            return None
        script.error(script.ready_state)
        script.ready_state = CLOSED
        return Ending("failed", self.because)

    def closed_early(self, script: WebSocket) -> Ending:
        """Fail the socket (WebSocketChannel::fail). The events are tasks, so they come after the script's
        current code."""
        fail(script, self.url, self.engine.facts.failures["closed-early"], self.engine.facts)
        return Ending("failed", _CLOSED_EARLY)

    def handshakes(self) -> Iterator[Handshake[_Step]]:
        steps = answers(self.readings, given(self.page), self.engine.facts)
        for reading, before, answer in zip(self.readings, begins(self.readings), steps, strict=False):
            again = ""
            if isinstance(answer.outcome, Redirect):
                again = f"a redirect to {answer.outcome.url}: libsoup/soup-session.c"
            elif isinstance(answer.outcome, Again):
                again = f"{_WHY[answer.outcome.status]}: the request is sent again: libsoup/soup-session.c"
            yield Handshake(before + answer.at, (reading, answer), _cookies(answer), again)

    def answered(self, script: WebSocket, step: _Step, acts: list[Act]) -> Ending | None:
        reading, answer = step
        if isinstance(answer.outcome, Failed):
            fail(script, self.url, answer.outcome.failure, self.engine.facts)
            script.do_all(acts)
            return Ending("failed", answer.outcome.because)
        if not isinstance(answer.outcome, Opened):
            return None
        bits = answer.outcome.extensions.server_bits
        masked = masked_messages(reading)
        end_seen = answer.end_seen
        connection = Connection(script, self.url, bits, self.engine.facts, end_seen=end_seen, masked=masked)
        script.opened(answer.outcome.protocol, answer.outcome.extensions.text)
        if not any(a.at <= answer.at for a in arrivals(reading, answer.body)):
            connection.called(answer.at)  # else what came with the head is read before that gets through
        return follow(connection, script, session(reading, answer.body, acts))

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        """Run the acts of the script that come before the answer."""
        for act in acts:
            if not script.close_called:
                script.do(act)
        because = pending(self.readings, COMMON_NAMES) or _PENDING
        return Ending("connecting", because) if not script.close_called else self.closed_early(script)


def _cookies(step: Answer) -> tuple[str, ...]:
    """The cookies that *step* sets: the jar reads every head that decides, whatever its status
    (libsoup/cookies/soup-cookie-jar.c)."""
    if step.fields is None:
        return ()
    return tuple(value.decode("utf-8", "replace") for value in step.fields.values(b"set-cookie"))
