"""Processes of our own."""

import json
import signal
import socket
import subprocess
import sys
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess

import pytest

from wsprobe.net.worker_pool import spawned


def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_interrupt_is_blocked_while_a_process_starts_and_no_longer(monkeypatch):
    seen = []
    monkeypatch.setattr(SpawnProcess, "start", lambda _: seen.append(blocked()))
    monkeypatch.setattr(resource_tracker, "ensure_running", lambda: seen.append(blocked()))
    with socket.socket() as pipe:
        spawned(print, pipe)
    assert [*seen, blocked()] == [False, True, False]


STARTED = """
import json, os, signal, socket, sys, threading, time
from contextlib import suppress
from wsprobe.net.worker_pool import spawned

def names():
    for each in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            yield os.readlink(f"/proc/self/fd/{each}").partition(":")[0]

def tell(pipe):
    copied = "tests_own" in sys.modules
    seen = list(names())
    signals = [signal.getsignal(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    blocked = [number.name for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())]
    pipe.sendall(json.dumps([copied, __file__ in seen, seen.count("socket"), signals, blocked]).encode())

if __name__ == "__main__":
    sys.modules["tests_own"] = sys
    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), lambda *_: None)
    if "thread" in sys.argv:
        threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    ours, theirs = socket.socketpair()
    with open(__file__), theirs:
        process = spawned(tell, theirs, alone=True)
    print(ours.recv(65536).decode())
"""


@pytest.mark.programs
@pytest.mark.parametrize(("more", "copied"), [((), True), (("thread",), False)])
def test_a_process_has_neither_files_nor_signals_of_ours(more, copied, tmp_path):
    """A copy of this process, where nothing but one thread is there to be copied, and a new one."""
    script = tmp_path / "started.py"
    script.write_text(STARTED)
    ended = subprocess.run([sys.executable, script, *more], capture_output=True, text=True, check=True)
    signals = [signal.SIG_IGN, signal.SIG_DFL, signal.SIG_IGN]
    assert json.loads(ended.stdout) == [copied, False, 1, signals, ["SIGINT"]]
    assert ended.stderr == ""
