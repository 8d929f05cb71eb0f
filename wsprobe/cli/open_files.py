"""How many files this process may have open: each URL that is asked is a socket, or a few for a moment."""

from __future__ import annotations

from contextlib import suppress

import click

RACING = 4
"""Sockets that one URL may have: one more is opened every quarter of a second until one is connected."""
OTHERS = 16
"""Files that are open besides: the standard streams, the list, what the event loop needs."""


def allow(parallel: int) -> None:
    """Let *parallel* URLs be asked at once. Most systems allow 1,024 files, and more to whoever asks for more.

    Raises click.UsageError where so many cannot be: a socket that could not be made would look as if the server
    could not be reached.
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
