"""What the tests of the commands share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def _no_long_farewell(no_long_farewell):
    """A hundred of them open a session of the lab. What is run in a process of its own waits as ever."""
