"""From places to reports: ask each, follow what is to be followed, read, judge, hand on in order."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import Protocol

import click
from msgspec.structs import replace

from wsprobe import target
from wsprobe.cli.ask import for_strangers, origin, plan
from wsprobe.cli.options import Asking, Settings
from wsprobe.cli.places import Lab, Place, Word
from wsprobe.exchange import Ended, Event, Exchange, Plan, Received, Sent
from wsprobe.followup import other_wire, redirect, transient
from wsprobe.judge.subject import how
from wsprobe.outcome import Exit
from wsprobe.read import read
from wsprobe.report import Report, report

RETRY_PAUSE = 1.0
LONGEST_PAUSE = 60.0

Ask = Callable[[Plan, Callable[[Event], object], Callable[[Exchange], object]], Awaitable[Exchange]]
"""Carries out a plan: see ``net.probe`` for what watches and what keeps."""


class Sink(Protocol):
    """What becomes of the reports, and of what happens on the way to them."""

    def event(self, event: Event) -> None:
        """Take an event as it happens."""

    def report(self, report: Report) -> None:
        """Take the report of the next place, in the order of the words."""

    def unusable(self, text: str) -> None:
        """Take the complaint about a line of a list."""

    def asking(self, under_way: int, left: int | None) -> None:
        """Take how many are being asked, and how many are still to be."""


def probe_all(words: Sequence[Word], settings: Settings, to: Sink, ask: Ask | None = None) -> None:
    """Probe the place of every word and hand on its report, in the order of the words.

    *ask*: how a plan is carried out, one after the other, where not by ``net.probe``.

    A word that cannot be used raises click.UsageError before anything is sent, unless it is a line of a list.
    Raises KeyboardInterrupt for ^C, after the reports of all that had been recorded until then.
    """
    from wsprobe import net

    kept: dict[int, tuple[Place, Exchange]] = {}
    parallel = 1 if settings.verbose or ask is not None else settings.parallel
    under_way = 0

    async def everything() -> None:
        async with AsyncExitStack() as stack:
            found = await usable(words, settings, Lab(stack), to)

            async def one(job: tuple[int, Place]) -> Done:
                nonlocal under_way
                number, place = job

                def keep(exchange: Exchange) -> None:
                    kept[number] = place, exchange

                under_way += 1
                to.asking(under_way, None)
                exchange = await asked(place, settings, to.event, keep, ask)
                under_way -= 1
                return number, place, exchange

            def hand_on(result: Done) -> None:
                # Read when its turn has come: what waits is the recording alone.
                number, place, exchange = result
                del kept[number]
                to.report(reported(place, exchange))
                to.asking(under_way, len(found) - number - 1 - under_way)

            await net.in_order(one, enumerate(found), parallel, hand_on, weight)

    try:
        net.run(everything)
    except KeyboardInterrupt:
        if kept and sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal has written ^C, and stands behind it
        for _, (place, exchange) in sorted(kept.items(), key=itemgetter(0)):
            to.report(reported(place, exchange))
        raise


async def usable(words: Sequence[Word], settings: Settings, lab: Lab, to: Sink) -> list[Place]:
    """The places that can be asked. Of a list, a line that cannot is named, and left out."""
    found = []
    for word in words:
        try:
            place = await lab.place(word.text, settings.asking)
            check(place)
            found.append(place)
        except click.UsageError as error:
            if not word.where:
                raise
            to.unusable(f"{word.where}: {'not usable' if settings.redact else error.format_message()}")
    return found


Done = tuple[int, Place, Exchange]


def weight(result: Done) -> int:
    """Bytes that a result holds while it waits for those before it."""
    return sum(len(event.data) for event in result[2].events if isinstance(event, Received | Sent))


def reported(place: Place, exchange: Exchange) -> Report:
    """The report of what was recorded at *place*; one that ^C cut short has the exit status of that."""
    made = replace(report(exchange), name=place.name)
    return replace(made, exit_status=int(Exit.INTERRUPTED)) if how(made.reading) == "interrupted" else made


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
    ask: Ask | None = None,
) -> Exchange:
    """Probe one place, with the retries, redirects and other versions that the options allow.

    *keep* gets each exchange as soon as it is over, also one that was interrupted.
    """
    from wsprobe import net

    tries = settings.retry
    pause = RETRY_PAUSE
    while True:
        exchange = await conversation(place, settings, watch, keep, ask)
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
    ask: Ask | None = None,
) -> Exchange:
    """One exchange, and those that follow from it (-L, --negotiate); the last one holds the earlier as hops.

    *keep* gets each of them too, also one that was interrupted.
    """
    from wsprobe import net

    now = plan(place.url, place.asking)
    hops: list[Exchange] = []

    def over(one: Exchange) -> Exchange:
        one = replace(one, hops=tuple(hops))
        keep(one)
        return one

    while True:
        exchange = over(await (ask(now, watch, over) if ask is not None else net.probe(now, watch, keep=over)))
        then = following(exchange, place, settings, len(hops))
        if then is None:
            return exchange
        hops.append(replace(exchange, hops=()))
        spent = sum(hop.events[-1].at for hop in hops) / 1_000_000
        whole = place.asking.limits.max_time
        if spent >= whole:
            ended = Ended(0, "timeout", f"what led here took longer than {whole:g} s (maximum time)")
            return over(Exchange(then, (ended,), hops[-1].started))
        now = replace(then, limits=replace(then.limits, max_time=whole - spent))


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
            return redirected(url, place, settings)
    if negotiating:
        wire = other_wire(reading)
        if wire is not None:
            return plan(place.url, in_version(place.asking), wire=wire)
    return None


def in_version(asking: Asking) -> Asking:
    """The same without a version number of its own, so that the wire version's is sent."""
    return replace(asking, offer=replace(asking.offer, version=None))


def redirected(url: str, place: Place, settings: Settings) -> Plan | None:
    """The plan for a redirect's *url*; None if that cannot be asked (another scheme, no host).

    However many redirects led there: what was given for the first URL's origin goes to no other, unless
    --location-trusted says so.
    """
    try:
        if settings.location_trusted or origin(target.parse(url)) == origin(target.parse(place.url)):
            return plan(url, place.asking)
        return plan(url, for_strangers(place.asking))
    except (click.UsageError, target.TargetError):
        return None
