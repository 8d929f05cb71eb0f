import pytest
import trio

from wsprobe.exchange import Ended, Resolved
from wsprobe.net.stream import Tape


async def test_times_are_whole_microseconds_since_the_start(autojump_clock):
    await trio.sleep(100)
    tape = Tape()
    await trio.sleep(0.0123456)
    now, later, never = tape.now(), tape.deadline(1_500_000) - trio.current_time(), tape.deadline(None)
    assert now == 12_346
    assert later == pytest.approx(1.5 - 0.0123456)
    assert never == float("inf")


async def test_the_recording_and_the_watch(net):
    seen = []
    tape = Tape(seen.append)
    tape.add(Resolved(1, "h", ()))
    tape.add(Ended(2, "local"))
    assert tape.exchange(net.plan(1)).events == (Resolved(1, "h", ()), Ended(2, "local")) == tuple(seen)
