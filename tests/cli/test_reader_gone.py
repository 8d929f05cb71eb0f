"""The reader of our output goes away while the network is waited for: no command works on for nobody."""

import os
import signal
import threading
from contextlib import contextmanager, suppress

import pytest

from tests.served import Server
from wsprobe.cli.main import run
from wsprobe.report.outcome import Exit

pytestmark = pytest.mark.usefixtures("own_output")

LONGEST = 20.0
"""Seconds after which a command that does not end is interrupted."""


class Silent(Server):
    """A server that answers nothing; the first request makes it close *reader*."""

    def __init__(self, reader):
        self._readers = [reader]
        super().__init__()
        self.url = f"ws://127.0.0.1:{self.port}/"

    def answer(self, request, stream):
        if self._readers:
            os.close(self._readers.pop())
        stream.recv(1)


@contextmanager
def piped_output(monkeypatch):
    """Standard output is a pipe in this context; yields the end that reads."""
    reading, writing = os.pipe()
    late = threading.Timer(LONGEST, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    late.start()
    out = open(writing, "w")  # noqa: SIM115 - closed below, where it may fail
    try:
        monkeypatch.setattr("sys.stdout", out)
        yield reading
    finally:
        late.cancel()
        monkeypatch.undo()
        with suppress(BrokenPipeError):
            out.close()


@pytest.mark.parametrize(
    "words",
    [
        ("connect",),
        ("connect", "--json", "ws://127.0.0.1:1/"),
        ("connect", "-s", "--save", "-"),
        ("compare", "--browser-mode"),
        ("trace",),
        ("watch", "--every", "1h"),
        ("talk",),
        ("talk", "-s"),
    ],
)
def test_it_ends_at_once(words, monkeypatch):
    with piped_output(monkeypatch) as reader, Silent(reader) as server:
        assert run([*words, "-m", "60", server.url]) == Exit.PIPE


def test_a_relay_ends_at_once(monkeypatch):
    def read_a_line(reader):
        with open(reader) as lines:
            lines.readline()

    with piped_output(monkeypatch) as reader:
        thread = threading.Thread(target=read_a_line, args=(reader,))
        thread.start()
        assert run(["relay", "--json", "ws://127.0.0.1:1/"]) == Exit.PIPE
        thread.join()


def test_it_goes_on_if_it_has_nothing_to_write(monkeypatch, tmp_path):
    with piped_output(monkeypatch) as reader, Silent(reader) as server:
        assert run(["connect", "-s", "--save", str(tmp_path / "kept"), "-m", "0.2", server.url]) == Exit.TIMEOUT
    assert (tmp_path / "kept").read_text().count("\n") == 1


def test_a_har_file_is_whole(monkeypatch, tmp_path):
    """With the exchanges that were reported, here none."""
    file = tmp_path / "a.har"
    with piped_output(monkeypatch) as reader, Silent(reader) as server:
        assert run(["connect", "--har", str(file), "-m", "60", server.url]) == Exit.PIPE
    assert file.read_text().rstrip().endswith("}")
