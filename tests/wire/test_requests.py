"""The opening handshake of each version, byte for byte."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer
from wsprobe.wire import WIRES
from wsprobe.wire.hixie import key_pair, number_of

CHANCE = bytes(range(64))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DRAFTS = ("hybi-04", "hybi-05", "hybi-06", "hybi-07", "hybi-08")


def to(url="ws://example.com/demo?a=b"):
    return target.parse(url)


def test_the_names_are_those_of_the_plan():
    assert tuple(WIRES) == ("hixie-75", "hixie-76", *DRAFTS, "hybi-13")
    assert all(name == wire.name for name, wire in WIRES.items())


def test_hybi_13_is_rfc_6455():
    offer = Offer(key=KEY, origin="http://a.example")
    assert WIRES["hybi-13"].request(to(), offer, CHANCE) == opening.request(to(), offer)


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


def test_other_chance_makes_other_keys():
    assert len({key_pair(bytes([n]) * 56) for n in range(50)}) == 50
