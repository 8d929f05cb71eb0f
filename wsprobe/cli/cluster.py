"""``--cluster``: which parts of a command the workers of a Dask cluster do, and what they return.

A list goes out in chunks, each to any worker; with ``--from-each`` to every worker and this machine, so that
`connect` prints a row for each URL, and `compare` a report from each place. For each URL a worker returns what
a process of ``--workers`` returns: the finished line of JSON, so that the worker's processor makes it; or the
recording, if this process prints the report.
"""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from functools import partial
from types import UnionType
from typing import TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.engines import own_place, places_of, reports_of
from wsprobe.cli.environment import environment
from wsprobe.cli.lists import (
    ANYWHERE,
    Came,
    Chunk,
    Executor,
    Item,
    Job,
    Jobs,
    Result,
    Run,
    UrlRun,
    probed_for_another,
)
from wsprobe.cli.option import LAB
from wsprobe.cli.output import WorkerResult, finish, worker_result, written_descriptor
from wsprobe.cli.probe import apart_if_large, host_of, reported
from wsprobe.cli.readers import Readers
from wsprobe.cli.settings import HandshakeSettings, Settings
from wsprobe.cli.streams import note
from wsprobe.cli.targets import ProbeTarget, UrlList, Word, check_word
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange
from wsprobe.net.cluster import (
    AHEAD,
    Cluster,
    ClusterError,
    NotInstalled,
    Worker,
    WorkersLost,
    name_here,
    while_wanted,
)
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import Report
from wsprobe.report.state import HERE, Vantage, place_of, vantage_of
from wsprobe.request.target import loopback
from wsprobe.schedule import Pace
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import json_line
from wsprobe.text import counted, printable
from wsprobe.version import __version__, extra

CHUNK = 50
"""The most URLs in a chunk. Its results return together. In a larger chunk more results wait for the slowest
URL, and more URLs are tried again after a worker dies; with smaller chunks the scheduler has more to do."""
FIRST = 8
"""URLs in the first chunks, so that a short list finds all workers."""
LINGER = 0.05
"""Seconds that a chunk waits for its next URL, if the list is still being written."""
LOST = "not tried: several workers were lost while trying it"


class WorkOrder(Struct, frozen=True):
    """What goes to a worker besides the URLs."""

    settings: Settings
    pace: Pace
    """The worker's share of --per-host and --rate, which limit all workers together."""
    printed: bool
    """The worker makes the line of JSON, and the recording stays there."""


def exposed(settings: Settings, address: str | None) -> bool:
    """Whether secrets may not go to *address*, of a scheduler or a worker: somebody could read on the way what
    is sent, and --cluster-trusted does not allow that."""
    if address is None or settings.elsewhere.cluster_trusted or address.startswith("tls://"):
        return False
    return not loopback(re.sub(r"^\w+://", "", address).rpartition(":")[0].strip("[]"))


def secrets(handshake: HandshakeSettings) -> list[str]:
    """The names of the options in use that hold secrets."""
    offer, masks = handshake.offer, Secrets()
    proxies = {handshake.proxies.plain, handshake.proxies.secure, handshake.route.proxy or ""}
    found = {
        "--user": offer.user is not None,
        "--cookie": bool(offer.cookies) or not handshake.jar.empty,
        "--netrc": handshake.netrc is not None,
        "--raw-request": handshake.raw is not None,
        "a proxy's password": any(PASSWORD.search(each) for each in proxies)
        or bool(handshake.route.proxy_authorization),
        "a header that is a secret": any(masks.header(each) != each for each in offer.headers),
    }
    return [name for name, given in found.items() if given]


PASSWORD = re.compile(r"^[^/?#\\]*//[^/?#\\]*@")
"""Matches a URL with a user or a password."""


async def elsewhere(
    settings: Settings, there: Cluster | None, name: str, handshake: HandshakeSettings
) -> ProbeTarget:
    """Makes a target for the workers *there*, in place of ``lab_targets``: the lab runs on this machine only.
    Without *there* it has come to a worker already. Raises click.UsageError."""
    if name.startswith(LAB):
        raise click.UsageError(f"{name}: the lab runs on this machine, and workers may run on others")
    check_word(name)
    ways = [] if there is None else [settings.cluster, *(each.address for each in there.workers.values())]
    if PASSWORD.search(name) and any(exposed(settings, each) for each in ways):
        raise click.UsageError(
            "wsprobe sends no URL with a password to a scheduler or worker without TLS (--cluster-trusted "
            "allows it)"
        )
    return ProbeTarget(name, handshake)


Work = TypeVar("Work")


def work_with(
    settings: Settings,
    work: Callable[[Cluster], Awaitable[Work]],
    printed: Callable[[], bool] = lambda: False,
    carried: Sequence[str] = (),
) -> Work:
    """Run *work* with the cluster that *settings* select, and return its result. *printed* returns whether any
    result is printed; *carried*: secrets that are in no option.

    Raises click.UsageError; if the cluster fails after something was printed, the message says that the printed
    part is complete.
    """
    assert settings.cluster is not None
    address = settings.cluster
    hidden = [*secrets(settings.handshake), *carried]
    if hidden and exposed(settings, address):
        raise click.UsageError(
            f"--cluster: the connection to {address} is not encrypted, and would expose {', '.join(hidden)}; "
            "use a tls:// scheduler, or add --cluster-trusted if that network may read them"
        )

    def fit(worker: Worker) -> None:
        if hidden and exposed(settings, worker.address):
            raise ClusterError(
                f"worker {worker.name} is at {worker.address}, which is not encrypted, and would receive "
                f"{', '.join(hidden)} in clear text; start it with tls://, or add --cluster-trusted if that "
                f"network may read them"
            )

    async def everything() -> Work:
        async with environment().cluster(
            address, settings.handshake.limits.connect_timeout, note, fit
        ) as there:
            for who, version in (await there.version("wsprobe")).items():
                if version != __version__:
                    has = f"wsprobe {version}" if isinstance(version, str) else "no wsprobe"
                    raise ClusterError(
                        f"{who} has {has}; this machine has {__version__}: install the same "
                        "version, with the extra cluster, on every machine of the cluster"
                    )
            if odd := await there.odd_versions():
                note(odd)
            return await work(there)

    try:
        return environment().run(everything, written=written_descriptor(settings))
    except BaseException as error:
        for each in leaves(error):
            if isinstance(each, ClusterError):
                why, file = f"--cluster: {each}", settings.lists.resume
                if isinstance(each, NotInstalled):
                    why = (
                        f"--cluster: Dask is not installed ({each}); {extra('cluster')}, here and on every "
                        "machine of the cluster"
                    )
                elif printed() and file is not None:
                    why += f"; the results in {file} are complete; the same command continues from there"
                elif printed():
                    why += "; the printed results are complete"
                raise click.UsageError(why) from None
        raise


def probe_there(sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput) -> None:
    """Have the workers probe every place, and hand on the reports as ``lists.probe_all`` does.

    Raises click.UsageError; KeyboardInterrupt after ^C, once the reports that have arrived are handed on.
    """
    run = UrlRun(settings, to)

    async def work(there: Cluster) -> None:
        def do(jobs: Sequence[Job]) -> Do[Came]:
            return partial(asked_by, sent(settings, there.threads), [job.place.url for job in jobs])

        lost = WorkerResult(complaint=LOST)
        jobs = Jobs(sources, settings, partial(elsewhere, settings, there), to.unusable, to.wants)
        await run.over_all(jobs, AnyWorker(there, do, lambda job: lost, Came))

    with run.handed_on_after_interrupt():
        work_with(settings, work, lambda: run.handed)


MANY = 100_000
"""The most chunks at once, more than any cluster takes: ``Cluster.room`` is the real limit."""
Do = Callable[[str], Awaitable[list[Result]]]
"""The work on some items; its argument is the worker's name. It can be pickled."""


class AnyWorker(Executor[Item, Result]):
    """An executor: each chunk goes to whichever worker of a cluster has room."""

    def __init__(
        self,
        there: Cluster,
        do: Callable[[Sequence[Item]], Do[Result]],
        lost: Callable[[Item], Result],
        kind: type[Result] | UnionType,
    ) -> None:
        """*do*: the work on some items. *lost*: the result of an item if two workers were lost while working on
        it. *kind*: the type of a result."""
        self._there = there
        self._do = do
        self._lost = lost
        self._kind = kind

    def together(
        self, jobs: AsyncGenerator[Item, None]
    ) -> AbstractAsyncContextManager[AsyncGenerator[list[Item], None]]:
        return net.gathered(jobs, lambda number: FIRST if number < 4 * self._there.threads else CHUNK, LINGER)

    async def carry_out(
        self, chunks: AsyncGenerator[Chunk[Item, Result], None], run: Run[Item, Result]
    ) -> None:
        there = self._there

        async def one(chunk: Chunk[Item, Result]) -> Chunk[Item, Result]:
            run.begun(chunk)
            try:
                results = await self._done(chunk.jobs)
            finally:
                there.room.release_on_behalf_of(chunk)
            run.came(chunk, ANYWHERE, results)
            run.over(chunk)
            return chunk

        async def with_room() -> AsyncGenerator[Chunk[Item, Result], None]:
            async with aclosing(chunks):
                async for chunk in chunks:
                    await there.room.acquire_on_behalf_of(chunk)
                    yield chunk

        await net.in_order(one, with_room(), Pace(MANY), run.hand_on, run.weight, ordered=run.ordered)

    async def _done(self, items: Sequence[Item]) -> list[Result]:
        """What came of each of *items*, by some worker. Raises ClusterError.

        Items whose workers die are done one by one: the one that kills them takes no other with it.
        """
        try:
            return checked(await send(self._there, self._do(items)), len(items), self._kind)
        except WorkersLost:
            if len(items) == 1:
                return [self._lost(items[0])]
        return [came for item in items for came in await self._done([item])]


def checked(made: list[Result], count: int, kind: type[Result] | UnionType) -> list[Result]:
    """Returns *made*, a worker's result for *count* items. Raises ClusterError if it is not a list of *count*
    results: an odd worker is not a bug in wsprobe."""
    if isinstance(made, list) and len(made) == count and all(isinstance(each, kind) for each in made):
        return made
    raise ClusterError(
        "a worker returned something other than wsprobe's results; restart the workers, with the same code on "
        "each"
    )


def sent(settings: Settings, threads: int) -> WorkOrder:
    """The order for workers of a cluster that work on *threads* chunks at once."""
    shown = (
        settings.own.instead
        or settings.own.body_to
        or settings.output.report_files
        or settings.output.har
        or settings.output.junit
    )
    pace = settings.lists.pace()
    pace = replace(pace, per_host=max(1, pace.per_host // threads), interval=pace.interval * threads)
    return WorkOrder(
        replace(
            settings,
            lists=replace(settings.lists, resume=None),
            output=replace(settings.output, save="-" if settings.output.save else None),
        ),
        pace,
        bool(settings.output.as_json or settings.lists.resume or settings.elsewhere.from_each) and not shown,
    )


async def send(there: Cluster, work: Callable[[str], Awaitable[Work]], by: Worker | None = None) -> Work:
    """The result of *work* on whichever worker takes it, or on the worker *by*; the argument of *work* is the
    worker's name. Raises WorkersLost, ClusterError."""
    try:
        made = await there.do(done_there, __version__, pickle.dumps(work), by=by)
    except (ImportError, AttributeError) as error:
        raise ClusterError(
            f"a worker cannot load wsprobe ({error}): install version {__version__}, with the extra cluster, "
            "on every machine of the cluster"
        ) from None
    if isinstance(made, OtherVersion):
        raise ClusterError(
            f"a worker has wsprobe {made.version}; this machine has {__version__}: install the same on every "
            f"machine"
        )
    done: Work = made
    return done


# Every place -------------------------------------------------------------------------------------------------


def probe_each(sources: Sequence[Word | UrlList], settings: Settings, to: ConnectOutput) -> None:
    """Have every place probe every URL; hand on the reports of each URL together, then its row.

    Raises click.UsageError; KeyboardInterrupt after ^C, once the results that have arrived are handed on.
    """
    run = RowRun(settings, to)

    async def work(there: Cluster) -> None:
        executor = EveryPlace(there, settings)
        run.places = executor.places
        to.places(executor.places)
        jobs = Jobs(sources, settings, partial(elsewhere, settings, there), to.unusable)
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
    """An executor: this machine and every worker of a cluster do every chunk. If a worker is gone, its chunk
    waits for a worker of that name. A URL is handed on once every place has a result."""

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
        for place in await places_of(names, settings, partial(elsewhere, settings, there)):
            own_place(place, by)  # raises for what nobody can ask
        whole: list[list[Report] | None] = []
        without_save = replace(settings, output=replace(settings.output, save=None))

        async def at(place: str) -> list[Report] | None:
            asked = partial(read_by, tuple(names), without_save, by)
            return await (asked("") if place == "" else reports_at(there, place, asked))

        await net.in_order(at, ["", *workers], Pace(len(workers) + 1), whole.append)
        reports = [each[at] for at in range(len(names)) for each in whole if each is not None]
        return reports, [name for name, each in zip(workers, whole[1:], strict=True) if each is None]

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
    await reports_of(names, settings, by, partial(elsewhere, settings, None), made)
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


# What follows is done by a worker ---------------------------------------------------------------------------


class OtherVersion(Struct, frozen=True):
    """The result of a worker whose wsprobe has another version."""

    version: str


def done_there(version: str, work: bytes) -> object:
    """Run the pickled *work* on this worker; returns its result, None if nobody needs it any more."""
    if version != __version__:
        return OtherVersion(__version__)
    do: Callable[[str], Awaitable[object]] = pickle.loads(work)
    return net.run(while_wanted, partial(do, name_here()))


async def asked_by(work: WorkOrder, urls: Sequence[str], by: str) -> list[Came]:
    """The result of each of *urls*. *by*: the worker's name, for the recordings; "" if this is no worker."""
    settings = work.settings
    results: list[Came] = []

    async def one(url: str) -> Came:
        place = ProbeTarget(url, settings.handshake)
        came = await probed_for_another(place, settings)
        if isinstance(came, WorkerResult):
            return came
        exchange = replace(came, worker=by) if by else came
        if not work.printed:
            return exchange
        return _printed(settings, await apart_if_large(exchange, partial(reported, place, exchange)))

    if work.pace.interval:
        await net.sleep(work.pace.interval)  # since the last URL of the chunk before
    await net.in_order(
        one, urls, work.pace, results.append, host=lambda url: host_of(ProbeTarget(url, settings.handshake))
    )
    return results


def _printed(settings: Settings, report: Report) -> WorkerResult:
    """What ``connect`` prints and says of *report*: its line of JSON; with --from-each what it is in a row."""
    finished = finish(report, settings)
    out = ""
    if settings.output.as_json or not settings.elsewhere.from_each:
        out = "".join(json_line(report_value(finished.report), settings.output.brief))
    unmet = () if settings.output.mute else finished.unmet
    err = "".join(f"wsprobe: {printable(each)}\n" for each in unmet)
    return worker_result(finished, settings, out.encode(), err)
