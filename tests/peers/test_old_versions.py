"""Older wire versions against code of their time, which nobody here wrote."""

import subprocess
from collections.abc import Callable

import pytest

from tests.peers.node import installed
from tests.peers.old_versions import HAS_EM_WEBSOCKET, PACKAGES, UNBUILT, node_server, ruby_server
from tests.peers.place import HOST, missing

pytestmark = [pytest.mark.programs, pytest.mark.usefixtures("no_long_farewell")]

Need = Callable[[str], str]


@pytest.fixture(scope="module")
def packages(request, need):
    npm, cache = need("npm"), request.config.cache
    assert cache is not None
    try:
        return installed(npm, cache.mkdir("peers-node-old"), PACKAGES, options=UNBUILT)
    except subprocess.SubprocessError as error:
        missing(f"the npm packages cannot be fetched: {error}")
        raise


@pytest.fixture(scope="module")
def faye(packages):
    with node_server(packages, "faye-websocket") as port:
        yield port


@pytest.fixture(scope="module")
def driver(packages):
    with node_server(packages, "websocket-driver") as port:
        yield port


@pytest.fixture(scope="module")
def ws(packages):
    with node_server(packages, "ws") as port:
        yield port


@pytest.fixture(scope="module")
def em(need):
    ruby = need("ruby")
    if subprocess.run([ruby, "-e", HAS_EM_WEBSOCKET], capture_output=True).returncode:
        missing("Ruby has no em-websocket (Debian: ruby-em-websocket)")
    with ruby_server() as port:
        yield port


def texts(value):
    return [(each["from"], each["opcode"], each["payload"]) for each in value["session"]["frames"]]


TEXT = "aGVsbG8="
BINARY = "AP8="
PING = "d3Nwcm9iZQ=="

BOTH = [
    (peer, wire)
    for peer, wires in {
        "em": ("hixie-75", "hixie-76", "hybi-05", "hybi-06", "hybi-07", "hybi-08", "hybi-13"),
        "faye": ("hixie-75", "hybi-07", "hybi-08", "hybi-13"),
        "driver": ("hixie-75", "hixie-76", "hybi-13"),
        "ws": ("hybi-08", "hybi-13"),
    }.items()
    for wire in wires
]


@pytest.mark.parametrize(("peer", "wire"), BOTH)
def test_a_session(peer, wire, probe, request):
    """Handshake, text, a close: accepted by both sides."""
    port = request.getfixturevalue(peer)
    told = probe(
        f"ws://{HOST}:{port}/echo?x=1", "--wire", wire, "--origin", "http://page.example", "--send", "hello"
    )
    assert (told.outcome, told.failed) == ("open", set())
    frames = texts(told.value)
    assert ("client", 1, TEXT) in frames
    assert ("server", 1, TEXT) in frames
    closes = [who for who, opcode, _ in frames if opcode == 8]
    assert sorted(closes) == ([] if wire == "hixie-75" else ["client", "server"])


@pytest.mark.parametrize("wire", ["hybi-05", "hybi-06", "hybi-07", "hybi-08"])
def test_every_kind_of_frame(em, wire, probe):
    told = probe(f"ws://{HOST}:{em}/", "--wire", wire, "--send", "hello", "--send-hex", "00ff", "--ping")
    theirs = [(opcode, payload) for who, opcode, payload in texts(told.value) if who == "server"]
    assert theirs[:3] == [(1, TEXT), (2, BINARY), (10, PING)]
    assert told.outcome == "open"


@pytest.mark.parametrize("wire", ["hybi-05", "hybi-06"])
@pytest.mark.parametrize("size", [126, 70_000])
def test_long_frames_under_a_whole_mask(em, wire, size, probe):
    """The length is masked as well."""
    told = probe(f"ws://{HOST}:{em}/", "--wire", wire, "--send", "x" * size)
    lengths = [each["length"] for each in told.value["session"]["frames"] if each["opcode"] == 1]
    assert lengths == [size, size]


@pytest.mark.parametrize("wire", ["hixie-75", "hixie-76"])
def test_a_subprotocol_of_hixie(driver, wire, probe):
    """websocket-driver repeats none unless it is told to: both drafts fail that."""
    told = probe(f"ws://{HOST}:{driver}/", "--wire", wire, "--protocol", "chat")
    assert (told.outcome, told.failed) == ("invalid", {"rule-protocol-missing"})


CHALLENGES = {
    b"Sec-WebSocket-Key1: a1 2b\r\nSec-WebSocket-Key2: c3 4d\r\n\r\nabcdefgh": "open",
    b"Sec-WebSocket-Key1: 18x 6]8vM;54 *(5:  {   U1]8  z [  8\r\n"
    b"Sec-WebSocket-Key2: 1_ tx7X d  <  nw  334J702) 7]o}` 0\r\n\r\nTm[K T2u": "invalid",
}
"""Behind it: numbers all of whose bytes are below 0x80, and the example of hixie-76 section 1.2, whose are not.

Node 6 began to hash a string as UTF-8, which up to then meant one byte a character: since then these packages
of 2012 answer the second challenge wrong, and their hixie-76 clients would have failed.
"""


@pytest.mark.parametrize("end", CHALLENGES, ids=CHALLENGES.values())
@pytest.mark.parametrize("peer", ["faye", "ws"])
def test_a_challenge_that_node_broke(peer, end, probe, request, tmp_path):
    path = tmp_path / "request"
    path.write_bytes(
        b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: {host}\r\n"
        b"Origin: http://page.example\r\n" + end
    )
    url = f"ws://{HOST}:{request.getfixturevalue(peer)}/"
    told = probe(url, "--wire", "hixie-76", "--raw-request", str(path), "--send", "hello")
    assert told.outcome == CHALLENGES[end]
    assert told.failed == (set() if told.outcome == "open" else {"rule-challenge"})
    assert ("server", 1, TEXT) in texts(told.value)


@pytest.mark.parametrize(("peer", "wire"), [("driver", "hybi-08"), ("ws", "hybi-07"), ("ws", "hixie-75")])
def test_a_version_that_is_not_spoken(peer, wire, probe, request):
    told = probe(f"ws://{HOST}:{request.getfixturevalue(peer)}/", "--wire", wire, "--ws-negotiate")
    assert (told.outcome, told.answer.status) == ("refused", 400)
    assert told.value["hops"] == []
