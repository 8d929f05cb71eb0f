"""The latest values of something that is measured again and again, and their percentiles."""

from __future__ import annotations

from array import array
from math import ceil

from msgspec import Struct

LATEST = 1000
"""Values that are kept, the newest: eight hours of a probe every 30 seconds. Percentiles are exact, and those
of this window: what was slow last week does not hide what is slow now, and a year takes no more memory than a
day."""

_FLOAT = array("f").itemsize


class Window(Struct, frozen=True):
    """The newest values, at most ``LATEST``, as single-precision floats: four bytes each."""

    packed: bytes = b""

    def __len__(self) -> int:
        return len(self.packed) // _FLOAT

    def add(self, value: float) -> Window:
        """This and *value*; without the oldest, if there would be too many."""
        return Window((self.packed + array("f", (value,)).tobytes())[-LATEST * _FLOAT :])

    def percentiles(self, *of: float) -> tuple[float, ...]:
        """For each of *of*, from 0 to 100: the least value that so many percent are not above (the nearest
        rank). Raises ValueError if there is no value."""
        if not self.packed:
            raise ValueError("no value, no percentile")
        values = sorted(array("f", self.packed))
        return tuple(values[max(1, ceil(each / 100 * len(values))) - 1] for each in of)
