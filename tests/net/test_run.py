import os
import signal

import pytest
import trio

from wsprobe.exchange import Ended
from wsprobe.net import run
from wsprobe.net.probe import probe
from wsprobe.net.run import LONGEST_LINE, lines


async def in_nursery(error):
    async def fail():
        raise error

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fail)
        nursery.start_soon(trio.sleep_forever)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()])
def test_what_the_shell_user_did_comes_out_bare(error):
    with pytest.raises(type(error)):
        run(in_nursery, error)


def test_a_bug_comes_out_as_it_is():
    with pytest.raises(BaseExceptionGroup) as raised:
        run(in_nursery, ZeroDivisionError())
    assert raised.group_contains(ZeroDivisionError)


def test_the_result_is_returned():
    async def work(one, two):
        return one + two

    assert run(work, 1, 2) == 3


def test_interrupted_in_the_middle(net):
    """^C while a server keeps silent: KeyboardInterrupt, and those who watched have the recording."""
    watched = []

    async def server(stream):
        await net.head(stream)
        # Not from here, or the interrupt is this server's, and what the probe sees first is how it falls.
        await trio.to_thread.run_sync(os.kill, os.getpid(), signal.SIGINT)
        await trio.sleep_forever()

    async def work():
        async with net.serving(server) as port:
            await probe(net.plan(port), watched.append)

    with pytest.raises(KeyboardInterrupt):
        run(work)
    assert [type(event).__name__ for event in watched][-2:] == ["Sent", "Ended"]
    assert watched[-1] == Ended(watched[-1].at, "interrupted")


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        ([b"1234567", b"8", b"\nab"], [b"12345678\n", b"ab"]),
        ([b"12345678"], [b"12345678"]),
        ([b"12345678\n9\n"], [b"12345678\n", b"9\n"]),
        ([b"123456789", b"0\nab\n"], [b"12345678", b"ab\n"]),
        ([b"123456789", b"0", b"1\n", b"ab"], [b"12345678", b"ab"]),
        ([], [b""]),
    ],
)
async def test_of_a_line_that_is_too_long_the_beginning_is_kept(reads, found):
    """Eight bytes fit behind those that come first."""
    before = b"x" * (LONGEST_LINE - 8)

    async def pieces():
        yield before
        for each in reads:
            yield each

    assert [line async for line in lines(pieces())] == [before + found[0], *found[1:]]
