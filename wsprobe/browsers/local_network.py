"""Local Network Access: which page may reach which address without a permission from the user.

Address spaces, from the least to the most public: loopback, local, public. Chromium, from 147 on, checks once
the connection is made (for wss: after TLS), before it sends a byte of the request. A page from a public address
needs a permission for any other address, and only a secure context can get it. Chromium compares local and
loopback as equal, so a page from the local network reaches this machine freely.

Sources: services/network/local_network_access_checker.cc, services/network/public/cpp/ip_address_space_util.cc,
content/browser/renderer_host/local_network_access_util.cc; WICG Local Network Access, section 2.1; measured for
each pair of spaces with Chromium 156 (tests/browsers/recordings/local-network.jsonl).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import AddressSpace, Engine, Page
from wsprobe.browsers.page import parsed, sandboxed
from wsprobe.browsers.url import parse, trustworthy_host
from wsprobe.exchange import Connected, Exchange, TlsDone
from wsprobe.read import read
from wsprobe.read.reading import Reading

SPACES: tuple[AddressSpace, ...] = ("public", "local", "loopback")

PERMISSIONS = ("local-network", "loopback-network", "local-network-access")
"""The names for ``navigator.permissions.query``. The last is the older name for both; Chromium 156 knows it,
but granting it alone has no effect (measured)."""

SHOWN = {"local-network": "Local network", "loopback-network": "Apps on device"}
"""Their names in Chrome's site settings."""

_RANGES = tuple(
    (ip_network(network), space)
    for space, networks in (
        ("loopback", ("::1/128", "127.0.0.0/8", "0.0.0.0/32", "::/128")),
        (
            "local",
            (
                *("fc00::/7", "fe80::/10", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
                *("0.0.0.0/8", "100.64.0.0/10", "2001:db8::/32", "3fff::/20", "fec0::/10"),
            ),
        ),
    )
    for network in networks
)
"""The first that holds an address decides; an address in none of them is public."""


@lru_cache(maxsize=256)  # each engine asks for the address of the same connection
def space_of(address: str) -> AddressSpace | None:
    """The space of an IP address (brackets and a zone allowed); None for other text."""
    try:
        found = ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    for network, space in _RANGES:
        if (mapped or found) in network:
            return "loopback" if space == "loopback" else "local"
    return "public"


def space_of_host(host: str) -> AddressSpace:
    """The space of a URL's host. A name is public, but for ``localhost`` and those below it, which are
    loopback, and those below ``local`` (multicast DNS). No name is resolved."""
    last = host.removesuffix(".").rpartition(".")[2].lower()
    named: AddressSpace = {"localhost": "loopback", "local": "local"}.get(last, "public")  # type: ignore[assignment]
    return space_of(host) or named


_OF_THIS_MACHINE = ("file", "chrome-extension")


def space_of_page(page: Page, host: str, space: AddressSpace) -> AddressSpace:
    """The space of *page*, as it says itself, or as its URL does. A page of the very *host* that it connects to
    came from the *space* where that is; a page without an address (data:, about:) counts as public."""
    if page.address:
        return page.address
    if any("treat-as-public-address" in parsed(policy) for policy in page.csp.split(",") if policy):
        return "public"
    of = parse(page.url)
    if of is None or not of.host:
        return "loopback" if of is not None and of.scheme in _OF_THIS_MACHINE else "public"
    if of.scheme in _OF_THIS_MACHINE:
        return "loopback"
    return space if of.host.strip("[]") == host.strip("[]").lower() else space_of_host(of.host)


class Crossing(Struct, frozen=True):
    """A page from a public address that connects to a non-public address: Local Network Access decides."""

    at: int
    """Microseconds: the time at which the connection was open."""
    address: str
    """The address of the connection."""
    space: AddressSpace
    """The space of *address*: local or loopback."""
    state: Literal["granted", "prompt", "denied", "insecure"]
    """The state of the permission; ``insecure`` if the page cannot be given one."""

    @property
    def permission(self) -> str:
        """The name of the permission that the page needs."""
        return "loopback-network" if self.space == "loopback" else "local-network"


def crossing(page: Page, readings: Sequence[Reading]) -> Crossing | None:
    """The check by Local Network Access in the first of *readings*. None without a check: the page's address is
    not public, the target's is, there is a proxy, or there was no connection."""
    if not readings:
        return None
    exchange = readings[0].exchange
    stood = next((event for event in exchange.events if isinstance(event, Connected)), None)
    if stood is None or exchange.plan.route.proxy is not None:
        return None
    space = page.target_address or space_of(stood.address)
    if space in (None, "public") or space_of_page(page, exchange.plan.target.host, space) != "public":
        return None
    if exchange.plan.target.secure:
        done = next((event for event in exchange.events if isinstance(event, TlsDone)), None)
        if done is None:
            return None
        stood = replace(stood, at=done.at)
    needed = "loopback-network" if space == "loopback" else "local-network"
    state = "insecure" if not _can_be_asked(page) else state_of(page, needed)
    return Crossing(stood.at, stood.address, space, state)  # type: ignore[arg-type]


def _can_be_asked(page: Page) -> bool:
    """Whether *page* is a secure context with an origin: no other can have the permission (measured)."""
    of = parse(page.url)
    if of is None or sandboxed(page.csp):
        return False
    return of.scheme == "https" or (of.scheme == "http" and trustworthy_host(of.host))


def state_of(page: Page, name: str) -> str:
    """granted, denied or prompt: of permission *name*, by that name or by one that stands for it."""
    given = dict(page.permissions)
    umbrella = ("local-network-access", "local-network") if name == "loopback-network" else PERMISSIONS[2:]
    return next((given[each] for each in (name, *umbrella) if each in given), "prompt")


def permissions(page: Page) -> dict[str, str]:
    """The permissions of *page* that the user was asked for, each by its own name."""
    states = {name: state_of(page, name) for name in SHOWN}
    return {name: state for name, state in states.items() if state != "prompt"}


def before_the_request(exchange: Exchange) -> list[Reading]:
    """*exchange* read up to where a request would have been sent."""
    secure = exchange.plan.target.secure
    made = TlsDone if secure else Connected
    ends = (number for number, event in enumerate(exchange.events, 1) if isinstance(event, made))
    return [read(replace(exchange, events=exchange.events[: next(ends, None)], hops=()))]


def chromium(of: Crossing) -> tuple[str, ...]:
    """Its meaning in Chromium, and the remedy: a sentence or two each."""
    spaces = f"the page is public, {of.address} is {of.space}"
    match of.state:
        case "granted":
            return (
                f"it opens only because of the permission {of.permission}: {spaces}. Without it: error and "
                f"close 1006, and Chromium sends nothing",
            )
        case "insecure":
            return (
                f"Chromium refuses without asking the user: {spaces}, and this page cannot get a permission, "
                f"because its URL is not https: or it has no origin. Chromium sent nothing",
                "serve the page over https:, or from this machine or the local network",
            )
        case "denied":
            means = "the user has refused access to the local network"
        case _:
            means = (
                "Chromium asks the user for access to the local network. The socket opens only if the user "
                "allows it; otherwise: error and close 1006"
            )
    return (
        f"{means}. Chromium sent nothing: {spaces}",
        f"let the user allow {of.permission} ({SHOWN[of.permission]!a} in the site settings; in a managed "
        "browser: the policy LocalNetworkAccessAllowedForUrls), or serve the page from this machine or the "
        "local network",
        f"if the page is not public: --page-address local; with the permission: --permission "
        f"{of.permission}=granted",
    )


def off_by_default(version: str) -> tuple[str, ...]:
    """The facts about the same page and address in Firefox (measured)."""
    return (f"Firefox {version} has the same check, off by default (network.lna.blocking)",)


def kept_off(engine: Engine, url: str, page: Page, exchange: Exchange) -> list[Reading] | None:
    """The part of *exchange* that *engine* sees if it blocks *page* from the address: the connection, and
    nothing after it. None if it does not block. *exchange*: a recording with the target of *url*."""
    if engine.construct(url, page).target is None:
        return None
    cut = before_the_request(exchange.hops[0] if exchange.hops else exchange)
    return cut if engine.kept_off(page, cut) else None
