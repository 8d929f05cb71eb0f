"""Output for a reader that is slow, goes away, or takes nothing."""

import os

import pytest
import trio
import trio.testing

from wsprobe.net.descriptors import MOST, QueuedOutput, room


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)  # ends a thread that still waits for a reader


async def test_what_waits_for_a_reader_makes_nobody_else_wait(pipe):
    reading, writing = pipe
    output = QueuedOutput(writing)
    pieces = [b"%d" % (number % 10) * 1000 for number in range(2 * MOST // 1000)]
    for piece in pieces:
        output.write(piece)
    waited = trio.Event()

    async def wait():
        await room([output])
        waited.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not waited.is_set()
        got = bytearray()
        while len(got) < len(pieces) * 1000 - MOST:
            got += os.read(reading, 4096)
        await waited.wait()
    while len(got) < len(pieces) * 1000:
        got += os.read(reading, 1 << 20)
    assert got == b"".join(pieces)
    assert output.finish() == 0
    os.close(writing)


async def test_room_can_be_given_up(pipe):
    output = QueuedOutput(pipe[1])
    output.write(bytes(2 * MOST))
    with trio.move_on_after(0) as given_up:
        await output.room()
    assert given_up.cancelled_caught


def test_a_reader_that_takes_nothing_is_not_waited_for(pipe):
    output = QueuedOutput(pipe[1])
    output.write(bytes(2 * MOST))
    assert MOST < output.finish() < 2 * MOST


def test_a_reader_that_went_away_is_told_to_whoever_writes():
    reading, writing = os.pipe()
    os.close(reading)
    output = QueuedOutput(writing)
    output.write(b"nobody knows yet")
    assert output.finish() == 0
    with pytest.raises(BrokenPipeError):
        output.write(b"now it is known")
    os.close(writing)
