"""Pauses: on average what was asked for, and no two watchers in step."""

import random
from itertools import islice

from wsprobe.net.run import spread_pauses


def drawn(seed, count):
    return list(islice(spread_pauses(30.0, random.Random(seed).random), count))


def test_a_pause_is_never_far_from_what_was_asked_for():
    first, *later = drawn(1, 2000)
    assert 0 < first <= 30
    assert 27 <= min(later) < 28
    assert 32 < max(later) <= 33
    assert abs(sum(later) / len(later) - 30) < 0.2


def test_watchers_that_begin_together_part_at_once():
    """A thousand that are started by the same clock: their second probes are spread over the whole time."""
    seconds = [drawn(seed, 1)[0] for seed in range(1000)]
    each_third = [sum(low < each <= low + 10 for each in seconds) for low in (0, 10, 20)]
    assert min(each_third) > 250


def test_the_first_pause_is_never_none():
    assert next(spread_pauses(30.0, lambda: 0.0)) == 30.0
    assert next(spread_pauses(30.0, lambda: 1 - 2**-53)) > 0
