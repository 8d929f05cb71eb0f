"""What script in a runtime is told, in the cases by which it is known; and that no bytes make a view raise."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tests.browsers_views.recordings import HEAD, OPEN, frame, recorded, seen
from wsprobe.browsers import ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page, until_end
from wsprobe.browsers.undici import parse_extensions
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse
from wsprobe.show.as_json import view_value

REFUSAL = b"HTTP/1.1 403 No\r\nX-Id: a\r\nContent-Length: 5\r\n\r\nwhy??"
HOW = ("fin", "reset", "local", "timeout", "truncated")


def shown(name, scenario):
    return rehearse(ENGINES[name], find(scenario), load())


def messages(view):
    return [event.message for event in view.events if event.type == "error"]


def test_a_refusal_is_told_in_the_message():
    views = {name: seen(REFUSAL, browser=name) for name in RUNTIMES}
    assert messages(views["ws"]) == ["Unexpected server response: 403"]
    assert messages(views["deno"]) == ["NetworkError: failed to connect to WebSocket: Invalid status code: 403"]
    assert messages(views["undici"]) == [""]
    assert (messages(views["bun"])[0] or "").endswith("failed: Expected 101 status code: 403")


def test_a_listener_of_ws_reads_the_whole_refusal():
    view = seen(REFUSAL, browser="ws")
    assert view.beyond == ("a listener for unexpected-response reads status 403, 2 headers, 5-byte body",)
    assert view_value(view, None).beyond == view.beyond
    assert view_value(seen(REFUSAL, browser="undici"), None).beyond is UNSET
    assert view.hidden == ()


def test_what_the_message_tells_is_not_hidden():
    assert "status 403" in seen(REFUSAL, browser="undici").hidden
    assert "status 403" not in seen(REFUSAL, browser="bun").hidden


def test_deno_opens_on_a_wrong_accept():
    opened = {name for name in RUNTIMES if any(e.type == "open" for e in shown(name, "accept-wrong").events)}
    assert opened == {"deno"}


def test_undici_asks_once_more_after_a_401():
    undici = ENGINES["undici"]
    first = recorded(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", browser="undici")
    then = undici.follow([first], Page(), "dGhlIHNhbXBsZSBub25jZQ==")
    assert then.request == first.exchange.plan.request
    assert undici.follow([first, first], Page(), "") is None
    assert undici.view("ws://127.0.0.1:9000/x", Page(), [first]).outcome == "follows"


def test_no_close_event_before_the_server_ends_tcp():
    closing = frame(0x88, b"\x03\xe8")
    undici = seen(OPEN, closing, how="local", browser="undici")
    assert (undici.ready_state, until_end(undici).ready_state) == (3, 2)
    assert [event.type for event in until_end(undici).events] == ["open"]
    assert [
        seen(OPEN, closing, how="local", browser=name).events[-1].code for name in ("ws", "deno", "bun")
    ] == [
        1000,
        1000,
        1000,
    ]


@pytest.mark.parametrize("name", RUNTIMES)
@given(
    opens=st.sampled_from([OPEN, HEAD.encode() + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", b""]),
    pieces=st.lists(st.binary(max_size=40), max_size=6),
    how=st.sampled_from(HOW),
)
def test_no_bytes_make_a_view_raise(name, opens, pieces, how):
    view = seen(opens, *pieces, how=how, browser=name)
    assert view.ready_state in range(4)


@pytest.mark.programs
def test_none_is_loaded_unless_asked_for():
    code = "import sys, wsprobe.browsers as b; list(b.ENGINES); b.ENGINES['whatwg']; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {f"wsprobe.browsers.{name}" for name in ("runtime", *RUNTIMES)}
    assert not packages & set(done.stdout.split())


def test_undici_reads_extensions_between_semicolons():
    named = {"a": "1", "b": "", "c": "2", "d, e": ""}
    assert parse_extensions("a=1 ; b;\tc=2=3;d, e;") == named
