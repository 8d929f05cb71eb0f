"""Findings whose words depend on what came: no answer, HTTP behind a 101, a Close that is text, a strict
library; a proxy's refusal."""

import pytest

from tests.diagnosis.recorded import reading_of
from tests.exchanges import SAMPLE_OPENED as OPEN
from tests.show.test_room import PLAN
from wsprobe.exchange import (
    Certificate,
    Connected,
    Ended,
    Exchange,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.judge import judge
from wsprobe.judge.subject import not_frames
from wsprobe.read import read

HTTP = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug/3.1.9\r\nContent-Length: 90\r\n\r\n" + b"x" * 90


def refused_by_a_proxy(answer):
    sent = TunnelSent(2, b"CONNECT h:80 HTTP/1.1\r\n\r\n")
    events = (
        Connected(1, "::1", 80),
        sent,
        TunnelReceived(3, answer),
        TunnelFailed(4, "no"),
        Ended(9, "local"),
    )
    return read(Exchange(PLAN, events))


@pytest.mark.parametrize("behind", [b"hello world, this is text\n", b"TTP/1.1 200"])
def test_text_is_taken_for_no_frames_only_where_no_frame_begins_so(behind):
    messages = {fin | rsv1 | opcode for fin in (0, 0x80) for rsv1 in (0, 0x40) for opcode in (0, 1, 2)}
    controls = {0x80 | rsv1 | opcode for rsv1 in (0, 0x40) for opcode in (8, 9, 10)}
    for first in messages | controls:
        assert not not_frames(reading_of(OPEN + bytes([first]) + behind, "fin"))
    assert not_frames(reading_of(OPEN + b"H" + behind, "fin"))


@pytest.mark.parametrize(
    ("behind", "is_"),
    [
        (b"\n\tindented text", "line ends"),
        (b"\n\r\n", "line ends"),
        (b"\n", "line ends"),
        (b"\n\x05hello", ""),
        (b"\n\x00", ""),
    ],
)
def test_a_line_feed_is_a_pong_without_fin_where_the_length_behind_it_is_in_no_text(behind, is_):
    assert not_frames(reading_of(OPEN + behind, "fin")) == is_


CERTIFICATE = Certificate(
    b"", names=("a.example", "b.example"), not_before="2030-01-01", not_after="2020-01-01"
)


OF_OUR_CERTIFICATE = (41, 42, 43, 44, 45, 46, 48, 116)
"""no_certificate_RESERVED to certificate_unknown, unknown_ca and certificate_required (RFC 8446 section 6)."""
NAMED = {
    40: "handshake-failure",
    70: "protocol-version",
    112: "unrecognized-name",
    120: "no-application-protocol",
}


def judged_tls(kind, error, received=b"", **parts):
    """What is found where TLS fails so."""
    failed = TlsFailed(1, kind, error, received, **parts)
    events = (Connected(0, "127.0.0.1", 1), failed, Ended(2, "error"))
    return judge(read(Exchange(PLAN, events))).findings


def test_what_each_alert_is_about():
    """A server that sends one about a certificate can mean only the client's."""
    for alert in range(256):
        found = judged_tls("alert", "refused", alert=alert)
        told = {each.id for each in found if each.id.startswith("tls-alert")}
        about = "certificate-required" if alert in OF_OUR_CERTIFICATE else NAMED.get(alert, "")
        assert told == {f"tls-alert-{about}".rstrip("-")}, alert
