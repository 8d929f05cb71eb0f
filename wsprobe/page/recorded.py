"""A socket of a page as a recording: the browser's own bytes where its log has them, or what DevTools name."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from wsprobe import target
from wsprobe.browser_logs.netlog import NetLog
from wsprobe.browser_logs.socket import LoggedSocket
from wsprobe.exchange import SECOND, Ended, Exchange, Logged, Plan, Script
from wsprobe.page.sockets import PageSocket
from wsprobe.target import TargetError


def recording(
    socket: PageSocket, logged: LoggedSocket | None, program: str, until: float | None = None
) -> Exchange | None:
    """*socket* with what the browser's log has of it; None if its URL is none that anything could open.

    *program*: the browser, and its version. *until*: seconds since 1970; if the socket was still open then,
    what came later is left out, because the browser's own end caused it.
    """
    script = script_of(socket)
    if logged is not None:
        found = logged.exchange
        said = found.logged if found.logged is not UNSET else Logged("netlog")
        found = replace(found, logged=replace(said, script=script))
        return found if until is None or socket.over else _still_open(found, until)
    try:
        to = target.parse(socket.url)
    except TargetError:
        return None
    return Exchange(
        Plan(to, b""), (), logged=Logged("devtools", program, message=socket.sentence, script=script)
    )


def _still_open(exchange: Exchange, until: float) -> Exchange:
    """*exchange* without what came after *until*."""
    try:
        last = round((until - datetime.fromisoformat(exchange.started).timestamp()) * SECOND)
    except ValueError:
        return exchange
    kept = tuple(event for event in exchange.events if event.at <= last)
    return replace(exchange, events=(*kept, Ended(max(last, 0), "local")))


def script_of(socket: PageSocket) -> Script:
    """What DevTools and the listeners know of the script behind *socket*."""
    seen = None if socket.seen is None else tuple(socket.seen)
    return Script(socket.kind, socket.stack, seen, socket.left_out, socket.exception, tuple(socket.console))


class Matched:
    """Which socket of a log belongs to which socket of the page."""

    def __init__(self, log: NetLog) -> None:
        self._log = log
        self._taken: set[int] = set()

    def of(self, socket: PageSocket) -> LoggedSocket | None:
        """By Sec-WebSocket-Key. Without one (over HTTP/2, or if no request was sent) the first one with this
        URL that nothing else took."""
        found = self._log.with_key(socket.key) if socket.key else None
        if found is None and not socket.blocked:
            fits = (each for each in self._log.sockets() if each.url == socket.url and not each.key)
            found = next((each for each in fits if each.id not in self._taken), None)
        if found is not None:
            self._taken.add(found.id)
        return found

    def rest(self) -> list[LoggedSocket]:
        """Sockets of the log that DevTools never named, such as those of a page that is going away."""
        return [each for each in self._log.sockets() if each.id not in self._taken]
