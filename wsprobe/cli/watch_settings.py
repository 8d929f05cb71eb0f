"""The options that only `watch` has: how often, how long, and until when."""

from typing import Annotated, ClassVar

from wsprobe.cli.completion import expectations
from wsprobe.cli.option import Duration, Whole
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.request_settings import HOLD
from wsprobe.cli.section import Declared, Section, declaration

SECTION = "Watch"
LEAST = 0.1
"""The least seconds between two probes of one URL; probing more often would be a load test."""


class WatchSettings(Section, frozen=True, kw_only=True):
    """How often, how long, and until when."""

    heading: ClassVar[str] = SECTION

    every: Annotated[
        float,
        Declared(
            "--every",
            default="30s",
            type=Duration(LEAST, "wsprobe is not a load generator"),
            show_default=True,
            help="time from the start of one probe of a URL to the start of the next: 500ms, 30s, 5m, 1h30m",
        ),
    ] = 30.0
    count: Annotated[
        int | None,
        Declared(
            "--count",
            type=Whole(1),
            help="end after N probes of each URL; without --count and --until, ^C ends it",
        ),
    ] = None
    parallel: Annotated[
        int,
        Declared(
            "--parallel",
            type=Whole(1, 1000),
            show_default=True,
            help="probe at most N URLs at the same time",
        ),
    ] = 8
    until: Annotated[
        tuple[str, ...],
        Declared(
            "--until",
            metavar="WHAT",
            shell_complete=expectations,
            help="end with status 0 as soon as this is true of the last probe of every URL; written as for "
            "--expect",
        ),
    ] = ()
    hold: Annotated[
        float | None,
        Declared(
            "--hold",
            heading=HOLD,
            type=Duration(LEAST),
            help="hold each session open for this time; report who ended it, when, and whether it was idle",
        ),
    ] = None
    ping_every: Annotated[
        float | None,
        Declared(
            "--ping-every",
            heading=HOLD,
            type=Duration(LEAST),
            help="with --hold: send a Ping at this interval",
        ),
    ] = None
    listen: Annotated[
        str | None,
        Declared(
            "--listen",
            metavar="ADDRESS:PORT",
            help="serve metrics for Prometheus at this address, under /metrics; without ADDRESS on 127.0.0.1, "
            "for requests whose Host names this machine",
        ),
    ] = None


INSTEAD = {
    "save": (
        None,
        declaration(OutputSettings, "save").of_its_own(
            "append to FILE the recording of the first probe and of each that changed (- is standard output)"
        ),
    )
}
"""Options with another meaning in `watch`."""
