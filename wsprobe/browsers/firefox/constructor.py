"""``new WebSocket(url, protocols)`` in Gecko, in its order of checks.

Source: dom/websocket/WebSocket.cpp (ConstructorCommon, WebSocketImpl::Init, ParseURL).
"""

from __future__ import annotations

from unicodedata import normalize
from urllib.parse import unquote

from wsprobe.browsers.engine import Construction, Made
from wsprobe.browsers.firefox.csp import violations
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.page import csp, security, subprotocols
from wsprobe.browsers.page.address import Address, as_websocket, parse, target, written
from wsprobe.browsers.view import DomException, Page

_SYNTAX_ERROR, _SECURITY_ERROR = 12, 18
_SOURCE = "dom/websocket/WebSocket.cpp"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    protocols = subprotocols.given(page)
    address = parse_url(url, None if csp.sandboxed(page.csp) else page.url)
    if (
        subprotocols.first_repeated(protocols) is not None
        or subprotocols.first_invalid(protocols) is not None
        or address is None
    ):
        return _threw(DomException("SyntaxError", facts.exceptions["syntax"], _SYNTAX_ERROR))
    base = parse(page.url)
    forbidden = list(violations(page.csp, base, address)) if base is not None else []
    if forbidden:
        console = [
            facts.console["csp"].format(url=address.href, directive=directive) for directive in forbidden
        ]
        return _threw(DomException(facts.exceptions["csp"], ""), *console)
    to, console = _upgraded(page, base, address, facts)
    if base is not None and security.insecure_from_secure(base, to) and not security.trustworthy_host(to.host):
        return _threw(DomException("SecurityError", facts.exceptions["mixed-content"], _SECURITY_ERROR))
    blocked = security.bad_port(to)
    made = Construction(
        address.href,
        blocked="bad-port" if blocked else "",
        target=None if blocked else target(to),
        protocols=protocols,
    )
    return Made(made, tuple(console), connects_to=to.href)


def parse_url(url: str, base: str | None) -> Address | None:
    """ParseURL: a ws: or wss: URL with a host and without a fragment, None for all else.

    *base*: None for a page with an opaque origin, which resolves no relative URL (measured).
    """
    if not url:
        return None
    address = parse(url, base)
    if address is None or _ends_in_x(url, base):
        return None
    address = as_websocket(address)
    usable = address.scheme in ("ws", "wss") and address.fragment is None and _is_host(address.host)
    return address if usable else None


def _ends_in_x(url: str, base: str | None) -> bool:
    """``0x`` is the number 0 in the standard; here it is none at the end of an IPv4 address.

    netwerk/base/IPv4Parser.cpp, ValidateIPv4Number.
    """
    found = written(url, base)
    if found is None:
        return False
    host = normalize("NFKC", unquote(found.host)).replace("\u3002", ".").lower().removesuffix(".")
    return host.rpartition(".")[2] == "0x"


def _is_host(host: str) -> bool:
    """Two characters more than the URL standard forbids (measured)."""
    return host != "" and not set('"*') & set(host) and all(map(_is_label, host.split(".")))


def _is_label(label: str) -> bool:
    """UTS 46, processing, step 4: an A-label must be that of a valid label."""
    if not label.startswith("xn--"):
        return True
    try:
        again = parse(f"ws://{label.removeprefix('xn--').encode('ascii').decode('punycode')}/")
    except UnicodeError:
        return False
    return again is not None and again.host == label


def _upgraded(page: Page, base: Address | None, address: Address, facts: Facts) -> tuple[Address, list[str]]:
    """wss: for ws: where the policy says so; a page on loopback is exempt, whatever it connects to."""
    exempt = base is None or security.trustworthy_host(base.host)
    if address.scheme != "ws" or exempt or not csp.upgrades(page.csp):
        return address, []
    return csp.upgraded(address), [facts.console["upgraded"].format(url=address.href)]


def _threw(exception: DomException, *console: str) -> Made:
    return Made(Construction("", exception=exception), console, f"{exception.name}: {_SOURCE}")
