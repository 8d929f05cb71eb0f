"""``ws`` on Node, which most servers in JavaScript stand on."""

import pytest

from tests.peers.place import HOST, UNTIL_ENDED
from tests.peers.witness import by_curl, by_socket
from wsprobe.diagnosis import causes
from wsprobe.read import read

pytestmark = pytest.mark.programs


REFUSED = {
    "/refuse": ((), 401, "unauthorized"),
    "/quota": ((), 429, "refused"),
    "/echo?a-bad-key": (("--ws-key", "short"), 400, "refused"),
    "/echo?no-version": (("-H", "Sec-WebSocket-Version:"), 400, "refused"),
    "/echo?no-upgrade": (("-H", "Upgrade:", "-H", "Connection: close"), 426, "refused"),
}
"""Resource -> options, status, outcome."""


@pytest.mark.parametrize("resource", REFUSED)
def test_refusals(ws, probe, need, resource):
    need("curl")
    options, status, outcome = REFUSED[resource]
    told = probe(f"ws://{HOST}:{ws}{resource}", *options)
    assert (told.answer.status, told.outcome) == (status, outcome)
    assert told.answer == by_socket(ws, told.request)
    assert told.answer == by_curl(f"http://{HOST}:{ws}{resource}", told.request)


def test_who_refused(ws, probe):
    told = probe(f"ws://{HOST}:{ws}/refuse")
    assert told.answer.body == b"Unauthorized"
    first = causes(read(told.exchange))[0]
    assert (first.id, first.certainty) == ("refused", "shared")
    assert first.text.startswith("ws, or another WebSocket library on Node: ")
    quota = probe(f"ws://{HOST}:{ws}/quota").answer
    assert (quota.field("Retry-After"), quota.body) == ("30", b"slow down")


def test_session(ws, probe):
    told = probe(f"ws://{HOST}:{ws}/echo", "--send", "hello")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(ws, told.request)
    assert told.value["close"]["code"] == 1000


def test_close(ws, probe):
    told = probe(f"ws://{HOST}:{ws}/close", *UNTIL_ENDED)
    close = told.value["close"]
    assert (told.outcome, close["code"], close["reason"], close["by"]) == ("closed", 4403, "no entry", "server")


def test_drop(ws, probe):
    told = probe(f"ws://{HOST}:{ws}/drop", *UNTIL_ENDED)
    assert (told.outcome, told.answer.status) == ("aborted", 101)
