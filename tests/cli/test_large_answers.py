"""A large recording is read in a thread, wherever other exchanges may go on meanwhile."""

import threading

import pytest
import trio

from wsprobe.cli.probe import LARGE, apart_if_large
from wsprobe.exchange import Exchange, Plan, Received
from wsprobe.request.target import parse

PLAN = Plan(parse("ws://server.example/"), b"")


@pytest.mark.parametrize(("size", "in_a_thread"), [(LARGE, False), (LARGE + 1, True)])
def test_only_a_large_one_is(size, in_a_thread):
    exchange = Exchange(PLAN, (Received(1, bytes(size - 2)), Received(2, b"xx")))

    async def main():
        return await apart_if_large(exchange, threading.get_ident)

    assert (trio.run(main) != threading.get_ident()) == in_a_thread


def test_what_goes_wrong_in_the_thread_comes_out():
    exchange = Exchange(PLAN, (Received(1, bytes(LARGE + 1)),))

    def work():
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        trio.run(apart_if_large, exchange, work)
