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
    Received,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.history import read_as
from wsprobe.judge import judge
from wsprobe.judge.subject import not_frames
from wsprobe.read import read
from wsprobe.read.closing import close_of

HTTP = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug/3.1.9\r\nContent-Length: 90\r\n\r\n" + b"x" * 90


def test_http_behind_a_101_is_no_close_and_leaves_one_as_it_is():
    assert close_of(reading_of(OPEN + HTTP, "fin")) is None
    assert close_of(reading_of(OPEN + b"\x88\x05\x0f\xa1bad" + HTTP, "fin")).code == 4001


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


def test_of_a_proxy_s_refusal_the_first_line_is_quoted():
    (said,) = judge(refused_by_a_proxy(b"HTTP/1.1 503 No\r\nA: b\r\n\r\n")).findings
    assert (said.id, said.received) == ("proxy-failed", "HTTP/1.1 503 No")


def test_a_proxy_s_407_is_for_revisions_that_speak_of_proxies():
    reading = refused_by_a_proxy(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n')
    for name in ("hixie-76", "hybi-03", "rfc6455", "r1.271", "whatwg"):
        assert read_as(reading, name).answer == "retry-proxy-auth"
    for name in ("whatwg-2009-10", "hybi-04", "hybi-17", "r1.210"):
        assert read_as(reading, name).answer == "not known"


@pytest.mark.parametrize("behind", [b"hello world, this is text\n", b"TTP/1.1 200"])
def test_text_is_taken_for_no_frames_only_where_no_frame_begins_so(behind):
    messages = {fin | rsv1 | opcode for fin in (0, 0x80) for rsv1 in (0, 0x40) for opcode in (0, 1, 2)}
    controls = {0x80 | rsv1 | opcode for rsv1 in (0, 0x40) for opcode in (8, 9, 10)}
    for first in messages | controls:
        assert not not_frames(reading_of(OPEN + bytes([first]) + behind, "fin"))
    assert not_frames(reading_of(OPEN + b"H" + behind, "fin"))


def test_interim_answers_in_a_recording_that_ends():
    cut = Exchange(PLAN, (Connected(0, "127.0.0.1", 1), Received(1, b"HTTP/1.1 103 Early\r\n\r\n")))
    said = [each.text for each in judge(read(cut)).findings]
    assert "103 came, but no final answer (the recording ends)" in said


CERTIFICATE = Certificate(
    b"", names=("a.example", "b.example"), not_before="2030-01-01", not_after="2020-01-01"
)


@pytest.mark.parametrize(
    ("reason", "expected", "received"),
    [
        ("wrong-name", PLAN.target.host, "a.example, b.example"),
        ("expired", None, "2020-01-01"),
        ("not-yet-valid", None, "2030-01-01"),
        ("self-signed", None, None),
    ],
)
def test_what_was_expected_of_a_certificate(reason, expected, received):
    failed = TlsFailed(1, "certificate", "bad", certificate=CERTIFICATE, reason=reason)
    reading = read(Exchange(PLAN, (Connected(0, "127.0.0.1", 1), failed, Ended(2, "error"))))
    first = judge(reading).findings[0]
    assert first.id == f"certificate-{reason}"
    assert (first.expected, first.received) == (expected, received)


@pytest.mark.parametrize("size", [80, 81])
def test_of_what_is_no_tls_the_first_line_is_shown(size):
    failed = TlsFailed(1, "not-tls", "no TLS", received=b"x" * size + b"\r\nmore")
    reading = read(Exchange(PLAN, (Connected(0, "127.0.0.1", 1), failed, Ended(2, "error"))))
    assert judge(reading).findings[0].received == "x" * 80


OF_OUR_CERTIFICATE = (41, 42, 43, 44, 45, 46, 48, 116)
"""no_certificate_RESERVED to certificate_unknown, unknown_ca and certificate_required (RFC 8446 section 6)."""
NAMED = {
    40: "handshake-failure",
    70: "protocol-version",
    112: "unrecognized-name",
    120: "no-application-protocol",
}


def _record(*messages):
    whole = b"".join(messages)
    return b"\x16\x03\x03" + len(whole).to_bytes(2) + whole


@pytest.mark.parametrize(
    ("received", "about"),
    [
        (_record(b"\x02\x00\x00\x02\x0d\x0d", b"\x0d\x00\x00\x01x"), "certificate-required"),
        (_record(b"\x02\x00\x00\x02\x0d\x0d") + _record(b"\x0d\x00\x00\x00"), "certificate-required"),
        (_record(b"\x02\x00\x00\x02\x0d\x0d", b"\x0e\x00\x00\x00"), "handshake-failure"),
        (_record(b"\x02\x00\x00") + b"\x14\x03\x03\x00\x01\x01" + _record(b"\x0d"), "handshake-failure"),
        (b"\x16\x03", "handshake-failure"),
        (b"", "handshake-failure"),
    ],
)
def test_a_handshake_failure_after_a_certificate_request_is_about_it(received, about):
    failed = TlsFailed(1, "alert", "refused", received, alert=40)
    reading = read(Exchange(PLAN, (Connected(0, "127.0.0.1", 1), failed, Ended(2, "error"))))
    assert {each.id for each in judge(reading).findings if each.id.startswith("tls")} == {f"tls-alert-{about}"}


def test_what_each_alert_is_about():
    """A server that sends one about a certificate can mean only the client's."""
    for alert in range(256):
        failed = TlsFailed(1, "alert", "refused", alert=alert)
        reading = read(Exchange(PLAN, (Connected(0, "127.0.0.1", 1), failed, Ended(2, "error"))))
        told = {each.id for each in judge(reading).findings if each.id.startswith("tls-alert")}
        about = "certificate-required" if alert in OF_OUR_CERTIFICATE else NAMED.get(alert, "")
        assert told == {f"tls-alert-{about}".rstrip("-")}, alert
