"""What several places got for one URL: which differ, what it likely means, and the table of it."""

import pytest
from msgspec.structs import replace

from wsprobe.report.state import HERE, State, Vantage
from wsprobe.show.lines import Look, plain, width_of
from wsprobe.show.state import Grid

URL = "wss://chat.example/ws"
GOOD = Vantage(URL, State("open", "101"), ("192.0.2.7",), "192.0.2.7")
BOTH = ("192.0.2.7", "192.0.2.8")
FORBIDDEN = Vantage(URL, State("refused", "403"), ("192.0.2.7",), "192.0.2.7", who="nginx")


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


def test_what_others_named_reaches_no_terminal_as_it_is():
    away = replace(GOOD, state=State("redirected", "302"), location="/\x1b[2J")
    assert "\x1b" not in drawn({HERE: GOOD, "evil\x1b[2J": away}, Look(width=200, terminal=True))
    assert "\x1b" not in drawn({HERE: GOOD, "evil\x1b[2J": away, "b": None}, Look(width=40, terminal=True))
