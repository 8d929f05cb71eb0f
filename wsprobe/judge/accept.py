"""RFC 6455 section 4.1, item 4: Sec-WebSocket-Accept, and the mistake behind a wrong value.

A wrong value is compared with the values that known mistakes make from our key: one row of ``_SLIPS`` each.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha1

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown, times
from wsprobe.judge.subject import status_span, where
from wsprobe.read.head import split_head
from wsprobe.read.reading import Field, Reading, Response
from wsprobe.read.tokens import GUID, expected_accept

SAMPLE_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455 section 1.3."""

_SHAPE = rb"[A-Za-z0-9+/]{27}="


def _digest(text: bytes) -> bytes:
    return sha1(text, usedforsecurity=False).digest()


def _decoded(key: bytes) -> bytes:
    try:
        return b64decode(key)
    except ValueError:
        return key


def _url_safe(value: bytes) -> bytes:
    return value.translate(bytes.maketrans(b"+/", b"-_"))


def _hex(key: bytes) -> bytes:
    return _digest(key + GUID).hex().encode()


Slip = tuple[Entry, str, Callable[[bytes, bytes], bool]]

_SLIPS: tuple[Slip, ...] = (
    (
        F.ACCEPT_CASE,
        "this is the expected value in another letter case",
        lambda got, key: got.lower() == expected_accept(key).lower(),
    ),
    (F.ACCEPT_ECHO, "this is our own key", lambda got, key: got == key),
    (F.ACCEPT_HEX, "this is the same hash in hexadecimal", lambda got, key: got.lower() == _hex(key)),
    (
        F.ACCEPT_HEX_BASE64,
        "this is base64 of the hash's hexadecimal digits",
        lambda got, key: got in (b64encode(_hex(key)), b64encode(_hex(key).upper())),
    ),
    (
        F.ACCEPT_PADDING,
        "this is the expected value with other padding",
        lambda got, key: got.rstrip(b"=") == expected_accept(key).rstrip(b"="),
    ),
    (
        F.ACCEPT_URL_SAFE,
        "this is the expected value in the URL-safe alphabet",
        lambda got, key: got.rstrip(b"=") == _url_safe(expected_accept(key)).rstrip(b"="),
    ),
    (
        F.ACCEPT_JUNK,
        "this is the expected value with other characters around it",
        lambda got, key: expected_accept(key) in got,
    ),
    (
        F.ACCEPT_NO_GUID,
        "this is the hash of the key without the GUID",
        lambda got, key: got == b64encode(_digest(key)),
    ),
    (
        F.ACCEPT_GUID_CASE,
        "this was made with the GUID in lower case",
        lambda got, key: got == b64encode(_digest(key + GUID.lower())),
    ),
    (
        F.ACCEPT_DECODED_KEY,
        "this was made from the decoded key",
        lambda got, key: got == b64encode(_digest(_decoded(key) + GUID)),
    ),
    (
        F.ACCEPT_KEY_CHANGED,
        "this was made from the key in other letter case, or with white space",
        lambda got, key: (
            got
            in [
                expected_accept(other)
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
    (F.ACCEPT_EMPTY_KEY, "this was made from an empty key", lambda got, key: got == expected_accept(b"")),
    (
        F.ACCEPT_SAMPLE_KEY,
        "this answers the sample key of RFC 6455 section 1.3",
        lambda got, key: got == expected_accept(SAMPLE_KEY),
    ),
)


def accept(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require one Sec-WebSocket-Accept with the right value."""
    fields = response.head.all(b"sec-websocket-accept")
    key = reading.request.key
    right = expected_accept(key) if key is not None else None
    if not fields:
        yield F.ACCEPT_MISSING.found(
            "the 101 has no Sec-WebSocket-Accept header",
            status_span(response),
            expected=right,
        )
        return
    if len(fields) > 1:
        same = "with the same value" if len({field.value for field in fields}) == 1 else "with different values"
        good = all(field.value == (fields[0].value if right is None else right) for field in fields)
        entry = F.ACCEPT_REPEATED if good else F.ACCEPT_SEVERAL
        yield entry.found(
            f"{'ambiguous: ' if good else ''}Sec-WebSocket-Accept appears {times(len(fields))}, {same}",
            where(response.head, fields[1:]),
            received=b", ".join(field.value for field in fields),
        )
    if key is None:
        keys = len(reading.request.head.all(b"sec-websocket-key"))
        yield F.ACCEPT_UNCHECKED.found(
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
    got, right = field.value, expected_accept(key)
    if not got:
        return F.ACCEPT_EMPTY.found("Sec-WebSocket-Accept is empty", field.span, expected=right, received=got)
    entry, words = _slip(reading, got, key)
    return entry.found(f"expected {shown(right)}; {words}", field.value_span, expected=right, received=got)


def _slip(reading: Reading, got: bytes, key: bytes) -> tuple[Entry, str]:
    for entry, words, fits in _SLIPS:
        if fits(got, key):
            return entry, words
    if any(got == expected_accept(earlier) for earlier in _earlier_keys(reading)):
        return F.ACCEPT_EARLIER_KEY, "this answers an earlier request of this probe"
    if re.fullmatch(_SHAPE, got):
        return F.ACCEPT_MISMATCH, f"{shown(got)} has the right form, but is not the answer to this key"
    return F.ACCEPT_MISMATCH, f"{shown(got)} is not base64 of 20 bytes"


def _earlier_keys(reading: Reading) -> list[bytes]:
    heads = [split_head(hop.plan.request)[0] for hop in reading.exchange.hops]
    return [field.value for head in heads for field in head.all(b"sec-websocket-key")]
