"""The facts from the network and the server that a script cannot see: one list for all engines."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.browsers.engine import DomEvent
from wsprobe.browsers.network import FAILED
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsFailed, TunnelFailed
from wsprobe.read.behind import frames_before_http
from wsprobe.read.frames import PING, PONG, first_close
from wsprobe.read.reading import Reading, Response

_READABLE = (b"sec-websocket-protocol", b"sec-websocket-extensions")


def hidden(reading: Reading, events: Sequence[DomEvent]) -> tuple[str, ...]:
    """In order: why there was no answer; the answer; the session; its end.

    *events* are the script's events: their content is not hidden.
    """
    types = [e.type for e in events]
    opened = "open" in types
    closing = events[types.index("close")] if "close" in types else None
    found = _network(reading)
    messages = [e.message for e in events if e.message]
    for response in reading.responses:
        answer = _answer(response, opened)
        found += [item for item in answer if not _in_messages(item, messages)] if messages else answer
    if opened:
        found += _session(reading, closing)
    if closing is not None and not closing.was_clean:
        found += _end(reading)
    return tuple(found)


def _in_messages(item: str, messages: Sequence[str]) -> bool:
    """True for a status at the end of one of the *messages* of ErrorEvents."""
    status = item.removeprefix("status ")
    return status != item and any(each.endswith(f": {status}") for each in messages)


def _network(reading: Reading) -> list[str]:
    found = []
    for event in reading.exchange.events:
        if type(event) not in FAILED:
            continue
        match event:
            case ResolveFailed():
                found.append(f"the name {event.host} did not resolve")
            case ConnectFailed():
                found.append(
                    f"connection to {event.address} port {event.port} failed: {event.errno or event.error}"
                )
            case TunnelFailed():
                found.append("the proxy opened no tunnel")
            case TlsFailed(kind="certificate"):
                found.append(f"certificate not accepted: {event.reason or event.error}")
            case TlsFailed(kind="alert"):
                found.append(f"TLS alert {event.alert}" if event.alert is not None else "TLS alert")
            case TlsFailed(kind="not-tls"):
                found.append(f"{len(event.received)} bytes that are not TLS")
            case TlsFailed():
                found.append(f"TLS handshake failed: {event.kind}")
    return found


def _answer(response: Response, opened: bool) -> list[str]:
    found = []
    if response.status is not None:
        if not opened or response.status != (200 if response.version == "2" else 101):
            found.append(f"status {response.status}")
    elif response.head.first is not None:
        found.append("status line")
    fields = len(response.head.fields)
    if opened:
        fields -= sum([len(response.head.all(name)) for name in _READABLE])
    if fields:
        found.append(_count(fields, "header"))
    if response.body is not None and response.body.content:
        size = len(response.body.content)
        found.append(f"the first {size} bytes of the body" if response.body.cut else f"{size}-byte body")
    return found


def _session(reading: Reading, closing: DomEvent | None) -> list[str]:
    if reading.session is None:
        return []
    found = []
    of = frames_before_http(reading) or reading.session
    opcodes = [f.opcode for f in of.frames]
    for opcode, name in ((PING, "ping"), (PONG, "pong")):
        if number := opcodes.count(opcode):
            found.append(_count(number, name))
    shut = first_close(of.frames)
    if closing is not None and shut is not None:
        code = shut.close_code
        if closing.code != (1005 if code is None else code):
            found.append("Close frame without a code" if code is None else f"Close frame with code {code}")
    return found


def _end(reading: Reading) -> list[str]:
    stream = reading.http2.end if reading.http2 is not None else None
    if stream is not None and stream.by == "server" and stream.how != "connection":
        return {
            "end-stream": ["the server ended the stream"],
            "rst-stream": [f"RST_STREAM {stream.name}"],
            "goaway": [f"GOAWAY {stream.name}"],
        }[stream.how]
    logged = reading.exchange.logged
    if not reading.received or (logged and logged.source == "har"):  # a HAR file does not have the end
        return []
    return {
        "fin": ["the server closed the connection"],
        "truncated": ["the server closed the connection without close_notify"],
        "reset": ["the connection was reset"],
    }.get(reading.exchange.how_ended, [])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
