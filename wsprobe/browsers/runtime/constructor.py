"""``new WebSocket(url, protocols)`` in a runtime: the checks of all of them, as the facts of a version say.

There is no base URL: a relative one does not parse. Sources: those of each runtime's facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.page import escaped, first_invalid, given
from wsprobe.browsers.url import Address, as_websocket, bad_port, parse, scalar, target


class Constructor(msgspec.Struct, frozen=True):
    """What differs from one runtime to the next."""

    source: str
    """Where it stands."""
    no_new: str | None = None
    """Code of the TypeError without ``new``."""
    no_arguments: str = "TypeError"
    """Name of what is thrown without arguments."""
    no_arguments_code: str | None = None
    code: int = 12
    """Legacy code of its SyntaxErrors; 0: they have none."""
    empty_fragment: bool = True
    """An empty fragment is one."""
    protocols: tuple[Literal["invalid", "repeated"], ...] = ("invalid", "repeated")
    """The order in which subprotocols are checked."""
    protocol_case: bool = False
    """Whether two that differ in letter case alone are two."""
    blocks_ports: bool = False
    """Fetch's bad ports are not connected to."""
    shows_userinfo: bool = True
    """``WebSocket.url`` has the credentials."""


class _Facts(Protocol):
    @property
    def constructor(self) -> Constructor: ...

    @property
    def exceptions(self) -> Mapping[str, str]: ...


def construct(url: str, page: Page, facts: _Facts) -> Made:
    """Run the constructor; nothing is connected yet."""
    own = facts.constructor
    if page.construct == "call":
        return _threw(facts, DomException("TypeError", facts.exceptions["no-new"], own.no_new))
    if page.construct == "no-arguments":
        message = facts.exceptions["no-arguments"]
        return _threw(facts, DomException(own.no_arguments, message, own.no_arguments_code))
    address = parse(url)
    if address is None:
        return _syntax_error(facts, "url", url=scalar(url))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", url=address.href, scheme=address.scheme)
    if address.fragment or (address.fragment is not None and own.empty_fragment):
        return _syntax_error(facts, "fragment", url=address.href)
    protocols = given(page)
    for check in own.protocols:
        found = first_invalid(protocols) if check == "invalid" else _repeated(protocols, own)
        if found is not None:
            key = "subprotocol" if check == "invalid" else "subprotocol-twice"
            return _syntax_error(facts, key, subprotocol=escaped(found))
    shown = address.href if own.shows_userinfo else without_userinfo(address)
    if own.blocks_ports and bad_port(address):
        return Made(Construction(shown, blocked="bad-port", protocols=protocols))
    return Made(Construction(shown, target=target(address), protocols=protocols))


def _repeated(protocols: tuple[str, ...], own: Constructor) -> str | None:
    """The first that is there twice, as it is written the second time."""
    seen: set[str] = set()
    for protocol in protocols:
        same = protocol if own.protocol_case else protocol.lower()
        if same in seen:
            return protocol
        seen.add(same)
    return None


def without_userinfo(address: Address) -> str:
    """The URL without user and password."""
    if not address.username and not address.password:
        return address.href
    own = replace(address, username="", password="")
    return f"{own.scheme}://{own.authority}{own.path}{own.query}"


def _syntax_error(facts: _Facts, key: str, **values: str) -> Made:
    message = facts.exceptions[key].format(**values)
    return _threw(facts, DomException("SyntaxError", message, facts.constructor.code or None))


def _threw(facts: _Facts, exception: DomException) -> Made:
    because = f"{exception.name}: {facts.constructor.source}"
    return Made(Construction("", exception=exception), because=because)
