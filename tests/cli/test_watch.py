"""``wsprobe watch``: what it prints, keeps and ends with. Servers that change are scenarios played in turn."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from itertools import chain, repeat

import pytest
from msgspec.structs import replace

from tests.watch.played import OPEN, exchange
from wsprobe.cli.main import run
from wsprobe.exchange import Ended, Received
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit

QUICK = ("--every", "0.1", "--linger", "0.02")
Playing = Callable[..., None]


@pytest.fixture
def playing(monkeypatch):
    """``playing("status-403", OPEN)``: the server is that at the first probe, this at all later ones."""

    def play_in_turn(*names):
        turns = chain(names, repeat(names[-1]))

        async def asked(place, said, keep, ask):
            made = exchange(next(turns), place.url)
            keep(made)
            return made

        monkeypatch.setattr("wsprobe.cli.watch.probe_with_followups", asked)

    return play_in_turn


def watched(capsys, *words):
    status = run(["watch", *QUICK, *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def objects(lines):
    return [json.loads(line) for line in lines]


def test_a_line_a_change_and_a_summary(playing, capsys):
    playing(OPEN, OPEN, "status-403", "status-403", OPEN)
    status, lines, err = watched(capsys, "--count", "5", "ws://127.0.0.1/a")
    assert (status, err) == (Exit.OPEN, "")
    changes = [re.sub(r"after [\d.]+ s", "after N s", line) for line in lines[: lines.index("")]]
    assert changes == [
        "2026-11-26T12:00:00Z  open  ws://127.0.0.1/a",
        "2026-11-26T12:00:00Z  refused 403  ws://127.0.0.1/a  after N s open: outcome open -> refused; "
        "status 101 -> 403; finding status-not-101",
        "2026-11-26T12:00:00Z  open  ws://127.0.0.1/a  after N s refused 403: outcome refused -> open; "
        "status 403 -> 101; no longer status-not-101",
    ]
    assert lines[lines.index("") + 2] == "  5 probes, 60.00 % up, 2 changes"
    assert lines[-1].startswith("  median and 95th percentile in ms: resolve 0.1/0.1  connect 0.1/0.1  answer ")


def test_json_has_a_line_a_probe(playing, capsys):
    playing(OPEN, "status-403", "status-403")
    status, lines, _ = watched(capsys, "--count", "3", "--json", "ws://127.0.0.1/a")
    assert status == Exit.REFUSED
    told = objects(lines)
    assert [(each["outcome"], each["watch"]["probe"], each["watch"]["changed"]) for each in told] == [
        ("open", 1, True),
        ("refused", 2, True),
        ("refused", 3, False),
    ]
    assert told[1]["watch"]["changes"][0] == "outcome open -> refused"
    assert told[2]["watch"]["changes"] == []
    assert told[2]["watch"]["availability"] == pytest.approx(1 / 3, abs=1e-6)
    assert all(archive.load(line) for line in lines)


def test_changes_are_saved(playing, capsys, tmp_path):
    playing(OPEN, OPEN, "status-403", "status-403", "status-404")
    watched(capsys, "--count", "5", "--save", str(tmp_path / "kept"), "ws://127.0.0.1/a")
    statuses = [json.loads(line)["events"][-2]["data"] for line in (tmp_path / "kept").read_text().splitlines()]
    assert len(statuses) == 3
    assert run(["compare", "--browser-mode", str(tmp_path / "kept")]) == Exit.DIFFERENT


@pytest.mark.parametrize(
    ("turns", "words", "status", "probes"),
    [
        ((OPEN, "status-403"), ("--until", "outcome=refused"), Exit.OPEN, 2),
        ((OPEN, "status-403"), ("--until", "status=403", "--until", "outcome=open"), Exit.REFUSED, 4),
        ((OPEN,), ("--until", "status=403"), Exit.UNEXPECTED, 4),
        (("status-403",), ("--expect", "status=403"), Exit.OPEN, 4),
        (("status-403", OPEN), ("--expect", "status=403"), Exit.UNEXPECTED, 4),
        (("status-403", OPEN), (), Exit.OPEN, 4),
    ],
)
def test_the_status(playing, capsys, turns, words, status, probes):
    playing(*turns)
    found, lines, _ = watched(capsys, "--count", "4", "--json", "--brief", *words, "ws://127.0.0.1/")
    assert (found, len(lines)) == (status, probes)


def test_of_several_urls_all_must_meet_it(playing, capsys):
    """The turns are those of all probes together: the second of one URL is the first that both meet."""
    playing("status-403", OPEN, OPEN)
    words = ("--parallel", "1", "--until", "outcome=open", "ws://127.0.0.1/a", "ws://127.0.0.1/b")
    found, lines, _ = watched(capsys, "--json", "--brief", *words)
    told = objects(lines)
    assert found == Exit.OPEN
    assert told[0]["outcome"] == "refused"
    assert [each["outcome"] for each in told[-1:]] == ["open"]


def test_what_is_expected_is_what_is_up(playing, capsys):
    playing("status-403", OPEN)
    _, lines, _ = watched(
        capsys, "--count", "2", "--json", "--brief", "--expect", "status=403", "ws://127.0.0.1/"
    )
    assert [each["watch"]["up"] for each in objects(lines)] == [True, False]
    assert "expected met -> not met" in objects(lines)[1]["watch"]["changes"]


def test_a_url_named_twice_is_watched_once(playing, capsys):
    playing(OPEN)
    _, lines, err = watched(capsys, "--count", "1", "--json", "--brief", "ws://127.0.0.1/", "ws://127.0.0.1/")
    assert len(lines) == 1
    assert err == "wsprobe: 1 of the URLs is named twice, and watched once\n"


def test_a_session_that_is_held(capsys):
    words = ("--count", "1", "--hold", "0.2", "--json", "--brief", "--ping-interval", "0.1")
    status, lines, _ = watched(capsys, *words, "lab:/echo", "lab:close-4403")
    echo, closed = sorted(objects(lines), key=lambda each: str(each["name"]))
    assert status == Exit.CLOSED
    assert (echo["watch"]["held"]["way"], closed["watch"]["held"]["way"]) == ("held", "closed")
    assert echo["watch"]["held"]["seconds"] >= 0.2
    assert closed["watch"]["held"]["code"] == 4403
    assert [each["opcode"] for each in echo["session"]["frames"]].count(9) == 1


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["watch", "--listen", str(port), "lab:/echo"]) == Exit.USAGE
    assert capsys.readouterr().err == (
        f"wsprobe watch: --listen: 127.0.0.1:{port}: Address already in use (see wsprobe watch --help)\n"
    )


def test_a_list_with_a_line_that_is_no_url(playing, capsys, tmp_path):
    playing(OPEN)
    (tmp_path / "list").write_text("ws://127.0.0.1/\nhtpp://nowhere/\n")
    status, lines, err = watched(capsys, "--count", "1", "--json", "--brief", f"@{tmp_path}/list")
    assert (status, len(lines)) == (Exit.USAGE, 1)
    assert f"{tmp_path}/list, line 2" in err


def test_cookies_are_kept_at_the_end(playing, capsys, tmp_path):
    playing(OPEN)
    jar = tmp_path / "jar"
    (tmp_path / "old").write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\n")
    watched(capsys, "--count", "1", "-c", str(jar), "-b", str(tmp_path / "old"), "ws://127.0.0.1/")
    assert "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\n" in jar.read_text()


def test_a_disk_that_is_full(playing, capsys):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    playing(OPEN)
    status, lines, err = watched(capsys, "--save", "/dev/full", "ws://127.0.0.1/")
    assert status == Exit.USAGE
    assert err == "wsprobe watch: --save: /dev/full: No space left on device (see wsprobe watch --help)\n"
    assert lines[0].endswith("Z  open  ws://127.0.0.1/")
    assert "  1 probe, 100 % up, 0 changes" in lines


def test_secrets_are_in_nothing_that_is_printed(playing, capsys, tmp_path):
    playing(OPEN, "status-403")
    url = "ws://someone:sesame@127.0.0.1/a?token=opensesame"
    words = ("--count", "2", "--redact", "--save", str(tmp_path / "kept"), url)
    for more in ((), ("--json",)):
        _, lines, err = watched(capsys, *more, *words)
        assert "sesame" not in "".join(lines) + err
    assert "sesame" not in (tmp_path / "kept").read_text()


def started(*words):
    command = [sys.executable, "-m", "wsprobe", "watch", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.programs
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_last_summary(number):
    process = started("--every", "1h", "--linger", "0.02", "lab:status-403")
    first = process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "refused 403  lab:status-403" in first
    assert "  1 probe, 0 % up, 0 changes\n" in out
    assert err.strip() == ""  # click writes a line end for the ^C of a terminal


@pytest.mark.programs
def test_what_was_recorded_of_a_session_is_kept_when_it_is_cut_short(tmp_path):
    file = tmp_path / "kept"
    words = ("--hold", "1h", "--send", "hello", "--json", "--save", str(file), "--listen", "0", "lab:/echo")
    process = started(*words)
    assert "metrics at" in process.stderr.readline()
    # The lab is in the same process: its session is open when its echo has been recorded, and nothing shows
    # that from outside. A signal that comes earlier finds less, but a recording all the same.
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (Exit.INTERRUPTED, "")
    for line in (*out.splitlines(), *file.read_text().splitlines()):
        last = archive.load(line).events[-1]
        assert isinstance(last, Ended)
        assert last.how == "interrupted"


def test_a_session_that_is_held_when_a_signal_comes_is_told_of(monkeypatch, capsys):
    async def asked(place, said, keep, **more):
        held = exchange(OPEN, linger=60.0)
        opened = next(at for at, event in enumerate(held.events) if isinstance(event, Received))
        keep(replace(held, events=(*held.events[: opened + 1], Ended(20_000_000, "interrupted"))))
        raise KeyboardInterrupt

    monkeypatch.setattr("wsprobe.cli.watch.probe_with_followups", asked)
    status, lines, _ = watched(capsys, "--hold", "1m", "ws://127.0.0.1/")
    assert status == Exit.INTERRUPTED
    assert lines == [
        "ws://127.0.0.1/  interrupted 20 s after it opened, after 20 s without a frame",
        "",
        "ws://127.0.0.1/: no probe was completed",
    ]


@pytest.mark.programs
def test_on_a_terminal_a_table_is_drawn_over_itself():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wsprobe", "watch", *QUICK, "--count", "3", "lab:status-403", "lab:/echo"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    drawn = b""
    try:
        while data := os.read(ours, 65536):
            drawn += data
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == Exit.REFUSED
    text = drawn.decode()
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text[text.rindex("last change") :])
    assert re.search(r"lab:status-403 +refused 403 .*0 % of 3 +none", last)
    assert re.search(r"lab:/echo +open .*100 % of 3 +none", last)
    assert "median/95th percentile, ms" in last


@pytest.mark.programs
def test_metrics_are_served_while_it_lasts():
    process = started("--every", "1h", "--linger", "0.02", "--listen", "127.0.0.1:0", "lab:status-403")
    assert process.stderr is not None
    assert process.stdout is not None
    address = process.stderr.readline().removeprefix("wsprobe: metrics at ").strip()
    process.stdout.readline()
    with urllib.request.urlopen(address, timeout=60) as answer:
        text = answer.read().decode()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == Exit.TERMINATED
    assert 'probe_success{target="lab:status-403"} 0.0' in text
    assert 'wsprobe_outcome_info{outcome="refused",target="lab:status-403"} 1.0' in text


@pytest.mark.programs
def test_the_reader_of_the_output_goes_away():
    process = started("--every", "1h", "lab:status-403")  # an hour in which nothing is written
    assert process.stdout is not None
    assert process.stderr is not None
    assert "refused 403" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == Exit.PIPE
    assert process.stderr.read() == ""
    process.stderr.close()
