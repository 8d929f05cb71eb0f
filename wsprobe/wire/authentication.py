"""Challenges of a 401 or 407, and the answer to Digest (RFC 7616). Pure.

wsprobe does not support NTLM and Negotiate: they authenticate a connection, in more than one round trip, with
an account of the system.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote_from_bytes

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.read.tokens import split_list

SPOKEN = ("basic", "digest", "bearer")
"""Schemes that wsprobe can send, in lower case."""

HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
"""Algorithm in lower case, without -sess -> its name in ``hashlib`` (RFC 7616 section 6.1)."""

_PARAMETER = rb"""(?s)([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"?|[^ \t"=]+=*)"""
"""Compiled on first use, like those below: for challenges alone."""
_SCHEME = rb"(?s)([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]+(.*))?"
_ESCAPED = rb"(?s)\\(.)"


class Challenge(Struct, frozen=True):
    """One way to authenticate that a server offers (RFC 9110 section 11.3)."""

    name: str
    """The scheme as it was sent."""
    parameters: dict[str, bytes] = {}
    """Name in lower case -> value, unquoted; the first of a name counts."""

    @property
    def scheme(self) -> str:
        """In lower case, because letter case has no meaning."""
        return self.name.lower()


def challenges(values: Iterable[bytes]) -> tuple[Challenge, ...]:
    """The challenges in the values of WWW-Authenticate or Proxy-Authenticate, in the order sent.

    A field can have several, separated by the same comma as their parameters (RFC 9110 section 11.6.1).
    Anything that is neither a scheme nor a parameter is left out.
    """
    found: list[Challenge] = []
    for value in values:
        own: dict[str, bytes] | None = None
        for element in split_list(value):
            if (parameter := re.fullmatch(_PARAMETER, element)) is not None:
                if own is not None:
                    own.setdefault(parameter[1].decode("latin-1").lower(), _unquoted(parameter[2]))
            elif (scheme := re.fullmatch(_SCHEME, element)) is not None:
                own = parameters(scheme[2] or b"")
                found.append(Challenge(scheme[1].decode("latin-1"), own))
    return tuple(found)


def parameters(value: bytes) -> dict[str, bytes]:
    """A list of ``name=value`` (Authentication-Info, RFC 7616 section 3.5): name in lower case -> value."""
    found: dict[str, bytes] = {}
    for element in split_list(value):
        if (match := re.fullmatch(_PARAMETER, element)) is not None:
            found.setdefault(match[1].decode("latin-1").lower(), _unquoted(match[2]))
    return found


def unspoken(offered: Iterable[Challenge]) -> tuple[str, ...]:
    """The names of the schemes that wsprobe does not support, as sent, each once."""
    names: dict[str, str] = {}
    for each in offered:
        if each.scheme not in SPOKEN:
            names.setdefault(each.scheme, each.name)
    return tuple(names.values())


class UserAndPassword(Struct, frozen=True):
    """A user and the password."""

    user: bytes
    password: bytes

    @property
    def pair(self) -> bytes:
        """``user:password``."""
        return self.user + b":" + self.password


def parted(pair: bytes) -> UserAndPassword:
    """Of ``user:password``; a user's name has no colon (RFC 7617 section 2)."""
    user, _, password = pair.partition(b":")
    return UserAndPassword(user, password)


class Digest(Struct, frozen=True):
    """A challenge that wsprobe can answer, and how often it has."""

    realm: bytes
    nonce: bytes
    cnonce: str
    """The client's nonce: one for all answers to this challenge."""
    algorithm: str = "md5"
    """A key of HASHES, perhaps with ``-sess`` behind it."""
    named: bytes | None = None
    """The algorithm as in the challenge; None if it has none, which means MD5."""
    opaque: bytes | None = None
    qop: str = ""
    """``auth``; ``auth-int`` if the challenge has only that; "" for a challenge without qop (RFC 2069)."""
    userhash: bool = False
    utf8: bool = False
    """The challenge has charset=UTF-8, so a user name beyond ASCII can be sent as username*."""
    count: int = 0
    """nc: requests made with this nonce."""
    first: bytes = b""
    """The nonce that a -sess session began with; "" where it is *nonce*."""

    def again(self) -> Digest:
        """For one more request with the same nonce."""
        return replace(self, count=self.count + 1)

    def renewed(self, nonce: bytes) -> Digest:
        """After a nextnonce (RFC 7616 section 3.5); the session of -sess continues."""
        return replace(self, nonce=nonce, count=0, first=self.first or self.nonce)


def digest(offered: Iterable[Challenge], cnonce: str) -> Digest | None:
    """The first Digest challenge that wsprobe can answer (RFC 7616 section 3.7: the server's order is its
    preference); None if there is none. It cannot answer one without a nonce, or with an unknown algorithm or
    qop."""
    for each in offered:
        if each.scheme == "digest" and (made := _digest(each.parameters, cnonce)) is not None:
            return made
    return None


def _digest(said: dict[str, bytes], cnonce: str) -> Digest | None:
    named = said.get("algorithm")
    algorithm = "md5" if named is None else named.decode("latin-1").lower()
    options = [each.lower() for each in split_list(said.get("qop", b""))]
    qop = next((name for name in ("auth", "auth-int") if name.encode() in options), "")
    nonce = said.get("nonce", b"")
    if not nonce or not known(algorithm) or (options and not qop):
        return None
    return Digest(
        realm=said.get("realm", b""),
        nonce=nonce,
        cnonce=cnonce,
        algorithm=algorithm,
        named=named,
        opaque=said.get("opaque"),
        qop=qop,
        userhash=said.get("userhash", b"").lower() == b"true",
        utf8=said.get("charset", b"").lower() == b"utf-8",
    )


def known(algorithm: str) -> bool:
    """Whether this Python can compute it: SHA-512-256 is there only where OpenSSL has it."""
    name = HASHES.get(algorithm.removesuffix("-sess"))
    return name is not None and name in hashlib.algorithms_available


def authorization(challenge: Digest, own: UserAndPassword, method: str, uri: str) -> str:
    """The value of Authorization for a request without content (RFC 7616 section 3.4).

    *uri* is the request target as it is sent. Raises nothing: *challenge* must be answerable.
    """
    # Parameters that must not be quoted: algorithm, qop, nc, userhash (RFC 7616 section 3.4).
    fields = [
        _username(challenge, own),
        f"realm={quoted(challenge.realm)}",
        f"nonce={quoted(challenge.nonce)}",
        f"uri={quoted(uri.encode('utf-8', 'surrogateescape'))}",
    ]
    if challenge.named is not None:
        fields.append(f"algorithm={challenge.named.decode('latin-1')}")
    if challenge.qop:
        fields += [f"qop={challenge.qop}", f"nc={challenge.count:08x}", f'cnonce="{challenge.cnonce}"']
    fields.append(f'response="{response(challenge, own, method, uri)}"')
    if challenge.opaque is not None:
        fields.append(f"opaque={quoted(challenge.opaque)}")
    if challenge.userhash:
        fields.append("userhash=true")
    return "Digest " + ", ".join(fields)


def _username(challenge: Digest, own: UserAndPassword) -> str:
    if challenge.userhash:
        return f'username="{_hashed(challenge.algorithm, own.user, challenge.realm).decode()}"'
    if challenge.utf8 and not own.user.isascii():
        return f"username*=UTF-8''{quote_from_bytes(own.user, safe='')}"
    return f"username={quoted(own.user)}"


def response(challenge: Digest, own: UserAndPassword, method: str, uri: str) -> str:
    """The value of ``response`` for a request without content (RFC 7616 sections 3.4.1 to 3.4.3)."""
    algorithm, chance = challenge.algorithm, challenge.cnonce.encode("ascii")
    a1 = _hashed(algorithm, own.user, challenge.realm, own.password)
    if algorithm.endswith("-sess"):
        a1 = _hashed(algorithm, a1, challenge.first or challenge.nonce, chance)
    content = (_hashed(algorithm, b""),) if challenge.qop == "auth-int" else ()
    a2 = _hashed(algorithm, method.encode(), uri.encode("utf-8", "surrogateescape"), *content)
    middle = (b"%08x" % challenge.count, chance, challenge.qop.encode()) if challenge.qop else ()
    return _hashed(algorithm, a1, challenge.nonce, *middle, a2).decode("ascii")


def _hashed(algorithm: str, *parts: bytes) -> bytes:
    name = HASHES[algorithm.removesuffix("-sess")]
    return hashlib.new(name, b":".join(parts), usedforsecurity=False).hexdigest().encode("ascii")


def quoted(value: bytes) -> str:
    """*value* as a quoted-string (RFC 9110 section 5.6.4)."""
    escaped = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return f'"{escaped.decode("utf-8", "surrogateescape")}"'


def _unquoted(value: bytes) -> bytes:
    if value[:1] != b'"':
        return value
    return re.sub(_ESCAPED, rb"\1", value[1:].removesuffix(b'"') if len(value) > 1 else b"")
