"""`--talk`: lines become messages, what comes is shown as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from wsprobe.cli.main import run
from wsprobe.cli.talk import act
from wsprobe.exchange import Act


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"hello", Act("time", "text", b"hello")),
        (b"", Act("time", "text", b"")),
        (b"/ping", Act("time", "ping", b"")),
        (b"/ping a b", Act("time", "ping", b"a b")),
        (b"/close", Act("time", "close", b"", 1000)),
        (b"/close 4001", Act("time", "close", b"", 4001)),
        (b"/close 4001 good bye", Act("time", "close", b"good bye", 4001)),
        (b"/close 99999", Act("time", "text", b"/close 99999")),
        (b"//close", Act("time", "text", b"/close")),
        (b"/unknown", Act("time", "text", b"/unknown")),
    ],
)
def test_a_line_is_a_message_or_what_its_slash_names(line: bytes, wanted: Act) -> None:
    assert act(Act("time", "text", line)) == wanted


@pytest.fixture
def typed() -> Iterator[int]:
    """The end of a pipe that stands for the keyboard; file descriptor 0 is the other one meanwhile."""
    before = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    yield writing
    os.dup2(before, 0)
    os.close(before)


def test_talk_with_an_echo(typed: int, capfd: pytest.CaptureFixture[str]) -> None:
    os.write(typed, b"one\n//two\n/close 4001 bye\n")
    os.close(typed)
    status = run(["connect", "--talk", "lab:/echo"])
    out = capfd.readouterr().out
    assert out.startswith('< Text "one"\n< Text "/two"\n')
    assert '> Close 4001 "bye"\n' in out
    assert status == 0


def test_each_connection_is_heard_from_its_begin(typed: int, capfd: pytest.CaptureFixture[str]) -> None:
    """After a redirect, and with a second URL, an answer's head must not be taken for frames."""
    os.close(typed)
    assert run(["connect", "--talk", "-L", "lab:302-ws", "lab:close-4403"]) == 17
    out = capfd.readouterr().out
    frames = [line for line in out.splitlines() if line.startswith("< ")]
    assert frames
    assert not [line for line in frames if "HTTP" in line or "not final" in line]
    assert "Close 4403" in out


def test_what_comes_leaves_standard_output_to_json(typed: int, capfd: pytest.CaptureFixture[str]) -> None:
    os.write(typed, b"one\n/close\n")
    os.close(typed)
    assert run(["connect", "--talk", "--json", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["outcome"] == "open"
    assert err.startswith('< Text "one"\n')
