"""The facts that every runtime has."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor, without_userinfo
from wsprobe.browsers.script import WebSocket
from wsprobe.browsers.url import parse

_NOTHING: Mapping[str, object] = {}


class RuntimeFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    version: str
    user_agent: str = ""
    """Its own User-Agent, "" if it sends none."""
    constructor: Constructor
    request: Template
    exceptions: Mapping[str, str]
    """Messages of the exceptions that the constructor, close() and send() throw."""
    failures: Mapping[str, str] = {}
    """Key -> text of a failed connection. A key ``unmade-KIND`` is for a connection that was not made, for the
    kind of reason in ``Hindered``."""
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

    def failure(self, key: str, given: Mapping[str, object] = _NOTHING) -> tuple[str, str]:
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
