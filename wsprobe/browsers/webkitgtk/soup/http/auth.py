"""What a 401 is answered with: credentials of the URL's own, or the first of NTLM's messages, which has none.

Sources: libsoup/auth/soup-auth-manager.c (create_auth, authenticate_auth), soup-connection-auth.c,
soup-auth-negotiate.c, soup-auth-ntlm.c, soup-auth-digest.c, soup-auth-basic.c. What NTLM says after the
server's challenge is not played.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress

from wsprobe.browsers.transport.credentials import COUNT, Credentials, credentials, quoted, response
from wsprobe.browsers.webkitgtk.soup.http.fields import SPACE, Fields, items, parameters
from wsprobe.exchange import Target

NTLM = "NTLM TlRMTVNTUAABAAAABYIIAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAAAAAAAwAAAA"
"""soup_ntlm_request: asks for a challenge (measured)."""
_ALGORITHMS = {b"md5": "MD5", b"md5-sess": "MD5-sess"}


def authorization(fields: Fields, to: Target, key: str) -> str:
    """The value of Authorization that answers the first challenge of the strongest scheme there is, "" if none
    can be answered.

    *key* takes the place of chance in a Digest's cnonce.
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
    """(scheme in lower case, parameters by name in lower case) of each challenge in the list *value*."""
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
    """Whether *item* begins a challenge, and is no parameter of the one before (next_challenge_start)."""
    before, equals, _ = item.partition(b"=")
    return not equals or bool(before.strip(SPACE).split(None, 1)[1:])


def _basic(own: Credentials) -> str:
    both = own.user + b":" + own.password
    with suppress(UnicodeError):
        both = both.decode().encode("latin-1")
    return f"Basic {b64encode(both).decode('ascii')}"


def _digest(own: Credentials, given: dict[bytes, bytes | None], uri: str, key: str) -> str:
    """The answer to a Digest challenge, "" if it has no realm, no nonce, or asks for what libsoup has not."""
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
