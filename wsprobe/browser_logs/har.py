"""The WebSocket entries of a HAR 1.2 file, the archive of requests that developer tools export, as recordings.

A HAR file has method, URL, names and values of headers, a body as text, and messages. It has no bytes of a
head, no frames, no Close, and no end of the connection. A recording rebuilt from one is marked
(``Exchange.rebuilt``).

The format: Jan Odvarko, HTTP Archive 1.2 Spec; ``_webSocketMessages`` and ``_resourceType`` are Chrome's
(Log.ts in front_end/models/har of its DevTools); Playwright and mitmproxy write them too.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from wsprobe.browser_logs.net_errors import ended_by, failure
from wsprobe.exchange import (
    Connected,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    Logged,
    Plan,
    Received,
    Resolved,
    Sent,
    Target,
)
from wsprobe.read.frames import TEXT
from wsprobe.read.stated import stated
from wsprobe.request import target
from wsprobe.request.target import TargetError
from wsprobe.text import visible
from wsprobe.wire.rfc6455 import frame


class HarError(ValueError):
    """A text that is not a HAR file, or an entry that cannot be read as a recording. The message is one
    line."""


class Pair(Struct, frozen=True):
    """A header, a cookie, a query parameter."""

    name: str
    value: str = ""


class HarMessage(Struct, frozen=True, rename={"kind": "type"}):
    """One message, or frame, of the session. Opcode 2 has its data in base64."""

    kind: str = ""
    time: float = 0.0
    """Seconds since 1970; Playwright has milliseconds."""
    opcode: float = 1
    data: str = ""


class _Content(Struct, frozen=True):
    text: str | None = None
    encoding: str | None = None


class _Request(Struct, frozen=True):
    url: str
    method: str = "GET"
    http_version: str | None = field(name="httpVersion", default=None)
    headers: tuple[Pair, ...] = ()
    cookies: tuple[Pair, ...] = ()


class _Response(Struct, frozen=True):
    status: float | None = None
    status_text: str | None = field(name="statusText", default=None)
    http_version: str | None = field(name="httpVersion", default=None)
    headers: tuple[Pair, ...] = ()
    content: _Content = _Content()
    error: Any = field(name="_error", default=None)
    failure: Any = field(name="_failureText", default=None)


class _Timings(Struct, frozen=True):
    blocked: float | None = None
    dns: float | None = None
    connect: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


class HarEntry(Struct, frozen=True):
    """The members of a page's request that wsprobe uses."""

    request: _Request
    response: _Response = _Response()
    started: str = field(name="startedDateTime", default="")
    timings: _Timings = _Timings()
    address: str | None = field(name="serverIPAddress", default=None)
    kind: Any = field(name="_resourceType", default=None)
    noted: tuple[HarMessage, ...] | None = field(name="_webSocketMessages", default=None)
    """Messages, and errors of the connection, which Chrome puts among them."""

    @property
    def messages(self) -> tuple[HarMessage, ...] | None:
        """The messages of the session; None if the tool wrote no list of them."""
        return None if self.noted is None else tuple(each for each in self.noted if each.kind != "error")

    @property
    def error(self) -> str:
        """The tool's error, often the only evidence of a failed handshake; "" if there is none."""
        errors = (each.data for each in self.noted or () if each.kind == "error" and each.data)
        return next((str(each) for each in (*errors, self.response.failure, self.response.error) if each), "")

    @property
    def url(self) -> str:
        """Its URL, with ws: or wss:."""
        return re.sub(r"^http(?=s?:)", "ws", self.request.url)

    @property
    def status(self) -> int:
        """The status of the answer; 0 if the file has none."""
        return max(0, int(self.response.status or 0))

    @property
    def over_http2(self) -> bool:
        names = {pair.name for pair in (*self.request.headers, *self.response.headers)}
        versions = (self.request.http_version or "", self.response.http_version or "")
        return any(name.startswith(":") for name in names) or any("2" in each for each in versions)


class _Creator(Struct, frozen=True):
    name: str = ""
    version: str = ""


class _Log(Struct, frozen=True):
    entries: tuple[HarEntry, ...]
    creator: _Creator = _Creator()
    browser: _Creator | None = None


class _Har(Struct, frozen=True):
    log: _Log


class Archive(Struct, frozen=True):
    """The WebSocket entries of a HAR file, in its order."""

    entries: tuple[HarEntry, ...]
    by: str
    """The program that wrote the file."""
    others: int
    """The number of entries for other requests."""


def read(data: bytes) -> Archive:
    """The WebSocket entries in *data*, a HAR file. Raises HarError if it is not one."""
    try:
        log = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Har).log
    except msgspec.ValidationError as error:
        said = visible(str(error).encode("utf-8", "replace"))
        raise HarError(f"not a HAR file: {said[:1].lower()}{said[1:]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HarError("not a HAR file: invalid or incomplete JSON") from None
    found = tuple(entry for entry in log.entries if _is_websocket(entry))
    by = " ".join(each for each in (log.creator.name, log.creator.version) if each) or "an unnamed program"
    return Archive(found, by, len(log.entries) - len(found))


def _is_websocket(entry: HarEntry) -> bool:
    if entry.noted is not None or entry.request.url.startswith(("ws:", "wss:")):
        return True
    if isinstance(entry.kind, str) and entry.kind.lower() == "websocket":
        return True
    asked = {(pair.name.lower(), pair.value.lower()) for pair in entry.request.headers}
    return bool({("upgrade", "websocket"), (":protocol", "websocket")} & asked)


def header_lines(entry: HarEntry) -> list[str]:
    """The headers of the request, in curl's syntax, with cookies that the file lists separately."""
    lines = [
        f"{pair.name}: {pair.value}" if pair.value.strip() else f"{pair.name};"
        for pair in entry.request.headers
        if not re.search(r"[\r\n]", pair.name + pair.value)
    ]
    if entry.request.cookies and not _has(entry.request.headers, "cookie"):
        lines.append("Cookie: " + "; ".join(f"{each.name}={each.value}" for each in entry.request.cookies))
    return lines


def recording(entry: HarEntry, by: str) -> Exchange:
    """*entry* as a recording, as far as it goes, marked as rebuilt from what *by* wrote.

    Raises HarError if there is no answer, or if the request went over HTTP/2: a HAR file has no frames.
    """
    response = entry.response
    if not entry.status:
        return _failed(entry, by)
    if entry.over_http2:
        raise HarError("the request went over HTTP/2, and a HAR file has no frames")
    to = _place(entry)
    if entry.status == 101 and not _has(entry.request.headers, "sec-websocket-key"):
        raise HarError("the file has no Sec-WebSocket-Key of the request, so the answer cannot be checked")
    request = _head(f"{entry.request.method} {to.resource} HTTP/1.1", entry.request.headers)
    body = (
        b""
        if entry.status == 101
        else _data(response.content.text or "", response.content.encoding == "base64")
    )
    headers = response.headers if entry.status == 101 else _framed(response.headers, len(body))
    head = _head(f"HTTP/1.1 {entry.status} {response.status_text or ''}", headers)
    events, at = _before(entry, to.host, to.port)
    asked = at + _microseconds(entry.timings.send)
    answered = asked + _microseconds(entry.timings.wait)
    events += [Sent(asked, request), Received(answered, head + body)]
    last = answered
    for each in entry.messages or ():
        last = max(last, _since(entry.started, each.time))
        opcode = int(each.opcode) & 0xF
        sent = each.kind == "send"
        wire = frame(opcode, _data(each.data, base64=opcode != TEXT), b"\0\0\0\0" if sent else None)
        events.append(Sent(last, wire) if sent else Received(last, wire))
    if entry.status == 101 and entry.error:  # the session failed: the tool's words are all that is known of it
        events.append(Ended(last, "error", visible(entry.error.encode("utf-8", "replace"))[:200]))
    elif entry.status == 101:
        events.append(Ended(last, "local"))
    else:
        events.append(Ended(last + _microseconds(entry.timings.receive), "fin"))
    logged = Logged("har", by, _origin(entry), message=_sentence(entry))
    return Exchange(
        Plan(to, request), tuple(events), entry.started, rebuilt=f"a HAR file of {by}", logged=logged
    )


def _failed(entry: HarEntry, by: str) -> Exchange:
    """The recording of a handshake that failed, from the browser's sentence. Raises HarError without one."""
    message = _sentence(entry)
    if not message:
        raise HarError("the file has no answer")
    to = _place(entry)
    net_error = re.search(r"\bnet::(ERR_[A-Z0-9_]{1,80})", message)
    name = net_error.group(1) if net_error else ""
    logged = Logged("har", by, _origin(entry), name, message)
    closed = "closed before receiving a handshake response" in message
    events, at = _before(entry, to.host, to.port)
    request = b""
    if stated(message) is None and not closed:
        events = list(failure(name, at, to))
    elif entry.request.headers:
        request = _head(f"{entry.request.method} {to.resource} HTTP/1.1", entry.request.headers)
        events.append(Sent(at, request))
    how: How = "fin" if closed else "local" if stated(message) is not None else ended_by(events)
    why = "" if how in ("fin", "local") else message
    events.append(Ended(at + _microseconds(entry.timings.wait), how, why))
    return Exchange(
        Plan(to, request), tuple(events), entry.started, rebuilt=f"a HAR file of {by}", logged=logged
    )


def _place(entry: HarEntry) -> Target:
    try:
        return target.parse(entry.url)
    except TargetError as error:
        raise HarError(str(error)) from None


def _sentence(entry: HarEntry) -> str:
    """The browser's sentence about the failure; "" without one."""
    text = re.sub(r"^WebSocket connection to '[^']*' failed: ", "", entry.error.strip())
    return visible(text.encode("utf-8", "replace"))[:SENTENCE_MAX]


SENTENCE_MAX = 500
"""The most characters kept of a sentence."""


def _origin(entry: HarEntry) -> str:
    """The Origin of the request; "" without one."""
    return next((pair.value for pair in entry.request.headers if pair.name.lower() == "origin"), "")


def _head(first: str, headers: Sequence[Pair]) -> bytes:
    """A reconstructed head. DevTools puts several values of one name on lines of one text."""
    lines = [first]
    for pair in headers:
        name = re.sub(r"[\r\n]", "", pair.name)
        lines += [f"{name}: {value}" for value in re.split(r"\r?\n|\r", pair.value)]
    return b"".join(_encoded(each) + b"\r\n" for each in lines) + b"\r\n"


def _framed(headers: Sequence[Pair], size: int) -> tuple[Pair, ...]:
    """*headers* without those that do not fit the body in the file, which is decoded or missing. Without them
    the body ends with the connection."""
    names = {pair.name.lower(): pair.value.strip() for pair in headers}
    coded = names.keys() & {"content-encoding", "transfer-encoding"}
    if not coded and names.get("content-length", str(size)) == str(size):
        return tuple(headers)
    framing = ("content-encoding", "transfer-encoding", "content-length")
    return tuple(pair for pair in headers if pair.name.lower() not in framing)


def _has(headers: Sequence[Pair], name: str) -> bool:
    return any(pair.name.lower() == name for pair in headers)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _data(text: str, base64: bool) -> bytes:
    if base64:
        try:
            return b64decode(text, validate=True)
        except ValueError:  # not base64, or not ASCII
            pass
    return text.encode("utf-8", "replace")


def _before(entry: HarEntry, host: str, port: int) -> tuple[list[Event], int]:
    """The events before the request, and when they ended."""
    timings = entry.timings
    events: list[Event] = []
    at = _microseconds(timings.blocked) + _microseconds(timings.dns)
    address = (entry.address or host).strip("[]")
    if entry.address and timings.dns is not None and timings.dns >= 0:
        events.append(Resolved(at, host, (address,)))
    events.append(Connecting(at, address, port))
    at += _microseconds(timings.connect)
    events.append(Connected(at, address, port))
    return events, at


def _microseconds(milliseconds: float | None) -> int:
    return round(min(max(milliseconds or 0.0, 0.0), 1e9) * 1000)


def _since(started: str, time: float) -> int:
    """Microseconds from *started* to *time*, seconds or milliseconds since 1970; 0 if unknown."""
    try:
        begun = datetime.fromisoformat(started)
    except ValueError:
        return 0
    seconds = time / 1000 if time > 1e11 else time
    passed = seconds - (begun if begun.tzinfo else begun.replace(tzinfo=UTC)).timestamp()
    return round(min(max(passed, 0.0), 1e6) * 1_000_000)
