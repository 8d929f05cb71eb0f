"""A socket of a page as a recording: the browser's own bytes where its log has them, or what DevTools name."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.browser_logs.netlog import NetLog
from wsprobe.browser_logs.socket import LoggedSocket, iso
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import (
    SECOND,
    Connected,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    Logged,
    Plan,
    Received,
    Script,
    Sent,
)
from wsprobe.page.sockets import PageSocket, PageSockets
from wsprobe.read.frames import TEXT
from wsprobe.request import target
from wsprobe.request.target import TargetError
from wsprobe.wire.rfc6455 import frame


def recording(
    socket: PageSocket,
    logged: LoggedSocket | None,
    program: str,
    until: float | None = None,
    how: How = "local",
) -> Exchange | None:
    """*socket* with what the browser's log has of it; None if its URL is none that anything could open.

    *program*: the browser, and its version. *until*: seconds since 1970; if the socket was still open then,
    what came later is left out, because the browser's own end caused it, and the recording ends as *how*.
    """
    if logged is None:
        return from_devtools(socket, program, how)
    found = logged.exchange
    said = found.logged if found.logged is not UNSET else Logged("netlog")
    found = replace(found, logged=replace(said, script=script_of(socket)))
    if until is None or (socket.over and not socket.left):
        return found
    try:
        last = round((until - datetime.fromisoformat(found.started).timestamp()) * SECOND)
    except ValueError:
        return found
    kept = [event for event in found.events if event.at <= last]
    if not kept or not isinstance(kept[-1], Ended):
        found = replace(found, logged=replace(found.logged or said, error="", message=""))
    return replace(found, events=_with_end(kept, how if socket.pending else "local", max(last, 0)))


def from_devtools(socket: PageSocket, program: str, how: How = "interrupted") -> Exchange | None:
    """*socket* as DevTools alone know it, marked as rebuilt; None if its URL is none that anything could open.

    Of a failed one they know the request's fields, but not their order, and one sentence. Of an opened one they
    know both heads, and the frames. *how* the recording ends if the answer was awaited.
    """
    try:
        to = target.parse(socket.url)
    except TargetError:
        return None
    logged = _logged("devtools", socket, program)
    if not socket.sent:
        return Exchange(Plan(to, b""), () if socket.over else _with_end([], how), logged=logged)
    lines = (f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in socket.request), "", "")
    request = (socket.request_head or "\r\n".join(lines)).encode("latin-1", "replace")
    events: list[Event] = [Connecting(0, to.host, to.port), Connected(0, to.host, to.port), Sent(0, request)]
    if socket.status is not None:
        events.append(Received(0, socket.head.encode("latin-1", "replace")))
        for by, opcode, payload in socket.frames:
            data = _payload(opcode, payload)
            wire = frame(opcode & 15, data, b"\0\0\0\0" if by == "sent" else None)
            events.append(Sent(0, wire) if by == "sent" else Received(0, wire))
    how = "local" if socket.status is not None else "error" if socket.over else how
    started = "" if socket.started is None else iso(socket.started)
    rebuilt = f"DevTools of {program}"
    return Exchange(Plan(to, request), _with_end(events, how), started, rebuilt=rebuilt, logged=logged)


def _with_end(events: Sequence[Event], how: How, at: int = 0) -> tuple[Event, ...]:
    """*events*, and their end if they have none."""
    return tuple(events) if events and isinstance(events[-1], Ended) else (*events, Ended(at, how))


def _logged(source: Literal["devtools", "asked-again"], socket: PageSocket, program: str) -> Logged:
    origin = next((value for name, value in socket.request if name.lower() == "origin"), "")
    return Logged(source, program, origin, message=socket.sentence, script=script_of(socket))


def _payload(opcode: int, payload: str) -> bytes:
    """The payload of a frame: DevTools write a text as it is, and any other in base64."""
    if opcode != TEXT:
        with suppress(ValueError):
            return b64decode(payload, validate=True)
    return payload.encode("utf-8", "replace")


def asked_again(socket: PageSocket, exchange: Exchange, program: str) -> Exchange:
    """*exchange*, which wsprobe made with the request of *socket*, marked so."""
    return replace(exchange, logged=_logged("asked-again", socket, program))


def request_again(socket: PageSocket, key: str) -> bytes:
    """The request of *socket* with another Sec-WebSocket-Key, its fields in Chromium's order.

    Raises TargetError for a URL that nothing could open.
    """
    fields = {name.lower(): value for name, value in socket.request}
    chromium, page = ENGINES["chromium"], Page(url="http://localhost/", protocols=("x",), cookies="x=1")
    made = chromium.construct(socket.url, page)
    if made.target is None:
        raise TargetError(f"{socket.url}: no URL of a WebSocket")
    first, *lines = chromium.request(made, page, key).decode("latin-1").rstrip("\r\n").split("\r\n")
    kept = [first]
    for each in lines:
        name = each.partition(":")[0]
        own = fields.pop(name.lower(), None)
        if name.lower() in ("host", "sec-websocket-key"):
            kept.append(each)
        elif own is not None:
            kept.append(f"{name}: {own}")
    kept += [f"{name}: {fields[name.lower()]}" for name, _ in socket.request if name.lower() in fields]
    return "\r\n".join((*(re.sub(r"[\r\n]", " ", line) for line in kept), "", "")).encode("latin-1", "replace")


def script_of(socket: PageSocket) -> Script:
    """What DevTools and the listeners know of the script behind *socket*."""
    seen = None if socket.seen is None else tuple(socket.seen)
    console = tuple(socket.console)
    return Script(socket.kind, socket.stack, seen, socket.left_out, socket.exception, console, socket.left)


class Matched:
    """Which socket of a log belongs to which socket of the page."""

    def __init__(self, log: NetLog, of_page: PageSockets) -> None:
        self._log = log
        self._of_page = of_page
        self._taken: set[int] = set()

    def of(self, sockets: Sequence[PageSocket]) -> Iterator[int | None]:
        """Yield the log's number of each of *sockets*: of the one with its Sec-WebSocket-Key. Without a key (it
        has none over HTTP/2, or no request was sent) of the first one with its URL and no key of the page's."""
        with_key = {each.key: 0 for each in self._of_page.sockets if each.key}
        with_url: dict[str, deque[int]] = {}
        for id, key, url, _ in self._log.known():
            if key in with_key:
                with_key[key] = id
            elif id not in self._taken:
                with_url.setdefault(url, deque()).append(id)
        for socket in sockets:
            found = with_key.get(socket.key, 0)
            if not found and not socket.blocked and (fits := with_url.get(socket.url)):
                found = fits.popleft()
            self._taken.add(found)
            yield found or None

    def others(self, until: float | None) -> Iterator[tuple[int, str, float]]:
        """Yield (number, URL, time) of the log's sockets that belong to none of the page's, and were asked for
        before *until*."""
        for id, _, url, asked in self._log.known():
            if id not in self._taken and (until is None or asked <= until):
                yield id, url, asked
