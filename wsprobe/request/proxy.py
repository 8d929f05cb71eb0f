"""A proxy's URL, as in curl's ``--proxy``, taken apart; and the proxy for a URL, from the variables of the
environment, as curl reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

from wsprobe.exchange import PlanError, Target

PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
"""Default port of each kind of proxy. curl uses 1080 for http proxies too; wsprobe uses the port of the
scheme."""


class ProxyUrl(Struct, frozen=True):
    """A proxy, from its URL."""

    kind: str
    """A key of PORTS."""
    host: str
    port: int
    user: bytes | None = None
    password: bytes = b""


def parse(url: str) -> ProxyUrl:
    """The proxy at *url*; HTTP, if it has no scheme. Raises PlanError, which does not repeat the password."""
    url = with_scheme(url)
    shown = re.sub(r"//.*@", "//", url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise PlanError(f"--proxy: {shown!r} has an invalid host or port") from None
    if parts.scheme not in PORTS:
        raise PlanError(f"--proxy: '{parts.scheme}' is not a kind of proxy that wsprobe speaks")
    if not host:
        raise PlanError(f"--proxy: {shown!r} has no host")
    user = None if parts.username is None else unquote_to_bytes(parts.username)
    return ProxyUrl(
        parts.scheme, host, port or PORTS[parts.scheme], user, unquote_to_bytes(parts.password or "")
    )


def with_scheme(url: str) -> str:
    """*url*, with ``http://`` if it has no scheme."""
    return url if "://" in url else f"http://{url}"


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
