"""From what the options say and a URL to a plan: the exact bytes to send, and how."""

from __future__ import annotations

import os

import click
from msgspec.structs import replace

from wsprobe import opening, target
from wsprobe.cli.options import Asking
from wsprobe.exchange import Plan, Route, Target
from wsprobe.wire import WIRES


def plan(url: str, asking: Asking, *, wire: str | None = None, elsewhere: bool = False) -> Plan:
    """The plan to ask *url*. *elsewhere*: a redirect led to another host, so credentials stay behind.

    Raises click.UsageError if the URL cannot be understood, or the offer cannot be made.
    """
    try:
        to = target.parse(url)
        offer = asking.offer
        if elsewhere:
            offer = replace(
                offer, user=None, cookies=(), headers=tuple(h for h in offer.headers if not _secret(h))
            )
        cookies = [each.pair for each in asking.jar if each.goes_to(to)] if not elsewhere else []
        offer = replace(offer, cookies=(*offer.cookies, *cookies))
        key = asking.key if asking.key is not None else opening.fresh_key(os.urandom(16))
        offer = replace(offer, key=key)
        spoken = wire or asking.wire
        if asking.raw is not None:
            sent = opening.raw(asking.raw, to, key)
        elif spoken != "hybi-13":
            sent = WIRES[spoken].request(to, offer, os.urandom(64))
        else:
            sent = opening.request(to, offer)
    except (target.TargetError, opening.OfferError) as error:
        raise click.UsageError(str(error)) from None
    return Plan(
        target=to,
        request=sent,
        wire=spoken,
        acts=asking.acts,
        limits=asking.limits,
        tls=asking.tls,
        route=route(asking, to),
    )


def route(asking: Asking, to: Target) -> Route:
    """The way to *to*: through the proxy that was named, or that the environment names for it."""
    return replace(asking.route, proxy=asking.proxies.proxy(to))


def _secret(header: str) -> bool:
    return header.partition(":")[0].strip().lower() in ("authorization", "cookie")
