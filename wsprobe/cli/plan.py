"""From options and a URL to a plan: the exact bytes to send, and how."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from msgspec.structs import replace

from wsprobe.cli.option import usage_error
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.exchange import Http2, Plan, Route, Target
from wsprobe.recording.secrets import are_credentials
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer
from wsprobe.wire import WIRES
from wsprobe.wire.credentials import Credentials, with_netrc


def plan_for(
    url: str, handshake: HandshakeSettings, *, wire: str | None = None, credentials: Credentials | None = None
) -> Plan:
    """The plan for *url*. *credentials*: how the server and the proxy require credentials, as far as known.

    Raises click.UsageError for an unusable URL or offer.
    """
    with usage_error(target.TargetError, opening.OfferError):
        to = target.parse(url)
        credentials = Credentials() if credentials is None else credentials
        offer = with_netrc(handshake.offer, to, handshake.netrc)
        cookies = (
            () if handshake.jar.empty else handshake.jar.for_target(to, now(), stranger=handshake.stranger)
        )
        key = handshake.key if handshake.key is not None else opening.fresh_key(os.urandom(16))
        offer = replace(
            offer,
            authorization=credentials.authorization(to, offer, handshake.method),
            cookies=(*offer.cookies, *[each.pair for each in cookies]),
            key=key,
        )
        spoken = wire or handshake.wire
        if handshake.raw is not None:
            sent = opening.raw(handshake.raw, to, key)
        elif spoken != "hybi-13":
            sent = WIRES[spoken].request(to, offer, os.urandom(64))
        else:
            sent = opening.request(to, offer)
    made = Plan(
        target=to,
        request=sent,
        wire=spoken,
        acts=handshake.acts,
        limits=handshake.limits,
        tls=handshake.tls,
        route=route(handshake, to, credentials),
    )
    return over_http2(made, offer, handshake) if handshake.http2 else made


def over_http2(made: Plan, offer: Offer, handshake: HandshakeSettings) -> Plan:
    """The same plan over HTTP/2, for a server that accepts it."""
    prior = handshake.http2 == "prior"
    with usage_error(opening.OfferError):
        fields = opening.extended_connect(made.target, offer)
    return replace(
        made,
        http2=Http2(fields, prior_knowledge=prior, anyway=handshake.http2_anyway),
        tls=replace(made.tls, alpn=("h2",) if prior else ("h2", "http/1.1")),
    )


def now() -> float:
    """Seconds since 1970."""
    return datetime.now(UTC).timestamp()


def route(handshake: HandshakeSettings, to: Target, credentials: Credentials | None = None) -> Route:
    """The route to *to*, through the given proxy, or the environment's."""
    proxy = handshake.proxies.proxy(to)
    credentials = Credentials() if credentials is None else credentials
    answer = credentials.proxy_authorization(proxy, to, handshake.route, handshake.proxy_method)
    return replace(handshake.route, proxy=proxy, proxy_authorization=answer)


def for_strangers(handshake: HandshakeSettings, *, without_netrc: bool) -> HandshakeSettings:
    """The part of *handshake* that may go to another origin: nothing that could be secret.

    Removed are credentials, cookies, the client certificate, a request or request target written by hand,
    messages, all headers but those in HARMLESS, and subprotocols that look like a token. A .netrc has
    credentials for each host, and stays; *without_netrc* removes it too.
    """
    offer = handshake.offer
    offered = zip(offer.protocols, are_credentials(offer.protocols), strict=True)
    return replace(
        handshake,
        offer=replace(
            offer,
            user=None,
            cookies=(),
            headers=tuple(header for header in offer.headers if _harmless(header)),
            protocols=tuple(name for name, secret in offered if not secret),
            request_target=None,
        ),
        stranger=True,
        netrc=None if without_netrc or handshake.netrc is None else replace(handshake.netrc, by_name=True),
        raw=None,
        acts=tuple(act for act in handshake.acts if act.do == "ping"),
        tls=replace(handshake.tls, certificate=None, key=None),
    )


HARMLESS = ("user-agent", "origin", "sec-websocket-extensions", "sec-websocket-version")
"""Headers that say nothing about the sender, besides those that begin with Accept."""


def _harmless(header: str) -> bool:
    name = header.partition(":")[0].rstrip("; \t").strip().lower()
    return name in HARMLESS or name.startswith("accept")
