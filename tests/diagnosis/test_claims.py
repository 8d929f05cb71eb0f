"""What is said of an answer, and what is not (claims.txt), and what a line cannot say."""

import pytest

from tests.cases import every, named
from tests.diagnosis.claims import claims
from tests.diagnosis.recorded import reading_of, session_of
from tests.exchanges import SAMPLE_OPENED, deflated, frame
from wsprobe.diagnosis import author, causes
from wsprobe.exchange import Sent
from wsprobe.read.behind import http_behind
from wsprobe.report.report import report
from wsprobe.show.lines import Look
from wsprobe.show.session import session

OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@every(named(claims(), lambda claim: claim.name))
def test_what_is_claimed_of_an_answer_is_so(claim):
    assert claim.fails() == [], claim.claims


@pytest.mark.parametrize("how", ["fin", "reset", "timeout"])
def test_every_cause_of_a_silence_has_its_evidence(how):
    found = causes(reading_of(b"", how))
    assert all(each.evidence and each.certainty in ("status", "own-request") for each in found)


def test_the_opening_packet_of_socket_io_names_no_program():
    reading = reading_of(OPEN + frame(1, b'0{"sid":"a","upgrades":[],"pingInterval":25000}'), "open")
    assert author(reading).id == "engine.io"
    assert [each.program for each in causes(reading)] == [None]


def test_printable_words_of_a_server_are_shown_as_they_are():
    head, body = "HTTP/1.1 403 Très mauvais\r\nContent-Type: text/plain", "lune \u202e pleine \x9b \u200b 満月"
    (found, *_) = causes(reading_of(f"{head}\r\n\r\n{body}".encode(), "fin"))
    assert "Très mauvais" in found.text
    assert found.evidence.isprintable()
    (other, *_) = causes(
        reading_of("HTTP/1.1 403 Forbidden\r\n\r\nlune \u202epleine\u200b 満月".encode(), "fin")
    )
    assert "lune \\xe2\\x80\\xaepleine\\xe2\\x80\\x8b 満月" in other.text


ENGINE = frame(1, b'0{"sid":"a","pingInterval":25000}')
CONNECT = frame(1, b"40", bytes(4))


@pytest.mark.parametrize(
    ("packets", "ids"),
    [
        (b"", []),
        (frame(1, b'40{"sid":"b"}'), []),
        (frame(1, b'44{"message":"no token"}'), ["unauthorized"]),
        (frame(1, b'44{"message":"no token"}') + frame(1, b"2"), ["unauthorized"]),
        (frame(1, b'44/room,{"message":"Invalid namespace"}'), ["not-found"]),
        (frame(1, b'44/room,"Invalid namespace"'), ["not-found"]),
        (frame(1, b"44 no token"), []),
        (frame(1, b'43["no token"]'), []),
    ],
)
def test_socket_io_says_why_it_refuses_a_namespace(packets, ids):
    for sent, known in ((CONNECT, []), (b"\x81\x82\0\0\0\0hi", ["not-socket.io"])):
        found = causes(session_of(OPEN + ENGINE, Sent(3, sent), packets, how="local"))
        assert [each.id for each in found] == [*ids, *known]


def test_a_compressed_packet_connects_to_socket_io_too():
    opened = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" + ENGINE
    assert causes(session_of(opened, Sent(3, frame(1, deflated(b"40"), bytes(4), rsv=4)), how="local")) == ()


@pytest.mark.parametrize("message", [b'44{"message":"\xff"}', b'44"\xc3', b'{"error":"\xff no token"}'])
def test_a_message_that_is_not_utf8_has_no_words_and_raises_nothing(message):
    found = causes(reading_of(OPEN + ENGINE + frame(1, message), "open"))
    assert [each.id for each in found] == ["not-socket.io"]


@pytest.mark.parametrize("reason", ["cannot reach the upstream", "zzz"])
def test_the_reason_of_a_close_is_quoted_once(reason):
    found = causes(session_of(OPEN, 1000, frame(8, b"\x03\xf3" + reason.encode())))
    assert [reason in each.text for each in found].count(True) == 1


OLD = {"headers": ["Sec-WebSocket-Version: 12"]}


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


def test_an_empty_403_with_a_content_type_is_not_envoy_s_own():
    own = b"HTTP/1.1 403 Forbidden\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n"
    passed_on = own.replace(b"\r\nserver", b"\r\ncontent-type: text/plain; charset=utf-8\r\nserver")
    assert author(reading_of(own, "fin")).id == "envoy"
    assert author(reading_of(passed_on, "fin")).id != "envoy"


def test_the_body_of_http_behind_a_101_is_read_and_shown():
    behind = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 19\r\n\r\nValueError: no room"
    reading = reading_of(SAMPLE_OPENED + behind, "fin")
    answer = http_behind(reading)
    assert answer.body.content == b"ValueError: no room"
    assert "ValueError: no room" in str(session(reading, Look()))
    assert report(reading.exchange, reading).causes[0].quote == "ValueError: no room"
