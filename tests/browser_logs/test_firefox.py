"""Firefox's HTTP log against what the server sent; cut anywhere, without times, damaged."""

import copy
import random
import re

import pytest

from tests.browser_logs import sample
from tests.cases import ALL, SHARE
from wsprobe.browser_logs.firefox import FirefoxLog
from wsprobe.exchange import Received
from wsprobe.report.report import report

NAMES = ["firefox-a-networking", "firefox-a-websocket"]


def fed(data, size=65536):
    log, taken = FirefoxLog(), []
    for start in range(0, len(data), size):
        log.feed(data[start : start + size])
        taken += log.take_finished()
    log.close()
    return [*taken, *log.take_finished()]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_request_and_the_head_of_each_answer(name):
    found = {each.exchange.plan.target.resource: each for each in fed(sample.log(f"{name}.moz_log"))}
    for truth in sample.truth(name):
        socket = found[truth["path"]]
        assert socket.exchange.plan.request == truth["sent"].encode("latin-1")
        head = truth["answer"].encode("latin-1").partition(b"\r\n\r\n")[0]
        events = [each.data for each in socket.exchange.events if isinstance(each, Received)]
        assert events == ([head + b"\r\n\r\n"] if head else [])


@pytest.mark.parametrize("name", NAMES)
def test_what_failed_has_firefox_s_error(name):
    both = (
        name == "firefox-a-websocket"
    )  # nsWebSocket says why a handshake failed whose answer was read to its end
    failed = "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED" if both else ""
    unlike = "NS_ERROR_ILLEGAL_VALUE" if both else ""
    assert [
        (each.url, report(each.exchange).outcome, each.error) for each in fed(sample.log(f"{name}.moz_log"))
    ] == [
        ("ws://127.0.0.1:43631/403?t=1", "refused", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"),
        ("ws://127.0.0.1:43631/404?t=1", "refused", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"),
        ("ws://127.0.0.1:43631/302?t=1", "redirected", failed),
        ("ws://127.0.0.1:43631/401?t=1", "unauthorized", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"),
        ("ws://127.0.0.1:43631/bad-accept?t=1", "invalid", unlike),
        ("ws://127.0.0.1:43631/drop?t=1", "dropped", "NS_ERROR_NET_RESET"),
        ("ws://127.0.0.1:43631/ok?t=1", "open", ""),
        ("ws://127.0.0.1:43631/close-4403?t=1", "open", ""),
        ("wss://127.0.0.1:44545/403?tls=1", "tls-failed", "SEC_ERROR_UNKNOWN_ISSUER"),
        ("wss://127.0.0.1:44545/404?tls=1", "tls-failed", "SEC_ERROR_UNKNOWN_ISSUER"),
        ("wss://127.0.0.1:44545/302?tls=1", "tls-failed", "SEC_ERROR_UNKNOWN_ISSUER"),
        ("wss://push.services.mozilla.com/", "unresolved", "NS_ERROR_UNKNOWN_HOST"),
        ("wss://push.services.mozilla.com/", "unresolved", "NS_ERROR_UNKNOWN_HOST"),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_pieces_of_any_size_give_the_same(name):
    data = sample.log(f"{name}.moz_log")
    whole = fed(data)
    assert fed(data, 1009) == whole
    assert fed(data.replace(b"\n", b"\r\n")) == whole


def test_a_log_without_times_has_the_same_heads():
    data = sample.log("firefox-a-networking.moz_log")
    bare = fed(re.sub(rb"(?m)^[-0-9]+ [0-9:.]+ UTC - ", b"", data))
    assert [report(each.exchange).outcome for each in bare] == [
        report(each.exchange).outcome for each in fed(data)
    ]
    assert {each.exchange.started for each in bare} == {"1970-01-01T00:00:00.000Z"}


@pytest.mark.parametrize("name", NAMES)
def test_cut_after_every_thousandth_byte_a_log_gives_what_it_has(name):
    lines = sample.log(f"{name}.moz_log").splitlines(keepends=True)
    of_use = re.compile(rb"nsHttpT|ebSocket|HttpBaseChannel|uri=|/nsHttp   ")
    data = b"".join(filter(of_use.search, lines))
    whole = [each.url for each in fed(data)]
    assert len(whole) == 13
    log, taken = FirefoxLog(), []
    step = 1000 * SHARE
    for start in range(0, len(data), step):
        log.feed(data[start : start + step])
        taken += log.take_finished()
        cut = copy.deepcopy(log)
        cut.close()
        found = [*taken, *cut.take_finished()]
        assert [each.url for each in found] == whole[: len(found)]
        for each in found[len(taken) :]:
            report(each.exchange)


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_or_damaged_log_is_read_as_far_as_it_goes(name):
    data = sample.log(f"{name}.moz_log")
    chance = random.Random(37)
    whole = fed(data)
    for end in range(0, len(data), len(data) // (60 if ALL else 6)):
        cut = fed(data[:end])
        assert [each.url for each in cut] == [each.url for each in whole[: len(cut)]]
        damaged = bytearray(data[:end])
        for _ in range(min(200, end)):
            damaged[chance.randrange(end)] = chance.randrange(256)
        for each in (*cut, *fed(bytes(damaged))):
            report(each.exchange)
