"""Browser mode on the wire: ask as wsprobe, then as each engine, and let each read its own answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import click
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Engine, Page, ScriptView, oldest_tls, undefined_is_zero
from wsprobe.browsers.script import on_wire
from wsprobe.cli.ask import Asking, asking
from wsprobe.cli.comparison import as_is
from wsprobe.cli.places import Place
from wsprobe.cli.probe import check, conversation, find
from wsprobe.exchange import Act, Ended, Exchange, Plan, ResolveFailed, Target
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.report import Report, report
from wsprobe.target import begins_with_scheme

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
    for name in browsers:
        ENGINES[name]  # loaded before the clock of any exchange runs

    async def everything() -> None:
        async with AsyncExitStack() as stack:
            places = await find(list(names), said, stack)
            places = [replace(place, url=with_scheme(place.url)) for place in places]
            asked = [asking_place(place, browsers, page, values) for place in places]
            for place, own in zip(places, asked, strict=True):
                made.append(await one(place, own, values, browsers, page))

    net.run(everything)
    return made


def asking_place(place: Place, browsers: Sequence[str], page: Page, values: dict[str, Any]) -> Place | Exchange:
    """The place for wsprobe's own request. A page may open what is no URL for anybody else: one relative to the
    page, or one at which the constructor throws; then it is a place made absolute, or an exchange that is none.

    Raises click.UsageError for a place that cannot be asked, if no browser is to be shown.
    """
    try:
        check(place)
    except click.UsageError as error:
        if not browsers or values["as_is"]:
            raise
        made = ENGINES["whatwg"].construct(place.script_url or place.url, place.page(page))
        if made.exception is None:
            return replace(place, url=made.url)
        text = place.script_url or place.url
        nowhere = Plan(Target(text, text.startswith("wss"), "", 0, ""), b"")
        return Exchange(nowhere, (ResolveFailed(0, text, error.message), Ended(0, "error", error.message)))
    return place


async def one(
    place: Place, own: Place | Exchange, values: dict[str, Any], browsers: Sequence[str], page: Page
) -> Report:
    """wsprobe's own answer first, then each engine's; the engines ask side by side."""
    from wsprobe import net

    masked = _masking(values)
    exchange = own if isinstance(own, Exchange) else await conversation(own, values)
    made = replace(report(masked(exchange)), name=place.shown(bool(values["redact"])))
    seen = place.page(page)
    if values["as_is"]:
        views = as_is(made, browsers, seen, place.script_url)
        return replace(made, views=views, answers=(None,) * len(views))
    url = with_credentials(place.script_url or place.url, values["user"])
    results: list[tuple[ScriptView, Exchange | None]] = []

    async def ask(name: str) -> tuple[ScriptView, Exchange | None]:
        readings = await as_engine(ENGINES[name], url, place.asking, seen, values)
        view = ENGINES[name].view(url, seen, readings)
        return view, masked(_joined(readings)) if readings else None

    await net.in_order(ask, browsers, max(1, len(browsers)), results.append)
    return replace(
        made,
        views=tuple(view for view, _ in results),
        answers=tuple(answer for _, answer in results),
    )


def with_scheme(word: str) -> str:
    """``host/path`` is ws://host/path, as for `connect`; what begins like a path is relative to the page."""
    return word if begins_with_scheme(word) or word[:1] in ("", *"/.?#") else f"ws://{word}"


def with_credentials(url: str, user: str | None) -> str:
    """*url* as a page would have to write it for the browser to know *user* (``name:password``)."""
    scheme, mark, rest = url.partition("://")
    if user is None or not mark or "@" in rest.partition("/")[0]:
        return url
    from urllib.parse import quote

    name, colon, password = user.partition(":")
    return f"{scheme}://{quote(name, safe='')}{colon}{quote(password, safe='')}@{rest}"


async def as_engine(engine: Engine, url: str, of: Asking, page: Page, values: dict[str, Any]) -> list[Reading]:
    """The exchanges that *engine* would make to open *url*, oldest first; empty if it makes none."""
    from wsprobe import net

    made = engine.construct(url, page)
    if made.target is None:
        return []
    key = values.get("ws_key") or _key()
    speaking = _speaking(of, engine)
    acts = on_wire(page.acts, undefined_is_zero=undefined_is_zero(engine))
    plan = engine_plan(engine.request(made, page, key), made.target, speaking, acts)
    readings = [read(await net.probe(plan))]
    while len(readings) <= MOST_FOLLOWS:
        then = engine.follow(readings, page, key)
        if then is None:
            break
        plan = engine_plan(then.request, then.target, speaking, acts)
        readings.append(read(await net.probe(plan)))
    return readings


def _speaking(asking: Asking, engine: Engine) -> Asking:
    """*asking* with TLS as old as *engine* speaks, unless the user set a limit."""
    oldest = oldest_tls(engine)
    if oldest is None or asking.tls.minimum is not None:
        return asking
    return replace(asking, tls=replace(asking.tls, minimum=oldest))


def engine_plan(sent: bytes, target: Target, of: Asking, acts: tuple[Act, ...]) -> Plan:
    """*max_session* is larger than for `connect`: an engine delivers a message only when all of it is there."""
    limits = replace(of.limits, max_session=MAX_SESSION)
    return Plan(target=target, request=sent, acts=acts, limits=limits, tls=of.tls, route=of.route)


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
