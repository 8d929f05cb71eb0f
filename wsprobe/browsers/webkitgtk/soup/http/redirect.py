"""Where a Location leads (libsoup/soup-session.c, redirection_uri)."""

from __future__ import annotations

from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.soup.http.uri import BadUri, is_numbers, resolved
from wsprobe.browsers.webkitgtk.soup.websocket.handshake import Failed
from wsprobe.exchange import Target
from wsprobe.value import dataclass

_SOURCE = "libsoup/soup-session.c"
_SCHEMES = {"ws": (False, 80), "http": (False, 80), "wss": (True, 443), "https": (True, 443)}


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str
    target: Target


def redirected(base: str, location: bytes, facts: Facts) -> Redirect | Failed | None:
    """Where *location* leads from *base*; None if GLib cannot parse it, whereupon it counts for nothing."""
    if not location:
        return Failed(facts.failures["location-missing"], f"Location is empty: {_SOURCE}")
    text = location.decode("utf-8", "replace")
    try:
        to = resolved(base, text)
    except BadUri:
        return None
    if to.scheme not in _SCHEMES or not to.host:
        failure = facts.failures["location-invalid"].format(location=text)
        return Failed(failure, f"Location is no http or ws URL: {_SOURCE}")
    if is_numbers(to.host):
        failure = facts.failures["resolve"].format(host=to.host, error="Name or service not known")
        return Failed(failure, "an address that is not written as one: gio/gresolver.c")
    secure, default = _SCHEMES[to.scheme]
    named = f"[{to.host}]" if ":" in to.host else to.host
    authority = named if to.port is None else f"{named}:{to.port}"
    url = f"{to.scheme}://{authority}{to.resource}"
    port = default if to.port is None else to.port
    return Redirect(url, Target(url, secure, to.host, port, to.resource, to.userinfo))
