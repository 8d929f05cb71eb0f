"""The facts themselves: complete, in order, and each kept in two places."""

from pathlib import Path
from typing import get_args

import pytest

from tests.cases import every, named
from wsprobe.history import data, find
from wsprobe.history.data import Grade

CELLS = Path(__file__).parent / "cells.txt"
PROTOCOL = ["hixie-75", "hixie-76", *(f"hybi-{number:02}" for number in range(18)), "rfc6455"]
API = [
    "whatwg-2009-08",
    "whatwg-2009-08-14",
    "whatwg-2009-10",
    "r5963",
    "r1.210",
    "r1.222",
    "r1.271",
    "w3c-cr-2012",
    "r1.302",
    "whatwg-2016",
    "whatwg-2023",
    "whatwg",
]


def pinned():
    lines = CELLS.read_text("ascii").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


@every(named(pinned(), lambda row: f"{row[0]}, {row[1]}"))
def test_cell(row):
    rule, revisions, mode, grade, section = row
    names = data.expand(revisions, data.revisions())
    cells = [cell for named, cell in data.rules()[rule].cells if named == names]
    assert [(cell.mode, cell.grade, cell.section or "-") for cell in cells] == [(mode, grade, section)]
    assert cells[0].text.isascii()


def test_no_cell_is_missing_from_the_list():
    assert len(pinned()) == sum(len(rule.cells) for rule in data.rules().values())


def test_every_revision_can_be_named():
    known = data.revisions()
    assert [name for name in known if known[name].kind == "protocol"] == PROTOCOL
    assert [name for name in known if known[name].kind == "api"] == API
    assert {"rfc7692", "rfc8441"} <= set(known)


def test_every_protocol_revision_has_one_cell_of_every_rule():
    for rule in data.rules().values():
        for name in PROTOCOL if rule.about != "http2" else ():
            assert sum(name in names for names, _ in rule.cells) == 1, (rule.id, name)


def test_no_revision_has_two_cells_of_a_rule():
    for rule in data.rules().values():
        for name in data.revisions():
            assert sum(name in names for names, _ in rule.cells) <= 1, (rule.id, name)


def test_revisions_are_in_order_of_time():
    dates = [revision.date[:7] for revision in data.revisions().values() if revision.name != "whatwg"]
    assert dates == sorted(dates)


@pytest.mark.parametrize("revision", data.revisions().values(), ids=lambda revision: revision.name)
def test_revision_is_told_whole(revision):
    assert revision.sources
    assert revision.what
    assert revision.grade in get_args(Grade)
    assert all(text.isascii() for text in (revision.what, revision.changed, revision.why, revision.title))
    if revision.kind == "api" and revision.date > "2010":
        assert revision.protocol in PROTOCOL


def test_hybi_00_is_hixie_76():
    for rule in data.rules():
        assert data.cell_of(rule, find("hybi-00")) == data.cell_of(rule, find("hixie-76"))


def test_contradictions_name_two_places():
    for contradiction in data.contradictions().values():
        assert len(contradiction.places) == 2
        assert contradiction.revisions
        assert contradiction.practice


def test_only_what_keeps_anothers_handshake_is_known_as_the_revision_is():
    seen = set()
    for revision in data.revisions().values():
        for rule in data.rules():
            own = data.rules()[rule].cell(revision.name) or data.rules()[rule].cell(revision.protocol or "")
            if own is None:
                continue
            lowered = own.grade == "read" and bool(revision.same_as)
            assert data.cell_of(rule, revision).grade == (revision.grade if lowered else own.grade)
            seen.add((own.grade == "read", bool(revision.same_as), revision.grade == "read"))
    assert seen >= {(True, True, False), (True, False, False), (False, False, False)}
