"""Credentials of the URL's own as the answer to a 401.

Sources: netwerk/protocol/http/nsHttpChannelAuthProvider.cpp (GetCredentials), nsHttpBasicAuth.cpp,
nsHttpDigestAuth.cpp. Of NTLM and Negotiate nothing comes without the system's own account (measured).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

from wsprobe.browsers.transport.credentials import credentials, digest
from wsprobe.exchange import Target
from wsprobe.pattern import pattern

_ELEMENTS = pattern(rb'(?:[^,\n"]|"(?:[^"\\\n]|\\.)*"?)+')
_SCHEME = pattern(rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+(?!=)(.*))?[ \t]*", re.DOTALL)
_ESCAPED = pattern(rb"\\(.)", re.DOTALL)

Challenge = tuple[str, dict[str, bytes]]


def authorizations(challenges: bytes, to: Target, key: str) -> Iterator[str]:
    """The values of Authorization to try, in the order of *challenges* (WWW-Authenticate, by line).

    *key* takes the place of chance in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return
    for scheme, parameters in parse(challenges):
        if scheme == "basic":
            yield "Basic " + b64encode(own.user + b":" + own.password).decode("ascii")
        elif scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
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
