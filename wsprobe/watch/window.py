"""The latest values of a repeated measurement, and their percentiles."""

from __future__ import annotations

from array import array
from math import ceil

from msgspec import Struct

LATEST = 1000
"""The number of newest values kept: eight hours with a probe every 30 seconds. Percentiles are exact within
this window: slow values from last week do not hide today's, and a year takes no more memory than a day."""

_FLOAT = array("f").itemsize


class Window(Struct, frozen=True):
    """The newest values, at most ``LATEST``, as single-precision floats: four bytes each."""

    packed: bytes = b""

    def __len__(self) -> int:
        return len(self.packed) // _FLOAT

    def add(self, value: float) -> Window:
        """This window with *value* added, without the oldest value if it was full."""
        return Window((self.packed + array("f", (value,)).tobytes())[-LATEST * _FLOAT :])

    def percentiles(self, *of: float) -> tuple[float, ...]:
        """For each of *of*, from 0 to 100: the smallest value that at least this percentage of values do not
        exceed (the nearest rank). Raises ValueError without values."""
        if not self.packed:
            raise ValueError("there are no values")
        values = sorted(array("f", self.packed))
        return tuple(values[max(1, ceil(each / 100 * len(values))) - 1] for each in of)
