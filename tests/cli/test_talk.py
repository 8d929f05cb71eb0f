"""`wsprobe talk` in a pipe: lines become messages, messages become lines."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from functools import partial
from types import SimpleNamespace

import click
import pytest

from tests.cli.processes import started
from tests.exchanges import SAMPLE_OPENED
from wsprobe.cli.main import run
from wsprobe.cli.option import Size
from wsprobe.cli.talk_settings import TalkSettings
from wsprobe.cli.watch import HeldSession
from wsprobe.exchange import Ended, LeftOut, Limits, Received
from wsprobe.recording import archive
from wsprobe.report.report import report


@pytest.fixture
def typed():
    """The end of a pipe that stands for the keyboard; file descriptor 0 is the other one meanwhile."""
    before = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    yield writing
    os.dup2(before, 0)
    os.close(before)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4096b", 4096),
        ("3k", 3072),
        ("3 KiB", 3072),
        ("2m", 2 << 20),
        ("1GB", 1 << 30),
    ],
)
def test_a_number_of_bytes(text, size):
    assert Size().convert(text, None, None) == size


def test_the_largest_number_of_bytes():
    assert Size(most=1 << 20).convert("1m", None, None) == 1 << 20
    with pytest.raises(click.BadParameter, match="'1048577' is more than 1m"):
        Size(most=1 << 20).convert("1048577", None, None)


def test_the_size_of_a_body_has_a_suffix(capsysbinary):
    run(["connect", "-s", "--save", "-", "--max-body", "64K", "lab:status-403"])
    assert archive.load(capsysbinary.readouterr().out).plan.limits.max_body == 1 << 16


def test_all_held_sessions_have_the_same_limit_for_a_message():
    assert HeldSession(1.0, None).max_message == TalkSettings().max_message == 1 << 24


def said(typed, data):
    os.write(typed, data)
    os.close(typed)


def test_every_line_is_a_message_and_comes_back_raw(typed, capfd):
    lines = ['{"a": 1}', "/close 4001", "//", "/ping", "\x1b[1m", *map(str, range(1000))]
    said(typed, "\n".join(lines).encode())
    assert run(["talk", "-v", "--count", str(len(lines)), "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert out == "\n".join(lines) + "\n"
    assert "HTTP/1.1 101 Switching Protocols\n" in err
    size = len(out) - len(lines)
    sent, received = (f"{size + count * len(lines) + more}" for count, more in ((6, 8), (2, 4)))  # and a Close
    assert re.sub(r"[\d.]+ m?s$", "N", err.splitlines()[-1]) == (
        f"sent 1,005 messages ({size} bytes, {sent} bytes on the wire), "
        f"received 1,005 messages ({size} bytes, {received} bytes on the wire), in N"
    )


ORDER = ["--await", "hi", "--send", "b", "--await", "b", "--ping", "--send-hex", "63", "--await", "c"]
STOMP = b'CONNECT\naccept-version:1.2\n\n\0{"a":1}\0'


@pytest.mark.parametrize(
    ("data", "words", "status", "out", "told"),
    [
        (
            b"hello\n",
            ["--count", "1"],
            0,
            b"hello\n",
            "wsprobe closed, the server answered: 1000; sent 1 message (",
        ),
        (b"", ["lab:/close/4001?reason=bye"], 17, b"", 'the server closed: 4001 "bye"; sent 0 messages'),
        (STOMP, ["-s", "--null", "--jsonl", "--count", "2"], 2, b"", "leave --null out"),
        (STOMP, ["--null", "--count", "2"], 0, STOMP, "sent 2 messages (36 bytes"),
        (b"a\nb\0\0last", ["-s", "--null", "--count", "3"], 0, b"a\nb\0\0last\0", ""),
        (
            b"abcdef\n",
            ["--max-message", "3"],
            20,
            b"",
            "closed with 1009: a message of more than 3 bytes (--max-m",
        ),
        (b"abc\n", ["-v", "--binary", "--count", "1"], 0, b"abc\n", "< Binary 61 62 63"),
        (b"one\n", ["--count", "2", "--eof", "wait"], 20, b"one\n", "1 of 2 messages arrived (--count)\n"),
        (b"", ["--match", "x", "--eof", "close"], 20, b"", "no message matched --match"),
        (b"the loop's\n", ["-s", "--send", "hi", *ORDER], 0, b"hi\nb\nc\n", ""),
        (b"the loop's\n", ["-s", "--count", "1", "--send", "x"], 0, b"x\n", ""),
        (b"more\n", ["-s", "--count", "2", "--eof", "keep", "--send", "x"], 0, b"x\nmore\n", ""),
        (b"2\n", ["-s", "--answer", "2", "3", "--answer", "3", "4"], 0, b"2\n3\n4\n", ""),
        (b"one\ntwo\n", ["--wire", "hixie-76", "--count", "2", "-s"], 0, b"one\ntwo\n", ""),
        (b"one\n", ["--json", "--linger", "0.2"], 0, b'"outcome":"open"', '< Text "one"\n'),
        (
            b'{"send": "a"}\n{"await": "b"}\n{"send": "never"}\n',
            ["-s", "-S", "-m", "0.5", "--jsonl"],
            *(20, b'"text":"a"', 'wsprobe: no message with "b" arrived (await)\n'),
        ),
    ],
)
def test_a_session_in_a_pipe(data, words, status, out, told, typed, capfdbinary):
    said(typed, data)
    where = [] if words[0].startswith("lab:") else ["lab:/echo"]
    assert run(["talk", *words, *where]) == status
    printed, err = capfdbinary.readouterr()
    assert out in printed if out.startswith(b'"') else printed == out
    assert b"never" not in printed
    assert told.encode() in err
    assert told or err == b""


def test_connect_talk_is_the_same(typed):
    said(typed, b"one\n")
    assert run(["connect", "--count", "1", "--talk", "lab:/status/403"]) == 12


@pytest.mark.parametrize(
    ("words", "to_file", "told"),
    [
        ([], False, "wsprobe: message 2 has a line end in it: --null or --jsonl shows where it ends\n"),
        ([], True, ""),
        (["-s"], False, ""),
        (["--raw"], False, ""),
    ],
)
def test_messages_with_line_ends_get_a_word(typed, capfd, monkeypatch, words, to_file, told):
    """Where a program may take one message for two."""
    monkeypatch.setattr("wsprobe.cli.talk.stat", SimpleNamespace(S_ISREG=lambda mode: to_file))
    assert run(["talk", *words, "--send", "a", "--send", "b\nc", "--count", "2", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert out == ("ab\nc" if words == ["--raw"] else "a\nb\nc\n")
    assert (err[: err.find("open ")] if words != ["-s"] else err) == told


def test_objects_of_json_both_ways(typed, capfd):
    said(typed, b'{"send": "hi"}\n{"binary": "AAH/"}\n{"ping": "p"}\n{"close": 4001, "reason": "bye"}\n')
    assert run(["talk", "-s", "--jsonl", "lab:/echo"]) in (0, 17)
    out = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [each["event"] for each in out] == ["open", "message", "message", "pong", "close"]
    opened, text, binary, pong, close = out
    assert opened["url"].startswith("ws://127.0.0.1:")
    assert (text["size"], text["text"]) == (2, "hi")
    assert (binary["size"], binary["binary"]) == (3, "AAH/")
    assert (pong["size"], pong["text"]) == (1, "p")
    assert (close["code"], close["by"], close["clean"]) == (4001, "client", True)
    assert close["how"] in ("fin", "local")
    assert [each["at"] for each in out] == sorted(each["at"] for each in out)


def test_input_that_cannot_be_sent_ends_it_with_a_word(typed, capfd):
    said(typed, b'{"send": "hi"}\nhello\n')
    assert run(["talk", "-s", "--jsonl", "lab:/echo"]) == 2
    out, err = capfd.readouterr()
    assert err.startswith("wsprobe: line 2 of standard input: not JSON: ")
    assert len(err.splitlines()) == 1
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["code"], last["by"]) == ("close", 1000, "client")


def test_match_ends_it(typed, capfd):
    os.write(typed, b"one\ntwo 2\nthree\n")
    assert run(["talk", "-s", "--match", r"^\w+ \d$", "lab:/echo"]) == 0
    assert capfd.readouterr().out == "one\ntwo 2\n"
    os.close(typed)


@pytest.fixture
def waited(monkeypatch):
    """The pauses, which take no time."""
    pauses = []

    async def at_once(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("wsprobe.net.sleep", at_once)
    return pauses


def test_reconnects_wait_longer_each_time_and_are_reported(typed, capfd, tmp_path, waited):
    file = tmp_path / "all.jsonl"
    assert run(["talk", "--reconnect", "3", "--save", str(file), "lab:close-1012"]) == 17
    assert waited == [1.0, 2.0, 4.0]
    *lines, last = capfd.readouterr().err.splitlines()
    assert [line.partition(": reconnecting in ")[2] for line in lines] == [
        f"{seconds} s; reconnects left after this one: {left}" for seconds, left in ((1, 2), (2, 1), (4, 0))
    ]
    assert all("the server closed: 1012" in line for line in (*lines, last))
    kept = file.read_bytes().splitlines()
    assert len(set(kept)) == 4
    assert (
        len({report(archive.load(line)).reading.request.head.all(b"sec-websocket-key") for line in kept}) == 4
    )
    os.close(typed)


def test_a_normal_close_and_our_own_reconnect_nothing(typed, capfd, waited):
    assert run(["talk", "-s", "--reconnect", "3", "lab:ok"]) == 0
    assert run(["talk", "-s", "--reconnect", "3", "lab:status-503"]) == 13
    os.write(typed, b"x\n")
    assert run(["talk", "-s", "--reconnect", "3", "--count", "1", "lab:/echo"]) == 0
    assert waited == []
    os.close(typed)


SAMPLE = "dGhlIHNhbXBsZSBub25jZQ=="


def test_a_count_goes_over_all_sessions_and_a_failure_between_them(typed, capfd, waited, site):
    session, later = SAMPLE_OPENED + b"\x81\x02hi", b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"
    site.answers = [session, later, session]
    words = ["--ws-key", SAMPLE, "--no-compression", "--reconnect", "5", "--count", "2"]
    assert run(["talk", *words, f"ws://127.0.0.1:{site.port}/"]) == 0
    assert waited == [1.0, 2.0]
    captured = capfd.readouterr()
    assert captured.out == "hi\nhi\n"
    assert "without a Close: reconnecting in 1 s" in captured.err
    assert "wsprobe: server-error 503: reconnecting in 2 s" in captured.err
    assert "received 2 messages (4 bytes, 8 bytes on the wire)" in captured.err
    os.close(typed)


def test_files_and_frames_by_hand(typed, capfd, tmp_path):
    (tmp_path / "text").write_bytes("é".encode())
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    os.close(typed)
    files = [word for name in ("text", "bytes") for word in ("--send-file", str(tmp_path / name))]
    frames = ["--send-frame", "opcode=text payload=whole", "--send-frame", "fin=0 payload=a"]
    frames += ["--send-frame", "opcode=continuation payload=b"]
    assert run(["talk", "-v", *files, *frames, "--count", "4", "lab:/echo"]) == 0
    err = capfd.readouterr().err
    assert '< Text "é"\n' in err
    assert "< Binary ff 00\n" in err
    assert '> Text "a" (not final)\n> Continuation "b"\n' in err
    assert '< Text "a" (not final)\n< Continuation "b"\n' in err


def test_on_a_terminal_what_comes_is_made_visible(typed, monkeypatch, capfd):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    said(typed, b"\x1b[2Jone\n")
    assert run(["talk", "--color", "never", "--count", "1", "lab:/echo"]) == 0
    out = capfd.readouterr().out
    assert out.startswith('< Text "\\x1b[2Jone"\n')
    assert "\x1b" not in out


def test_each_connection_is_heard_from_its_begin(typed, capfd):
    """After a redirect, and with a second URL."""
    os.close(typed)
    assert run(["talk", "-L", "--jsonl", "-s", "lab:302-ws", "lab:close-4403"]) == 17
    out = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert out[-1]["code"] == 4403
    assert {each["event"] for each in out} <= {"open", "message", "close"}


def test_a_close_that_was_asked_for_is_not_put_down_to_linger(typed, capfd):
    said(typed, b"one\n")
    assert run(["talk", "-v", "--count", "1", "--linger", "50", "lab:/echo"]) == 0
    told = capfd.readouterr().err
    assert re.search(r"wsprobe closed the session first, after [\d.]+ ms\b", told)
    assert "--linger" not in told


def test_over_http2(typed, capfd):
    said(typed, b'{"send": "one"}\n')
    assert run(["talk", "--http2", "--jsonl", "-s", "lab:h2-on"]) == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [each["event"] for each in told] == ["open", "message", "close"]
    assert (told[1]["text"], told[2]["code"], told[2]["by"]) == ("hi", 1000, "server")


def test_over_http2_the_limit_is_named(typed, monkeypatch, capfd):
    monkeypatch.setattr("wsprobe.cli.talk.OVER_HTTP2", 200_000)
    run(["talk", "--http2", "--eof", "keep", "lab:h2-data-without-end"])
    assert "at its limit of 200000 bytes after the 200, because it records all" in capfd.readouterr().err
    os.close(typed)


def test_a_time_limit_that_was_given_holds_for_the_session(typed, capfd):
    assert run(["talk", "-m", "0.3", "lab:/echo"]) == 0
    assert "maximum time" not in capfd.readouterr().out
    os.close(typed)


def test_without_one_the_handshake_is_bounded_all_the_same(typed, monkeypatch, capfd):
    monkeypatch.setattr("wsprobe.cli.route_settings.Limits", partial(Limits, max_time=0.3))
    assert run(["talk", "lab:silence"]) == 7
    assert "took longer than 0.3 s" in capfd.readouterr().err
    os.close(typed)


def test_a_saved_session_is_read_back(typed, capfd, tmp_path):
    path = tmp_path / "session.jsonl"
    os.close(typed)
    words = ["--send", "hello", "--count", "1", "--save", str(path), "-s"]
    assert run(["talk", *words, "lab:/echo"]) == 0
    assert run(["talk", *words, "lab:/echo"]) == 0
    first, second = path.read_text().splitlines()
    for line in (first, second):
        made = report(archive.load(line))
        assert made.outcome == "open"
        assert [frame.data for frame in made.reading.session.frames] == [b"hello", b"\x03\xe8"]
    assert archive.dump(archive.load(first)) != archive.dump(archive.load(second))
    assert run(["compare", str(path)]) == 0


def test_a_saved_session_is_bounded(typed, capfd, tmp_path):
    path, lines = tmp_path / "session.jsonl", tmp_path / "lines"
    lines.write_bytes((b"y" * 99 + b"\n") * 10_000)
    os.close(typed)
    given = os.open(lines, os.O_RDONLY)
    os.dup2(given, 0)
    os.close(given)
    assert run(["talk", "--save", str(path), "--save-max", "10k", "--count", "10000", "-s", "lab:/echo"]) == 0
    assert path.stat().st_size < 900_000
    exchange = archive.load(path.read_text())
    assert sum(event.bytes_received for event in exchange.events if isinstance(event, LeftOut)) > 10_000
    made = report(exchange)
    assert made.outcome == "open"
    assert [each.id for each in made.verdict.findings if each.level == "fail"] == []


program = partial(started, "talk", stdin=subprocess.PIPE, text=False)


@pytest.mark.programs
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_close_and_a_report(number, status):
    with program("lab:/echo") as talking:
        talking.stdin.write(b"one\n")
        talking.stdin.flush()
        assert talking.stdout.readline() == b"one\n"
        talking.send_signal(number)
        out, err = talking.communicate(timeout=20)
    assert out == b""
    assert talking.returncode == status
    assert err.startswith(b"open  lab:/echo: wsprobe closed, the server answered: 1000; sent 1 message (3 ")
    assert err.count(b"\n") == 1


@pytest.mark.programs
def test_after_a_signal_jsonl_ends_with_the_close():
    with program("--jsonl", "lab:/echo") as talking:
        assert json.loads(talking.stdout.readline())["event"] == "open"
        talking.send_signal(signal.SIGINT)
        out, _ = talking.communicate(timeout=20)
    assert talking.returncode == 130
    (close,) = map(json.loads, out.splitlines())
    assert (close["event"], close["by"], close["how"]) == ("close", "client", "interrupted")


@pytest.mark.programs
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path):
    """What was recorded until then is saved whole."""
    file = tmp_path / "saved.jsonl"
    with program("-s", "--eof", "keep", "--save", str(file), "lab:/echo") as talking:
        talking.stdin.write(b"one\n")
        talking.stdin.flush()
        assert talking.stdout.readline() == b"one\n"
        talking.stdout.close()
        talking.stdin.write(b"two\n")
        talking.stdin.flush()
        assert talking.wait(20) == 141
        assert talking.stderr.read() == b""
    (saved,) = file.read_text().splitlines()
    exchange = archive.load(saved)
    assert exchange.events[-1] == Ended(exchange.events[-2].at, "interrupted")
    assert b"one" in b"".join(event.data for event in exchange.events if isinstance(event, Received))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--save", "-"), '{"format":'),
        (("--json",), '{"format":'),
        (("-w", "%{outcome}\n"), "open"),
        (("-i",), "HTTP/1.1 101 Switching Protocols"),
    ],
)
def test_where_an_option_prints_messages_go_to_standard_error(words, line, typed, capfd):
    said(typed, b"a message\n")
    assert run(["talk", *words, "--count", "1", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith(line)
    assert "\na message\n" not in f"\n{out}"
    assert "a message" in err
