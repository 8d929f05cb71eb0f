"""Style sheets of a page are left out of a body that is shown; what else there is stays."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.show.answer import without_style


@given(st.lists(st.sampled_from([b"<style", b"<style>", b"</style>", b"</style", b">", b"x", b"\n", b"<"])))
def test_it_ends_and_keeps_what_is_before_and_behind(parts):
    page = b"".join(parts)
    shown = without_style(b"first" + page + b"last")
    assert shown.startswith(b"first")
    assert shown.endswith(b"last")
