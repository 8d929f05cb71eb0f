"""From places to reports: ask each, follow what is to be followed, read, judge, hand on in order."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from operator import itemgetter

import click
from msgspec.structs import replace

from wsprobe.cli.ask import plan
from wsprobe.cli.options import Asking, Settings
from wsprobe.cli.places import Place, find
from wsprobe.exchange import Act, Event, Exchange, Plan
from wsprobe.followup import other_wire, redirect, transient
from wsprobe.judge.subject import how
from wsprobe.outcome import Exit
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.report import Report, report

RETRY_PAUSE = 1.0
LONGEST_PAUSE = 60.0
TALK_LIMIT = 24 * 3600.0
"""Seconds that a session held by hand may last."""


def probe_all(
    names: Sequence[str],
    settings: Settings,
    watch: Callable[[Event], None],
    deliver: Callable[[Report], None],
) -> None:
    """Probe every name and deliver its report, in the order of the names.

    Raises KeyboardInterrupt for ^C, after the reports of all that had been recorded until then.
    """
    from wsprobe import net

    kept: dict[int, tuple[Place, Exchange]] = {}
    parallel = 1 if settings.verbose or settings.talk else settings.parallel

    async def everything() -> None:
        async with AsyncExitStack() as stack:
            found = await find(names, settings.asking, stack)
            for place in found:
                check(place)

            async def one(job: tuple[int, Place]) -> tuple[int, Report]:
                number, place = job

                def keep(exchange: Exchange) -> None:
                    kept[number] = place, exchange

                return number, reported(place, await asked(place, settings, watch, keep), settings.redact)

            def hand_on(result: tuple[int, Report]) -> None:
                number, made = result
                del kept[number]
                deliver(made)

            await net.in_order(one, enumerate(found), parallel, hand_on)

    try:
        net.run(everything)
    except KeyboardInterrupt:
        if kept and sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal has written ^C, and stands behind it
        for _, (place, exchange) in sorted(kept.items(), key=itemgetter(0)):
            deliver(reported(place, exchange, settings.redact))
        raise


def reported(place: Place, exchange: Exchange, redact: bool) -> Report:
    """The report of what was recorded at *place*; one that ^C cut short has the exit status of that."""
    made = replace(report(masked(exchange, redact)), name=place.shown(redact))
    return replace(made, exit_status=int(Exit.INTERRUPTED)) if how(made.reading) == "interrupted" else made


def masked(exchange: Exchange, redact: bool) -> Exchange:
    """*exchange* without its secrets, if they are to be masked."""
    if not redact:
        return exchange
    from wsprobe import redaction  # only where it is asked for

    return redaction.redact(exchange)


def check(place: Place) -> None:
    """Raises click.UsageError, before anything is sent, for a place that cannot be asked."""
    from wsprobe import net

    try:
        net.check(plan(place.url, place.asking))
    except net.PlanError as error:
        raise click.UsageError(str(error)) from None


async def asked(
    place: Place,
    settings: Settings,
    watch: Callable[[Event], None],
    keep: Callable[[Exchange], None],
) -> Exchange:
    """Probe one place, with the retries, redirects and other versions that the options allow.

    *keep* gets each exchange as soon as it is over, also one that was interrupted.
    """
    from wsprobe import net

    tries = settings.retry
    pause = RETRY_PAUSE
    while True:
        exchange = await conversation(place, settings, watch, keep)
        if not tries:
            return exchange
        made = report(exchange)
        if not transient(made.reading, made.outcome):
            return exchange
        tries -= 1
        await net.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def conversation(
    place: Place,
    settings: Settings,
    watch: Callable[[Event], None] = lambda event: None,
    keep: Callable[[Exchange], None] = lambda exchange: None,
) -> Exchange:
    """One exchange, and those that follow from it (-L, --negotiate); the last one holds the earlier as hops.

    *keep* gets each of them too, also one that was interrupted.
    """
    from wsprobe import net

    talk = settings.talk
    now = plan(place.url, place.asking)
    if talk:
        now = replace(now, limits=replace(now.limits, linger=TALK_LIMIT, max_time=TALK_LIMIT))
    hops: list[Exchange] = []

    def over(one: Exchange) -> Exchange:
        one = replace(one, hops=tuple(hops))
        keep(one)
        return one

    while True:
        exchange = over(await net.probe(now, watch, talk_acts() if talk else None, over))
        then = following(exchange, place, settings, len(hops))
        if then is None:
            return exchange
        hops.append(replace(exchange, hops=()))
        now = then


def talk_acts() -> AsyncIterator[Act]:
    from wsprobe.cli.talk import acts

    return acts()


def following(exchange: Exchange, place: Place, settings: Settings, hops: int) -> Plan | None:
    """The plan for what is to be asked next, None if this was all."""
    following = settings.follow and hops < settings.max_redirs
    negotiating = settings.negotiate and not hops and place.asking.raw is None
    if not following and not negotiating:
        return None  # the recording need not be read: a large one takes its time
    reading = read(exchange)
    if following:
        url = redirect(reading)
        if url is not None:
            return redirected(reading, url, place)
    if negotiating:
        wire = other_wire(reading)
        if wire is not None:
            return plan(place.url, in_version(place.asking), wire=wire)
    return None


def in_version(asking: Asking) -> Asking:
    """The same without a version number of its own, so that the wire version's is sent."""
    return replace(asking, offer=replace(asking.offer, version=None))


def redirected(reading: Reading, url: str, place: Place) -> Plan | None:
    """The plan for a redirect's *url*; None if that cannot be asked (another scheme, no host)."""
    try:
        then = plan(url, place.asking)
        if then.target.host != reading.exchange.plan.target.host:
            then = plan(url, place.asking, elsewhere=True)
    except click.UsageError:
        return None
    return then
