"""Where Chromium's URL parser departs from the WHATWG text, and the addresses that it holds for local.

Sources: url/url_parse.cc (ParseServerInfo), url/url_canon_path.cc, url/url_canon_internal.cc (all measured);
services/network/public/cpp/ip_address_space_util.cc.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from wsprobe.browsers.chromium.host import canonical
from wsprobe.browsers.page.address import Address, parse, written

_STAND_IN = "host.invalid"
"""Takes the place of a host while the standard's parser looks at the rest."""

_LOCAL = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "2001:db8::/32"),
        "3fff::/20",
    )
)


def parse_url(text: str, base: str) -> Address | None:
    """*text* against *base*; None if it is not valid."""
    found = written(text, base)
    if found is None or not found.host:
        address = parse(text, base)
        return _escaped(address, address.host) if address is not None else None
    host = canonical(found.host)
    address = parse(found.before + _STAND_IN + found.after, base) if host is not None else None
    return _escaped(address, host) if address is not None and host is not None else None


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


def _escaped(address: Address, host: str) -> Address:
    """*address* with its *host*, and with characters escaped that the standard lets stand."""
    path = address.path.replace("|", "%7C")
    username = address.username.replace("'", "%27")
    password = address.password.replace("'", "%27")
    if (host, path, username, password) == (address.host, address.path, address.username, address.password):
        return address
    old = f"{_userinfo(address.username, address.password)}{address.authority}{address.path}"
    new = replace(address, host=host, path=path, username=username, password=password)
    start = len(f"{address.scheme}://")
    rest = address.href[start + len(old) :]
    before = f"{address.scheme}://{_userinfo(username, password)}"
    return replace(new, href=f"{before}{new.authority}{path}{rest}")


def _userinfo(username: str, password: str) -> str:
    return username + (f":{password}" if password else "") + ("@" if username or password else "")
