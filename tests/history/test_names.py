import pytest

from wsprobe.history import find
from wsprobe.history.data import UnknownRevision, select


def names(text):
    return [revision.name for revision in select(text)]


def test_one():
    assert names("rfc6455") == ["rfc6455"]


def test_list_is_in_order_of_time_and_names_each_once():
    assert names("r1.210, hybi-07,rfc6455,hybi-07") == ["hybi-07", "r1.210", "rfc6455"]


def test_range_of_two_kinds_takes_all_between():
    assert names("hybi-06..r1.210") == ["hybi-06", "r5963", "hybi-07", "r1.210"]


def test_all_are_those_that_read_an_answer():
    every = names("all")
    assert every[0] == "whatwg-2009-08"
    assert every[-1] == "whatwg"
    assert "rfc8441" not in every
    assert len(every) == 34


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownRevision, match="hybi-7") as caught:
        select("rfc6455,hybi-7")
    assert "hybi-07" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_near():
    with pytest.raises(UnknownRevision) as caught:
        select("zzzzzz")
    assert "nearest" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "rfc6455,", "..", "hybi-05..", "rfc6455..hybi-05"])
def test_no_selection(text):
    with pytest.raises(UnknownRevision):
        select(text)


def test_backwards_range_says_how_to_write_it():
    with pytest.raises(UnknownRevision, match=r"write hybi-05\.\.rfc6455"):
        select("rfc6455..hybi-05")


def test_find_names_one():
    assert find("hybi-07").date == "2011-04-22"
    with pytest.raises(UnknownRevision):
        find("all")
