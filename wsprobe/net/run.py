"""The one way from ordinary code into trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar, TypeVarTuple

import trio

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def run(work: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments) -> Result:
    """Return what ``await work(*arguments)`` returns.

    What the person at the shell did comes out bare, also from inside a nursery: KeyboardInterrupt for ^C,
    BrokenPipeError for a reader of our output that went away.
    """
    try:
        return trio.run(work, *arguments)
    except BaseExceptionGroup as group:
        for kind in (KeyboardInterrupt, BrokenPipeError):
            if any(isinstance(each, kind) for each in leaves(group)):
                raise kind from None
        raise


def leaves(raised: BaseException) -> Iterator[BaseException]:
    """Return the exceptions in *raised* that are no groups."""
    if isinstance(raised, BaseExceptionGroup):
        for each in raised.exceptions:
            yield from leaves(each)
    else:
        yield raised
