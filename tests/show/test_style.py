"""Style sheets of a page are left out of a body that is shown; what else there is stays."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.show.answer import without_style


def test_what_stands_in_a_style_element_is_left_out():
    page = b'<title>ERROR</title>\n<STYLE type="text/css"><!--\nbody { margin: 0 }\n--></STYLE>\n<h1>ERROR</h1>'
    assert without_style(page) == b'<title>ERROR</title>\n<STYLE type="text/css"> ... </STYLE>\n<h1>ERROR</h1>'


def test_one_that_is_not_closed_stays():
    assert without_style(b"a <style> b") == b"a <style> b"


@given(st.lists(st.sampled_from([b"<style", b"<style>", b"</style>", b"</style", b">", b"x", b"\n", b"<"])))
def test_it_ends_and_keeps_what_is_before_and_behind(parts):
    page = b"".join(parts)
    shown = without_style(b"first" + page + b"last")
    assert shown.startswith(b"first")
    assert shown.endswith(b"last")
