"""``wsprobe trace`` at real chains: what it concludes first is right, or leaves it open."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.chain import (
    NAME,
    PROXIES,
    app_of,
    files,
    listening,
    places,
    proxy_of,
    secure,
)
from tests.peers.named import modules
from tests.peers.place import HOST, open_folder
from tests.pieces import cases
from tests.trace.chains import Chain, chains
from tests.trace.test_chains import right
from wsprobe.cli.main import run
from wsprobe.trace.series import TRACE

pytestmark = [pytest.mark.programs, pytest.mark.chains]

MEASURED = [chain for chain in chains() if proxy_of(chain) in PROXIES]


WORDS = {
    "<NGINX>": "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    'proxy_set_header Connection "upgrade"; proxy_set_header Host $http_host;',
    "<VARNISH>": "sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; "
    "set bereq.http.connection = req.http.connection; } }",
    "<LONG>": "session=" + "x" * 9000,
}


def made():
    """Those of made_chains.txt."""
    text = Path(__file__).with_name("made_chains.txt")
    for title, (given, lines) in cases(text).items():
        ids = [each for each in given if "=" not in each]
        request = dict(each.split("=", 1) for each in given if "=" in each)
        chain, _, fault = title.partition(" ")
        value = {"chain": chain, "fault": fault, "config": "\n".join(lines), "request": request}
        for word, text in WORDS.items():
            value["config"] = value["config"].replace(word, text)
            value["request"] = {name: each.replace(word, text) for name, each in value["request"].items()}
        yield Chain({**value, "outside": ids[0], "past": ids[-1]})


MADE = list(made())
LIVE = [*MEASURED, *MADE]
CASES = [
    pytest.param(chain, direct, id=f"{chain.name}-{'direct' if direct else 'outside'}")
    for chain in LIVE
    for direct in (False, True)
    # To hold a session past the proxy as well takes its time: two proxies show it.
    if not (direct and chain.value["fault"] == "idle-timeout" and proxy_of(chain) not in ("nginx", "haproxy"))
]


@pytest.fixture(scope="module")
def folder():
    with open_folder() as own:
        files(own)
        yield own


@pytest.fixture(scope="module")
def found(folder):
    """The applications, and what else a proxy may lead to."""
    packages = modules()
    kinds = dict.fromkeys(map(app_of, LIVE))
    with places(packages, tuple(kinds), folder) as ports:
        yield ports


@pytest.fixture(scope="module")
def before(found, folder):
    """Name of a proxy -> name of a chain -> port; a proxy is started when it is first asked for."""
    started = {}
    with ExitStack() as stack:

        def start(proxy):
            if proxy not in started:
                own = [chain for chain in LIVE if proxy_of(chain) == proxy]
                started[proxy] = stack.enter_context(listening(proxy, own, found, folder))
            return started[proxy]

        yield start


def traced(chain, port, backend, capfd):
    """What ``wsprobe trace --json`` says of *chain*."""
    asked = chain.asked
    scheme = "wss" if secure(chain) else "ws"
    words = ["--json", "--pause", "0", "--linger", "0.05", "-m", "3", "--resolve", f"{NAME}:{port}:{HOST}"]
    words += ["--hold", "1.5" if chain.value["fault"] == "idle-timeout" else "0.1"]
    words += ["--insecure"] if secure(chain) else []
    words += ["--protocol", asked["protocol"]] if "protocol" in asked else []
    words += ["--cookie", asked["cookie"]] if "cookie" in asked else []
    words += [] if backend is None else ["--backend", f"{HOST}:{backend}"]
    if chain.value["fault"] == "second-address-dead":
        words[words.index("--resolve") + 1] += ",::1"
        words.append("--each-address")
    query = f"?{asked['query']}" if "query" in asked else ""
    status = run(["trace", *words, f"{scheme}://{NAME}:{port}{asked.get('path', '/chat')}{query}"])
    told = json.loads(capfd.readouterr().out)
    assert status == told["changes"][0]["report"]["exit_status"]
    return told


@pytest.mark.parametrize(("chain", "direct"), CASES)
def test_the_first_conclusion(chain, direct, before, found, capfd):
    port = before(proxy_of(chain))[chain.name]
    told = traced(chain, port, found[app_of(chain)] if direct else None, capfd)
    first = told["conclusions"][0]
    names = [each["change"] for each in told["changes"]]
    assert len(names) <= TRACE.most
    assert set(first["because"]) <= set(names)
    ids = chain.value.get("past" if direct else "outside")
    expected = set(right(chain, direct=direct) if ids is None else ids.split())
    if chain.value["fault"] == "h2-only":
        expected = {"http2-only"}  # in what was written down it is one of several causes
    if direct and first["id"] == "idle-timeout":
        assert "backend-held" in names
    left_open = {LEFT_OPEN[each] for each in expected & LEFT_OPEN.keys()}
    assert first["id"] in expected | left_open, (
        first,
        {each["change"]: each["report"]["outcome"] for each in told["changes"]},
    )


LEFT_OPEN = {
    "backend-down": "unavailable",
    "rate-limited": "unavailable",
    "no-route": "upgrade-lost-or-elsewhere",
}
"""What is right -> what leaves open which of several causes it is."""
