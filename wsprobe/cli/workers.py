"""Work that many processes share: pieces go out, results come back in the order of the pieces.

Each process has a pipe of its own, which nobody else holds: it ends by itself as soon as this process is gone,
however that came about. (The executors of the standard library share one queue among all their processes, so
that those of a program that was killed wait for work for ever.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from wsprobe.spawned import spawned

Piece = TypeVar("Piece")
Result = TypeVar("Result")

WAITING = 4
"""Pieces a worker that may be out, or wait for their turn: a slow one stops no other at once, and what
waits has a bound."""


class WorkerLost(Exception):
    """A worker process ended with work in hand, or could not be started: it was killed, or the machine has no
    memory left."""


def in_order(work: Callable[[Piece], Result], pieces: Iterable[Piece], workers: int) -> Iterator[Result]:
    """What *work* makes of each of *pieces*, in their order, by *workers* processes.

    *work*, the pieces and the results travel by pickle; *pieces* are taken as they are needed. What *work*
    raises is raised here. Raises WorkerLost. When the iterator is closed, the processes end.
    """
    numbered = enumerate(pieces)
    crew: dict[Connection, BaseProcess] = {}
    free: list[Connection] = []
    done: dict[int, Result] = {}
    busy: set[Connection] = set()
    turn = 0
    try:
        # Started as they find work: a short list starts no more than it needs.
        while True:
            out = len(busy) + len(done)
            for number, piece in islice(numbered, min(workers - len(busy), WAITING * workers - out)):
                if not free:
                    free.append(_start(work, crew))
                worker = free.pop()
                _give(worker, (number, piece), crew)
                busy.add(worker)
            if not busy:
                return
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                number, result, raised = _taken(ready, crew)
                busy.remove(ready)
                free.append(ready)
                if raised is not None:
                    raise raised
                done[number] = result
            while turn in done:
                yield done.pop(turn)
                turn += 1
    finally:
        for connection, process in crew.items():
            connection.close()
            if connection in busy:
                process.terminate()  # nobody waits for what it has in hand
        for process in crew.values():
            process.join()


def _start(work: Callable[[Any], Any], crew: dict[Connection, BaseProcess]) -> Connection:
    try:
        ours, theirs = Pipe()
        with theirs:
            crew[ours] = spawned(_worker, theirs, work, alone=True)
    except OSError as error:
        raise WorkerLost(f"a worker process could not be started ({error.strerror})") from None
    return ours


def _give(worker: Connection, job: object, crew: dict[Connection, BaseProcess]) -> None:
    try:
        worker.send(job)
    except OSError:
        raise _lost(crew[worker]) from None


def _taken(worker: Connection, crew: dict[Connection, BaseProcess]) -> tuple[int, Any, Exception | None]:
    try:
        taken: tuple[int, Any, Exception | None] = worker.recv()
        return taken
    except (EOFError, OSError):
        raise _lost(crew[worker]) from None


def _lost(process: BaseProcess) -> WorkerLost:
    process.join()
    code = process.exitcode or 0
    how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
    return WorkerLost(f"a worker process {how} before its work was done")


def _worker(connection: Connection, work: Callable[[Any], Any]) -> None:
    """What a worker process runs: takes a piece, hands back what came of it, until nobody asks any more."""
    with suppress(EOFError, OSError):
        while True:
            number, piece = connection.recv()
            try:
                answer: tuple[int, Any, Exception | None] = number, work(piece), None
            except Exception as error:
                answer = number, None, error
            connection.send(answer)
