"""What the page of the lab is given of a scenario: the calls of the script, and what its port does."""

import pytest

from wsprobe.exchange import Act
from wsprobe.lab import find
from wsprobe.lab.staging import act_value, described


@pytest.mark.parametrize(
    ("act", "value"),
    [
        (Act("open", "close", b"bye", 3000, 1500), {"when": "open", "after": 1.5, "arguments": [3000, "bye"]}),
        (Act("open", "close", code=3000), {"when": "open", "after": 0, "arguments": [3000]}),
        (Act("open", "close", b"bye"), {"when": "open", "after": 0, "arguments": [None, "bye"]}),
        (Act("created", "close"), {"when": "created", "after": 0, "arguments": []}),
        (Act("message", "binary", b"\x00\xff"), {"when": "message", "after": 0, "hex": "00ff"}),
        (Act("time", "text", "h\u00e9".encode(), after=2), {"when": "time", "after": 0.002, "text": "h\u00e9"}),
    ],
)
def test_a_call_of_the_script(act, value):
    assert act_value(act) == {"do": act.do} | value


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("status-403", []),
        ("refused", ["nothing listens at this port: the connection is refused"]),
        ("wss-unknown-ca", ["a TLS server with a certificate from an untrusted authority"]),
        ("wss-accept-fin", ["the server ends TCP (FIN) as soon as the connection is open"]),
        ("wss-accept-rst", ["the server drops the connection (RST)"]),
        (
            "wss-alert",
            ["the server waits for bytes, at most 10 s", r"the server sends \x15\x03\x03\x00\x02\x02("],
        ),
        ("wss-ssh-banner", [r"the server sends SSH-2.0-OpenSSH_9.9\x0d\x0a", "the server waits 75 s"]),
    ],
)
def test_what_a_port_does_that_answers_no_request(name, words):
    assert described(find(name)) == words
