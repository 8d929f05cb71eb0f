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
from wsprobe.judge import judge, outcome
from wsprobe.judge.subject import not_frames
from wsprobe.read import read
from wsprobe.read.closing import close_of

HTTP = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug/3.1.9\r\nContent-Length: 90\r\n\r\n" + b"x" * 90


def findings(answer, ended="fin", **asked):
    return {each.id: each for each in judge(reading_of(answer, ended, asked)).findings}


def test_http_behind_a_101_is_named_by_its_status_and_not_judged_as_frames():
    reading = reading_of(OPEN + HTTP, "fin")
    found = judge(reading).findings
    assert [each.id for each in found] == ["session-not-frames"]
    assert "HTTP/1.1 500 INTERNAL SERVER ERROR" in found[0].text
    assert found[0].span == (len(OPEN), len(OPEN) + len(b"HTTP/1.1 500 INTERNAL SERVER ERROR"))
    assert close_of(reading) is None


def test_http_behind_a_close_leaves_the_close_as_it_is():
    reading = reading_of(OPEN + b"\x88\x05\x0f\xa1bad" + HTTP, "fin")
    verdict = judge(reading)
    assert [each.id for each in verdict.findings] == ["data-after-close"]
    assert "HTTP after the Close: HTTP/1.1 500" in verdict.findings[0].text
    assert outcome(reading, verdict) == "closed"
    close = close_of(reading)
    assert close.code == 4001


def test_the_word_http_within_a_message_is_a_message():
    message = b"GET / HTTP/1.1"
    assert findings(OPEN + b"\x81" + bytes([len(message)]) + message, "open") == {}


def test_a_close_code_written_as_text():
    found = findings(OPEN + b"\x88\x041000")["close-code-range"]
    assert "12592" in found.text
    assert "the text 1000" in found.text
    assert "lighttpd" in found.usual
    assert "text" not in findings(OPEN + b"\x88\x02\x00\x05")["close-code-range"].text


def test_a_reason_without_a_close_code():
    found = findings(OPEN + b"\x88\x0bmaintenance")["close-code-range"]
    assert "the text maintenance" in found.text
    assert "a reason without a code" in found.usual
    assert "a reason" not in findings(OPEN + b"\x88\x02ma")["close-code-range"].usual


def test_http_after_the_101_is_an_answer_of_the_handler_or_a_timeout():
    def usual(status):
        return findings(OPEN + b"HTTP/1.1 " + status + b"\r\n\r\n")["session-not-frames"].usual

    assert "timeout" in usual(b"408 Request Timeout")
    assert "a handler" in usual(b"400 Bad Request")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nName : x\r\n\r\n", "a header line is not NAME: VALUE"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "different numbers"),
        (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "its length in hex"),
        (b"HTTP/1.1 40 Forbidden\r\n\r\n", "the status line does not have the required form"),
    ],
)
def test_what_a_strict_library_stumbles_over_is_said_in_words(answer, words):
    said = findings(answer)["h11-refuses"].text
    assert words in said
    assert "bytearray" not in said


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


@pytest.mark.parametrize(
    ("frame", "id", "received"),
    [
        (b"\x81\x06a\xff\xfe\xfd\xfcb", "text-not-utf8", r"\xff\xfe\xfd\xfc"),
        (b"\x88\x05\x03\xe8a\xffb", "close-reason-not-utf8", r"a\xffb"),
        (b"\x88\x01\x03", "close-body-one-byte", r"\x03"),
    ],
)
def test_the_bytes_that_are_meant_are_shown(frame, id, received):
    assert findings(OPEN + frame)[id].received == received


@pytest.mark.parametrize(("ended", "how"), [("fin", "fin"), ("reset", "reset"), ("limit", "limit")])
def test_how_it_ended_behind_interim_answers(ended, how):
    told = [each.text for each in findings(b"HTTP/1.1 103 Early\r\n\r\n", ended).values()]
    assert f"103 came, but no final answer ({how})" in told
    cut = Exchange(PLAN, (Connected(0, "127.0.0.1", 1), Received(1, b"HTTP/1.1 103 Early\r\n\r\n")))
    assert "103 came, but no final answer (the recording ends)" in [
        each.text for each in judge(read(cut)).findings
    ]


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
