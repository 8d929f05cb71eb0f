"""The page around a WebSocket: its Content Security Policy, its origin, and its arguments to the constructor.

CSP Level 3 sections 2.2, 6.1.2 and 6.7.2; HTML, "origin"; Fetch Metadata; WHATWG WebSockets, constructor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import ELSEWHERE, Page
from wsprobe.browsers.url import DEFAULT_PORTS, Address, as_http, changed, parse
from wsprobe.request.site import same_site

_SCHEME = r"(?a)[A-Za-z][A-Za-z0-9+.-]*:"
_HOST = (
    r"(?a)(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.?)"
    r"(?::(?P<port>[0-9]+|\*))?"
    r"(?P<path>/[^?#]*)?"
)


class Rules(Struct, frozen=True):
    """The differences between engines in matching a source expression."""

    schemes: Mapping[str, tuple[str, ...]]
    """Scheme of an expression (or of the page, if the expression has none) -> other schemes that it allows."""
    upgrade_needs_port: bool = False
    """True if a scheme that matches only as an upgrade needs a port that does so too."""
    port_needs_upgrade: bool = False
    """True if port 80 matches 443 only together with a scheme that matches as an upgrade."""
    whole_path: bool = False
    """True if paths are percent-decoded before they are split, not after."""
    query_ignored: bool = False
    """True if the query of an expression is ignored. False: an expression with a query is invalid."""


STANDARD = Rules(
    {"http": ("https", "ws", "wss"), "https": ("wss",), "ws": ("wss", "http", "https"), "wss": ("https",)}
)
"""CSP Level 3, where a WebSocket's URL counts as http: or https: (Fetch)."""


class Violation(Struct, frozen=True):
    """The directive that forbids a connection."""

    name: str
    """``connect-src``, or ``default-src`` if the policy has no ``connect-src``."""
    directive: str
    """Name, a space, and the sources with single spaces."""


def violation(policies: str, page: Address, to: Address, rules: Rules = STANDARD) -> Violation | None:
    """The directive of the first policy that blocks *page* from *to*; None if every policy allows it.

    *policies*: a Content-Security-Policy value, comma-separated. *to*: a ws: or wss: URL.
    """
    for policy in policies.split(",") if policies else ():
        found = _connect_directive(policy)
        if found is not None:
            name, sources = found
            if not any(matches(source, page, to, rules) for source in sources):
                return Violation(name, f"{name} {' '.join(sources)}")
    return None


@lru_cache(maxsize=16)  # one page opens many sockets
def upgrades(policies: str) -> bool:
    """True if one of *policies* has ``upgrade-insecure-requests``."""
    return any("upgrade-insecure-requests" in parsed(policy) for policy in policies.split(","))


@lru_cache(maxsize=16)
def sandboxed(policies: str) -> bool:
    """True if one of *policies* has ``sandbox`` without ``allow-same-origin``: the page's origin is opaque."""
    words = (parsed(policy).get("sandbox") for policy in policies.split(","))
    return any(found is not None and "allow-same-origin" not in map(str.lower, found) for found in words)


def upgraded(address: Address) -> Address:
    """The wss: URL that Upgrade Insecure Requests (section 3.2) makes of a ws: one."""
    return changed(address, scheme="wss", port=None if address.port in (80, 443) else address.port)


def matches(source: str, page: Address, to: Address, rules: Rules = STANDARD) -> bool:
    """True if one source expression allows *to* (sections 6.7.2.7 and 6.7.2.8)."""
    lower = source.lower()
    if lower == "'self'":
        return _is_self(page, to)
    if source == "*":
        return to.scheme in ("ws", "wss", "http", "https") or _scheme_part(page.scheme, to.scheme, rules)
    if re.fullmatch(_SCHEME, source):
        return _scheme_part(lower[:-1], to.scheme, rules)
    parts = re.fullmatch(_HOST, source.partition("?")[0] if rules.query_ignored else source)
    if parts is None or not to.host:
        return False
    scheme = (parts["scheme"] or page.scheme).lower()
    return (
        _scheme_part(scheme, to.scheme, rules)
        and _host_part(parts["host"].lower(), to.host)
        and _port_part(parts["port"], to, rules, upgraded=scheme != to.scheme)
        and _path_part(parts["path"] or "", to.path, rules)
    )


def parsed(policy: str) -> dict[str, tuple[str, ...]]:
    """Directive -> its words (section 2.2.1). The first directive of a name counts; non-ASCII ones are
    ignored."""
    directives: dict[str, tuple[str, ...]] = {}
    for part in policy.split(";"):
        name, *words = part.split() or [""]
        if name and part.isascii():
            directives.setdefault(name.lower(), tuple(words))
    return directives


def _connect_directive(policy: str) -> tuple[str, tuple[str, ...]] | None:
    """The directive that governs connections: connect-src, else default-src."""
    directives = parsed(policy)
    for name in ("connect-src", "default-src"):
        if name in directives:
            return name, directives[name]
    return None


def _is_self(page: Address, to: Address) -> bool:
    if page.origin == "null" or page.host != to.host:
        return False
    if page.scheme == to.scheme and page.effective_port == to.effective_port:
        return True
    same_port = page.effective_port == to.effective_port
    both_default = page.port is None and to.port is None
    upgraded = to.secure or (page.scheme == "http" and to.scheme == "ws")
    return (same_port or both_default) and upgraded


def _scheme_part(a: str, b: str, rules: Rules) -> bool:
    """Section 6.7.2.9."""
    return a == b or b in rules.schemes.get(a, ())


def _host_part(pattern: str, host: str) -> bool:
    """Section 6.7.2.10: ``*.example.com`` does not match ``example.com``."""
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern == host


def _port_part(port: str | None, to: Address, rules: Rules, *, upgraded: bool) -> bool:
    """Section 6.7.2.11: none given means the default port of the URL's scheme; 80 lets 443 pass if upgraded."""
    if port is None:
        return to.effective_port == DEFAULT_PORTS.get(to.scheme, 0)
    if port == "*":
        return True
    if int(port) == 80 and to.effective_port == 443 and to.secure:
        return upgraded or not rules.port_needs_upgrade
    return int(port) == to.effective_port and not (upgraded and rules.upgrade_needs_port)


def _path_part(pattern: str, path: str, rules: Rules) -> bool:
    """Section 6.7.2.12: exact, unless the expression ends in ``/``."""
    from urllib.parse import unquote

    if pattern in ("", "/"):
        return True
    if rules.whole_path:
        pattern, path = unquote(pattern), unquote(path)
    wanted = [unquote(p) for p in pattern.split("/")]
    have = [unquote(p) for p in path.split("/")]
    if wanted[-1] == "":
        return have[: len(wanted) - 1] == wanted[:-1] and len(have) >= len(wanted)
    return have == wanted


OPAQUE = "null"


def origin(page: Page) -> str:
    """The value of Origin that *page* has: ``null`` for a file:, data: or sandboxed one, among others."""
    address = parse(page.url)
    return OPAQUE if address is None or sandboxed(page.csp) else address.origin


def opened_by(page: Page, url: str) -> Page:
    """*page*; if it has no URL, with one of the origin of *url*: https://h/ for wss://h/x.

    ELSEWHERE for a *url* that is relative or invalid.
    """
    if page.url:
        return page
    address = parse(url)
    if address is None or not address.host or address.scheme not in ("ws", "wss", "http", "https"):
        return replace(page, url=ELSEWHERE)
    return replace(page, url=f"{as_http(address).origin}/")


def fetch_site(page: Page, to: Address, *, schemeful: bool = True) -> str:
    """The value of Sec-Fetch-Site of a request by *page*; ws: counts as http:.

    *schemeful*: False if http: and https: of one host are the same site.
    Private suffixes such as github.io separate sites too, in every engine.
    """
    base = parse(page.url)
    to = as_http(to)
    if base is None or origin(page) == OPAQUE:
        return "cross-site"
    if base.origin == to.origin:
        return "same-origin"
    if (base.secure == to.secure or not schemeful) and same_site(base.host, to.host):
        return "same-site"
    return "cross-site"


TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def given(page: Page) -> tuple[str, ...]:
    """The requested subprotocols, as a sequence: a string counts as a sequence of one."""
    if page.protocols is None:
        return ()
    return (page.protocols,) if isinstance(page.protocols, str) else page.protocols


def first_invalid(protocols: Iterable[str]) -> str | None:
    """The first subprotocol that is not a token (an empty one is none), None if all are."""
    return next((p for p in protocols if not p or not TOKEN.issuperset(p)), None)


def escaped(subprotocol: str) -> str:
    """As Chromium and WebKit name one in messages, by UTF-16 code units (EncodeSubprotocolString in
    websocket_common.cc, encodeProtocolString in WebSocket.cpp)."""
    units = subprotocol.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(_escaped_unit(code) for code in codes)


def _escaped_unit(code: int) -> str:
    if not 0x20 <= code <= 0x7E:
        return f"\\u{code:04X}"
    return "\\\\" if code == 0x5C else chr(code)


def first_repeated(protocols: Iterable[str], *, case: bool = True) -> str | None:
    """The first subprotocol that repeats an earlier one, None without one. *case*: two that differ only in
    letter case are different, as in every browser measured."""
    seen: set[str] = set()
    for protocol in protocols:
        same = protocol if case else protocol.lower()
        if same in seen:
            return protocol
        seen.add(same)
    return None
