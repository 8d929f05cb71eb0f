import socket

import pytest
import trio
import trio.socket as tsocket

from wsprobe.exchange import Resolved, ResolveFailed, Route
from wsprobe.net.dial import Address, interleave, resolve
from wsprobe.net.stream import End, Tape

V4, V6 = tsocket.AF_INET, tsocket.AF_INET6


class Names(trio.abc.HostnameResolver):
    """A name service for one test."""

    def __init__(self, rows):
        self.rows, self.asked = rows, []

    async def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):
        self.asked.append((host, family))
        if isinstance(self.rows, Exception):
            raise self.rows
        return [
            (of, type, 6, "", (name, port) if of == V4 else (name, port, 0, scope))
            for of, name, scope in self.rows
            if family in (0, of)
        ]

    async def getnameinfo(self, sockaddr, flags):
        raise AssertionError("not asked for")


def resolved(host, route=Route(), rows=(), port=80):
    names = Names(rows)

    async def work():
        tsocket.set_custom_hostname_resolver(names)
        tape = Tape()
        return await resolve(host, port, route, tape), tape.events

    result, events = trio.run(work)
    return result, events, names.asked


def test_families_take_turns():
    rows = [(V6, "2001:db8::1", 0), (V6, "2001:db8::2", 0), (V4, "192.0.2.1", 0), (V4, "192.0.2.2", 0)]
    result, events, _ = resolved("two.example", rows=rows)
    texts = ("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2")
    assert tuple(address.text for address in result) == texts
    assert events == [Resolved(events[0].at, "two.example", texts)]


@pytest.mark.parametrize(
    ("families", "order"),
    [("", ""), ("4", "4"), ("446", "464"), ("644", "644"), ("4444", "4444"), ("46666", "46666")],
)
def test_interleave(families, order):
    given = tuple(Address(int(each), n, str(n)) for n, each in enumerate(families))
    ordered = interleave(given)
    assert "".join(str(address.family) for address in ordered) == order
    for family in (4, 6):
        assert [a for a in ordered if a.family == family] == [a for a in given if a.family == family]


def test_one_address_twice_is_one_attempt():
    result, _, _ = resolved("twice.example", rows=[(V4, "192.0.2.1", 0), (V4, "192.0.2.1", 0)])
    assert len(result) == 1


def test_a_scope_is_part_of_the_address():
    result, _, _ = resolved("link.example", rows=[(V6, "fe80::1", 3)])
    assert result[0].text == "fe80::1%3"
    assert result[0].sockaddr == ("fe80::1", 80, 0, 3)


@pytest.mark.parametrize(("family", "kept"), [(4, V4), (6, V6)])
def test_one_family_only(family, kept):
    rows = [(V6, "2001:db8::1", 0), (V4, "192.0.2.1", 0)]
    result, _, asked = resolved("two.example", Route(family=family), rows)
    assert [address.family for address in result] == [kept]
    assert asked == [("two.example", kept)] or asked == [(b"two.example", kept)]


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        (("shop.example", 80, ("192.0.2.7", "2001:db8::7")), ["192.0.2.7", "2001:db8::7"]),
        (("SHOP.example", 0, ("192.0.2.7",)), ["192.0.2.7"]),
        (("*", 80, ("192.0.2.7",)), ["192.0.2.7"]),
        (("shop.example", 443, ("192.0.2.7",)), ["192.0.2.1"]),
        (("other.example", 80, ("192.0.2.7",)), ["192.0.2.1"]),
    ],
)
def test_addresses_that_the_plan_names(given, addresses):
    result, events, _ = resolved("shop.example", Route(resolve=(given,)), [(V4, "192.0.2.1", 0)])
    assert [address.text for address in result] == addresses
    assert events[0].host == "shop.example"


def test_a_named_address_that_is_none():
    fault = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    route = Route(resolve=(("*", 0, ("not-an-address",)),))
    result, events, _ = resolved("shop.example", route, fault)
    assert isinstance(result, End)
    assert events == [ResolveFailed(events[0].at, "shop.example", "Name or service not known")]


def test_named_addresses_of_the_other_family():
    route = Route(family=6, resolve=(("*", 0, ("192.0.2.7",)),))
    _, events, _ = resolved("shop.example", route)
    assert events == [ResolveFailed(events[0].at, "shop.example", "the host has no IPv6 address")]


def test_no_such_name():
    fault = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    result, events, _ = resolved("none.example", rows=fault)
    assert result == End("error", "Name or service not known")
    assert events == [ResolveFailed(events[0].at, "none.example", "Name or service not known")]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_name_that_dns_cannot_carry(host):
    async def work():
        tape = Tape()
        await resolve(host, 80, Route(), tape)
        return tape.events

    events = trio.run(work)
    assert isinstance(events[0], ResolveFailed)


def test_a_literal_needs_no_name_service():
    result, _, asked = resolved("192.0.2.1")
    assert [address.text for address in result] == ["192.0.2.1"]
    assert asked == []
