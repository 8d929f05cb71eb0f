"""What could be asked next: redirects, older versions, another try; each limit at it and one past it."""

import pytest

from tests.exchanges import exchange, plan
from wsprobe.read import read
from wsprobe.wire.followup import (
    LEAST_HEAD,
    LOCATION_MAX,
    listed_numbers,
    max_head_after,
    other_wire,
    redirect,
    retry_after,
    transient,
)


def answered(answer, url="ws://h.example/a/b"):
    """That answer, if any; then the end."""
    return read(exchange(plan(url), *([answer.encode("latin-1")] if answer else [])))


def refused(status, *lines):
    return answered(
        "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} x", *lines, "Content-Length: 0", ""))
    )


def test_without_an_answer_there_is_nothing_to_follow():
    nothing = answered("")
    assert listed_numbers(nothing) == ()
    assert redirect(nothing) is other_wire(nothing) is retry_after(nothing, 0) is None


@pytest.mark.parametrize(
    ("status", "value", "listed"),
    [(400, "13, 8,7", (13, 8, 7)), (426, "999, 1000", (999,)), (426, "x, , 8", (8,)), (101, "13, 8", ())],
)
def test_versions_that_a_refusal_lists(status, value, listed):
    assert listed_numbers(refused(status, f"Sec-WebSocket-Version: {value}")) == listed


def test_versions_in_two_fields_are_one_list():
    reading = refused(400, "Sec-WebSocket-Version: 99", "Sec-WebSocket-Version: 8")
    assert (listed_numbers(reading), other_wire(reading)) == ((99, 8), "hybi-08")


def test_the_version_that_was_asked_with_is_no_other_one():
    assert other_wire(refused(400, "Sec-WebSocket-Version: 13")) is None


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("c", "ws://h.example/a/c"),
        ("HTTPS://o.example/", "wss://o.example/"),
        ("wss://o.example/x", "wss://o.example/x"),
        ("//o.example", "ws://o.example"),
        ("", "ws://h.example/a/b"),
        ("http://[", None),
    ],
)
def test_where_to(location, to):
    assert redirect(refused(302, f"Location: {location}")) == to


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (428, "5", None),
        (429, "5", 5),
        (502, "5", None),
        (503, " 5\t", 5),
        (503, "1000000000", 10**9),
        (503, "1000000001", 10**9),
        (503, "-1", None),
        (503, "soon", None),
        (503, "Thu, 01 Jan 1970 00:00:10 GMT", 4),
        (503, "Thu, 01 Jan 1970 00:00:05 GMT", 0),
    ],
)
def test_how_long_to_wait(status, value, seconds):
    assert retry_after(refused(status, f"Retry-After: {value}"), 6) == seconds


def test_a_date_is_counted_from_the_answers_own():
    lines = ("Retry-After: Thu, 01 Jan 1970 00:00:10 GMT", "Date: Thu, 01 Jan 1970 00:00:03 GMT")
    assert retry_after(refused(503, *lines), 6) == 7


@pytest.mark.parametrize("status", [407, 408, 409, 428, 429, 430, 499, 500, 501, 502, 503, 504, 505])
def test_which_statuses_may_pass(status):
    assert transient(refused(status), "refused") == (status in (408, 429, 500, 502, 503, 504))


def test_a_location_that_no_server_would_take_is_not_followed():
    assert redirect(refused(302, "Location: /" + "x" * (LOCATION_MAX - 1))) is not None
    assert redirect(refused(302, "Location: /" + "x" * LOCATION_MAX)) is None


def test_an_incomplete_head_redirects_nowhere():
    assert redirect(answered("HTTP/1.1 302 x\r\nLocation: /c\r\n")) is None


@pytest.mark.parametrize(
    ("lines", "left"), [((), 1_000_000), (("A: b",) * 998, 800_000), (("A: " + "b" * 300_000,), 699_958)]
)
def test_the_answers_of_a_chain_share_the_limit_on_heads(lines, left):
    earlier = [refused(302, *lines)] if lines else []
    assert max_head_after(earlier, 1_000_000) == left
    assert max_head_after(earlier * 9, 1_000_000) == (left if not lines else LEAST_HEAD)
