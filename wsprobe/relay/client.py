"""The client's side: what a page is told of a handshake that failed, and what a recording says of its side.

A script sees nothing of an answer that is no good 101 (WHATWG WebSockets section 4: 1006, no reason). It sees
the code and the reason of a Close, so it is told with these, in a session opened for that. 4000 to 4999 are for
private use (RFC 6455 section 7.4.2).
"""

from __future__ import annotations

import re
from struct import pack

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.exchange import Ended, Event, Exchange, LeftOut, Received, Relayed, Sent, Target
from wsprobe.judge import judge, outcome
from wsprobe.judge.finding import Verdict
from wsprobe.read import read
from wsprobe.read.frames import CLOSE, first_close, read_frames
from wsprobe.read.head import split_head
from wsprobe.read.reading import Body, Frame, Reading
from wsprobe.read.request import Request
from wsprobe.read.tokens import expected_accept, split_list
from wsprobe.recording.redaction import redact
from wsprobe.request import opening
from wsprobe.request.target import TargetError, parse
from wsprobe.text import shows
from wsprobe.wire.framing import CONTROL_MAX
from wsprobe.wire.rfc6455 import frame

OF_STATUS = 4000
"""Plus the status."""
UNREACHABLE, TIMED_OUT, TLS_FAILED, NO_HTTP = 4900, 4901, 4902, 4903

SERVER_ERROR, LATER = 500, 900
"""A status below 100 counts as this one (RFC 9110 section 15), and so does one from 900 on, because 4900 to
4903 mean that no status came."""

_CODES = {
    "unresolved": UNREACHABLE,
    "unreachable": UNREACHABLE,
    "proxy-failed": UNREACHABLE,
    "timeout": TIMED_OUT,
    "tls-failed": TLS_FAILED,
}
"""By outcome, where there is no status."""

REASON_MAX = CONTROL_MAX - 2
"""Bytes of UTF-8: what the code leaves in a control frame (RFC 6455 section 5.5)."""

_TITLE = r"(?is)<title[^>]*>(.*?)</title"
_MARKUP = r"(?s)<!--.*?-->|<[^<>]*>"
LOOKED_AT = 4096
"""Bytes of a body that its first words are looked for in."""


class PageClose(Struct, frozen=True):
    """The Close that stands for a failed handshake."""

    code: int
    reason: str


def told(exchange: Exchange, masked: bool = False) -> PageClose | None:
    """What the page is told of *exchange*, which has ended or come to the head of a 101; None if its handshake
    is good. *masked*: without its secrets."""
    reading = read(exchange)
    verdict = judge(reading)
    if reading.session is not None:
        return _of_101(reading, verdict, masked)
    word = outcome(reading, verdict)
    why = _why(verdict, masked)
    if masked:
        reading = read(redact(exchange))
    status = reading.final.status if reading.final is not None else None
    if status is None or word == "not-http":
        return PageClose(_CODES.get(word, NO_HTTP), cut(f"{word}: {why}" if why else word))
    counted_as = status if 100 <= status < LATER else SERVER_ERROR
    return PageClose(OF_STATUS + counted_as, cut(_words(reading, status)))


def _of_101(reading: Reading, verdict: Verdict, masked: bool) -> PageClose | None:
    if verdict.answer == "fail":
        return PageClose(OF_STATUS + 101, cut(f"101, but invalid: {_why(verdict, masked)}"))
    final, request = reading.final, reading.request
    page = request.head.all(b"origin")
    if page and request.protocols and final is not None and not final.head.all(b"sec-websocket-protocol"):
        return PageClose(OF_STATUS + 101, cut(NO_SUBPROTOCOL))
    return None


NO_SUBPROTOCOL = "101, but without a subprotocol: the page offered some, and a browser requires one of them"
"""WHATWG WebSockets section 2: with *protocols*, an answer that selects none fails the connection."""


def _why(verdict: Verdict, masked: bool) -> str:
    """The first fault: what it is, or with *masked* its id alone."""
    first = next((finding for finding in verdict.findings if finding.fatal), None)
    if first is None:
        return ""
    return first.id if masked else first.text


def _words(reading: Reading, status: int) -> str:
    """The status and the first words of the body; its reason phrase, where there is no body."""
    final = reading.final
    assert final is not None
    words = "" if final.body is None else first_words(final.body)
    words = words or " ".join(final.reason.decode("latin-1").split())
    return words if words.startswith(str(status)) else f"{status} {words}".rstrip()


def first_words(body: Body) -> str:
    """The beginning of *body* as one line of text; of a page, its title. "" if it is no text."""
    data = (body.content if body.decoded is None else body.decoded)[:LOOKED_AT]
    if body.coding and body.decoded is None:
        return ""
    text = data.decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        title = re.search(_TITLE, text)
        text = title[1] if title is not None and title[1].strip() else re.sub(_MARKUP, " ", text)
    return " ".join("".join(each if shows(each) else " " for each in text).split())


def cut(text: str) -> str:
    """*text* as far as it fits into the reason of a Close, cut at the edge of a character."""
    return text.encode("utf-8", "replace")[:REASON_MAX].decode("utf-8", "ignore")


PAUSE = 0.05
"""Seconds between the 101 and the Close. Firefox 153 may lose what comes together with the handshake: script
then gets no open event (measured for wsprobe's Firefox view)."""


def answer(request: Request, of: PageClose) -> tuple[bytes, bytes]:
    """The two writes that tell it: a 101 to the client's *request*, and a Close.

    The first subprotocol offered is chosen, because a page that offers some fails without one (WHATWG
    WebSockets section 2).
    """
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + expected_accept(request.first(b"sec-websocket-key")),
    ]
    if protocols := split_list(request.first(b"sec-websocket-protocol")):
        lines.append(b"Sec-WebSocket-Protocol: " + protocols[0])
    payload = pack("!H", of.code) + of.reason.encode()
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n", frame(CLOSE, payload, None)


class Difference(Struct, frozen=True):
    """One field of the request; None on the side that does not send it."""

    name: str
    client: bytes | None
    """As sent to the server."""
    wsprobe: bytes | None


def request_differences(exchange: Exchange) -> tuple[Difference, ...]:
    """The differences between the request sent to the server and one of ``wsprobe connect``: fields with other
    values, and fields that only one of them has. The key and the letter case of names do not count, nor do the
    credentials of the URL, which both send."""
    theirs, _ = split_head(exchange.plan.request)
    keys = theirs.all(b"sec-websocket-key")
    key = keys[0].value.decode("latin-1") if len(keys) == 1 else ""
    try:
        own = opening.request(exchange.plan.target, opening.Offer(key=key))
    except opening.OfferError:  # a path with a line end in it, which only a client can send
        return ()
    ours, _ = split_head(own)
    names = {field.key: field.name for head in (ours, theirs) for field in head.fields}
    return tuple(
        Difference(name.decode("latin-1"), client, wsprobe)
        for key_, name in names.items()
        if not (key_ == b"authorization" and exchange.plan.target.userinfo is not None)
        and (client := theirs.joined(key_)) != (wsprobe := ours.joined(key_))
    )


def seen_by_client(exchange: Exchange) -> Exchange:
    """The exchange between the client and the relay: the relay's URL, the client's request, and the server's
    bytes or wsprobe's replacement. *exchange* itself, if no relay recorded it."""
    client = exchange.client
    if client is UNSET:
        return exchange
    plan = exchange.plan
    events: list[Event] = [event for event in exchange.events if isinstance(event, _PASSED)]
    if client.answer:
        at = exchange.events[-1].at if exchange.events else 0
        later = at + round(PAUSE * 1_000_000)
        head, end = split_head(client.answer)
        events = [Sent(at, client.request), Received(at, head.raw)]
        events += [Received(later, client.answer[end:])] if client.answer[end:] else []
        events += [Sent(later, client.received)] if client.received else []
        # The relay ends its side only once the client has answered the Close.
        events.append(Ended(later + round(PAUSE * 1_000_000), "fin"))
    elif events and isinstance(events[0], Sent) and events[0].data == plan.request:
        events[0] = replace(events[0], data=client.request)
    plan = replace(plan, target=_at_relay(client, plan.target), request=client.request)
    return replace(exchange, plan=plan, events=tuple(events), hops=())


_PASSED = (Sent, Received, LeftOut, Ended)


def _at_relay(client: Relayed, to: Target) -> Target:
    """The URL that the client opened; *to*, if its request does not have it."""
    head, _ = split_head(client.request)
    hosts = head.all(b"host")
    resource = b"" if head.first is None else head.first.text.partition(b" ")[2].rpartition(b" ")[0]
    if len(hosts) != 1:
        return to
    try:
        return parse(f"ws://{hosts[0].value.decode('latin-1')}{resource.decode('latin-1')}")
    except TargetError:
        return to


def told_to_client(exchange: Exchange) -> tuple[int, PageClose | None] | None:
    """The status, and the Close after a 101, with which wsprobe answered instead of the server; None if the
    server's bytes were forwarded."""
    client = exchange.client
    if client is UNSET or not client.answer:
        return None
    reading = read(seen_by_client(exchange))
    status = reading.final.status if reading.final is not None else None
    frames = () if reading.session is None else reading.session.frames
    close = first_close(frames)
    return status or 0, None if close is None else _close(close)


def close_of_client(reading: Reading) -> PageClose | None:
    """The first Close that the client sent; None if there was none, code 1005 for one without a code."""
    client = reading.exchange.client
    if client is not UNSET and client.answer:
        frames, _ = read_frames(client.received, 0, lambda offset: 0)
    else:
        frames = () if reading.session is None else reading.session.sent
    close = first_close(frames)
    return None if close is None else _close(close)


def _close(close: Frame) -> PageClose:
    code = 1005 if close.close_code is None else close.close_code
    return PageClose(code, close.data[2:].decode("utf-8", "replace"))
