"""``compare --json`` over many recordings, shared by processes of this machine or workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.cluster import AnyWorker, Do, work_with
from wsprobe.cli.compare_many import LineResult, Lines, compare_many, read_line, write_json
from wsprobe.cli.environment import environment
from wsprobe.cli.lists import ANYWHERE, Chunk, Executor, Run
from wsprobe.cli.output import Finished, Output, written_descriptor
from wsprobe.cli.readers import Readers
from wsprobe.cli.recordings import RecordedLine
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import note
from wsprobe.cli.workers import ALONE, Processes
from wsprobe.net.cluster import Cluster
from wsprobe.net.worker_pool import Called, Work
from wsprobe.schedule import Pace

PIECE_LINES = 100
PIECE_BYTES = 1 << 20
"""The bytes of recordings that go to a process at once; their results return together."""
LOST = "not read: two {workers} ended while reading it"


def compare_shared(recordings: Iterable[RecordedLine], settings: Settings, by: Readers, workers: int) -> int:
    """As ``compare_many``, by *workers* processes or a cluster; by this process alone if it can start none.
    Returns the exit status.

    Raises click.UsageError if no process is left, or the cluster fails: the printed part is complete and in
    order.
    """
    lines = Lines(settings)
    if settings.cluster is not None:
        read_there(recordings, settings, by, lines.take)
    elif not read_with_processes(recordings, settings, by, workers, lines.take):
        note(ALONE)
        return compare_many(recordings, Output(settings), by)
    return lines.exit_status()


class ReadRun(Run[RecordedLine, LineResult]):
    """One run over many recordings."""

    def __init__(self, take: Callable[[LineResult], object]) -> None:
        super().__init__()
        self._take = take

    async def over_all(
        self, lines: Iterable[RecordedLine], executor: Executor[RecordedLine, LineResult]
    ) -> None:
        """Have *executor* read all *lines*. Raises click.UsageError."""
        async with executor.at_work():
            await executor.carry_out(self.numbered(net.drawn(in_pieces(lines))), self)

    def hand(self, chunk: Chunk[RecordedLine, LineResult]) -> None:
        for result in chunk.came[ANYWHERE]:
            if result is not None:
                self._take(result)

    def weight(self, chunk: Chunk[RecordedLine, LineResult]) -> int:
        results = chunk.came.get(ANYWHERE, ())
        return sum(len(each.text) + len(each.save) for each in results if each is not None)


def in_pieces(lines: Iterable[RecordedLine]) -> Iterator[list[RecordedLine]]:
    """*lines* in lists of at most ``PIECE_LINES`` lines and about ``PIECE_BYTES``."""
    piece: list[RecordedLine] = []
    size = 0
    for line in lines:
        piece.append(line)
        size += len(line.data)
        if len(piece) == PIECE_LINES or size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def read_with_processes(
    recordings: Iterable[RecordedLine],
    settings: Settings,
    by: Readers,
    workers: int,
    take: Callable[[LineResult], object],
) -> bool:
    """Have processes of this machine read the recordings; *take* gets the result of each line, in order.

    Returns False, without reading anything, if no process can be started. Raises click.UsageError.
    """
    called = Called("part of the list", "parts of the list", "read")
    pool = environment().pool(partial(worker, settings, by), workers, note, called)
    if not pool:
        return False
    run = ReadRun(take)
    executor = Processes[RecordedLine, LineResult](pool, Pace(workers), list, partial(lost, "worker processes"))
    with run.handed_on_after_interrupt():
        environment().run(run.over_all, recordings, executor, written=written_descriptor(settings))
    return True


def worker(settings: Settings, by: Readers) -> Work:
    """The work of a process on a piece."""
    return partial(read_piece, settings, by)


def lost(workers: str, line: RecordedLine) -> LineResult:
    """The result of a *line* during which two *workers* ended."""
    return LineResult(complaint=f"{line.where}: {LOST.format(workers=workers)}")


def read_apart(line: RecordedLine, settings: Settings, by: Readers) -> LineResult:
    """The result of *line* in another process, with its text: only one process prints."""
    text: list[str] = []

    def take(finished: Finished) -> None:
        write_json(text.append, finished.report, brief=settings.output.brief)

    made = read_line(line, settings, by, take)
    return replace(made, text="".join(text))


def read_there(
    recordings: Iterable[RecordedLine], settings: Settings, by: Readers, take: Callable[[LineResult], object]
) -> None:
    """Have the workers of a cluster read the recordings; *take* gets the result of each line, in order.

    Raises click.UsageError if the cluster fails: the printed part is complete and in order.
    """
    output = replace(settings.output, save="-" if settings.output.save else None)
    out = replace(settings, output=output)

    def do(lines: Sequence[RecordedLine]) -> Do[LineResult]:
        return partial(read_piece, out, by, lines)

    run = ReadRun(take)

    async def work(there: Cluster) -> None:
        await run.over_all(recordings, AnyWorker(there, do, partial(lost, "workers"), LineResult))

    with run.handed_on_after_interrupt():
        work_with(settings, work, lambda: run.handed, ["recordings (with all that was sent)"])


async def read_piece(
    settings: Settings, by: Readers, lines: Sequence[RecordedLine], _: object
) -> list[LineResult]:
    """The results of *lines*, in another process or on a worker. Each gives a last argument, which is not
    needed."""
    return [read_apart(line, settings, by) for line in lines]
