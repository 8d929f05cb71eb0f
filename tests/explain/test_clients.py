"""Whatever a runtime told script when it was measured is explained."""

import pytest

from tests.browsers.driver import store
from tests.cases import share
from wsprobe import explain

TELLING = ("undici@6.29", "ws", "deno", "bun")
"""From undici 7 on the message is always empty."""


@pytest.mark.parametrize("name", TELLING)
def test_every_message_is_recognised(name):
    _, recordings = store.load(name)
    said = {
        event["message"]
        for recording in recordings.values()
        for one in (recording, *recording.get("races", ()))
        for event in one["events"]
        if event["type"] == "error"
    }
    assert len(said) > 15
    kinds = {message: explain.find(message).kind for message in share(sorted(said))}
    assert [message for message, kind in kinds.items() if kind not in ("console text", "error text")] == []
