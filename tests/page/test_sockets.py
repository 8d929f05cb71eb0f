"""What DevTools report of a page's sockets is put together: from a recorded browser, and from one that lies."""

import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.pieces import members
from wsprobe.cli.page import PageOutput
from wsprobe.page.sockets import KEPT_MAX, LONGEST, MOST, MOST_EVENTS, PageSocket, PageSockets

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


def of_network(method, number=1, **params):
    """What DevTools say of a WebSocket."""
    return lambda sockets: sockets.add(
        "s", "page", f"Network.webSocket{method}", {"requestId": f"r{number}"} | params
    )


def in_console(source, text, **more):
    entry = {"source": source, "text": text} | more
    return lambda sockets: sockets.add("s", "page", "Log.entryAdded", {"entry": entry})


def of_runtime(method, **params):
    return lambda sockets: sockets.add("s", "page", f"Runtime.{method}", params)


def said(kind, number=1, context=1, time=1000.0, **members):
    """What the listeners in the page report."""
    payload = json.dumps({"kind": kind, "number": number, "time": time} | members)
    return lambda sockets: sockets.report("s", "page", context, payload)


def constructed(number=1, url="ws://a/x"):
    """A socket whose constructor the listeners saw."""
    calls = {"stack": {"callFrames": [OURS, PAGES]}}
    return (
        said("new", number),
        of_network("Created", number, url=url, initiator=calls),
        said("made", number, url=url),
    )


def fed(sockets, *steps):
    """The numbers of the sockets that these end."""
    each = (each for step in steps for each in (step if isinstance(step, tuple) else (step,)))
    over = [ended for take in each for ended in take(sockets)]
    return [number for ended in over for number, of in enumerate(sockets.sockets) if of is ended]


def after(*steps):
    """Which sockets these end, and what is known of each."""
    sockets = PageSockets()
    return fed(sockets, *steps), [
        members(each, "url stack sentence console exception seen sent left") for each in sockets.sockets
    ]


OURS = {"functionName": "construct", "url": "", "lineNumber": 3, "columnNumber": 1}
PAGES = {"functionName": "go", "url": "http://a/app.js", "lineNumber": 9, "columnNumber": 4}


def test_a_socket_with_an_invalid_url_is_named(capsys):
    """A browser opens none; DevTools that lie must not hide one."""
    settings = SimpleNamespace(output=SimpleNamespace(silent=False, redact=False))
    output = SimpleNamespace(count=0, exit_status=0, settings=settings)
    PageOutput._without_handshake(output, PageSocket(url="ws://a/\x1b]0;x\x07" + "y" * 1000))
    said = capsys.readouterr().err
    assert said.startswith(r"wsprobe: the browser names a socket with an invalid URL: ws://a/\x1b]0;x\x07yy")
    assert (len(said) < 300, output.count) == (True, 1)


def test_a_million_sockets_and_endless_messages_are_counted():
    sockets = PageSockets()
    for number in range(MOST + 7):
        fed(sockets, constructed(number))
    assert (len(sockets.sockets), sockets.more) == (MOST, 7)
    socket = sockets.sockets[0]
    for _ in range(MOST_EVENTS + 5):
        fed(
            sockets,
            said("message", 0, data="x", size=1),
            of_network("FrameReceived", 0, response={"opcode": 1}),
        )
    fed(sockets, said("close", 0, code=1000))
    assert (len(socket.seen or ()), socket.left_out, len(socket.frames)) == (MOST_EVENTS + 1, 5, MOST_EVENTS)


def test_what_is_kept_of_all_sockets_together_is_limited():
    sockets, long = PageSockets(), 1 << 16
    for number in range(KEPT_MAX // long - 1):
        fed(sockets, of_network("Created", -number, url="y" * long))
    fed(
        sockets,
        constructed(),
        *(said("message", data="x" * LONGEST) for _ in range(8)),
        said("message", data="x"),
    )
    *others, socket = sockets.sockets
    assert (len(others), [len(each.data) for each in socket.seen or ()], socket.left_out) == (
        255,
        [LONGEST] * 7 + [1],
        1,
    )
    fed(sockets, of_network("Created", 2, url="y" * LONGEST))
    assert (len(sockets.sockets), sockets.more) == (256, 1)


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
    fed(sockets, constructed())
    for method, params, value in events:
        sockets.add("s", "page", f"Network.webSocket{method}", {"requestId": "r1"} | params)
        sockets.add("s", "page", "Log.entryAdded", params)
        for kind in ("new", "made", "throw", "open", "message", "error", "close"):
            told = {"kind": kind, "number": 1, "time": value, "code": value, "reason": value, "data": value}
            sockets.report(
                "s", "page", 1, json.dumps(told | {"size": value, "readyState": value, "name": value})
            )
        sockets.report("s", "page", 1, json.dumps(value))
    for each in sockets.sockets:
        assert msgspec.json.encode(
            (each.url, each.stack, each.request, each.console, each.sentence, each.frames)
        )
