"""Explaining loads no network library and no renderer."""

import subprocess
import sys

import pytest

HEAVY = ("trio", "ssl", "socket", "rich", "h11", "asyncio", "ada_url", "idna")
PROGRAM = """
import sys
from wsprobe import explain
for topic in sys.argv[1:]:
    explain.text(explain.find(topic))
print(*sorted(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.programs
@pytest.mark.parametrize(
    "topics",
    [
        ["1006", "403", "exit", "refused"],
        ["accept-mismatch"],
        ["hybi-07", "history", "rfc6455-4.1", "is-403-among-them"],
        ["Error during WebSocket handshake: Unexpected response code: 403"],
        ["lab:403"],
    ],
    ids=["codes", "finding", "history", "console", "scenario"],
)
def test_what_is_imported(topics):
    program = PROGRAM.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program, *topics], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


@pytest.mark.programs
def test_importing_it_reads_no_data():
    program = "import sys, wsprobe.explain, wsprobe.history; print('tomllib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
