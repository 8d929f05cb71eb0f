"""``new WebSocket(url, protocols)`` in WebCore, in WebCore's order of checks.

Sources: Source/WebCore/Modules/websockets/WebSocket.cpp (connect), Source/WebCore/page/csp/,
Source/WebCore/loader/MixedContentChecker.cpp.
"""

from __future__ import annotations

from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import (
    Rules,
    escaped,
    first_invalid,
    first_repeated,
    given,
    upgraded,
    upgrades,
    violation,
)
from wsprobe.browsers.url import (
    Address,
    as_websocket,
    bad_port,
    elided,
    insecure_from_secure,
    parse,
    scalar,
    target,
    trustworthy_host,
)
from wsprobe.browsers.webkitgtk.request import Facts

SYNTAX_ERROR, SECURITY_ERROR = 12, 18
_SOURCE = "Source/WebCore/Modules/websockets/WebSocket.cpp"

CSP_RULES = Rules({"http": ("https",), "ws": ("wss",)}, port_needs_upgrade=True, query_ignored=True)
"""Source/WebCore/page/csp/ContentSecurityPolicySource.cpp: a source with http: does not match a ws: URL
(measured)."""


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor, before any connection."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    address = parse(url, page.url)
    if address is None:
        return _syntax_error(facts, "url", url=elided(scalar(url)))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", url=elided(address.href))
    if address.fragment is not None:
        return _syntax_error(facts, "fragment", url=elided(address.href))
    if upgrades(page.csp) and address.scheme == "ws":
        address = upgraded(address)
    if (line := _blocked(address, facts)) is not None:
        return Made(Construction(address.href, blocked="bad-port"), (line,), f"{line}: {_SOURCE}")
    base = parse(page.url)
    if base is not None and (broken := violation(page.csp, base, address, CSP_RULES)) is not None:
        key = "csp" if broken.name == "connect-src" else "csp-fallback"
        line = facts.console[key].format(url=elided(address.href))
        return _threw(DomException("SecurityError", facts.exceptions["security"], SECURITY_ERROR), line)
    protocols = given(page)
    if (invalid := first_invalid(protocols)) is not None:
        return _syntax_error(facts, "subprotocol", subprotocol=escaped(invalid))
    if (repeated := first_repeated(protocols)) is not None:
        return _syntax_error(facts, "subprotocol-twice", subprotocol=escaped(repeated))
    if base is not None and insecure_from_secure(base, address):
        near = "-loopback" if trustworthy_host(address.host, rooted=False) else ""
        line = facts.console[f"mixed-content{near}"].format(page=elided(base.href), url=elided(address.href))
        because = "mixed content: Source/WebCore/loader/MixedContentChecker.cpp"
        return Made(Construction(address.href, blocked="mixed-content", protocols=protocols), (line,), because)
    return Made(Construction(address.href, target=target(address), protocols=protocols))


def _blocked(address: Address, facts: Facts) -> str | None:
    """The console line if the address or the port is blocked; None if neither is."""
    if address.host in ("0.0.0.0", "[::]"):  # unspecified
        return facts.console["address"].format(host=address.host)
    if bad_port(address):
        return facts.console["port"].format(port=address.effective_port)
    return None


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    line = facts.console[key].format(**values)
    return _threw(DomException("SyntaxError", facts.exceptions["syntax"], SYNTAX_ERROR), line)


def _threw(exception: DomException, *console: str) -> Made:
    return Made(Construction("", exception=exception), console, f"{exception.name}: {_SOURCE}")
