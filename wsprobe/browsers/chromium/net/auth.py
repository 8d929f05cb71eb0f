"""Credentials of the URL's own as the answer to a 401.

Sources: net/http/http_auth.cc (ChooseBestChallenge), http_auth_controller.cc, http_auth_handler_basic.cc,
http_auth_handler_digest.cc; that cross-site pages get no such answer is measured, Chromium 156.
NTLM and Negotiate are not played: their answers take more than one round trip, or the system's own account.
"""

from __future__ import annotations

import re
from base64 import b64encode

from wsprobe.browsers.chromium.net.http import Headers, split_list
from wsprobe.browsers.transport.credentials import credentials, digest
from wsprobe.exchange import Target
from wsprobe.pattern import pattern

_ESCAPED = pattern(rb"\\(.)", re.DOTALL)


def authorization(headers: Headers, to: Target, key: str) -> str:
    """The value of Authorization that answers the best of the challenges, "" if none can be answered.

    *key* takes the place of chance in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return ""
    offered = [_challenge(value) for value in headers.values(b"www-authenticate")]
    for scheme, parameters in offered:
        if scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
            return answer
    if any(scheme == "basic" for scheme, _ in offered):
        return "Basic " + b64encode(own.user + b":" + own.password).decode("ascii")
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
