"""What wsprobe itself sent comes first, also where what came back is no HTTP, or breaks off a session."""

from __future__ import annotations

import pytest

from tests.diagnosis.recorded import reading_of
from tests.exchanges import SAMPLE_OPENED
from wsprobe.diagnosis import author, causes
from wsprobe.report.report import report

OLD = {"headers": ["Sec-WebSocket-Version: 12"]}


def test_text_that_is_no_http_after_an_odd_request():
    found = causes(reading_of(b"Error 426: Upgrade Required\n", "fin", OLD))
    assert [each.id for each in found] == ["version-unsupported", "not-http-text"]
    assert found[0].certainty == "own-request"


def test_text_that_is_no_http_after_a_huge_field():
    huge = {"headers": [f"Cookie: {'x' * 20000}"]}
    assert causes(reading_of(b"400 too large\n", "fin", huge))[0].id == "header-too-large"


def test_text_that_is_no_http_after_a_plain_handshake():
    found = causes(reading_of(b"220 ready\r\n", "fin"))
    assert {each.certainty for each in found} & {"own-request"} == set()
    assert found


def test_http_behind_a_101_is_why_its_frames_are_invalid():
    behind = SAMPLE_OPENED + b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
    told = report(reading_of(behind, "fin").exchange)
    assert told.outcome == "invalid"
    assert [each.id for each in told.causes] == ["response-after-101"]


def test_how_a_session_ended_is_not_why_a_101_was_invalid():
    wrong = SAMPLE_OPENED.replace(b"s3pP", b"AAAA")
    assert causes(reading_of(wrong + b"\x88\x02\x03\xe8", "fin"))[0].id == "closed"
    told = report(reading_of(wrong + b"\x88\x02\x03\xe8", "fin").exchange)
    assert (told.outcome, told.causes) == ("invalid", ())


def test_a_reason_to_reject_is_quoted():
    answer = b"HTTP/1.1 %s\r\nConnection: close\r\nX-WebSocket-Reject-Reason: %s\r\n\r\n"
    crashed = causes(reading_of(answer % (b"500 Internal Server Error", b"Error: boom"), "fin"))
    refused = causes(reading_of(answer % (b"403 Forbidden", b"room is full up"), "fin"))
    assert (crashed[0].id, refused[0].id) == ("error", "refused")
    assert '"Error: boom"' in crashed[0].text


def test_a_bare_403_without_an_origin_names_what_was_not_sent():
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    bare = causes(reading_of(answer, "fin"))[0]
    assert (bare.id, "no Origin in the request" in bare.text, "--origin" in bare.fix) == (
        "refused",
        True,
        True,
    )
    sent = causes(reading_of(answer, "fin", {"origin": "http://127.0.0.1:24301"}))[0]
    assert (sent.id, "no Origin" in sent.text, "--origin" in sent.fix) == ("refused", False, False)
    lost = causes(reading_of(b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", "fin"))[0]
    assert "Origin" not in lost.text


def test_a_session_that_another_one_replaced():
    close = SAMPLE_OPENED + b"\x88\x11\x0f\xa0duplicate login"
    assert causes(reading_of(close, "fin"))[0].id == "closed"
    answer = b"HTTP/1.1 409 Conflict\r\nContent-Type: text/plain\r\n\r\nclient 7 is already connected"
    assert causes(reading_of(answer, "fin"))[0].id == "refused"


@pytest.mark.parametrize("asked", [OLD, {"note": "plain GET"}, {"headers": [f"Cookie: {'x' * 9000}"]}])
@pytest.mark.parametrize(
    ("answer", "id"),
    [
        ("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=x\n\n", "unauthorized"),
        ("HTTP/1.1 403 Forbidden\n\nInvalid token", "unauthorized"),
        ("HTTP/1.1 429 Too Many Requests\n\nrate limit exceeded", "rate-limited"),
        (
            "HTTP/1.1 502 Bad Gateway\nServer: nginx\n\n<h1>502 Bad Gateway</h1><hr><center>nginx</center>",
            "bad-gateway",
        ),
    ],
)
def test_another_reason_in_the_answer_comes_before_what_was_sent(answer, id, asked):
    found = causes(reading_of(answer.replace("\n", "\r\n").encode(), "fin", asked))
    own = [each for each in found if each.certainty == "own-request"]
    assert (found[0].id, found[0] in own) == (id, False)
    assert all(each.fix not in found[0].fix for each in own)


@pytest.mark.parametrize(
    ("asked", "id", "statuses"),
    [
        ({"method": "POST"}, "method", [400, 404, 405, 410, 426, 501]),
        ({"note": "short key"}, "key", [400, 426, 501]),
        (OLD, "version-unsupported", [400, 426, 501]),
        ({"headers": [f"Cookie: {'x' * 20000}"]}, "header-too-large", [400, 413, 414, 431, 494]),
        ({"headers": ["Host: other.example"]}, "host-refused", [421]),
    ],
)
def test_a_status_about_something_else_leaves_room_for_it(asked, id, statuses):
    fitting = []
    for status in range(400, 512):
        found = causes(reading_of(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status, "fin", asked))
        if id not in ("header-too-large", "host-refused"):  # a proxy's failure is about what is behind it
            assert (found[0].certainty == "own-request") == (status not in (502, 504))
        assert found[0].certainty != "own-request" or "if the answer stays" in found[0].fix or found[0].id == id
        if found[0].id == id:
            fitting.append(status)
    assert fitting == statuses


def test_what_was_sent_and_is_missing_was_dropped_on_the_way():
    body = b"Failed to open a WebSocket connection: missing %s.\n"
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n" + body
    for words, asked, lost, wanted in (
        (b"Origin header", {"origin": "https://app.example"}, "origin-lost", "origin-refused"),
        (b"subprotocol", {"protocols": ["chat"]}, "subprotocol-lost", "subprotocol-required"),
    ):
        sent = causes(reading_of(answer % words, "fin", asked))
        assert [each.id for each in sent] == [lost]
        assert causes(reading_of(answer % words, "fin"))[0].id == wanted


def test_an_empty_403_with_a_content_type_is_not_envoy_s_own():
    own = b"HTTP/1.1 403 Forbidden\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n"
    passed_on = own.replace(b"\r\nserver", b"\r\ncontent-type: text/plain; charset=utf-8\r\nserver")
    assert author(reading_of(own, "fin")).id == "envoy"
    assert author(reading_of(passed_on, "fin")).id != "envoy"
