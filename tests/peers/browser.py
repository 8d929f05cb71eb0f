"""A real browser at the bench, for the tests of peers. Without it the test is skipped, in CI it fails."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.browsers.driver.bench import Bench, bench
from tests.browsers.driver.browser import Browser
from tests.browsers.driver.chromium import Chromium
from tests.browsers.driver.firefox import Firefox

ENGINES = {"chromium": Chromium, "firefox": Firefox}


def _started(place: Bench, engine: str) -> Any:
    made = ENGINES[engine]()
    if missing := made.missing():
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(f"not installed: {missing}")
    return made.start(place)


@asynccontextmanager
async def opened(engine: str) -> AsyncIterator[tuple[Bench, Browser]]:
    async with bench([]) as place, _started(place, engine) as browser:
        yield place, browser
