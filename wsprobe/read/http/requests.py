"""The request, read back from the bytes that were sent."""

from __future__ import annotations

from wsprobe.exchange import Exchange, Sent
from wsprobe.read.http.heads import split_head
from wsprobe.read.reading import Request
from wsprobe.read.tokens import split_list


def read_request(exchange: Exchange) -> tuple[Request, bytes]:
    """The request, and all application bytes that were sent.

    The request is read from the bytes of ``Sent`` events; where nothing was sent, from the plan: it is what
    would have been asked.
    """
    sent = b"".join(event.data for event in exchange.events if isinstance(event, Sent))
    data = sent or exchange.plan.request
    head, end = split_head(data)
    method, _, after = (head.first.text if head.first else b"").partition(b" ")
    resource, _, version = after.rpartition(b" ")
    keys = head.all(b"sec-websocket-key")
    extensions = head.all(b"sec-websocket-extensions")
    protocols = head.all(b"sec-websocket-protocol") or head.all(b"websocket-protocol")
    planned = exchange.plan.request
    stop = len(planned) if len(planned) > end and data.startswith(planned) else end
    request = Request(
        head=head,
        method=method,
        resource=resource,
        version=version,
        key=keys[0].value if len(keys) == 1 else None,
        protocols=tuple(p for field in protocols for p in split_list(field.value)),
        extensions=b", ".join(field.value for field in extensions) if extensions else None,
        rest=data[end:stop],
    )
    return request, sent
