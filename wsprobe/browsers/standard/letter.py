"""The differences between the API specifications. The protocol under all of them is RFC 6455 with RFC 7692."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.browsers.request import Template


class Letter(Struct, frozen=True):
    """One specification of the API. Each member is a rule of the text."""

    name: str
    version: str
    """Date of the text."""
    relative_urls: bool
    """True if the constructor resolves relative URLs, and accepts http: and https: (WHATWG since
    2023-05-12)."""
    throws_security_error: bool
    """Blocked ports, and ws: from an https: page: SecurityError from the constructor, else a network error."""
    policies: bool
    """True if CSP's connect-src applies (through Fetch)."""
    conforming_status_line: bool
    """True if a malformed status line fails the handshake. With Fetch, the HTTP parser decides, and browsers'
    parsers are lenient."""
    missing_protocol_fails: bool
    """True if the handshake fails when the server selects none of the requested subprotocols (r1.302,
    2013-10-21)."""
    request: Template
    """The fields that the text requires, in its order, without those whose value it leaves to the browser."""
    offer: str
    """Sec-WebSocket-Extensions as sent, "" if nothing is offered (until 2016-03-14)."""
    fetch: bool
    """The handshake is a fetch: interim answers are skipped by name, and cookies of any answer are stored."""
    established: str
    """Where the text says when the connection is established."""
    status: str
    """Where the text says that a status other than 101 fails."""
