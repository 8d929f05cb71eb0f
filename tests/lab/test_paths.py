"""Paths that say what to answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.lab import aliases, find, load, names
from wsprobe.lab.paths import PARAMETERISED, PathError, names_path, scenario_at
from wsprobe.lab.perform import Send, answer, request
from wsprobe.lab.server import contents, reception

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def sent(resource):
    """What is sent for a request of *resource*, all of it, nothing being heard from the client."""
    asked = request(
        b"GET %s HTTP/1.1\r\nHost: lab.example:80\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % resource.encode()
    )
    performance = answer(reception(asked), asked, {"plain": 80}).perform(lambda: 0.0)
    return b"".join(deed.data for deed in performance if isinstance(deed, Send))


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("/status/403", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        (
            "/status/403?reason=Token+Expired&body=why%20not&header=X-A:%201&header=x-b:2",
            b"HTTP/1.1 403 Token Expired\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n"
            b"X-A: 1\r\nx-b:2\r\n\r\nwhy not",
        ),
        (
            "/status/500?http=1.0&body=%7Baccept%7D&header=content-type:x&header=Content-Length:%209",
            b"HTTP/1.0 500 Internal Server Error\r\ncontent-type:x\r\nContent-Length: 9\r\n\r\n{accept}",
        ),
        ("/status/799", b"HTTP/1.1 799 Status\r\nContent-Length: 0\r\n\r\n"),
        ("/status/101?header=X-A:%20%ff", HEAD + b"X-A: \xff\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"),
        (
            "/redirect/307",
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://lab.example:80/s/ok\r\n"
            b"Content-Length: 0\r\n\r\n",
        ),
        (
            "/redirect/302?to=/a%3Fb%3D{c}",
            b"HTTP/1.1 302 Found\r\nLocation: /a?b={c}\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "/close/4403?reason=no&text=a&text=b",
            HEAD + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n\x81\x01a\x81\x01b\x88\x04\x113no",
        ),
        ("/close/", HEAD + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n\x88\x00"),
        ("/accept/missing", HEAD + b"\r\n"),
        ("/accept/twice", HEAD + 2 * (b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n") + b"\r\n"),
        ("/accept/case", HEAD + b"Sec-WebSocket-Accept: " + ACCEPT.lower() + b"\r\n\r\n"),
        ("/accept/%7Bx%7D=", HEAD + b"Sec-WebSocket-Accept: {x}=\r\n\r\n"),
        ("/raw?hex=48%2049%7b0d0a".replace("%7b", "7b"), b"HI{\r\n"),
        ("/raw?text=%00%ff%7Baccept%7D", b"\x00\xff{accept}"),
        ("/raw", b""),
        ("/echo", HEAD + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"),
    ],
)
def test_what_a_path_is_answered_with(resource, expected):
    assert sent(resource) == expected


def test_the_diagnostic_can_be_read_by_any_page():
    head, _, body = sent("/diagnostic?status=401&reason=say+%22please%22").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nAccess-Control-Allow-Origin: *" in head
    assert body == b'{"status": 401, "reason": "say \\"please\\""}\n'


@pytest.mark.parametrize(
    "resource", ["/s/403", "/403", "403", "status-403", "/s/status-403", "/a/../s/403", "/s/./403"]
)
def test_scenarios_have_paths(resource):
    assert scenario_at(resource) is find("403")


def test_names_of_scenarios_are_not_taken_for_parameters():
    assert scenario_at("status-403").name == "403"
    assert scenario_at("status/403").name == "/status/403"
    assert set(PARAMETERISED).isdisjoint(names())


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


@pytest.mark.parametrize(
    ("word", "is_path"),
    [
        ("status/403", True),
        ("s/status-403", True),
        ("echo", True),
        ("raw?text=x", True),
        ("diagnostic", True),
        ("status", False),
        ("status-403", False),
        ("no/path", False),
        ("", False),
    ],
)
def test_a_path_without_its_slash(word, is_path):
    assert names_path(word) is is_path


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
