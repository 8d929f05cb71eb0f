"""`wsprobe talk` with servers that nobody here wrote: what is said comes back, whatever and however much."""

import json
import os
import subprocess
import threading
from base64 import b64decode, b64encode
from contextlib import contextmanager

import pytest

from tests.cases import ALL
from tests.peers.echoes import NAMES, echo
from tests.peers.program import WSPROBE
from wsprobe.cli.main import run

pytestmark = pytest.mark.programs

PATIENCE = 300.0
"""Seconds for one run. 100,000 messages took the slowest of these servers 40 s of a busy machine."""
CODES = (1000, 1001, 1003, 1008, 1011, 3000, 3999, 4000, 4403, 4999)
"""Codes that each of these libraries lets an application give."""


@pytest.fixture(scope="module", params=NAMES)
def server(request):
    with echo(request.param) as url:
        yield url


def talk_as_process(*words, given=b""):
    return subprocess.run(
        [*WSPROBE, "talk", "-s", *words],
        input=given,
        capture_output=True,
        timeout=PATIENCE,
    )


@contextmanager
def typed(given):
    """File descriptor 0 is a pipe that has *given* in it."""
    before = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)

    def write():
        with open(writing, "wb") as pipe:
            pipe.write(given)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        os.dup2(before, 0)  # which ends a write that nobody reads
        os.close(before)
        thread.join()


@pytest.fixture
def talk(capfdbinary):
    """The same in this process: a process each would take most of the time of these tests."""

    def talked(*words, given=b""):
        with typed(given):
            status = run(["talk", "-s", *words])
        return subprocess.CompletedProcess(words, status, *capfdbinary.readouterr())

    return talked


@pytest.mark.parametrize("compression", [(), ("--compress-from", "0"), ("--no-compression",)], ids=" ".join)
def test_texts_binaries_and_empty_ones(server, compression, talk):
    texts = ["hello", "é" * 100, "", "x" * 70_000, json.dumps({"a": [1] * 1000}), "hello"]
    binaries = [b"\xff\x00", b"", os.urandom(70_000)]
    said = [{"send": text} for text in texts]
    said += [{"binary": b64encode(data).decode()} for data in binaries]
    given = "".join(json.dumps(each) + "\n" for each in said).encode()
    done = talk("--jsonl", "--count", str(len(said)), *compression, f"{server}/", given=given)
    assert (done.returncode, done.stderr) == (0, b"")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    messages = [each for each in events if each["event"] == "message"]
    assert [each["text"] for each in messages[: len(texts)]] == texts
    assert [b64decode(each["binary"]) for each in messages[len(texts) :]] == binaries
    assert events[-1]["code"] == 1000
    assert events[-1]["clean"]


def test_one_message_of_16_mib(server):
    line = (b"0123456789abcdef" * (1 << 20))[:-1]
    done = talk_as_process("--count", "1", f"{server}/", given=line + b"\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == line + b"\n"


def test_in_fragments(server, talk):
    lines = b"".join(b"line %d\n" % n for n in range(100)) + b"y" * 5000 + b"\n"
    done = talk("--fragments", "3", "--count", "101", f"{server}/", given=lines)
    assert (done.returncode, done.stdout) == (0, lines)


@pytest.mark.long
def test_many_small_messages(server):
    many = 100_000 if ALL else 20_000
    lines = b"".join(b'{"number": %d}\n' % n for n in range(many))
    done = talk_as_process("--count", str(many), f"{server}/", given=lines)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == lines


@pytest.mark.parametrize("code", CODES)
def test_every_close_code(server, code, talk):
    done = talk("--jsonl", f"{server}/{code}", given=b'{"send": "close"}\n')
    close = json.loads(done.stdout.splitlines()[-1])
    assert (close["code"], close["by"], close["clean"]) == (code, "server", True)
    assert close["reason"] == "said so"
    assert done.returncode == (0 if code == 1000 else 17)


@pytest.mark.parametrize("code", [1000, 3000, 4001])
def test_we_close(server, code, talk):
    done = talk("--jsonl", f"{server}/", given=b'{"send": "a"}\n{"close": %d, "reason": "bye"}\n' % code)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["event"] for each in events][-1] == "close"
    assert (events[-1]["by"], events[-1]["clean"]) == ("client", True)
