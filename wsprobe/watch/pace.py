"""When the next probe is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator

SPREAD = 0.1
"""The largest part by which a pause may be shorter or longer."""


def pauses(every: float, chance: Callable[[], float]) -> Iterator[float]:
    """Seconds from the start of one probe to the start of the next, without end: *every* on average.

    The first pause is a random part of *every*, so that watchers started at the same moment spread out at once;
    the later ones keep them apart from each other and from whole seconds. *chance* returns numbers from 0 to
    below 1.
    """
    yield every * (1 - chance())
    while True:
        yield every * (1 - SPREAD + 2 * SPREAD * chance())
