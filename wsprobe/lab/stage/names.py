"""Which names resolve on the stage, and to what. Nothing is looked up."""

from __future__ import annotations

from ipaddress import ip_address

from wsprobe.pattern import pattern

_LABEL = pattern(r"[a-z0-9_-]+")
_NUMBERS = pattern(r"(?:(?:0[xX][0-9a-fA-F]+|[0-9]+)\.){0,3}(?:0[xX][0-9a-fA-F]+|[0-9]+)")
"""An IPv4 address as C's inet_aton() reads one, and getaddrinfo() with it."""


def resolves(host: str) -> bool:
    """Return False for names under .invalid (RFC 6761), of one label, and for what is no name, as ``a%20b``."""
    if _literal(host) or _NUMBERS.fullmatch(host):
        return True
    *others, last = labels = host.lower().removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)) or last == "invalid" or last.isdigit():
        return False
    return bool(others) or last == "localhost"


def address_of(host: str) -> str:
    """Return the address of a *host* that resolves: its own if it is one."""
    return _literal(host) or "127.0.0.1"


def _literal(host: str) -> str:
    """Return the address that *host* is, "" if it is none."""
    try:
        return str(ip_address(host))
    except ValueError:
        return ""
