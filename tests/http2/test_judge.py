"""Findings of RFC 8441 and RFC 9113, each on bytes that have it; outcomes and answers."""

from __future__ import annotations

import pytest
from hpack import Encoder
from msgspec.structs import replace

from tests.http2.test_read import ON, answer, exchange
from wsprobe.exchange import Received, Sent
from wsprobe.judge import judge, outcome
from wsprobe.read import read
from wsprobe.read.http2_values import CONTINUATION, HEADERS, PING, RST_STREAM
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update

HI_AND_CLOSE = b"\x81\x02hi\x88\x02\x03\xe8"

CASES = {
    "http2-setting-value": (
        (settings([(8, 1), (4, 1 << 31)]), answer(b"403", end_stream=True)),
        "local",
        "refused",
    ),
    "http2-frame-cut": ((ON, answer(b"200"), data(1, HI_AND_CLOSE)[:-3]), "fin", "aborted"),
    "http2-settings-not-first": ((frame(PING, 0, 0, bytes(8)), ON, answer(b"403")), "fin", "refused"),
    "http2-reset": ((ON, rst_stream(1, 2)), "local", "dropped"),
    "http2-goaway": ((ON, goaway(0, 2, b"\x1b[31m")), "fin", "dropped"),
    "http2-status": ((ON, answer(b"200 OK")), "fin", "not-http"),
    "http2-101": ((ON, answer(b"101")), "fin", "invalid"),
    "http2-block-unfinished": ((ON, frame(HEADERS, 0, 1, b"\x88")), "fin", "dropped"),
    "http2-goaway-error": ((ON, goaway(1, 1), answer(b"403", end_stream=True)), "local", "refused"),
    "http2-length-on-200": (
        (ON, answer(b"200", (b"content-length", b"0")), data(1, HI_AND_CLOSE)),
        "local",
        "open",
    ),
    "http2-trailers-in-session": (
        (ON, answer(b"200"), data(1, HI_AND_CLOSE), headers(1, b"\x00\x01a\x01b", end_stream=True)),
        "fin",
        "invalid",
    ),
    "http2-not-spoken": ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "fin", "not-http"),
    "dropped-before-answer": ((ON,), "reset", "dropped"),
    "timeout-answer": ((ON,), "timeout", "timeout"),
    "http2-frame-malformed": ((ON, answer(b"200"), frame(RST_STREAM, 0, 1, bytes(3))), "fin", "invalid"),
}


def judged(exchange):
    """The outcome, and the findings that are more than a note."""
    reading = read(exchange)
    verdict = judge(reading)
    return outcome(reading, verdict), {finding.id for finding in verdict.findings if finding.level != "note"}


def found(of):
    return list(judge(read(of)).findings)


@pytest.mark.parametrize(("id", "case"), CASES.items(), ids=CASES)
def test_what_is_found(id, case):
    pieces, how, word = case
    made = exchange(*pieces, how=how)
    assert id in {finding.id for finding in found(made)}
    assert judged(made)[0] == word


def test_a_line_of_http_1_is_quoted_up_to_80_characters():
    for size in (80, 81):
        line = b"HTTP/1.1 400 " + b"x" * (size - 13)
        (said,) = (
            each for each in found(exchange(line + b"\r\n\r\n", how="fin")) if each.id == "http2-not-spoken"
        )
        assert said.span == (0, 80)


def test_how_late_the_setting_came():
    of = exchange(settings([(3, 100)]), *[frame(PING, 0, 0, bytes(8))] * 2000, ON, how="fin")
    (said,) = (each for each in found(of) if each.id == "http2-connect-late")
    assert "it came 200.1 ms after" in said.text


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (2, (0,), (1,)),
        (4, (0, 2**31 - 1), (2**31,)),
        (5, (2**14, 2**24 - 1), (2**14 - 1, 2**24)),
        (3, (0, 2**32 - 1), ()),
    ],
    ids=["ENABLE_PUSH", "INITIAL_WINDOW_SIZE", "MAX_FRAME_SIZE", "MAX_CONCURRENT_STREAMS"],
)
def test_what_a_setting_may_be(key, good, bad):
    for value in (*good, *bad):
        of = exchange(settings([(8, 1), (key, value)]), answer(b"403", end_stream=True))
        assert ("http2-setting-value" in {each.id for each in found(of)}) == (value in bad), value


@pytest.mark.parametrize(
    ("between", "bad"),
    [
        ([], None),
        ([frame(PING, 0, 0, bytes(8))], 0),
        ([frame(CONTINUATION, 0, 3, b"")], 0),
        ([frame(CONTINUATION, 0, 1, b"")], None),
        ([frame(CONTINUATION, 0, 1, b""), frame(PING, 0, 0, bytes(8))], 1),
    ],
    ids=["nothing", "a PING", "a CONTINUATION of another stream", "a CONTINUATION", "both"],
)
def test_what_interrupts_a_header_block(between, bad):
    block = coded(Encoder(), [(b":status", b"403")])
    begun = (ON, frame(HEADERS, 0, 1, block[:1]))
    received = (*begun, *between, frame(CONTINUATION, 0x4, 1, block[1:]))
    said = [each for each in found(exchange(*received, how="fin")) if each.id == "http2-continuation"]
    if bad is None:
        assert not said
    else:
        at = sum(map(len, (*begun, *between[:bad])))
        assert [each.span and each.span[0] for each in said] == [at]


def found_in_cases():
    return {each.id for pieces, how, _ in CASES.values() for each in found(exchange(*pieces, how=how))}


def are_words(finding):
    """Assert that what *finding* says can be printed and names its source."""
    for words in (finding.text, finding.usual, finding.spec, finding.expected, finding.received):
        assert words is None or (words.isascii() and words.isprintable())
    assert "RFC" in finding.spec


def test_all_words_are_printable():
    """Of the cases here; tests/http2/test_lab.py looks at those of the catalogue."""
    for pieces, how, _ in CASES.values():
        for finding in found(exchange(*pieces, how=how)):
            are_words(finding)


@pytest.mark.parametrize(
    ("status", "word", "says"),
    [
        (b"204", "not-upgraded", "http"),
        (b"302", "redirected", "http"),
        (b"401", "unauthorized", "http"),
        (b"407", "unauthorized", "http"),
        (b"403", "refused", "http"),
        (b"503", "server-error", "http"),
        (b"600", "not-upgraded", "http"),
    ],
)
def test_outcomes_of_statuses(status, word, says):
    reading = read(exchange(ON, answer(status, end_stream=True)))
    verdict = judge(reading)
    assert (outcome(reading, verdict), verdict.answer, verdict.spec) == (word, says, "rfc8441")


def test_not_asked_is_no_failure_of_the_server():
    made = exchange(settings([(3, 100)]), asked=b"")
    assert judged(made) == ("not-upgraded", set())
    assert [finding.id for finding in found(made)] == ["http2-connect-not-announced"]


def test_frames_without_settings_are_no_http2_that_was_settled():
    for came, word in ((settings([]), "not-upgraded"), (frame(PING, 0, 0, bytes(8)), "not-http")):
        of = replace(exchange(came, how="local", asked=b""))
        assert judged(of)[0] == word


def test_a_request_that_was_not_answered_is_a_failure():
    for asked, answer_ in ((True, "fail"), (False, "not known")):
        of = exchange(ON, how="fin") if asked else exchange(settings([(3, 100)]), how="fin", asked=b"")
        assert judge(read(of)).answer == answer_


def test_turned_away_before_anything_was_asked():
    made = exchange(settings([(3, 100)]), goaway(0, 11, b"full"), asked=b"")
    assert judged(made) == ("dropped", {"http2-goaway"})
    assert judged(exchange(settings([(3, 100)]), asked=b"", how="fin")) == ("not-upgraded", set())
    assert judged(exchange(asked=b"", how="fin"))[0] == "dropped"


def test_a_goaway_that_answers_ours_ends_nothing():
    """As Go's servers do, which announce nothing, when they have been told goodbye."""
    ours = Sent(3, goaway(0, 0))
    made = exchange(settings([(3, 100)]), asked=b"")
    *events, last = made.events
    made = replace(made, events=(*events, ours, Received(4, goaway(0, 0)), last))
    assert judged(made) == ("not-upgraded", set())


def test_a_refusal_that_is_meant_for_this_socket_is_no_sign_of_a_proxy():
    unserved = {
        status
        for status in (b"400", b"401", b"403", b"404", b"426", b"429", b"501", b"502", b"503")
        if "http2-announced-unserved" in judged(exchange(ON, answer(status, end_stream=True)))[1]
    }
    assert unserved == {b"400", b"404", b"426", b"501", b"502"}


def test_what_h2_cannot_know_is_no_opinion():
    """It is asked about what the server says, not about windows and what we have sent into them."""
    wide = [window_update(number, 2**31 - 1 - 65535) for number in (0, 1)]
    again = [window_update(number, 500) for number in (0, 1)]
    made = exchange(ON, wide[0], answer(b"200"), wide[1], *again, data(1, HI_AND_CLOSE, end_stream=True))
    assert "h2-refuses" not in judged(made)[1]


def test_a_coded_value_is_not_searched_for_text():
    """The value that hypercorn sends: Huffman-coded, a byte of it is that of a quotation mark."""
    value = b"permessage-deflate; client_max_window_bits=15"
    made = exchange(ON, answer(b"200", (b"sec-websocket-extensions", value)), data(1, HI_AND_CLOSE))
    assert "deflate-window-bits-quoted" not in {finding.id for finding in found(made)}


@pytest.mark.parametrize(
    ("body", "served"), [(b"missing subprotocol", True), (b"origin not allowed", True), (b"Bad Request", False)]
)
def test_a_library_that_says_what_it_wants_serves_websockets(body, served):
    of = exchange(ON, answer(b"400"), data(1, body, end_stream=True))
    assert ("http2-announced-unserved" not in {each.id for each in found(of)}) == served
