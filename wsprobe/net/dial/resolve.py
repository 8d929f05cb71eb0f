"""From a host name to the addresses to try, in the order to try them."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Any

import trio.socket as tsocket

from wsprobe.exchange import Resolved, ResolveFailed, Route
from wsprobe.net.tape import Tape
from wsprobe.net.wire import End
from wsprobe.value import dataclass

_FAMILY = {0: tsocket.AF_UNSPEC, 4: tsocket.AF_INET, 6: tsocket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Address:
    """One place to connect to."""

    family: int
    sockaddr: Any
    text: str
    """The address as people write it; a path for a Unix socket."""
    port: int = 0


async def resolve(host: str, port: int, route: Route, tape: Tape) -> tuple[Address, ...] | End:
    """Return every address of *host*, ordered for connecting. Writes Resolved or ResolveFailed."""
    given = _given(host, port, route)
    found: list[Address] = []
    for name in given or (host,):
        flags = tsocket.AI_NUMERICHOST if given else 0
        try:
            rows = await tsocket.getaddrinfo(
                name, port, family=_FAMILY[route.family], type=tsocket.SOCK_STREAM, flags=flags
            )
        except (OSError, UnicodeError) as error:
            if given and route.family:
                continue
            return _failed(host, _said(error), tape)
        found += [_address(family, sockaddr) for family, _, _, _, sockaddr in rows]
    if not found:
        return _failed(host, f"no IPv{route.family} address was given for it", tape)
    addresses = interleave(tuple(dict.fromkeys(found)))
    tape.add(Resolved(tape.now(), host, tuple(address.text for address in addresses)))
    return addresses


def interleave(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return *addresses* with the families taking turns, that of the first one first (RFC 8305 section 4)."""
    first = [a for a in addresses if a.family == addresses[0].family]
    other = [a for a in addresses if a.family != addresses[0].family]
    return tuple(a for a in chain.from_iterable(zip_longest(first, other)) if a is not None)


def _given(host: str, port: int, route: Route) -> tuple[str, ...]:
    """Return the addresses that the plan itself names for *host*; a host ``*`` stands for any."""
    for named, at, addresses in route.resolve:
        if at in (port, 0) and named.lower() in (host.lower(), "*"):
            return addresses
    return ()


def _address(family: int, sockaddr: Any) -> Address:
    text = str(sockaddr[0])
    if len(sockaddr) == 4 and sockaddr[3] and "%" not in text:
        text = f"{text}%{sockaddr[3]}"
    return Address(family, sockaddr, text, sockaddr[1])


def _failed(host: str, error: str, tape: Tape) -> End:
    tape.add(ResolveFailed(tape.now(), host, error))
    return End("error", error)


def _said(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not a name that DNS can carry: a label is empty or longer than 63 characters"
    return error.strerror or str(error)
