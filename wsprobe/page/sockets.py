"""The sockets of a page, put together from DevTools' events and from what the listeners in the page report.

Everything here comes from a page, so nothing is trusted: values of other types are ignored, texts are cut, and
what is kept is limited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
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
KEPT_MAX = 16 << 20
"""Characters kept of all sockets together."""
IN_CONSOLE = re.compile(r"'(wss?://\S{1,1100}?)'(?: |\. )")
"""The URL in Chromium's texts about a socket."""
NOT_SENT = ("Content Security Policy", "Mixed Content: ", "' failed: Insufficient resources")
"""What such a text has if the browser opens no connection: the console alone has it then."""
ELIDED, BEGIN, END = 1024, 511, 510
"""Of a URL longer than ELIDED characters, Chromium's console has the first and last (KURL::ElidedString)."""

Values = Mapping[str, Any]


class PageSocket(Struct):
    """One WebSocket of the page, or one that never became a handshake."""

    url: str = ""
    kind: str = "page"
    """Whose script made it: page, iframe, worker, shared_worker or service_worker; "" if that is not known."""
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
    """The browser opened no connection: a policy of the page, too many sockets, an exception."""
    over: bool = False
    """Nothing more will come: refused, closed, blocked, or its page is gone."""
    left: bool = False
    """Its page or worker was gone before it."""
    context: int | None = None
    """The JavaScript context of its constructor, as the listeners report it."""

    @property
    def pending(self) -> bool:
        """Its handshake is under way."""
        return not self.over and self.status is None


class PageSockets:
    """All sockets of a browser, in the order in which their scripts made them."""

    def __init__(self) -> None:
        self.sockets: list[PageSocket] = []
        self.more = 0
        """Sockets beyond MOST or KEPT_MAX."""
        self._kept = 0
        self._nameless: dict[str, list[PageSocket]] = {}
        """Session -> those that were opened before it was followed: DevTools name no URL of them."""
        self._by_request: dict[str, PageSocket] = {}
        self._by_number: dict[tuple[str, int, int], PageSocket] = {}
        self._made: dict[str, tuple[str, int, int]] = {}
        """Session -> the constructor that is being called there."""
        self._of_session: dict[str, list[PageSocket]] = {}
        """Those that may not be over."""
        self._unspoken: dict[str, list[PageSocket]] = {}
        """URL, as the console has it -> those of which the console has no text."""
        self._uncaught: dict[tuple[str, str], PageSocket] = {}
        """(session, exception) -> the last one whose constructor threw it, until the exception is reported."""

    def add(self, session: str, kind: str, method: str, params: Values) -> list[PageSocket]:
        """Take an event of DevTools from a *session* with a target of this *kind*; returns the sockets that are
        over by it."""
        match method:
            case "Log.entryAdded":
                return self._logged(session, kind, _values(params.get("entry")))
            case "Runtime.exceptionThrown":
                self._thrown(session, _values(params.get("exceptionDetails")))
            case "Runtime.executionContextDestroyed":
                context = params.get("executionContextId")
                return self.gone(session, context) if isinstance(context, int) else []
            case "Runtime.executionContextsCleared":
                return self.gone(session)
            case "Network.webSocketCreated":
                self._created(session, kind, params)
            case _ if (socket := self._by_request.get(_text(params.get("requestId")))) is not None:
                self._take(socket, method, params)
                if not socket.url and socket.status is not None:
                    self._name(session, socket, _url_of(socket))
                if method == "Network.webSocketClosed":
                    socket.over = True
                    return [socket]
            case "Network.webSocketWillSendHandshakeRequest":
                nameless = self._nameless.setdefault(session, [])
                if len(nameless) < MOST_EVENTS:
                    nameless.append(PageSocket("", kind))
                    self._by_request[_text(params.get("requestId"))] = nameless[-1]
                    self._take(nameless[-1], method, params)
        return []

    def _name(self, session: str, socket: PageSocket, url: str) -> None:
        """Follow one of the nameless, whose *url* is known now."""
        nameless = self._nameless.get(session, [])
        at = next((at for at, each in enumerate(nameless) if each is socket), None)
        if url and at is not None and len(self.sockets) < MOST and self._fits(url):
            self.sockets.append(nameless.pop(at))
            self._of_session.setdefault(session, []).append(socket)
            socket.url = url

    def report(self, session: str, kind: str, context: int, payload: str) -> list[PageSocket]:
        """Take what a listener in the page reports; returns the socket that is over by it."""
        try:
            said = json.loads(payload[: 1 << 16])
        except (ValueError, RecursionError):
            return []
        if not isinstance(said, dict) or not isinstance(said.get("number"), int):
            return []
        what, at = said.get("kind"), _number(said.get("time"))
        key = (session, context, said["number"])
        if what == "new":
            self._made[session] = key
            return []
        if what in ("throw", "made"):
            return self._constructed(session, kind, key, said, at)
        socket = self._by_number.get(key)
        if socket is None or socket.seen is None or socket.constructed is None:
            return []
        return self._event(socket, said, (at or socket.constructed) - socket.constructed)

    def gone(self, session: str, context: int | None = None) -> list[PageSocket]:
        """The target of *session* ended, or its *context*, with their sockets. Returns those that were not
        over."""
        of_session = self._of_session.pop(session, [])
        ended, others = list[PageSocket](), list[PageSocket]()
        for each in of_session:
            if not each.over:
                (ended if context is None or each.context == context else others).append(each)
        if others:
            self._of_session[session] = others
        for each in ended:
            each.over = each.left = True
        if context is None:
            self._made.pop(session, None)
        return ended

    def _new(self, session: str, kind: str, url: str, *, spoken: bool = False) -> PageSocket | None:
        """*spoken*: the console has its text about it."""
        key = self._made.pop(session, None)
        if len(self.sockets) >= MOST or not self._fits(url):
            self.more += 1
            return None
        socket = PageSocket(url, kind)
        self.sockets.append(socket)
        self._of_session.setdefault(session, []).append(socket)
        if not spoken:
            self._unspoken.setdefault(_elided(url), []).append(socket)
        if key is not None:  # its constructor is being called
            self._by_number[key] = socket
            socket.context = key[1]
        return socket

    def _created(self, session: str, kind: str, params: Values) -> None:
        request = _text(params.get("requestId"))
        if request in self._by_request:
            return  # DevTools attach to a service worker twice
        socket = self._new(session, kind, _text(params.get("url"), 1 << 16))
        if socket is not None:
            self._by_request[request] = socket
            socket.stack = self._kept_stack(_stack(_values(params.get("initiator")).get("stack")))

    def _constructed(
        self, session: str, kind: str, key: tuple[str, int, int], said: Values, at: float | None
    ) -> list[PageSocket]:
        socket = self._by_number.get(key)
        if socket is None:
            url = _text(said.get("url"), 1 << 16)
            if self._made.get(session) != key or (socket := self._new(session, kind, url)) is None:
                return []
        self._made.pop(session, None)
        socket.seen, socket.constructed = [], at
        if said.get("kind") == "throw":
            socket.exception = ScriptError(_text(said.get("name")), _text(said.get("message")))
            if not socket.stack:
                words = f"{socket.exception.name}: {socket.exception.message}".partition("\n")[0]
                self._uncaught[session, words] = socket
        elif said.get("readyState") != 3:
            return []
        socket.over = socket.blocked = True
        return [socket]

    def _thrown(self, session: str, details: Values) -> None:
        """Nothing in the page caught an exception: DevTools report where it was thrown."""
        described = _text(_values(details.get("exception")).get("description")).partition("\n")[0]
        socket = self._uncaught.pop((session, described), None)
        if socket is not None:
            socket.stack = self._kept_stack(_stack(details.get("stackTrace")))

    def _event(self, socket: PageSocket, said: Values, time: float) -> list[PageSocket]:
        assert socket.seen is not None
        event = _event(said, round(max(time, 0.0), 3))
        if event is None:
            return []
        if event.type == "message" and (len(socket.seen) >= MOST_EVENTS or not self._fits(event.data)):
            socket.left_out += 1
            return []
        if len(socket.seen) < MOST_EVENTS + 10:
            socket.seen.append(event)
        # The browser's own policy ends a socket with an error and nothing else.
        if event.type == "close" or (event.type == "error" and socket.blocked):
            socket.over = True
            return [socket]
        return []

    def _logged(self, session: str, kind: str, entry: Values) -> list[PageSocket]:
        text = _text(entry.get("text"))
        found = IN_CONSOLE.search(text)
        if found is None or entry.get("source") == "worker":
            return []  # the session of the worker reports the same text
        url = found[1]
        not_sent = any(each in text for each in NOT_SENT)
        waiting = self._unspoken.get(url, [])
        fits = (at for at, each in enumerate(waiting) if (not each.sent if not_sent else _has_failed(each)))
        at = None if not_sent and session in self._made else next(fits, None)
        if at is None and not not_sent:
            opened_before = (each for each in self._nameless.get(session, ()) if each.sentence)
            if (socket := next(opened_before, None)) is not None and text.endswith(socket.sentence):
                self._name(session, socket, url)
                socket.console.append(text)
                socket.stack = self._kept_stack(_place(entry))
            return []
        socket = waiting.pop(at) if at is not None else self._new(session, kind, url, spoken=True)
        if socket is None:
            return []
        if self._fits(text):
            socket.console.append(text)
        socket.stack = socket.stack or self._kept_stack(_place(entry))
        if not not_sent:
            return []
        socket.over = socket.blocked = True
        return [socket]

    def _take(self, socket: PageSocket, method: str, params: Values) -> None:
        """Take an event of DevTools about *socket*."""
        match method:
            case "Network.webSocketWillSendHandshakeRequest":
                request = _values(params.get("request"))
                fields = _fields(request.get("headers"))
                socket.key = next((v for k, v in fields if k.lower() == "sec-websocket-key"), "")
                if self._fits(*(text for field in fields for text in field)):
                    socket.request = fields
                socket.started = _number(params.get("wallTime"))
                socket.sent = True
            case "Network.webSocketHandshakeResponseReceived":
                response = _values(params.get("response"))
                status = response.get("status")
                socket.status = status if isinstance(status, int) else 0
                heads = [_text(response.get(name), 1 << 16) for name in ("headersText", "requestHeadersText")]
                if self._fits(*heads):
                    socket.head, socket.request_head = heads
            case "Network.webSocketFrameSent" | "Network.webSocketFrameReceived":
                frame = _values(params.get("response"))
                opcode = frame.get("opcode")
                payload = _text(frame.get("payloadData"), 1 << 16)
                if len(socket.frames) < MOST_EVENTS and isinstance(opcode, int) and self._fits(payload):
                    socket.frames.append(("sent" if method.endswith("Sent") else "received", opcode, payload))
            case "Network.webSocketFrameError":
                socket.sentence = _text(params.get("errorMessage"))

    def _fits(self, *texts: str) -> bool:
        """Whether *texts* may be kept too."""
        size = sum(map(len, texts))
        if self._kept + size > KEPT_MAX:
            return False
        self._kept += size
        return True

    def _kept_stack(self, stack: tuple[ScriptCall, ...]) -> tuple[ScriptCall, ...]:
        return stack if self._fits(*(text for call in stack for text in (call.url, call.function))) else ()


def _url_of(socket: PageSocket) -> str:
    """The URL of an opened one by its request; "" if that does not tell ws: from wss:."""
    fields = {name.lower(): value for name, value in socket.request}
    host, (scheme, _, origin) = fields.get("host", ""), fields.get("origin", "").partition("://")
    path = socket.request_head.partition("\r\n")[0].removeprefix("GET ").removesuffix(" HTTP/1.1")
    if not path.startswith("/") or not (scheme == "https" or (scheme == "http" and origin == host)):
        return ""
    return f"{'wss' if scheme == 'https' else 'ws'}://{host}{path}"


def _elided(url: str) -> str:
    return url if len(url) <= ELIDED else f"{url[:BEGIN]}...{url[-END:]}"


def _has_failed(socket: PageSocket) -> bool:
    """The console can have a text about it."""
    return bool(socket.sentence or socket.over or socket.seen)


def _place(entry: Values) -> tuple[ScriptCall, ...]:
    stack = _stack(entry.get("stackTrace"))
    line = entry.get("lineNumber")
    if not stack and isinstance(line, int) and entry.get("url"):
        return (ScriptCall(_text(entry.get("url")), line + 1, 1),)
    return stack


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


def _stack(value: object) -> tuple[ScriptCall, ...]:
    """The calls of a stack, without the listeners' own call of the constructor, which precedes the page's."""
    stack = tuple(islice(_calls(_values(value)), MOST_FRAMES))
    own = stack and (stack[0].function, stack[0].url) == ("construct", "")
    return stack[1:] if own else stack


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
