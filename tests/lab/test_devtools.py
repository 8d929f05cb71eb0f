"""The console of Chromium, read from a browser that is played: what it is asked, and what it answers."""

import json
from functools import partial

import pytest
import trio
from trio.testing import memory_stream_one_way_pair

from wsprobe.lab.devtools import LONGEST, DevTools, Refused, over_pipe
from wsprobe.lab.installed import MOST_TEXTS, Console, open_page

URL = "https://app.example:8443/page?x=1"


def good(asked):
    """A browser that does all that it is asked."""
    named = {"Target.createTarget": {"targetId": "t"}, "Target.attachToTarget": {"sessionId": "s"}}
    return {"result": named.get(asked["method"], {})}


def refusing(method, asked):
    return {"error": {"message": "no such method"}} if asked["method"] == method else good(asked)


def leaving(method, asked):
    return None if asked["method"] == method else good(asked)


def opened(answer, events=(), size=1 << 20, **permissions):
    """What a browser was asked, that answers with *answer*, in pieces of *size* bytes, and ends once it has
    none; then come *events*."""
    asked = []

    async def work():
        writing, reading_there = memory_stream_one_way_pair()
        writing_there, reading = memory_stream_one_way_pair()
        console = Console()
        connection = over_pipe(writing, console.heard)

        async def say(*messages):
            data = b"".join(json.dumps(each).encode() + b"\0" for each in messages)
            for at in range(0, len(data), size):
                await writing_there.send_all(data[at : at + size])

        async def browser():
            buffer = b""
            async for data in reading_there:
                *messages, buffer = (buffer + data).split(b"\0")
                for message in map(json.loads, messages):
                    asked.append(message)
                    answered = answer(message)
                    if answered is None:
                        await writing_there.aclose()
                        return
                    await say({"method": "Other.event", "params": {}}, {"id": message["id"], **answered})

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(browser)
                nursery.start_soon(connection.listen, reading)
                await open_page(connection, URL, permissions)
                await say(*events)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
        return console

    return asked, trio.run(work)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_page_is_opened_with_its_console_read_first(size):
    asked, _ = opened(good, size=size, camera="granted")
    attach = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}
    grant = {"permission": {"name": "camera"}, "setting": "granted", "origin": "https://app.example:8443"}
    assert asked == [
        {"id": 1, "method": "Browser.setPermission", "params": grant},
        {"id": 2, "method": "Target.createTarget", "params": {"url": "about:blank"}},
        {"id": 3, "method": "Target.attachToTarget", "params": {"targetId": "t", "flatten": True}},
        {"id": 4, "method": "Log.enable", "params": {}, "sessionId": "s"},
        {"id": 5, "method": "Target.setAutoAttach", "params": attach, "sessionId": "s"},
        {"id": 6, "method": "Page.navigate", "params": {"url": URL}, "sessionId": "s"},
    ]


def entry(text):
    return {"method": "Log.entryAdded", "params": {"entry": {"text": text}}}


def test_the_texts_of_the_console_are_kept_up_to_a_number():
    _, pipe = opened(good, [entry(each) for each in range(MOST_TEXTS + 1)])
    assert pipe.texts == [str(each) for each in range(MOST_TEXTS)]


def test_a_message_that_is_too_long_is_skipped():
    _, console = opened(good, [entry("before"), entry("x" * (LONGEST + 10)), entry("behind")])
    assert console.texts == ["before", "behind"]


@pytest.mark.parametrize("line", [b"[]", b"5", b"nonsense", b'{"id":"x"}', b'{"method":5}', b"[" * 100_000])
def test_what_is_not_of_the_protocol_is_ignored(line):
    async def heard(*_):
        raise AssertionError

    async def send(_): ...

    trio.run(DevTools(send, heard).receive, line)


def test_the_console_of_a_frame_is_read_too():
    asked, _ = opened(good, [{"method": "Target.attachedToTarget", "params": {"sessionId": "frame"}}])
    assert asked[-1] == {"id": 6, "method": "Log.enable", "params": {}, "sessionId": "frame"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (partial(refusing, "Target.createTarget"), "Target.createTarget: no such method"),
        (partial(refusing, "Page.navigate"), "Page.navigate: no such method"),
        (partial(leaving, "Target.attachToTarget"), "Target.attachToTarget: the browser ended the connection"),
    ],
)
def test_a_browser_that_refuses_or_ends_is_named(answer, words):
    with pytest.raises(ExceptionGroup) as raised:
        opened(answer)
    assert raised.group_contains(Refused, match=f"^{words}$")
