"""The lab for tests of other clients: the fixture of pytest, and the process of its own."""

import os
import subprocess
import sys

import pytest

import wsprobe
from wsprobe.lab import UnknownScenario
from wsprobe.lab.background import running
from wsprobe.lab.paths import scenario_at


def test_it_plays_scenarios_beside_the_caller():
    with running() as lab:
        refused, echo = lab.url("status-403"), lab.url("/echo")
        assert refused == lab.url("status-403")
        assert wsprobe.probe(refused).outcome == "refused"
        assert [m.text for m in wsprobe.probe(echo, send="hi", linger=0.2).messages] == ["hi"]
        with pytest.raises(UnknownScenario, match="status-403"):
            lab.url("status-4031")
        with pytest.raises(
            TypeError, match=r"expected the name of a scenario, such as 'status-403', .* not int"
        ):
            lab.url(5)
    assert wsprobe.probe(refused).outcome == "unreachable"


def test_a_bug_ends_one_connection_and_is_raised_at_the_end(monkeypatch):
    def faulty(resource):
        if resource == "/bug":
            raise ValueError("a bug")
        return scenario_at(resource)

    monkeypatch.setattr("wsprobe.lab.server.scenario_at", faulty)
    context = running()
    lab = context.__enter__()
    assert wsprobe.probe(lab.url("/bug")).outcome == "dropped"
    assert wsprobe.probe(lab.url("status-403")).outcome == "refused"
    with pytest.raises(ValueError, match="a bug"):
        context.__exit__(None, None, None)


def test_its_certificates_can_be_trusted():
    pytest.importorskip("trustme")
    with running() as lab:
        url = lab.url("wss-close-no-close-notify")
        assert url.startswith("wss:")
        assert wsprobe.probe(url, cacert=lab.authority).outcome == "open"


@pytest.mark.programs
def test_the_fixture_is_there_by_itself(pytester):
    pytester.makepyfile(
        """
        import sys
        import wsprobe

        def test_a():
            assert "trio" not in sys.modules

        def test_b(wsprobe_lab):
            report = wsprobe.probe(wsprobe_lab.url("status-403"))
            assert report.outcome == "open", report
        """
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "wsprobe.testing", "-q"],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=pytester.path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "refused 403" in done.stdout
