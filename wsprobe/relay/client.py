"""The client's side of a recording of the relay: how its request differs, what it received, how it closed."""

from __future__ import annotations

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.exchange import Ended, Event, Exchange, LeftOut, Received, Relayed, Sent, Target
from wsprobe.read import read
from wsprobe.read.frames import first_close, read_frames
from wsprobe.read.head import split_head
from wsprobe.read.reading import Frame, Reading
from wsprobe.relay.tell import PAUSE, PageClose
from wsprobe.request import opening
from wsprobe.request.target import TargetError, parse


class Difference(Struct, frozen=True):
    """One field of the request; None on the side that does not send it."""

    name: str
    client: bytes | None
    """As sent to the server."""
    wsprobe: bytes | None


def request_differences(exchange: Exchange) -> tuple[Difference, ...]:
    """The differences between the request sent to the server and one of ``wsprobe connect``: fields with other
    values, and fields that only one of them has. The key and the letter case of names do not count."""
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
        if (client := theirs.joined(key_)) != (wsprobe := ours.joined(key_))
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
