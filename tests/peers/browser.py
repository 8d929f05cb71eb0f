"""A real browser at the bench, for the tests of peers. Without it the test is skipped, in CI it fails."""

import os
from contextlib import asynccontextmanager

import pytest

from tests.browsers.driver.bench import bench
from tests.browsers.driver.chromium import Chromium
from tests.browsers.driver.firefox import Firefox

ENGINES = {"chromium": Chromium, "firefox": Firefox}


def _started(place, engine):
    made = ENGINES[engine]()
    if missing := made.missing():
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(f"not installed: {missing}")
    return made.start(place)


@asynccontextmanager
async def opened(engine):
    async with bench([]) as place, _started(place, engine) as browser:
        yield place, browser
