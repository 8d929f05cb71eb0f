"""Names on the stage: nothing is looked up, so what resolves is a rule."""

import pytest

from wsprobe.lab.play import address_of, resolves


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "::1", "127.1", "2130706433", "0x7f.1", "localhost", "a_b.example."]
)
def test_it_resolves(host):
    assert resolves(host)


@pytest.mark.parametrize(
    "host",
    ["invalid", "x.INVALID", "x.invalid.", "a%20b", "a b.example", "b@127.0.0.1", "127.0.0.1.", "s", "", ".x"],
)
def test_it_does_not(host):
    assert not resolves(host)


def test_an_address_is_its_own():
    assert address_of("::1") == "::1"
    assert address_of("a.example") == "127.0.0.1"
