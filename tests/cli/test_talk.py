"""`--talk`: lines become messages, what comes is shown as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial

import pytest

from wsprobe.cli.main import run
from wsprobe.cli.talk import act
from wsprobe.exchange import Act, Limits


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


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)


def test_talk_with_an_echo(
    typed: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch)
    os.write(typed, b"one\n//two\n/close 4001 bye\n")
    os.close(typed)
    status = run(["connect", "--talk", "--color", "never", "lab:/echo"])
    out = capfd.readouterr().out
    assert out.startswith('< Text "one"\n< Text "/two"\n')
    assert '> Close 4001 "bye"\n' in out
    assert status == 0


def test_each_connection_is_heard_from_its_begin(
    typed: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """After a redirect, and with a second URL, an answer's head must not be taken for frames."""
    at_a_terminal(monkeypatch)
    os.close(typed)
    assert run(["connect", "--talk", "-L", "lab:302-ws", "lab:close-4403"]) == 17
    out = capfd.readouterr().out
    frames = [line for line in out.splitlines() if line.startswith("< ")]
    assert frames
    assert not [line for line in frames if "HTTP" in line or "not final" in line]
    assert "Close 4403" in out


def test_what_comes_leaves_standard_output_to_json(typed: int, capfd: pytest.CaptureFixture[str]) -> None:
    os.write(typed, b"one\n")
    os.close(typed)
    assert run(["connect", "--talk", "--json", "--linger", "0.2", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["outcome"] == "open"
    assert err.startswith('< Text "one"\n')


def test_in_a_pipe_every_line_is_a_message_and_comes_back_raw(
    typed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = ['{"a": 1}', "/close 4001", "//", "/ping", "\x1b[1m", *map(str, range(1000))]
    os.write(typed, "\n".join(lines).encode())
    os.close(typed)
    assert run(["connect", "--talk", "--linger", "0.2", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert out == "\n".join(lines) + "\n"
    assert "HTTP/1.1 101 Switching Protocols\n" in err
    assert "\nopen: " in err


def test_a_time_limit_that_was_given_holds_for_the_session(
    typed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["connect", "--talk", "-m", "0.3", "lab:/echo"]) == 0
    assert "maximum time" not in capfd.readouterr().out
    os.close(typed)


def test_without_one_the_handshake_is_bounded_all_the_same(
    typed: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wsprobe.cli.options.Limits", partial(Limits, max_time=0.3))
    assert run(["connect", "--talk", "lab:silence"]) == 7
    assert "a time limit ran out" in capfd.readouterr().err
    os.close(typed)
