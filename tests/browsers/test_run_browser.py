"""compare --run-browser with the browsers that are installed: run with ``-n 0 -m engines``."""

import json
import os
import subprocess
import tempfile

import pytest
from websockets.sync.server import serve

from tests.browsers.there import there
from tests.cases import part
from tests.peers.place import HOST, in_thread
from tests.peers.program import WSPROBE
from wsprobe.lab.measured import MEASURED

pytestmark = pytest.mark.engines

SCENARIOS = ("lab:403", "lab:close-4403", "lab:302-ws", "lab:refused", "lab:wss-ok", "lab:csp-connect-src-self")


def compared(*arguments, folder=""):
    """Exit status and reports. What browsers write, they write into *folder*."""
    command = [*WSPROBE, "compare", "--json", *arguments]
    env = {**os.environ, "TMPDIR": folder} if folder else None
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=env)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def left_in(folder):
    """The command lines that name *folder*. Other tests run browsers of their own at the same time."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if folder in line]


@pytest.mark.parametrize("engine", MEASURED)
def test_predicted_and_seen_are_the_same(engine):
    scenarios = part(SCENARIOS, 2, MEASURED.index(engine))
    with tempfile.TemporaryDirectory(prefix="wsprobe-") as folder:
        status, reports = compared("--run-browser", there(engine).engine, *scenarios, folder=folder)
        assert left_in(folder) == []
        assert os.listdir(folder) == []
    seen = [one for report in reports for one in report["seen"]]
    assert [(one["browser"], one["differences"]) for one in seen] == [(engine, [])] * len(scenarios)
    assert status == (1 if len({str(one["events"]) for one in seen}) > 1 else 0)
    assert all(
        one["version"] and one["origin"].startswith(("http://127.0.0.1:", "http://localhost:")) for one in seen
    )


@pytest.mark.parametrize(
    ("options", "first"),
    [
        (("--page-address", "public"), "error"),
        (("--page-address", "public", "--permission", "loopback-network=granted"), "open"),
        (("--page-address", "public", "--permission", "loopback-network=denied"), "error"),
        (("--page-address", "local"), "open"),
    ],
)
def test_a_page_of_another_address_space(options, first):
    with in_thread(serve(lambda connection: connection.close(), HOST, 0)) as server:
        url = f"ws://{HOST}:{server.socket.getsockname()[1]}/"
        _, (report,) = compared("--run-browser", there("chromium").engine, *options, url)
    (one,) = report["seen"]
    assert (one["events"][0]["type"], one["differences"]) == (first, [])


@pytest.fixture
def server():
    """A server of another make, and the Origins that it was asked with."""
    origins = []

    def speak(connection):
        origins.append(connection.request.headers["Origin"])
        connection.send("hello")
        connection.close(4403, "go away")

    with in_thread(serve(speak, HOST, 0)) as running:
        yield f"ws://{HOST}:{running.socket.getsockname()[1]}/", origins


@pytest.mark.parametrize("engine", MEASURED)
def test_a_server_that_is_not_the_lab(engine, server):
    url, origins = server
    status, (report,) = compared("--run-browser", there(engine).engine, url)
    (seen,) = report["seen"]
    assert seen["differences"] == []
    assert status == 0
    assert [event["type"] for event in seen["events"]] == ["open", "message", "close"]
    assert seen["events"][-1]["code"] == 4403
    assert origins.count(seen["origin"]) == 2, "the engine's own request and the browser's are of one page"
