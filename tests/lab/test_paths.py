"""Paths that say what to answer."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.lab import aliases, load, names
from wsprobe.lab.paths import PARAMETERISED, names_path
from wsprobe.lab.perform import Send, answer, request
from wsprobe.lab.server import contents, reception


def sent(resource):
    """What is sent for a request of *resource*, all of it, nothing being heard from the client."""
    asked = request(
        b"GET %s HTTP/1.1\r\nHost: lab.example:80\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % resource.encode()
    )
    performance = answer(reception(asked), asked, {"plain": 80}).perform(lambda: 0.0)
    return b"".join(deed.data for deed in performance if isinstance(deed, Send))


def test_no_scenario_is_taken_for_a_path():
    assert not [name for name in (*names(), *aliases()) if names_path(name)]


def test_the_root_lists_everything():
    text = contents()
    assert sent("/").endswith(text.encode())
    for name, scenario in load().items():
        assert f"/s/{name}\n" in text
        assert scenario.summary in text
    for made in PARAMETERISED.values():
        assert made.pattern in text


@settings(max_examples=2 * EXAMPLES)
@given(st.binary(max_size=60))
def test_no_path_breaks_the_reception(resource):
    asked = request(b"GET /" + resource + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    if asked is not None:
        scenario = reception(asked)
        assert list(answer(scenario, asked, {}).perform(lambda: 0.0)) or scenario.steps == ()
