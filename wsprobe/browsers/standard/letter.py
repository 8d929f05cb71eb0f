"""What one API specification says, where they differ. The protocol under them is RFC 6455 and RFC 7692."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.browsers.request import Template


class Letter(Struct, frozen=True):
    """One specification of the API. Each member names what the text says, with its place."""

    name: str
    version: str
    """Date of the text."""
    relative_urls: bool
    """The constructor resolves against the page and takes http: and https: (WHATWG since 2023-05-12)."""
    throws_security_error: bool
    """Blocked ports, and ws: from an https: page: SecurityError from the constructor, else a network error."""
    policies: bool
    """CSP's connect-src is looked at (through Fetch)."""
    missing_protocol_fails: bool
    """Subprotocols asked for and none answered: fail (r1.302, 2013-10-21)."""
    request: Template
    """The fields that the text names, in its order; where it leaves a value to the browser, none."""
    offer: str
    """Sec-WebSocket-Extensions as sent, "" if nothing is offered (until 2016-03-14)."""
    fetch: bool
    """The handshake is a fetch: interim answers are skipped by name, and cookies of any answer are stored."""
    established: str
    """Where the text says when the connection is established."""
    status: str
    """Where the text says that a status other than 101 fails."""
