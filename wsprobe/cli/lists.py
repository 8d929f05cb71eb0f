"""One loop over a list, whoever does the work: order, pace, progress, ^C.

A list is read while it is worked on. Its URLs go out in chunks to an executor: this process, others of this
machine (``workers``), or a cluster (``cluster``, ``from_each``). What comes back is handed on in the order of
the list; what had come by the time of ^C is handed on before the command ends.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from functools import partial
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

import click
from msgspec import Struct, field
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.lab import LabTargets
from wsprobe.cli.open_files import allow
from wsprobe.cli.output import WorkerResult
from wsprobe.cli.probe import (
    Ask,
    Placing,
    host_of,
    is_large,
    probe_with_followups,
    reported,
    size_of,
    usable,
)
from wsprobe.cli.settings import Settings
from wsprobe.cli.targets import ProbeTarget as ProbeTarget
from wsprobe.cli.targets import UrlList, Word, Wrong
from wsprobe.exchange import Event, Exchange, Plan
from wsprobe.report import Report

Came = Exchange | WorkerResult
"""What comes of a URL: a recording, or what another process made of it."""
ANYWHERE = ""
"""The place of what may be asked from any."""


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

    def worker_result(self, result: WorkerResult) -> None:
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
    place: ProbeTarget
    host: str
    """Who is asked."""
    where: str = ""
    """The line of a list that it stands in."""
    first: Plan | None = None
    """What is asked first, where it was made to see whether it can be."""


Item = TypeVar("Item")
"""What a list is of."""
Result = TypeVar("Result")
"""What comes of an item."""


class Chunk(Struct, Generic[Item, Result], eq=False):
    """Items that go out together, and what came of them."""

    number: int
    jobs: list[Item]
    came: dict[str, list[Result | None]] = field(default_factory=dict)
    """Place -> what came of each item there; None where nothing was done with it."""
    made: Report | None = None
    """The report of a chunk of one, where it was made in advance."""


class Executor(Protocol[Item, Result]):
    """Who does the work."""

    def at_work(self) -> AbstractAsyncContextManager[None]:
        """While this context lasts, there is somebody to do it."""

    def together(
        self, jobs: AsyncGenerator[Item, None]
    ) -> AbstractAsyncContextManager[AsyncGenerator[list[Item], None]]:
        """*jobs* in the lists that go out together."""

    async def carry_out(
        self, chunks: AsyncGenerator[Chunk[Item, Result], None], run: Run[Item, Result]
    ) -> None:
        """Do all *chunks*, and tell *run* of each: ``begun``, ``came`` as soon as anything has, ``over``; then
        ``hand_on``, in the order that it wants."""


class Run(ABC, Generic[Item, Result]):
    """One run over a list. What is done with what came of a chunk is for a subclass to say: ``hand``."""

    def __init__(self, *, ordered: bool = True) -> None:
        """*ordered*: results are handed on in the order of the list, and not as they come."""
        self.ordered = ordered
        self.handed = False
        """Whether anything was handed on."""
        self._kept: dict[int, Chunk[Item, Result]] = {}
        self._under_way = 0

    async def numbered(
        self, lists: AsyncGenerator[list[Item], None]
    ) -> AsyncGenerator[Chunk[Item, Result], None]:
        """*lists* as chunks."""
        number = 0
        async with aclosing(lists):
            async for each in lists:
                yield Chunk(number, each)
                number += 1

    def begun(self, chunk: Chunk[Item, Result]) -> None:
        """Somebody is at *chunk* from now on."""
        self._under_way += len(chunk.jobs)
        self.progressed()

    def came(self, chunk: Chunk[Item, Result], place: str, results: Sequence[Result | None]) -> None:
        """Take what came of *chunk* at a place: should ^C come now, it is handed on."""
        chunk.came[place] = [*results]
        self._kept[chunk.number] = chunk

    def over(self, chunk: Chunk[Item, Result]) -> None:
        """All of *chunk* has come."""
        self._under_way -= len(chunk.jobs)

    def hand_on(self, chunk: Chunk[Item, Result]) -> None:
        """Hand on *chunk*, whose turn has come. It is read only now: what waits is the result alone."""
        del self._kept[chunk.number]
        self.hand(chunk)
        self.progressed()

    @abstractmethod
    def hand(self, chunk: Chunk[Item, Result]) -> None:
        """Hand on what came of *chunk*."""

    @abstractmethod
    def weight(self, chunk: Chunk[Item, Result]) -> int:
        """Bytes that *chunk* holds while it waits for those before it."""

    def under_way(self) -> int:
        return self._under_way

    def progressed(self) -> None:
        """More is under way, or less."""

    @contextmanager
    def handed_on_after_interrupt(self) -> Iterator[None]:
        """After ^C, hand on what has come, in its order, before KeyboardInterrupt goes on."""
        try:
            yield
        except KeyboardInterrupt:
            if self._kept and sys.stderr.isatty():
                sys.stderr.write("\n")  # the terminal has written ^C, and stands behind it
            for _, each in sorted(self._kept.items(), key=itemgetter(0)):
                self.hand(each)
            raise


class UrlRun(Run[Job, Came]):
    """One run over a list of URLs."""

    def __init__(self, settings: Settings, to: Sink) -> None:
        super().__init__(ordered=not settings.lists.unordered)
        self.settings = settings
        self.to = to

    async def over_all(self, jobs: Jobs, executor: Executor[Job, Came]) -> None:
        """Have *executor* do all *jobs*. Raises click.UsageError."""
        self._jobs = jobs
        async with executor.at_work():
            await jobs.prepare()
            async with executor.together(jobs.each()) as lists:
                await executor.carry_out(self.numbered(lists), self)
            jobs.check_any()

    def hand(self, chunk: Chunk[Job, Came]) -> None:
        self.handed = True
        for job, came in zip(chunk.jobs, chunk.came[ANYWHERE], strict=True):
            if isinstance(came, Exchange):
                self.to.report(chunk.made or reported(job.place, came))
            elif came is None or came.complaint:
                self.to.unusable(f"{job.where or job.place.url}: {came.complaint if came else ''}")
            else:
                self.to.worker_result(came)

    def weight(self, chunk: Chunk[Job, Came]) -> int:
        return sum(weight(each) for all_came in chunk.came.values() for each in all_came if each is not None)

    def left(self) -> int | None:
        """How many URLs are still to be read; None if nobody knows."""
        return self._jobs.left()

    def progressed(self) -> None:
        self.to.asking(self.under_way(), self.left, net.clock)


class Here:
    """This process asks."""

    def __init__(self, settings: Settings, to: Sink, ask: Ask | None) -> None:
        """*ask*: how a plan is carried out, one after the other, where not by ``net.probe``."""
        self._settings = settings
        self._to = to
        self._ask = ask
        pace = settings.lists.pace()
        self._pace = replace(pace, parallel=1) if settings.own.verbose or ask is not None else pace
        allow(self._pace.parallel)

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None, None]:
        yield

    @asynccontextmanager
    async def together(
        self, jobs: AsyncGenerator[Job, None]
    ) -> AsyncGenerator[AsyncGenerator[list[Job], None], None]:
        yield one_by_one(jobs)

    async def carry_out(self, chunks: AsyncGenerator[Chunk[Job, Came], None], run: Run[Job, Came]) -> None:
        async def one(chunk: Chunk[Job, Came]) -> Chunk[Job, Came]:
            (job,) = chunk.jobs

            def keep(exchange: Exchange) -> None:
                run.came(chunk, ANYWHERE, [exchange])

            run.begun(chunk)
            exchange = await probe_with_followups(
                job.place, self._settings, self._to.event, keep, self._to.waiting, self._ask, job.first
            )
            run.came(chunk, ANYWHERE, [exchange])
            run.over(chunk)
            return chunk

        def hand_on(chunk: Chunk[Job, Came]) -> Awaitable[None] | None:
            (came,) = chunk.came[ANYWHERE]
            if isinstance(came, Exchange) and is_large(came):
                return read_first(chunk, came)
            run.hand_on(chunk)
            return None

        async def read_first(chunk: Chunk[Job, Came], exchange: Exchange) -> None:
            chunk.made = await net.in_only_thread(partial(reported, chunk.jobs[0].place, exchange))
            run.hand_on(chunk)

        await net.in_order(one, chunks, self._pace, hand_on, run.weight, host, run.ordered)


def host(chunk: Chunk[Job, Came]) -> str:
    """Who is asked, where that is one."""
    return chunk.jobs[0].host


async def one_by_one(jobs: AsyncGenerator[Item, None]) -> AsyncGenerator[list[Item], None]:
    """Each of *jobs* alone."""
    async with aclosing(jobs):
        async for job in jobs:
            yield [job]


def probe_all(sources: Sequence[Word | UrlList], settings: Settings, to: Sink, ask: Ask | None = None) -> None:
    """Probe every place and hand on its report, in the order of the places unless the options say otherwise.

    A word of the command line that cannot be used raises click.UsageError before anything is sent; a line of
    a list is named, and left out. Raises KeyboardInterrupt for ^C, after the reports of all that had been
    recorded until then. *ask*: how a plan is carried out, one after the other, where not by ``net.probe``.
    """
    with_executor(sources, settings, to, Here(settings, to, ask))


def with_executor(
    sources: Sequence[Word | UrlList], settings: Settings, to: Sink, executor: Executor[Job, Came]
) -> None:
    """As ``probe_all``, by an *executor* of this machine."""
    run = UrlRun(settings, to)

    async def everything() -> None:
        async with net.aside() as enter:
            await run.over_all(Jobs(sources, settings, LabTargets(enter), to, to.wants), executor)

    with run.handed_on_after_interrupt():
        net.run(everything)


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
                        reason = "not usable" if self._settings.output.redact else error.format_message()
                        self._to.unusable(f"{word.where}: {reason}")
                        continue
                    yield job
                    number += 1

    async def _job(self, number: int, word: Word) -> Job:
        place = await self._lab.place(word.text, self._settings.handshake)
        apart = self._settings.lists.workers > 1 or self._settings.cluster is not None
        if apart and word.where and not place.handshake.route.connect_to:
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


def weight(came: Came) -> int:
    """Bytes that a result holds while it waits for those before it."""
    if isinstance(came, WorkerResult):
        return len(came.out) + len(came.save)
    return size_of(came)
