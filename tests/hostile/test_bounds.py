"""What each command takes of memory before servers that mean harm: its processes together stay below 100 MiB.
Of time, what may be counted is: each ends by itself, and says so with a status of the table."""

import os
import select
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from tests.cases import part
from tests.hostile import timed
from tests.hostile.servers import SERVERS, serving
from tests.hostile.sweep import COMMANDS, OVER_HTTP2
from wsprobe.report.outcome import TABLE, Exit

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process is read from /proc"),
]

MOST = 100
"""MiB."""
OFTEN = 0.05
"""Seconds between two looks at the processes."""
SECONDS = "2"
"""-m, for each exchange."""
LONGEST = 120.0
"""Seconds, on a machine that has much else to do."""

SAVING = ("connect", "-L", "--report", "report.html", "--har", "har.json", "--save", "saved")
MASKED = ("compare", "--browser-mode", "--redact", "-b", "sid=abcdef123456")
PAGES = ("-s", "--report", "report.html", "--report", "report.md")
EVERY_VIEW = ("compare", "--json", "--browser", "all,clients")
ALONE = [command for command in COMMANDS if command != "relay"]
"""Commands that wait for no client. Each server meets one of them, the next server the next."""
RUNS = [
    *(
        pytest.param(COMMANDS[command], name, id=f"{command}: {name}")
        for number, (name, server) in enumerate(SERVERS.items())
        for of in [OVER_HTTP2 if server.http2 else ALONE]
        for command in part(of, len(of), number)
    ),
    pytest.param(SAVING, "redirects with cookies", id="connect -L, files"),
    pytest.param(SAVING, "fields of different names", id="connect, files"),
    pytest.param(SAVING, "cookies, and messages that inflate", id="connect, files: cookies"),
    pytest.param(EVERY_VIEW, "content codings, and a body", id="compare, every view: a body"),
    pytest.param(EVERY_VIEW, "small frames", id="compare, every view: frames"),
    pytest.param(("compare", "--browser-mode", *PAGES), "a Location of 2 MB", id="compare, pages: a Location"),
    pytest.param(("talk", "--eof", "keep", *PAGES), "HTTP/2: many frames in a DATA", id="talk, pages: frames"),
    pytest.param((*MASKED, "-s", "--har", "har.json"), "a text of escapes", id="compare, HAR: a text"),
    pytest.param((*MASKED, "--json"), "cookies, and messages that inflate", id="compare, masked: cookies"),
    pytest.param((*MASKED, "--json"), "a Location of 2 MB", id="compare, masked: a Location"),
]


def peak(pid):
    """MiB that this process and those below it have taken at most, each."""
    most = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(OSError, StopIteration):
                most += timed.peak(each.pid)
    return most


@pytest.mark.parametrize(("words", "name"), RUNS)
def test_memory_and_status(words, name, tmp_path):
    server = SERVERS[name]
    with serving(server) as port:
        words = [*words, "-m", SECONDS, *(["--http2-prior-knowledge"] if server.http2 else [])]
        process = subprocess.Popen(
            [sys.executable, "-m", "wsprobe", *words, f"ws://127.0.0.1:{port}/"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        ended = os.pidfd_open(process.pid)
        most, looks = 0.0, 0
        while not select.select([ended], [], [], OFTEN)[0] and looks < LONGEST / OFTEN:
            most, looks = max(most, peak(process.pid)), looks + 1
        os.close(ended)
        process.kill()
        said = process.stderr.read().decode()
        process.stderr.close()
        status = process.wait()
    assert status in {int(row.status) for row in TABLE} - {Exit.USAGE, Exit.BUG}, said
    assert "Traceback" not in said
    assert most < MOST
