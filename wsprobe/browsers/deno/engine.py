"""Deno: constructor, request and what script sees, put together."""

from __future__ import annotations

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.deno.handshake import answered
from wsprobe.browsers.deno.session import DenoSession
from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.network import spoke_unasked
from wsprobe.browsers.runtime.client import Answered, Client, Failed, Opened
from wsprobe.browsers.script import CLOSED, WebSocket
from wsprobe.read.reading import Reading

_EARLY = "Interrupted: operation canceled"
_CANCELED = (
    'the message is "operation was canceled" if the server sends data or closes before the request is written'
)


class Deno(Client[Facts]):
    """An ``Engine``. Its ErrorEvent says what went wrong; a close that is no server's has code 0."""

    name = "deno"
    because_early = "deno ext/websocket/01_websocket.js"

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        return {**super().values(made, page), "user_agent": page.user_agent or self.facts.user_agent}

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        return answered(reading, self.facts)

    def races(self, reading: Reading) -> str:
        return _CANCELED if spoke_unasked(reading) else ""

    def session(self, script: WebSocket, opened: Opened, url: str) -> DenoSession:
        return DenoSession(script, self.facts)

    def fail(self, script: WebSocket, failed: Failed) -> None:
        script.error(CLOSED, failed.message, failed.error)
        script.closed(0, clean=False)

    def closed_early(self, script: WebSocket, url: str) -> None:
        self.fail(script, Failed("", _EARLY, f"{_EARLY} [EINTR]"))
