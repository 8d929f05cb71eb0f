"""Chromium's NetLog against what the server sent; cut anywhere, in any pieces, and damaged."""

import json
import random
from itertools import islice

import pytest

from tests.browser_logs import sample
from tests.cases import ALL, SHARE
from wsprobe.browser_logs.netlog import SOURCES_MAX, UNPACKED_MAX, NetLog
from wsprobe.exchange import Received, Sent
from wsprobe.report.report import report

EVERYTHING, DEFAULT = "netlog-a-everything.json", "netlog-a-default.json"


def moved(socket, kind):
    return b"".join(event.data for event in socket.exchange.events if isinstance(event, kind))


def shown(socket):
    of = report(socket.exchange)
    return socket.exchange.plan.target.resource, of.outcome, socket.error, of.reading.status, socket.opened


def test_a_log_with_bytes_has_what_the_server_received_and_sent():
    found = {each.exchange.plan.target.resource: each for each in sample.sockets(EVERYTHING)}
    for truth in sample.truth("netlog-a-everything"):
        socket = found.pop(truth["path"])
        sent = truth["sent"].encode("latin-1")
        assert moved(socket, Sent)[: len(sent)] == sent == socket.exchange.plan.request
        assert moved(socket, Received).startswith(truth["answer"].encode("latin-1"))
        assert socket.finished
        assert f"Sec-WebSocket-Key: {socket.key}\r\n" in truth["sent"]
    assert not found


def test_a_log_without_bytes_has_requests_and_the_heads_of_accepted_answers():
    found = {each.exchange.plan.target.resource: each for each in sample.sockets(DEFAULT)}
    for truth in sample.truth("netlog-a-default"):
        socket = found[truth["path"]]
        assert socket.exchange.rebuilt == "a NetLog without raw bytes"
        there = moved(socket, Sent).replace(b"[22 bytes were stripped]", b"sid=s3cr3t-of-the-page")
        assert there == truth["sent"].encode("latin-1")
        head = truth["answer"].partition("\r\n\r\n")[0].encode("latin-1")
        accepted = truth["path"] in ("/ok?t=1", "/close-4403?t=1", "/401?t=1")
        assert moved(socket, Received) == (head + b"\r\n\r\n" if accepted else b"")
    assert [(each.sent, each.opcode, each.length) for each in found["/close-4403?t=1"].frames] == [
        (False, 8, 15),
        (True, 8, 15),
    ]


def test_a_log_that_grows_has_a_socket_before_it_is_finished():
    data = sample.log(EVERYTHING)
    at = data.index(b"x2pNx2+D7aRsYIyTP4e1eA==")
    log = NetLog()
    log.feed(data[:at])
    assert log.with_key("x2pNx2+D7aRsYIyTP4e1eA==") is None
    log.feed(data[at : at + 20_000])
    early = log.with_key("x2pNx2+D7aRsYIyTP4e1eA==")
    assert not early.finished
    assert early.exchange.how_ended == "interrupted"
    log.feed(data[at + 20_000 :])
    late = log.with_key("x2pNx2+D7aRsYIyTP4e1eA==")
    assert late.finished


def test_finished_sockets_are_taken_once_and_in_order():
    data = sample.log(EVERYTHING)
    log, taken = NetLog(), []
    step = 1000 * SHARE
    for start in range(0, len(data), step):
        log.feed(data[start : start + step])
        taken += log.take_finished()
    log.close()
    taken += log.take_finished()
    assert taken == sample.sockets(EVERYTHING)
    assert not list(log.sockets())
    assert not log.kept


def crowded(count):
    """The log with so many sockets before the others that never end."""
    begin = b'{"params":{"url":"ws://a/"},"phase":1,"source":{"id":%d,"type":1},"time":"1","type":2},\n'
    before, events, after = sample.log(EVERYTHING).partition(b'"events": [\n')
    return before + events + b"".join(begin % (1_000_000 + 2 * number) for number in range(count)) + after


def test_recordings_that_wait_are_packed_and_come_out_as_they_were():
    log = sample.netlog(crowded(UNPACKED_MAX))
    assert log.kept == 0 < sample.netlog(sample.log(EVERYTHING)).kept
    assert log.with_key("x2pNx2+D7aRsYIyTP4e1eA==") is not None
    assert list(log.take_finished())[UNPACKED_MAX:] == sample.sockets(EVERYTHING)


def test_of_too_many_live_sockets_the_oldest_ends_by_a_limit():
    """Seven of the others are alive at once."""
    log = sample.netlog(crowded(SOURCES_MAX))
    assert [url for _, _, url, _ in log.known()][SOURCES_MAX:] == [
        each.url for each in sample.sockets(EVERYTHING)
    ]
    ends = [log.with_id(id).exchange.how_ended for id, *_ in islice(log.known(), 9)]
    assert ends == ["limit"] * 7 + ["interrupted"] * 2


@pytest.mark.parametrize("name", [EVERYTHING, "netlog-http2.json", "netlog-workers.json"])
def test_nothing_is_kept_for_requests_of_the_page_and_for_taken_sockets(name):
    log = sample.netlog(sample.log(name))
    assert list(log.take_finished())
    assert not any(each.tunnel for each in log.connections.values())
    assert not any(each.streams for each in log.sessions.values())
    assert (log.requests, log.channels, log.controllers, log.jobs) == ({}, {}, {}, {})


@pytest.mark.parametrize("name", [EVERYTHING, DEFAULT, "netlog-http2.json", "netlog-workers.json"])
def test_pieces_of_any_size_give_the_same(name):
    whole = sample.sockets(name)
    assert whole
    for size in (7 if ALL else 97, 4096):
        assert list(sample.netlog(sample.log(name), size).sockets()) == whole


@pytest.mark.parametrize("name", [EVERYTHING, DEFAULT, "netlog-http2.json"])
def test_other_layouts_give_the_same(name):
    data = sample.log(name)
    end = b"" if data.rstrip().endswith(b"}") and b"]" in data[-2000:] else b"]}"
    parsed = json.loads(data.rstrip().rstrip(b",") + end)
    whole = sample.sockets(name)
    for text in (json.dumps(parsed), json.dumps(parsed, indent=2), json.dumps(parsed, ensure_ascii=False)):
        assert list(sample.netlog(text.encode()).sockets()) == whole


@pytest.mark.parametrize("name", [EVERYTHING, DEFAULT, "netlog-http2.json"])
def test_a_cut_or_damaged_log_is_read_as_far_as_it_goes(name):
    data = sample.log(name)
    chance = random.Random(37)
    whole = sample.sockets(name)
    for end in range(0, len(data), max(1000 * SHARE, len(data) // (60 if ALL else 6))):
        cut = list(sample.netlog(data[:end]).sockets())
        assert [each.url for each in cut] == [each.url for each in whole[: len(cut)]]
        damaged = bytearray(data)
        for _ in range(20):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for each in (*cut, *sample.netlog(bytes(damaged)).sockets()):
            report(each.exchange)


@pytest.mark.parametrize("name", [EVERYTHING, DEFAULT, "netlog-http2.json", "netlog-workers.json"])
def test_after_every_thousandth_byte_there_is_what_the_log_has_so_far(name):
    data = sample.log(name)
    urls = [each.url for each in sample.sockets(name)]
    log = NetLog()
    before = []
    for start in range(0, len(data), 1000):
        log.feed(data[start : start + 1000])
        found = list(log.sockets())
        assert [each.url for each in found] == urls[: len(found)]
        for each in found:
            if each not in before:
                report(each.exchange)
        before = found
    assert len(before) == len(urls)
