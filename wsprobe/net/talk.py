"""What a person types while a session is open."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from functools import partial

import trio

from wsprobe.exchange import Act


async def typed(descriptor: int, act_of: Callable[[bytes], Act | None]) -> AsyncIterator[Act]:
    """Return what *act_of* makes of each line (without its end) read from *descriptor*; None makes nothing.

    A thread waits in ``os.read``, which holds no lock of Python's: left behind there when the session ends, it
    does not keep the interpreter from ending.
    """
    rest = b""
    read = partial(os.read, descriptor, 65536)
    while data := await trio.to_thread.run_sync(read, abandon_on_cancel=True):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if act := act_of(line.removesuffix(b"\r")):
                yield act
    if rest and (act := act_of(rest)):
        yield act
