"""``--from-each``: every place tries every URL: this machine, and each worker of a Dask cluster. `connect`
prints a row for each URL, `compare` a report from each place.

All workers get the same chunks of URLs, and only the same worker can finish its chunk: if it is gone, the chunk
waits for a worker of that name. A URL is handed on once every place has a result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial

from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.cluster import (
    CHUNK,
    FIRST,
    LINGER,
    PASSWORD,
    Elsewhere,
    WorkOrder,
    all_private,
    asked_by,
    checked,
    send,
    sent,
    work_with,
)
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.engines import own_place, places_of, reports_of
from wsprobe.cli.lists import Came, Chunk, Executor, Job, Jobs, Run, UrlRun
from wsprobe.cli.probe import reported
from wsprobe.cli.readers import Readers
from wsprobe.cli.settings import Settings
from wsprobe.cli.targets import UrlList, Word
from wsprobe.exchange import Exchange
from wsprobe.net.cluster import AHEAD, Cluster, WorkersLost
from wsprobe.report.report import Report
from wsprobe.report.vantage import HERE, Vantage, place_of, vantage_of
from wsprobe.schedule import Pace
from wsprobe.text import counted


def probe_each(sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput) -> None:
    """Have every place probe every URL; hand on the reports of each URL together, then its row.

    Raises click.UsageError; KeyboardInterrupt after ^C, once the results that have arrived are handed on.
    """
    run = RowRun(settings, to)

    async def work(there: Cluster) -> None:
        executor = EveryPlace(there, settings)
        run.places = executor.places
        to.places(executor.places)
        jobs = Jobs(sources, settings, Elsewhere(partial(all_private, settings, there)), to.unusable)
        await run.over_all(jobs, executor)
        for place, count in run.unasked.items():
            to.unusable(f"{counted(count, 'URL')} not tried from {place}: its worker was gone")

    with run.handed_on_after_interrupt():
        work_with(settings, work, lambda: run.handed)


class RowRun(UrlRun):
    """One run over a list whose URLs are tried from every place."""

    def __init__(self, settings: Settings, to: ConnectOutput) -> None:
        super().__init__(settings, to)
        self.places: list[str] = []
        self.unasked: Counter[str] = Counter()
        """Place -> how many URLs were not asked from there."""

    def hand(self, chunk: Chunk[Job, Came]) -> None:
        self.handed = True
        for at, job in enumerate(chunk.jobs):
            got = {place: chunk.came[place][at] if place in chunk.came else None for place in self.places}
            _hand_on(job, got, self.to)
            self.unasked.update(place for place, each in got.items() if each is None)

    def weight(self, chunk: Chunk[Job, Came]) -> int:
        return super().weight(chunk) + SIGHT * sum(map(len, chunk.came.values()))

    def left(self) -> int | None:
        urls = super().left()
        return None if urls is None else urls * len(self.places)

    def under_way(self) -> int:
        return super().under_way() * len(self.places)


class EveryPlace(Executor[Job, Came]):
    """An executor: this machine and every worker of a cluster do every chunk."""

    def __init__(self, there: Cluster, settings: Settings) -> None:
        self._there = there
        self._workers = {place_of(name): name for name in sorted(there.workers)}
        there.keep(self._workers.values())
        self.places = [HERE, *self._workers]
        self._sent = sent(settings, there.threads + 1)
        threads = [each.threads for each in there.workers.values()]
        self._deep = AHEAD * max(threads, default=1)  # all may be gone by now

    def together(
        self, jobs: AsyncGenerator[Job, None]
    ) -> AbstractAsyncContextManager[AsyncGenerator[list[Job], None]]:
        return net.gathered(jobs, lambda number: FIRST if number < self._deep else CHUNK, LINGER)

    async def carry_out(self, chunks: AsyncGenerator[Chunk[Job, Came], None], run: Run[Job, Came]) -> None:
        alone = net.Lock()

        async def one(chunk: Chunk[Job, Came]) -> Chunk[Job, Came]:
            urls = [job.place.url for job in chunk.jobs]

            async def at(place: str) -> None:
                if place == HERE:
                    async with alone:  # at the pace of one thread of a worker
                        run.came(chunk, place, await asked_by(self._sent, urls, ""))
                else:
                    run.came(chunk, place, await ask_at(self._there, self._workers[place], self._sent, urls))

            run.begun(chunk)
            await net.in_order(at, self.places, Pace(len(self.places)), lambda done: None)
            run.over(chunk)
            return chunk

        await net.in_order(one, chunks, Pace(self._deep), run.hand_on, run.weight, ordered=run.ordered)


def _hand_on(job: Job, got: dict[str, Came | None], to: ConnectOutput) -> None:
    vantages: dict[str, Vantage | None] = {}
    for place, came in got.items():
        if came is None:
            vantages[place] = None
        elif isinstance(came, Exchange):
            vantages[place] = vantage_of(to.report(reported(job.place, came)))
        elif came.complaint:
            to.unusable(f"{job.where or job.place.url}: {came.complaint}")
            return  # it cannot be used anywhere
        else:
            to.worker_result(came)
            vantages[place] = came.vantage
    to.row(vantages)


SIGHT = 1000
"""About the bytes that the counted and compared part of a result takes."""


async def ask_at(
    there: Cluster, name: str, out: WorkOrder, urls: Sequence[str], again: bool = True
) -> list[Came | None]:
    """The results of *urls* at the worker called *name*; None for each that it did not return. Raises
    ClusterError.

    If the worker is lost during a chunk, its URLs are tried once more, one by one, when it is back.
    """
    worker = await there.named(name)
    if worker is None:
        return [None] * len(urls)
    try:
        return [*checked(await send(there, partial(asked_by, out, urls), worker), len(urls), Came)]
    except WorkersLost:
        if len(urls) == 1:
            return await ask_at(there, name, out, urls, again=False) if again else [None]
    return [came for url in urls for came in await ask_at(there, name, out, [url])]


def reports_from_each(names: Sequence[str], settings: Settings, by: Readers) -> tuple[list[Report], list[str]]:
    """For each name a report from each place, with the views that *by* requires; and the workers that were gone
    before they had finished. Raises click.UsageError."""

    async def work(there: Cluster) -> tuple[list[Report], list[str]]:
        workers = sorted(there.workers)
        there.keep(workers)
        for place in await places_of(names, settings, Elsewhere(partial(all_private, settings, there))):
            own_place(place, by)  # raises for what nobody can ask
        made: dict[str, list[Report] | None] = {}
        without_save = replace(settings, output=replace(settings.output, save=None))

        async def at(place: str) -> None:
            asked = partial(read_by, tuple(names), without_save, by)
            made[place] = await (asked("") if place == "" else reports_at(there, place, asked))

        await net.in_order(at, ["", *workers], Pace(len(workers) + 1), lambda done: None)
        whole = [made[place] for place in ("", *workers)]
        reports = [each[at] for at in range(len(names)) for each in whole if each is not None]
        return reports, [place for place in workers if made[place] is None]

    page = ["a page's URL with a password"] if PASSWORD.search(by.page.url) else []
    return work_with(settings, work, carried=page)


async def reports_at(
    there: Cluster, name: str, asked: Callable[[str], Awaitable[list[Report]]]
) -> list[Report] | None:
    """The result of *asked* at the worker called *name*; None if it was lost twice, or does not come back.

    Raises ClusterError.
    """
    for _ in range(2):
        worker = await there.named(name)
        if worker is None:
            break
        with suppress(WorkersLost):
            return await send(there, asked, worker)
    return None


async def read_by(names: Sequence[str], settings: Settings, by: Readers, worker: str) -> list[Report]:
    """The reports of *names* from the place of *worker*, "" for this machine."""
    made: list[Report] = []
    await reports_of(names, settings, by, Elsewhere(lambda: True), made)
    return [_from(worker, report) for report in made] if worker else made


def _from(worker: str, report: Report) -> Report:
    def named(exchange: Exchange) -> Exchange:
        return replace(exchange, worker=worker)

    return replace(
        report,
        reading=replace(report.reading, exchange=named(report.exchange)),
        answers=tuple(
            None if answer is None else replace(answer, exchange=named(answer.exchange))
            for answer in report.answers
        ),
    )
