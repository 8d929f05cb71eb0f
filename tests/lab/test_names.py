"""Names on the stage: nothing is looked up, so what resolves is a rule."""

from wsprobe.lab.play import address_of


def test_an_address_is_its_own():
    assert address_of("::1") == "::1"
    assert address_of("a.example") == "127.0.0.1"
