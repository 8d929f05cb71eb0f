"""Secrets in the bytes of one direction of a connection. What is masked keeps its length and its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal

from wsprobe.read.http.heads import split_head
from wsprobe.read.reading import Body, Field, Frame, Head, Reading, Span
from wsprobe.read.websocket.deflate import Direction, agreed_deflate
from wsprobe.read.websocket.messages import messages
from wsprobe.read.websocket.sessions import READERS
from wsprobe.redaction.secrets import Secrets

_RULES: dict[bytes, Callable[[Secrets, str], str]] = {
    b"authorization": Secrets.credentials,
    b"proxy-authorization": Secrets.credentials,
    b"cookie": Secrets.cookies,
    b"cookie2": Secrets.cookies,
    b"set-cookie": Secrets.set_cookie,
    b"set-cookie2": Secrets.set_cookie,
    b"location": Secrets.url,
    b"content-location": Secrets.url,
    b"refresh": Secrets.url,
    b"referer": Secrets.url,
    b"sec-websocket-location": Secrets.url,
    b"websocket-location": Secrets.url,
}

_NEVER_ECHO = (b"upgrade", b"connection", b"host", b"transfer-encoding")
_NEVER_ECHO_PREFIX = (b"sec-websocket-", b"websocket-", b"content-")
"""Fields that decide how the rest is read and judged. ``?transport=websocket`` must not mask an Upgrade."""


def request_bytes(secrets: Secrets, data: bytes) -> bytes:
    """A request, and what follows its head (hixie-76: eight bytes of challenge, which are no secret)."""
    out = bytearray(data)
    head, _ = split_head(data)
    if head.first is not None:
        begin, end = head.first.span
        space, last = head.first.text.find(b" "), head.first.text.rfind(b" ")
        _mask(out, (begin + space + 1, begin + last if last > space else end), secrets.url)
    _fields(secrets, out, head)
    return bytes(out)


def sent_stream(secrets: Secrets, reading: Reading) -> bytes:
    """``reading.sent``, masked."""
    out = bytearray(request_bytes(secrets, reading.sent))
    if reading.session is not None and _is_rfc_6455(reading):
        _frames(secrets, out, reading.session.sent, _deflate(reading, "client"))
    else:
        own = len(reading.request.head.raw) + len(reading.request.rest)
        _echo(secrets, out, [(own, len(out))])
    return bytes(out)


def proxy_stream(secrets: Secrets, data: bytes) -> bytes:
    """Bytes to a proxy: a CONNECT request, or SOCKS version 5 with a password (RFC 1929)."""
    if not data.startswith(b"\x05"):
        return request_bytes(secrets, data)
    out = bytearray(data)
    at = 2 + data[1] if len(data) > 1 else len(data)
    if data[at : at + 1] == b"\x01":
        at += 1
        for _ in ("user name", "password"):
            size = data[at] if at < len(data) else 0
            out[at + 1 : at + 1 + size] = b"*" * len(out[at + 1 : at + 1 + size])
            at += 1 + size
    return bytes(out)


def answer_stream(secrets: Secrets, data: bytes) -> bytes:
    """Heads one after the other with what is between them, where nothing better is known of the bytes."""
    out = bytearray(data)
    head, end = split_head(data)
    _status_line(secrets, out, head)
    _fields(secrets, out, head)
    return bytes(out[:end]) + secrets.echo(bytes(out[end:]))


def received_stream(secrets: Secrets, reading: Reading) -> bytes:
    """``reading.received``, masked."""
    out = bytearray(reading.received)
    for response in reading.responses:
        _status_line(secrets, out, response.head)
        _fields(secrets, out, response.head)
        if response.body is not None:
            _body(secrets, out, response.body, response.head.start + len(response.head.raw))
    rest = len(reading.rest)
    if reading.session is not None:
        rest = len(out) - reading.session.start
        if _is_rfc_6455(reading):
            rest = len(reading.session.rest)
            _frames(secrets, out, reading.session.frames, _deflate(reading, "server"))
    _echo(secrets, out, [(len(out) - rest, len(out))])
    return bytes(out)


def _is_rfc_6455(reading: Reading) -> bool:
    return reading.exchange.plan.wire not in READERS


def _deflate(reading: Reading, side: Literal["server", "client"]) -> Direction | None:
    agreed = agreed_deflate(reading.responses[-1].head)
    if agreed is None:
        return None
    return agreed.server if side == "server" else agreed.client


def _status_line(secrets: Secrets, out: bytearray, head: Head) -> None:
    if head.first is not None:
        begin, end = head.first.span
        space = head.first.text.find(b" ")
        _echo(secrets, out, [(begin + space + 1, end)])


def _fields(secrets: Secrets, out: bytearray, head: Head) -> None:
    others: list[Span] = []
    for field in head.fields:
        rule = _RULES.get(field.key)
        if b"\n" in field.lines[-1].text:
            _mask(out, field.span, secrets.mask)
        elif rule is not None:
            _mask(out, field.value_span, partial(rule, secrets))
        elif not _decides(field):
            others.append(field.value_span)
    _echo(secrets, out, others, between=b"\n")


def _decides(field: Field) -> bool:
    return field.key in _NEVER_ECHO or field.key.startswith(_NEVER_ECHO_PREFIX)


def _body(secrets: Secrets, out: bytearray, body: Body, start: int) -> None:
    spans = [(start, start + len(body.raw))]
    if body.framing == "chunked":
        spans = [(start + a, start + b) for a, b in chunk_spans(body.raw)]
    if body.decoded is not None and secrets.echo(body.decoded) != body.decoded:
        for begin, end in spans:
            out[begin:end] = b"*" * (end - begin)
    else:
        _echo(secrets, out, spans)


def _frames(secrets: Secrets, out: bytearray, frames: Sequence[Frame], deflate: Direction | None) -> None:
    """Frames of RFC 6455 in *out*: their payloads, with the WebSocket mask undone and done again.

    A compressed message that repeats a secret is masked as a whole: no same-length change of it would inflate.
    """
    opaque = set()
    for message in () if deflate is None else messages(frames, deflate):
        if message.compressed and secrets.echo(message.data) != message.data:
            opaque |= {frame.start for frame in message.frames}
    masked = secrets.echo(b"".join(frame.data for frame in frames))
    at = 0
    for frame in frames:
        size = len(frame.payload)
        begin = frame.start + len(frame.header)
        change = _xor(frame.data, masked[at : at + size])
        out[begin : begin + size] = b"*" * size if frame.start in opaque else _xor(frame.payload, change)
        at += size


def chunk_spans(raw: bytes) -> list[Span]:
    """Where the content of a chunked body is (RFC 9112 section 7.1), and last, what follows its chunks."""
    found: list[Span] = []
    at = 0
    while (newline := raw.find(b"\n", at)) >= 0:
        try:
            size = int(raw[at:newline].partition(b";")[0], 16)
        except ValueError:
            break
        at = newline + 1
        if size <= 0:
            break
        found.append((at, min(at + size, len(raw))))
        at = found[-1][1] + (2 if raw[at + size : at + size + 2] == b"\r\n" else 0)
    found.append((min(at, len(raw)), len(raw)))
    return found


def _mask(out: bytearray, span: Span, rule: Callable[[str], str]) -> None:
    out[span[0] : span[1]] = rule(out[span[0] : span[1]].decode("latin-1")).encode("latin-1")


def _echo(secrets: Secrets, out: bytearray, spans: Iterable[Span], between: bytes = b"") -> None:
    """Mask what comes back in *spans*, seen as one text; *between* keeps them apart where they are not."""
    places = [span for span in spans if span[0] < span[1]]
    data = between.join(bytes(out[a:b]) for a, b in places)
    masked = secrets.echo(data)
    if masked == data:
        return
    at = 0
    for a, b in places:
        out[a:b] = masked[at : at + b - a]
        at += b - a + len(between)


def _xor(data: bytes, other: bytes) -> bytes:
    size = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(other, "big")).to_bytes(size, "big")
