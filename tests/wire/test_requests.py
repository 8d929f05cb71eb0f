"""The opening handshake of each version, byte for byte."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.wire.hixie import key_pair, number_of


@given(st.binary(min_size=56, max_size=56))
@settings(max_examples=4 * EXAMPLES)
def test_keys_are_as_the_draft_makes_them(chance):
    """Section 4.1, steps 16 to 23."""
    assert key_pair(chance) == key_pair(chance)
    for key in key_pair(chance):
        assert key == key.strip(" ")
        assert 1 <= key.count(" ") <= 12
        assert 1 <= sum(not each.isdigit() and each != " " for each in key) <= 12
        assert all(0x20 <= ord(each) <= 0x7E for each in key)
        number = number_of(key.encode("ascii"))
        assert number * key.count(" ") <= 0xFFFFFFFF
