"""A length of time in words."""

from itertools import pairwise

import pytest

from tests.watch.played import played
from wsprobe.exchange import Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.report.timing import bars, how_long, in_utc, phases
from wsprobe.request.target import parse
from wsprobe.show.connection import no_answer


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1m 00s"),
        (130, "2m 10s"),
        (3599.6, "1h 00m"),
        (11_100, "3h 05m"),
        (86_399.7, "1d 00h"),
        (187_200, "2d 04h"),
        (-1e-9, "0.0 s"),
    ],
)
def test_how_long(seconds, text):
    assert how_long(seconds) == text


@pytest.mark.parametrize("name", ["status-403", "silence", "close-4403"])
def test_no_bar_is_about_sending(name):
    reading = played(name).reading
    every, drawn = phases(reading), bars(reading)
    assert [each[0] for each in drawn] == [each[0] for each in every if each[0] != "send"]
    assert [each[2] for each in drawn] == [each[2] for each in every if each[0] != "send"]
    assert all(before[2] == after[1] for before, after in pairwise(drawn))


@pytest.mark.parametrize(
    ("iso", "utc"),
    [
        ("2026-11-26T19:42:33.120Z", "2026-11-26T19:42:33.120Z"),
        ("2026-11-26T19:42:33+02:00", "2026-11-26T17:42:33.000Z"),
        ("2026-11-28", "2026-11-28T00:00:00.000Z"),
        ("0001-01-01T00:00:00+05:00", "1970-01-01T00:00:00.000Z"),
        ("\x1b]0;x", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_any_time_of_a_recording_in_utc(iso, utc):
    assert in_utc(iso) == utc


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((), ""),
        ((Ended(9000, "error"),), ""),
        ((Sent(1000, b"GET"),), ""),
        ((Sent(1000, b"GET"), Received(2000, b"H")), ""),
        ((Sent(1000, b"GET"), Received(2000, b"H"), Ended(9000, "fin")), ""),
        ((Sent(1000, b"GET"), Ended(10_900, "timeout")), "no answer after 9.9 ms"),
        ((Sent(1000, b"GET"), Ended(11_400, "timeout")), "no answer after 10 ms"),
    ],
)
def test_how_long_no_answer_came(events, text):
    assert no_answer(read(Exchange(Plan(parse("ws://h.example/"), b"GET"), events))) == text
