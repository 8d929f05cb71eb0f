"""The lab for tests of other clients: the fixture of pytest, and the process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import wsprobe
from wsprobe.lab import UnknownScenario
from wsprobe.lab.background import running


def test_it_plays_scenarios_beside_the_caller() -> None:
    with running() as lab:
        refused, echo = lab.url("status-403"), lab.url("/echo")
        assert refused == lab.url("status-403")
        assert wsprobe.probe(refused).outcome == "refused"
        assert [m.text for m in wsprobe.probe(echo, send="hi", linger=0.2).messages] == ["hi"]
        with pytest.raises(UnknownScenario, match="status-403"):
            lab.url("status-4031")
    assert wsprobe.probe(refused).outcome == "unreachable"


def test_its_certificates_can_be_trusted() -> None:
    pytest.importorskip("trustme")
    with running() as lab:
        url = lab.url("wss-close-no-close-notify")
        assert url.startswith("wss:")
        assert wsprobe.probe(url, cacert=lab.authority).outcome == "open"


@pytest.mark.programs
def test_the_fixture_is_there_by_itself(pytester: pytest.Pytester) -> None:
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
    assert "refused 403; likely: " in done.stdout
