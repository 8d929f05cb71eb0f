"""Which engine on this machine is newer than the facts of it: ``python -m tests.browsers.moved``.

A distribution moves on by itself, and what a newer engine does differently is no fault of the views, which are
of the version that they name. So the live tests of such an engine may differ (conftest.py), and this says what
to do. Runtimes are not asked: their versions stand in clients/package.json.
"""

import functools
import sys

import trio

from tests.browsers.driver import store
from wsprobe.browsers import BROWSERS, newer
from wsprobe.lab.installed import NoBrowser, find, version


@functools.cache
def installed(engine):
    """The version of *engine* that is installed, or "" where none is, or it does not say."""
    try:
        (browser,) = find([engine])
    except NoBrowser:
        return ""
    return trio.run(version, browser)


def moved(engine, there):
    """One line that says that *engine*, at the version *there*, is newer than its facts, "" where it is not."""
    recorded, _ = store.load(engine)
    if not newer(there, recorded):
        return ""
    return (
        f"{engine} {there} is newer than the facts of it, which are of {recorded}: "
        f"python -m tests.browsers.measure --engine {engine} measures it and prints what changed for scripts"
    )


def main():
    lines = [moved(engine, installed(engine)) for engine in BROWSERS]
    print("\n".join(line for line in lines if line) or "no engine is newer than the facts of it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
