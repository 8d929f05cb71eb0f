"""Recordings without their secrets: same bytes, same offsets, same reads, with ``*`` where a secret was.

It masks credentials in Authorization and Proxy-Authorization, cookie values in Cookie and Set-Cookie, fields
with the name of a key or token, userinfo, query values (in the target, request lines, Location, Referer and so
on), path segments, fragments and subprotocols that look like tokens, and sent messages. Then it masks the same
strings wherever they occur again: in bodies, messages, reason phrases, other fields and their names, error
texts, also with the escapes of URLs, JSON, HTML or quoted-printable, and at the beginning of a base64 text; a
long one in any letter case. A JSON Web Token is masked wherever it is written. A credential that was sent, and
is no message, is found anywhere in a base64 text, and in hexadecimal. Of a token (letters and digits that are
no words, in a credential, cookie, query value, path or subprotocol, not in a sent message) a part of 12 bytes
and more is found too, as it is written there, unless the part is words and small numbers: a word of a text is
not masked because a secret contains it. In paths, fragments and cookie attributes, a secret of words and small
numbers alone is not masked: ``?room=chat`` does not hide the path ``/chat``.

A compressed body or message that repeats a secret is masked as a whole, and so are the messages after
SEARCHED_MAX. It cannot find: a secret that was never marked as one (a token that the server created in a body
and that is no JSON Web Token), one that is split, encrypted or hashed, a shorter or rewritten part of one, and
repeated strings under four bytes. It does not mask names of cookies and query parameters, or cookie attributes,
that repeat none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate
from typing import Literal

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.exchange import (
    Act,
    Compressed,
    ConnectFailed,
    Ended,
    Event,
    Exchange,
    MaskedSpans,
    Plan,
    Received,
    Relayed,
    ResolveFailed,
    Script,
    ScriptEvent,
    Sent,
    Target,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
    Unpacked,
    UnpackedMessages,
)
from wsprobe.read import read_structure
from wsprobe.read.frames import CLOSE, INFLATED_MAX, deflate_of, each_message, read_frames
from wsprobe.read.head import split_head
from wsprobe.read.inflate import Direction
from wsprobe.read.reading import Body, Field, Frame, Head, Reading, Span
from wsprobe.recording.secrets import OF_A_BODY, Secrets, masked_bytes, rule
from wsprobe.request.target import begins_with_scheme

SEARCHED_MAX = 64 * 1024 * 1024
"""Bytes of one direction's messages that are searched, times the forms of secrets to search for. What comes
after them is masked as a whole: a server can send as many secrets, and as much text to search for them, as it
likes."""
UNPACKED_MAX = 256 * 1024
"""The most bytes that are kept of what masked compressed messages of one side hold: a flood inflates to far
more."""

_NEVER_ECHO = (b"upgrade", b"connection", b"host", b"transfer-encoding", *OF_A_BODY)
_NEVER_ECHO_PREFIX = (b"sec-websocket-", b"websocket-")
"""Fields that decide how to read and judge the rest. ``?transport=websocket`` must not mask an Upgrade."""


class MaskedStream(Struct, frozen=True):
    """The bytes of one direction, masked, and what compressed bytes hold that are masked as a whole."""

    data: bytes
    messages: UnpackedMessages | None = None
    body: Unpacked | None = None


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


def sent_stream(secrets: Secrets, reading: Reading) -> MaskedStream:
    """``reading.sent``, masked."""
    if reading.http2 is not None:
        return _over_http2(secrets, reading, "client")
    out = bytearray(request_bytes(secrets, reading.sent))
    messages = None
    if reading.session is not None:
        messages = _frames(secrets, out, reading.session.sent, _deflate(reading, "client"))
    else:
        own = len(reading.request.head.raw) + len(reading.request.rest)
        _echo(secrets, out, [(own, len(out))])
    return MaskedStream(bytes(out), messages)


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
    """Consecutive heads with the bytes between them, if nothing better is known about the bytes."""
    out = bytearray(data)
    head, end = split_head(data)
    _status_line(secrets, out, head)
    _fields(secrets, out, head)
    return bytes(out[:end]) + secrets.echo(bytes(out[end:]))


def received_stream(secrets: Secrets, reading: Reading) -> MaskedStream:
    """``reading.received``, masked."""
    if reading.http2 is not None:
        if reading.looks_like:
            return MaskedStream(answer_stream(secrets, reading.received))
        return _over_http2(secrets, reading, "server")
    out = bytearray(reading.received)
    unpacked = messages = None
    for response in reading.responses:
        _status_line(secrets, out, response.head)
        _fields(secrets, out, response.head)
        if response.body is not None:
            unpacked = _body(secrets, out, response.body, response.head.start + len(response.head.raw))
    rest = len(reading.rest)
    if reading.session is not None:
        rest = len(reading.session.rest)
        messages = _frames(secrets, out, reading.session.frames, _deflate(reading, "server"))
        _cut_frame(secrets, out, reading.session.frames)
    _echo(secrets, out, [(len(out) - rest, len(out))])
    return MaskedStream(bytes(out), messages, unpacked)


def _over_http2(secrets: Secrets, reading: Reading, by: Literal["client", "server"]) -> MaskedStream:
    # HTTP/2 and its libraries are loaded where it was spoken.
    from wsprobe.recording.redaction_http2 import stream

    messages: UnpackedMessages | None = None

    def session(joined: bytearray) -> None:
        nonlocal messages
        frames, _ = read_frames(joined, 0, lambda offset: 0)
        messages = _frames(secrets, joined, frames, _deflate(reading, by))

    body = None if reading.final is None or by == "client" else reading.final.body
    unpacked = None if body is None else _unpacked(secrets, body)
    return MaskedStream(stream(secrets, reading, by, session, unpacked is not None), messages, unpacked)


def _deflate(reading: Reading, side: Literal["server", "client"]) -> Direction | None:
    agreed = deflate_of(reading)
    if agreed is None:
        return None
    return agreed.server if side == "server" else agreed.client


def _status_line(secrets: Secrets, out: bytearray, head: Head) -> None:
    if head.first is not None:
        begin, end = head.first.span
        version, _, _ = head.first.text.partition(b" ")
        # What is no version of HTTP is text, and decides nothing.
        skipped = len(version) if b"HTTP" in version.upper() else 0
        _echo(secrets, out, [(begin + skipped, end)])


def _fields(secrets: Secrets, out: bytearray, head: Head) -> None:
    others: list[Span] = []
    for field in head.fields:
        mask = rule(field.key)
        if b"\n" in field.lines[-1].text:
            _mask(out, field.span, secrets.mask)
        elif mask is not None:
            _mask(out, field.value_span, partial(mask, secrets))
            others.append((field.span[0], field.value_span[0]))
        elif not _decides(field):
            # ``?sort=Origin`` must not hide that an Origin was sent.
            others.append(field.value_span if field.key == b"origin" else field.span)
    _echo(secrets, out, others, between=b"\n")


def _decides(field: Field) -> bool:
    return field.key in _NEVER_ECHO or field.key.startswith(_NEVER_ECHO_PREFIX)


def _body(secrets: Secrets, out: bytearray, body: Body, start: int) -> Unpacked | None:
    """Mask *body*, at *start* of *out*. Return its content if its bytes are masked as a whole."""
    if not secrets.searches:
        return None
    spans = [(start, start + len(body.raw))]
    if body.framing == "chunked":
        spans = [(start + a, start + b) for a, b in chunk_spans(body.raw)]
    unpacked = _unpacked(secrets, body)
    if unpacked is None:
        _echo(secrets, out, spans)
    else:
        for begin, end in spans:
            out[begin:end] = b"*" * (end - begin)
    return unpacked


def _unpacked(secrets: Secrets, body: Body) -> Unpacked | None:
    """The content of a compressed *body*, masked; None if it repeats no secret."""
    if body.decoded is None or (masked := secrets.echo(body.decoded)) == body.decoded:
        return None
    return Unpacked(masked, body.coding_fault, body.coding_problem)


def _frames(
    secrets: Secrets, out: bytearray, frames: Sequence[Frame], deflate: Direction | None
) -> UnpackedMessages | None:
    """Mask *frames* in *out*: their payloads, with the WebSocket mask undone and done again.

    A compressed message that repeats a secret is masked as a whole, and so are all later ones, because they may
    refer to it: no same-length change of them would inflate. Their contents are returned.
    """
    if not secrets.searches:
        return None
    beyond = secrets.longest  # so that none is cut where the search ends
    most = max(SEARCHED_MAX // max(secrets.known, 1) - beyond, 0)
    opaque, messages = (set[int](), None) if deflate is None else _opaque(secrets, frames, deflate, most)
    whole = b"".join([frame.data for frame in frames])
    sizes = accumulate(len(frame.payload) for frame in frames)
    ends = [end for frame, end in zip(frames, sizes, strict=True) if frame.fin] + [len(whole)]
    masked = secrets.echo(whole[: most + beyond], ends)[:most] + _hidden_payloads(frames, most)
    if masked == whole and not opaque:
        return None
    at = 0
    for frame in frames:
        size = len(frame.payload)
        begin = frame.start + len(frame.header)
        before, after = whole[at : at + size], masked[at : at + size]
        if frame.start in opaque:
            out[begin : begin + size] = b"*" * size
        elif before != after:
            out[begin : begin + size] = _xor(frame.payload, _xor(before, after))
        at += size
    return messages


def _cut_frame(secrets: Secrets, out: bytearray, frames: Sequence[Frame]) -> None:
    """Mask a secret that begins in the header of a last, incomplete frame: it may be text of the server."""
    if frames and not (last := frames[-1]).complete:
        end = min(last.start + len(last.header) + secrets.longest, len(out))
        _echo(secrets, out, [(last.start, end)])


def _opaque(
    secrets: Secrets, frames: Sequence[Frame], deflate: Direction, most: int
) -> tuple[set[int], UnpackedMessages | None]:
    """Where the frames of the compressed messages begin that are masked as a whole, and the contents of these:
    from the first one that repeats a secret, or that is not searched because it is incomplete, too large to
    inflate, or after *most* bytes."""
    found: set[int] = set()
    contents: list[Unpacked] = []
    keep = UNPACKED_MAX
    number, room = 0, INFLATED_MAX + 1  # with one byte more than readers inflate, they too find more
    for message in each_message(frames, deflate, room):
        if not message.compressed:
            continue
        inflated = message.complete and "not-deflate" not in message.oddities and room > 0
        unseen = not message.complete or "too-large" in message.oddities
        shown = secrets.echo(message.data[:most]) + masked_bytes(message.data[most:])
        masked = deflate.masked is not None and number >= deflate.masked.first
        if contents or masked or unseen or shown != message.data:
            why = message.problem if "not-deflate" in message.oddities else ""
            kept = inflated and len(shown) <= keep
            keep -= len(shown) if kept else 0
            stars = len(shown) if inflated and not kept else 0
            contents.append(Unpacked(shown if kept else b"", problem=why, stars=stars))
            found |= {frame.start for frame in message.frames}
        else:
            number += 1
        room -= len(message.data) if inflated else 0
        most = max(most - len(message.data), 0)
    return found, UnpackedMessages(number, tuple(contents)) if contents else None


def _hidden_payloads(frames: Sequence[Frame], start: int) -> bytes:
    """``*`` for each byte of the payloads of *frames*, put end to end, from byte *start* on. The code of a
    Close stays: it is no secret, and decides the verdict."""
    made: list[bytes] = []
    at = 0
    for frame in frames:
        size = len(frame.payload)
        if at + size > start:
            kept = frame.data[:2] if frame.opcode == CLOSE else b""
            made.append((kept + masked_bytes(frame.data[len(kept) :]))[max(start - at, 0) :])
        at += size
    return b"".join(made)


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
    """Mask repeated secrets in *spans*, read as one text; *between* separates them if they are not one."""
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


def redact(exchange: Exchange, secrets: Secrets | None = None, known: Reading | None = None) -> Exchange:
    """*exchange* and its hops with every secret masked; every byte string keeps its length. *secrets* has the
    known ones, and learns more. *known*: the reading of *exchange*, so that a long one is not read again."""
    secrets = Secrets() if secrets is None else secrets
    learn(exchange, secrets, known)
    return masked(exchange, secrets, known)


def learn(exchange: Exchange, secrets: Secrets, known: Reading | None = None) -> Exchange:
    """Let *secrets* learn of those in *exchange* and its hops; return *exchange* with these masked in their own
    place. An early answer may repeat one of a later request, so no other place is masked before all are
    known. *known*: the reading of *exchange*."""
    with secrets.learning():
        return masked(exchange, secrets, known)


def masked(exchange: Exchange, secrets: Secrets, known: Reading | None = None) -> Exchange:
    """As ``redact``, where *secrets* has learned of all."""
    reading = read_structure(exchange, heads_only=not secrets.searches) if known is None else known
    named = b",".join(reading.values("sec-websocket-protocol")).decode("latin-1")
    secrets.chosen |= frozenset(re.findall(r"[^, \t]+", named))
    plan = masked_plan(secrets, exchange.plan)
    tunnel = _joined(exchange.events, TunnelSent), _joined(exchange.events, TunnelReceived)
    sent = sent_stream(secrets, reading)
    streams: dict[type[Event], bytes] = {TunnelSent: proxy_stream(secrets, tunnel[0]), Sent: sent.data}
    with secrets.of_answers():
        streams[TunnelReceived] = answer_stream(secrets, tunnel[1])
        received = received_stream(secrets, reading)
        streams[Received] = received.data
    events: list[Event] = []
    ends = dict.fromkeys(streams, 0)
    for event in exchange.events:
        if isinstance(event, Sent | Received | TunnelSent | TunnelReceived):
            start = ends[type(event)]
            ends[type(event)] = end = start + len(event.data)
            data = streams[type(event)][start:end]
            spans = masked_spans(event, data)
            events.append(event if data == event.data else replace(event, data=data, masked=spans))
        else:
            events.append(_words(secrets, event))
    hops = tuple(masked(hop, secrets) for hop in exchange.hops)
    client = exchange.client if exchange.client is UNSET else _client(secrets, exchange.client)
    name = secrets.url(exchange.name) if exchange.name else exchange.name
    logged = exchange.logged
    if logged:
        error, message = secrets.echo_text(logged.error), secrets.echo_text(_urls(secrets, logged.message))
        script = None if logged.script is None else masked_script(secrets, logged.script)
        logged = replace(logged, error=error, message=message, script=script)
    contents = exchange.compressed
    if sent.messages or received.messages or received.body:
        earlier = Compressed() if contents is UNSET else contents
        contents = Compressed(
            received.body or earlier.body,
            sent.messages or earlier.sent,
            received.messages or earlier.received,
        )
    return replace(
        exchange,
        plan=plan,
        events=tuple(events),
        hops=hops,
        client=client,
        name=name,
        compressed=contents,
        logged=logged,
    )


def masked_spans(event: Sent | Received | TunnelSent | TunnelReceived, data: bytes) -> MaskedSpans:
    """Where *data* differs from the bytes of *event*, with what was masked in it before."""
    earlier = [] if event.masked is UNSET else [(at, at + size) for at, size in event.masked]
    changed = [found.span() for found in re.finditer(rb"[^\0]+", _xor(event.data, data))]
    spans: list[Span] = []
    for begin, end in sorted(earlier + changed):
        if spans and begin <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((begin, end))
    return tuple((begin, end - begin) for begin, end in spans)


def _urls(secrets: Secrets, text: str) -> str:
    """*text* with the secrets in its URLs masked."""
    return re.sub(r"""\w{1,32}://[^\s'"]+""", lambda url: secrets.url(url[0]), text)


def masked_script(secrets: Secrets, script: Script) -> Script:
    """What a page's script did and saw."""

    def text(value: str) -> str:
        return secrets.echo_text(_urls(secrets, value))

    def event(each: ScriptEvent) -> ScriptEvent:
        data = secrets.echo_text(each.data)
        if each.size is not None and (cut := secrets.longest):  # the end of what was kept may begin a secret
            data = data[:-cut] + secrets.mask(data[-cut:])
        return replace(each, data=data, reason=text(each.reason), protocol=secrets.echo_text(each.protocol))

    error = script.exception
    return replace(
        script,
        stack=tuple(replace(c, url=text(c.url), function=text(c.function)) for c in script.stack),
        seen=None if script.seen is None else tuple(map(event, script.seen)),
        exception=None if error is None else replace(error, message=text(error.message)),
        console=tuple(map(text, script.console)),
    )


def _client(secrets: Secrets, client: Relayed) -> Relayed:
    received = bytearray(client.received)
    frames, rest = read_frames(client.received, 0, lambda offset: 0)
    _frames(secrets, received, frames, None)
    _echo(secrets, received, [(len(received) - len(rest), len(received))])
    return replace(
        client,
        request=request_bytes(secrets, client.request),
        answer=answer_stream(secrets, client.answer),
        received=bytes(received),
    )


def masked_plan(secrets: Secrets, plan: Plan) -> Plan:
    """*plan* with its secrets masked."""
    route = plan.route
    if route.proxy is not None:
        route = replace(route, proxy=secrets.url(route.proxy))
    if route.proxy_authorization:
        route = replace(route, proxy_authorization=secrets.credentials(route.proxy_authorization))
    http2 = plan.http2
    if http2 is not None:
        from wsprobe.recording.redaction_http2 import fields  # hpack, where HTTP/2 was spoken

        http2 = replace(http2, fields=fields(secrets, http2.fields))
    return replace(
        plan,
        http2=http2,
        target=_target(secrets, plan.target),
        request=request_bytes(secrets, plan.request),
        acts=tuple(replace(act, data=_act(secrets, act)) for act in plan.acts),
        route=route,
    )


def _act(secrets: Secrets, act: Act) -> bytes:
    """A sent message is masked as a whole, because many sessions begin with a token."""
    if act.do in ("text", "binary"):
        return secrets.message(act.data)
    return secrets.echo(act.data)


def _target(secrets: Secrets, target: Target) -> Target:
    url, userinfo = target.url, target.userinfo
    if userinfo:
        masked = secrets.userinfo(userinfo)
        url, userinfo = url.replace(f"{userinfo}@", f"{masked}@", 1), masked
    fragment = target.fragment
    slashes = "" if begins_with_scheme(url) else "//"  # so that its host is read as one
    return replace(
        target,
        url=secrets.url(slashes + url).removeprefix(slashes),
        resource=secrets.url(target.resource),
        userinfo=userinfo,
        fragment=None if fragment is None else secrets.fragment(fragment),
    )


def _words(secrets: Secrets, event: Event) -> Event:
    """Error texts, and the bytes that came instead of TLS."""
    if isinstance(event, TlsFailed):
        return replace(
            event, error=secrets.echo_text(event.error), received=answer_stream(secrets, event.received)
        )
    if isinstance(event, ResolveFailed | ConnectFailed | TunnelFailed | Ended):
        return replace(event, error=secrets.echo_text(event.error))
    return event


def _joined(events: tuple[Event, ...], kind: type[TunnelSent] | type[TunnelReceived]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, kind))
