"""From words and options to a Plan: the exact bytes to send, and how."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.options import limits, offer, route, tls
from wsprobe.exchange import Act, Limits, Plan, Route, TlsOptions

if TYPE_CHECKING:
    from wsprobe.opening import Offer

TALK_LIMIT = 24 * 3600.0
"""Seconds that an interactive session may last unless -m says otherwise."""


class Asking(Struct, frozen=True):
    """All that the options of one call say, checked once; a plan for each URL is made from it."""

    offer: Offer
    limits: Limits
    tls: TlsOptions
    route: Route
    acts: tuple[Act, ...] = ()
    key: str | None = None
    raw: bytes | None = None
    wire: str = "hybi-13"


def asking(values: dict[str, Any]) -> Asking:
    """Raises click.UsageError for options that cannot be used."""
    raw = None
    if values.get("raw_request"):
        try:
            with open(values["raw_request"], "rb") as file:
                raw = file.read()
        except OSError as error:
            raise click.UsageError(f"--raw-request: {values['raw_request']}: {error.strerror}") from None
    wire = _wire(values.get("wire"))
    acts = tuple(_acts(values))
    _check(wire, acts)
    return Asking(
        offer=offer(values, values.get("ws_key") or ""),
        limits=limits(values),
        tls=tls(values),
        route=route(values),
        acts=acts,
        key=values.get("ws_key"),
        raw=raw,
        wire=wire,
    )


def _wire(name: str | None) -> str:
    if name is None:
        return "hybi-13"
    from wsprobe.wire import WIRES

    if name not in WIRES:
        raise click.UsageError(f"--wire: '{name}' is not one of {', '.join(WIRES)}")
    return name


def _check(wire: str, acts: tuple[Act, ...]) -> None:
    if wire == "hybi-13" or all(act.do in ("text", "close") for act in acts):
        return
    from wsprobe.wire import WIRES

    if WIRES[wire].text_only:
        raise click.UsageError(f"--wire: {wire} has text messages only; leave --send-hex and --ping out")


def _acts(values: dict[str, Any]) -> list[Act]:
    acts = [Act("open", "text", os.fsencode(text)) for text in values.get("send") or ()]
    for text in values.get("send_hex") or ():
        try:
            acts.append(Act("open", "binary", bytes.fromhex(text)))
        except ValueError:
            raise click.UsageError(f"--send-hex: '{text}' is not hexadecimal") from None
    if values.get("ping"):
        acts.append(Act("open", "ping", b"wsprobe"))
    return acts


def plan(url: str, of: Asking, *, wire: str | None = None, elsewhere: bool = False) -> Plan:
    """The plan to ask *url*. *elsewhere*: a redirect led to another host, so credentials stay behind.

    Raises click.UsageError if the URL cannot be understood.
    """
    from wsprobe import opening, target

    try:
        to = target.parse(url)
        offer = of.offer
        if elsewhere:
            offer = replace(
                offer, user=None, cookies=(), headers=tuple(h for h in offer.headers if not _secret(h))
            )
        key = of.key if of.key is not None else opening.fresh_key(os.urandom(16))
        offer = replace(offer, key=key)
        spoken = wire or of.wire
        if of.raw is not None:
            sent = opening.raw(of.raw, to, key)
        elif spoken != "hybi-13":
            from wsprobe.wire import WIRES

            sent = WIRES[spoken].request(to, offer, os.urandom(64))
        else:
            sent = opening.request(to, offer)
    except (target.TargetError, opening.OfferError) as error:
        raise click.UsageError(str(error)) from None
    return Plan(
        target=to, request=sent, wire=spoken, acts=of.acts, limits=of.limits, tls=of.tls, route=of.route
    )


def _secret(header: str) -> bool:
    return header.partition(":")[0].strip().lower() in ("authorization", "cookie")
