"""An ``Engine`` that is a specification: what a browser would show that did what the text says, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.browsers.engine import Construction, FollowUp
from wsprobe.browsers.page.address import page_origin
from wsprobe.browsers.script.hidden import hidden
from wsprobe.browsers.script.timeline import end, timed_acts
from wsprobe.browsers.script.websocket import CLOSED, CLOSING, CONNECTING, CallTexts, WebSocket
from wsprobe.browsers.standard.construct import Made, construct
from wsprobe.browsers.standard.handshake import Failed, judge
from wsprobe.browsers.standard.letter import Letter
from wsprobe.browsers.standard.session import Session
from wsprobe.browsers.view import DomEvent, Page, ScriptView
from wsprobe.exchange import Act
from wsprobe.read.reading import Reading, Response
from wsprobe.target import host_header
from wsprobe.value import dataclass

STILL_WAITING = ("timeout", "local", "limit", "interrupted")
"""Ends of our own making: the server might have gone on."""


@dataclass(frozen=True, slots=True)
class Standard:
    letter: Letter

    @property
    def name(self) -> str:
        return self.letter.name

    @property
    def version(self) -> str:
        return self.letter.version

    def construct(self, url: str, page: Page) -> Construction:
        return construct(url, page, self.letter).construction

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        """The fields that the text names, in its order; where it leaves a value to the browser, none."""
        if made.target is None:
            raise ValueError("nothing is connected to: there is no request")
        fields = [
            ("Host", host_header(made.target)),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", ", ".join(made.protocols)),
            ("Sec-WebSocket-Extensions", self.letter.offer),
            ("Origin", page_origin(page.url)),
            ("Pragma", "no-cache" if self.letter.fetch else ""),
            ("Cache-Control", "no-cache" if self.letter.fetch else ""),
            ("User-Agent", page.user_agent),
            ("Cookie", page.cookies),
        ]
        lines = [f"GET {made.target.resource} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields if value]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """Nothing: redirects are errors, and credentials would need a person to be asked."""
        return None

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = construct(url, page, self.letter)
        if made.construction.exception is not None:
            return self._seen(page, made, None, None, "threw", made.because)
        script = WebSocket(page.acts, CallTexts("", "", ""))
        script.run("created")
        reading = readings[0] if readings else None
        outcome, because = self._live(script, made, page, reading)
        return self._seen(page, made, script, reading, outcome, because)

    def _live(self, script: WebSocket, made: Made, page: Page, reading: Reading | None) -> tuple[str, str]:
        acts = timed_acts(page)
        if made.because or script.ready_state == CLOSING or reading is None:
            if not made.because and script.ready_state != CLOSING:
                return "connecting", "nothing was recorded"
            self._fail(script)
            return "failed", made.because or "close() while CONNECTING fails the connection"
        final = reading.final
        answered = end(reading).at
        if final is not None and final.head.complete:
            answered = reading.when(final.head.start + len(final.head.raw) - 1)
        for act in acts:
            if act.after <= answered and script.close_call is None:
                script.do(act)
        if script.close_call is not None:
            self._fail(script)
            return "failed", "close() while CONNECTING fails the connection"
        if final is None or not final.head.complete:
            return self._unanswered(script, reading)
        later = [act for act in acts if act.after > answered]
        return self._answered(script, made, reading, final, later)

    def _unanswered(self, script: WebSocket, reading: Reading) -> tuple[str, str]:
        if end(reading).how in STILL_WAITING and not reading.looks_like:
            return "connecting", "no answer yet; the texts set no limit"
        self._fail(script)
        return "failed", f"{self.letter.established}: no answer, a network error"

    def _answered(
        self, script: WebSocket, made: Made, reading: Reading, final: Response, acts: list[Act]
    ) -> tuple[str, str]:
        asked = made.construction.protocols
        protocols = asked or tuple(p.decode("latin-1") for p in reading.request.protocols)
        outcome = judge(reading, final, protocols, self.letter)
        if isinstance(outcome, Failed):
            self._fail(script)
            return "failed", outcome.because
        script.opened(outcome.protocol, outcome.extensions)
        session = Session(script, outcome.deflate)
        session.follow(reading, acts)
        return (
            "closed" if script.ready_state == CLOSED else "open"
        ), session.because or self.letter.established

    def _fail(self, script: WebSocket) -> None:
        script.error()
        script.closed(1006, clean=False)

    def _seen(
        self,
        page: Page,
        made: Made,
        script: WebSocket | None,
        reading: Reading | None,
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
            console=(),
            hidden=hidden(reading, events) if reading is not None else (),
            outcome=outcome,
            because=because,
            cookies=self._cookies(reading, events),
        )

    def _cookies(self, reading: Reading | None, events: Sequence[DomEvent]) -> tuple[str, ...]:
        """Fetch stores those of every answer; before it, those of the handshake when it succeeded."""
        final = reading.final if reading is not None else None
        opened = any(event.type == "open" for event in events)
        if final is None or not (self.letter.fetch or opened):
            return ()
        return tuple(field.value.decode("utf-8", "replace") for field in final.head.all(b"set-cookie"))
