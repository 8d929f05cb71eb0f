"""Why nothing came: what was asked, how it ended, and how long it took."""

from __future__ import annotations

import pytest

from tests.diagnosis.recorded import reading_of
from wsprobe.diagnosis import causes


def found(ended="fin", *, late=False, **asked):
    return causes(reading_of(b"", ended, asked, late))


def said(of):
    return "\n".join(each.text for each in of)


def test_a_drop_over_tls_is_no_port_that_wants_tls():
    plain, secure = (said(found("reset", scheme=scheme)) for scheme in ("ws", "wss"))
    assert "for TLS, a PROXY line" in plain
    assert "TLS, a PROXY line" not in secure
    assert "client certificate" in secure


@pytest.mark.parametrize("word", ["444", "another protocol", "gets no answer"])
def test_a_drop_knows_rules_and_other_protocols(word):
    assert word in said(found())


@pytest.mark.parametrize(
    ("asked", "certainty", "words"),
    [
        ({"protocols": ["chat"]}, "status", "no support for an offered subprotocol (chat)"),
        ({"path": "/mqtt"}, "status", "requires the subprotocol mqtt"),
        ({"protocols": ["mqtt"], "path": "/mqtt"}, "status", "without an answer"),
        ({"note": "plain GET"}, "own-request", "lacks Upgrade: websocket"),
        ({"headers": ["Cookie: " + "x" * 9000]}, "own-request", "Cookie has 9000 bytes"),
    ],
)
def test_what_was_sent_comes_first(asked, certainty, words):
    first = found(**asked)[0]
    assert (first.id, first.certainty) == ("closed-silently", certainty)
    assert words in first.text


def test_a_second_is_the_time_of_engine_io():
    assert "Socket.IO" not in said(found())
    assert "Socket.IO on another path" in said(found(late=True))
    assert "Socket.IO" not in said(found(late=True, path="/socket.io/?EIO=4"))


def test_no_answer_knows_a_proxy_that_passes_no_101_back():
    assert "ws: true" in found("timeout")[0].fix
    assert "does not forward the 101" in said(found("timeout"))


def test_every_cause_has_its_evidence():
    for how in ("fin", "reset", "timeout"):
        assert all(each.evidence and each.certainty in ("status", "own-request") for each in found(how))
