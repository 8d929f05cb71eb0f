"""Refusals of real servers: the report, a socket, curl and the server's own log say the same. And a session
through each proxy."""

import pytest

from tests.peers.place import HOST, UNTIL_ENDED
from tests.peers.witness import by_curl, by_socket, logged

pytestmark = pytest.mark.programs

NO_CHALLENGE = "www-authenticate-missing"
NOT_UPGRADED = "version-list-missing upgrade-not-in-connection"
REFUSALS = {
    "nginx": {
        "/denied": "403 refused",
        "/locked": "401 unauthorized",
        "/quota": "429 refused",
        "/nothing": "404 refused",
        "/dead/": "502 server-error",
        "/moved": "308 redirected redirect",
        "/": "200 not-upgraded",
        "/ws/refuse": f"401 unauthorized {NO_CHALLENGE}",
        "/plain/echo": f"426 refused {NOT_UPGRADED}",
    },
    "apache": {
        "/denied": "403 refused",
        "/locked": "401 unauthorized",
        "/nothing": "404 refused",
        "/dead/": "503 server-error",
        "/moved": "302 redirected redirect",
        "/": "200 not-upgraded",
        "/ws/refuse": f"401 unauthorized {NO_CHALLENGE}",
        "/upgrade/refuse": f"401 unauthorized {NO_CHALLENGE}",
    },
    "haproxy": {
        "/denied PR--": "403 refused",
        "/locked LR--": "401 unauthorized",
        "/quota LR--": "429 refused",
        "/empty SC--": "503 server-error",
        "/dead SC--": "503 server-error",
        "/moved LR--": "307 redirected redirect",
        "/ws/refuse ----": f"401 unauthorized {NO_CHALLENGE}",
        "/plain/echo ----": f"426 refused {NOT_UPGRADED}",
    },
}
"""Path -> status, outcome, findings beside status-not-101. Behind a path what HAProxy calls it: who ended it
(P proxy, L the proxy itself answered, S server), and when (R at the request, C at connecting)."""


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in REFUSALS.items() for path in paths])
def test_refusals(name, path, request, probe, need):
    need("curl")
    server, (status, outcome, *findings) = request.getfixturevalue(name), REFUSALS[name][path].split()
    path, _, state = path.partition(" ")
    url = f"{HOST}:{server.port}{path}"
    told = probe(f"ws://{url}")
    assert (str(told.answer.status), told.outcome) == (status, outcome)
    assert told.findings == {*findings, "status-not-101"}
    assert told.answer == by_socket(server.port, told.request)
    assert told.answer == by_curl(f"http://{url}", told.request)
    log = logged(server.log, told.key)
    if state:  # the bytes that HAProxy counts are those of its own form of a message, not those on the wire
        assert (log[0], log[2]) == (status, state)
    else:
        assert log[:2] == [status, str(len(told.received))]


@pytest.mark.parametrize("name", REFUSALS)
def test_close_code_through_the_proxy(name, request, probe):
    told = probe(f"ws://{HOST}:{request.getfixturevalue(name).port}/ws/close", *UNTIL_ENDED)
    close = told.value["close"]
    assert (told.outcome, close["code"], close["reason"]) == ("closed", 4403, "no entry")
    assert (close["by"], close["clean"]) == ("server", True)
