"""Options for many URLs: how fast, in which order, and on which processes or machines."""

import re
from typing import ClassVar

import click

from wsprobe.cli.option import Rate, Section, Whole, opt
from wsprobe.schedule import Pace

MANY = "Many URLs"

HELD = 1000
"""The most recordings that are in memory at once. Of more, each is printed immediately and forgotten, and
nothing says which of them a script can tell apart."""
HELD_BYTES = 8 * 1024 * 1024
"""The same limit in bytes, for all of several recordings together."""


class ListSettings(Section, frozen=True, kw_only=True):
    """How a list is processed."""

    heading: ClassVar[str] = MANY

    parallel: int = opt(
        "--parallel",
        "try up to N URLs at the same time",
        8,
        type=Whole(1, 1000),
        rare=True,
        also={"-Z": 50, "--parallel-max": None},
    )
    per_host: int = opt(
        "--per-host",
        "try up to N URLs of the same host at the same time, whatever --parallel says",
        8,
        type=Whole(1, 1000),
        rare=True,
    )
    rate: float | None = opt(
        "--rate N/s",
        "start N URLs a second, evenly spaced; N/m is a minute, N/h an hour",
        type=Rate(),
        rare=True,
    )
    unordered: bool = opt(
        "--unordered", "print each result as soon as it is there, not in the order of the URLs", rare=True
    )
    workers: int = opt(
        "--workers",
        "share the work among N processes of this machine",
        1,
        type=Whole(1, 64),
        rare=True,
    )
    summary: bool = opt(
        "--summary",
        "print a summary at the end: how many URLs had which outcome, and the most frequent problems",
    )
    resume: str | None = opt(
        "--resume FILE",
        "append the reports to FILE, as --json prints them; skip URLs that FILE already has; print the summary",
        rare=True,
    )

    since: str | None = opt(
        "--since FILE",
        "print only what changed since the recordings in FILE; exit with 1 if a URL no longer opens, "
        "or a new one does not",
    )

    def pace(self) -> Pace:
        """How fast to work on the list; without --rate, 0 starts a second: no limit."""
        return Pace(self.parallel, self.per_host, self.rate or 0.0)


class ClusterSettings(Section, frozen=True, kw_only=True):
    """The cluster that shares the work."""

    heading: ClassVar[str] = MANY

    cluster: str | None = opt(
        "--cluster ADDRESS",
        "share the work among the workers of a Dask cluster; ADDRESS is that of its scheduler, tcp://host:8786",
        rare=True,
    )
    from_each: bool = opt(
        "--from-each",
        "with --cluster: try every URL from this machine and from every worker, and report where the "
        "answers differ",
        rare=True,
    )
    cluster_trusted: bool = opt(
        "--cluster-trusted",
        "with --cluster: send passwords, cookies and tokens to the cluster even if the address of "
        "the scheduler is not tls://",
        rare=True,
    )

    def address(self) -> str | None:
        """The scheduler's address, with its scheme; None without --cluster. Raises click.UsageError."""
        if self.cluster is None:
            return None
        whole = self.cluster if "://" in self.cluster else f"tcp://{self.cluster}"
        if not re.fullmatch(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[^/:@\s]+):[0-9]{1,5}/?", whole):
            raise click.UsageError(
                f"--cluster: {self.cluster!r} is not a scheduler's address, such as tcp://host:8786 or "
                f"tls://host:8786"
            )
        return whole.rstrip("/")
