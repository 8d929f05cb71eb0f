"""``new WebSocket(url, protocols)`` in Blink, in its order of checks.

Sources: third_party/blink/renderer/modules/websockets/websocket_common.cc (Connect),
websocket_channel_impl.cc (Connect), core/loader/mixed_content_checker.cc, core/frame/csp/.
"""

from __future__ import annotations

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.net.channel import elided
from wsprobe.browsers.chromium.url import is_local, parse_url
from wsprobe.browsers.engine import Construction, Made
from wsprobe.browsers.page import csp, security, subprotocols
from wsprobe.browsers.page.address import Address, as_websocket, parse, scalar, target
from wsprobe.browsers.view import DomException, Page

SYNTAX_ERROR, SECURITY_ERROR = 12, 18

CSP_RULES = csp.Rules(
    {"http": ("https",), "ws": ("wss",)},
    upgrade_needs_port=True,
    port_needs_upgrade=True,
    whole_path=True,
    query_ignored=True,
)
"""services/network/public/cpp/content_security_policy/csp_source.cc: ws: is no kind of http:."""


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    base = parse(page.url)
    address = parse_url(url, page.url)
    if address is None:
        return _syntax_error(facts, "url", url=scalar(url))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", scheme=address.scheme)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment", fragment=address.fragment)
    if csp.upgrades(page.csp) and address.scheme == "ws" and not security.trustworthy_host(address.host):
        address = csp.upgraded(address)
    violation = csp.violation(page.csp, base, address, CSP_RULES) if base is not None else None
    if violation is not None:
        return _violated(violation, address, facts)
    protocols = subprotocols.given(page)
    if (invalid := subprotocols.first_invalid(protocols)) is not None:
        return _syntax_error(facts, "subprotocol", subprotocol=subprotocols.escaped(invalid))
    if (repeated := subprotocols.first_repeated(protocols)) is not None:
        return _syntax_error(facts, "subprotocol-twice", subprotocol=subprotocols.escaped(repeated))
    blocked, console = _mixed_content(base, address, facts) if base is not None else (False, ())
    if blocked:
        refused = DomException("SecurityError", facts.exceptions["mixed-content"], SECURITY_ERROR)
        return _threw(refused, *console)
    if security.bad_port(address):
        return Made(Construction(address.href, blocked="bad-port", protocols=protocols), console)
    return Made(Construction(address.href, target=target(address), protocols=protocols), console)


def _mixed_content(page: Address, to: Address, facts: Facts) -> tuple[bool, tuple[str, ...]]:
    """(blocked, console): loopback passes in silence, the local network with a warning (measured)."""
    if not security.insecure_from_secure(page, to) or security.trustworthy_host(to.host):
        return False, ()
    blocked = not is_local(to.host)
    line = facts.console["mixed-content" if blocked else "mixed-content-local"]
    first = line.format(page=elided(page.href), url=elided(to.href))
    return blocked, (first,) if blocked else (first, facts.console["insecure-deprecated"])


def _violated(violation: csp.Violation, address: Address, facts: Facts) -> Made:
    fallback = "" if violation.name == "connect-src" else facts.console["csp-fallback"]
    line = facts.console["csp"].format(
        url=elided(address.href), directive=violation.directive, fallback=fallback
    )
    return Made(Construction(address.href, blocked="csp"), (line,))


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    return _threw(DomException("SyntaxError", facts.exceptions[key].format(**values), SYNTAX_ERROR))


def _threw(exception: DomException, *console: str) -> Made:
    because = f"{exception.name}: third_party/blink/renderer/modules/websockets/websocket_common.cc"
    return Made(Construction("", exception=exception), console, because)
