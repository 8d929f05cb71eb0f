"""The first cause is right on real answers; those of the part ``held`` are of servers that the rules have never
seen."""

import re
from pathlib import Path

import pytest

from tests.cases import same, share
from tests.diagnosis import first, measure, varied
from tests.diagnosis.measured import NAMED, exchange_of, measured
from wsprobe.diagnosis import PROGRAMS
from wsprobe.diagnosis.kinds import all_kinds

WANTED = {
    # part: (right at least, false at most), in per cent
    "servers": (96, 0),
    "servers2": (94, 1),
    "dev": (95, 3),
    "held": (90, 3),
    "servers3": (90, 1),
    "misled": (90, 3),
}


@pytest.mark.parametrize("part", measure.PARTS)
def test_the_first_cause_is_right(part):
    of = measure.score(each for each in measured() if each.part == part)
    right, false = WANTED[part]
    assert of.size > (150 if part in ("servers", "servers2", "dev", "held") else 40)
    assert (100 * of.share("right", "open") >= right, 100 * of.share("false") <= false) == (True, True), of


def test_labels_are_words_of_the_vocabulary():
    known, programs = all_kinds(), {each.name for each in PROGRAMS.values()}
    for each in measured():
        assert {*each.right, *each.vague} <= {*known, *NAMED}, each.id
        assert set(each.programs) <= programs, each.id
        assert not set(each.right) & set(each.vague), each.id
        re.compile(each.says)


def test_lists_of_usual_causes_are_short_and_their_items_are_told_apart():
    for each in share(measured()):
        for cause in measure.causes_of(each):
            assert not any(";" in usual or usual.endswith(".") for usual in cause.usual), (each.id, cause.text)
            assert len(set(cause.usual)) == len(cause.usual), (each.id, cause.text)
            assert len(cause.without_quote) <= LONGEST, (each.id, cause.text)


LONGEST = 380
"""Characters of a sentence with its usual causes, without the words of the server."""


def test_every_id_stands_once():
    ids = [each.id for each in measured()]
    assert len(set(ids)) == len(ids)


def test_kinds_are_many_and_new_ones_are_not_those_of_the_rules():
    kinds = {part: {each.kind for each in measured() if each.part == part} for part in measure.PARTS}
    assert len(kinds["dev"] | kinds["held"]) > 80
    assert not (kinds["dev"] | kinds["held"]) & (kinds["servers"] | kinds["servers2"])
    assert not kinds["dev"] & kinds["held"]


def test_a_long_run_is_written_short():
    row = {"url": "ws://127.0.0.1:1/", "request": "GET {x*3} HTTP/1.1\r\n\r\n"}
    events = [{"event": "sent", "at": 1}, {"event": "received", "at": 2, "data": "\xff"}]
    exchange = exchange_of({**row, "events": [*events, {"event": "ended", "at": 3, "how": "fin"}]})
    assert exchange.plan.request == b"GET xxx HTTP/1.1\r\n\r\n"
    assert [getattr(each, "data", None) for each in exchange.events] == [exchange.plan.request, b"\xff", None]


@pytest.mark.all_cases
def test_what_is_said_first_is_what_the_file_has():
    told = first.told()
    same(told, first.FILE.read_text("utf-8"))
    assert told.count("\ntrace: ") > 50


@pytest.mark.all_cases
def test_what_varied_answers_get_is_what_the_file_has():
    same(varied.told(), varied.FILE.read_text("utf-8"))


def test_a_recorded_answer_is_no_whole_application():
    rows = (Path(__file__).parent / "measured.jsonl").read_text("ascii").splitlines()
    assert max(map(len, rows)) <= 64 * 1024
