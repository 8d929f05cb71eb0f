"""What ends a browser that the guard runs: played, without a process."""

import itertools
import signal
from types import SimpleNamespace

import pytest

from wsprobe.lab import guard

ENDS = {
    # what each look at standard input finds; looks at the command until it has ended, and how; looks in all
    "the command ends": ([None, None, None], 2, 0, 2),
    "the command is killed": ([None, None, None], 2, -9, 2),
    "whoever started it is gone": ([None, b""], 9, 0, 2),
    "words on standard input are no end": ([b"x", b"x", None, b""], 9, 0, 4),
    "its time is over": ([None] * 9, 9, 0, 4),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_ends_a_command(case, monkeypatch, tmp_path):
    looks, running, status, seen = ENDS[case]
    done = []
    polls, clock, inputs = itertools.count(), itertools.count(100), iter(looks)
    child = SimpleNamespace(pid=7, returncode=None)
    found = []

    def poll():
        child.returncode = None if next(polls) < running else status
        return child.returncode

    def select(*given):
        done.append("look")
        data = next(inputs)
        found.append(data or b"")
        return ([] if data is None else [0]), [], []

    def signal_(number, _):
        done.append(number)

    def popen(command, **_):
        done.append(command)
        child.poll = poll
        return child

    def killpg(*given):
        done.append(given)

    numbers = {name: getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL")}
    for name, value in (
        ("ctypes", SimpleNamespace(CDLL=lambda _: SimpleNamespace(prctl=lambda *_: 0))),
        ("signal", SimpleNamespace(signal=signal_, **numbers)),
        ("subprocess", SimpleNamespace(Popen=popen, DEVNULL=-3)),
        ("time", SimpleNamespace(monotonic=lambda: next(clock))),
        ("select", SimpleNamespace(select=select)),
        ("os", SimpleNamespace(read=lambda *_: found[-1], killpg=killpg)),
        ("end_children", lambda: done.append("end children")),
    ):
        monkeypatch.setattr(guard, name, value)
    (tmp_path / "home").mkdir()
    assert guard.main(["5", str(tmp_path / "home"), "browser", "--new"]) == (1 if status else 0)
    before = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, ["browser", "--new"]]
    assert done == [*before, *["look"] * seen, (7, signal.SIGKILL), "end children"]
    assert not (tmp_path / "home").exists()
