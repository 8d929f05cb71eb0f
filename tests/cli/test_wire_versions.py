"""--wire from end to end; what --ws-negotiate does is in printed/versions.txt."""

from tests.cases import every
from tests.played import ran
from wsprobe.wire import WIRES


@every(list(WIRES))
def test_an_echo_in_every_version(wire):
    (made,) = ran([f"wsprobe connect --wire {wire} --send hello lab:/echo"])
    assert made.status == 0
    printed = made.out.decode()
    assert '> Text "hello"\n< Text "hello"\n' in printed
    assert "fail " not in printed
    assert "warn " not in printed
    assert ("< Close" in printed) == (wire != "hixie-75")
