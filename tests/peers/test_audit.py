"""``wsprobe trace --audit`` at real servers: each weakness where it is, and none once it is mended with the
lines that an audit prints."""

import re

import pytest

from tests.peers.answers import cases
from tests.peers.audited import PAGE
from tests.peers.named import audited_chains
from wsprobe.diagnosis.origin_checks import ORIGIN_CHECKS, lines_of
from wsprobe.diagnosis.proxies import LineValues, mending, table

FAULTS = {"mended": "origin", "redirecting": "clear", "versionless": "versions"}
"""The last word of a peer's name -> what its configuration mends."""
MENDS = re.compile("(?i)origin|https|server_tokens|del-header")


@pytest.mark.parametrize("row", cases("audits"), ids=str)
def test_a_real_server_is_audited_so(row, peers):
    """A difference on purpose is written by ``python -m tests.peers.answers``, and read as a diff."""
    row.check(peers)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("websockets", 'origins=["http://app.example", None]'),
        ("ws", 'new Set(["http://app.example"])'),
        ("aiohttp", 'request.headers.get("Origin") not in ("http://app.example", None)'),
        ("starlette", 'websocket.headers.get("origin") not in ("http://app.example", None)'),
        ("tornado", 'return origin == "http://app.example"'),
    ],
)
def test_the_lines_of_a_library_are_those_of_its_server(program, said):
    assert ORIGIN_CHECKS[program].tried
    assert said in lines_of(program, PAGE)


@pytest.mark.parametrize(("name", "chain"), list(audited_chains()))
def test_the_lines_of_a_proxy_are_those_of_its_configuration(name, chain):
    proxy, _, kind = name.partition("-")
    said = LineValues("/chat", part=PAGE).fill(table()[FAULTS[kind]][proxy])
    lines = [each for each in chain.value["config"].splitlines() if MENDS.search(each)]
    for line in lines:
        assert re.sub("^[fb]: ", "", line) in said
    assert lines


def test_the_lines_of_nginx_beside_tls():
    assert "return 301 https://$host$request_uri;" in mending("clear", ("nginx",))
    assert "server_tokens off;" in mending("versions", ("nginx",))
