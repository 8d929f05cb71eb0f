"""The options that only `watch` has: how often, how long, and until when."""

from typing import ClassVar

from wsprobe.cli.option import Duration, Section, Whole, opt
from wsprobe.cli.output_settings import OutputSettings, expectations
from wsprobe.cli.request_settings import HOLD

SECTION = "Watch"
LEAST = 0.1
"""The least seconds between two probes of one URL; probing more often would be a load test."""


class WatchSettings(Section, frozen=True, kw_only=True):
    """How often, how long, and until when."""

    heading: ClassVar[str] = SECTION

    every: float = opt(
        "--every",
        "time from the start of one probe of a URL to the start of the next: 500ms, 30s, 5m, 1h30m; the first "
        "interval is a random part of it",
        30.0,
        written="30s",
        type=Duration(LEAST, "wsprobe is not a load generator"),
    )
    count: int | None = opt(
        "--count",
        "end after N probes of each URL; without --count and --until, ^C ends it",
        type=Whole(1),
    )
    parallel: int = opt("--parallel", "probe at most N URLs at the same time", 8, type=Whole(1, 1000))
    until: tuple[str, ...] = opt(
        "--until WHAT",
        "end with status 0 as soon as this is true of the last probe of every URL; written as for --expect",
        (),
        shell_complete=expectations,
    )
    hold: float | None = opt(
        "--hold",
        "hold each session open for this time; report who ended it, when, and whether it was idle",
        heading=HOLD,
        type=Duration(LEAST),
    )
    ping_every: float | None = opt(
        "--ping-interval",
        "with --hold: send a Ping at this interval",
        heading=HOLD,
        type=Duration(LEAST),
        also={"--ping-every": None},
    )
    listen: str | None = opt(
        "--listen ADDRESS:PORT",
        "serve metrics for Prometheus at this address, under /metrics; without ADDRESS on 127.0.0.1, "
        "for requests whose Host names this machine",
    )


INSTEAD = {
    "save": OutputSettings.options["save"].of_its_own(
        "append to FILE the recording of the first probe and of each that changed (- is standard output)",
        example="wsprobe watch --every 1m --save day.jsonl wss://chat.example/ws",
    ),
}
"""Options with another meaning in `watch`."""
