"""Recordings survive being saved, and whatever else is in a file gets one clear line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from wsprobe import archive
from wsprobe.archive import ArchiveError
from wsprobe.exchange import (
    Act,
    Certificate,
    Ended,
    Event,
    Exchange,
    Limits,
    Plan,
    Received,
    Route,
    Sent,
    Target,
    TlsFailed,
    TlsOptions,
)

FILES = Path(__file__).parent / "files"

TARGET = Target("ws://example.org/", False, "example.org", 80, "/")
PLAN = Plan(TARGET, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
SIMPLE = Exchange(PLAN, (Sent(1, PLAN.request), Received(2, b"HTTP/1.1 403 \xff\r\n\r\n"), Ended(3, "fin")))

seconds = st.floats(allow_nan=False)
limits = st.builds(Limits, connect_timeout=seconds, max_time=seconds, linger=seconds)
plans = st.builds(
    Plan,
    target=st.from_type(Target),
    acts=st.lists(st.from_type(Act), max_size=2).map(tuple),
    limits=limits,
    tls=st.from_type(TlsOptions),
    route=st.from_type(Route),
)
events = st.lists(st.from_type(Event), max_size=5).map(tuple)
exchanges = st.recursive(
    st.builds(Exchange, plan=plans, events=events, started=st.text(), hops=st.just(())),
    lambda inner: st.builds(
        Exchange, plan=plans, events=events, started=st.text(), hops=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=3,
)


@settings(deadline=None, max_examples=80)
@given(exchanges)
def test_what_is_loaded_is_what_was_saved(exchange: Exchange) -> None:
    text = archive.dump(exchange)
    assert "\n" not in text
    assert text.isascii()
    assert archive.load(text) == exchange
    assert archive.load(text.encode()) == exchange


def test_every_kind_of_event_has_a_name() -> None:
    kinds = {kind for name, kind in archive._KINDS.items()}
    assert kinds == set(Event.__args__)


def test_bytes_are_text_where_they_are_printable_and_base64_where_not() -> None:
    value = archive.to_value(SIMPLE)
    assert value["format"] == 1
    assert value["events"][0] == {
        "event": "sent",
        "at": 1,
        "data": "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    }
    assert value["events"][1] == {"event": "received", "at": 2, "data": {"base64": "SFRUUC8xLjEgNDAzIP8NCg0K"}}


def test_a_report_that_holds_a_recording_is_read_as_one() -> None:
    report = {"format": 1, "outcome": "refused", "exchange": archive.to_value(SIMPLE)}
    assert archive.load(json.dumps(report)) == SIMPLE


def test_a_field_that_is_newer_than_the_file_takes_its_default() -> None:
    value = archive.to_value(SIMPLE)
    del value["plan"]["limits"], value["plan"]["tls"]["alpn"], value["hops"]
    assert archive.from_value(value) == SIMPLE


def test_an_endless_time_limit_is_still_json() -> None:
    endless = replace(SIMPLE, plan=replace(PLAN, limits=Limits(max_time=float("inf"))))
    text = archive.dump(endless)
    json.loads(text, parse_constant=pytest.fail)
    assert archive.load(text) == endless


def test_a_recording_of_format_1_is_read_for_ever() -> None:
    exchange = archive.load((FILES / "format-1.json").read_text())
    assert exchange.events[-1] == Ended(41_822, "local")
    certificate = Certificate(
        b"\x30\x82", "CN=example.org", "CN=Test CA", ("example.org",), "2026-01-01", "2027-01-01"
    )
    assert exchange.hops[0].events[-2] == TlsFailed(
        9_001, "certificate", "unable to get local issuer certificate", b"", certificate, None, "unknown-ca"
    )


def test_an_older_format_is_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_started(value: dict[str, object]) -> dict[str, object]:
        return {**value, "started": "from format 0"}

    value = {**archive.to_value(SIMPLE), "format": 0}
    with pytest.raises(ArchiveError, match="format 0, which this wsprobe does not read"):
        archive.from_value(value)
    monkeypatch.setitem(archive.CONVERTERS, 0, with_started)
    assert archive.from_value(value).started == "from format 0"


GOOD = archive.dump(SIMPLE)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the text is empty"),
        (" \n", "the text is empty"),
        (GOOD[:-1], "ends too early"),
        (GOOD[:100], "not JSON|ends too early"),
        ("HTTP/1.1 200 OK", "not JSON at line 1, column 1"),
        ("{}", '"format" is missing'),
        ("[]", "expected a JSON object, found an array"),
        ("null", "expected a JSON object, found nothing"),
        ('{"exchange": 3}', "expected a JSON object, found a number"),
        ('{"format": true}', '"format" is missing or is not a number'),
        ('{"format": 1}', "plan is missing"),
        ("9" * 5000, "a number in it is too long"),
        ("[" * 100_000, "nested too deeply"),
        (
            changed('"format":1', '"format":2'),
            "format 2, made by a newer wsprobe; this one reads formats up to 1",
        ),
        (changed('"port":80', '"port":"80"'), "plan.target.port must be a whole number, found text"),
        (changed('"port":80', '"port":true'), "plan.target.port must be a whole number, found true"),
        (changed('"secure":false', '"secure":0'), "plan.target.secure must be true or false, found a number"),
        (changed('"url":"ws://example.org/",', ""), "plan.target.url is missing"),
        (changed('"linger":0.3', '"linger":"long"'), "plan.limits.linger must be a number, found text"),
        (changed('"linger":0.3', f'"linger":1{"0" * 400}'), "plan.limits.linger must be a number"),
        (
            changed('"event":"sent"', '"event":"went"'),
            r"events\[0\].event must be the name of an event, found text",
        ),
        (
            changed('"event":"sent"', '"event":[]'),
            r"events\[0\].event must be the name of an event, found an array",
        ),
        (
            changed('"data":{"base64":"', '"data":{"base64":"?'),
            r"events\[1\].data has characters that do not stand for bytes",
        ),
        (changed('"data":{"base64"', '"data":{"base16"'), r"events\[1\].data must be text or"),
        (changed('"data":"GET', '"data":"\\u20acGET'), r"events\[0\].data has characters"),
        (changed('"how":"fin"', '"how":"fun"'), r"events\[2\].how must be one of fin, reset, .*, found text"),
        (changed('"family":0', '"family":5'), "plan.route.family must be one of 0, 4, 6, found a number"),
        (
            changed('"resolve":[]', '"resolve":[["a",1]]'),
            r"plan.route.resolve\[0\] must be an array of 3, found an array",
        ),
        (changed('"resolve":[]', '"resolve":{}'), "plan.route.resolve must be an array, found an object"),
        (changed('"hops":[]', '"hops":[[]]'), r"hops\[0\] must be an object, found an array"),
        (changed('"hops":[]', '"hops":' + '[{"hops":' * 5000 + "1" + "}]" * 5000), "nested too deeply|hops"),
    ],
)
def test_what_is_no_recording_gets_one_clear_line(text: str, says: str) -> None:
    with pytest.raises(ArchiveError, match=says) as caught:
        archive.load(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_recording_never_makes_anything_but_an_archive_error(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    text = GOOD[:at] + data.draw(st.text(max_size=3)) + GOOD[data.draw(st.integers(at, len(GOOD))) :]
    with suppress(ArchiveError):
        assert isinstance(archive.load(text), Exchange)


def test_bytes_that_are_no_utf_8_are_refused_in_words() -> None:
    with pytest.raises(ArchiveError, match="not UTF-8"):
        archive.load(b'{"a": "\xff\xff"}')
