"""A socket of a page as a recording: the browser's own bytes where its log has them, or what DevTools name."""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress
from datetime import datetime
from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from wsprobe import target
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
from wsprobe.page.sockets import PageSocket
from wsprobe.read.frames import TEXT
from wsprobe.target import TargetError
from wsprobe.wire.rfc6455 import frame


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
    return from_devtools(socket, program)


def from_devtools(socket: PageSocket, program: str) -> Exchange | None:
    """*socket* as DevTools alone know it, marked as rebuilt; None if its URL is none that anything could open.

    Of a failed one they know the request's fields, but not their order, and one sentence. Of an opened one they
    know both heads, and the frames.
    """
    try:
        to = target.parse(socket.url)
    except TargetError:
        return None
    logged = _logged("devtools", socket, program)
    if not socket.sent:
        pending = () if socket.over else (Ended(0, "interrupted"),)
        return Exchange(Plan(to, b""), pending, logged=logged)
    lines = (f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in socket.request), "", "")
    request = (socket.request_head or "\r\n".join(lines)).encode("latin-1", "replace")
    events: list[Event] = [Connecting(0, to.host, to.port), Connected(0, to.host, to.port), Sent(0, request)]
    if socket.status is not None:
        events.append(Received(0, socket.head.encode("latin-1", "replace")))
        for by, opcode, payload in socket.frames:
            data = _payload(opcode, payload)
            wire = frame(opcode & 15, data, b"\0\0\0\0" if by == "sent" else None)
            events.append(Sent(0, wire) if by == "sent" else Received(0, wire))
    how: How = "local" if socket.status is not None else "error" if socket.over else "interrupted"
    events.append(Ended(0, how))
    started = "" if socket.started is None else iso(socket.started)
    return Exchange(Plan(to, request), tuple(events), started, rebuilt=f"DevTools of {program}", logged=logged)


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
