"""``new WebSocket(url, protocols)`` in Deno, in its order of checks.

Source: deno ext/websocket/01_websocket.js (constructor). Run without --location, so that there is no base URL.
"""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import first_invalid, first_repeated, given
from wsprobe.browsers.url import Address, as_websocket, parse, scalar, target

SYNTAX_ERROR = 12
_SOURCE = "deno ext/websocket/01_websocket.js"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet. ``WebSocket.url`` does not show the credentials."""
    if page.construct != "new":
        if page.construct == "call":
            return _threw(DomException("TypeError", facts.exceptions["no-new"]))
        return _threw(DomException("TypeError", facts.exceptions["no-arguments"], "ERR_MISSING_ARGS"))
    address = parse(url)
    if address is None:
        return _syntax_error(facts, "url", url=scalar(url))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", scheme=address.scheme)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment")
    protocols = given(page)
    if first_repeated(protocol.lower() for protocol in protocols) is not None:
        return _syntax_error(facts, "subprotocol-twice")
    if first_invalid(protocols) is not None:
        return _syntax_error(facts, "subprotocol")
    return Made(Construction(_without_userinfo(address), target=target(address), protocols=protocols))


def _without_userinfo(address: Address) -> str:
    if not address.username and not address.password:
        return address.href
    own = replace(address, username="", password="")
    return f"{own.scheme}://{own.authority}{own.path}{own.query}"


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    return _threw(DomException("SyntaxError", facts.exceptions[key].format(**values), SYNTAX_ERROR))


def _threw(exception: DomException) -> Made:
    return Made(Construction("", exception=exception), because=f"{exception.name}: {_SOURCE}")
