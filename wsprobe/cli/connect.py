"""What ``wsprobe connect`` does: probe each URL, here or elsewhere, and report."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.cli import expect
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.lists import probe_all
from wsprobe.cli.option import Given, NoUrl
from wsprobe.cli.probe import write_jar
from wsprobe.cli.settings import settings_of
from wsprobe.cli.streams import note
from wsprobe.cli.targets import UrlList, sources


def connect(urls: Sequence[str], given: Given, ignored: Sequence[str] = ()) -> int:
    """Probe *urls* and print their reports; returns the exit status. *ignored*: options that have no effect.

    Raises click.UsageError.
    """
    if not urls:
        raise NoUrl("no URL: name one, or @FILE, or - for standard input")
    settings = settings_of(given)
    expect.check(settings.expectations, "connect")
    if settings.own.verbose and not settings.output.silent:
        for name in ignored:
            note(f"{name} has no effect here, and is ignored")
    if settings.own.verbose and settings.output.silent:
        note("-s leaves out the conversation that -v shows; leave one of them out")
    places = sources(urls)
    several = (
        settings.elsewhere.from_each
        or len(places) > 1
        or any(isinstance(each, UrlList) and each.several() for each in places)
    )
    made = ConnectOutput(settings, several)
    try:
        with made:
            if settings.lists.workers > 1:
                from wsprobe.cli.workers import probe_with_processes  # processes, only with --workers

                probe_with_processes(places, settings, made)
            elif settings.cluster is None:
                probe_all(places, settings, made)
            elif settings.elsewhere.from_each:
                from wsprobe.cli.cluster import probe_each  # Dask, only with --from-each

                probe_each(places, settings, made)
            else:
                from wsprobe.cli.cluster import probe_there  # Dask, only with --cluster

                probe_there(places, settings, made)
    finally:
        write_jar(settings)
    return made.exit_status
