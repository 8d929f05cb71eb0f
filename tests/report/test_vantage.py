"""What several places got for one URL: which differ, what it likely means, and the table of it."""

import pytest
from msgspec.structs import replace

from tests.watch.played import OPEN, played
from wsprobe.report.outcome import STATUS_OF
from wsprobe.report.state import BY_OUTCOME, HERE, State, Vantage, differ, explained, named, vantage_of
from wsprobe.show.lines import Look, plain, width_of
from wsprobe.show.state import Grid

URL = "wss://chat.example/ws"
GOOD = Vantage(URL, State("open", "101"), ("192.0.2.7",), "192.0.2.7")
FORBIDDEN = Vantage(URL, State("refused", "403"), ("192.0.2.7",), "192.0.2.7", who="nginx")


def test_what_a_place_got():
    got = vantage_of(played("status-403"))
    assert (got.state.outcome, got.state.status, got.reached) == ("refused", "403", "127.0.0.1")
    assert got.asked.startswith("ws://")
    assert vantage_of(played("redirect-302")).location
    assert vantage_of(played(OPEN)).state.outcome == "open"


def test_a_block_at_one_place():
    sights = {HERE: GOOD, "frankfurt": FORBIDDEN, "tokyo": GOOD}
    assert differ(sights)
    assert explained(sights) == [
        "frankfurt: likely a block by country, or a firewall (WAF) that refuses the addresses of data centres "
        "(answer by nginx); the same address answered, 192.0.2.7"
    ]


def test_what_the_addresses_tell():
    another = replace(FORBIDDEN, addresses=("198.51.100.1",), reached="198.51.100.1")
    assert (
        "DNS has other addresses there: 198.51.100.1, not 192.0.2.7" in explained({HERE: GOOD, "a": another})[0]
    )
    both = ("192.0.2.7", "192.0.2.8")
    one, two = replace(GOOD, addresses=both), replace(FORBIDDEN, addresses=both, reached="192.0.2.8")
    told = explained({HERE: one, "a": two})[0]
    assert told.endswith("another address of the same name answered: 192.0.2.8, not 192.0.2.7")
    for first, other in ((one, replace(two, reached="")), (replace(one, reached=""), two)):
        assert "answered: " not in explained({HERE: first, "a": other})[0]


def test_places_that_got_the_same_are_told_together_and_where_it_opens_is_what_others_are_held_to():
    nowhere = Vantage(URL, State("unresolved"))
    told = explained({"a": nowhere, "b": nowhere, "c": GOOD})
    assert [each.partition(":")[0] for each in told] == ["a, b"]
    assert "DNS answers this place differently" in told[0]


def test_what_the_answers_have_no_word_for():
    spoken = replace(GOOD, state=replace(GOOD.state, protocol="chat"))
    assert explained({HERE: GOOD, "a": spoken})[0].startswith("a: protocol none -> chat")


def test_every_outcome_has_a_cause():
    assert set(STATUS_OF) - set(BY_OUTCOME) == {"open", "limit", "blocked"}


def test_many_places_in_words():
    assert named([f"w{n}" for n in range(6)]) == "w0, w1, w2, w3, w4, w5"
    assert named([f"w{n}" for n in range(9)]) == "w0, w1, w2, w3, w4 and 4 more"


def drawn(sights, look):
    return plain(Grid(list(sights), look).row(sights))


@pytest.mark.parametrize("columns", [34, 60, 90, 200])
def test_a_terminal_is_never_too_narrow(columns):
    """With long names, and many of them, the places that got the same stand in a line."""
    sights = {HERE: GOOD, "frankfurt": FORBIDDEN, "tokyo-with-a-long-name-01": GOOD}
    look = Look(width=columns, terminal=True)
    rows = Grid(list(sights), look).row(sights)
    assert max(map(width_of, rows)) <= columns
    text = " ".join(plain(rows).split())
    assert ("open: here, tokyo-with-a-long-name-01 refused 403: frankfurt" in text) == (columns < 200)
    assert ("here frankfurt tokyo-with-a-long-name-01 URL open refused 403 open wss:" in text) == (
        columns == 200
    )


def test_an_open_connection_has_another_colour():
    sights = {"a": GOOD, "b": FORBIDDEN, "c": None}
    _, cells = Grid(list(sights), Look()).row(sights)[:2]
    assert [each.style for each in cells][:3] == ["good", "fail", "dim"]


def test_in_a_pipe_it_has_all_columns_and_the_head_once():
    sights = {HERE: GOOD, "a": None}
    grid = Grid(list(sights), Look())
    assert grid.total() == []
    text = plain((*grid.row(sights), *grid.row(sights), *grid.total()))
    assert text == (
        "here              a                 URL\n"
        f"open              not tried         {URL}\n"
        f"open              not tried         {URL}\n"
        "2 URLs: the same from the places that tried them\n"
    )


def test_a_redirect_that_leads_nowhere():
    away = replace(GOOD, state=State("redirected", "302"))
    assert explained({HERE: GOOD, "a": away})[0].startswith("a: redirected to an unnamed URL: ")


def test_what_others_named_reaches_no_terminal_as_it_is():
    away = replace(GOOD, state=State("redirected", "302"), location="/\x1b[2J")
    assert "\x1b" not in drawn({HERE: GOOD, "evil\x1b[2J": away}, Look(width=200, terminal=True))
    assert "\x1b" not in drawn({HERE: GOOD, "evil\x1b[2J": away, "b": None}, Look(width=40, terminal=True))
