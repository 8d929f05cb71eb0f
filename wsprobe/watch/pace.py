"""When the next probe is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator

SPREAD = 0.1
"""A pause is up to so much of it shorter or longer."""


def pauses(every: float, chance: Callable[[], float]) -> Iterator[float]:
    """Seconds from the start of one probe to the start of the next, without end: *every* on average.

    The first pause is anywhere up to *every*, so that watchers that were started by one clock part at once; the
    later ones keep them apart, whatever else ticks in whole seconds. *chance* gives numbers from 0 to below 1.
    """
    yield every * (1 - chance())
    while True:
        yield every * (1 - SPREAD + 2 * SPREAD * chance())
