"""The facts that every runtime has; ``new WebSocket(url, protocols)``, where they choose among the checks of
all runtimes.

There is no base URL, so a relative URL is invalid. Sources: those of each runtime's facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from wsprobe.browsers.engine import Construction, DomException, EngineFacts, Made, Page
from wsprobe.browsers.page import escaped, first_invalid, first_repeated, given
from wsprobe.browsers.script import WebSocket
from wsprobe.browsers.url import Address, as_websocket, bad_port, changed, parse, scalar, target


class Constructor(msgspec.Struct, frozen=True):
    """The differences between the constructors of the runtimes."""

    source: str
    """The source file of the constructor."""
    no_new: str | None = None
    """Code of the TypeError that a call without ``new`` throws; None if the error has no code."""
    no_arguments: str = "TypeError"
    """Name of the exception that a call without arguments throws."""
    no_arguments_code: str | None = None
    code: int = 12
    """Legacy code of its SyntaxErrors; 0: no code."""
    empty_fragment: bool = True
    """True if an empty fragment counts as a fragment."""
    protocols: tuple[Literal["invalid", "repeated"], ...] = ("invalid", "repeated")
    """The order in which subprotocols are checked."""
    protocol_case: bool = False
    """True if two subprotocols that differ only in letter case are different."""
    blocks_ports: bool = False
    """True if it refuses to connect to the bad ports of the Fetch standard."""
    shows_userinfo: bool = True
    """True if ``WebSocket.url`` contains the credentials."""


def construct(url: str, page: Page, facts: RuntimeFacts) -> Made:
    """Run the constructor for *url* and the page's subprotocols. Connects to nothing."""
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
        if check == "invalid":
            found = first_invalid(protocols)
        else:
            found = first_repeated(protocols, case=own.protocol_case)
        if found is not None:
            key = "subprotocol" if check == "invalid" else "subprotocol-twice"
            return _syntax_error(facts, key, subprotocol=escaped(found))
    shown = address.href if own.shows_userinfo else without_userinfo(address)
    if own.blocks_ports and bad_port(address):
        return Made(Construction(shown, blocked="bad-port", protocols=protocols))
    return Made(Construction(shown, target=target(address), protocols=protocols))


def without_userinfo(address: Address) -> str:
    """The URL of *address* without user and password."""
    if address.userinfo is None:
        return address.href
    return changed(address, username="", password="", fragment=None).href


def _syntax_error(facts: RuntimeFacts, key: str, **values: str) -> Made:
    message = facts.exceptions[key].format(**values)
    return _threw(facts, DomException("SyntaxError", message, facts.constructor.code or None))


def _threw(facts: RuntimeFacts, exception: DomException) -> Made:
    because = f"{exception.name}: {facts.constructor.source}"
    return Made(Construction("", exception=exception), because=because)


NOTHING: Mapping[str, object] = {}


class RuntimeFacts(EngineFacts, frozen=True, kw_only=True):
    """A key ``unmade-KIND`` of ``failures`` is for a connection that was not made, for the kind of reason in
    ``Hindered``."""

    constructor: Constructor
    codes: Mapping[str, str] = {}
    """Codes of these errors, by the same keys."""
    message: str = "{failure}"
    """Template of the ErrorEvent's message; ``{url}`` is the socket's URL without credentials."""
    error: str = "Error: {message}"
    """Template of the name and message of the ErrorEvent's ``error``."""
    alerts: str = ""
    """The column of ``hindered.toml`` with the names of TLS alerts."""
    unknown_alert: str = ""
    """Template for an alert that is not in the column: ``{number}`` is its number, ``{reason}`` OpenSSL's
    number for it."""

    def failure(self, key: str, given: Mapping[str, object] = NOTHING) -> tuple[str, str]:
        """The text of the failure *key* and its code, "" if it has none, with the values *given* filled in."""
        return self.failures[key].format_map(given), self.codes.get(key, "").format_map(given)


def tell(script: WebSocket, state: int, facts: RuntimeFacts, failure: str, code: str, url: str) -> None:
    """Fire the ErrorEvent of a *failure*, while readyState is *state*."""
    message = facts.message.format(url=shown(url), failure=failure)
    script.error(state, message, facts.error.format(message=message) + (f" [{code}]" if code else ""))


def shown(url: str) -> str:
    """*url* without credentials."""
    address = parse(url)
    return url if address is None else without_userinfo(address)
