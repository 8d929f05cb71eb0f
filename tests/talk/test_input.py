"""Standard input as things to send."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.talk.input import LONG, RawInput


def all_of(lines, *pieces):
    said = [each for piece in pieces for each in lines.feed(piece)] + lines.end()
    return [(each.do, data) for each in said for data in each.data]


def test_lines_that_are_long_are_found_as_short_ones_are():
    lines = [b"x" * LONG, b"", b"y" * (LONG - 1), b"z", b"x" * (3 * LONG)]
    whole = b"".join(each + b"\n" for each in lines)
    for size in (1, LONG - 1, LONG, LONG + 1, 2 * LONG, len(whole)):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert [data for _, data in all_of(RawInput(), *pieces)] == lines


@given(st.lists(st.binary().filter(lambda data: b"\0" not in data)), st.integers(1, 7))
def test_up_to_a_nul_all_bytes_are_kept(messages, size):
    whole = b"".join(each + b"\0" for each in messages)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert [data for _, data in all_of(RawInput(b"\0"), *pieces)] == messages
