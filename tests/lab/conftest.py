"""What the lab's tests share: a lab that runs."""

import trio

from tests.cases import named_as
from wsprobe.lab.server import serve


def in_lab(**options):
    """Make a test of an asynchronous function: its first parameter is a lab that serves with *options*."""

    def decorate(work):
        async def bounded(given):
            with trio.fail_after(60):
                async with serve(**options) as lab:
                    await work(lab, **given)

        def test(**given):
            trio.run(bounded, given)

        return named_as(work, test)

    return decorate
