"""``new WebSocket(url, protocols)`` in undici, in its order of checks.

Sources: undici lib/web/websocket/websocket.js (constructor), util.js (getURLRecord, isValidSubprotocol),
lib/web/fetch/util.js (requestBadPort).
"""

from __future__ import annotations

from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import first_invalid, first_repeated, given
from wsprobe.browsers.undici.facts import Facts
from wsprobe.browsers.url import as_websocket, bad_port, parse, target

SYNTAX_ERROR = 12
_SOURCE = "undici lib/web/websocket/websocket.js"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet. There is no base URL: a relative one does not parse."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    address = parse(url)
    if address is None:
        return _syntax_error(facts, "url")
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", scheme=address.scheme)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment")
    protocols = given(page)
    if first_repeated(protocol.lower() for protocol in protocols) is not None:
        return _syntax_error(facts, "subprotocol")
    if first_invalid(protocols) is not None:
        return _syntax_error(facts, "subprotocol")
    if bad_port(address):
        return Made(Construction(address.href, blocked="bad-port", protocols=protocols))
    return Made(Construction(address.href, target=target(address), protocols=protocols))


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    return _threw(DomException("SyntaxError", facts.exceptions[key].format(**values), SYNTAX_ERROR))


def _threw(exception: DomException) -> Made:
    return Made(Construction("", exception=exception), because=f"{exception.name}: {_SOURCE}")
