"""``--workers``: processes on this machine that share a list. Each process makes the printed text in memory."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from io import BytesIO, StringIO, TextIOWrapper
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.environment import environment
from wsprobe.cli.lists import (
    ANYWHERE,
    Chunk,
    Executor,
    Item,
    Job,
    Result,
    Run,
    allow,
    host,
    probe_all,
    probed_for_another,
    with_executor,
)
from wsprobe.cli.output import Apart, WorkerResult, finish, worker_result
from wsprobe.cli.probe import apart_if_large, reported
from wsprobe.cli.settings import Settings
from wsprobe.cli.targets import ProbeTarget, UrlList, Word
from wsprobe.exchange import Exchange
from wsprobe.net.worker_pool import Lost, WorkerPool
from wsprobe.report.report import Report
from wsprobe.schedule import Pace

if TYPE_CHECKING:
    from wsprobe.show.lines import Look

NOBODY = (
    "all worker processes have ended, and the system allows no new one; the printed results are complete; "
    "--workers 1 needs no other process"
)
ALONE = "this process does the work alone"
LOST = "not tried: two worker processes ended while trying it"


def probe_with_processes(sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput) -> None:
    """The same as ``lists.probe_all``, with processes; in this process alone if the system allows no other."""
    most = sys.maxsize if any(isinstance(each, UrlList) for each in sources) else len(sources)
    pool = environment().pool(partial(apart, *to.for_workers()), min(settings.lists.workers, most), to.lost)
    if not pool:
        to.lost(ALONE)
        probe_all(sources, replace(settings, lists=replace(settings.lists, workers=1)), to)
        return

    def item(jobs: Sequence[Job]) -> str | ProbeTarget:
        (job,) = jobs
        plain = job.place.handshake is settings.handshake and not job.place.name
        return job.place.url if plain else job.place

    pace = settings.lists.pace()
    allow(pace.parallel)
    lost = WorkerResult(complaint=LOST)
    with_executor(sources, settings, to, Processes(pool, pace, item, lambda job: lost, host))


class Processes(Executor[Item, Result]):
    """An executor: does the work in other processes on this machine."""

    def __init__(
        self,
        pool: WorkerPool,
        pace: Pace,
        item: Callable[[Sequence[Item]], object],
        lost: Callable[[Item], Result],
        host: Callable[[Chunk[Item, Result]], str] = lambda chunk: "",
    ) -> None:
        """*item*: makes what a process receives for some jobs; the process returns their results. *lost*: makes
        the result for a job during which several processes ended. *host*: the host of a chunk."""
        self._pool = pool
        self._pace = pace
        self._item = item
        self._lost = lost
        self._host = host

    def at_work(self) -> AbstractAsyncContextManager[None]:
        return self._pool.at_work()

    async def carry_out(
        self, chunks: AsyncGenerator[Chunk[Item, Result], None], run: Run[Item, Result]
    ) -> None:
        def give(chunk: Chunk[Item, Result], over: Callable[[Chunk[Item, Result]], None]) -> None:
            def came(results: list[Result]) -> None:
                run.came(chunk, ANYWHERE, results)
                run.over(chunk)
                over(chunk)

            run.begun(chunk)
            self._give(chunk.jobs, came)

        if self._pace.interval:
            # Otherwise all jobs that wait for a process would begin at once, without the interval.
            await self._pool.up()
        await net.begun_in_order(give, chunks, self._pace, run.hand_on, run.weight, self._host, run.ordered)

    def _give(self, items: Sequence[Item], came: Callable[[list[Result]], object]) -> None:
        """Give *items* to a process. If processes end while working on them, give each item alone, one after
        another, so that a fatal item takes no other item with it."""

        def over(results: list[Result] | Lost) -> None:
            if not isinstance(results, Lost):
                came(results)
            elif results.nobody_left:
                raise click.UsageError(NOBODY)
            elif len(items) == 1:
                came([self._lost(items[0])])
            else:
                one_more([])

        def one_more(done: list[Result]) -> None:
            if len(done) == len(items):
                came(done)
            else:
                self._give([items[len(done)]], lambda results: one_more([*done, *results]))

        self._pool.give(self._item(items), over)


def apart(
    settings: Settings, several: bool, looks: tuple[Look, Look], encoding: str, counting: bool
) -> Callable[[str | ProbeTarget, Apart], Awaitable[list[WorkerResult]]]:
    """The work of a --workers process on one place: it makes the probe, and writes the report into memory."""
    memory, words = BytesIO(), StringIO()
    sys.stdout = TextIOWrapper(memory, encoding, errors="wsprobe", newline="\n")
    sys.stderr = words
    printed = replace(
        settings,
        output=replace(
            settings.output,
            save=None,
            report_files=(),
            as_json=settings.output.as_json or settings.lists.resume is not None,
        ),
        lists=replace(settings.lists, resume=None, summary=False),
    )

    def results(report: Report) -> list[WorkerResult]:
        output = ConnectOutput(printed, several, looks)
        finished = output.write(finish(report, settings))
        sys.stdout.flush()
        made = worker_result(
            finished, settings, memory.getvalue(), words.getvalue(), titled=output.titled, counts=counting
        )
        for each in (memory, words):
            each.seek(0)
            each.truncate()
        return [made]

    async def work(item: str | ProbeTarget, keep: Apart) -> list[WorkerResult]:
        place = item if isinstance(item, ProbeTarget) else ProbeTarget(item, settings.handshake)

        def kept(exchange: Exchange) -> None:
            keep(lambda: results(reported(place, exchange)))

        came = await probed_for_another(place, settings, kept)
        if isinstance(came, WorkerResult):
            return [came]
        return results(await apart_if_large(came, partial(reported, place, came)))

    return work
