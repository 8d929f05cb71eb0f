"""What is missing is named: skipped on somebody's machine, a failure in CI."""

import sys

import pytest

from tests.peers.place import needs


def test_missing(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        needs("no-such-server")


def test_missing_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
        needs("no-such-server")


def test_beside_the_interpreter(monkeypatch, tmp_path):
    """`.venv/bin/pytest` runs without the folder of the environment on PATH."""
    (tmp_path / "hypercorn").touch(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert needs("hypercorn") == str(tmp_path / "hypercorn")
