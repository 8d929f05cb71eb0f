"""What the tests of the commands share."""

import json
import os
import re
import signal

import pytest

from tests.served import Server
from wsprobe.cli.main import run
from wsprobe.report.outcome import Exit


@pytest.fixture(autouse=True, scope="module")
def _no_long_farewell(request):
    """A hundred of them open a session of the lab. What is played, or run in a process of its own, waits as
    ever."""
    if request.path.name != "test_printed.py":
        request.getfixturevalue("no_long_farewell")


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


class Site(Server):
    """A server that answers one request after another with what it was told, and keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.answers = []
        super().__init__()

    def refuse(self):
        self.answers.append(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    def reply(self, status, *fields):
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *fields, "Content-Length: 0", ""))
        self.answers.append(head.encode())

    def sent(self, name):
        """The value of this field in each request, None where it has none."""
        found = (re.search(rf"(?im)^{name}: *(.*?)\r$", asked.decode("latin-1")) for asked in self.asked)
        return [None if match is None else match[1] for match in found]

    def answer(self, request, stream):
        self.asked.append(request.head)
        stream.sendall(self.answers.pop(0))


@pytest.fixture
def site():
    with Site() as made:
        yield made


@pytest.fixture
def own_output():
    """Descriptor 1, which a command gives up if nobody reads it, is afterwards what it was."""
    kept = os.dup(1)
    yield
    os.dup2(kept, 1)
    os.close(kept)


@pytest.fixture
def own_signals():
    """The handlers of SIGINT, SIGTERM and SIGHUP, which are afterwards as they were."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
