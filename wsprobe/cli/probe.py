"""From places to reports: ask each, follow what is to be followed, read, judge, hand on in order."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe import target
from wsprobe.cli.ask import for_strangers, now, plan
from wsprobe.cli.keys import Keys, origin, with_netrc
from wsprobe.cli.open_files import allow
from wsprobe.cli.output import WorkerResult
from wsprobe.cli.places import Lab, Place, UrlList, Word, Wrong
from wsprobe.cli.settings import Asking, Settings
from wsprobe.cli.streams import write
from wsprobe.exchange import Ended, Event, Exchange, Plan, Received, Sent
from wsprobe.followup import other_wire, redirect, retry_after, transient
from wsprobe.judge.subject import how
from wsprobe.outcome import Exit
from wsprobe.read import read
from wsprobe.report import Report, report

if TYPE_CHECKING:
    from wsprobe.net.crew import Crew, Work

ANSWERS_MAX = 2
"""Challenges in a row that are answered at one URL: the first, and one that calls its nonce stale."""
RETRY_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 3600.0
"""Seconds that a Retry-After is waited for, where no --retry-max-time says otherwise."""

Ask = Callable[[Plan, Callable[[Event], object], Callable[[Exchange], object]], Awaitable[Exchange]]
"""Carries out a plan: see ``net.probe`` for what watches and what keeps."""


class Complaints(Protocol):
    """Who hears of what cannot be used."""

    def unusable(self, text: str) -> None:
        """Take the complaint about a line of a list."""


class Sink(Complaints, Protocol):
    """What becomes of the reports, and of what happens on the way to them."""

    def event(self, event: Event) -> None:
        """Take an event as it happens."""

    def report(self, report: Report) -> Report:
        """Take the report of the next place, in the order of the words; returns it as it was told."""

    def waiting(self, text: str) -> None:
        """Take what is waited for between two tries, or why there is no other."""

    def worker(self) -> Callable[[], Work]:
        """What makes, in another process, the work that turns a place into what ``told`` takes."""

    def told(self, told: WorkerResult) -> None:
        """Take what another process made of the report of the next place."""

    def lost(self, text: str) -> None:
        """Take a sentence about a process that ended by itself, or could not be started."""

    def wants(self, url: str) -> bool:
        """Whether *url*, as it was given, is to be asked at all."""

    def asking(self, under_way: int, left: Callable[[], int | None], now: Callable[[], float]) -> None:
        """Take how many are being asked, and what tells how many more there are (None if nobody knows), and the
        time in seconds."""


class Job(Struct, frozen=True):
    """A place that is to be asked, and which one it is."""

    number: int
    place: Place
    host: str
    """Who is asked."""
    where: str = ""
    """The line of a list that it stands in."""
    first: Plan | None = None
    """What is asked first, where it was made to see whether it can be."""


class Done(Struct, frozen=True):
    """What came of a job: a recording, or what another process made of it."""

    job: Job
    came: Exchange | WorkerResult


def probe_all(sources: Sequence[Word | UrlList], settings: Settings, to: Sink, ask: Ask | None = None) -> None:
    """Probe every place and hand on its report, in the order of the places unless the options say otherwise.

    A word of the command line that cannot be used raises click.UsageError before anything is sent; a line of
    a list is named, and left out. Raises KeyboardInterrupt for ^C, after the reports of all that had been
    recorded until then. *ask*: how a plan is carried out, one after the other, where not by ``net.probe``.
    """
    from wsprobe import net

    kept: dict[int, Done] = {}
    under_way = 0
    others: Crew | None = None
    if settings.lists.workers > 1:
        from wsprobe.net.crew import Crew, Lost  # a seam: other processes

        most = sys.maxsize if any(isinstance(each, UrlList) for each in sources) else len(sources)
        others = Crew(to.worker(), min(settings.lists.workers, most), to.lost)
        if not others:
            to.lost("this process does the work alone")
            settings, others = replace(settings, lists=replace(settings.lists, workers=1)), None
    pace = settings.lists.pace()
    if settings.own.verbose or ask is not None:
        pace = replace(pace, parallel=1)
    allow(pace.parallel)

    def hand(done: Done) -> None:
        if isinstance(done.came, Exchange):
            to.report(reported(done.job.place, done.came))
        elif done.came.complaint:
            to.unusable(f"{done.job.where or done.job.place.url}: {done.came.complaint}")
        else:
            to.told(done.came)

    async def everything() -> None:
        async with net.aside() as enter, AsyncExitStack() as stack:
            jobs = Jobs(sources, settings, Lab(enter), to, to.wants)
            if others is not None:
                await stack.enter_async_context(others.at_work())
            await jobs.prepare()
            if others is not None and pace.interval:
                await others.up()  # what waited for a process to start would be begun at once when it has

            def begun() -> None:
                nonlocal under_way
                under_way += 1
                to.asking(under_way, jobs.left, net.clock)

            async def one(job: Job) -> Done:
                nonlocal under_way

                def keep(exchange: Exchange) -> None:
                    kept[job.number] = Done(job, exchange)

                begun()
                done = Done(job, await asked(job.place, settings, to.event, keep, to.waiting, ask, job.first))
                under_way -= 1
                return done

            def give(job: Job, over: Callable[[Done], None]) -> None:
                def came(told: WorkerResult | Lost) -> None:
                    nonlocal under_way
                    under_way -= 1
                    if isinstance(told, Lost):
                        if told.nobody_left:
                            raise click.UsageError(NOBODY)
                        told = WorkerResult(complaint=LOST)
                    kept[job.number] = done = Done(job, told)
                    over(done)

                assert others is not None
                begun()
                plain = job.place.asking is settings.asking and not job.place.name
                others.give(job.place.url if plain else job.place, came)

            def hand_on(done: Done) -> None:
                # Read when its turn has come: what waits is the recording alone.
                del kept[done.job.number]
                hand(done)
                to.asking(under_way, jobs.left, net.clock)

            as_told = (
                jobs.each(),
                pace,
                hand_on,
                lambda done: weight(done.came),
                lambda job: job.host,
                not settings.lists.unordered,
            )
            await (net.in_order(one, *as_told) if others is None else net.begun_in_order(give, *as_told))
            jobs.check_any()

    with handed_on(kept, hand):
        net.run(everything)


Kept = TypeVar("Kept")


@contextmanager
def handed_on(kept: Mapping[int, Kept], hand: Callable[[Kept], object]) -> Iterator[None]:
    """After ^C, *hand* on what is *kept*, by its numbers, before KeyboardInterrupt goes on."""
    try:
        yield
    except KeyboardInterrupt:
        if kept and sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal has written ^C, and stands behind it
        for _, each in sorted(kept.items(), key=itemgetter(0)):
            hand(each)
        raise


class Placing(Protocol):
    """What knows the places that words stand for."""

    async def place(self, name: str, asking: Asking) -> Place:
        """The place that *name* stands for. Raises click.UsageError for one that cannot be asked."""


class Jobs:
    """The places of *sources* in their order, each read when it is asked for."""

    def __init__(
        self,
        sources: Sequence[Word | UrlList],
        settings: Settings,
        lab: Placing,
        to: Complaints,
        wants: Callable[[str], bool] = lambda url: True,
    ) -> None:
        """*wants*: whether a URL, as it was given, is to be asked at all."""
        self._sources = sources
        self._settings = settings
        self._lab = lab
        self._to = to
        self._wants = wants
        self._named: dict[int, Job] = {}
        self._lines = 0
        """Lines of lists that were read, usable or not."""

    async def prepare(self) -> None:
        """Look at the words of the command line. Raises click.UsageError for one that cannot be asked."""
        for at, each in enumerate(self._sources):
            if isinstance(each, Word):
                self._named[at] = await self._job(0, each)

    async def each(self) -> AsyncGenerator[Job, None]:
        """Every place that can be asked; of a list, a line that cannot is named, and left out."""
        number = 0
        for at, each in enumerate(self._sources):
            if isinstance(each, Word):
                named = self._named.pop(at)
                if self._wants(each.text):
                    yield replace(named, number=number)
                    number += 1
                continue
            async with aclosing(each.words()) as lines:
                async for word in lines:
                    self._lines += 1
                    if isinstance(word, Wrong):
                        self._to.unusable(f"{word.where}: {word.why}")
                        continue
                    if not self._wants(word.text):
                        continue
                    try:
                        job = await self._job(number, word)
                    except click.UsageError as error:
                        said = "not usable" if self._settings.output.redact else error.format_message()
                        self._to.unusable(f"{word.where}: {said}")
                        continue
                    yield job
                    number += 1

    async def _job(self, number: int, word: Word) -> Job:
        place = await self._lab.place(word.text, self._settings.asking)
        apart = self._settings.lists.workers > 1 or self._settings.cluster is not None
        if apart and word.where and not place.asking.route.connect_to:
            # The rest is looked at by the process that asks.
            return Job(number, place, host_of(place), word.where)
        host, first = usable(place)
        return Job(number, place, host, word.where, first)

    def check_any(self) -> None:
        """Raises click.UsageError, after the last, if there was no place at all, good or bad."""
        lists = [each.name for each in self._sources if isinstance(each, UrlList)]
        if not self._lines and len(lists) == len(self._sources):
            raise click.UsageError(f"{', '.join(lists)}: no URL in {'it' if len(lists) == 1 else 'them'}")

    def left(self) -> int | None:
        """How many are still to be read: of files as many as their sizes let expect; None if nobody knows."""
        lists = [each for each in self._sources if isinstance(each, UrlList)]
        if any(not each.size for each in lists):
            return None
        read, size = sum(each.at for each in lists), sum(each.size for each in lists)
        return len(self._named) + (round(self._lines * (size - read) / read) if read else 0)


def weight(came: Exchange | WorkerResult) -> int:
    """Bytes that a result holds while it waits for those before it."""
    if isinstance(came, WorkerResult):
        return len(came.out) + len(came.save)
    return sum([len(event.data) for event in came.events if isinstance(event, (Received, Sent))])


def reported(place: Place, exchange: Exchange) -> Report:
    """The report of what was recorded at *place*; one that ^C cut short has the exit status of that."""
    made = replace(report(exchange), name=place.name)
    return replace(made, exit_status=int(Exit.INTERRUPTED)) if how(made.reading) == "interrupted" else made


NOBODY = (
    "all worker processes have ended, and no other can be started; what is printed is whole; "
    "--workers 1 needs no other process"
)
LOST = "not asked: two worker processes ended, one after the other, with it in hand"


def host_of(place: Place) -> str:
    """The host that *place* is asked at. Raises click.UsageError for a text that is no URL."""
    try:
        return place.asking.route.unix_socket or target.parse(place.url).host.lower()
    except target.TargetError as error:
        raise click.UsageError(str(error)) from None


def usable(place: Place) -> tuple[str, Plan | None]:
    """The host that *place* is asked at, and the plan of the first request; None where that depends on when it
    is asked, as cookies do. Raises click.UsageError, before anything is sent, for one that cannot be asked."""
    from wsprobe import net

    try:
        first = plan(place.url, place.asking)
        return net.check(first).host, first if place.asking.jar.steady else None
    except net.PlanError as error:
        raise click.UsageError(str(error)) from None


def check(place: Place) -> str:
    """The host that *place* is asked at. Raises click.UsageError, as ``usable``."""
    return usable(place)[0]


def write_jar(settings: Settings) -> None:
    """Write the file of --cookie-jar, if there is one. Raises click.UsageError if it cannot be written."""
    if settings.cookie_jar is not None:
        write(
            settings.cookie_jar, settings.asking.jar.text(now()).encode(errors="surrogateescape"), "cookie-jar"
        )


async def asked(
    place: Place,
    settings: Settings,
    watch: Callable[[Event], None],
    keep: Callable[[Exchange], None],
    say: Callable[[str], None] = lambda text: None,
    ask: Ask | None = None,
    first: Plan | None = None,
) -> Exchange:
    """Probe one place, with the retries, redirects and other versions that the options allow.

    *keep* gets each exchange as soon as it is over, also one that was interrupted; *say* what is waited for.
    *ask* carries a plan out in place of ``net.probe``. *first*: what ``usable`` made for the first request.
    """
    from wsprobe import net

    tries = settings.retry.retry
    pause = RETRY_PAUSE
    keys = Keys()
    began = now() if tries else 0.0
    while True:
        exchange = await conversation(place, settings, watch, keep, keys, ask, first)
        if not tries:
            return exchange
        first = None  # each try has a key of its own
        made = report(exchange)
        if not transient(made.reading, made.outcome):
            return exchange
        asked_for = retry_after(made.reading, now())
        wait = pause if asked_for is None else asked_for
        left = None if settings.retry.retry_max_time is None else began + settings.retry.retry_max_time - now()
        if (left is None and wait > LONGEST_WAIT) or (left is not None and wait > left):
            limit = (
                f"{LONGEST_WAIT / 3600:g} h"
                if left is None
                else f"--retry-max-time {settings.retry.retry_max_time:g}"
            )
            say(f"not asked again: {_waiting(wait, asked_for)} is more than {limit} allows")
            return exchange
        tries -= 1
        say(f"asking again in {_waiting(wait, asked_for)}; tries left after that: {tries}")
        await net.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)


def _waiting(seconds: float, asked_for: float | None) -> str:
    return f"{seconds:g} s" + ("" if asked_for is None else " (the server's Retry-After)")


async def conversation(
    place: Place,
    settings: Settings,
    watch: Callable[[Event], None] = lambda event: None,
    keep: Callable[[Exchange], None] = lambda exchange: None,
    keys: Keys | None = None,
    ask: Ask | None = None,
    first: Plan | None = None,
) -> Exchange:
    """One exchange, and those that follow from it (credentials, -L, --negotiate); the last one holds the
    earlier as hops.

    *keep* gets each of them too, also one that was interrupted. *keys* know what earlier tries have learned.
    *ask* and *first* are as above.
    """
    from wsprobe import net

    steps = Steps(place, settings, Keys() if keys is None else keys)
    to_ask = steps.plan() if first is None else first
    hops: list[Exchange] = []

    def over(one: Exchange) -> Exchange:
        one = replace(one, hops=tuple(hops))
        keep(one)
        return one

    while True:
        if ask is None:
            exchange = over(await net.probe(to_ask, watch, keep=over))
        else:
            exchange = over(await ask(to_ask, watch, over))
        then = steps.after(exchange)
        if then is None:
            return exchange
        hops.append(replace(exchange, hops=()))
        spent = sum(hop.events[-1].at for hop in hops) / 1_000_000
        whole = place.asking.limits.max_time
        if spent >= whole:
            ended = Ended(0, "timeout", f"what led here took longer than {whole:g} s (maximum time)")
            return over(Exchange(then, (ended,), hops[-1].started))
        to_ask = replace(then, limits=replace(then.limits, max_time=whole - spent))


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
        jar = asking.jar
        reading = read(exchange) if jar.keeps else None
        if reading is not None:
            answers = (response.head for response in reading.responses)
            fields = (field.value for head in answers for field in head.all(b"set-cookie"))
            jar.store(fields, exchange.plan.target, now())
        if self._answered_proxy < ANSWERS_MAX and self._keys.learn_of_proxy(exchange, asking.proxy_method):
            self._answered_proxy += 1
            return self.plan()
        offer = with_netrc(asking.offer, exchange.plan.target, asking.netrc)
        known = asking.raw is None and self._keys.has_credentials(exchange.plan.target, offer)
        following = settings.follow.redirects and self._redirects < settings.follow.max_redirs
        negotiating = (
            settings.follow.negotiate and not self._redirects and self._wire is None and asking.raw is None
        )
        if not following and not negotiating and not known:
            return None  # the recording need not be read: a large one takes its time
        reading = read(exchange) if reading is None else reading
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
            if not self._settings.follow.location_trusted and origin(to) != origin(
                target.parse(self._place.url)
            ):
                given = for_strangers(given, clear_after_tls=self._was_secure and not to.secure)
            self._url, self._asking, self._wire = url, given, None
            return self.plan()
        except (click.UsageError, target.TargetError):
            return None


def in_version(asking: Asking) -> Asking:
    """The same without a version number of its own, so that the wire version's is sent."""
    return replace(asking, offer=replace(asking.offer, version=None))
