"""The browsers that a test needs."""

import os
import shutil

import pytest

from tests.browsers.driver.engines import ENGINES
from tests.peers.place import missing
from wsprobe.browsers import RUNTIMES
from wsprobe.lab import installed


def there(engine):
    """The browser with this engine. Without it the test is skipped, in CI it fails."""
    try:
        (found,) = installed.find([engine])
    except installed.NoBrowser as error:
        missing(str(error))
    return found


def needs(*programs):
    """The mark of a test that starts these programs. Without one of them it is skipped, in CI it fails."""
    lacking = [each for each in programs if shutil.which(each) is None]
    skipped = bool(lacking) and os.environ.get("CI") != "true"
    return pytest.mark.skipif(skipped, reason=f"not installed: {', '.join(lacking)}")


def driven(name):
    """The driver of this engine. Without the engine the test is skipped, in CI it fails."""
    if lacking := ENGINES[name].missing():
        how = lacking if name.partition("@")[0] in RUNTIMES else f"apt-get install {lacking}"
        missing(f"{name} is not installed: {how}")
    return ENGINES[name]
