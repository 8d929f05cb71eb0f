"""RFC 6455 section 4.1, item 4: Sec-WebSocket-Accept, and how it came to be wrong.

A wrong value is compared with what the known slips would have made of our key: each row of ``_SLIPS`` is one.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha1

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown, times
from wsprobe.judge.subject import handshake, status_span, where
from wsprobe.read.http.heads import split_head
from wsprobe.read.reading import Field, Reading
from wsprobe.read.tokens import GUID, expected_accept

SAMPLE_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455 section 1.3."""

_SHAPE = re.compile(rb"[A-Za-z0-9+/]{27}=")


def _digest(text: bytes) -> bytes:
    return sha1(text, usedforsecurity=False).digest()


def _decoded(key: bytes) -> bytes:
    try:
        return b64decode(key)
    except ValueError:
        return key


def _url_safe(value: bytes) -> bytes:
    return value.translate(bytes.maketrans(b"+/", b"-_"))


def _right(key: bytes) -> bytes:
    return expected_accept(key)


def _hex(key: bytes) -> bytes:
    return _digest(key + GUID).hex().encode()


Slip = tuple[str, str, Callable[[bytes, bytes], bool]]

_SLIPS: tuple[Slip, ...] = (
    ("accept-case", "this is it in another letter case", lambda got, key: got.lower() == _right(key).lower()),
    ("accept-echo", "this is our own key", lambda got, key: got == key),
    ("accept-hex", "this is the same hash in hexadecimal", lambda got, key: got.lower() == _hex(key)),
    (
        "accept-hex-base64",
        "this is base64 of the hash's hexadecimal digits",
        lambda got, key: got in (b64encode(_hex(key)), b64encode(_hex(key).upper())),
    ),
    (
        "accept-padding",
        "this is it with other padding",
        lambda got, key: got.rstrip(b"=") == _right(key).rstrip(b"="),
    ),
    (
        "accept-url-safe",
        "this is it in the URL-safe alphabet",
        lambda got, key: got.rstrip(b"=") == _url_safe(_right(key)).rstrip(b"="),
    ),
    ("accept-junk", "this is it with something around it", lambda got, key: _right(key) in got),
    (
        "accept-no-guid",
        "this is the hash of the key without the GUID",
        lambda got, key: got == b64encode(_digest(key)),
    ),
    (
        "accept-guid-case",
        "this was made with the GUID in lower case",
        lambda got, key: got == b64encode(_digest(key + GUID.lower())),
    ),
    (
        "accept-decoded-key",
        "this was made from the decoded key",
        lambda got, key: got == b64encode(_digest(_decoded(key) + GUID)),
    ),
    (
        "accept-key-changed",
        "this was made from our key with other letter case or white space",
        lambda got, key: (
            got
            in [
                _right(other)
                for other in (
                    key.lower(),
                    key.upper(),
                    key + b"\r",
                    key + b"\n",
                    key + b"\r\n",
                    key + b" ",
                    b" " + key,
                )
                if other != key
            ]
        ),
    ),
    ("accept-empty-key", "this was made from an empty key", lambda got, key: got == _right(b"")),
    (
        "accept-sample-key",
        "this answers the sample key of RFC 6455 section 1.3",
        lambda got, key: got == _right(SAMPLE_KEY),
    ),
)


def accept(reading: Reading) -> Iterator[Finding]:
    """Sec-WebSocket-Accept is there, once, and right."""
    response = handshake(reading)
    if response is None:
        return
    fields = response.head.all(b"sec-websocket-accept")
    key = reading.request.key
    right = _right(key) if key is not None else None
    if not fields:
        yield found(
            "accept-missing",
            "the 101 has no Sec-WebSocket-Accept header",
            status_span(response),
            expected=right,
        )
        return
    if len(fields) > 1:
        same = "with the same value" if len({field.value for field in fields}) == 1 else "with different values"
        yield found(
            "accept-several",
            f"Sec-WebSocket-Accept is there {times(len(fields))}, {same}",
            where(response.head, fields[1:]),
            received=b", ".join(field.value for field in fields),
        )
    if key is None:
        keys = len(reading.request.head.all(b"sec-websocket-key"))
        yield found(
            "accept-unchecked",
            f"the request had {keys or 'no'} Sec-WebSocket-Key, so the answer's value cannot be checked",
            where(response.head, fields),
            received=fields[0].value,
        )
        return
    for field in fields:
        if field.value != right:
            yield _wrong(reading, field, key)
            return


def _wrong(reading: Reading, field: Field, key: bytes) -> Finding:
    got, right = field.value, _right(key)
    if not got:
        return found("accept-empty", "Sec-WebSocket-Accept is empty", field.span, expected=right, received=got)
    id, words = _slip(reading, got, key)
    return found(id, f"expected {shown(right)}; {words}", field.value_span, expected=right, received=got)


def _slip(reading: Reading, got: bytes, key: bytes) -> tuple[str, str]:
    for id, words, fits in _SLIPS:
        if fits(got, key):
            return id, words
    if any(got == _right(earlier) for earlier in _earlier_keys(reading)):
        return "accept-earlier-key", "this answers an earlier request of this probe"
    if _SHAPE.fullmatch(got):
        return "accept-mismatch", f"{shown(got)} has the right shape, but is for another key"
    return "accept-mismatch", f"{shown(got)} is not base64 of 20 bytes"


def _earlier_keys(reading: Reading) -> list[bytes]:
    heads = [split_head(hop.plan.request)[0] for hop in reading.exchange.hops]
    return [field.value for head in heads for field in head.all(b"sec-websocket-key")]
