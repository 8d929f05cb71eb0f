"""Bun: constructor, request and what script sees, put together."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.bun.handshake import answered, failed
from wsprobe.browsers.bun.session import BunSession
from wsprobe.browsers.runtime.client import Answered, Client, Failed, Opened
from wsprobe.browsers.runtime.constructor import without_userinfo
from wsprobe.browsers.script import CLOSED, CLOSING, MAX_REASON, CallTexts, CloseCall, WebSocket
from wsprobe.browsers.url import parse
from wsprobe.browsers.ws.session import is_valid
from wsprobe.exchange import Act
from wsprobe.read.reading import Reading

_INVALID_ACCESS = 15


class _Socket(WebSocket):
    """close() as Bun judges it: the codes that a Close may carry are taken (WebSocket.cpp)."""

    def _close(self, act: Act) -> None:
        code = None if act.code is None else min(max(act.code, 0), 65535)
        if code is not None and not is_valid(code):
            text = self._texts.close_code.replace("{code}", str(code))
            self._throw("InvalidAccessError", text, _INVALID_ACCESS)
            return
        if len(act.data) > MAX_REASON:
            text = self._texts.close_reason.replace("{size}", str(len(act.data)))
            self._throw("SyntaxError", text, None)
            return
        if self.ready_state in (CLOSING, CLOSED):
            return
        self.close_call = CloseCall(code, act.data.decode("utf-8", "replace"))
        self.ready_state = CLOSING


class Bun(Client[Facts]):
    """An ``Engine``. Its ErrorEvent says what went wrong, with the URL."""

    name = "bun"
    because_early = "bun src/bun.js/bindings/webcore/WebSocket.cpp"

    @staticmethod
    def may_close(code: int) -> bool:
        """The codes that close() takes."""
        return is_valid(code)

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        return answered(reading, protocols, shown(reading.exchange.plan.target.url), self.facts)

    def session(self, script: WebSocket, opened: Opened, url: str) -> BunSession:
        return BunSession(script, opened, shown(url), self.facts)

    def socket(self, acts: Iterable[Act], texts: CallTexts) -> WebSocket:
        return _Socket(acts, texts)

    def fail(self, script: WebSocket, failed: Failed) -> None:
        script.error(CLOSED, failed.message, failed.error)
        script.closed(1006, clean=False)

    def closed_early(self, script: WebSocket, url: str) -> None:
        self.fail(script, failed(shown(url), self.facts, *self.facts.failures["closed-early"]))


def shown(url: str) -> str:
    """A URL as messages have it: without credentials."""
    address = parse(url)
    return url if address is None else without_userinfo(address)
