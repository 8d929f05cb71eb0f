"""undici: constructor, request, what it repeats, and what script sees, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wsprobe.browsers.engine import Construction, FollowUp, Made, Page
from wsprobe.browsers.http2 import over_http1_only
from wsprobe.browsers.runtime.client import Answered, Client, Failed, Opened
from wsprobe.browsers.script import CLOSED, CLOSING, CallTexts, WebSocket
from wsprobe.browsers.undici import constructor
from wsprobe.browsers.undici.facts import Facts
from wsprobe.browsers.undici.handshake import REPEATED, answered, final_status
from wsprobe.browsers.undici.request import request
from wsprobe.browsers.undici.session import UndiciSession
from wsprobe.exchange import Act
from wsprobe.read.reading import Reading


class Undici(Client[Facts]):
    """An ``Engine``. Its ErrorEvent has a message, and that is always empty."""

    name = "undici"
    because_early = "undici lib/web/websocket/connection.js"

    @property
    def texts(self) -> CallTexts:  # type: ignore[override]
        said = self.facts.exceptions
        return CallTexts(said["close-code"], said["close-reason"], said["send-connecting"])

    def made(self, url: str, page: Page) -> Made:
        return constructor.construct(url, page, self.facts)

    def request(self, made: Construction, page: Page, key: str) -> bytes:
        return request(made, page, key, self.facts)

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The same once more after a 401 or a 421, whatever the URL has: without credentials."""
        readings = over_http1_only(readings)
        if len(readings) != 1 or final_status(readings[0]) not in REPEATED:
            return None
        plan = readings[0].exchange.plan
        made = self.construct(plan.target.url, page)
        if made.target is None:
            return None
        why = "a 401 or 421 is asked for once more: undici lib/web/fetch/index.js"
        return FollowUp(made.url, made.target, request(made, page, key, self.facts), why)

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        return answered(reading, protocols, self.facts)

    def session(self, script: WebSocket, opened: Opened, url: str) -> UndiciSession:
        return UndiciSession(script, opened, self.facts)

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        script = WebSocket(acts, texts)
        script.on_early_close = _fail_at_once
        return script

    def fail(self, script: WebSocket, failed: Failed) -> None:
        _fail(script)

    def closed_early(self, script: WebSocket, url: str) -> None:
        """Both events came within close(), after which readyState is set to CLOSING, and stays so."""


def _fail(script: WebSocket) -> None:
    script.error(CLOSED, "", "TypeError: ")
    script.closed(1006, clean=False)


def _fail_at_once(script: WebSocket) -> None:
    _fail(script)
    script.ready_state = CLOSING
