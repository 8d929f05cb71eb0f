"""A real browser at the bench, for the tests of peers. Without it the test is skipped, in CI it fails."""

from contextlib import asynccontextmanager

from tests.browsers.driver.bench import bench
from tests.browsers.there import driven

ENGINES = ("chromium", "firefox")


@asynccontextmanager
async def opened(engine):
    async with bench([]) as place, driven(engine).start(place) as browser:
        yield place, browser
