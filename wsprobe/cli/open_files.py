"""The number of files that this process may have open: each URL under way needs a socket, or a few for a
moment."""

from __future__ import annotations

from contextlib import suppress

import click

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
