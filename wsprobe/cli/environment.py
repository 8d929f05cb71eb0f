"""What a command takes from outside itself: the network, time, other processes, descriptors, memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wsprobe.cli.list_settings import HELD, HELD_BYTES

if TYPE_CHECKING:
    from wsprobe import net
    from wsprobe.lab.server import Lab
    from wsprobe.net.cluster import Cluster, Worker
    from wsprobe.net.worker_pool import WorkerPool
    from wsprobe.relay.relaying import Relaying, RelayWatcher


class Environment:
    """The real one. ``main.run`` accepts another one, with which a command is only played: a subclass has its
    own network, or its own time, in place of these."""

    if TYPE_CHECKING:
        run = staticmethod(net.run)
        probe = staticmethod(net.probe)
        sleep = staticmethod(net.sleep)
        in_only_thread = staticmethod(net.in_only_thread)
        pieces = staticmethod(net.pieces)
        DescriptorWriter = net.DescriptorWriter
    else:

        def __getattr__(self, name):
            from wsprobe import net  # on first use: to read a recording takes no network

            found = self.__dict__[name] = getattr(net, name)
            return found

    held = HELD, HELD_BYTES
    """How many recordings, and how many bytes of them, there is memory for."""

    def now(self) -> float:
        """Seconds since 1970."""
        return datetime.now(UTC).timestamp()

    def lab(self) -> AbstractAsyncContextManager[Lab]:
        """A lab on free loopback ports, until the block ends."""
        from wsprobe.lab.server import serve  # only for a scenario

        return serve()

    @property
    def pool(self) -> type[WorkerPool]:
        from wsprobe.net.worker_pool import WorkerPool  # processes, only with --workers

        return WorkerPool

    def cluster(
        self,
        address: str,
        patience: float,
        say: Callable[[str], object],
        fit: Callable[[Worker], object],
    ) -> AbstractAsyncContextManager[Cluster]:
        """As ``net.cluster.cluster``."""
        from wsprobe.net.cluster import cluster  # Dask, only with --cluster

        return cluster(address, patience, say, fit)

    def relay(
        self, relaying: Relaying, host: str, port: int, watch: RelayWatcher, *, public: bool
    ) -> AbstractAsyncContextManager[int]:
        """As ``net.relay.relay``."""
        from wsprobe.net.relay import relay  # only for the relay

        return relay(relaying, host, port, watch, public=public)


_REAL = Environment()


def environment() -> Environment:
    """That of the running command; the real one outside of a command, as in another process."""
    context = click.get_current_context(silent=True)
    return _REAL if context is None or context.obj is None else context.obj
