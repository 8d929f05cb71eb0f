"""``compare --json`` over more recordings than can be held: each is read, printed and forgotten.

A line that is no recording is named on standard error and the rest goes on, as with a list of URLs.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.compare_status import Reached, reached, status, together
from wsprobe.cli.output import finish, json_line
from wsprobe.cli.readers import Readers
from wsprobe.cli.recorded import recorded, with_verdicts
from wsprobe.cli.recordings import RecordedLine, exchanges
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import note, write
from wsprobe.outcome import Exit
from wsprobe.schedule import Pace
from wsprobe.show.as_json import report_value

if TYPE_CHECKING:
    from wsprobe.net.worker_pool import Work

PIECE_LINES = 100
PIECE_BYTES = 1 << 20
"""So much goes to a process at once, and its result comes back at once."""


class PieceResult(Struct, frozen=True):
    """What came of some lines, besides the text."""

    reached: Reached | None
    """None if none of the lines was a recording."""
    complaints: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    """Sentences of expectations that do not hold."""
    save: bytes = b""


def compare_many(recordings: Iterable[RecordedLine], settings: Settings, by: Readers, workers: int) -> int:
    """Read and print every recording, in their order; returns the exit status.

    Raises click.UsageError if no process is left, or the cluster is lost: what is printed by then is whole and
    in order.
    """
    results: list[Reached] = []
    complained = unmet = False

    def take(each: PieceResult) -> None:
        nonlocal results, complained, unmet
        for sentence in each.complaints:
            note(sentence)
        if not settings.output.silent and not settings.output.redact:
            for sentence in each.unmet:
                note(sentence)
        if settings.output.save is not None:
            write(settings.output.save, each.save, "save", append=True)
        complained = complained or bool(each.complaints)
        unmet = unmet or bool(each.unmet)
        if each.reached is not None:
            results = [together([*results, each.reached])] if results != [each.reached] else results

    if settings.cluster is not None:
        _there(recordings, settings, by, take)
    elif workers == 1 or not _shared(recordings, settings, by, workers, take):
        for line in recordings:
            take(_read([line], settings, by, sys.stdout.write))
    if complained:
        return Exit.USAGE
    if unmet and settings.output.redact and not settings.output.silent:
        note("an --expect is not met")
    if settings.expectations:
        return Exit.UNEXPECTED if unmet else Exit.OPEN
    return status(results)


LOST = "not read: two worker processes ended, one after the other, with it in hand"


def _shared(
    recordings: Iterable[RecordedLine],
    settings: Settings,
    by: Readers,
    workers: int,
    take: Callable[[PieceResult], object],
) -> bool:
    """Have processes of this machine read the recordings: *take* gets what came of each piece, in order.

    Returns False, and has read nothing, if there can be no process. Raises click.UsageError.
    """
    # A seam: trio and other processes.
    from wsprobe import net
    from wsprobe.cli.workers import NOBODY
    from wsprobe.net.worker_pool import Called, Lost, WorkerPool

    pool = WorkerPool(
        partial(_worker, settings, by), workers, note, Called("part of the list", "parts of the list", "read")
    )
    if not pool:
        note("this process does the work alone")
        return False

    def hand_on(done: tuple[str, PieceResult]) -> None:
        text, each = done
        sys.stdout.write(text)
        take(each)

    async def one(piece: Sequence[RecordedLine]) -> tuple[str, PieceResult]:
        came: tuple[str, PieceResult] | Lost = await pool.do(piece)
        if not isinstance(came, Lost):
            return came
        if came.nobody_left:
            raise click.UsageError(NOBODY)
        if len(piece) == 1:
            return "", PieceResult(None, (f"{piece[0].where}: {LOST}",))
        # One after the other: the line that ends processes takes no other with it.
        return _joined([await one([line]) for line in piece])

    async def everything() -> None:
        async with pool.at_work():
            await net.in_order(one, net.drawn(_in_pieces(recordings)), Pace(workers), hand_on, _weight)

    net.run(everything)
    return True


def _worker(settings: Settings, by: Readers) -> Work:
    """What a process does with a piece."""

    async def work(lines: Sequence[RecordedLine], keep: object) -> tuple[str, PieceResult]:
        return _apart(lines, settings, by)

    return work


def _joined(parts: Sequence[tuple[str, PieceResult]]) -> tuple[str, PieceResult]:
    each = [of for _, of in parts]
    results = [of.reached for of in each if of.reached is not None]
    return "".join(text for text, _ in parts), PieceResult(
        together(results) if results else None,
        tuple(sentence for of in each for sentence in of.complaints),
        tuple(sentence for of in each for sentence in of.unmet),
        b"".join(of.save for of in each),
    )


def _weight(done: tuple[str, PieceResult]) -> int:
    return len(done[0]) + len(done[1].save)


class _Piece(Struct, eq=False):
    """Lines that go to a worker together."""

    lines: list[RecordedLine]


def _there(
    recordings: Iterable[RecordedLine], settings: Settings, by: Readers, take: Callable[[PieceResult], object]
) -> None:
    """Have the workers of a cluster read the recordings: *take* gets what came of each piece, in order.

    Raises click.UsageError if a piece cannot be read there, or the cluster fails: what is printed by then is
    whole and in order.
    """
    # A seam: trio and the network, for those who have a cluster.
    from wsprobe import net
    from wsprobe.cli.cluster import send, work_with
    from wsprobe.net.cluster import Cluster, Lost

    printed = False

    def hand_on(done: tuple[str, PieceResult]) -> None:
        nonlocal printed
        text, each = done
        sys.stdout.write(text)
        take(each)
        printed = True

    async def work(there: Cluster) -> None:
        output = replace(settings.output, save="-" if settings.output.save else None)
        sent = replace(settings, output=output)

        async def one(piece: _Piece) -> tuple[str, PieceResult]:
            try:
                return await send(there, partial(_apart_there, piece.lines, sent, by))
            except Lost:
                raise click.UsageError(
                    f"{piece.lines[0].where} and what follows: the workers that had it in hand were gone "
                    "before it was read, one after the other; what is printed is whole"
                ) from None
            finally:
                there.room.release_on_behalf_of(piece)

        async def pieces() -> AsyncGenerator[_Piece, None]:
            async for each in net.drawn(_in_pieces(recordings)):
                piece = _Piece(each)
                await there.room.acquire_on_behalf_of(piece)
                yield piece

        await net.in_order(one, pieces(), Pace(MANY), hand_on, _weight)

    work_with(settings, work, lambda: printed, ["recordings (with all that was sent)"])


MANY = 100_000
"""Pieces at once: there is another bound, which the cluster has."""


def _in_pieces(lines: Iterable[RecordedLine]) -> Iterator[list[RecordedLine]]:
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


def _apart(lines: Sequence[RecordedLine], settings: Settings, by: Readers) -> tuple[str, PieceResult]:
    """What a worker process does: the text too is handed over, because one process alone may print."""
    text: list[str] = []
    made = _read(lines, settings, by, text.append)
    return "".join(text), made


async def _apart_there(
    lines: Sequence[RecordedLine], settings: Settings, by: Readers, worker: str
) -> tuple[str, PieceResult]:
    """The same, by the *worker* of a cluster."""
    return _apart(lines, settings, by)


def _read(
    lines: Sequence[RecordedLine], settings: Settings, by: Readers, write: Callable[[str], object]
) -> PieceResult:
    results: list[Reached] = []
    complaints: list[str] = []
    unmet: list[str] = []
    saved: list[bytes] = []
    for line in lines:
        try:
            found = exchanges(line)
        except click.UsageError as error:
            complaints.append(error.format_message())
            continue
        for exchange in found:
            made = with_verdicts(recorded(exchange, by), by)
            results.append(reached(made))
            finished = finish(made, settings, own_status=False)
            unmet += finished.unmet
            if not settings.output.silent:
                for piece in json_line(report_value(finished.report), settings):
                    write(piece)
            if settings.output.save is not None:
                saved.append(finished.recording)
    return PieceResult(together(results) if results else None, tuple(complaints), tuple(unmet), b"".join(saved))
