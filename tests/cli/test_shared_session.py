"""``compare --page-http 2`` with a page of another origin: whether Chromium uses the page's own connection."""

import json
import threading

import pytest
import trio

from wsprobe.cli.main import run
from wsprobe.lab.server import serve


class Running:
    """A lab in a thread of its own, on ports that a page's URL can name."""

    port: int
    authority: str

    def __init__(self):
        self._up = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._serve,), daemon=True)
        self._thread.start()
        assert self._up.wait(20)

    async def _serve(self):
        async with serve() as lab:
            self.port = lab.start("h2")
            self.authority = str(lab.certificate_authority)
            self._over, self._token = trio.Event(), trio.lowlevel.current_trio_token()
            self._up.set()
            await self._over.wait()

    def stop(self):
        self._token.run_sync_soon(self._over.set)
        self._thread.join(20)


@pytest.fixture(scope="module")
def lab():
    made = Running()
    yield made
    made.stop()


def compared(lab, page, *options, readers="chromium", host="ws.lab.localhost"):
    """The command line of a comparison of *host*, which is the lab, opened by a page of the host *page*."""
    url = f"wss://{host}:{lab.port}/s/h2-on"
    here = ("--resolve", f"ws.lab.localhost:{lab.port}:127.0.0.1", "--cacert", lab.authority)
    there = ("--page-http", "2", "--page", f"https://{page}/", "--browser", readers)
    return ["compare", *here, *there, *options, url]


def at(lab, name, address):
    return "--resolve", f"{name}:{lab.port}:{address}"


@pytest.fixture
def asked(values):
    """The handshakes of each view of a comparison."""
    return lambda *command: [view["handshakes"] for view in values(*command, "--json")[0]["views"]]


def test_one_address_and_one_certificate_make_one_connection(lab, asked, capsys):
    name = "www.lab.localhost"
    common = at(lab, name, "127.0.0.1")
    command = compared(lab, f"{name}:{lab.port}", *common, readers="chromium,firefox,webkitgtk")
    assert asked(*command) == [["2"], ["2"], ["1.1"]]
    run(command)
    said = f"page https://{name}:{lab.port}/ (over HTTP/2; on a connection that could serve the target too)\n"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "port", "address"),
    [
        ("www.lab.localhost", 0, "127.0.0.2"),  # another address
        ("www.lab.localhost", 8443, "127.0.0.1"),  # another port
        ("www.other.localhost", 0, "127.0.0.1"),  # no name of the certificate
        ("localhost", 0, "127.0.0.1"),  # another site
    ],
)
def test_anything_else_means_a_cold_target(name, port, address, lab, asked):
    assert asked(*compared(lab, f"{name}:{port or lab.port}", *at(lab, name, address))) == [["1.1"]]


def test_what_the_page_cannot_be_looked_up_for_is_cold(lab, asked):
    page = f"www.lab.localhost:{lab.port}"
    assert asked(*compared(lab, page, *at(lab, "www.lab.localhost", "::1"), "-4")) == [["1.1"]]


def test_a_certificate_that_is_not_good_serves_nobody_else(lab, asked):
    page = f"www.lab.localhost:{lab.port}"
    command = compared(lab, page, *at(lab, "www.lab.localhost", "127.0.0.1"))
    trusted = command.index("--cacert")
    command[trusted : trusted + 2] = ["--insecure"]
    assert asked(*command) == [["1.1"]]


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_a_recording_knows_the_addresses_of_resolve(engine, lab, values, tmp_path):
    page = f"www.lab.localhost:{lab.port}"
    common = at(lab, "www.lab.localhost", "127.0.0.1")
    (view,) = values(*compared(lab, page, *common, readers=engine), "--json")[0]["views"]
    saved = tmp_path / "asked.json"
    saved.write_text(json.dumps(view["exchange"]))
    there = ("--page-http", "2", "--page", f"https://{page}/")
    (again,) = values("compare", "--browser", "chromium", *there, "--json", str(saved))[0]["views"]
    assert (again["handshakes"], again["otherwise"]) == (["2"], None)
    elsewhere = ("--page-http", "2", "--page", "https://www.lab.localhost/")
    (cold,) = values("compare", "--browser", "chromium", *elsewhere, "--json", str(saved))[0]["views"]
    assert "on a connection that it already has" in cold["otherwise"]
