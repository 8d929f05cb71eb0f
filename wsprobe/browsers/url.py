"""URLs as browsers read them (WHATWG URL), blocked ports, trustworthy hosts, mixed content."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Target

DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443, "ftp": 21}


class Address(Struct, frozen=True):
    """A parsed and serialised URL."""

    href: str
    scheme: str
    """The scheme without the colon."""
    username: str
    """Percent-encoded, as serialised."""
    password: str
    host: str
    """Serialised: A-labels, brackets around IPv6, "" if there is none."""
    port: int | None
    """The port; None for the default port of the scheme."""
    path: str
    query: str
    """With its ``?``; "" if there is none (an empty one is not none)."""
    fragment: str | None
    """Without its ``#``; None if there is none (an empty one is not none)."""

    @property
    def effective_port(self) -> int:
        """The port, or the default port of the scheme; 0 if it has none."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.scheme, 0)

    @property
    def authority(self) -> str:
        """Host and port as in a Host field: without userinfo and default port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def userinfo(self) -> str | None:
        """User and password as written in a URL; None if it has neither."""
        if not self.username and not self.password:
            return None
        return self.username + (f":{self.password}" if self.password else "")

    @property
    def secure(self) -> bool:
        return self.scheme in ("wss", "https")

    @property
    def origin(self) -> str:
        """HTML's serialisation of the origin; ``null`` for an opaque one (file:, data:, about:)."""
        return f"{self.scheme}://{self.authority}" if self.scheme in DEFAULT_PORTS else "null"


class Written(Struct, frozen=True):
    """A URL's text, cleaned as in the standard, around its host."""

    before: str
    host: str
    after: str


_WRITTEN = r"(?i)(?P<scheme>(?:wss?|https?|ftp):)?(?P<slashes>[/\\]*)(?P<authority>[^/\\?#]*)"
_CLEANED = str.maketrans("", "", "\t\n\r")
_TRIMMED = "".join(map(chr, range(0x21)))


@lru_cache(maxsize=16)  # two engines call this for each URL
def written(text: str, base: str | None) -> Written | None:
    """The position of the host in *text*; None without one, where *base* supplies the host."""
    text = scalar(text).strip(_TRIMMED).translate(_CLEANED)
    parts = re.match(_WRITTEN, text)
    if parts is None:
        return None
    own = (parts["scheme"] or "").lower()
    if len(parts["slashes"]) < _AUTHORITY and (not own or own == (base or "").partition(":")[0].lower() + ":"):
        return None
    userinfo, at, server = parts["authority"].rpartition("@")
    colon = server.rfind(":")
    bracket = len(server) if server.startswith("[") and "]" not in server else server.rfind("]")
    host = server[:colon] if colon > bracket else server
    start = parts.start("authority") + len(userinfo) + len(at)
    return Written(text[:start], host, text[start + len(host) :])


_AUTHORITY = 2
"""Slashes before an authority."""


def scalar(text: str) -> str:
    """*text* as the constructor receives it: unpaired surrogates become U+FFFD (Web IDL, USVString)."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def parse(text: str, base: str | None = None) -> Address | None:
    """*text* parsed by the WHATWG URL parser, relative to *base*; None if it is invalid."""
    # After a special scheme and its slashes the base has no effect; without it, engines share one cache entry.
    return _parsed(text, None if text.startswith(("ws://", "wss://")) else base)


@lru_cache(maxsize=64)
def _parsed(text: str, base: str | None) -> Address | None:
    from ada_url import URL, join_url, normalize_url

    text = scalar(text)
    try:
        href = join_url(base, text) if base else normalize_url(text)
    except ValueError:
        return None
    before, mark, fragment = href.partition("#")
    before, asked, query = before.partition("?")
    scheme, _, rest = before.partition(":")
    if scheme in DEFAULT_PORTS:
        # Serialised, a special URL can be taken apart in one way: the library takes 1 us for each part.
        authority, _, path = rest[_AUTHORITY:].partition("/")
        userinfo, _, server = authority.rpartition("@")
        username, _, password = userinfo.partition(":")
        host, port, path = server, "", f"/{path}"
        if ":" in server and not server.endswith("]"):
            host, _, port = server.rpartition(":")
    else:
        url = URL(text, base)
        username, password = url.username, url.password
        host, port, path = url.hostname, url.port, url.pathname
    return Address(
        href=href,
        scheme=scheme,
        username=username,
        password=password,
        host=host,
        port=int(port) if port else None,
        path=path,
        query=asked + query,
        fragment=fragment if mark else None,
    )


def changed(address: Address, **parts: Any) -> Address:
    """*address*, which has an authority, with other *parts*, and the URL that they make."""
    made = replace(address, **parts)
    before = "" if made.userinfo is None else f"{made.userinfo}@"
    after = "" if made.fragment is None else f"#{made.fragment}"
    return replace(made, href=f"{made.scheme}://{before}{made.authority}{made.path}{made.query}{after}")


def as_websocket(address: Address) -> Address:
    """*address* with ws: for http: and wss: for https: (WHATWG WebSockets, constructor)."""
    scheme = {"http": "ws", "https": "wss"}.get(address.scheme)
    return address if scheme is None else changed(address, scheme=scheme)


def as_http(address: Address) -> Address:
    """*address* with http: for ws: and https: for wss: (WHATWG WebSockets, establish, step 1)."""
    scheme = {"ws": "http", "wss": "https"}.get(address.scheme)
    return address if scheme is None else changed(address, scheme=scheme)


def target(address: Address) -> Target:
    """The target of a ws: or wss: *address*."""
    return Target(
        url=address.href,
        secure=address.secure,
        host=address.host.strip("[]"),
        port=address.effective_port,
        resource=address.path + address.query,
        userinfo=address.userinfo,
        fragment=address.fragment,
    )


# fmt: off
BAD_PORTS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
))
# fmt: on
"""Fetch, "port blocking": no browser connects to these."""


def blocked_port(port: int) -> str:
    """Why no page can connect to *port*, for whoever listens there; "" if one can."""
    blocked = f"browsers block port {port} (Fetch standard, port blocking); listen on another one for a page"
    return blocked if port in BAD_PORTS else ""


def bad_port(address: Address) -> bool:
    """True if Fetch blocks the port of *address*."""
    return address.effective_port in BAD_PORTS


def below_localhost(host: str) -> bool:
    """True for ``localhost`` and names below it: all three browsers connect to loopback, whatever the system's
    resolver says (measured; RFC 6761 section 6.3; Chromium, net/dns/host_resolver_manager.cc)."""
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def trustworthy_host(host: str, *, rooted: bool = True) -> bool:
    """True for loopback (Secure Contexts section 3.1): 127.0.0.0/8, ::1, localhost, *.localhost.

    *rooted*: whether a name may end in the root's dot.
    """
    name = host.strip("[]").lower()
    if rooted:
        name = name.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # as below_localhost, but for the root's dot
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback and not getattr(address, "ipv4_mapped", None)


def insecure_from_secure(page: Address, to: Address) -> bool:
    """True if an https: page opens a ws: (or http:) URL of any host: mixed content, before exemptions.

    Engines exempt different hosts: see :func:`trustworthy_host`.
    """
    return page.scheme == "https" and not to.secure


LONGEST_SHOWN = 1024


def elided(url: str) -> str:
    """*url* shortened as in console lines of WebKit and Blink (WTF::URL::stringCenterEllipsizedToLength;
    third_party/blink/renderer/platform/weborigin/kurl.cc)."""
    half = LONGEST_SHOWN // 2
    return url if len(url) <= LONGEST_SHOWN else f"{url[: half - 1]}...{url[-(half - 2) :]}"
