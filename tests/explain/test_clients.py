"""Whatever a runtime told script when it was measured is explained."""

from __future__ import annotations

import pytest

from tests.browsers.driver import store
from wsprobe.explain.console import recognise

TELLING = ("ws", "deno", "bun")
"""undici's message is always empty."""


@pytest.mark.parametrize("name", TELLING)
def test_every_message_is_recognised(name: str) -> None:
    _, recordings = store.load(name)
    said = {
        event["message"]
        for recording in recordings.values()
        for one in (recording, *recording.get("races", ()))
        for event in one["events"]
        if event["type"] == "error"
    }
    assert len(said) > 50
    assert [message for message in sorted(said) if recognise(message) is None] == []
