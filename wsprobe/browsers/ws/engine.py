"""ws: constructor, request and what script sees, put together."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.network import reset_unasked
from wsprobe.browsers.runtime.client import Answered, Client, Failed, Opened
from wsprobe.browsers.script import CLOSED, CLOSING, CONNECTING, MAX_REASON, CallTexts, CloseCall, WebSocket
from wsprobe.browsers.ws.facts import Facts
from wsprobe.browsers.ws.handshake import answered
from wsprobe.browsers.ws.session import WsSession, is_valid
from wsprobe.exchange import Act
from wsprobe.read.reading import Reading

_RESET_RACE = 'the message begins with "connect", "read" or "write", depending on when the reset comes'


class _Socket(WebSocket):
    """close() and send() as ws judges them: nothing is asked while CONNECTING, and what is thrown is no
    DOMException (lib/websocket.js, lib/sender.js)."""

    def _close(self, act: Act) -> None:
        if self.ready_state in (CLOSING, CLOSED):
            return
        early = self.ready_state == CONNECTING
        if not early and act.code is not None:
            if not is_valid(act.code):
                self._throw("TypeError", self._texts.close_code, None)
                return
            if len(act.data) > MAX_REASON:
                self._throw("RangeError", self._texts.close_reason, None)
                return
        self.close_call = CloseCall(act.code, act.data.decode("utf-8", "replace"))
        self.ready_state = CLOSING

    def _send(self, size: int) -> None:
        if self.ready_state == CONNECTING:
            self._throw("Error", self._texts.send_connecting, None)


class Ws(Client[Facts]):
    """An ``Engine``. Its ErrorEvent says what went wrong."""

    name = "ws"
    because_early = "ws lib/websocket.js"

    @staticmethod
    def may_close(code: int) -> bool:
        """The codes that close() takes."""
        return is_valid(code)

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        return {**super().values(made, page), "protocols": ",".join(made.protocols)}

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        return answered(reading, protocols)

    def races(self, reading: Reading) -> str:
        return _RESET_RACE if reset_unasked(reading) else ""

    def session(self, script: WebSocket, opened: Opened, url: str) -> WsSession:
        return WsSession(script, opened, self.facts)

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        return _Socket(acts, texts)

    def fail(self, script: WebSocket, failed: Failed) -> None:
        """readyState is CLOSING while the error is told."""
        script.error(CLOSING, failed.message, failed.error)
        script.closed(1006, clean=False)

    def closed_early(self, script: WebSocket, url: str) -> None:
        message = self.facts.exceptions["closed-early"]
        self.fail(script, Failed("", message, f"Error: {message}"))
