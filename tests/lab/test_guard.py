"""What ends a command that the guard runs, and what is left then."""

import os
import subprocess
import sys

import pytest

from wsprobe.lab import guard

pytestmark = pytest.mark.programs

ENDS = {
    # the command; what comes on standard input, whose end it is if nothing; the guard's seconds, and its status
    "the command ends": ("exit 0", b"x", 60, 0),
    "the command fails, and words on standard input are no end": ("sleep 0.3; exit 3", b"x", 60, 1),
    "the command is killed": ("kill -9 $$", b"x", 60, 1),
    "whoever started it is gone": ("sleep 9; exit 3", b"", 60, 0),
    "its time is over": ("sleep 9; exit 3", b"x", 0.1, 0),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_ends_a_command(case, tmp_path):
    """Standard output is open as long as any process below the guard runs."""
    command, words, seconds, status = ENDS[case]
    home = tmp_path / "home"
    home.mkdir()
    line = [
        sys.executable,
        "-I",
        guard.__file__,
        str(seconds),
        home,
        "sh",
        "-c",
        f"setsid sleep 99 & {command}",
    ]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        process.stdin.write(words)
        if not words:
            process.stdin.close()
        assert process.wait() == status
        os.set_blocking(process.stdout.fileno(), False)
        assert process.stdout.read() == b""
    assert not home.exists()
