"""Recordings without their secrets: same bytes, same offsets, same reads, with ``*`` where a secret was.

Masked are the credentials in Authorization and Proxy-Authorization, cookie values in Cookie and Set-Cookie,
userinfo, and query values (of the target, of request lines, of Location, Referer and their like); then the
same strings wherever they come back: in bodies, messages, reason phrases, other fields, error texts.

A compressed body or message that repeats a secret is masked as a whole. Not masked: names of cookies and of
query parameters, cookie attributes; strings under four bytes, where they come back; other spellings of a
secret (in base64, in JSON escapes).
"""

from __future__ import annotations

from dataclasses import replace

from wsprobe.exchange import (
    ConnectFailed,
    Ended,
    Event,
    Exchange,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    Target,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.read import read
from wsprobe.redaction.secrets import Secrets
from wsprobe.redaction.streams import answer_stream, proxy_stream, received_stream, request_bytes, sent_stream


def redact(exchange: Exchange) -> Exchange:
    """*exchange* and its hops with every secret masked; every byte string keeps its length."""
    secrets = Secrets()
    _exchange(secrets, exchange)
    # What an early answer repeats of a later request is known only now: the first round was to learn.
    return _exchange(secrets, exchange)


def _exchange(secrets: Secrets, exchange: Exchange) -> Exchange:
    plan = _plan(secrets, exchange.plan)
    reading = read(exchange)
    tunnel = _joined(exchange.events, TunnelSent), _joined(exchange.events, TunnelReceived)
    streams: dict[type[Event], bytes] = {
        TunnelSent: proxy_stream(secrets, tunnel[0]),
        TunnelReceived: answer_stream(secrets, tunnel[1]),
        Sent: sent_stream(secrets, reading),
        Received: received_stream(secrets, reading),
    }
    events: list[Event] = []
    for event in exchange.events:
        if isinstance(event, Sent | Received | TunnelSent | TunnelReceived):
            left = streams[type(event)]
            streams[type(event)] = left[len(event.data) :]
            events.append(replace(event, data=left[: len(event.data)]))
        else:
            events.append(_words(secrets, event))
    hops = tuple(_exchange(secrets, hop) for hop in exchange.hops)
    return replace(exchange, plan=plan, events=tuple(events), hops=hops)


def _plan(secrets: Secrets, plan: Plan) -> Plan:
    route = plan.route
    if route.proxy is not None:
        route = replace(route, proxy=secrets.url(route.proxy))
    return replace(
        plan,
        target=_target(secrets, plan.target),
        request=request_bytes(secrets, plan.request),
        acts=tuple(replace(act, data=secrets.echo(act.data)) for act in plan.acts),
        route=route,
    )


def _target(secrets: Secrets, target: Target) -> Target:
    url, userinfo = target.url, target.userinfo
    if userinfo:
        masked = secrets.userinfo(userinfo)
        url, userinfo = url.replace(f"{userinfo}@", f"{masked}@", 1), masked
    fragment = target.fragment
    return replace(
        target,
        url=secrets.url(url),
        resource=secrets.url(target.resource),
        userinfo=userinfo,
        fragment=None if fragment is None else secrets.fragment(fragment),
    )


def _words(secrets: Secrets, event: Event) -> Event:
    """Error texts, and what came instead of TLS."""
    if isinstance(event, TlsFailed):
        return replace(
            event, error=secrets.echo_text(event.error), received=answer_stream(secrets, event.received)
        )
    if isinstance(event, ResolveFailed | ConnectFailed | TunnelFailed | Ended):
        return replace(event, error=secrets.echo_text(event.error))
    return event


def _joined(events: tuple[Event, ...], kind: type[TunnelSent] | type[TunnelReceived]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, kind))
