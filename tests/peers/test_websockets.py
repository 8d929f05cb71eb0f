"""The Python package websockets on its own: what it refuses, and what it says it missed."""

import subprocess
import sys

import pytest

from tests.peers.place import HOST, PATIENCE, UNTIL_ENDED
from tests.peers.witness import by_socket

ASKED_WRONGLY = {
    "no key": (("-H", "Sec-WebSocket-Key:"), 400, "missing Sec-WebSocket-Key header"),
    "a bad key": (("--ws-key", "short"), 400, "invalid Sec-WebSocket-Key header"),
    "another version": (("--ws-version", "12"), 400, "invalid Sec-WebSocket-Version header"),
    "no Upgrade": (("-H", "Upgrade:"), 426, "missing Upgrade header"),
    "Connection: close": (("-H", "Connection: close"), 426, "invalid Connection header: close"),
    "HTTP/1.0": (("--http-version", "1.0"), 505, "unsupported HTTP version: HTTP/1.0"),
}
"""Name -> options, status, words in the body."""


@pytest.mark.parametrize("name", ASKED_WRONGLY)
def test_asked_wrongly(upstream, probe, name):
    options, status, words = ASKED_WRONGLY[name]
    told = probe(f"ws://{HOST}:{upstream}/echo", *options)
    assert told.answer.status == status
    assert words in told.answer.body.decode()
    assert told.answer == by_socket(upstream, told.request)


def test_refusal(upstream, probe):
    told = probe(f"ws://{HOST}:{upstream}/refuse")
    assert (told.outcome, told.answer.body) == ("unauthorized", b"token expired\n")
    assert told.answer == by_socket(upstream, told.request)


def test_session(upstream, probe):
    told = probe(f"ws://{HOST}:{upstream}/echo", "--send", "hello", "--send-hex", "00ff", "--ping")
    assert (told.outcome, told.failed) == ("open", set())
    came = [frame["opcode"] for frame in told.value["session"]["frames"] if frame["from"] == "server"]
    # Text, binary, Pong, Close: the Pong may overtake what the echo is still thinking about.
    assert (sorted(came), came[-1]) == ([1, 2, 8, 10], 8)
    assert told.answer == by_socket(upstream, told.request)


def test_close(upstream, probe):
    told = probe(f"ws://{HOST}:{upstream}/close", *UNTIL_ENDED)
    close = told.value["close"]
    assert (told.exit_status, close["code"], close["reason"], close["by"]) == (17, 4403, "no entry", "server")


@pytest.mark.programs
@pytest.mark.parametrize(("path", "status"), [("/echo", 0), ("/refuse", 11), ("/close", 17)])
def test_as_a_program(upstream, path, status):
    """In a process of its own, with nothing on standard error and the exit status for scripts."""
    command = [sys.executable, "-m", "wsprobe", "connect", f"ws://{HOST}:{upstream}{path}"]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * PATIENCE)
    assert (done.returncode, done.stderr) == (status, b"")
    assert b"\n\nHTTP/1.1 " in done.stdout
