"""What DevTools report of a page's sockets is put together: from a recorded browser, and from one that lies."""

import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.cli.page import PageOutput
from wsprobe.exchange import ScriptCall
from wsprobe.page.sockets import MOST, MOST_EVENTS, PageSocket, PageSockets

RECORDED = Path(__file__).with_name("cdp-workers.jsonl")


def recorded():
    """The sockets of a page with frames and workers of three kinds, without listeners."""
    sockets = PageSockets()
    kinds = {}
    for line in RECORDED.read_text().splitlines():
        event = json.loads(line)
        params = event["params"]
        if event["method"] == "Target.attachedToTarget":
            kinds[params["sessionId"]] = params["targetInfo"]["type"]
        else:
            session = event.get("sessionId", "")
            sockets.add(session, kinds.get(session, "page"), event["method"], params)
    return sockets


def test_each_socket_of_frames_and_workers_is_known_once_with_its_line():
    found = recorded().sockets
    known = [
        (each.kind, each.url.rpartition("/")[2], each.stack[0].line, each.stack[0].column) for each in found
    ]
    assert sorted(known) == sorted(
        [
            *[("page", "403same", 2, 22)] * 5,
            ("page", "echo", 3, 1),
            ("page", "403srcdoc", 1, 9),
            ("worker", "403blob", 1, 1),
            ("worker", "403worker-d", 1, 70),
            ("worker", "403worker-nested", 1, 70),
            ("shared_worker", "403worker-s", 1, 70),
            ("service_worker", "403worker-service", 1, 9),
            ("iframe", "403frame", 1, 9),
            ("worker", "403worker-frameworker", 1, 70),
        ]
    )
    refused = [each for each in found if not each.url.endswith("echo")]
    assert all(each.over and each.sent and each.key and len(each.console) == 1 for each in refused)
    assert {each.sentence for each in refused} == {
        "Error during WebSocket handshake: Unexpected response code: 403"
    }
    (opened,) = [each for each in found if each.url.endswith("echo")]
    assert opened.status == 101
    assert opened.head.startswith("HTTP/1.1 101 ")
    assert not opened.pending


def created(request, url, stack=()):
    return {"requestId": request, "url": url, "initiator": {"stack": {"callFrames": [*stack]}}}


def says(**members):
    return json.dumps(members)


OURS = {"functionName": "construct", "url": "", "lineNumber": 3, "columnNumber": 1}
PAGES = {"functionName": "go", "url": "http://a/app.js", "lineNumber": 9, "columnNumber": 4}


def constructed(sockets, number=1, url="ws://a/x"):
    """A socket whose constructor the listeners saw."""
    sockets.report("s", "page", 1, says(kind="new", number=number, time=1000.0))
    sockets.add("s", "page", "Network.webSocketCreated", created(f"r{number}", url, [OURS, PAGES]))
    sockets.report("s", "page", 1, says(kind="made", number=number, time=1000.0, url=url))
    return sockets.sockets[-1]


def test_the_listeners_own_call_is_not_in_the_stack():
    assert constructed(PageSockets()).stack == (ScriptCall("http://a/app.js", 10, 5, "go"),)


def test_events_belong_to_the_socket_of_their_constructor():
    sockets = PageSockets()
    first, second = constructed(sockets, 1), constructed(sockets, 2)
    sockets.report("s", "page", 1, says(kind="open", number=2, time=1010.5, readyState=1, protocol="p"))
    over = sockets.report(
        "s",
        "page",
        1,
        says(kind="close", number=1, time=1003, readyState=3, code=4403, reason="no", wasClean=True),
    )
    assert over == [first]
    assert [(each.time, each.type, each.code) for each in first.seen or ()] == [(3.0, "close", 4403)]
    assert [(each.time, each.protocol) for each in second.seen or ()] == [(10.5, "p")]


def test_what_the_constructor_threw_is_a_socket_without_a_handshake():
    sockets = PageSockets()
    sockets.report("s", "page", 1, says(kind="new", number=1, time=1.0))
    (over,) = sockets.report(
        "s", "page", 1, says(kind="throw", number=1, time=1.0, name="SyntaxError", message="bad")
    )
    assert over is sockets.sockets[0]
    assert (over.exception.name, over.sent, over.pending) == ("SyntaxError", False, False)


def test_a_socket_with_an_invalid_url_is_named(capsys):
    """A browser opens none; DevTools that lie must not hide one."""
    settings = SimpleNamespace(output=SimpleNamespace(silent=False, redact=False))
    output = SimpleNamespace(count=0, exit_status=0, settings=settings)
    PageOutput._without_handshake(output, PageSocket(url="ws://a/\x1b]0;x\x07" + "y" * 1000))
    said = capsys.readouterr().err
    assert said.startswith(r"wsprobe: the browser names a socket with an invalid URL: ws://a/\x1b]0;x\x07yy")
    assert (len(said) < 300, output.count) == (True, 1)


POLICY = (
    "Refused to connect to 'ws://b/' because it violates the following Content Security Policy directive: 'x'."
)


@pytest.mark.parametrize("listeners", [True, False])
def test_a_policy_of_the_page_is_known_from_the_console_alone(listeners):
    sockets = PageSockets()
    if listeners:
        sockets.report("s", "page", 1, says(kind="new", number=1, time=1.0))
        sockets.report("s", "page", 1, says(kind="made", number=1, time=1.0, url="ws://b/"))
    entry = {"source": "security", "text": POLICY, "url": "http://a/", "lineNumber": 6}
    (blocked,) = sockets.add("s", "page", "Log.entryAdded", {"entry": entry})
    assert sockets.sockets == [blocked]
    assert (blocked.url, blocked.over, blocked.console) == ("ws://b/", True, [POLICY])
    assert blocked.stack == (ScriptCall("http://a/", 7, 1),)


def test_the_console_has_a_long_url_with_its_middle_left_out():
    sockets = PageSockets()
    url = "ws://a/?" + "x" * 2000 + "end"
    socket = constructed(sockets, url=url)
    sockets.add("s", "page", "Network.webSocketFrameError", {"requestId": "r1", "errorMessage": "x"})
    text = f"WebSocket connection to '{url[:511]}...{url[-510:]}' failed: x"
    assert sockets.add("s", "page", "Log.entryAdded", {"entry": {"source": "network", "text": text}}) == []
    assert socket.console == [text]


def test_the_line_of_an_exception_that_nothing_caught():
    sockets = PageSockets()
    for number in (1, 2):
        sockets.report("s", "page", 1, says(kind="new", number=number, time=1.0))
        said = says(kind="throw", number=number, time=1.0, name="SyntaxError", message="bad", url="ws://[")
        sockets.report("s", "page", 1, said)
    details = {
        "exception": {"description": "SyntaxError: bad\n    at x"},
        "stackTrace": {"callFrames": [OURS, PAGES]},
    }
    sockets.add("s", "page", "Runtime.exceptionThrown", {"exceptionDetails": details})
    assert [each.stack for each in sockets.sockets] == [(), (ScriptCall("http://a/app.js", 10, 5, "go"),)]
    assert [each.url for each in sockets.sockets] == ["ws://[", "ws://["]


def test_a_document_that_is_left_takes_its_own_sockets_along():
    sockets = PageSockets()
    of_frame = constructed(sockets)
    sockets.report("s", "page", 2, says(kind="new", number=1, time=1.0))
    sockets.add("s", "page", "Network.webSocketCreated", created("r2", "ws://a/y"))
    assert sockets.add("s", "page", "Runtime.executionContextDestroyed", {"executionContextId": 1}) == [
        of_frame
    ]
    (other,) = sockets.add("s", "page", "Runtime.executionContextsCleared", {})
    assert (of_frame.left, other.url, other.left) == (True, "ws://a/y", True)


def test_a_target_that_ends_takes_its_open_sockets_along():
    sockets = PageSockets()
    socket = constructed(sockets)
    assert sockets.gone("s") == [socket]
    assert sockets.gone("s") == []


def test_a_million_sockets_and_endless_messages_are_counted():
    sockets = PageSockets()
    for number in range(MOST + 7):
        constructed(sockets, number)
    assert (len(sockets.sockets), sockets.more) == (MOST, 7)
    socket = sockets.sockets[0]
    for _ in range(MOST_EVENTS + 5):
        sockets.report("s", "page", 1, says(kind="message", number=0, time=2000, data="x", size=1))
        sockets.add(
            "s", "page", "Network.webSocketFrameReceived", {"requestId": "r0", "response": {"opcode": 1}}
        )
    sockets.report("s", "page", 1, says(kind="close", number=0, time=2000, code=1000))
    assert (len(socket.seen or ()), socket.left_out, len(socket.frames)) == (MOST_EVENTS + 1, 5, MOST_EVENTS)


def test_what_was_opened_before_it_was_followed_gets_its_url_later():
    """A page that the browser did not hold until DevTools were enabled."""
    sockets = PageSockets()
    fields = {"Host": "a", "Origin": "http://a", "Sec-WebSocket-Key": "k"}
    for request in ("r1", "r2", "r3"):
        params = {"requestId": request, "request": {"headers": fields}}
        sockets.add("s", "page", "Network.webSocketWillSendHandshakeRequest", params)
    head = {"status": 101, "headersText": "HTTP/1.1 101 x", "requestHeadersText": "GET /x HTTP/1.1\r\nHost: a"}
    response = {"requestId": "r1", "response": head}
    sockets.add("s", "page", "Network.webSocketHandshakeResponseReceived", response)
    sockets.add("s", "page", "Network.webSocketFrameError", {"requestId": "r2", "errorMessage": "no"})
    text = "WebSocket connection to 'ws://a/y' failed: no"
    entry = {"source": "network", "text": text, "stackTrace": {"callFrames": [PAGES]}}
    sockets.add("s", "page", "Log.entryAdded", {"entry": entry})
    (over,) = sockets.add("s", "page", "Network.webSocketClosed", {"requestId": "r2"})
    assert [each.url for each in sockets.sockets] == ["ws://a/x", "ws://a/y"]
    assert (over.console, over.stack[0].line) == ([text], 10)


def test_what_is_kept_of_all_sockets_together_is_limited(monkeypatch):
    monkeypatch.setattr("wsprobe.page.sockets.KEPT_MAX", 1000)
    sockets = PageSockets()
    socket = constructed(sockets)
    for size in (600, 600, 100):
        said = says(kind="message", number=1, time=2000, data="x" * size, size=size)
        sockets.report("s", "page", 1, said)
    assert ([len(each.data) for each in socket.seen or ()], socket.left_out) == ([600, 100], 1)
    sockets.add("s", "page", "Network.webSocketCreated", created("r2", "ws://a/" + "y" * 400))
    assert (len(sockets.sockets), sockets.more) == (1, 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each, max_size=3),
    max_leaves=8,
)
NAMES = (
    "requestId",
    "url",
    "initiator",
    "stack",
    "callFrames",
    "request",
    "headers",
    "response",
    "status",
    "entry",
)
PARAMS = st.dictionaries(
    st.sampled_from([*NAMES, "text", "source", "errorMessage", "wallTime", "opcode"]), VALUES
)
METHODS = (
    "Created",
    "WillSendHandshakeRequest",
    "HandshakeResponseReceived",
    "FrameSent",
    "FrameError",
    "Closed",
)


@given(st.lists(st.tuples(st.sampled_from(METHODS), PARAMS, VALUES), max_size=6))
def test_no_event_and_no_report_raises_and_all_can_be_written(events):
    sockets = PageSockets()
    constructed(sockets)
    for method, params, value in events:
        sockets.add("s", "page", f"Network.webSocket{method}", {"requestId": "r1"} | params)
        sockets.add("s", "page", "Log.entryAdded", params)
        for kind in ("new", "made", "throw", "open", "message", "error", "close"):
            said = {"kind": kind, "number": 1, "time": value, "code": value, "reason": value, "data": value}
            sockets.report(
                "s", "page", 1, json.dumps(said | {"size": value, "readyState": value, "name": value})
            )
        sockets.report("s", "page", 1, json.dumps(value))
    for each in sockets.sockets:
        assert msgspec.json.encode(
            (each.url, each.stack, each.request, each.console, each.sentence, each.frames)
        )
