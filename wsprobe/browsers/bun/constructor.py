"""``new WebSocket(url, protocols)`` in Bun, in its order of checks.

Source: bun src/bun.js/bindings/webcore/WebSocket.cpp (WebSocket::connect), which began as WebKit's.
"""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import escaped, first_invalid, given
from wsprobe.browsers.url import as_websocket, parse, scalar, target

_SOURCE = "bun src/bun.js/bindings/webcore/WebSocket.cpp"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet. There is no base URL: a relative one does not parse."""
    if page.construct == "call":
        return _threw(DomException("TypeError", facts.exceptions["no-new"], "ERR_ILLEGAL_CONSTRUCTOR"))
    if page.construct == "no-arguments":
        return _threw(DomException("TypeError", facts.exceptions["no-arguments"], "ERR_MISSING_ARGS"))
    address = parse(url)
    if address is None:
        return _syntax_error(facts, "url", url=scalar(url))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", url=address.href)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment", url=address.href)
    protocols = given(page)
    if (invalid := first_invalid(protocols)) is not None:
        return _syntax_error(facts, "subprotocol", subprotocol=escaped(invalid))
    seen: set[str] = set()
    for protocol in protocols:
        if protocol.lower() in seen:
            return _syntax_error(facts, "subprotocol-twice", subprotocol=escaped(protocol))
        seen.add(protocol.lower())
    return Made(Construction(address.href, target=target(address), protocols=protocols))


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    return _threw(DomException("SyntaxError", facts.exceptions[key].format(**values)))


def _threw(exception: DomException) -> Made:
    return Made(Construction("", exception=exception), because=f"{exception.name}: {_SOURCE}")
