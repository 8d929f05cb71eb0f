"""Credentials of the URL's own as the answer to a 401.

Sources: netwerk/protocol/http/nsHttpChannelAuthProvider.cpp (GetCredentials), nsHttpBasicAuth.cpp,
nsHttpDigestAuth.cpp. Of NTLM and Negotiate nothing comes without the system's own account (measured).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import md5, sha1, sha256
from urllib.parse import unquote_to_bytes

from wsprobe.exchange import Target
from wsprobe.pattern import pattern

_ELEMENTS = pattern(rb'(?:[^,\n"]|"(?:[^"\\\n]|\\.)*"?)+')
_SCHEME = pattern(rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+(?!=)(.*))?[ \t]*", re.DOTALL)
_ESCAPED = pattern(rb"\\(.)", re.DOTALL)
_HASHES = {"md5": md5, "md5-sess": md5, "sha-256": sha256, "sha-256-sess": sha256}

Challenge = tuple[str, dict[str, bytes]]


def authorizations(challenges: bytes, to: Target, key: str) -> Iterator[str]:
    """The values of Authorization to try, in the order of *challenges* (WWW-Authenticate, by line).

    *key* takes the place of chance in a Digest's cnonce.
    """
    if to.userinfo is None:
        return
    user, _, password = to.userinfo.partition(":")
    name, secret = unquote_to_bytes(user), unquote_to_bytes(password)
    for scheme, parameters in parse(challenges):
        if scheme == "basic":
            yield "Basic " + b64encode(name + b":" + secret).decode("ascii")
        elif scheme == "digest" and (answer := _digest(parameters, name, secret, to.resource, key)):
            yield answer


def parse(challenges: bytes) -> list[Challenge]:
    """(scheme in lower case, parameters by name in lower case); one field can hold several challenges."""
    found: list[Challenge] = []
    for element in _ELEMENTS.findall(challenges):
        parameter = element
        scheme = _SCHEME.fullmatch(element)
        if scheme is not None:
            found.append((scheme[1].decode("ascii").lower(), {}))
            parameter = scheme[2] or b""
        name, equals, content = parameter.partition(b"=")
        if equals and found:
            found[-1][1][name.strip(b" \t").decode("latin-1").lower()] = _unquoted(content.strip(b" \t"))
    return found


def _unquoted(value: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", value[1:-1]) if len(value) >= 2 and value[:1] == value[-1:] == b'"' else value


def _digest(parameters: Mapping[str, bytes], name: bytes, secret: bytes, uri: str, key: str) -> str:
    """The answer to a Digest challenge, "" if it has no nonce or an unknown algorithm."""
    nonce, realm = parameters.get("nonce", b""), parameters.get("realm", b"")
    named = parameters.get("algorithm", b"").decode("latin-1")
    algorithm = (named or "MD5").lower()
    if not nonce or algorithm not in _HASHES:
        return ""

    def hashed(*parts: bytes) -> bytes:
        return _HASHES[algorithm](b":".join(parts)).hexdigest().encode("ascii")

    count, own = b"00000001", sha1(key.encode("latin-1", "replace")).hexdigest()[:16].encode("ascii")
    first = hashed(name, realm, secret)
    if algorithm.endswith("-sess"):
        first = hashed(first, nonce, own)
    second = hashed(b"GET", uri.encode("latin-1", "replace"))
    protects = any(word.strip(b" \t").lower() == b"auth" for word in parameters.get("qop", b"").split(b","))
    response = hashed(first, nonce, count, own, b"auth", second) if protects else hashed(first, nonce, second)
    said = [f"username={_quoted(name)}", f"realm={_quoted(realm)}", f"nonce={_quoted(nonce)}", f'uri="{uri}"']
    if named:
        said.append(f"algorithm={named}")
    said.append(f'response="{response.decode()}"')
    if parameters.get("opaque"):
        said.append(f"opaque={_quoted(parameters['opaque'])}")
    if protects:
        said.append(f'qop=auth, nc={count.decode()}, cnonce="{own.decode()}"')
    return "Digest " + ", ".join(said)


def _quoted(value: bytes) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value.decode("utf-8", "surrogateescape")) + '"'
