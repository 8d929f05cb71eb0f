"""What real servers answer: the rows of answers/*.txt. A server that is not installed leaves out its rows."""

import pytest

from tests.peers.answers import called, cases
from tests.peers.program import ended


@pytest.mark.parametrize(
    "row", cases("http2", "node", "old_versions", "proxies", "python", "tls", "told"), ids=str
)
def test_a_real_server_answers_so(row, peers):
    """A difference on purpose is written by ``python -m tests.peers.answers``, and read as a diff."""
    row.check(peers)


@pytest.mark.parametrize(("path", "status"), [("/echo", 0), ("/refuse", 11), ("/close", 17)])
def test_as_a_program(path, status, peers):
    """In a process of its own, with nothing on standard error and the exit status for scripts."""
    done = ended("connect", f"ws://{peers.at('websockets')}{path}")
    assert (done.returncode, done.stderr) == (status, "")
    assert "\n\nHTTP/1.1 " in done.stdout


@pytest.mark.parametrize("wire", ["hybi-05", "hybi-06"])
@pytest.mark.parametrize("size", [126, 70_000])
def test_long_frames_under_a_whole_mask(wire, size, peers):
    """The length is masked as well."""
    told = called("connect", f"ws://{peers.at('em-websocket')}/", "--wire", wire, "--send", "x" * size)
    assert [each["length"] for each in told.value["session"]["frames"] if each["opcode"] == 1] == [size, size]
