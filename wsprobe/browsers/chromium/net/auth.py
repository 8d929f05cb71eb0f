"""Credentials of the URL's own as the answer to a 401.

Sources: net/http/http_auth.cc (ChooseBestChallenge), http_auth_controller.cc, http_auth_handler_basic.cc,
http_auth_handler_digest.cc; that cross-site pages get no such answer is measured, Chromium 156.
NTLM and Negotiate are not played: their answers take more than one round trip, or the system's own account.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5, sha1, sha256
from urllib.parse import unquote_to_bytes

from wsprobe.browsers.chromium.net.http import Headers, split_list
from wsprobe.exchange import Target
from wsprobe.pattern import pattern

_HASHES = {"md5": md5, "md5-sess": md5, "sha-256": sha256, "sha-256-sess": sha256}
_ESCAPED = pattern(rb"\\(.)", re.DOTALL)


def authorization(headers: Headers, to: Target, key: str) -> str:
    """The value of Authorization that answers the best of the challenges, "" if none can be answered.

    *key* takes the place of chance in a Digest's cnonce.
    """
    if to.userinfo is None:
        return ""
    user, _, password = to.userinfo.partition(":")
    name, secret = unquote_to_bytes(user), unquote_to_bytes(password)
    offered = [_challenge(value) for value in headers.values(b"www-authenticate")]
    for scheme, parameters in offered:
        if scheme == "digest" and (answer := _digest(parameters, name, secret, to.resource, key)):
            return answer
    if any(scheme == "basic" for scheme, _ in offered):
        return "Basic " + b64encode(name + b":" + secret).decode("ascii")
    return ""


def _challenge(value: bytes) -> tuple[str, dict[str, bytes]]:
    """(scheme in lower case, parameters by name in lower case): one field is one challenge."""
    scheme, _, rest = value.partition(b" ")
    parameters = {}
    for element in split_list(rest):
        name, _, content = element.partition(b"=")
        parameters[name.strip(b" \t").decode("latin-1").lower()] = _unquoted(content.strip(b" \t"))
    return scheme.strip(b",").decode("latin-1").lower() if b"," not in scheme else "", parameters


def _unquoted(value: bytes) -> bytes:
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        return _ESCAPED.sub(rb"\1", value[1:-1])
    return value


def _digest(parameters: dict[str, bytes], name: bytes, secret: bytes, uri: str, key: str) -> str:
    """The answer to a Digest challenge, "" if it has no nonce or an algorithm that Chromium has not."""
    nonce, realm = parameters.get("nonce", b""), parameters.get("realm", b"")
    named = parameters.get("algorithm", b"").decode("latin-1")
    algorithm = (named or "MD5").lower()
    if not nonce or algorithm not in _HASHES:
        return ""

    def hashed(*parts: bytes) -> bytes:
        return _HASHES[algorithm](b":".join(parts)).hexdigest().encode("ascii")

    count, own = b"00000001", sha1(key.encode("latin-1")).hexdigest()[:16].encode("ascii")
    first = hashed(name, realm, secret)
    if algorithm.endswith("-sess"):
        first = hashed(first, nonce, own)
    second = hashed(b"GET", uri.encode("latin-1"))
    protects = any(q.strip(b" \t").lower() == b"auth" for q in parameters.get("qop", b"").split(b","))
    response = hashed(first, nonce, count, own, b"auth", second) if protects else hashed(first, nonce, second)
    fields = [
        f"username={_quoted(name)}",
        f"realm={_quoted(realm)}",
        f"nonce={_quoted(nonce)}",
        f'uri="{uri}"',
        *([f"algorithm={named}"] if named else []),
        f'response="{response.decode()}"',
        *([f"opaque={_quoted(parameters['opaque'])}"] if parameters.get("opaque") else []),
        *([f'qop=auth, nc={count.decode()}, cnonce="{own.decode()}"'] if protects else []),
    ]
    return "Digest " + ", ".join(fields)


def _quoted(value: bytes) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value.decode("utf-8", "surrogateescape")) + '"'
