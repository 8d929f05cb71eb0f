"""Credentials of the URL's own as the answer to a 401, once.

Sources: libsoup/auth/soup-auth-manager.c (create_auth, authenticate_auth), soup-auth-basic.c,
soup-auth-digest.c. Those of NTLM are not played: their answers take more than one round trip.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import md5
from urllib.parse import unquote_to_bytes

from wsprobe.browsers.webkitgtk.soup.fields import SPACE, Fields, items, parameters
from wsprobe.exchange import Target

_ALGORITHMS = {b"md5": "MD5", b"md5-sess": "MD5-sess"}


def authorization(fields: Fields, to: Target, key: str) -> str:
    """The value of Authorization that answers the first challenge of the strongest scheme there is, "" if none
    can be answered or the URL has no credentials.

    *key* takes the place of chance in a Digest's cnonce.
    """
    if to.userinfo is None:
        return ""
    user, _, password = to.userinfo.partition(":")
    name, secret = unquote_to_bytes(user), unquote_to_bytes(password)
    offered = list(_challenges(fields.joined(b"www-authenticate") or b""))
    for scheme, given in offered:
        if scheme == b"digest" and (answer := _digest(given, name, secret, to.resource, key)):
            return answer
    return _basic(name, secret) if any(scheme == b"basic" for scheme, _ in offered) else ""


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


def _basic(name: bytes, secret: bytes) -> str:
    both = name + b":" + secret
    with suppress(UnicodeError):
        both = both.decode().encode("latin-1")
    return f"Basic {b64encode(both).decode('ascii')}"


def _digest(given: dict[bytes, bytes | None], name: bytes, secret: bytes, uri: str, key: str) -> str:
    """The answer to a Digest challenge, "" if it has no realm, no nonce, or asks for what libsoup has not."""
    realm, nonce, opaque, qop = (given.get(key) for key in (b"realm", b"nonce", b"opaque", b"qop"))
    algorithm = _ALGORITHMS.get((given.get(b"algorithm") or b"md5").lower())
    protects = qop is not None
    if realm is None or nonce is None or algorithm is None:
        return ""
    if qop is not None and b"auth" not in (option.lower() for option in items(qop)):
        return ""
    own = b64encode(key.encode("latin-1"))
    first = _hashed(name, realm, secret)
    if algorithm == "MD5-sess":
        first = _hashed(first, nonce, own)
    second = _hashed(b"GET", uri.encode("latin-1", "replace"))
    middle = (b"00000001", own, b"auth") if protects else ()
    parts = [
        f"username={_quoted(name)}",
        f"realm={_quoted(realm)}",
        f"nonce={_quoted(nonce)}",
        f'uri="{uri}"',
        f"algorithm={algorithm}",
        f'response="{_hashed(first, nonce, *middle, second).decode("ascii")}"',
        *([f"opaque={_quoted(opaque)}"] if opaque is not None else []),
        *([f'cnonce="{own.decode("ascii")}", nc=00000001, qop=auth'] if protects else []),
    ]
    return "Digest " + ", ".join(parts)


def _hashed(*parts: bytes) -> bytes:
    return md5(b":".join(parts), usedforsecurity=False).hexdigest().encode("ascii")


def _quoted(value: bytes) -> str:
    escaped = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return f'"{escaped.decode("utf-8", "surrogateescape")}"'
