"""``new WebSocket(url, protocols)`` in ws, in the order of ws lib/websocket.js (initAsClient)."""

from __future__ import annotations

from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import first_invalid, first_repeated, given
from wsprobe.browsers.url import as_websocket, parse, scalar, target
from wsprobe.browsers.ws.facts import Facts

_SOURCE = "ws lib/websocket.js"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet. Its exceptions are plain Errors without a legacy code.

    An empty fragment is none (``hash`` is empty); ws+unix: URLs lead to a socket of this machine,
    not to a server that is probed here.
    """
    if page.construct == "call":
        return _threw("TypeError", facts.exceptions["no-new"])
    if page.construct == "no-arguments":
        return _threw("SyntaxError", facts.exceptions["no-arguments"])
    address = parse(url)
    if address is None:
        return _threw("SyntaxError", facts.exceptions["url"].format(url=scalar(url)))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _threw("SyntaxError", facts.exceptions["scheme"])
    if address.fragment:
        return _threw("SyntaxError", facts.exceptions["fragment"])
    protocols = given(page)
    if first_invalid(protocols) is not None or first_repeated(protocols) is not None:
        return _threw("SyntaxError", facts.exceptions["subprotocol"])
    return Made(Construction(address.href, target=target(address), protocols=protocols))


def _threw(name: str, message: str) -> Made:
    exception = DomException(name, message)
    return Made(Construction("", exception=exception), because=f"{name}: {_SOURCE}")
