"""A length of time in words."""

from __future__ import annotations

import pytest

from wsprobe.timing import how_long


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1m 00s"),
        (130, "2m 10s"),
        (3599.6, "1h 00m"),
        (11_100, "3h 05m"),
        (86_399.7, "1d 00h"),
        (187_200, "2d 04h"),
        (-1e-9, "0.0 s"),
    ],
)
def test_how_long(seconds: float, text: str) -> None:
    assert how_long(seconds) == text
