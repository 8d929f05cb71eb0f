"""The request that a 101 answers: faults for which a server must refuse it (RFC 6455 sections 4.2.1 and 4.2.2).

Options such as ``-H Host:`` and ``--ws-key`` send such requests, to see whether a server checks them.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown
from wsprobe.judge.subject import has_token, status_span
from wsprobe.read.reading import Reading, Response, SentRequest

_KNOWN_VERSIONS = (b"13", b"8", b"7", b"6", b"5", b"4", b"0")
"""13 of RFC 6455, and those of drafts, which a server may speak as well (section 4.4)."""

_ONCE = (
    (b"host", "Host"),
    (b"sec-websocket-key", "Sec-WebSocket-Key"),
    (b"sec-websocket-version", "Sec-WebSocket-Version"),
)
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
KEY_BYTES = 16


def request(reading: Reading, response: Response) -> Iterator[Finding]:
    """Report each fault of the request that the server had to refuse."""
    asked, span = reading.request, status_span(response)
    if not asked.head.fields:
        return  # a recording of another program, which has the answer alone
    if asked.version == b"HTTP/1.0":
        yield F.HTTP10_NOT_REFUSED.found("the request was HTTP/1.0, and the server answered 101", span)
    if not has_token(asked.head.all(b"upgrade"), b"websocket"):
        sent = b", ".join(field.value for field in asked.head.all(b"upgrade"))
        said = f"the request's Upgrade was {shown(sent)}" if sent else "the request had no Upgrade"
        yield F.SWITCH_UNREQUESTED.found(f"{said}, and the server switched to WebSocket", span)
    if faults := list(_faults(asked)):
        yield F.REQUEST_NOT_REFUSED.found(f"the server answered 101, but the request {'; '.join(faults)}", span)
    versions = asked.head.all(b"sec-websocket-version")
    if len(versions) == 1 and versions[0].value not in _KNOWN_VERSIONS:
        value = shown(versions[0].value) or "empty"
        yield F.VERSION_NOT_REFUSED.found(
            f"the request's Sec-WebSocket-Version was {value}, and the server answered 101", span
        )


def _faults(asked: SentRequest) -> Iterator[str]:
    """Each fault of *asked* by RFC 6455 section 4.2.1, except those of Upgrade and of the version's number."""
    head = asked.head
    if asked.method != b"GET":
        yield f"had the method {shown(asked.method)}"
    for key, name in _ONCE:
        if (times := len(head.all(key))) != 1:
            yield f"had {times or 'no'} {name}"
    if any(not field.value for field in head.all(b"host")):
        yield "had an empty Host"
    if not has_token(head.all(b"connection"), b"upgrade"):
        yield "had no Upgrade in Connection"
    keys = head.all(b"sec-websocket-key")
    if len(keys) == 1 and not (_KEY.fullmatch(keys[0].value) and len(b64decode(keys[0].value)) == KEY_BYTES):
        yield f"had a Sec-WebSocket-Key that is not {KEY_BYTES} bytes in base64"
