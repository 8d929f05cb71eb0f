"""Blocked ports (Fetch), potentially trustworthy hosts (Secure Contexts), mixed content (Mixed Content)."""

from __future__ import annotations

from ipaddress import ip_address

from wsprobe.browsers.page.address import Address

# fmt: off
BAD_PORTS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
))
# fmt: on
"""Fetch, "port blocking": no browser connects to these."""


def bad_port(address: Address) -> bool:
    """True if Fetch blocks the port of *address*."""
    return address.effective_port in BAD_PORTS


def trustworthy_host(host: str, *, rooted: bool = True) -> bool:
    """True for loopback (Secure Contexts section 3.1): 127.0.0.0/8, ::1, localhost, *.localhost.

    *rooted*: whether a name may end in the root's dot.
    """
    name = host.strip("[]").lower()
    if rooted:
        name = name.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback and not getattr(address, "ipv4_mapped", None)


def insecure_from_secure(page: Address, to: Address) -> bool:
    """True where an https: page opens a ws: (or http:) URL of any host: mixed content, before exemptions.

    Engines exempt different hosts: see :func:`trustworthy_host`.
    """
    return page.scheme == "https" and not to.secure
