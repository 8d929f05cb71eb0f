"""The engines themselves, driven again: run with ``-n 0 -m engines``. Takes some minutes.

Each engine plays a third of the catalogue, and with WSPROBE_TESTS=all the whole of it (measure.py)."""

import os

import pytest
import trio

from tests.browsers import measure, measure_requests
from tests.browsers.driver import store
from tests.browsers.driver.compare import told
from tests.browsers.driver.engines import ENGINES
from tests.browsers.moved import newer
from wsprobe.browsers import RUNTIMES

pytestmark = pytest.mark.engines


@pytest.fixture(params=ENGINES)
def name(request):
    """Name of an engine that is installed; where it must be (CI), its absence is a failure."""
    engine = request.param
    if missing := ENGINES[engine].missing():
        how = missing if engine.partition("@")[0] in RUNTIMES else f"apt-get install {missing}"
        if os.environ.get("CI"):
            pytest.fail(f"{engine} is not installed: {how}")
        pytest.skip(f"{engine} is not installed: {how}")
    return engine


def again(name, known):
    """What to measure. An older version of a runtime is a package that does not change, and what brings it to
    script is tried with the newest: of the older one what it is *known* to do differently is measured again."""
    cases, newest = measure.shared(name, known), store.newest(name.partition("@")[0])
    if name in (newest, name.partition("@")[0]):
        return cases
    alike = store.load(newest)[1]
    found = [
        case for case in cases if case.name not in alike or told(known[case.name]) != told(alike[case.name])
    ]
    return found or cases[:1]


def test_the_engine_still_does_what_is_recorded(name, capsys):
    version, known = store.load(name)
    wanted = again(name, known)
    checked = trio.run(measure.run, ENGINES[name], wanted, known, lambda text: None)
    with capsys.disabled():
        played = f"{len(wanted)} of {len(known)} scenarios"
        print(f"\n{name} {checked.version}: {played}", *measure.races(checked, known), sep="\n  ")
    assert (checked.failed, checked.changed) == ({}, {})
    assert checked.version == version or newer(checked.version, version)


def test_the_engine_still_sends_what_is_recorded(name):
    version, known = store.load(name, "requests")
    measured, found = trio.run(measure_requests.measure, ENGINES[name])
    assert measured == version or newer(measured, version)
    assert {situation: known.get(situation) for situation in found} == found
