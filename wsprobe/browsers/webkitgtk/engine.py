"""WebKitGTK: constructor, request, follow-ups and what script sees, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page, ScriptView, Usual, over_http1
from wsprobe.browsers.http2 import handshakes, over_http1_only
from wsprobe.browsers.network import reset_unasked
from wsprobe.browsers.page import given
from wsprobe.browsers.script import (
    CLOSED,
    Arrival,
    CallTexts,
    Ending,
    OwnClose,
    WebSocket,
    arrivals,
    end,
    live,
    session,
    timed_acts,
)
from wsprobe.browsers.webkitgtk import constructor
from wsprobe.browsers.webkitgtk.connection import Connection, fail
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.handshake import Failed, Opened
from wsprobe.browsers.webkitgtk.request import request
from wsprobe.browsers.webkitgtk.session import MISDIRECTED, UNAUTHORIZED, Again, Answer, Redirect, answers
from wsprobe.exchange import Act, Ended
from wsprobe.read.reading import Reading

_CLOSED_EARLY = "close() while CONNECTING: Source/WebCore/Modules/websockets/WebSocket.cpp"
_WHY = {MISDIRECTED: "421", UNAUTHORIZED: "401, and there is an answer to it"}
_RESET_RACE = (
    'the console says "Could not connect to ...: Connection reset by peer" '
    "where the reset is seen before the request is sent"
)
_NEVER_HTTP2 = (
    "WebKitGTK never asks over HTTP/2 (256 of 256 handshakes, measured): its own is over HTTP/1.1, on a new "
    "connection"
)
_PENDING = "no answer yet, and libsoup sets itself no limit"
_RESET = ("reset", "error")
"""Ends at which reading fails."""


class WebKitGtk(Usual, Struct, frozen=True):
    """An ``Engine``. Nothing is kept between calls."""

    facts: Facts
    name = "webkitgtk"
    oldest_tls = "1.0"
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

    def first(self, made: Construction, page: Page, key: str) -> FollowUp:
        """Over HTTP/1.1, always (measured; libsoup asks for a connection of its own)."""
        return over_http1(self, made, page, key)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The next hop of a redirect, or the same again: after a 421, or a 401 if the URL has credentials."""
        if not readings:
            return None
        readings = over_http1_only(readings)
        if not readings:  # what there is was over HTTP/2, which it never speaks
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
        given_none = not readings
        readings = over_http1_only(readings)
        if not readings and not given_none:
            through = partial(self._elsewhere, made=made)
        else:
            through = partial(self._live, made=made, page=page, readings=readings)
        return live(self, page, made, readings, _call_texts(self.facts), through, handshakes(readings))

    def _elsewhere(self, script: WebSocket, made: Made) -> Ending:
        """All that was recorded was over HTTP/2."""
        return Ending("follows", made.because or _NEVER_HTTP2)

    def _live(self, script: WebSocket, made: Made, page: Page, readings: Sequence[Reading]) -> Ending:
        """Run *script*'s WebSocket through all that happens."""
        acts = timed_acts(page)
        url = made.construction.url
        if made.construction.blocked == "mixed-content":
            line = self.facts.console["failed-unmade"].format(failure=self.facts.failures["closed-early"])
            script.on_early_close = lambda script: script.console.append(line)
        script.run("created")
        if made.construction.blocked:
            script.error(script.ready_state)
            script.ready_state = CLOSED
            script.do_all(acts)
            return Ending("failed", made.because)
        if script.close_call is not None:
            return self._closed_early(script, url, acts)
        cookies: list[str] = []
        races = _RESET_RACE if readings and reset_unasked(readings[-1]) else ""
        before = 0
        steps = answers(readings, given(page), self.facts)
        for number, step in enumerate(steps):
            acts = script.do_until(acts, before + step.at)
            if script.close_call is not None:
                return self._closed_early(script, url, acts, cookies, races)
            cookies += _cookies(step)
            match step.outcome:
                case None:
                    break
                case Failed(failure=failure, because=because):
                    fail(script, url, failure, self.facts)
                    script.do_all(acts)
                    return Ending("failed", because, tuple(cookies), races)
                case Opened():
                    because, meanwhile = self._opened(script, url, readings[number], step, step.outcome, acts)
                    outcome = "closed" if script.ready_state == CLOSED else "open"
                    return Ending(outcome, because, tuple(cookies), races or meanwhile)
                case Redirect(url=to):
                    because = f"it is redirected to {to}: libsoup/soup-session.c"
                case Again(status=status):
                    because = f"{_WHY[status]}: it asks again: libsoup/soup-session.c"
            if number + 1 == len(steps):
                return Ending("follows", because, tuple(cookies), races)
            before += end(readings[number]).at
        for act in acts:
            if script.close_call is None:
                script.do(act)
        if script.close_call is not None:
            return self._closed_early(script, url, [], cookies, races)
        return Ending("connecting", _PENDING, tuple(cookies), races)

    def _closed_early(
        self, script: WebSocket, url: str, acts: list[Act], cookies: Sequence[str] = (), races: str = ""
    ) -> Ending:
        """WebSocketChannel::fail: the events are tasks, and come after what script does in one go."""
        fail(script, url, self.facts.failures["closed-early"], self.facts)
        script.do_all(acts)
        return Ending("failed", _CLOSED_EARLY, tuple(cookies), races)

    def _opened(
        self, script: WebSocket, url: str, reading: Reading, step: Answer, opened: Opened, acts: list[Act]
    ) -> tuple[str, str]:
        """From ``open`` to the end of the recording: (because, races)."""
        connection = Connection(script, url, opened.extensions.server_bits, self.facts)
        script.opened(opened.protocol, opened.extensions.text)
        if not any(a.at <= step.at for a in arrivals(reading, step.body)):
            connection.after_script(step.at)  # else what came with the head is read before that gets through
        for happening in session(reading, step.body, acts):
            if isinstance(happening, Act):
                connection.at(happening.after)
                script.do(happening)
                connection.after_script(happening.after)
                continue
            if not isinstance(happening, Arrival):
                connection.at(happening.at, reset=isinstance(happening, Ended) and happening.how in _RESET)
            match happening:
                case Arrival(at=at, data=data):
                    connection.receive(data, at)
                    connection.after_script(at)
                case OwnClose():
                    if not connection.closing and not connection.done:
                        return f"{connection.because}; then the recording closes by itself", ""
                case Ended():
                    self._end(connection, happening, end_seen=step.end_seen)
                case _:
                    pass
        return connection.because, connection.races

    def _end(self, connection: Connection, ended: Ended, *, end_seen: bool) -> None:
        if ended.how == "truncated" and end_seen:
            connection.unreadable(self.facts.failures["read-after-end"], "reading goes on after the end")
        elif ended.how in ("fin", "truncated"):
            connection.end()
        elif ended.how in _RESET:
            failure = self.facts.failures["receive"].format(error="Connection reset by peer")
            connection.unreadable(failure, "the connection was reset")
        else:
            connection.run_out()


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
