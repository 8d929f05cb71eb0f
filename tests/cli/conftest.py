"""What the tests of the commands share."""

import json
import signal
from contextlib import closing

import pytest

from tests.cli.site import Site
from wsprobe.cli.main import run
from wsprobe.report.outcome import Exit


@pytest.fixture(autouse=True, scope="module")
def _no_long_farewell(no_long_farewell):
    """A hundred of them open a session of the lab. What is run in a process of its own waits as ever."""


@pytest.fixture
def refused(capsys):
    """Runs a command line that cannot be used; returns the one line that says so."""

    def line(*words):
        assert run([*words]) == Exit.USAGE
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        return err

    return line


@pytest.fixture
def values(capsys):
    """Runs a command line; returns the objects of JSON that it prints."""

    def objects(*words):
        run([*words])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return objects


@pytest.fixture
def site():
    with closing(Site()) as made:
        yield made


@pytest.fixture
def own_signals():
    """The handlers of SIGINT, SIGTERM and SIGHUP, which are afterwards as they were."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
