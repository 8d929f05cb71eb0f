"""Recordings as entries of a HAR 1.2 file, the archive of requests that developer tools read.

The format: ``wsprobe.browser_logs.har``, which reads it.
"""

from __future__ import annotations

from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import repeat
from typing import Any
from urllib.parse import parse_qsl

from wsprobe.exchange import Connected
from wsprobe.read import read as read_exchange
from wsprobe.read.frames import TEXT, Message, messages_of
from wsprobe.read.reading import Body, Frame, Reading, Session
from wsprobe.recording.archive import ascii_json
from wsprobe.report.report import Report
from wsprobe.report.timing import in_utc, moment, timing
from wsprobe.request import target
from wsprobe.version import __version__

Json = dict[str, Any]


def document(entries: Iterable[bytes]) -> Iterator[bytes]:
    """A HAR file, in ASCII, with a line end, in parts. *entries*: the parts of its entries, with commas between
    them."""
    log = {"version": "1.2", "creator": {"name": "wsprobe", "version": __version__}, "pages": []}
    yield b'{"log":' + ascii_json(log)[:-1] + b',"entries":['
    yield from entries
    yield b"]}}\n"


def entries(report: Report) -> Iterator[Iterator[bytes]]:
    """The entries for *report*, each in parts: first its redirects and other earlier requests, then itself. The
    messages of a flood are inflated one at a time, and escaped a piece at a time: in JSON they take many times
    their bytes."""
    for hop in report.exchange.hops:
        yield _parts(read_exchange(hop), None)
    failed = next((f.text for f in report.verdict.findings if f.fatal), None)
    yield _parts(report.reading, failed)


def _parts(reading: Reading, failed: str | None) -> Iterator[bytes]:
    text = ascii_json(_entry(reading, failed))
    if reading.session is None:
        yield text
        return
    yield text[:-1] + b',"_webSocketMessages":['
    yield from _messages(reading, reading.session, moment(reading.exchange.started) or 0.0)
    yield b"]}"


def _entry(reading: Reading, failed: str | None) -> Json:
    """An entry without its messages."""
    exchange = reading.exchange
    timings = _timings(reading)
    made: Json = {
        "startedDateTime": in_utc(exchange.started),
        "time": round(sum(value for name, value in timings.items() if value > 0 and name != "ssl"), 3),
        "request": _asked(reading),
        "response": _answered(reading, failed),
        "cache": {},
        "timings": timings,
        "_resourceType": "websocket",
    }
    connected = next((event for event in exchange.events if isinstance(event, Connected)), None)
    if connected is not None and connected.port:  # not a Unix socket
        made["serverIPAddress"] = connected.address
        made["_serverPort"] = connected.port
    if exchange.rebuilt:
        made["comment"] = f"rebuilt from {exchange.rebuilt}"
    return made


def _asked(reading: Reading) -> Json:
    plan, head = reading.exchange.plan, reading.request.head
    to = plan.target
    url = target.public_url(to)
    if reading.http2 is not None and plan.http2 is not None:
        pairs = [_pair(name, value) for name, value in plan.http2.fields]
        method, version, size = "CONNECT", "HTTP/2.0", -1
    else:
        pairs = [_pair(each.name, each.value) for each in head.fields]
        method = reading.request.method.decode("latin-1") or "GET"
        version, size = reading.request.version.decode("latin-1") or "HTTP/1.1", len(head.raw)
    return {
        "method": method,
        "url": url,
        "httpVersion": version if version.startswith("HTTP/") else f"HTTP/{version}",
        "cookies": [
            {"name": name.strip(), "value": value}
            for pair in pairs
            if pair["name"].lower() == "cookie"
            for name, equals, value in (each.partition("=") for each in pair["value"].split(";"))
            if equals
        ],
        "headers": pairs,
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(to.resource.partition("?")[2], keep_blank_values=True)
        ],
        "headersSize": size,
        "bodySize": 0,
    }


def _answered(reading: Reading, failed: str | None) -> Json:
    final = reading.final
    if final is None or not final.status:
        nothing: Json = {"status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": []}
        nothing |= {"content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1}
        return nothing | {"bodySize": -1, "_error": failed or "no answer"}
    pairs = [_pair(each.name, each.value) for each in final.head.fields]
    named = {pair["name"].lower(): pair["value"] for pair in reversed(pairs)}
    over_http2 = reading.http2 is not None
    body = final.body
    made: Json = {
        "status": final.status,
        "statusText": final.reason.decode("latin-1"),
        "httpVersion": "HTTP/2.0" if over_http2 else f"HTTP/{final.version or '1.1'}",
        "cookies": [_set_cookie(pair["value"]) for pair in pairs if pair["name"].lower() == "set-cookie"],
        "headers": pairs,
        "content": _text(named.get("content-type", ""), body),
        "redirectURL": named.get("location", ""),
        "headersSize": -1 if over_http2 else len(final.head.raw),
        "bodySize": 0 if body is None else len(body.raw),
    }
    if failed is not None:
        made["_error"] = failed
    return made


def _pair(name: bytes, value: bytes) -> Json:
    return {"name": name.decode("latin-1"), "value": value.decode("latin-1")}


def _set_cookie(text: str) -> Json:
    first, *attributes = (each.strip() for each in text.split(";"))
    name, _, value = first.partition("=")
    made: Json = {"name": name, "value": value}
    for each in attributes:
        key, _, said = each.partition("=")
        match key.lower():
            case "path" | "domain":
                made[key.lower()] = said
            case "secure":
                made["secure"] = True
            case "httponly":
                made["httpOnly"] = True
    return made


def _text(mime: str, body: Body | None) -> Json:
    content = b"" if body is None else body.content if body.decoded is None else body.decoded
    made: Json = {"size": len(content), "mimeType": mime or "x-unknown"}
    if body is None or not content:
        return made
    try:
        return made | {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return made | {"text": b64encode(content).decode("ascii"), "encoding": "base64"}


def _messages(reading: Reading, session: Session, started: float) -> Iterator[bytes]:
    """Messages, and control frames with their payload in base64, in the order in which they were complete, with
    commas between them."""
    received, sent = messages_of(reading)
    each_side = (("send", sent, session.sent), ("receive", received, session.frames))
    whole: list[Iterator[tuple[str, Message | Frame]]] = [
        zip(repeat(kind), of)
        for kind, messages, frames in each_side
        for of in (messages, (each for each in frames if each.is_control))
    ]
    comma = b""
    for kind, each in merge(*whole, key=lambda pair: pair[1].at):
        message = {"type": kind, "time": round(started + each.at / 1e6, 6), "opcode": each.opcode, "data": ""}
        yield comma + ascii_json(message).removesuffix(b'"}')
        yield from _escaped(each.data) if each.opcode == TEXT else _in_base64(each.data)
        yield b'"}'
        comma = b","


PIECE = 3 * 16384
"""Bytes of a message that are written at a time; base64 has no padding between pieces of this size."""


def _escaped(data: bytes) -> Iterator[bytes]:
    """The text in *data* as JSON, without its quotes."""
    from json.encoder import encode_basestring_ascii  # only for a text

    # ascii_json takes a call for each run of what is not ASCII; compressed bytes are little else.
    decode = getincrementaldecoder("utf-8")("replace").decode
    for start in range(0, len(data), PIECE):
        text = decode(data[start : start + PIECE], start + PIECE >= len(data))
        yield encode_basestring_ascii(text)[1:-1].replace("\x7f", "\\u007f").encode()


def _in_base64(data: bytes) -> Iterator[bytes]:
    return (b64encode(data[start : start + PIECE]) for start in range(0, len(data), PIECE))


def _timings(reading: Reading) -> Json:
    """Milliseconds of each phase; -1 for one that did not happen. TLS is a part of connecting (HAR 1.2)."""
    times = timing(reading)
    resolved, connected, secured = times.resolved, times.connected, times.tls
    sent, came = times.sent, times.first_byte
    ended = reading.exchange.events[-1].at / 1000 if reading.exchange.events else 0.0
    ready = secured or connected or resolved or 0.0
    return {
        "blocked": -1,
        "dns": -1 if resolved is None else resolved,
        "connect": -1 if connected is None else round(ready - (resolved or 0.0), 3),
        "ssl": -1 if secured is None else round(secured - (connected or 0.0), 3),
        "send": 0 if sent is None else round(max(0.0, sent - ready), 3),
        "wait": 0 if sent is None else round(max(0.0, (ended if came is None else came) - sent), 3),
        "receive": 0 if came is None else round(max(0.0, ended - came), 3),
    }
