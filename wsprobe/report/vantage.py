"""One URL from several places: the result in each place, the differences, and their likely meaning.

A place is a machine that sends requests. Its result is a ``Vantage``. Two are equal if their ``state_of`` is.
Texts are as received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from wsprobe.exchange import Connected, Resolved
from wsprobe.report.report import Report
from wsprobe.report.state import LONGEST, State, differences, state_of

HERE = "here"
"""The name for this machine, whose reports have no worker."""


class Vantage(Struct, frozen=True):
    """The result of one URL in one place."""

    asked: str
    """The URL as given, or masked."""
    state: State
    addresses: tuple[str, ...] = ()
    """The addresses of the name in that place, sorted."""
    reached: str = ""
    """The connected address; "" if there is none."""
    location: str = ""
    """Where a redirect led."""
    who: str = ""
    """The author of the answer, as far as its bytes show."""


Vantages = Mapping[str, Vantage | None]
"""Place -> its result; None if it did not try the URL."""


def vantage_of(report: Report) -> Vantage:
    """The result in the place that made *report*."""
    final, events = report.reading.final, report.exchange.events
    resolved = next((e.addresses for e in events if isinstance(e, Resolved)), ())
    where = final.head.all(b"location") if final is not None else ()
    known = report.author
    return Vantage(
        report.asked,
        state_of(report),
        tuple(sorted(resolved)),
        next((e.address for e in events if isinstance(e, Connected)), ""),
        where[0].value.decode("latin-1")[:LONGEST] if where else "",
        known.who if known.id else "",
    )


def place_of(worker: str) -> str:
    """The name of the place where *worker* runs. ``HERE`` is the name for this machine alone."""
    return f"worker {worker}" if worker == HERE else worker


def by_place(reports: Sequence[Report]) -> Sequence[Vantages]:
    """The results of each URL. *reports* are in the order of the URLs, this machine's first for each URL."""
    rows: list[dict[str, Vantage | None]] = []
    for report in reports:
        worker = report.exchange.worker
        if not worker:
            rows.append({})
        rows[-1][place_of(worker) if worker else HERE] = vantage_of(report)
    return rows


class Group(Struct, frozen=True):
    """Places with the same result."""

    places: tuple[str, ...]
    vantage: Vantage
    """Of the first of them."""
    reached: frozenset[str]
    """The addresses that answered them."""
    addresses: frozenset[str]
    """The addresses of the name in these places."""


def groups(vantages: Vantages) -> list[Group]:
    """The places by result: first those where it opened, otherwise the largest group; places that did not try
    are in none."""
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
    """Whether two places have different results."""
    return len({each.state for each in vantages.values() if each is not None}) > 1


def explained(vantages: Vantages) -> list[str]:
    """A sentence for each group but the first: its result, the likely cause, and what the addresses show."""
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
    """What the addresses show: another server, or the same one with a different answer."""
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
"""The most places in a sentence."""


def named(places: Sequence[str]) -> str:
    """*places* in words."""
    if len(places) <= MOST + 1:
        return ", ".join(places)
    return f"{', '.join(places[:MOST])} and {len(places) - MOST} more"


def _cause(of: Vantage) -> str:
    """The likely meaning of an answer that differs from another place's."""
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
