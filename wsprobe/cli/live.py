"""Browser mode on the wire: ask as wsprobe, then as each engine, and let each read its own answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Engine, oldest_tls
from wsprobe.browsers.script.websocket import on_wire
from wsprobe.browsers.view import Page, ScriptView
from wsprobe.cli.asking import Asking, asking
from wsprobe.cli.comparison import as_is
from wsprobe.cli.probing import Place, check, conversation, find
from wsprobe.cli.reading import report
from wsprobe.exchange import Exchange, Plan, Target
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.report import Report

MAX_SESSION = 32 * 1024 * 1024
MOST_FOLLOWS = 25
"""More than any engine goes on by itself (WebKitGTK stops after 20 redirects)."""


def probed_with_browsers(
    names: Sequence[str], values: dict[str, Any], browsers: Sequence[str], page: Page
) -> list[Report]:
    """A report for each name, with a view for each browser."""
    from wsprobe import net

    made: list[Report] = []
    said = asking(values)

    async def everything() -> None:
        async with AsyncExitStack() as stack:
            places = await find(list(names), said, stack)
            for place in places:
                check(place)
            for place in places:
                made.append(await one(place, values, browsers, page))

    net.run(everything)
    return made


async def one(place: Place, values: dict[str, Any], browsers: Sequence[str], page: Page) -> Report:
    own = await own_exchange(place, values)
    masked = _masking(values)
    made = replace(report(masked(own)), name=place.shown(bool(values["redact"])))
    views: list[ScriptView] = []
    answers: list[Exchange | None] = []
    for name in browsers:
        seen = place.page(page)
        if values["as_is"]:
            views.append(as_is(made, name, seen, place.script_url))
            answers.append(None)
            continue
        readings = await as_engine(ENGINES[name], place, seen, values)
        views.append(ENGINES[name].view(place.script_url or place.url, seen, readings))
        answers.append(masked(_joined(readings)) if readings else None)
    return replace(made, views=tuple(views), answers=tuple(answers))


async def own_exchange(place: Place, values: dict[str, Any]) -> Exchange:
    return await conversation(place, values, lambda event: None)


async def as_engine(engine: Engine, place: Place, page: Page, values: dict[str, Any]) -> list[Reading]:
    """The exchanges that *engine* would make to open the place's URL, oldest first; empty if it makes none."""
    from wsprobe import net

    made = engine.construct(place.script_url or place.url, page)
    if made.target is None:
        return []
    key = values.get("ws_key") or _key()
    plan = engine_plan(engine.request(made, page, key), made.target, _speaking(place.asking, engine), page)
    readings = [read(await net.probe(plan))]
    while len(readings) <= MOST_FOLLOWS:
        then = engine.follow(readings, page, key)
        if then is None:
            break
        plan = engine_plan(then.request, then.target, _speaking(place.asking, engine), page)
        readings.append(read(await net.probe(plan)))
    return readings


def _speaking(asking: Asking, engine: Engine) -> Asking:
    """*asking* with TLS as old as *engine* speaks, unless the user set a limit."""
    oldest = oldest_tls(engine)
    if oldest is None or asking.tls.minimum is not None:
        return asking
    return replace(asking, tls=replace(asking.tls, minimum=oldest))


def engine_plan(sent: bytes, target: Target, of: Asking, page: Page) -> Plan:
    """*max_session* is larger than for `connect`: an engine delivers a message only when all of it is there."""
    limits = replace(of.limits, max_session=MAX_SESSION)
    return Plan(target=target, request=sent, acts=on_wire(page.acts), limits=limits, tls=of.tls, route=of.route)


def _joined(readings: Sequence[Reading]) -> Exchange:
    *earlier, last = (reading.exchange for reading in readings)
    return replace(last, hops=tuple(earlier))


def _masking(values: dict[str, Any]) -> Callable[[Exchange], Exchange]:
    if not values["redact"]:
        return lambda exchange: exchange
    from wsprobe.archive import redact

    return redact


def _key() -> str:
    from wsprobe.opening import fresh_key

    return fresh_key(os.urandom(16))
