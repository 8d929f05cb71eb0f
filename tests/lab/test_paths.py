"""Paths that say what to answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.lab import aliases, load, names
from wsprobe.lab.paths import PARAMETERISED, PathError, names_path, scenario_at
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


def test_the_diagnostic_can_be_read_by_any_page():
    head, _, body = sent("/diagnostic?status=401&reason=say+%22please%22").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nAccess-Control-Allow-Origin: *" in head
    assert body == b'{"status": 401, "reason": "say \\"please\\""}\n'


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("/close/70000", b"the close code is '70000', not a number from 0 to 65535"),
        ("/close/x", b"the close code is 'x', not a number"),
        ("/raw?hex=0g", b"hex is '0g', not hexadecimal bytes"),
        ("/status/200?after=-1", b"after is '-1', not a number of seconds"),
        ("/diagnostic?status=%22", b"the status is '\"', not a number"),
    ],
)
def test_a_value_that_cannot_be_used_is_said_with_400(resource, said):
    with pytest.raises(PathError):
        scenario_at(resource)
    answered = sent(resource)
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert said in answered


def test_no_scenario_is_taken_for_a_path():
    assert not [name for name in (*names(), *aliases()) if names_path(name)]


def test_an_unknown_path_suggests_the_nearest():
    answered = sent("/s/stauts-403")
    assert answered.startswith(b"HTTP/1.1 404 ")
    assert b"status-403" in answered


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
