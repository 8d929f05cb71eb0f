"""A day of watching, in virtual time: what is remembered does not grow, and the statistics are the day's, even
if the clock of the system is set."""

import gc
import os
import random
import sys
from contextlib import nullcontext
from datetime import UTC, datetime

import click
import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from tests.watch.played import OPEN, exchange
from wsprobe.cli.commands.watch import command
from wsprobe.cli.environment import Environment
from wsprobe.cli.option import given
from wsprobe.cli.settings import settings_of
from wsprobe.cli.targets import Word
from wsprobe.cli.watch import WatchOutput, rounds
from wsprobe.cli.watch_settings import WatchSettings
from wsprobe.watch.prometheus import Watched
from wsprobe.watch.summary import LATEST

HOUR = 3600.0
MIDNIGHT = 1_795_651_200.0
"""2026-11-26, UTC, in seconds since 1970."""
URL = "ws://127.0.0.1/"
FULL, END = 18, 24
"""Hours: when a window of a probe a minute has long been full, and the end."""
WRONG = {8: -24 * HOUR, 9: 24 * HOUR, 18: -400 * 24 * HOUR, 19: 24 * HOUR}
"""Hour -> by how many seconds the system's clock is wrong in it. From hour 18 to 23 the server opens."""
BLOCKS = 500
"""Pieces of memory that come and go with what is under way: of some 100,000."""


class Day(Environment):
    """A server that refuses every sixth hour, and what was measured while it was watched."""

    def __init__(self, output):
        self.output = output
        self.objects = {}
        self.blocks = {}
        self._recorded = {name: exchange(name, URL) for name in (OPEN, "status-403")}

    async def probe(self, plan, watch, **_):
        now = trio.current_time()
        shown = MIDNIGHT + now + WRONG.get(int(now / HOUR), 0.0)
        started = datetime.fromtimestamp(shown, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made = replace(self._recorded["status-403" if int(now / HOUR) % 6 == 5 else OPEN], started=started)
        await trio.sleep(0.2)
        return made

    async def measured(self):
        """Look at the memory when all that a window can hold is there, and at the end; scraped each time."""
        for hour in (FULL, END):
            await trio.sleep_until(hour * HOUR)
            for _ in Watched(self.output.all).collect():
                pass
            self.objects[hour] = tracked()
            self.blocks[hour] = sys.getallocatedblocks()


def tracked():
    """How many objects the collector knows. Each time it forgets those that hold none that it has to know, from
    the inside out, so it is asked until that is all."""
    before, now = -1, len(gc.get_objects())
    while now != before:
        gc.collect()
        before, now = now, len(gc.get_objects())
    return now


@pytest.mark.all_cases
def test_a_day(monkeypatch):
    gc.freeze()  # what other tests left is none of this one's, and takes long to go through
    values = command.make_context("watch", ["--every", "1m", URL], parent=click.Context(click.Group())).params
    made = given(command.params, values)
    said, own = settings_of(made), made[WatchSettings]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        monkeypatch.setattr(sys, "stdout", nowhere)
        day = Day(WatchOutput(said, (), holds=False))
        random.seed(13)

        async def all_of_it():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(rounds, [Word(URL)], said, own, day.output, nullcontext())
                await day.measured()
                nursery.cancel_scope.cancel()

        with click.Context(command, obj=day):
            trio.run(all_of_it, clock=MockClock(autojump_threshold=0))
    (watch,) = day.output.all()
    assert abs(watch.probes - END * 60) < 20
    assert watch.changes == 7
    assert watch.availability == pytest.approx(20 / 24, abs=0.01)
    assert watch.lasted == pytest.approx(5 * HOUR, abs=2 * 60)
    assert watch.since.started.startswith("2026-11-26T23:0")
    assert {len(window) for _, window in watch.phases} == {LATEST}
    assert abs(day.objects[END] - day.objects[FULL]) < BLOCKS
    assert abs(day.blocks[END] - day.blocks[FULL]) < BLOCKS
