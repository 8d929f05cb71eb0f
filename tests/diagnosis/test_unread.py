"""What is read beside a status and a body: messages before a Close, HTTP behind a 101, fields, limits."""

from __future__ import annotations

import pytest

from tests.diagnosis.recorded import reading_of, session_of
from tests.exchanges import SAMPLE_OPENED, frame
from wsprobe.diagnosis import causes
from wsprobe.read.behind import http_behind
from wsprobe.report.report import report
from wsprobe.show.lines import Look
from wsprobe.show.session import session


def ended(*frames, after=1000, path="/ws"):
    """The causes of a session with these *frames* (opcode, payload); it ends *after* so many microseconds."""
    *before, last = (frame(opcode, data) for opcode, data in frames)
    return causes(session_of(SAMPLE_OPENED + b"".join(before), after, last, path=path))


def test_text_in_a_binary_message_before_a_close():
    first = ended((2, b"\x0b\xcd\x0c\x02\xb9seat reservation expired."), (8, b"\x0f\xa2"))[0]
    assert (first.id, first.quote) == ("server-says", "seat reservation expired.")
    assert ended((2, bytes(range(40))), (8, b"\x0f\xa2"))[0].id == "closed"


def test_a_message_before_one_that_only_says_that_it_ends():
    says, ends = b'{"error": "no such room"}', b'{"command": "close_session"}'
    first = ended((1, says), (1, ends), (8, b"\x03\xe8"))[0]
    assert first.quote == "no such room"


@pytest.mark.parametrize(("after", "id"), [(26_000_000, "idle-timeout"), (2_000_000, "not-socket.io")])
def test_an_unanswered_ping_of_engine_io(after, id):
    opening = b'0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1}'
    first = ended((1, opening), (1, b"2"), (8, b""), after=after)[0]
    assert (first.id, "pingTimeout 20000" in first.evidence) == (id, id == "idle-timeout")


def test_the_body_of_http_behind_a_101_is_read_and_shown():
    behind = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 19\r\n\r\nValueError: no room"
    reading = reading_of(SAMPLE_OPENED + behind, "fin")
    answer = http_behind(reading)
    assert answer.body.content == b"ValueError: no room"
    assert "ValueError: no room" in str(session(reading, Look()))
    assert report(reading.exchange, reading).causes[0].quote == "ValueError: no room"


@pytest.mark.parametrize(
    ("field", "quote"),
    [
        ("X-WebSocket-Reject-Reason: the room is full up", "the room is full up"),
        ("X-Error: the room is full up", "the room is full up"),
        ("Grpc-Message: the%20room is full up", "the room is full up"),
        (
            'WWW-Authenticate: Bearer error="x", error_description="The access token expired"',
            "The access token expired",
        ),
    ],
)
def test_a_field_with_a_reason_is_quoted(field, quote):
    status = "401 Unauthorized" if field.startswith("WWW") else "403 Forbidden"
    assert causes(reading_of(f"HTTP/1.1 {status}\r\n{field}\r\n\r\n".encode(), "fin"))[0].quote == quote


def test_problem_json_gives_its_detail():
    body = '{"type":"https://x.example/out","title":"You lack credit","detail":"Your balance is 30."}'
    answer = f"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n\r\n{body}"
    assert causes(reading_of(answer.encode(), "fin"))[0].quote == "Your balance is 30."


def test_the_same_answer_again_means_the_same_and_another_one_does_not():
    answer = b"HTTP/1.1 404 Not Found\r\nDate: Mon, 30 Nov 2026 22:00:0%d GMT\r\nContent-Length: 0\r\n\r\n"
    first = causes(reading_of(answer % 1, "fin"))
    assert causes(reading_of(answer % 2, "fin")) is first
    assert causes(reading_of(answer % 2, "fin", {"protocols": ["chat"]})) != first
    assert causes(reading_of(answer.replace(b"404 Not Found", b"410 Gone") % 2, "fin")) != first
