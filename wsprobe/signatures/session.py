"""What ended a session, by what came after the handshake: a Close, nothing, or HTTP."""

from __future__ import annotations

import re

import msgspec

from wsprobe.exchange import Exchange, Received, Sent
from wsprobe.read.behind import http_behind
from wsprobe.read.frames import agreed_deflate, messages
from wsprobe.read.reading import Frame, Reading, Response
from wsprobe.signatures.answer import Cause, Evidence, Signature, foreign_origin, how_ended, shown, written_by
from wsprobe.signatures.causes import (
    SEE_LOG,
    backend_down,
    crashed,
    no_route,
    origin_refused,
    other_generation,
    refused_by_application,
    subprotocol_wanted,
)

SHORTEST_IDLE = 1_000_000
"""Microseconds: no proxy is told to cut what was idle for less than a second."""


class _Session(msgspec.Struct, frozen=True):
    close: Frame | None
    code: int | None
    reason: str
    texts: tuple[str, ...]
    binary: bool
    dropped: bool
    quiet: bool
    """Nothing went either way for a time before the end: `SHORTEST_IDLE`."""
    behind: Response | None


def _session_causes(a: Evidence, s: _Session) -> tuple[Cause, ...]:
    """What ended the session, by what came after the handshake."""
    first = s.texts[0] if s.texts else ""
    if s.behind is not None and s.close is None:
        return _http_after(s.behind)
    if re.match(r'0\{"sid":"', first):
        waits = Cause(
            "not-socket.io",
            "this is a Socket.IO server: it opened a session, and waits for Socket.IO packets",
            "use a Socket.IO client",
        )
        origin = Cause(
            "origin-unguarded",
            "cors.origin of Socket.IO does not guard the WebSocket transport",
            "use allowRequest to refuse an Origin",
        )
        return (waits, origin) if a.has("access-control-allow-origin") and foreign_origin(a) else (waits,)
    if re.search(r'"data":"Invalid Host/Origin header"', first):
        return (
            Cause(
                "host",
                "webpack-dev-server does not allow this Host or Origin",
                "add it to devServer.allowedHosts",
            ),
            origin_refused(a, "add its host to devServer.allowedHosts"),
        )
    if s.close is not None:
        return _closed(a, s)
    if s.dropped:
        return _dropped(s)
    return _silent(a, s)


def _chosen(a: Evidence) -> Cause | None:
    """What was selected of the subprotocols offered, where that is a fault."""
    selected = a.get("sec-websocket-protocol")
    if selected and selected not in a.protocols:
        return Cause(
            "subprotocol-unasked",
            f"the application selected the subprotocol {shown(selected)}, which was not offered",
            "select only one of those that were offered; otherwise a browser fails",
        )
    if a.protocols and not selected:
        return Cause(
            "subprotocol-none",
            f"the server knows, or selects, none of the subprotocols offered: {shown(', '.join(a.protocols))}",
            "select one of them in the server, or offer one that it knows; Chromium fails if none is selected",
        )
    return None


def _http_after(behind: Response) -> tuple[Cause, ...]:
    status = behind.status or 0
    if status == 400:
        return (other_generation(),)
    if status >= 500:
        return (crashed("an exception in the handler after the handshake"),)
    return (
        Cause(
            "response-after-101",
            "the handler returned an HTTP response after the handshake, or ended",
            "return nothing (Flask-Sock), or the WebSocketResponse itself (aiohttp); keep the handler running",
        ),
    )


def _closed(a: Evidence, s: _Session) -> tuple[Cause, ...]:
    returned = Cause(
        "handler-returned",
        "the handler of the WebSocket returned, which closes it",
        "keep it running: loop over the messages",
    )
    crashed = Cause("handler-crashed", "an exception in the handler after the handshake", SEE_LOG)
    closed = Cause("closed-by-app", "the application closed on purpose", "")
    match s.code:
        case None if s.close is not None and not s.close.data:
            return (
                no_route(
                    "no WebSocket route has this path: express-ws and @fastify/websocket accept, then close "
                    "without a code"
                ),
                returned,
                crashed,
                closed,
            )
        case 1011 if "downstream" in s.reason:
            return (backend_down("websockify"),)
        case 1011:
            if a.server("daphne"):
                return (
                    crashed,
                    Cause(
                        "closed-by-app",
                        "Daphne before 4.1 sends 1011 in place of the code when there is a reason",
                        "update Daphne",
                    ),
                )
            return (crashed, returned)
        case 1000 | 1001:
            return (returned, closed, crashed)
        case 1008:
            return refused_by_application(
                msgspec.structs.replace(a, status=403, body=b""),
                "the application refused after the handshake; the reason says why",
            )
        case 1002:
            return (
                subprotocol_wanted(a),
                Cause("protocol-error", "the server says that the client broke the protocol", SEE_LOG),
            )
        case 4406:
            return (subprotocol_wanted(a),)
        case 4408:
            return (
                Cause(
                    "first-message",
                    "the client did not send the first message in time (graphql-ws: connection_init)",
                    "send it",
                ),
            )
        case 4401 | 4403:
            return refused_by_application(
                msgspec.structs.replace(a, status=403, body=b""),
                f"the application refused with {s.code} after the handshake",
            )
        case code if code is not None and 3000 <= code < 5000:
            return (
                Cause(
                    "closed-by-app",
                    f"the application accepted, and then closed with {code}",
                    "look up the code in its documentation",
                ),
            )
        case _:
            return ()


def _dropped(s: _Session) -> tuple[Cause, ...]:
    crashed = Cause("handler-crashed", "an exception in the handler after the handshake", SEE_LOG)
    returned = Cause(
        "handler-returned",
        "the handler returned, or closed the connection without a Close",
        "keep it running; send a Close",
    )
    idle = Cause(
        "idle-cut",
        "a proxy ended a session in which nothing was sent until its idle limit",
        "send pings more often, or raise proxy_read_timeout (nginx), timeout tunnel (HAProxy), Timeout "
        "(Apache)",
    )
    if not s.quiet:
        return (crashed, returned)
    return (idle, crashed, returned) if s.texts or s.binary else (crashed, returned, idle)


def _silent(a: Evidence, s: _Session) -> tuple[Cause, ...]:
    selected = a.get("sec-websocket-protocol")
    mqtt = Cause(
        "mqtt",
        "an MQTT broker: it waits for MQTT packets, in the subprotocol mqtt",
        'use an MQTT client; in a page new WebSocket(url, "mqtt")',
    )
    if selected.lower().startswith("mqtt"):
        return (mqtt,)
    if not s.texts and not a.protocols and re.search(r"/mqtt\b", a.path):
        return (mqtt,)
    return ()


def opened(reading: Reading, a: Evidence) -> Signature:
    s = _session_of(reading)
    author, mark = _opened_by(a, s)
    base = written_by(author, mark, ()) if author else Signature()
    chosen = _chosen(a)
    causes = (*(() if chosen is None else (chosen,)), *_session_causes(a, s))
    if a.server("AutobahnPython") or author == "sanic":
        causes = tuple(sorted(causes, key=lambda cause: cause.id != "handler-crashed"))
    return msgspec.structs.replace(base, causes=causes)


def _opened_by(a: Evidence, s: _Session) -> tuple[str, str]:
    """Who wrote a 101: by a Server field that is not a proxy's, or by what follows."""
    for pattern, author in (
        ("daphne", "daphne"),
        ("uvicorn", "uvicorn"),
        ("hypercorn", "hypercorn"),
        ("granian", "granian"),
        (r"Python/[\d.]+ aiohttp/", "aiohttp"),
        (r"Python/[\d.]+ websockets/", "websockets"),
        ("TornadoServer", "tornado"),
        ("WebSockify", "websockify"),
        ("AutobahnPython", "autobahn"),
    ):
        if a.server(pattern):
            return author, "Server"
    if s.texts and re.match(r'0\{"sid":"', s.texts[0]):
        return "engine.io", "its opening packet"
    if s.texts and re.search(r'"data":"Invalid Host/Origin header"', s.texts[0]):
        return "webpack-dev-server", "its words"
    if s.code == 4406 and s.reason == "Subprotocol not acceptable":
        return "graphql-ws", "its close code and reason"
    if s.code == 4408 and s.reason == "Connection initialisation timeout":
        return "graphql-ws", "its close code and reason"
    if a.names == ("connection", "upgrade", "sec-websocket-accept", "date") or a.names == (
        "connection",
        "upgrade",
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "date",
    ):
        return "granian", "its fields in their order, in lower case"
    if (
        a.names[:4] == ("date", "upgrade", "connection", "sec-websocket-accept")
        and a.get("connection") == "Upgrade"
    ):
        return "sanic", "its fields in their order, in lower case"
    if s.behind is not None:
        server = b" ".join(field.value for field in s.behind.head.all(b"server"))
        if b"Werkzeug" in server or b"gunicorn" in server:
            return "flask", "an HTTP answer of its server after the 101"
        if any(field.name == b"Content-type" for field in s.behind.head.fields):
            return "engine.io", "an HTTP answer after the 101, Content-type spelt with a small t"
    return "", ""


def _quiet(exchange: Exchange) -> bool:
    last = max((event.at for event in exchange.events if isinstance(event, (Received, Sent))), default=0)
    return exchange.events[-1].at - last >= SHORTEST_IDLE


def _session_of(reading: Reading) -> _Session:
    of, final = reading.session, reading.final
    assert of is not None
    assert final is not None
    behind = http_behind(reading)
    until = behind.head.start if behind is not None else len(reading.received)
    frames = tuple(frame for frame in of.frames if frame.start < until)
    close = next((frame for frame in frames if frame.opcode == 8), None)
    agreed = agreed_deflate(final.head)
    told = messages(frames[:100], agreed.server if agreed is not None else None, 65536)
    data = close.data if close is not None else b""
    ours = [frame for frame in of.sent if frame.opcode == 8]
    if close is not None and ours and ours[0].at < close.at:
        close = None  # the answer to our own Close
        data = b""
    return _Session(
        close,
        of.close_code(close) if close is not None else None,
        data[2:].decode("utf-8", "replace"),
        tuple(message.data[:4096].decode("utf-8", "replace") for message in told if message.opcode == 1),
        any(message.opcode == 2 for message in told),
        how_ended(reading.exchange) in ("fin", "reset", "truncated") and not ours,
        _quiet(reading.exchange),
        behind,
    )
