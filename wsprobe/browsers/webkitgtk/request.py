"""WebKitGTK's opening handshake, byte for byte, and its answer to a 401.

A 401 is answered with the credentials of the URL, or with the first message of NTLM, which contains none. The
later messages of NTLM are left out.

Sources: those of the template (``Facts``); libsoup/auth/soup-auth-manager.c (create_auth, authenticate_auth),
soup-connection-auth.c, soup-auth-negotiate.c, soup-auth-ntlm.c, soup-auth-digest.c, soup-auth-basic.c.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress

from wsprobe.browsers.engine import EngineFacts, Page
from wsprobe.browsers.page import fetch_site
from wsprobe.browsers.request import COUNT, credentials, head, response, values
from wsprobe.browsers.url import parse, trustworthy_host
from wsprobe.browsers.webkitgtk.http import Fields, items, parameters
from wsprobe.browsers.webkitgtk.uri import normal_escape
from wsprobe.exchange import Target
from wsprobe.request import opening
from wsprobe.wire.authentication import UserAndPassword, quoted


class Facts(EngineFacts, frozen=True, kw_only=True):
    """``request``: Source/WebCore/Modules/websockets/ThreadableWebSocketChannel.cpp, webSocketConnectRequest;
    libsoup/websocket/soup-websocket.c, soup_websocket_client_prepare_handshake (measured). libsoup writes the
    fields that it knows first, so Sec-Fetch-* come last. ``failures`` are the texts after "failed: " in the
    console."""

    closing_timeout: int
    """Seconds from our Close until libsoup ends the connection itself
    (libsoup/websocket/soup-websocket-connection.c)."""
    max_head: int
    """The most bytes of a response head (libsoup/http1/soup-message-io-data.c)."""
    max_resends: int
    """The most redirects and repetitions of one handshake (libsoup/soup-session.c)."""
    subprotocol_case: bool
    """True if the selected subprotocol must match in letter case."""


NTLM = "NTLM TlRMTVNTUAABAAAABYIIAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAAAAAAAwAAAA"
"""The message that requests a challenge (soup_ntlm_request; measured)."""
_ALGORITHMS = {b"md5": "MD5", b"md5-sess": "MD5-sess"}


def authorization(fields: Fields, to: Target, key: str) -> str:
    """The value of Authorization for the first challenge of the strongest known scheme, "" if libsoup can
    answer none.

    *key* replaces the random number in a Digest's cnonce.
    """
    offered = list(_challenges(fields.joined(b"www-authenticate") or b""))
    first = {scheme: len(given) for scheme, given in reversed(offered)}
    # Without TLS, Negotiate is taken and not used; over TLS, without the system's account, the next one is.
    if first.get(b"negotiate") == 1 or (first.get(b"negotiate") == 0 and not to.secure):
        return ""
    if first.get(b"ntlm") == 0:
        return NTLM
    own = credentials(to)
    if own is None:
        return ""
    for scheme, given in offered:
        if scheme == b"digest" and (answer := _digest(own, given, to.resource, key)):
            return answer
    return _basic(own) if any(scheme == b"basic" for scheme, _ in offered) else ""


def _challenges(value: bytes) -> Iterator[tuple[bytes, dict[bytes, bytes | None]]]:
    """Yield (scheme in lower case, parameters by name in lower case) for each challenge in the list *value*."""
    challenges: list[list[bytes]] = []
    for item in items(value):
        if not challenges or _begins(item):
            challenges.append([])
        challenges[-1].append(item)
    for challenge in challenges:
        scheme, *rest = b", ".join(challenge).split(None, 1)
        given = parameters(b"".join(rest), b",", strict=False) or {}
        yield scheme.lower(), {name.lower(): content for name, content in given.items()}


def _begins(item: bytes) -> bool:
    """True if *item* begins a challenge; False if it is a parameter of the previous one
    (next_challenge_start)."""
    before, equals, _ = item.partition(b"=")
    return not equals or len(before.split()) > 1


def _basic(own: UserAndPassword) -> str:
    both = own.pair
    with suppress(UnicodeError):
        both = both.decode().encode("latin-1")
    return opening.basic(both)


def _digest(own: UserAndPassword, given: dict[bytes, bytes | None], uri: str, key: str) -> str:
    """The answer to a Digest challenge; "" if the challenge has no realm or nonce, or requires something that
    libsoup does not support."""
    realm, nonce, opaque, qop = (given.get(key) for key in (b"realm", b"nonce", b"opaque", b"qop"))
    algorithm = _ALGORITHMS.get((given.get(b"algorithm") or b"md5").lower())
    protects = qop is not None
    if realm is None or nonce is None or algorithm is None:
        return ""
    if qop is not None and b"auth" not in (option.lower() for option in items(qop)):
        return ""
    cnonce = b64encode(key.encode("latin-1")).decode("ascii")
    answer = response(
        own, uri, algorithm=algorithm.lower(), realm=realm, nonce=nonce, cnonce=cnonce, protects=protects
    )
    parts = [
        f"username={quoted(own.user)}",
        f"realm={quoted(realm)}",
        f"nonce={quoted(nonce)}",
        f'uri="{uri}"',
        f"algorithm={algorithm}",
        f'response="{answer}"',
        *([f"opaque={quoted(opaque)}"] if opaque is not None else []),
        *([f'cnonce="{cnonce}", nc={COUNT}, qop=auth'] if protects else []),
    ]
    return "Digest " + ", ".join(parts)


def request_head(
    first: Target,
    to: Target,
    protocols: tuple[str, ...],
    page: Page,
    key: str,
    facts: Facts,
    authorization: str = "",
) -> bytes:
    """The whole request head to *to*. *first*: the target before all redirects. *authorization*: the value of
    Authorization, "" to send none."""
    site = _site(first, page)
    filled = {
        **values(to, page, protocols, facts.user_agent),
        "resource": re.sub("%([0-9A-Fa-f]{2})", normal_escape, to.resource),  # glib/guri.c, uri_decoder
        "cookies": page.cookies if to.host == first.host else "",
        "accept_encoding": facts.accept_encoding if first.secure else facts.accept_encoding_cleartext,
        "key": key,
        "authorization": authorization,
        "dest": "websocket" if site else "",
        "mode": "websocket" if site else "",
        "site": site,
    }
    return head(facts.request, filled)


def _site(first: Target, page: Page) -> str:
    """The value of Sec-Fetch-Site; "" for a target that gets no Fetch Metadata, because its URL is not
    potentially trustworthy. Redirects do not change the value."""
    address = parse(first.url)
    if address is None or not (first.secure or trustworthy_host(first.host, rooted=False)):
        return ""
    return fetch_site(page, address)
