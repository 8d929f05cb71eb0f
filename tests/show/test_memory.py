"""One report of a session as large as is kept by default: how much memory the whole process takes for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from wsprobe.exchange import Ended, Exchange, Limits, Plan, Received, Sent
from wsprobe.read.tokens import expected_accept
from wsprobe.recording import archive
from wsprobe.request import opening, target

MOST = 100
"""MiB."""
KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
CHILD = """
import sys
import wsprobe.cli.main, wsprobe.net
from wsprobe.recording.archive import load
from wsprobe.report.report import report
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import pieces
sys.stdout.writelines(pieces(report_value(report(load(open(sys.argv[1]).read())))))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
"""
"""All that ``connect`` loads, and what it does when the session has ended."""
FRAMES = {
    "large": b"\x82\x7e\xff\xff" + b"x" * 0xFFFF,
    "as many as are read": b"\x82\x50" + b"x" * 0x50,
}


@pytest.mark.programs
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak is told by Linux")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_report_of_a_full_session(frame, tmp_path):
    to = target.parse("ws://server.example/")
    plan = Plan(to, opening.request(to, opening.Offer(key=KEY)))
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += b"Sec-WebSocket-Accept: " + expected_accept(KEY.encode()) + b"\r\n\r\n"
    flood = frame * (Limits().max_session // len(frame))
    reads = [Received(3, flood[at : at + 65536]) for at in range(0, len(flood), 65536)]
    file = tmp_path / "one.jsonl"
    exchange = Exchange(plan, (Sent(1, plan.request), Received(2, head), *reads, Ended(4, "limit")))
    file.write_text(archive.dump(exchange) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout) > 2 * len(flood)
    peak = int(done.stderr) / 1024
    assert peak < MOST
