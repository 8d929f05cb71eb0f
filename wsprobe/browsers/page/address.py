"""URLs as browsers read them (WHATWG URL, by the parser that Node uses), taken apart."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address

from wsprobe.exchange import Target
from wsprobe.value import dataclass

DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443, "ftp": 21}


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed and serialised URL."""

    href: str
    scheme: str
    """Without the colon."""
    username: str
    """Percent-encoded, as serialised."""
    password: str
    host: str
    """Serialised: A-labels, brackets around IPv6, "" if there is none."""
    port: int | None
    """None: the scheme's own."""
    path: str
    query: str
    """With its ``?``; "" if there is none."""
    fragment: str | None
    """Without its ``#``; None if there is none (an empty one is not none)."""

    @property
    def effective_port(self) -> int:
        """0 where the scheme has no port of its own."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.scheme, 0)

    @property
    def authority(self) -> str:
        """Host and port as a Host field carries them: no userinfo, no default port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        return self.scheme in ("wss", "https")

    @property
    def origin(self) -> str:
        """HTML's serialisation of the origin; ``null`` for what has none (file:, data:, about:)."""
        return f"{self.scheme}://{self.authority}" if self.scheme in DEFAULT_PORTS else "null"


@lru_cache(maxsize=64)
def parse(text: str, base: str | None = None) -> Address | None:
    """*text* as the WHATWG URL parser reads it against *base*; None if it is not a valid URL."""
    from ada_url import URL

    try:
        url = URL(text, base) if base else URL(text)
    except (ValueError, UnicodeError):
        return None
    href = url.href
    _, mark, fragment = href.partition("#")
    return Address(
        href=href,
        scheme=url.protocol[:-1],
        username=url.username,
        password=url.password,
        host=url.hostname,
        port=int(url.port) if url.port else None,
        path=url.pathname,
        query=url.search,
        fragment=fragment if mark else None,
    )


def as_websocket(address: Address) -> Address:
    """http: becomes ws:, https: becomes wss: (WHATWG WebSockets, constructor); all else stays."""
    scheme = {"http": "ws", "https": "wss"}.get(address.scheme)
    if scheme is None:
        return address
    return replace(address, scheme=scheme, href=scheme + address.href[len(address.scheme) :])


def as_http(address: Address) -> Address:
    """ws: becomes http:, wss: becomes https: (WHATWG WebSockets, establish, step 1); all else stays."""
    scheme = {"ws": "http", "wss": "https"}.get(address.scheme)
    if scheme is None:
        return address
    return replace(address, scheme=scheme, href=scheme + address.href[len(address.scheme) :])


def target(address: Address) -> Target:
    """Where a ws: or wss: *address* leads."""
    userinfo = None
    if address.username or address.password:
        userinfo = address.username + (f":{address.password}" if address.password else "")
    return Target(
        url=address.href,
        secure=address.secure,
        host=address.host.strip("[]"),
        port=address.effective_port,
        resource=address.path + address.query,
        userinfo=userinfo,
        fragment=address.fragment,
    )


def page_origin(url: str) -> str:
    """The value of Origin that a page at *url* has."""
    address = parse(url)
    return address.origin if address is not None else "null"


def fetch_site(page: Address, to: Address, *, schemeful: bool = True) -> str:
    """The value of Sec-Fetch-Site (Fetch Metadata) of a request by *page*; ws: counts as http:.

    *schemeful*: False where http: and https: of one host are the same site.

    The registrable domain is taken to be the last two labels: no public suffix list is kept here.
    """
    to = as_http(to)
    if page.origin == to.origin and page.origin != "null":
        return "same-origin"
    if (page.secure == to.secure or not schemeful) and _site(page.host) == _site(to.host) != "":
        return "same-site"
    return "cross-site"


def is_ip(host: str) -> bool:
    """True if *host* is an IP address (brackets allowed)."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _site(host: str) -> str:
    return host if is_ip(host) else ".".join(host.split(".")[-2:])
