"""What a person types while a session is open."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import partial

import trio

from wsprobe.exchange import Act


async def stdin_lines(descriptor: int = 0) -> AsyncIterator[Act]:
    """Return a message for each line read from *descriptor*: text, or binary where the line is not UTF-8.

    A thread waits in ``os.read``, which holds no lock of Python's: left behind there when the session ends, it
    does not keep the interpreter from ending.
    """
    rest = b""
    read = partial(os.read, descriptor, 65536)
    while data := await trio.to_thread.run_sync(read, abandon_on_cancel=True):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield _message(line.removesuffix(b"\r"))
    if rest:
        yield _message(rest)


def _message(line: bytes) -> Act:
    try:
        line.decode()
    except UnicodeDecodeError:
        return Act("time", "binary", line)
    return Act("time", "text", line)
