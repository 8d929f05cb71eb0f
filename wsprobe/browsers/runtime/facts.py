"""What the facts of every runtime have."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor, without_userinfo
from wsprobe.browsers.script import WebSocket
from wsprobe.browsers.url import parse


class RuntimeFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    version: str
    user_agent: str = ""
    """Its own User-Agent, "" if it sends none."""
    constructor: Constructor
    request: Template
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    failures: Mapping[str, str] = {}
    """The texts of what fails a connection. Those that begin with ``unmade-`` are for one that is not made:
    behind it stands the kind (``Hindered``)."""
    codes: Mapping[str, str] = {}
    """The codes of these errors, by the same keys."""
    message: str = "{failure}"
    """The message of the ErrorEvent; ``{url}`` is that of the socket without credentials."""
    error: str = "Error: {message}"
    """Name and message of its error."""
    alerts: str = ""
    """The column of ``hindered.toml`` with the names of TLS alerts."""
    unknown_alert: str = ""
    """The name of another alert: ``{number}`` is its number, ``{reason}`` OpenSSL's number for it."""


def tell(script: WebSocket, state: int, facts: RuntimeFacts, failure: str, code: str, url: str) -> None:
    """The ErrorEvent of a *failure*, while readyState is *state*."""
    message = facts.message.format(url=shown(url), failure=failure)
    script.error(state, message, facts.error.format(message=message) + (f" [{code}]" if code else ""))


def shown(url: str) -> str:
    """*url* without credentials."""
    address = parse(url)
    return url if address is None else without_userinfo(address)
