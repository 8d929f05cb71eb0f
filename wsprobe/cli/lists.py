"""One loop over a list, whichever executor does the work: order, pace, progress, ^C.

The list is read during the run. Its URLs go in chunks to an executor: this process, other processes of this
machine (``workers``), or a cluster (``cluster``, ``from_each``). Results are handed on in the order of the
list; after ^C, those that have arrived are handed on before the command ends.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext, suppress
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

import click
from msgspec import Struct, field
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.environment import environment
from wsprobe.cli.output import WorkerResult
from wsprobe.cli.probe import (
    Ask,
    host_of,
    is_large,
    probe_with_followups,
    reported,
    size_of,
    usable,
)
from wsprobe.cli.second_interrupt import hold_back
from wsprobe.cli.settings import Settings
from wsprobe.cli.targets import Placing, ProbeTarget, UrlList, Word, Wrong, lab_targets
from wsprobe.exchange import Exchange, Plan
from wsprobe.report.report import Report

if TYPE_CHECKING:
    from wsprobe.cli.connect_output import ConnectOutput

Came = Exchange | WorkerResult
"""The result of a URL: a recording, or what another process made of it."""
ANYWHERE = ""
"""The place of a result that may come from any place."""


class Job(Struct, frozen=True):
    """A target of the list."""

    place: ProbeTarget
    host: str
    """The host that is connected."""
    where: str = ""
    """Its line in a list."""
    first: Plan | None = None
    """The plan of the first request, if it was needed to check the target."""


Item = TypeVar("Item")
"""An item of the list."""
Result = TypeVar("Result")
"""The result of an item."""


class Chunk(Struct, Generic[Item, Result], eq=False):
    """Items that go out together, and their results."""

    number: int
    jobs: list[Item]
    came: dict[str, list[Result | None]] = field(default_factory=dict)
    """Place -> the result of each item there, None for an item that was not finished."""
    made: Report | None = None
    """The report of a chunk of one item, if it was made in advance."""


class Executor(ABC, Generic[Item, Result]):
    """Does the work."""

    def at_work(self) -> AbstractAsyncContextManager[object]:
        """The context in which the executor can work."""
        return nullcontext()

    def together(
        self, jobs: AsyncGenerator[Item, None]
    ) -> AbstractAsyncContextManager[AsyncGenerator[list[Item], None]]:
        """Yields *jobs* in lists, each of them a chunk: one by one."""
        return nullcontext(one_by_one(jobs))

    @abstractmethod
    async def carry_out(
        self, chunks: AsyncGenerator[Chunk[Item, Result], None], run: Run[Item, Result]
    ) -> None:
        """Do all *chunks*. Calls of *run* for each: ``begun``; ``came`` as soon as there is any result;
        ``over``; then ``hand_on``, in the order of *run*."""


class Run(ABC, Generic[Item, Result]):
    """One run over a list. A subclass says in ``hand`` what becomes of the results of a chunk."""

    def __init__(self, *, ordered: bool = True) -> None:
        """*ordered*: results are handed on in the order of the list, otherwise as they arrive."""
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
        """Note that *chunk* is under way."""
        self._under_way += len(chunk.jobs)
        self.progressed()

    def came(self, chunk: Chunk[Item, Result], place: str, results: Sequence[Result | None]) -> None:
        """Take the results of *chunk* at a place; if ^C comes now, they are handed on."""
        chunk.came[place] = [*results]
        self._kept[chunk.number] = chunk

    def over(self, chunk: Chunk[Item, Result]) -> None:
        """Note that all results of *chunk* have arrived."""
        self._under_way -= len(chunk.jobs)

    def hand_on(self, chunk: Chunk[Item, Result]) -> None:
        """Hand on *chunk*, whose turn it is. Only now is it read: until then it waits as a recording."""
        del self._kept[chunk.number]
        self.handed = True
        self.hand(chunk)
        self.progressed()

    @abstractmethod
    def hand(self, chunk: Chunk[Item, Result]) -> None:
        """Hand on the results of *chunk*."""

    @abstractmethod
    def weight(self, chunk: Chunk[Item, Result]) -> int:
        """The bytes that *chunk* holds while it waits for earlier ones."""

    def under_way(self) -> int:
        return self._under_way

    def progressed(self) -> None:
        """Called when the number of items under way has changed."""

    @contextmanager
    def handed_on_after_interrupt(self) -> Iterator[None]:
        """After ^C, hand on the results that have arrived, in order, before KeyboardInterrupt is raised
        again."""
        try:
            yield
        except KeyboardInterrupt:
            hold_back()
            if self._kept and sys.stderr.isatty():
                sys.stderr.write("\n")  # the terminal has written ^C, and stands behind it
            for _, each in sorted(self._kept.items(), key=itemgetter(0)):
                self.hand(each)
            raise


class UrlRun(Run[Job, Came]):
    """One run over a list of URLs."""

    def __init__(self, settings: Settings, to: ConnectOutput) -> None:
        super().__init__(ordered=not settings.lists.unordered)
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
        for job, came in zip(chunk.jobs, chunk.came[ANYWHERE], strict=True):
            if isinstance(came, Exchange):
                self.to.report(chunk.made or reported(job.place, came))
            elif came is None or came.complaint:
                self.to.unusable(f"{job.where or job.place.url}: {came.complaint if came else ''}")
            else:
                self.to.worker_result(came)

    def weight(self, chunk: Chunk[Job, Came]) -> int:
        each = (one for all_came in chunk.came.values() for one in all_came if one is not None)
        return sum(
            len(one.out) + len(one.save) if isinstance(one, WorkerResult) else size_of(one) for one in each
        )

    def left(self) -> int | None:
        """The number of URLs still to be read; None if unknown."""
        return self._jobs.left()

    def progressed(self) -> None:
        self.to.asking(self.under_way(), self.left, net.clock)


class Here(Executor[Job, Came]):
    """An executor: this process does the work."""

    def __init__(self, settings: Settings, to: ConnectOutput, ask: Ask | None) -> None:
        """*ask*: carries a plan out, one at a time, in place of ``net.probe``."""
        self._settings = settings
        self._to = to
        self._ask = ask
        pace = settings.lists.pace()
        self._pace = replace(pace, parallel=1) if settings.own.verbose or ask is not None else pace
        allow(self._pace.parallel)

    async def carry_out(self, chunks: AsyncGenerator[Chunk[Job, Came], None], run: Run[Job, Came]) -> None:
        async def one(chunk: Chunk[Job, Came]) -> Chunk[Job, Came]:
            (job,) = chunk.jobs

            def keep(exchange: Exchange) -> None:
                run.came(chunk, ANYWHERE, [exchange])

            run.begun(chunk)
            await probe_with_followups(
                job.place, self._settings, self._to.event, keep, self._to.word, self._ask, job.first
            )
            run.over(chunk)
            return chunk

        def hand_on(chunk: Chunk[Job, Came]) -> Awaitable[None] | None:
            (came,) = chunk.came[ANYWHERE]
            if isinstance(came, Exchange) and is_large(came):
                return read_first(chunk, came)
            run.hand_on(chunk)
            return None

        async def read_first(chunk: Chunk[Job, Came], exchange: Exchange) -> None:
            chunk.made = await environment().in_only_thread(partial(reported, chunk.jobs[0].place, exchange))
            run.hand_on(chunk)

        await net.in_order(one, chunks, self._pace, hand_on, run.weight, host, run.ordered)


def host(chunk: Chunk[Job, Came]) -> str:
    """The host of a chunk, if it has a single one."""
    return chunk.jobs[0].host


async def one_by_one(jobs: AsyncGenerator[Item, None]) -> AsyncGenerator[list[Item], None]:
    """Each of *jobs* in a list of its own."""
    async with aclosing(jobs):
        async for job in jobs:
            yield [job]


def probe_all(
    sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput, ask: Ask | None = None
) -> None:
    """Probe every place, and hand on the reports in the order of the places, unless the options say otherwise.
    *ask*: carries a plan out, one at a time, in place of ``net.probe``.

    Raises click.UsageError, before anything is sent, for an unusable word of the command line; an unusable line
    of a list is reported and skipped. Raises KeyboardInterrupt after ^C, once all that was recorded is
    reported.
    """
    with_executor(sources, settings, to, Here(settings, to, ask))


def with_executor(
    sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput, executor: Executor[Job, Came]
) -> None:
    """As ``probe_all``, with an *executor* of this machine."""
    run = UrlRun(settings, to)

    async def everything() -> None:
        async with net.aside() as enter:
            await run.over_all(Jobs(sources, settings, lab_targets(enter), to.unusable, to.wants), executor)

    with run.handed_on_after_interrupt():
        environment().run(everything, written=to.written)


class Jobs:
    """The targets of *sources*, in order, each read when it is needed."""

    def __init__(
        self,
        sources: Sequence[Word | UrlList],
        settings: Settings,
        place: Placing,
        unusable: Callable[[str], None],
        wants: Callable[[str], bool] = lambda url: True,
    ) -> None:
        """*unusable* gets the complaint about a line of a list. *wants*: whether a URL, as given, is to be
        tried."""
        self._sources = sources
        self._settings = settings
        self._place = place
        self._unusable = unusable
        self._wants = wants
        self._named: dict[int, Job] = {}
        self._lines = 0
        """Lines of lists that were read, usable or not."""

    async def prepare(self) -> None:
        """Check the words of the command line. Raises click.UsageError for an unusable one."""
        for at, each in enumerate(self._sources):
            if isinstance(each, Word):
                self._named[at] = await self._job(each)

    async def each(self) -> AsyncGenerator[Job, None]:
        """Yields every usable target; an unusable line of a list is reported and skipped."""
        for at, each in enumerate(self._sources):
            if isinstance(each, Word):
                named = self._named.pop(at)
                if self._wants(each.text):
                    yield named
                continue
            async with aclosing(each.words()) as lines:
                async for word in lines:
                    self._lines += 1
                    if isinstance(word, Wrong):
                        self._unusable(f"{word.where}: {word.why}")
                        continue
                    if not self._wants(word.text):
                        continue
                    try:
                        job = await self._job(word)
                    except click.UsageError as error:
                        self._unusable(f"{word.where}: {complaint(error, self._settings)}")
                        continue
                    yield job

    async def _job(self, word: Word) -> Job:
        place = await self._place(word.text, self._settings.handshake)
        apart = self._settings.lists.workers > 1 or self._settings.cluster is not None
        if apart and word.where and not place.handshake.route.connect_to:
            # The rest is looked at by the process that asks.
            return Job(place, host_of(place), word.where)
        host, first = usable(place)
        return Job(place, host, word.where, first)

    def check_any(self) -> None:
        """Raises click.UsageError, at the end, if the sources had no target at all, usable or not."""
        lists = [each.name for each in self._sources if isinstance(each, UrlList)]
        if not self._lines and len(lists) == len(self._sources):
            raise click.UsageError(f"{', '.join(lists)}: no URL in {'it' if len(lists) == 1 else 'them'}")

    def left(self) -> int | None:
        """The number of targets still to be read, estimated from the sizes of files; None if unknown."""
        lists = [each for each in self._sources if isinstance(each, UrlList)]
        if any(not each.size for each in lists):
            return None
        read, size = sum(each.at for each in lists), sum(each.size for each in lists)
        return len(self._named) + (round(self._lines * (size - read) / read) if read else 0)


async def probed_for_another(
    place: ProbeTarget, settings: Settings, keep: Callable[[Exchange], None] = lambda exchange: None
) -> Came:
    """The recording of *place*, which another process has read from the list; or its complaint."""
    try:
        first = usable(place)[1]
    except click.UsageError as error:
        return WorkerResult(complaint=complaint(error, settings))
    return await probe_with_followups(place, settings, keep=keep, first=first)


def complaint(error: click.UsageError, settings: Settings) -> str:
    """Why a line of a list cannot be used; --redact quotes nothing of it."""
    return "not usable" if settings.output.redact else error.format_message()


RACING = 4
"""The most sockets for one URL: a new one is opened every quarter of a second until one is connected."""
OTHERS = 16
"""Other open files: the standard streams, the list, those of the event loop."""


def allow(parallel: int) -> None:
    """Raise the limit so that *parallel* URLs can be probed at once. Most systems allow 1,024 files, and more
    on request.

    Raises click.UsageError if that is not enough: without a free file, a server would look unreachable.
    """
    try:
        import resource  # Windows has none
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = RACING * parallel + OTHERS
    if soft != unlimited and soft < wanted:
        allowed = wanted if hard == unlimited else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
        if soft < parallel + OTHERS:
            raise click.UsageError(
                f"{parallel} URLs at the same time need about {parallel + OTHERS} open files, and the limit is "
                f"{soft} (ulimit -n); --parallel sets how many are tried at the same time"
            )
