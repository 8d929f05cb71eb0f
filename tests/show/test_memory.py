"""One report of a session as large as is kept by default: how much memory the whole process takes for it."""

import os
import subprocess
import sys

import pytest

from tests.exchanges import OPENED, exchange, plan
from wsprobe.exchange import Limits
from wsprobe.recording import archive

MOST = 100
"""MiB."""
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
FRAMES = {"large": b"\x82\x7e\xff\xff" + b"x" * 0xFFFF, "as many as are read": b"\x82\x50" + b"x" * 0x50}


@pytest.mark.programs
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak is told by Linux")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_report_of_a_full_session(frame, tmp_path):
    flood = frame * (Limits().max_session // len(frame))
    reads = (flood[at : at + 65536] for at in range(0, len(flood), 65536))
    file = tmp_path / "one.jsonl"
    file.write_text(archive.dump(exchange(plan(), OPENED, *reads, how="limit")) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout) > 2 * len(flood)
    peak = int(done.stderr) / 1024
    assert peak < MOST
