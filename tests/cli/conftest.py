"""What the tests of the commands share."""

from __future__ import annotations

import pytest

from wsprobe.conversation import SECOND


@pytest.fixture(autouse=True)
def no_long_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab leaves it to the client to close a session's connection, which waits a whole second for that.

    tests/conversation tests the second; it is too long for a hundred tests about something else. What a test
    runs in a process of its own waits as ever."""
    monkeypatch.setattr("wsprobe.conversation.FIN_WAIT", SECOND // 20)
