"""A property that is made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


class cached(Generic[Made]):
    """Like ``functools.cached_property``, which in Python 3.11 takes a lock, and four times as long: a report
    of a list has eight such properties."""

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self._name = ""
        self.__doc__ = make.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, of: Any, _: type | None = None) -> Made:
        if of is None:
            return self  # type: ignore[return-value]  # asked of the class
        made = self._make(of)
        of.__dict__[self._name] = made
        return made
