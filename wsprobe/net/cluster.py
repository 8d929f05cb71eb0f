"""A running Dask cluster: sends pieces of work to its workers, and receives the results.

The scheduler is Dask's own: it gives a piece to another worker when the first one is gone. This module adds
what a command needs: a bound on the pieces sent out, one sentence for each fault of the cluster, and cancelling
all work when the context is left, however that happens.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pydoc import locate
from typing import Annotated, Any, TypeVar

import msgspec
import trio
from msgspec import Struct

from wsprobe.net.descriptors import told

Result = TypeVar("Result")

SILENT = 60.0
"""Seconds without an answer after which a scheduler counts as gone: it does not answer while it imports modules
for a piece of work, or while its machine is busy."""
OFTEN = 0.5
"""Seconds between two checks of the cluster, and of whether a worker's result is still needed."""
NAMED = ("python", "dask", "distributed", "msgpack", "cloudpickle")
"""Packages that must have the same version everywhere, by Dask's rule."""
AHEAD = 2
"""Pieces sent out per thread of a worker: the current one and the next one."""
TLS_WAIT = 2.0
"""Seconds for finding out whether a scheduler speaks TLS."""
TLS_RECORDS = (b"\x15", b"\x16")
"""First bytes of an alert and of a handshake (RFC 8446 section 5.1)."""
GRACE = 5.0
"""Seconds for closing the connection to the scheduler."""
THREADS_MAX = 10_000
"""More threads than a worker can have."""


class ClusterError(Exception):
    """The cluster cannot do the work. The text is one line: what happened, and what to do."""


class NotInstalled(ClusterError):
    """This Python has no Dask."""


class WorkersLost(Exception):
    """Several workers were lost while working on a piece; or the only one that could do it was."""


class Worker(Struct, frozen=True):
    """One worker process of the cluster."""

    address: str
    name: str
    """The name from ``dask worker --name``; its address without one."""
    threads: int
    """Number of pieces that it works on at once."""


class _Known(Struct):
    """The used members of what a scheduler reports about a worker."""

    name: str | int
    nthreads: Annotated[int, msgspec.Meta(ge=0, le=THREADS_MAX)]
    status: str = "running"


class _Identity(Struct):
    """The used members of what a scheduler reports about itself."""

    workers: dict[str, _Known]


class _Packages(Struct):
    packages: dict[str, Any]


class _Versions(Struct):
    """The packages of the parts of a cluster."""

    client: _Packages
    scheduler: _Packages
    workers: dict[str, _Packages]


@asynccontextmanager
async def cluster(
    address: str,
    patience: float,
    say: Callable[[str], object],
    fit: Callable[[Worker], object] = lambda of: None,
) -> AsyncGenerator[Cluster, None]:
    """The cluster whose scheduler is at *address*, with at least one worker.

    *patience*: seconds to wait for the scheduler's answer, and for a first worker. *say* gets a sentence for
    each oddity that does not stop the work. *fit* is called with every new worker, and raises ClusterError for
    one that must not be used. Raises ClusterError, also while in use: if the scheduler goes away, no worker is
    left, or *fit* refuses one.
    """
    client = None
    with trio.move_on_after(patience):  # Dask's own limits do not cover a program that accepts and says nothing
        client = await trio.to_thread.run_sync(_connect, address, patience, abandon_on_cancel=True)
    if client is None:
        raise _no_scheduler(address, patience)
    made = Cluster(client, address, patience, say, fit)
    try:
        await made.look()
        while not made.workers:
            await made.attend()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.watch)
            yield made
            nursery.cancel_scope.cancel()
    finally:
        with trio.move_on_after(GRACE, shield=True):
            await trio.to_thread.run_sync(made.leave, abandon_on_cancel=True)


def _connect(address: str, patience: float) -> Any:
    try:
        import dask

        # Dask's log is for administrators of a cluster; this command reports what matters in its own words.
        dask.config.set({"logging": {"version": 1}})
        client: Any = _distributed().Client
    except ImportError as error:
        raise NotInstalled(str(error)) from None
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    warnings.filterwarnings("ignore", module="distributed")
    try:
        wait = max(patience - TLS_WAIT, patience / 2)
        return client(address, timeout=wait, set_as_default=False, name="wsprobe")
    except OSError:
        if speaks_tls(address, patience - wait):
            raise ClusterError(
                f"the program at {address} speaks TLS; if it is a scheduler, its address is "
                f"{address.replace('tcp://', 'tls://', 1)}"
            ) from None
        raise _no_scheduler(address, patience) from None
    except (MemoryError, OverflowError):  # the first bytes of its answer were read as a length
        raise ClusterError(
            f"the program at {address} is not a Dask scheduler; dask scheduler prints its own address"
        ) from None
    except (ValueError, TypeError, RuntimeError) as error:
        if isinstance(error, TypeError) and "ssl_context" in str(error):
            raise ClusterError(
                "Dask's configuration names no certificates for tls://; in the environment they are "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__CLIENT__CERT and ...__TLS__CLIENT__KEY"
            ) from None
        raise ClusterError(f"the scheduler at {address} cannot be used: {_first_line(error)}") from None
    except Exception as error:  # any exception that Dask raises if the other program is not a scheduler
        raise ClusterError(
            f"what answers at {address} is no scheduler that Dask can use: {type(error).__name__}: "
            f"{_first_line(error)}"
        ) from None


def _no_scheduler(address: str, patience: float) -> ClusterError:
    return ClusterError(f"no scheduler answered at {address} within {patience:g} s; dask scheduler starts one")


def speaks_tls(address: str, patience: float) -> bool:
    """Whether the program at *address*, tcp://HOST:PORT, answers the beginning of a TLS handshake with TLS.
    Dask reports only that such a program closes the connection. Blocks."""
    named = re.fullmatch(r"tcp://(.*):(\d+)", address)
    if named is None:
        return False
    came, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = ssl.create_default_context().wrap_bio(came, hello, server_hostname=named[1].strip("[]"))
    with suppress(ssl.SSLWantReadError):
        talk.do_handshake()
    try:
        with socket.create_connection((named[1].strip("[]"), int(named[2])), patience) as to:
            to.settimeout(patience)
            to.sendall(hello.read())
            return to.recv(1) in TLS_RECORDS
    except OSError:
        return False


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Cluster:
    """The cluster of ``cluster``."""

    def __init__(
        self,
        client: Any,
        address: str,
        patience: float,
        say: Callable[[str], object],
        fit: Callable[[Worker], object],
    ) -> None:
        self._client = client
        self._address = address
        self._patience = patience
        self._say = say
        self._fit = fit
        self.room = trio.CapacityLimiter(1)
        """Limits the number of pieces sent out at the same time; pieces for one certain worker do not count."""
        self._alone_since: float | None = None
        """The time since which there is no worker."""
        self.workers: dict[str, Worker] = {}
        """The present workers, by name."""
        self._wanted: dict[str, float | None] = {}
        """Name of a worker that ``keep`` named -> since when it is missing."""
        self._late: set[str] = set()
        self._looked = trio.Event()
        self._bound: dict[trio.CancelScope, Worker] = {}
        """The waiting tasks for pieces that only one worker may do."""

    @property
    def threads(self) -> int:
        """Number of pieces worked on at once."""
        return sum(each.threads for each in self.workers.values())

    async def do(self, work: Callable[..., Any], *arguments: Any, by: Worker | None = None) -> Any:
        """The result of *work*, from any worker, or from the one named *by*. pickle carries *work*, its
        arguments and its result.

        Raises Lost; an exception of *work* is raised here.
        """
        taken = False
        if by is not None and self.workers.get(by.name) != by:
            raise WorkersLost
        # Dask would keep a piece for a certain worker until one has the same address again.
        only = {} if by is None else {"workers": [by.address], "allow_other_workers": False}
        future = self._client.submit(work, *arguments, pure=False, **only)
        gone = trio.CancelScope()
        try:
            with gone:
                if by is not None:
                    self._bound[gone] = by
                await told(future.add_done_callback)
                result = await trio.to_thread.run_sync(self._taken, future, abandon_on_cancel=True)
                taken = True
                return result
            raise WorkersLost
        finally:
            self._bound.pop(gone, None)
            if not taken:
                future.cancel()

    def keep(self, names: Iterable[str]) -> None:
        """Report from now on when a worker of *names* is gone or back, and when a new one joins."""
        self._wanted = dict.fromkeys(names)

    async def named(self, name: str) -> Worker | None:
        """The worker of that name, one of ``keep``; None if it has been gone for longer than the patience."""
        while (found := self.workers.get(name)) is None and not self._given_up(name):
            await self._looked.wait()
        return found

    def _given_up(self, name: str) -> bool:
        since = self._wanted[name]
        return since is not None and trio.current_time() - since > self._patience

    def _roll(self) -> None:
        """Check which workers of ``keep`` are present."""
        if not self._wanted:
            return
        for name, since in self._wanted.items():
            there = name in self.workers
            if there and since is not None:
                self._wanted[name] = None
                self._say(f"worker {name} is back")
            elif not there and since is None:
                self._wanted[name] = trio.current_time()
                if self.workers:
                    self._say(f"worker {name} is gone; waiting {self._patience:g} s for it to come back")
        for name in self.workers.keys() - self._wanted.keys() - self._late:
            self._late.add(name)
            self._say(f"worker {name} joined after the start, and is not used")

    def _taken(self, future: Any) -> Any:
        dask = _distributed()
        try:
            return future.result()
        except dask.KilledWorker:
            raise WorkersLost from None
        except dask.CancelledError:
            raise self._gone() from None

    def _gone(self) -> ClusterError:
        return ClusterError(f"the connection to the scheduler at {self._address} was lost")

    async def watch(self) -> None:
        """Check the cluster as long as it is in use. Raises ClusterError."""
        while True:
            await self.attend()

    async def attend(self) -> None:
        """Check once more, a little later. Raises ClusterError."""
        await trio.sleep(OFTEN)
        await self.look()
        now = trio.current_time()
        if self.workers:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
            self._say(f"no worker is connected to {self._address}; waiting {self._patience:g} s for one")
        elif now - self._alone_since > self._patience:
            raise ClusterError(
                f"no worker is connected to {self._address}; dask worker {self._address} starts one"
            )

    async def look(self) -> None:
        """Update the present workers. Raises ClusterError if the scheduler is gone."""
        with trio.move_on_after(max(SILENT, self._patience)) as slow:
            found = await trio.to_thread.run_sync(self._workers, abandon_on_cancel=True)
        if slow.cancelled_caught:
            raise ClusterError(f"the scheduler at {self._address} no longer answers")
        for each in found:
            self._fit(each)
        self.workers = {each.name: each for each in found}
        self._roll()
        for scope, worker in self._bound.items():
            if self.workers.get(worker.name) != worker:
                scope.cancel()
        self._looked.set()
        self._looked = trio.Event()
        self.room.total_tokens = max(1, AHEAD * self.threads)

    def _workers(self) -> list[Worker]:
        scheduler = self._client.scheduler
        if self._client.status != "running" or scheduler is None:
            raise self._gone()
        with self._understood():
            # Not Client.scheduler_info: it may return the client's own periodic request, which lists no
            # workers.
            known = self._client.sync(scheduler.identity, n_workers=-1)
            workers = msgspec.convert(known, _Identity).workers
        return [
            Worker(address, str(each.name), each.nthreads)
            for address, each in sorted(workers.items())
            if each.status == "running"
        ]

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Raises ClusterError if the scheduler's answer cannot be read.

        Dask does not check it: garbage ends in any exception of its code, or of the check here.
        """
        try:
            yield
        except OSError:
            raise self._gone() from None
        except Exception as error:
            raise ClusterError(
                f"the scheduler at {self._address} returned something that no scheduler of Dask returns: "
                f"{type(error).__name__}: {_first_line(error)}"
            ) from None

    async def odd_versions(self) -> str:
        """A sentence about packages with other versions in the cluster than in this process."""
        found: dict[str, set[str]] | None = None
        with trio.move_on_after(self._patience):
            found = await trio.to_thread.run_sync(self._versions, abandon_on_cancel=True)
        if not found:
            return ""
        differ = "; ".join(f"{package} {', '.join(sorted(theirs))}" for package, theirs in found.items())
        return f"the cluster has other versions than this machine ({differ}); Dask requires the same everywhere"

    async def version(self, package: str) -> dict[str, object]:
        """Worker, or the scheduler -> its version of *package*; None if it does not have the package.

        A worker ends when it cannot load its work, so this is checked before.
        """
        return await trio.to_thread.run_sync(self._version, package, abandon_on_cancel=True)

    def _version(self, package: str) -> dict[str, object]:
        name = f"{package}.__version__"
        by_address = {each.address: each.name for each in self.workers.values()}
        with self._understood():
            found = msgspec.convert(self._client.run(locate, name, on_error="return"), dict[str, object])
            scheduler = self._client.run_on_scheduler(locate, name)
        others = {f"worker {by_address.get(address, address)}": each for address, each in found.items()}
        return {"the scheduler": scheduler, **others}

    def _versions(self) -> dict[str, set[str]]:
        """Package -> a description of each version that differs from ours. Blocks."""
        with self._understood():
            found = msgspec.convert(self._client.get_versions(check=False), _Versions)
        ours = found.client.packages
        odd: dict[str, set[str]] = {}
        for each in (found.scheduler, *found.workers.values()):
            for package in NAMED:
                theirs = each.packages.get(package)
                if theirs != ours.get(package):
                    odd.setdefault(package, set()).add(f"{theirs} (here {ours.get(package)})")
        return odd

    def leave(self) -> None:
        """Close the connection. Blocks."""
        with suppress(Exception):  # a failure does not matter: the connection is no longer used
            self._client.close(timeout=GRACE / 2)


async def while_wanted(work: Callable[[], Awaitable[Result]]) -> Result | None:
    """In a piece of work, on a worker: the result of *work*; None if the sender cancelled it, or is gone. Dask
    does not stop a running thread, so the work checks by itself."""
    dask = _distributed()
    worker, key = dask.get_worker(), dask.worker.thread_state.key
    result: Result | None = None

    async def until_unwanted() -> None:
        while True:
            await trio.sleep(OFTEN)
            task = worker.state.tasks.get(key)
            if task is None or task.state != "executing":
                break
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(until_unwanted)
        result = await work()
        nursery.cancel_scope.cancel()
    return result


def name_here() -> str:
    """In a piece of work, on a worker: the worker's name."""
    return str(_distributed().get_worker().name)


def _distributed() -> Any:
    """Dask's package for clusters, mostly without types. Raises ImportError."""
    import distributed  # takes half a second, so only with --cluster

    return distributed
