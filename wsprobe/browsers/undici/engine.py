"""undici: constructor, request, what it repeats, and what script sees, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wsprobe.browsers.engine import Construction, FollowUp, Page
from wsprobe.browsers.http2 import over_http1_only
from wsprobe.browsers.request import target_of
from wsprobe.browsers.runtime.client import Answered, Client, Failed, Opened
from wsprobe.browsers.script import CLOSED, CLOSING, CONNECTING, CallTexts, WebSocket
from wsprobe.browsers.undici.facts import Facts
from wsprobe.browsers.undici.handshake import NO_ANSWER, answered, final_status
from wsprobe.browsers.undici.session import UndiciSession
from wsprobe.exchange import Act
from wsprobe.read.reading import Reading

_CLOSED_EARLY = "Connection was closed before it was established."


class Undici(Client[Facts]):
    """An ``Engine``. From undici 7 on the message of its ErrorEvent is always empty."""

    name = "undici"
    because_early = "undici lib/web/websocket/connection.js"

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        facts = self.facts
        encodings = facts.accept_encoding if target_of(made).secure else facts.accept_encoding_cleartext
        return {"user_agent": page.user_agent or facts.user_agent, "accept_encoding": encodings}

    def follow(self, readings: Sequence[Reading], page: Page, key: str) -> FollowUp | None:
        """The same once more after a 421, and since undici 7 a 401: without credentials, whatever the URL."""
        readings = over_http1_only(readings)
        if len(readings) != 1 or final_status(readings[0], self.facts) not in self.facts.repeated:
            return None
        plan = readings[0].exchange.plan
        made = self.construct(plan.target.url, page)
        if made.target is None:
            return None
        why = "the request is sent once more after a 401 or 421: undici lib/web/fetch/index.js"
        return FollowUp(made.url, made.target, self.request(made, page, key), why)

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        return answered(reading, protocols, self.facts)

    def session(self, script: WebSocket, opened: Opened, url: str) -> UndiciSession:
        return UndiciSession(script, opened, self.facts)

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        script = WebSocket(acts, texts)
        script.on_early_close = self._fail_at_once
        return script

    def fail(self, script: WebSocket, failed: Failed) -> None:
        if failed.beyond:  # an exception instead
            return
        if self.facts.tells_why:
            message = failed.message or NO_ANSWER
            script.error(script.ready_state, message, f"Error: {message}")
            return
        script.error(CLOSED, "", "TypeError: ")
        script.closed(1006, clean=False)

    def _fail_at_once(self, script: WebSocket) -> None:
        script.ready_state = CONNECTING
        self.fail(script, Failed("", _CLOSED_EARLY))
        script.ready_state = CLOSING

    def closed_early(self, script: WebSocket, url: str) -> None:
        """What failed came within close(), after which readyState is set to CLOSING, and stays so. Up to undici
        6 there is a second error when the request is given up."""
        if self.facts.tells_why:
            self.fail(script, Failed(""))
