"""A distribution that has moved on: said, excused, and measured anew with what changed for scripts."""

import pytest

from tests.browsers import moved
from tests.browsers.driver import store
from tests.browsers.measure import changes
from wsprobe.browsers import BROWSERS


@pytest.mark.parametrize("engine", BROWSERS)
def test_an_engine_that_moved_on_is_named_with_what_to_do(engine):
    recorded, _ = store.load(engine)
    assert moved.moved(engine, recorded) == ""
    line = moved.moved(engine, "999.1")
    assert line.startswith(f"{engine} 999.1 is newer than the facts of it, which are of {recorded}: ")
    assert f"python -m tests.browsers.measure --engine {engine} " in line


def test_a_failure_of_such_an_engine_is_expected_and_says_why(pytester):
    pytester.makeconftest(
        """
        import tests.browsers.moved
        from tests.browsers import conftest
        from tests.browsers.conftest import pytest_runtest_makereport
        conftest.installed = lambda engine: "999.1" if engine == "chromium" else ""
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.engines
        @pytest.mark.parametrize("engine", ["chromium", "firefox", "bun"])
        def test_differs(engine):
            assert engine == "as recorded"

        def test_not_about_an_engine():
            assert not "so"
        """
    )
    result = pytester.runpytest_inprocess("-rx", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore")
    result.assert_outcomes(xfailed=1, failed=3)
    result.stdout.fnmatch_lines(["*chromium 999.1 is newer than the facts of it*"])


def test_what_changed_for_scripts_comes_first():
    _, known = store.load("chromium")
    names = ["403", "ok", "404", "accept-base64-of-hex"]
    new = {name: dict(known[name]) for name in names}
    new["403"]["console"] = ["another text"]
    new["ok"]["events"] = []
    # Raced before with the result that comes now: no change.
    new["404"] |= {"events": [], "races": [{"times": 2, **known["404"]}]}
    new["a-new-one"] = dict(known["ok"])
    lines = changes(known, new)
    assert lines[0] == "4 scenarios measured before too: 1 changed for scripts"
    assert lines[1] == "  ok"
    assert lines[2].startswith("    events: [] instead of [")
    at = lines.index("1 changed on the console or in later requests only")
    assert lines[at + 1] == "  403"
    assert not [
        line for line in lines if "404" in line or "accept-base64-of-hex" in line or "a-new-one" in line
    ]
