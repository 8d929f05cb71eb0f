"""Why a change would show nothing new, given the answers so far.

Each function returns the reason; "" to send the request.
"""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.diagnosis.evidence import to_another_host, url_parts
from wsprobe.request.edits import first_value, resource_of
from wsprobe.trace.answer import alike, ended_while_held
from wsprobe.trace.sentences import title
from wsprobe.trace.trace import Trace


def settled(seen: Trace) -> str:
    """Why no change can show more; "" if one may."""
    base, get = seen.base, seen["get"]
    if base.kind in ("not-reached", "interrupted"):
        return "no request was answered"
    if get is None:
        return ""
    if base.kind == "cut" and get.kind in ("cut", "not-reached"):
        return "every request is cut without a byte"
    if base.kind == "silent" and get.kind == "silent":
        return "no request is answered"
    if base.kind in ("cut", "silent") and get.kind == "http" and get.status >= 500:
        return "the proxy cannot reach the server behind it"
    if base.kind != "http" or not seen.like_get:
        return ""
    status = base.status
    if status == 401 and base.field(b"www-authenticate") is not None:
        return "credentials are required first"
    if status >= 500 or status in (405, 426, 429):
        return f"a plain GET gets the same {status}"
    if base.redirects:
        return "every request is redirected"
    return ""


def never(seen: Trace) -> str:
    return ""


def unless_settled(also: Callable[[Trace], str] = never) -> Callable[[Trace], str]:
    return lambda seen: settled(seen) or also(seen)


def reached(seen: Trace) -> str:
    return "no request was answered" if seen.base.kind in ("not-reached", "interrupted") else ""


def refused(seen: Trace) -> str:
    return "the handshake opens" if seen.base.opens else ""


def opened(seen: Trace) -> str:
    return "" if seen.base.opens else "the handshake does not open"


def handshake_is_seen(seen: Trace) -> str:
    """Why it is known already whether the handshake is treated as one; "" if it is not."""
    if seen.base.opens:
        return "the handshake opens"
    if seen.base.kind == "http" and seen.like_get:
        return "a plain GET gets the same answer"
    return ""


def other_origin(seen: Trace) -> str:
    own = seen.own
    if seen.start.has_origin:
        return "the handshake opens" if seen.base.opens else ""
    if own is None or alike(own, seen.base):
        return "the Origin of the page changes nothing"
    return ""


def browsers_headers(seen: Trace) -> str:
    """Useful if no Origin helps, or to confirm that an open handshake opens for a browser too."""
    own = seen.own
    if own is None or own.opens is seen.base.opens is True:
        return ""
    if own.opens:
        return "the page's own Origin is enough"
    if seen.base.opens:
        return "the Origin alone makes the difference"
    if own.kind != "http":
        return "the request with the page's own Origin gets no valid answer"
    return (
        "" if own.status in (400, 403, 406, 500) else f"a {own.status} does not depend on a browser's headers"
    )


def one_browser_alone(seen: Trace) -> str:
    own, chromium = seen.own, seen["chromium"]
    if chromium is None:
        return "the request of Chromium would show nothing more"
    if own is None or own.opens is chromium.opens:
        return "the request of Chromium gets the same answer"
    return ""


def final_slash(seen: Trace) -> str:
    base = seen.base
    if base.redirects and to_slash(seen):
        return ""
    of_path = base.kind == "http" and seen.like_get and base.status in (200, 404)
    return settled(seen) or ("" if of_path else "the answer does not depend on the path alone")


def to_slash(seen: Trace) -> str:
    """The path that the answer redirects to, if it is that of the URL with its slash or without; else ""."""
    location, request = seen.base.location, seen.start.plan.request
    there = url_parts(location)[1]
    here = resource_of(request).partition(b"?")[0].decode("latin-1")
    if there == here or to_another_host(location, first_value(request, b"host")):
        return ""
    return there if there in (here + "/", here.removesuffix("/")) else ""


def origin_past(seen: Trace) -> str:
    """Useful without the proxy too, where an Origin is refused or required."""
    past, own = seen.past, seen.own
    if past is not None and past.kind == "http" and not past.opens:
        return ""
    no_part = past is None or own is None or own.opens or alike(own, seen.base)
    return "the Origin plays no part" if no_part else ""


def http2_is_the_same(seen: Trace) -> str:
    """Worth it where HTTP/1.1 opens, since browsers then ask over HTTP/2, and where it is not spoken at all."""
    base = seen.base
    if base.opens or base.kind == "cut" or NO_PROTOCOL in base.found:
        return ""
    return settled(seen) or "the program that refuses over HTTP/1.1 is behind HTTP/2 too"


NO_PROTOCOL = "tls-alert-no-application-protocol"
"""What is found where the server takes none of the protocols that ALPN offers."""


def key_plays_no_part(seen: Trace) -> str:
    """Worth it where a 400 may be about the key: without the version there is another one, or words say so; and
    where nothing names the proxy."""
    version = seen["no-version"]
    if seen.base.status == 400 and not seen.base.stated and version is not None:
        return "the answer is the same without the version" if alike(version, seen.base) else ""
    if seen.base.kind != "http" or not seen.like_get:
        return handshake_is_seen(seen) or "the answers already show the cause"
    if settled(seen):
        return settled(seen)
    return f"the answers already name {title(seen.proxies[0])}" if seen.proxies else ""


def not_cut(seen: Trace) -> str:
    held = seen["again-2"]
    return "" if held is not None and ended_while_held(held) is not None else "no request was cut"
