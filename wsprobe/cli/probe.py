"""From places to reports: ask each, follow what is to be followed, read, judge, hand on in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

import click
from msgspec.structs import replace

from wsprobe import target
from wsprobe.cli.ask import for_strangers, plan
from wsprobe.cli.keys import Keys, origin, with_netrc
from wsprobe.cli.options import Asking, Settings
from wsprobe.cli.places import Lab, Place, Word
from wsprobe.exchange import Ended, Event, Exchange, Plan, Received, Sent
from wsprobe.followup import other_wire, redirect, transient
from wsprobe.judge.subject import how
from wsprobe.outcome import Exit
from wsprobe.read import read
from wsprobe.report import Report, report

if TYPE_CHECKING:
    from wsprobe.net import Talk

ANSWERS_MAX = 2
"""Challenges in a row that are answered at one URL: the first, and one that calls its nonce stale."""
RETRY_PAUSE = 1.0
LONGEST_PAUSE = 60.0
TALK_LIMIT = 24 * 3600.0
"""Seconds that a session held by hand may last."""


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


def probe_all(words: Sequence[Word], settings: Settings, to: Sink) -> None:
    """Probe the place of every word and hand on its report, in the order of the words.

    A word that cannot be used raises click.UsageError before anything is sent, unless it is a line of a list.
    Raises KeyboardInterrupt for ^C, after the reports of all that had been recorded until then.
    """
    from wsprobe import net

    kept: dict[int, tuple[Place, Exchange]] = {}
    parallel = 1 if settings.verbose or settings.talk else settings.parallel
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
                exchange = await asked(place, settings, to.event, keep)
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
) -> Exchange:
    """Probe one place, with the retries, redirects and other versions that the options allow.

    *keep* gets each exchange as soon as it is over, also one that was interrupted.
    """
    from wsprobe import net

    tries = settings.retry
    pause = RETRY_PAUSE
    keys = Keys()
    while True:
        exchange = await conversation(place, settings, watch, keep, keys)
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
    keys: Keys | None = None,
) -> Exchange:
    """One exchange, and those that follow from it (credentials, -L, --negotiate); the last one holds the
    earlier as hops.

    *keep* gets each of them too, also one that was interrupted. *keys* know what earlier tries have learned.
    """
    from wsprobe import net

    steps = Steps(place, settings, Keys() if keys is None else keys)
    now = steps.plan()
    if settings.talk:
        now = replace(now, limits=replace(now.limits, linger=TALK_LIMIT))
    hops: list[Exchange] = []

    def over(one: Exchange) -> Exchange:
        one = replace(one, hops=tuple(hops))
        keep(one)
        return one

    while True:
        exchange = over(await net.probe(now, watch, _talk(settings) if settings.talk else None, over))
        then = steps.after(exchange)
        if then is None:
            return exchange
        hops.append(replace(exchange, hops=()))
        spent = sum(hop.events[-1].at for hop in hops) / 1_000_000
        whole = place.asking.limits.max_time
        if spent >= whole:
            ended = Ended(0, "timeout", f"what led here took longer than {whole:g} s (maximum time)")
            return over(Exchange(then, (ended,), hops[-1].started))
        now = replace(then, limits=replace(then.limits, max_time=whole - spent))


def _talk(settings: Settings) -> Talk:
    """What standard input says. At a terminal a line may be a command; a program's lines are all messages."""
    from wsprobe import net
    from wsprobe.cli.talk import acts

    hold = TALK_LIMIT if settings.max_time is None else None
    linger = settings.asking.limits.linger
    return net.Talk(acts(commands=sys.stdout.isatty()), quiet=linger, hold=hold)


class Steps:
    """What follows from the answers of one place: credentials, a redirect, another version."""

    def __init__(self, place: Place, settings: Settings, keys: Keys) -> None:
        self._place = place
        self._settings = settings
        self._keys = keys
        self._url = place.url
        self._asking = place.asking
        self._wire: str | None = None
        self._redirects = 0
        self._answered = 0
        """Challenges that were answered at this URL, and"""
        self._answered_proxy = 0
        self._was_secure = False
        """Whether any request so far was over TLS."""

    def plan(self) -> Plan:
        """For the next request, or the first. Raises click.UsageError."""
        return plan(self._url, self._asking, wire=self._wire, keys=self._keys)

    def after(self, exchange: Exchange) -> Plan | None:
        """The plan for what is to be asked next, None if this was all."""
        asking, settings = self._asking, self._settings
        if self._answered_proxy < ANSWERS_MAX and self._keys.learn_of_proxy(exchange, asking.proxy_method):
            self._answered_proxy += 1
            return self.plan()
        offer = with_netrc(asking.offer, exchange.plan.target, asking.netrc)
        known = asking.raw is None and self._keys.has_credentials(exchange.plan.target, offer)
        following = settings.follow and self._redirects < settings.max_redirs
        negotiating = settings.negotiate and not self._redirects and self._wire is None and asking.raw is None
        if not following and not negotiating and not known:
            return None  # the recording need not be read: a large one takes its time
        reading = read(exchange)
        if known and self._keys.learn(reading, asking.method) and self._answered < ANSWERS_MAX:
            self._answered += 1
            return self.plan()
        if following and (url := redirect(reading)) is not None:
            return self._redirected(url)
        if negotiating and (wire := other_wire(reading)) is not None:
            self._wire, self._asking = wire, in_version(asking)
            return self.plan()
        return None

    def _redirected(self, url: str) -> Plan | None:
        """The plan for a redirect's *url*; None if that cannot be asked (another scheme, no host).

        However many redirects led there: what was given for the first URL's origin goes to no other, unless
        --location-trusted says so.
        """
        given = self._place.asking
        self._redirects += 1
        self._answered = 0
        try:
            self._was_secure |= target.parse(self._url).secure
            to = target.parse(url)
            if not self._settings.location_trusted and origin(to) != origin(target.parse(self._place.url)):
                given = for_strangers(given, clear_after_tls=self._was_secure and not to.secure)
            self._url, self._asking, self._wire = url, given, None
            return self.plan()
        except (click.UsageError, target.TargetError):
            return None


def in_version(asking: Asking) -> Asking:
    """The same without a version number of its own, so that the wire version's is sent."""
    return replace(asking, offer=replace(asking.offer, version=None))
