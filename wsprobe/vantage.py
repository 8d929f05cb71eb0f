"""How one URL looks from several places: what each place got, which of that differs, and what it likely means.

A place is a machine that asks. What it got is a ``Vantage``; two are the same where two probes of a watch
are, but for the certificate: the machines behind one name may each have their own. Texts are as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.diagnosis import author
from wsprobe.exchange import Connected, Resolved
from wsprobe.report import Report
from wsprobe.watch.state import State, differences, seen

HERE = "here"
"""The place that is this machine, whose reports name no worker."""


class Vantage(Struct, frozen=True):
    """What one place got for one URL."""

    asked: str
    """The URL as it was given; masked where all is."""
    state: State
    addresses: tuple[str, ...] = ()
    """That the name had there, sorted."""
    reached: str = ""
    """The address that was connected to; "" if none was."""
    location: str = ""
    """Where a redirect led."""
    who: str = ""
    """Who wrote the answer, as far as its bytes tell."""


Vantages = Mapping[str, Vantage | None]
"""Place -> what it got; None for one that was not asked."""


def vantage_of(report: Report) -> Vantage:
    """What the place that made *report* got."""
    found = seen(report, 0.0, up=report.outcome == "open", met=False, holds=False)
    final, events = report.reading.final, report.exchange.events
    resolved = next((e.addresses for e in events if isinstance(e, Resolved)), ())
    where = final.head.all(b"location") if final is not None else ()
    known = author(report.reading)
    return Vantage(
        report.asked,
        replace(found.state, certificate=""),
        tuple(sorted(resolved)),
        next((e.address for e in events if isinstance(e, Connected)), ""),
        where[0].value.decode("latin-1")[:LONGEST] if where else "",
        known.who if known.id else "",
    )


LONGEST = 200
"""Characters of a Location that are kept."""


class Group(Struct, frozen=True):
    """Places that got the same."""

    places: tuple[str, ...]
    vantage: Vantage
    """Of the first of them."""
    reached: frozenset[str]
    """The addresses that they were answered from."""
    addresses: frozenset[str]
    """Those that the name had there."""


def groups(vantages: Vantages) -> list[Group]:
    """The places by what they got: first those where it opened, or else the most; those that were not asked are
    in none."""
    found: dict[State, list[str]] = {}
    for place, each in vantages.items():
        if each is not None:
            found.setdefault(each.state, []).append(place)
    ranked = sorted(found.items(), key=lambda item: (item[0].outcome != "open", -len(item[1])))
    return [_group(places, vantages) for _, places in ranked]


def _group(places: Sequence[str], vantages: Vantages) -> Group:
    every = [each for place in places if (each := vantages[place]) is not None]
    return Group(
        tuple(places),
        every[0],
        frozenset(each.reached for each in every if each.reached),
        frozenset(address for each in every for address in each.addresses),
    )


def differ(vantages: Vantages) -> bool:
    """Whether two places got what is not the same."""
    return len({each.state for each in vantages.values() if each is not None}) > 1


def explained(vantages: Vantages) -> list[str]:
    """A sentence for each group but the first: what it got otherwise, the likely cause, and what the addresses
    tell."""
    found = groups(vantages)
    return [f"{named(each.places)}: {'; '.join(_told(found[0], each))}" for each in found[1:]]


def _told(first: Group, other: Group) -> list[str]:
    told: list[str] = []
    was, now = first.vantage.state, other.vantage.state
    if (was.outcome, was.status, was.close) == (now.outcome, now.status, now.close):
        told += differences(was, now)
    else:
        told.append(_cause(other.vantage))
    told += _addresses(first, other)
    return told


def _addresses(first: Group, other: Group) -> list[str]:
    """What the addresses tell: whether it was another server, or the same one that answered otherwise."""
    told = []
    of_dns = bool(first.addresses and other.addresses) and not first.addresses & other.addresses
    if of_dns:
        told.append(f"DNS has other addresses there: {_some(other.addresses)}, not {_some(first.addresses)}")
    if not first.reached or not other.reached:
        return told
    if first.reached == other.reached and len(first.reached) == 1:
        told.append(f"the same address answered, {_some(other.reached)}")
    elif not first.reached & other.reached and not of_dns:
        told.append(
            f"another address of the same name answered: {_some(other.reached)}, not {_some(first.reached)}"
        )
    return told


def _some(addresses: frozenset[str]) -> str:
    return " and ".join([*sorted(addresses)[:2], *(["others"] if len(addresses) > 2 else [])])


MOST = 5
"""Places that a sentence names."""


def named(places: Sequence[str]) -> str:
    """*places* in words."""
    if len(places) <= MOST + 1:
        return ", ".join(places)
    return f"{', '.join(places[:MOST])} and {len(places) - MOST} more"


def _cause(of: Vantage) -> str:
    """What the answer of a place likely means, where another place got another one."""
    state = of.state
    by = f" (answer by {of.who})" if of.who else ""
    if (said := BY_STATUS.get(state.status)) is not None:
        return f"{said}{by}"
    said = BY_OUTCOME.get(state.outcome, OTHERWISE).format(location=of.location or "an unnamed URL")
    return f"{said}{by}"


BY_STATUS = {
    "403": "likely a block by country, or a firewall (WAF) that refuses the addresses of data centres",
    "429": "a rate limit counts the address of this place, or its network, separately",
    "451": "refused for legal reasons in this place (451, RFC 7725)",
}
BY_OUTCOME = {
    "unresolved": "no address: DNS answers this place differently, or its resolver blocks the name",
    "unreachable": "no way to the server from this place: a firewall, a route, or IPv6 that leads nowhere",
    "timeout": "no answer in time: a firewall that drops packets, or a slow path",
    "dropped": "cut without an answer: a firewall or proxy that resets what it does not allow",
    "tls-failed": "TLS fails: a proxy that inspects TLS, or a server with another certificate",
    "proxy-failed": "the proxy opens no tunnel from this place",
    "redirected": "redirected to {location}: a site for this region, or a login page of this network",
    "unauthorized": "credentials are required: a rule about the address of this place, or a proxy on the way",
    "refused": "likely a rule about the address of this place, or another server",
    "server-error": "the server or CDN edge that answers this place fails",
    "closed": "closed after it opened: the application treats the address of this place differently",
    "invalid": "an invalid answer: likely a proxy on the way changes it",
    "not-http": "a program on the way answers, and does not speak HTTP",
    "not-upgraded": "the answer is that to a plain request: a proxy on the way drops Upgrade",
    "aborted": "cut after it opened: a proxy or firewall on the way",
}
OTHERWISE = "a different end in this place"
