"""Talks with servers of the drafts' own time, recorded: read, judged and told as when they were made.

Made with the servers of tests/peers/old_versions.py; a file a peer, a line a version.
"""

from functools import cache
from pathlib import Path

import pytest

from wsprobe.exchange import Received, Sent
from wsprobe.judge import outcome
from wsprobe.read import read
from wsprobe.read.frames import BINARY, CLOSE, PING, PONG, TEXT
from wsprobe.recording import archive
from wsprobe.report.report import judged
from wsprobe.session.conversation import Client

FOLDER = Path(__file__).parent / "recorded"

TALKS = {
    "em-websocket-0.5.3": (
        ("hixie-75", "open"),
        ("hixie-76", "open"),
        ("hybi-05", "open"),
        ("hybi-06", "open"),
        ("hybi-07", "open"),
        ("hybi-08", "open"),
        ("hybi-13", "open"),
    ),
    # The two last: a challenge that Node has hashed right ever since, and one that it has hashed wrong since 6.
    "faye-websocket-0.4.4": (
        ("hixie-75", "open"),
        ("hybi-07", "open"),
        ("hybi-08", "open"),
        ("hixie-76", "open"),
        ("hixie-76", "invalid"),
    ),
    "websocket-driver-0.7.4": (("hixie-75", "open"), ("hixie-76", "open"), ("hybi-08", "refused")),
    "ws-0.4.32": (("hybi-08", "open"), ("hybi-07", "refused"), ("hixie-76", "open"), ("hixie-76", "invalid")),
}
"""Peer -> (version, outcome), in the order of its file."""

EACH = [(peer, number, *talk) for peer, talks in TALKS.items() for number, talk in enumerate(talks)]


@cache
def recorded(peer):
    return tuple(archive.load(line) for line in (FOLDER / f"{peer}.jsonl").read_text().splitlines())


def test_every_file_is_told():
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(TALKS)
    assert all(len(recorded(peer)) == len(talks) for peer, talks in TALKS.items())


@pytest.mark.parametrize(("peer", "number", "wire", "word"), EACH)
def test_it_is_judged_by_its_version(peer, number, wire, word):
    exchange = recorded(peer)[number]
    reading = read(exchange)
    verdict = judged(reading)
    assert (exchange.plan.wire, outcome(reading, verdict)) == (wire, word)
    failed = [finding.id for finding in verdict.findings if finding.level == "fail"]
    assert failed == {"open": [], "invalid": ["rule-challenge"], "refused": []}[word]


@pytest.mark.parametrize(("peer", "number", "wire", "word"), [talk for talk in EACH if talk[3] != "refused"])
def test_the_echo_is_read(peer, number, wire, word):
    session = read(recorded(peer)[number]).session
    assert session.rest == b""
    said, told = ([(f.opcode, f.data) for f in frames] for frames in (session.sent, session.frames))
    assert (said[0], told[0]) == ((TEXT, b"hello"), (TEXT, b"hello"))
    if wire.startswith("hybi"):
        assert said[1:3] == [(BINARY, b"\x00\xff"), (PING, b"wsprobe")]
        assert set(told[1:3]) == {(BINARY, b"\x00\xff"), (PONG, b"wsprobe")}
    assert [opcode for opcode, _ in told].count(CLOSE) == (0 if wire == "hixie-75" else 1)


@pytest.mark.parametrize(("peer", "number", "wire", "word"), EACH)
def test_the_client_says_the_same_again(peer, number, wire, word):
    """A conversation is a function of its plan and of what was received, and when."""
    exchange = recorded(peer)[number]
    client = Client(exchange.plan)
    sent = client.opening
    for event in exchange.events:
        if isinstance(event, Received):
            sent += client.timer(event.at).send
            sent += client.receive(event.data, event.at).send
    sent += client.timer(exchange.events[-1].at).send
    assert sent == b"".join(event.data for event in exchange.events if isinstance(event, Sent))


def test_two_masks_of_hybi_05_as_a_server_of_its_time_undid_them():
    """The server's echo is the proof: it answered what lay under the mask, not what was on the wire."""
    exchange = recorded("em-websocket-0.5.3")[2]
    sent = [event.data for event in exchange.events if isinstance(event, Sent)]
    assert b"hello" not in b"".join(sent)
    received = b"".join(event.data for event in exchange.events if isinstance(event, Received))
    assert b"\x84\x05hello" + b"\x85\x02\x00\xff" in received
