import socket

import pytest
import trio
import trio.socket as tsocket

from tests.cases import every
from wsprobe.exchange import Resolved, ResolveFailed, Route
from wsprobe.net.dial import resolve
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


def named(host, port, *addresses, **more):
    """A route that names the addresses of a host."""
    return Route(resolve=((host, port, addresses),), **more)


def resolved(host, route=Route(), rows=(), port=80):
    names = Names(rows)

    async def work():
        tsocket.set_custom_hostname_resolver(names)
        tape = Tape()
        return await resolve(host, port, route, tape), tape.events

    result, events = trio.run(work)
    return result, events, names.asked


TWO = [(V6, "2001:db8::1", 0), (V6, "2001:db8::2", 0), (V4, "192.0.2.1", 0), (V4, "192.0.2.2", 0)]
ONE = [(V4, "192.0.2.1", 0)]
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
FOUND = {
    "families take turns": (Route(), TWO, ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]),
    "one address twice is one attempt": (Route(), ONE * 2, ["192.0.2.1"]),
    "a scope is part of the address": (Route(), [(V6, "fe80::1", 3)], ["fe80::1%3"]),
    "IPv4 only": (Route(family=4), TWO, ["192.0.2.1", "192.0.2.2"]),
    "IPv6 only": (Route(family=6), TWO, ["2001:db8::1", "2001:db8::2"]),
    "two addresses are named": (
        named("shop.example", 80, "192.0.2.7", "2001:db8::7"),
        ONE,
        ["192.0.2.7", "2001:db8::7"],
    ),
    "for any port": (named("SHOP.example", 0, "192.0.2.7"), ONE, ["192.0.2.7"]),
    "for any name": (named("*", 80, "192.0.2.7"), ONE, ["192.0.2.7"]),
    "for another port": (named("shop.example", 443, "192.0.2.7"), ONE, ["192.0.2.1"]),
    "for another name": (named("other.example", 80, "192.0.2.7"), ONE, ["192.0.2.1"]),
    "what is named is no address": (named("*", 0, "not-an-address"), UNKNOWN, "Name or service not known"),
    "none of the family is named": (named("*", 0, "192.0.2.7", family=6), (), "the host has no IPv6 address"),
    "no such name": (Route(), UNKNOWN, "Name or service not known"),
}
"""The route, what the name service has, and the addresses, or the error."""


@every(FOUND)
def test_the_addresses_of_a_name(case):
    route, rows, found = case
    result, (event,), asked = resolved("shop.example", route, rows)
    assert {family for _, family in asked} <= {{4: V4, 6: V6}.get(route.family, 0)}
    if isinstance(found, str):
        assert result == End("error", found)
        assert event == ResolveFailed(event.at, "shop.example", found)
    else:
        assert [each.text for each in result] == found
        assert event == Resolved(event.at, "shop.example", tuple(found))
        assert all(each.sockaddr == ("fe80::1", 80, 0, 3) for each in result if "%" in each.text)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_name_that_dns_cannot_carry(host):
    tape = Tape()
    await resolve(host, 80, Route(), tape)
    assert isinstance(tape.events[0], ResolveFailed)
