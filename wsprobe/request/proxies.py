"""The proxy for a URL, from the environment's variables, as curl reads them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from msgspec import Struct

from wsprobe.exchange import Target


class Proxies(Struct, frozen=True):
    """The proxy to use for each URL."""

    plain: str = ""
    """The proxy's URL for ws:; "" for none."""
    secure: str = ""
    named: bool = False
    """True if an option gave the proxy, so it applies to every scheme."""
    bypass: tuple[str, ...] = ()
    """Hosts to connect to directly: names (with all names below them), addresses, networks, or ``*``."""

    def proxy(self, target: Target) -> str | None:
        """The proxy's URL for *target*; None for a direct connection."""
        named = self.secure if target.secure else self.plain
        return None if not named or any(_covers(each, target.host) for each in self.bypass) else named


def from_environment(environ: Mapping[str, str]) -> Proxies:
    """The proxies that curl would use for ws: and wss: (lib/url.c): ``ws_proxy``, then ``http_proxy``, then
    ``all_proxy``, and the like for wss:. Names in upper case count too, except HTTP_PROXY, which the client of
    a CGI script can set."""

    def first(*names: str) -> str:
        return next((environ[name] for name in names if environ.get(name)), "")

    return Proxies(
        first("ws_proxy", "WS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"),
        first("wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
        bypass=hosts(first("no_proxy", "NO_PROXY")),
    )


def hosts(text: str) -> tuple[str, ...]:
    """The hosts in NO_PROXY or --noproxy, separated by commas or spaces."""
    return tuple(text.lower().replace(",", " ").split())


def _covers(word: str, host: str) -> bool:
    if word == "*":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name, suffix = host.rstrip("."), word.strip(".")
        return bool(suffix) and (name == suffix or name.endswith("." + suffix))
    try:
        return address in ip_network(word.strip("[]"), strict=False)
    except ValueError:
        return False
