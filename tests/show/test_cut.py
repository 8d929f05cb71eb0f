"""Lines broken to a width: at spaces, in every width, and nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.show.lines import Piece, cut, text_of, width_of


def rows(of, columns):
    return [text_of(each) for each in cut(of, columns)]


@given(
    st.lists(st.text(st.sampled_from("ab \u6f22\u0301"), max_size=30), max_size=5),
    st.integers(min_value=-1, max_value=40),
)
def test_nothing_is_lost_but_spaces_and_no_line_is_too_long(texts, columns):
    of = tuple(Piece(text) for text in texts)
    made = cut(of, columns)
    assert "".join(map(text_of, made)).replace(" ", "") == "".join(texts).replace(" ", "")
    if columns >= 4 and "".join(texts).strip(" "):
        assert all(width_of(each) <= columns for each in made[:-1])
