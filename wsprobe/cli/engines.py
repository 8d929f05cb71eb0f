"""The browsers' own answers: each browser sends its own request and reads its own answer, or reads a
recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from math import inf
from urllib.parse import quote

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers import BROWSERS, ENGINES, fetch
from wsprobe.browsers.engine import Engine, Page, ScriptView
from wsprobe.browsers.fetch import Fetched
from wsprobe.browsers.http2 import shareable, sharing
from wsprobe.browsers.local_network import kept_off
from wsprobe.browsers.page import fetch_site, opened_by
from wsprobe.browsers.request import visit
from wsprobe.browsers.url import below_localhost, parse
from wsprobe.cli.environment import environment
from wsprobe.cli.probe import Made, apart_if_large, conversation, reported, usable
from wsprobe.cli.readers import Readers, as_is
from wsprobe.cli.settings import HandshakeSettings, Settings, route
from wsprobe.cli.targets import Placing, ProbeTarget, lab_targets
from wsprobe.exchange import Ended, Exchange, Plan, ResolveFailed, Route, Target
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.report.report import Report, report
from wsprobe.report.result import COMPARED, EngineAnswer, engine_answer
from wsprobe.request import target
from wsprobe.request.opening import fresh_key
from wsprobe.request.target import begins_with_scheme
from wsprobe.session.open_session import FIRST_REPLY, SILENCE
from wsprobe.version import __version__
from wsprobe.wire.credentials import Credentials, with_netrc

ALL_SESSIONS = 5 * 1024 * 1024
"""Bytes of the sessions of all engines together, whose recordings are all in memory; each engine gets an equal
share, and a share of the frames: five engines read a flood of the smallest frames in half a second."""

LONGEST_HEAD = 512 * 1024
"""Bytes of heads that each engine gets in any case. No browser and no runtime reads as many."""


def probed(
    names: Sequence[str],
    settings: Settings,
    readers: Readers,
    done: list[Report],
    written: int | None = None,
) -> None:
    """Append a report for each name to *done*, with a view for each browser. After ^C it has those that were
    finished until then. *written*: see ``net.run``."""

    async def everything() -> None:
        async with AsyncExitStack() as stack:
            await reports_of(names, settings, readers, lab_targets(stack.enter_async_context), done)

    environment().run(everything, written=written)


async def reports_of(
    names: Sequence[str], settings: Settings, readers: Readers, placing: Placing, done: list[Report]
) -> None:
    """As ``probed``, inside trio; *placing* makes the targets of *names*. Raises click.UsageError, before
    anything is sent, for a name that cannot be probed."""
    for name in readers.browsers:
        ENGINES[name]  # loaded before the clock of any exchange runs
    asked = [(place, own_place(place, readers)) for place in await places_of(names, settings, placing)]
    for place, own in asked:
        done.append(await one(place, own, settings, readers))


async def places_of(names: Sequence[str], settings: Settings, placing: Placing) -> list[ProbeTarget]:
    """The targets of *names*, with URLs as a page would write them."""
    places = [await placing(name, settings.handshake) for name in names]
    return [replace(place, url=with_ws(place.url)) for place in places]


def own_place(place: ProbeTarget, readers: Readers) -> ProbeTarget | Exchange:
    """The target of wsprobe's own request. A page may use a URL that nobody else can: one relative to the page,
    which is made absolute; or one for which the constructor throws, and then an empty exchange is returned.

    Raises click.UsageError for a target that cannot be probed, if no browser is to be shown.
    """
    try:
        usable(place)
    except click.UsageError as error:
        if not readers.browsers or readers.as_is:
            raise
        text = place.script_url or place.url
        made = ENGINES["whatwg"].construct(text, opened_by(place.page(readers.page), place.url))
        if made.exception is None and made.blocked != "bad-port":  # as port 0 is, which nobody connects to
            return replace(place, url=made.url)
        nowhere = Plan(Target(text, text.startswith("wss"), "", 0, ""), b"")
        return Exchange(nowhere, (ResolveFailed(0, text, error.message), Ended(0, "error", error.message)))
    return place


async def one(place: ProbeTarget, own: ProbeTarget | Exchange, settings: Settings, readers: Readers) -> Report:
    """The report with wsprobe's own answer, then the engines' answers. The engines send their requests
    concurrently."""
    place = _finite(place)
    exchange = own if isinstance(own, Exchange) else await conversation(_finite(own), settings)
    page = _with_cookies(opened_by(place.page(readers.page), place.url), place)
    url = with_credentials(place.script_url or place.url, user_of(place))
    at = shareable(url, page, exchange)
    if at is not None:
        known = await net.addresses_of(*at, exchange.plan.route, place.handshake.limits.connect_timeout)
        page = sharing(url, page, exchange, known)
    if readers.as_is:
        made = reported(place, exchange)
        views = as_is(made, replace(readers, page=page), place.script_url)
        return replace(made, views=views, page=page, fetched=await fetched(url, page, place, readers))
    results: list[tuple[ScriptView, EngineAnswer | None]] = []

    async def ask(name: str) -> tuple[ScriptView, EngineAnswer | None]:
        if (cut := kept_off(ENGINES[name], url, page, exchange)) is not None:
            return ENGINES[name].view(url, page, cut), None

        def made(readings: list[Reading]) -> tuple[ScriptView, EngineAnswer | None]:
            view = ENGINES[name].view(url, page, readings)
            if not readings:
                return view, None
            of = report(_joined(readings), readings[-1])
            return view, engine_answer(of.reading, of.verdict, of.outcome)

        return await as_engine(ENGINES[name], url, page, place.handshake, len(readers.browsers), made)

    at_once = net.Pace(parallel=max(1, len(readers.browsers)))
    await net.in_order(ask, readers.browsers, at_once, results.append)
    # Read last: of a flood it is large, and so is what an engine makes of its own.
    return replace(
        await apart_if_large(exchange, partial(reported, place, exchange)),
        views=tuple(view for view, _ in results),
        answers=tuple(answer for _, answer in results),
        page=page,
        fetched=await fetched(url, page, place, readers),
    )


async def fetched(url: str, page: Page, place: ProbeTarget, readers: Readers) -> Fetched | None:
    """What fetch() of *url* in its http form sees, after one plain GET; None without --fetch, without a browser
    with a page among the readers, or for an unusable *url*."""
    names, goes = fetch.asked(readers.browsers), fetch.goes_to(url)
    if not readers.fetch or not names or goes is None:
        return None
    address, to = goes
    plan = Plan(
        target=to,
        request=fetch.request(address, page, page.user_agent or f"wsprobe/{__version__}"),
        limits=place.handshake.limits,
        tls=place.handshake.tls,
        route=route(place.handshake, to),
    )
    reading = read(await environment().probe(plan))
    shown = replace(address, username="", password="").href if not to.userinfo else address.href
    return Fetched(shown, reading.exchange, tuple(fetch.seen(name, address, page, reading) for name in names))


def _with_cookies(page: Page, place: ProbeTarget) -> Page:
    """*page* with those cookies of a file that the browser would send to *place*; a page of another site has
    none that SameSite keeps at home (RFC 6265bis section 5.8.3)."""
    try:
        to = target.parse(place.url)
    except target.TargetError:
        return page
    found = place.handshake.jar.for_target(to, environment().now())
    if any(each.same_site in ("lax", "strict") for each in found):
        address = parse(with_ws(place.url))
        if address is None or fetch_site(page, address) == "cross-site":
            found = tuple(each for each in found if each.same_site not in ("lax", "strict"))
    pairs = [each.pair for each in found]
    return replace(page, cookies="; ".join([*([page.cookies] if page.cookies else []), *pairs]))


async def as_engine(
    engine: Engine,
    url: str,
    page: Page,
    handshake: HandshakeSettings,
    engines: int,
    made: Callable[[list[Reading]], Made],
) -> Made:
    """The result of *made* for the exchanges of *engine* opening *url*, oldest first; there are none if it
    sends nothing. *engines*: the number of engines that share the limits."""
    credentials = Credentials()
    limits = replace(
        handshake.limits,
        max_session=ALL_SESSIONS // engines,
        max_head=_share(handshake.limits.max_head, LONGEST_HEAD, engines),
        max_body=_share(handshake.limits.max_body, COMPARED, engines),
    )
    visiting = visit(engine, url, page, fresh_key(os.urandom(16)), limits, handshake.tls, handshake.route)

    def next_plan(exchange: Exchange | None) -> Plan | Made:
        """The plan after *exchange*; what *made* makes of all if there is none, while they are in memory."""
        try:
            return next(visiting) if exchange is None else visiting.send(exchange)
        except StopIteration as end:
            return made(end.value)

    then = next_plan(None)
    while isinstance(then, Plan):
        plan = replace(then, route=way(engine, handshake, then.target, credentials))
        exchange = await environment().probe(plan)
        if credentials.learn_of_proxy(exchange, handshake.proxy_method):
            # A browser that knows the credentials answers the proxy's 407, and script hears nothing of it.
            plan = replace(plan, route=way(engine, handshake, plan.target, credentials))
            exchange = await environment().probe(plan)
        then = await apart_if_large(exchange, partial(next_plan, exchange))
    return then


def _finite(place: ProbeTarget) -> ProbeTarget:
    """*place* with limits for sessions in which nobody checks expectations meanwhile."""
    limits = place.handshake.limits
    if limits.linger < inf:
        return place
    limits = replace(limits, linger=FIRST_REPLY, silence=SILENCE)
    return replace(place, handshake=replace(place.handshake, limits=limits))


def _share(most: int, enough: int, engines: int) -> int:
    """The share of one of *engines* in the limit *most*, but not below *enough*."""
    return min(most, max(enough, most // engines))


LOOPBACK = ("127.0.0.1", "::1")


def way(engine: Engine, handshake: HandshakeSettings, to: Target, credentials: Credentials) -> Route:
    """The route of *engine* to *to*. A browser resolves names below localhost itself, unless --resolve has an
    address."""
    found = route(handshake, to, credentials)
    if engine.name not in BROWSERS or not below_localhost(to.host):
        return found
    return replace(found, resolve=(*found.resolve, (to.host, 0, LOOPBACK)))


def with_ws(word: str) -> str:
    """*word* with ws:// if it is ``host/path``, as in `connect`; a word that begins like a path is relative to
    the page."""
    return word if begins_with_scheme(word) or word[:1] in ("", *"/.?#") else f"ws://{word}"


def user_of(place: ProbeTarget) -> str | None:
    """``user:password`` of -u or .netrc for *place*; None if its URL has its own, or there is none."""
    handshake = place.handshake
    try:
        return with_netrc(handshake.offer, target.parse(place.url), handshake.netrc).user
    except target.TargetError:
        return handshake.offer.user


def with_credentials(url: str, user: str | None) -> str:
    """*url* with *user* (``name:password``), as a page would write it for the browser to use them."""
    scheme, mark, rest = url.partition("://")
    if user is None or not mark or "@" in rest.partition("/")[0]:
        return url
    name, colon, password = user.partition(":")
    name, password = (quote(os.fsencode(part), safe="") for part in (name, password))
    return f"{scheme}://{name}{colon}{password}@{rest}"


def _joined(readings: Sequence[Reading]) -> Exchange:
    """One recording of all exchanges of *readings*, some of which may be of the same."""
    *earlier, last = {id(reading.exchange): reading.exchange for reading in readings}.values()
    return replace(last, hops=tuple(earlier))
