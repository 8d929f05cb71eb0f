"""Which proxy a plan names."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from wsprobe.net.fault import PlanError

PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
"""Default port of each kind of proxy. curl takes 1080 for http proxies too; here it is that of the scheme."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as its URL names it."""

    kind: str
    """A key of PORTS."""
    host: str
    port: int
    user: bytes | None = None
    password: bytes = b""


def parse(url: str) -> Proxy:
    """Return the proxy that *url* names. Raises PlanError."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PlanError(f"proxy {url!r} is not a URL: {error}") from None
    if parts.scheme not in PORTS:
        raise PlanError(f"proxy {url!r}: unknown kind {parts.scheme!r}, one of {', '.join(PORTS)}")
    if not host:
        raise PlanError(f"proxy {url!r} names no host")
    user = None if parts.username is None else unquote_to_bytes(parts.username)
    return Proxy(parts.scheme, host, port or PORTS[parts.scheme], user, unquote_to_bytes(parts.password or ""))
