"""The engines themselves, driven again: run with ``-n 0 -m engines``. Takes some minutes.

Each engine plays a third of the catalogue, and with WSPROBE_TESTS=all the whole of it (measure.py)."""

import pytest
import trio

from tests.browsers import measure, measure_requests
from tests.browsers.driver import store
from tests.browsers.driver.compare import told
from tests.browsers.driver.engines import ENGINES
from tests.browsers.moved import newer
from tests.browsers.there import driven

pytestmark = pytest.mark.engines


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


@pytest.mark.parametrize("name", ENGINES)
def test_the_engine_still_does_what_is_recorded(name, capsys):
    engine = driven(name)
    version, known = store.load(name)
    wanted = again(name, known)
    checked = trio.run(measure.run, engine, wanted, known, lambda text: None)
    with capsys.disabled():
        played = f"{len(wanted)} of {len(known)} scenarios"
        print(f"\n{name} {checked.version}: {played}", *measure.races(checked, known), sep="\n  ")
    assert (checked.failed, checked.changed) == ({}, {})
    assert checked.version == version or newer(checked.version, version)


@pytest.mark.parametrize("name", ENGINES)
def test_the_engine_still_sends_what_is_recorded(name):
    version, known = store.load(name, "requests")
    wanted = measure_requests.shared(name, known)
    measured, found = trio.run(measure_requests.measure, driven(name), wanted)
    assert measured == version or newer(measured, version)
    assert {situation: known.get(situation) for situation in found} == found
