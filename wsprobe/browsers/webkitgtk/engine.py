"""WebKitGTK: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wsprobe.browsers.engine import Construction, FollowUp
from wsprobe.browsers.page.subprotocols import given
from wsprobe.browsers.script.hidden import hidden
from wsprobe.browsers.script.timeline import (
    Arrival,
    Happening,
    OwnClose,
    arrivals,
    end,
    own_close,
    reset_unasked,
    timed_acts,
    timeline,
)
from wsprobe.browsers.script.websocket import CLOSED, CONNECTING, CallTexts, WebSocket
from wsprobe.browsers.view import Page, ScriptView
from wsprobe.browsers.webkitgtk import constructor
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.request import request
from wsprobe.browsers.webkitgtk.soup.connection import Connection, fail
from wsprobe.browsers.webkitgtk.soup.handshake import Failed, Opened
from wsprobe.browsers.webkitgtk.soup.message import MISDIRECTED, UNAUTHORIZED, Again, Answer
from wsprobe.browsers.webkitgtk.soup.redirect import Redirect
from wsprobe.browsers.webkitgtk.soup.session import answers
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

_CLOSED_EARLY = "close() while CONNECTING: Source/WebCore/Modules/websockets/WebSocket.cpp"
_WHY = {MISDIRECTED: "421", UNAUTHORIZED: "401, and the URL has credentials"}
_RESET_RACE = (
    'the console says "Could not connect to ...: Connection reset by peer" '
    "where the reset is seen before the request is sent"
)
_PENDING = "no answer yet, and libsoup sets itself no limit"


@dataclass(frozen=True, slots=True)
class WebKitGtk:
    """An ``Engine``. Nothing is kept between calls."""

    facts: Facts
    name: str = field(default="webkitgtk", init=False)
    oldest_tls: str = field(default="1.0", init=False)
    """GnuTLS, as WebKitGTK uses it, still speaks TLS 1.0 (measured)."""

    @property
    def version(self) -> str:
        return self.facts.version

    def construct(self, url: str, page: Page) -> Construction:
        return constructor.construct(url, page, self.facts).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        if made.target is None:
            raise ValueError("nothing is connected to: there is no request")
        return request(made.target, made.target, made.protocols, page, key, self.facts)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The next hop of a redirect, or the same again: after a 421, or a 401 if the URL has credentials."""
        if not readings:
            return None
        steps = answers(readings, given(page), self.facts)
        last = steps[-1]
        first = readings[0].exchange.plan.target
        match last.outcome:
            case Redirect(url=url, target=to):
                why, authorization = "redirect", ""
            case Again():
                to = readings[-1].exchange.plan.target
                url, why = to.url, _WHY[last.outcome.status]
                given_before = (
                    s.outcome.authorization for s in reversed(steps) if isinstance(s.outcome, Again)
                )
                authorization = next(filter(None, given_before), "")
            case _:
                return None
        return FollowUp(url, to, request(first, to, given(page), page, key, self.facts, authorization), why)

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = constructor.construct(url, page, self.facts)
        if made.construction.exception is not None:
            return self._seen(page, None, made, None, (), "threw", made.because)
        script = WebSocket(page.acts, _call_texts(self.facts))
        script.console += made.console
        cookies: list[str] = []
        outcome, because = self._live(script, made, page, readings, cookies)
        reading = readings[-1] if readings else None
        return self._seen(page, script, made, reading, tuple(cookies), outcome, because)

    def _live(
        self,
        script: WebSocket,
        made: constructor.Made,
        page: Page,
        readings: Sequence[Reading],
        cookies: list[str],
    ) -> tuple[str, str]:
        """Run *script*'s WebSocket through all that happens: (outcome, because)."""
        acts = timed_acts(page)
        url = made.construction.url
        script.run("created")
        if made.construction.blocked:
            script.error(script.ready_state)
            script.ready_state = CLOSED
            _run(script, acts)
            return "failed", made.because
        if script.close_call is not None:
            return self._closed_early(script, url, acts)
        before = 0
        steps = answers(readings, given(page), self.facts)
        for number, step in enumerate(steps):
            acts = _act_until(script, acts, before + step.at)
            if script.close_call is not None:
                return self._closed_early(script, url, acts)
            cookies += _cookies(step)
            match step.outcome:
                case None:
                    break
                case Failed(failure=failure, because=because):
                    fail(script, url, failure, self.facts)
                    _run(script, acts)
                    return "failed", because
                case Opened():
                    because = self._opened(script, url, readings[number], step, step.outcome, acts)
                    return "closed" if script.ready_state == CLOSED else "open", because
                case Redirect(url=to):
                    because = f"it is redirected to {to}: libsoup/soup-session.c"
                case Again(status=status):
                    because = f"{_WHY[status]}: it asks again: libsoup/soup-session.c"
            if number + 1 == len(steps):
                return "follows", because
            before += end(readings[number]).at
        for act in acts:
            if script.close_call is None:
                script.do(act)
        if script.close_call is not None:
            return self._closed_early(script, url, [])
        return "connecting", _PENDING

    def _closed_early(self, script: WebSocket, url: str, acts: list[Act]) -> tuple[str, str]:
        """WebSocketChannel::fail: the events are tasks, and come after what script does in one go."""
        fail(script, url, self.facts.failures["closed-early"], self.facts)
        _run(script, acts)
        return "failed", _CLOSED_EARLY

    def _opened(
        self, script: WebSocket, url: str, reading: Reading, step: Answer, opened: Opened, acts: list[Act]
    ) -> str:
        """From ``open`` to the end of the recording."""
        connection = Connection(script, url, opened.extensions.server_bits, self.facts)
        script.opened(opened.protocol, opened.extensions.text)
        connection.after_script(step.at)
        mine = own_close(reading)
        happenings: list[list[Happening]] = [
            list(arrivals(reading, step.body)),
            list(acts),
            [mine] if mine is not None else [],
            [end(reading)],
        ]
        for happening in timeline(*happenings):
            if isinstance(happening, Act):
                connection.at(happening.after)
                script.do(happening)
                connection.after_script(happening.after)
                continue
            if not isinstance(happening, Arrival):
                connection.at(happening.at)
            match happening:
                case Arrival(at=at, data=data):
                    connection.receive(data, at)
                    connection.after_script(at)
                case OwnClose():
                    if not connection.closing and not connection.done:
                        return f"{connection.because}; then the recording closes by itself"
                case Ended():
                    self._end(connection, happening, end_seen=step.end_seen)
                case _:
                    pass
        return connection.because

    def _end(self, connection: Connection, ended: Ended, *, end_seen: bool) -> None:
        if ended.how == "truncated" and end_seen:
            connection.unreadable(self.facts.failures["read-after-end"], "reading goes on after the end")
        elif ended.how in ("fin", "truncated"):
            connection.end()
        elif ended.how in ("reset", "error"):
            failure = self.facts.failures["receive"].format(error="Connection reset by peer")
            connection.unreadable(failure, "the connection was reset")
        else:
            connection.run_out()

    def _seen(
        self,
        page: Page,
        script: WebSocket | None,
        made: constructor.Made,
        reading: Reading | None,
        cookies: tuple[str, ...],
        outcome: str,
        because: str,
    ) -> ScriptView:
        events = tuple(script.events) if script is not None else ()
        return ScriptView(
            browser=self.name,
            version=self.version,
            page=page.url,
            url=made.construction.url,
            exception=made.construction.exception,
            events=events,
            ready_state=script.ready_state if script is not None else CONNECTING,
            console=tuple(script.console) if script is not None else made.console,
            hidden=hidden(reading, events) if reading is not None else (),
            outcome=outcome,
            because=because,
            races=_RESET_RACE if reading is not None and reset_unasked(reading) else "",
            cookies=cookies,
        )


def _run(script: WebSocket, acts: list[Act]) -> None:
    for act in acts:
        script.do(act)


def _act_until(script: WebSocket, acts: list[Act], at: int) -> list[Act]:
    """Do what is due while CONNECTING, up to a close(); return the rest."""
    for number, act in enumerate(acts):
        if act.after > at or script.close_call is not None:
            return acts[number:]
        script.do(act)
    return []


def _call_texts(facts: Facts) -> CallTexts:
    return CallTexts(
        close_code=facts.exceptions["access"],
        close_reason=facts.exceptions["syntax"],
        send_connecting=facts.exceptions["state"],
        long_reason=facts.console["close-reason"],
    )


def _cookies(step: Answer) -> list[str]:
    """The jar looks at every head that decides, whatever its status (libsoup/cookies/soup-cookie-jar.c)."""
    if step.fields is None:
        return []
    return [value.decode("utf-8", "replace") for value in step.fields.values(b"set-cookie")]
