"""Firefox's opening handshake, byte for byte, and its repetition with credentials after a 401.

Sources: those of the template (facts.py); netwerk/protocol/http/nsHttpChannelAuthProvider.cpp (GetCredentials),
nsHttpBasicAuth.cpp, nsHttpDigestAuth.cpp. NTLM and Negotiate are left out: without the system's own account
Firefox answers neither (measured).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.network import credentials, digest, unquoted
from wsprobe.browsers.page import fetch_site
from wsprobe.browsers.request import block, head, target_of, values
from wsprobe.browsers.url import parse, trustworthy_host
from wsprobe.exchange import Http2, Target
from wsprobe.request.opening import basic

_ELEMENTS = rb'(?:[^,\n"]|"(?:[^"\\\n]|\\.)*"?)+'
_SCHEME = rb"(?s)[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+(?!=)(.*))?[ \t]*"

Challenge = tuple[str, dict[str, bytes]]


def authorizations(asked: bytes, to: Target, key: str) -> Iterator[str]:
    """Yield the values of Authorization to try, in the order of *asked* (the WWW-Authenticate fields, joined by
    line feeds).

    *key* replaces the random number in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return
    for scheme, parameters in challenges(asked):
        if scheme == "basic":
            yield basic(own.pair)
        elif scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
            yield answer


def challenges(challenges: bytes) -> list[Challenge]:
    """(scheme in lower case, parameters by name in lower case) of each challenge; one field can contain
    several."""
    found: list[Challenge] = []
    for element in re.findall(_ELEMENTS, challenges):
        parameter = element
        scheme = re.fullmatch(_SCHEME, element)
        if scheme is not None:
            found.append((scheme[1].decode("ascii").lower(), {}))
            parameter = scheme[2] or b""
        name, equals, content = parameter.partition(b"=")
        if equals and found:
            found[-1][1][name.strip(b" \t").decode("latin-1").lower()] = unquoted(content.strip(b" \t"))
    return found


def request(made: Construction, page: Page, key: str, facts: Facts, authorization: str = "") -> bytes:
    """The whole request head. *authorization*: the value of Authorization, "" to send none."""
    return head(facts.request, {**_values(made, page, facts), "key": key, "authorization": authorization})


def asks(made: Construction, page: Page, facts: Facts, authorization: str = "") -> Http2:
    """The extended CONNECT, with the settings of its stream."""
    fields = block(facts.connect, {**_values(made, page, facts), "authorization": authorization})
    return replace(facts.http2, fields=fields)


def _values(made: Construction, page: Page, facts: Facts) -> dict[str, str]:
    """The values for the template. Only potentially trustworthy URLs get Fetch Metadata and all content
    codings."""
    to = target_of(made)
    near = to.secure or trustworthy_host(to.host)
    at = _site(page, to) if near else ""
    return {
        **values(to, page, made.protocols, facts.user_agent),
        "accept_encoding": facts.accept_encoding if near else facts.accept_encoding_cleartext,
        "storage_access": "none" if at == "cross-site" else "",
        "dest": "empty" if near else "",
        "mode": "websocket" if near else "",
        "site": at,
    }


def _site(page: Page, to: Target) -> str:
    """The value of Sec-Fetch-Site: http: and https: of one host are the same site (measured)."""
    address = parse(to.url)
    return fetch_site(page, address, schemeful=False) if address is not None else "cross-site"
