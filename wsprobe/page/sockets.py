"""The sockets of a page, put together from DevTools' events and from what the listeners in the page report.

Everything here comes from a page, so nothing is trusted: values of other types are ignored, texts are cut, and
what is kept is limited.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from wsprobe.exchange import ScriptCall, ScriptError, ScriptEvent

MOST = 5000
"""Sockets that are followed. Of further ones only the number is known."""
MOST_EVENTS = 200
"""Events kept of one socket; of later messages only the number."""
MOST_FRAMES = 50
"""Calls kept of a stack."""
LONGEST = 8192
"""Characters kept of a text."""
CONSOLE = "WebSocket connection to '"
BLOCKED = "Content Security Policy"

Values = Mapping[str, Any]


class PageSocket(Struct):
    """One WebSocket of the page, or one that never became a handshake."""

    url: str = ""
    kind: str = "page"
    """Whose script made it: page, iframe, worker, shared_worker or service_worker."""
    stack: tuple[ScriptCall, ...] = ()
    """The calls that made it, the innermost first; empty if they are not known."""
    key: str = ""
    """Sec-WebSocket-Key; "" before the request is sent, and over HTTP/2."""
    request: tuple[tuple[str, str], ...] = ()
    """The fields of its request, in the order in which DevTools lists them, which is not that of the wire."""
    status: int | None = None
    """Of an opened one: DevTools name no status of a refused one."""
    head: str = ""
    """The answer's head as DevTools have it; "" unless opened."""
    request_head: str = ""
    frames: list[tuple[str, int, str]] = field(default_factory=list)
    """("sent" or "received", opcode, payload; base64 unless it is text)."""
    sentence: str = ""
    """DevTools' message about its failure."""
    started: float | None = None
    """When the request was sent: seconds since 1970."""
    console: list[str] = field(default_factory=list)
    constructed: float | None = None
    """When the constructor was called, by the page's clock: milliseconds since 1970."""
    exception: ScriptError | None = None
    """What the constructor threw."""
    seen: list[ScriptEvent] | None = None
    """The script's events; None if no listener was put in."""
    left_out: int = 0
    """Later messages that were not kept."""
    sent: bool = False
    """The browser has sent a handshake."""
    blocked: bool = False
    """A Content-Security-Policy of the page forbids it."""
    over: bool = False
    """Nothing more will come: refused, closed, blocked, or its page is gone."""

    @property
    def pending(self) -> bool:
        """Its handshake is under way."""
        return not self.over and self.status is None


class PageSockets:
    """All sockets of a browser, in the order in which their scripts made them."""

    def __init__(self) -> None:
        self.sockets: list[PageSocket] = []
        self.more = 0
        """Sockets beyond MOST."""
        self._by_request: dict[str, PageSocket] = {}
        self._by_number: dict[tuple[str, int, int], PageSocket] = {}
        self._made: dict[str, tuple[str, int, int]] = {}
        """Session -> the constructor that is being called there."""

    def add(self, session: str, kind: str, method: str, params: Values) -> PageSocket | None:
        """Take an event of DevTools from a *session* with a target of this *kind*; returns the socket that is
        over by it."""
        if method == "Log.entryAdded":
            return self._logged(session, kind, _values(params.get("entry")))
        if method == "Network.webSocketCreated":
            self._created(session, kind, params)
            return None
        socket = self._by_request.get(_text(params.get("requestId")))
        if socket is None:
            return None
        match method:
            case "Network.webSocketWillSendHandshakeRequest":
                request = _values(params.get("request"))
                socket.request = _fields(request.get("headers"))
                socket.key = next((v for k, v in socket.request if k.lower() == "sec-websocket-key"), "")
                socket.started = _number(params.get("wallTime"))
                socket.sent = True
            case "Network.webSocketHandshakeResponseReceived":
                response = _values(params.get("response"))
                status = response.get("status")
                socket.status = status if isinstance(status, int) else 0
                socket.head = _text(response.get("headersText"), 1 << 16)
                socket.request_head = _text(response.get("requestHeadersText"), 1 << 16)
            case "Network.webSocketFrameSent" | "Network.webSocketFrameReceived":
                frame = _values(params.get("response"))
                opcode = frame.get("opcode")
                if len(socket.frames) < MOST_EVENTS and isinstance(opcode, int):
                    by = "sent" if method.endswith("Sent") else "received"
                    socket.frames.append((by, opcode, _text(frame.get("payloadData"), 1 << 16)))
            case "Network.webSocketFrameError":
                socket.sentence = _text(params.get("errorMessage"))
            case "Network.webSocketClosed":
                socket.over = True
                return socket
        return None

    def report(self, session: str, kind: str, context: int, payload: str) -> PageSocket | None:
        """Take what a listener in the page reports; returns the socket that is over by it."""
        try:
            said = json.loads(payload[: 1 << 16])
        except (ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or not isinstance(said.get("number"), int):
            return None
        what, at = said.get("kind"), _number(said.get("time"))
        key = (session, context, said["number"])
        if what == "new":
            self._made[session] = key
            return None
        if what in ("throw", "made"):
            return self._constructed(session, kind, key, said, at)
        socket = self._by_number.get(key)
        if socket is None or socket.seen is None or socket.constructed is None:
            return None
        return self._event(socket, said, (at or socket.constructed) - socket.constructed)

    def gone(self, session: str) -> list[PageSocket]:
        """The target of *session* ended: its sockets are over. Returns those that were not."""
        left = [socket for key, socket in self._by_number.items() if key[0] == session and not socket.over]
        for socket in left:
            socket.over = True
        return left

    def _new(self) -> PageSocket | None:
        if len(self.sockets) >= MOST:
            self.more += 1
            return None
        self.sockets.append(PageSocket())
        return self.sockets[-1]

    def _created(self, session: str, kind: str, params: Values) -> None:
        request = _text(params.get("requestId"))
        if request in self._by_request:
            return  # DevTools attach to a service worker twice
        key = self._made.pop(session, None)
        socket = self._new()
        if socket is None:
            return
        self._by_request[request] = socket
        socket.url, socket.kind = _text(params.get("url"), 1 << 16), kind
        if key is not None:
            self._by_number[key] = socket
        stack = tuple(_calls(_values(_values(params.get("initiator")).get("stack"))))
        # The listeners' own call of the constructor stands before the page's.
        if key is not None and stack and (stack[0].function, stack[0].url) == ("construct", ""):
            stack = stack[1:]
        socket.stack = stack

    def _constructed(
        self, session: str, kind: str, key: tuple[str, int, int], said: Values, at: float | None
    ) -> PageSocket | None:
        socket = self._by_number.get(key)
        unknown = self._made.pop(session, None)
        if socket is None:
            if unknown != key or (socket := self._new()) is None:
                return None
            socket.kind = kind
            self._by_number[key] = socket
        socket.seen, socket.constructed = [], at
        if said.get("kind") == "throw":
            socket.exception = ScriptError(_text(said.get("name")), _text(said.get("message")))
            socket.over = True
        else:
            socket.url = socket.url or _text(said.get("url"), 1 << 16)
        return socket if socket.over else None

    def _event(self, socket: PageSocket, said: Values, time: float) -> PageSocket | None:
        assert socket.seen is not None
        event = _event(said, round(max(time, 0.0), 3))
        if event is None:
            return None
        if event.type == "message" and len(socket.seen) >= MOST_EVENTS:
            socket.left_out += 1
            return None
        if len(socket.seen) < MOST_EVENTS + 10:
            socket.seen.append(event)
        # The browser's own policy ends a socket with an error and nothing else.
        blocked = event.type == "error" and not socket.sent and not socket.key
        if event.type == "close" or blocked:
            socket.over = True
            return socket
        return None

    def _logged(self, session: str, kind: str, entry: Values) -> PageSocket | None:
        text = _text(entry.get("text"))
        if entry.get("source") == "worker" and text.startswith(CONSOLE):
            return None  # a second entry for the same text
        if text.startswith(CONSOLE):
            url = text[len(CONSOLE) :].partition("'")[0]
            fits = (each for each in self.sockets if each.url == url and not each.console and not _early(each))
            socket = next(fits, None)
            if socket is not None:
                socket.console.append(text)
            return None
        if BLOCKED in text and (url := _socket_url(text)):
            return self._blocked(session, kind, url, text, entry)
        return None

    def _blocked(self, session: str, kind: str, url: str, text: str, entry: Values) -> PageSocket | None:
        """The page's Content-Security-Policy: the console alone tells of it."""
        for each in self.sockets:
            if each.url == url and not each.console and not each.sent and not each.key:
                each.console.append(text)
                each.over = each.blocked = True
                each.stack = each.stack or _place(entry)
                return each
        socket = self._new()
        if socket is not None:
            if (key := self._made.pop(session, None)) is not None:  # its constructor is being called
                self._by_number[key] = socket
            socket.url, socket.kind = url, kind
            socket.over = socket.blocked = True
            socket.console.append(text)
            socket.stack = _place(entry)
        return socket


def _early(socket: PageSocket) -> bool:
    """Nothing has failed yet that the console could have reported."""
    return not (socket.sentence or socket.over or socket.seen)


def _place(entry: Values) -> tuple[ScriptCall, ...]:
    stack = tuple(_calls(_values(entry.get("stackTrace"))))
    if stack and (stack[0].function, stack[0].url) == ("construct", ""):
        stack = stack[1:]
    line = entry.get("lineNumber")
    if not stack and isinstance(line, int) and entry.get("url"):
        return (ScriptCall(_text(entry.get("url")), line + 1, 1),)
    return stack


def _socket_url(text: str) -> str:
    """The ws: or wss: URL in quotes in *text*; "" without one."""
    for piece in text.split("'")[1::2]:
        if piece.startswith(("ws://", "wss://")):
            return piece
    return ""


def _event(said: Values, time: float) -> ScriptEvent | None:
    state = said.get("readyState")
    ready = state if isinstance(state, int) and 0 <= state <= 3 else 3
    match said.get("kind"):
        case "open":
            return ScriptEvent(
                time,
                "open",
                ready,
                protocol=_text(said.get("protocol")),
                extensions=_text(said.get("extensions")),
            )
        case "message":
            size = said.get("size")
            whole = size if isinstance(size, int) else 0
            if said.get("binary") is True:
                return ScriptEvent(time, "message", ready, binary=True, size=whole)
            data = _text(said.get("data"))
            return ScriptEvent(time, "message", ready, data=data, size=whole if whole > len(data) else None)
        case "error":
            return ScriptEvent(time, "error", ready)
        case "close":
            code = said.get("code")
            return ScriptEvent(
                time,
                "close",
                ready,
                code=code if isinstance(code, int) and 0 <= code <= 65535 else 0,
                reason=_text(said.get("reason")),
                was_clean=said.get("wasClean") is True,
            )
    return None


def _calls(stack: Values) -> Iterator[ScriptCall]:
    """The calls of a stack of DevTools, which count lines and columns from 0; then those of its parents."""
    for _ in range(MOST_FRAMES):
        frames = stack.get("callFrames")
        for each in frames[:MOST_FRAMES] if isinstance(frames, list) else ():
            frame = _values(each)
            line, column = frame.get("lineNumber"), frame.get("columnNumber")
            if isinstance(line, int) and isinstance(column, int):
                yield ScriptCall(
                    _text(frame.get("url")), line + 1, column + 1, _text(frame.get("functionName"))
                )
        stack = _values(stack.get("parent"))
        if not stack:
            return


def _fields(headers: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, dict):
        return ()
    return tuple((_text(name), _text(value)) for name, value in list(headers.items())[:200])


def _values(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, most: int = LONGEST) -> str:
    """A text of at most *most* characters, in which a lone surrogate is U+FFFD; "" for what is none."""
    if not isinstance(value, str):
        return ""
    return value[:most].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _number(value: object) -> float | None:
    """A finite number of 0 or more."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15
    return float(value) if good else None  # type: ignore[arg-type]  # seen just now
