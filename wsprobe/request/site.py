"""Sites: registrable domains, by the Public Suffix List (publicsuffix.org).

The list is in the package publicsuffixlist, which is released every few days. Loading takes a tenth of a
second, so it happens only if two hosts share their last two labels, or a cookie has a domain.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def is_public_suffix(host: str) -> bool:
    """Whether *host* (ASCII, lower case) is a public suffix, below which anybody can get a name: com, co.uk,
    github.io."""
    return not is_address(host) and _list().privatesuffix(host.rstrip(".")) is None


def registrable(host: str) -> str | None:
    """The registrable domain of *host* (ASCII, lower case): example.co.uk of www.example.co.uk.

    None for a public suffix, and for an address. Private suffixes (github.io) count, as they do in browsers.
    """
    return None if is_address(host) else _list().privatesuffix(host.rstrip("."))


def same_site(one: str, other: str) -> bool:
    """Whether two hosts belong to one site (RFC 6265bis section 5.2, without their schemes)."""
    if one == other:
        return True
    if one.split(".")[-2:] != other.split(".")[-2:] or is_address(one) or is_address(other):
        return False
    return (domain := registrable(one)) is not None and domain == registrable(other)


def is_address(host: str) -> bool:
    """Whether *host* is an IP address, with brackets or without."""
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


@cache
def _list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
