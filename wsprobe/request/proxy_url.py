"""A proxy's URL, as in curl's ``--proxy`` and the variables of the environment, taken apart."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

from wsprobe.exchange import PlanError

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
