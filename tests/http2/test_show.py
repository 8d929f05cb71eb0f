"""Reports over HTTP/2 as lines and as JSON: each says what it is."""

from tests.http2.test_lab import reported
from tests.http2.test_read import ON, answer, exchange
from wsprobe.exchange import Received, Sent
from wsprobe.report.report import report
from wsprobe.show.as_json import report_value
from wsprobe.show.lines import Look, plain
from wsprobe.show.report import handshake
from wsprobe.show.verbose import Conversation
from wsprobe.wire.http2 import data, goaway


def shown(of, **look):
    return plain(handshake(of, Look(**look)))


def test_findings_stand_under_the_fields_they_mean():
    lines = shown(reported("h2-field-uppercase")).splitlines()
    at = lines.index("X-Upper: 1")
    assert lines[at + 1] == "^^^^^^^ fail http2-name-upper-case"
    assert sum("^" in each for each in lines) == 1
    lines = shown(reported("h2-field-connection")).splitlines()
    at = lines.index("connection: Upgrade")
    assert lines[at + 1] == "            ^^^^^^^ fail http2-connection-field"


def test_of_many_fields_one_that_a_finding_means_is_shown_too():
    many = [(b"x-%d" % number, b"1") for number in range(300)]
    lines = shown(report(exchange(ON, answer(b"403", *many, (b"Upper", b"2"), (b"x-last", b"3"))))).splitlines()
    at = lines.index("Upper: 2")
    assert lines[at + 1] == "^^^^^ fail http2-name-upper-case"
    assert "x-0: 1" in lines
    assert not {"x-299: 1", "x-last: 3"} & set(lines)
    assert "... 202 more lines (--json has all)" in lines


def test_an_empty_line_stands_between_two_answers():
    lines = shown(reported("h2-103-then-200")).splitlines()
    assert lines[2:7] == ["over HTTP/2", ":status: 103", "link: </a>; rel=preload", "", ":status: 200"]
    assert "" not in lines[7:]


def test_bytes_of_the_server_are_made_visible():
    nasty = b"\x1b[31m\xff"
    made = exchange(
        ON, answer(b"403", (b"x\x1b", nasty)), data(1, b"no " + nasty), goaway(0, 1, nasty), how="fin"
    )
    watching = Conversation(Look(verbose=1))
    lines = [each for event in made.events for each in watching.event(event)]
    for text in (shown(report(made)), shown(report(made), verbose=1), plain(lines)):
        assert "\x1b" not in text
        assert "\\x1b" in text


def test_a_frame_is_shown_once_it_is_whole():
    made = exchange(ON + answer(b"200"))
    (sent,) = (event for event in made.events if isinstance(event, Sent))
    (came,) = (event for event in made.events if isinstance(event, Received))
    parts = [sent, *(Received(came.at, bytes([byte])) for byte in came.data)]
    watching = Conversation(Look(verbose=1))
    lines = plain([each for event in parts for each in watching.event(event)])
    assert lines.count("< SETTINGS MAX_CONCURRENT_STREAMS 100 ENABLE_CONNECT_PROTOCOL 1") == 1
    assert lines.count("<   :status: 200") == 1


def test_interim_answers_stand_before_the_final_one_and_not_in_it():
    response = report_value(reported("h2-103-then-200")).response
    assert response.status == 200
    assert [each.status for each in response.informational] == [103]
