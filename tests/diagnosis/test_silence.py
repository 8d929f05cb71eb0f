"""Why nothing came: what was asked, how it ended, and how long it took."""

from __future__ import annotations

import pytest

from tests.diagnosis.recorded import reading_of
from wsprobe.diagnosis import Cause, causes


def found(ended: str = "fin", *, late: bool = False, **asked: object) -> tuple[Cause, ...]:
    return causes(reading_of(b"", ended, asked, late))


def said(of: tuple[Cause, ...]) -> str:
    return "\n".join(each.text for each in of)


def test_a_drop_over_tls_is_no_port_that_wants_tls() -> None:
    plain, secure = (said(found("reset", scheme=scheme)) for scheme in ("ws", "wss"))
    assert "expects TLS" in plain
    assert "expects TLS" not in secure
    assert "client certificate" in secure


@pytest.mark.parametrize(
    "word", ["444", "reject", "MQTT", "PROXY protocol", "gets no answer from the application"]
)
def test_a_drop_knows_rules_and_other_protocols(word: str) -> None:
    assert word in said(found())


@pytest.mark.parametrize(
    ("asked", "id", "words"),
    [
        ({"protocols": ["chat"]}, "subprotocol-required", "none of the offered subprotocols (chat)"),
        ({"path": "/mqtt"}, "subprotocol-required", "requires the subprotocol mqtt"),
        ({"protocols": ["mqtt"], "path": "/mqtt"}, "closed-silently", "without an answer"),
        ({"note": "plain GET"}, "handshake-incomplete", "lacks Upgrade: websocket"),
        ({"headers": ["Cookie: " + "x" * 9000]}, "header-too-large", "a Cookie field of 9000 bytes"),
    ],
)
def test_what_was_sent_comes_first(asked: dict[str, object], id: str, words: str) -> None:
    first = found(**asked)[0]
    open_why = id in ("closed-silently", "subprotocol-required")
    assert (first.id, first.certainty) == (id, "status" if open_why else "own-request")
    assert words in first.text


def test_a_second_is_the_time_of_engine_io() -> None:
    assert "not-socket.io" not in [each.id for each in found()]
    assert [each.id for each in found(late=True)][:2] == ["not-socket.io", "closed-silently"]
    assert "not-socket.io" not in [each.id for each in found(late=True, path="/socket.io/?EIO=4")]


def test_no_answer_knows_a_proxy_that_passes_no_101_back() -> None:
    assert "ws: true" in found("timeout")[0].fix
    assert "not the 101" in said(found("timeout"))


def test_every_cause_has_its_evidence() -> None:
    for how in ("fin", "reset", "timeout"):
        assert all(each.evidence and each.certainty in ("status", "own-request") for each in found(how))
