"""What fetch() returns for the http form of a WebSocket's URL, from the same page: the status and the body, or
a TypeError without a reason.

The engines agree with two exceptions: Firefox shows the status of a 101, and WebKitGTK blocks http: at loopback
from an https: page (measured; tests/browsers/recordings/fetch.jsonl). Standard: Fetch, "CORS check", "main
fetch"; Mixed Content; Local Network Access.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wsprobe.browsers.engine import DomException, Page
from wsprobe.browsers.local_network import crossing
from wsprobe.browsers.page import fetch_site, origin, violation
from wsprobe.browsers.url import Address, as_http, insecure_from_secure, parse, target, trustworthy_host
from wsprobe.exchange import Exchange, Target
from wsprobe.read.reading import Reading, Response

MESSAGES = {
    "chromium": "Failed to fetch",
    "firefox": "NetworkError when attempting to fetch resource.",
    "webkitgtk": "Load failed",
}
"""Engine -> the message of its TypeError, the same for every cause."""

ALLOW = "Access-Control-Allow-Origin"


class FetchView(Struct, frozen=True):
    """What a script gets from ``fetch(url)`` in one engine."""

    browser: str
    exception: DomException | None
    status: int | None
    """None with an exception, and if fetch() follows a redirect that was not recorded."""
    body: bytes
    because: str
    """The reason, in words."""
    add: str = ""
    """The header line that would let the page read the answer; "" if none is missing."""


class Fetched(Struct, frozen=True):
    """The answer to a plain GET, and what scripts see of it."""

    url: str
    """The http: or https: form of the socket's URL."""
    exchange: Exchange
    views: tuple[FetchView, ...]


def goes_to(url: str) -> tuple[Address, Target] | None:
    """The http form of a socket's *url* and its target, for fetch(); None if *url* is invalid."""
    found = parse(url)
    if found is None or as_http(found).scheme not in ("http", "https") or not found.host:
        return None
    return as_http(found), target(found)


def request(to: Address, page: Page, user_agent: str) -> bytes:
    """The GET that wsprobe sends in place of an engine, with the same fields that affect the answer
    (measured)."""
    site = fetch_site(page, to)
    fields = [
        ("Host", to.authority),
        ("User-Agent", user_agent),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        *([] if site == "same-origin" else [("Origin", origin(page))]),
        *([("Cookie", page.cookies)] if site == "same-origin" and page.cookies else []),
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "empty"),
        ("Connection", "close"),
    ]
    head = [f"GET {to.path}{to.query} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(head).encode("utf-8", "surrogateescape")


def kept_off(browser: str, to: Address, page: Page) -> str:
    """Why *browser* sends no request to *to*, an http: or https: URL; "" if it does."""
    base = parse(page.url)
    if base is None:
        return ""
    if insecure_from_secure(base, to) and (browser == "webkitgtk" or not trustworthy_host(to.host)):
        return "mixed content: an https: page may not fetch an http: URL"
    broken = violation(page.csp, base, to)
    return "" if broken is None else f"the page's policy forbids it: {broken.directive}"


def seen(browser: str, to: Address, page: Page, reading: Reading) -> FetchView:
    """What a script on *page* gets in *browser*, if the GET had the result *reading*."""
    if why := kept_off(browser, to, page):
        return _failed(browser, why)
    crosses = crossing(page, [reading]) if browser == "chromium" else None
    if crosses is not None and crosses.state != "granted":
        return _failed(browser, "Local Network Access: the page may not reach this address (explain lna)")
    final = reading.final
    if final is None or final.status is None:
        return _failed(browser, "there is no answer")
    same = not (base := parse(page.url)) or base.origin == to.origin
    same = same and origin(page) == to.origin
    if not same and (why := _not_allowed(final, origin(page))):
        return _failed(browser, why, f"{ALLOW}: {origin(page)}")
    if final.status == 101 and browser != "firefox":
        return _failed(browser, "fetch() fails on a 101")
    location = final.head.all(b"location")
    if final.status in (301, 302, 303, 307, 308) and location:
        where = location[0].value.decode("latin-1")
        return FetchView(
            browser, None, None, b"", f"fetch() follows the redirect to {where}, where wsprobe sent no request"
        )
    body = b"" if final.body is None else final.body.decoded or final.body.content
    why = "the page's own origin" if same else f"{ALLOW} lets this origin read it"
    return FetchView(browser, None, final.status, body, why)


def _failed(browser: str, why: str, add: str = "") -> FetchView:
    return FetchView(browser, DomException("TypeError", MESSAGES[browser]), None, b"", why, add)


def _not_allowed(final: Response, own: str) -> str:
    """Why the CORS check (Fetch) fails for a page of origin *own*; "" if it passes: one field, these bytes."""
    fields = final.head.all(ALLOW.lower().encode())
    values = [field.value.strip(b" \t").decode("latin-1") for field in fields]
    if not values:
        return f"no {ALLOW} in the answer"
    if len(values) > 1:
        return f"the answer has {ALLOW} {len(values)} times"
    return "" if values[0] in ("*", own) else f"{ALLOW} is {values[0]!r}, not the page's origin"


def asked(names: Sequence[str]) -> tuple[str, ...]:
    """The engines among *names* that have a fetch() of a page."""
    return tuple(dict.fromkeys(word for name in names if (word := name.partition("@")[0]) in MESSAGES))
