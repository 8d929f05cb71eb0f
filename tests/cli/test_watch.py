"""``wsprobe watch``: what it prints, keeps and ends with. Servers that change are scenarios played in turn."""

import os
import re
import signal
import socket
import urllib.request

import pytest
from msgspec.structs import replace

from tests.cli.processes import COMMAND, started
from tests.cli.terminal import Terminal
from tests.watch.played import OPEN, exchange
from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run
from wsprobe.exchange import Ended, Received
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit

QUICK = ("--every", "0.1", "--linger", "0.02")


def watched(capsys, *words):
    status = run(["watch", *QUICK, *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_a_port_that_is_taken(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        err = refused("watch", "--listen", str(port), "lab:/echo")
    assert err == (
        f"wsprobe watch: --listen: 127.0.0.1:{port}: Address already in use (see wsprobe watch --help)\n"
    )


def test_a_disk_that_is_full(capsys):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    status, lines, err = watched(capsys, "--save", "/dev/full", "lab:echo-any-version")
    assert status == Exit.USAGE
    assert err == "wsprobe watch: --save: /dev/full: No space left on device (see wsprobe watch --help)\n"
    assert lines[0].endswith("Z  open  lab:echo-any-version")
    assert "  1 probe, 100 % up, 0 changes" in lines


@pytest.mark.programs
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_last_summary(number):
    process = started("watch", "--every", "1h", "--linger", "0.02", "lab:status-403")
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
    process = started("watch", *words)
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


def test_a_session_that_is_held_when_a_signal_comes_is_told_of(capsys):
    class Interrupted(Environment):
        async def probe(self, plan, watch, talk, keep):
            held = exchange(OPEN, linger=60.0)
            opened = next(at for at, event in enumerate(held.events) if isinstance(event, Received))
            keep(replace(held, events=(*held.events[: opened + 1], Ended(20_000_000, "interrupted"))))
            raise KeyboardInterrupt

    status = run(["watch", "--hold", "1m", "ws://127.0.0.1/"], Interrupted())
    lines = capsys.readouterr().out.splitlines()
    assert status == Exit.INTERRUPTED
    assert lines == [
        "ws://127.0.0.1/  interrupted 20 s after it opened, after 20 s without a frame",
        "",
        "ws://127.0.0.1/: no probe was completed",
    ]


@pytest.mark.programs
def test_on_a_terminal_a_table_is_drawn_over_itself():
    environment = os.environ | {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    words = ("watch", *QUICK, "--count", "3", "lab:status-403", "lab:/echo")
    with Terminal([*COMMAND, *words], environment) as terminal:
        text = terminal.drawn()
        assert terminal.process.wait(60) == Exit.REFUSED
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text[text.rindex("last change") :])
    assert re.search(r"lab:status-403 +refused 403 .*0 % of 3 +none", last)
    assert re.search(r"lab:/echo +open .*100 % of 3 +none", last)
    assert "median/95th percentile, ms" in last


@pytest.mark.programs
def test_metrics_are_served_while_it_lasts():
    process = started("watch", "--every", "1h", "--linger", "0.02", "--listen", "127.0.0.1:0", "lab:status-403")
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
    process = started("watch", "--every", "1h", "lab:status-403")  # an hour in which nothing is written
    assert "refused 403" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == Exit.PIPE
    assert process.stderr.read() == ""
    process.stderr.close()
