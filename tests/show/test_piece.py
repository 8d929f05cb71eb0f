"""Lines of styled pieces: the same words whatever draws them."""

import io

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.show.lines import Look, Piece, cut, line, text_of, width_of
from wsprobe.show.paint import STYLES, TOGETHER, paint

words = st.text(alphabet="ab \\[]:", max_size=60)
lines = st.lists(st.builds(Piece, words, st.sampled_from(sorted(STYLES))), max_size=5).map(tuple)


@given(lines, st.integers(10, 80))
def test_cut_keeps_every_word_and_the_width(of, columns):
    rows = cut(of, columns)
    assert all(width_of(row) <= columns for row in rows)
    assert "".join("".join(text_of(row).split()) for row in rows) == "".join(text_of(of).split())


@given(st.lists(lines, max_size=4))
def test_paint_prints_the_same_words(of):
    """Markup, emoji codes and backslashes come through as they are."""
    stream = io.StringIO()
    paint(of, stream, Look(width=400, terminal=True, color=True))
    bare = ""
    inside = False
    for char in stream.getvalue():
        inside = (inside or char == "\x1b") and not (inside and char == "m")
        bare += "" if inside or char == "m" else char
    assert [row.rstrip() for row in bare.split("\n")[:-1]] == [text_of(each).rstrip() for each in of]


def test_paint_prints_every_line_of_many():
    stream = io.StringIO()
    numbers = [str(each) for each in range(2 * TOGETHER + 1)]
    paint([line(each) for each in numbers], stream, Look(width=80, terminal=True, color=True))
    assert stream.getvalue().split("\n") == [*numbers, ""]
