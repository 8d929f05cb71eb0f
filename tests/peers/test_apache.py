"""Apache httpd, refusing and in front of a WebSocket server, both of its ways to pass an upgrade on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.peers.apache import PASSWORD, USER, Apache, apache_server
from tests.peers.conftest import Probe
from tests.peers.place import HOST
from tests.peers.witness import by_curl, by_socket, logged

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def apache(need: Callable[[str], str], upstream: int) -> Iterator[Apache]:
    with apache_server(need("apache2"), upstream) as server:
        yield server


REFUSALS: dict[str, tuple[int, str, set[str]]] = {
    "/denied": (403, "refused", set()),
    "/locked": (401, "unauthorized", set()),
    "/nothing": (404, "refused", set()),
    "/dead/": (503, "server-error", set()),
    "/moved": (302, "redirected", {"redirect"}),
    "/": (200, "not-upgraded", {"web-page"}),
    "/ws/refuse": (401, "unauthorized", {"www-authenticate-missing"}),
    "/upgrade/refuse": (401, "unauthorized", {"www-authenticate-missing"}),
}
"""Path -> status, outcome, findings beside status-not-101."""


@pytest.mark.parametrize("path", REFUSALS)
def test_refusals(apache: Apache, probe: Probe, need: Callable[[str], str], path: str) -> None:
    need("curl")
    status, outcome, findings = REFUSALS[path]
    url = f"{HOST}:{apache.port}{path}"
    told = probe(f"ws://{url}")
    assert (told.answer.status, told.outcome) == (status, outcome)
    assert told.findings == findings | {"status-not-101"}
    assert told.answer == by_socket(apache.port, told.request)
    assert told.answer == by_curl(f"http://{url}", told.request)
    assert logged(apache.log, told.key)[:2] == [str(status), str(len(told.received))]


def test_credentials_open_what_was_locked(apache: Apache, probe: Probe) -> None:
    told = probe(f"ws://{HOST}:{apache.port}/locked", "-u", f"{USER}:{PASSWORD}")
    # There is no page behind the lock: what counts is that it is not 401 any more.
    assert told.answer.status == 404


def test_where_it_redirects_to(apache: Apache, probe: Probe) -> None:
    assert probe(f"ws://{HOST}:{apache.port}/moved").answer.field("Location") == "wss://chat.example/ws"


@pytest.mark.parametrize("way", ["ws", "upgrade", "plain"])
def test_open_through_the_proxy(apache: Apache, probe: Probe, way: str) -> None:
    """mod_proxy_wstunnel, mod_proxy_http told to upgrade, and (since 2.4.47) mod_proxy_http told nothing."""
    told = probe(f"ws://{HOST}:{apache.port}/{way}/echo", "--send", "hello")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(apache.port, told.request)
    # Head, message and Close: Apache counts what it passed on.
    assert logged(apache.log, told.key)[:2] == ["101", str(len(told.received))]


def test_close_code_through_the_proxy(apache: Apache, probe: Probe) -> None:
    told = probe(f"ws://{HOST}:{apache.port}/ws/close")
    close = told.value["close"]
    assert (told.outcome, close["code"], close["reason"]) == ("closed", 4403, "no entry")
