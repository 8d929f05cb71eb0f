"""Processes of our own."""

from __future__ import annotations

import signal
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess

import pytest

from wsprobe.spawned import spawned


def blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_interrupt_is_blocked_while_a_process_starts_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(SpawnProcess, "start", lambda _: seen.append(blocked()))
    monkeypatch.setattr(resource_tracker, "ensure_running", lambda: seen.append(blocked()))
    spawned(print)
    assert [*seen, blocked()] == [False, True, False]
