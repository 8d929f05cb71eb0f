"""The constructor, step by step (WHATWG WebSockets section 3.1; W3C CR 2012 section 4)."""

from __future__ import annotations

from dataclasses import replace

from wsprobe.browsers.engine import Construction, Made
from wsprobe.browsers.page.address import Address, as_websocket, parse, target
from wsprobe.browsers.page.csp import upgraded, upgrades, violation
from wsprobe.browsers.page.security import bad_port, insecure_from_secure, trustworthy_host
from wsprobe.browsers.page.subprotocols import first_invalid, first_repeated, given
from wsprobe.browsers.standard.letter import Letter
from wsprobe.browsers.view import DomException, Page


def construct(url: str, page: Page, letter: Letter) -> Made:
    """What ``new WebSocket(url, protocols)`` does at once. The texts give exceptions no message."""
    if page.construct != "new":
        return _thrown("TypeError", None, "Web IDL: an interface constructor needs new and its arguments")
    base = parse(page.url)
    address = parse(url, page.url if letter.relative_urls else None)
    if address is None:
        return _thrown("SyntaxError", 12, "the URL does not parse")
    if letter.relative_urls:
        address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _thrown("SyntaxError", 12, "the scheme is not ws or wss")
    if address.fragment is not None:
        return _thrown("SyntaxError", 12, "the URL has a fragment")
    protocols = given(page)
    if letter.throws_security_error and (refused := _insecure(base, address)):
        return _thrown("SecurityError", 18, refused)
    if first_invalid(protocols) is not None or first_repeated(protocols) is not None:
        return _thrown("SyntaxError", 12, "a subprotocol is no token, or is repeated")
    return _connecting(address, base, page, protocols, letter)


def _insecure(base: Address | None, to: Address) -> str:
    if bad_port(to):
        return "the port is blocked"
    if base is not None and insecure_from_secure(base, to):
        return "the page is secure and the URL is not"
    return ""


def _connecting(
    to: Address, base: Address | None, page: Page, protocols: tuple[str, ...], letter: Letter
) -> Made:
    """Fetch's main fetch: what keeps the request from the network."""
    shown = to.href
    if letter.policies and base is not None:
        if not to.secure and upgrades(page.csp):
            to = upgraded(to)
        if page.csp and violation(page.csp, base, to) is not None:
            made = Construction(shown, blocked="csp", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked by Content Security Policy (connect-src)")
    if not letter.throws_security_error:
        if bad_port(to):
            made = Construction(shown, blocked="bad-port", protocols=protocols)
            return Made(made, because="Fetch, main fetch: port blocking")
        if base is not None and insecure_from_secure(base, to) and not trustworthy_host(to.host):
            made = Construction(shown, blocked="mixed-content", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked as mixed content")
    if to.query == "?" and not letter.fetch:
        to = replace(to, query="")  # RFC 6455 section 3: the question mark goes with a query that is not empty
    return Made(Construction(shown, target=target(to), protocols=protocols))


def _thrown(name: str, code: int | None, because: str) -> Made:
    return Made(Construction("", exception=DomException(name, "", code)), because=because)
