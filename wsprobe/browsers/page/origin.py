"""A page's origin, and how it stands to a URL (HTML, "origin"; Fetch Metadata, "Sec-Fetch-Site")."""

from __future__ import annotations

from wsprobe.browsers.page.address import Address, as_http, is_ip, parse
from wsprobe.browsers.page.csp import sandboxed
from wsprobe.browsers.view import Page

OPAQUE = "null"


def origin(page: Page) -> str:
    """The value of Origin that *page* has: ``null`` for a file:, data: or sandboxed one, among others."""
    address = parse(page.url)
    return OPAQUE if address is None or sandboxed(page.csp) else address.origin


def fetch_site(page: Page, to: Address, *, schemeful: bool = True) -> str:
    """The value of Sec-Fetch-Site of a request by *page*; ws: counts as http:.

    *schemeful*: False where http: and https: of one host are the same site.

    The registrable domain is taken to be the last two labels: no public suffix list is kept here.
    """
    base = parse(page.url)
    to = as_http(to)
    if base is None or origin(page) == OPAQUE:
        return "cross-site"
    if base.origin == to.origin:
        return "same-origin"
    if (base.secure == to.secure or not schemeful) and _site(base.host) == _site(to.host) != "":
        return "same-site"
    return "cross-site"


def _site(host: str) -> str:
    return host if is_ip(host) else ".".join(host.split(".")[-2:])
