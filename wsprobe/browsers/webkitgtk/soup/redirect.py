"""Where a Location leads: by RFC 3986, not by WHATWG URL (libsoup/soup-session.c, GLib's glib/guri.c)."""

from __future__ import annotations

import re

from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.soup.handshake import Failed
from wsprobe.exchange import Target
from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_SOURCE = "libsoup/soup-session.c"
_URI = pattern(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = pattern(r"(?:(.*)@)?(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]*))?", re.DOTALL)
_BAD_PERCENT = pattern(r"%(?![0-9A-Fa-f]{2})")
_SCHEMES = {"ws": (False, 80), "http": (False, 80), "wss": (True, 443), "https": (True, 443)}
_TO_ESCAPE = pattern(r"[^!-~]|[\"<>\\^`{|}]")


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str
    target: Target


def redirected(base: str, location: bytes, facts: Facts) -> Redirect | Failed | None:
    """Where *location* leads from *base*; None if GLib cannot parse it, whereupon it counts for nothing."""
    if not location:
        return Failed(facts.failures["location-missing"], f"Location is empty: {_SOURCE}")
    text = location.decode("utf-8", "replace")
    parts = _resolved(base, text)
    if parts is None:
        return None
    scheme, host, port, path, query = parts
    if scheme not in _SCHEMES or not host:
        failure = facts.failures["location-invalid"].format(location=text)
        return Failed(failure, f"Location is no http or ws URL: {_SOURCE}")
    secure, default = _SCHEMES[scheme]
    resource = _escaped(path or "/") + (f"?{_escaped(query)}" if query is not None else "")
    named = f"[{host}]" if ":" in host else host
    authority = named if port in (None, default) else f"{named}:{port}"
    url = f"{scheme}://{authority}{resource}"
    return Redirect(url, Target(url, secure, host, default if port is None else port, resource))


def _resolved(base: str, text: str) -> tuple[str, str, int | None, str, str | None] | None:
    """(scheme, host, port, path, query) of *text* against *base* (RFC 3986 section 5.2)."""
    given, old = _URI.fullmatch(text.strip(" \t\r\n")), _URI.fullmatch(base)
    if given is None or old is None or _BAD_PERCENT.search(text):
        return None
    scheme, authority, path, query = given[1], given[2], given[3], given[4]
    if scheme is None:
        scheme = old[1] or ""
        if authority is None:
            authority = old[2]
            if not path:
                path = old[3]
                query = query if query is not None else old[4]
            elif not path.startswith("/"):
                path = (old[3] or "/").rpartition("/")[0] + "/" + path
    where = _AUTHORITY.fullmatch(authority or "")
    if where is None or (where[3] and int(where[3][-9:]) > 65535):
        return None
    host = where[2].strip("[]").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    port = int(where[3]) if where[3] else None
    return scheme.lower(), host, port, _without_dots(path), query


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4."""
    if "." not in path:
        return path
    out: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if len(out) > 1:
                out.pop()
            if last:
                out.append("")
        elif segment == ".":
            if last:
                out.append("")
        else:
            out.append(segment)
    return "/".join(out)


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode("utf-8", "replace")), text)
