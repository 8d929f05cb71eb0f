"""Where Chromium's URL parser departs from the WHATWG text, and the addresses that it holds for local.

Sources: url/url_canon_host.cc, url/url_canon_path.cc, url/url_canon_internal.cc (all measured);
services/network/public/cpp/ip_address_space_util.cc.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address, ip_network

from wsprobe.browsers.page.address import Address, parse
from wsprobe.pattern import pattern

_AUTHORITY = pattern(r"(\s*(?:(?:wss?|https?):)?[/\\]*)([^/\\?#]*)", re.IGNORECASE)
_SPACES = pattern("[ \u00a0\u3000]|%20")
_STAND_IN = "qz20zq"
"""Takes the place of a space while the strict parser looks at a host."""

_LOCAL = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "2001:db8::/32"),
    )
)


def parse_url(text: str, base: str) -> Address | None:
    """*text* against *base*; None if it is not valid."""
    address = parse(text, base)
    if address is None:
        spaced = _AUTHORITY.sub(lambda m: m[1] + _SPACES.sub(_STAND_IN, m[2]), text, count=1)
        address = parse(spaced, base) if spaced != text else None
    return _escaped(address) if address is not None else None


def is_local(host: str) -> bool:
    """True for an address of the loopback or local network, and for a name under ``local``."""
    name = host.strip("[]").lower()
    if name.removesuffix(".").rpartition(".")[2] == "local":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _LOCAL)


def _escaped(address: Address) -> Address:
    """Characters that Chromium percent-encodes and the standard does not."""
    host = address.host.replace(_STAND_IN, "%20").replace("*", "%2A")
    path = address.path.replace("|", "%7C")
    username = address.username.replace("'", "%27")
    password = address.password.replace("'", "%27")
    if (host, path, username, password) == (address.host, address.path, address.username, address.password):
        return address
    userinfo = username + (f":{password}" if password else "") + ("@" if username or password else "")
    port = "" if address.port is None else f":{address.port}"
    fragment = "" if address.fragment is None else f"#{address.fragment}"
    href = f"{address.scheme}://{userinfo}{host}{port}{path}{address.query}{fragment}"
    return replace(address, href=href, host=host, path=path, username=username, password=password)
