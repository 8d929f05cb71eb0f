"""RFC 6455 section 4.1, item 4: Sec-WebSocket-Accept, and the mistake behind a wrong value.

A wrong value is compared with the values that known mistakes make from our key: one row of ``_SLIPS`` each.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha1

from wsprobe.judge.finding import Entry, Finding, shown, times
from wsprobe.judge.subject import status_span, where
from wsprobe.read.head import split_head
from wsprobe.read.reading import Field, Reading, Response
from wsprobe.read.tokens import GUID, expected_accept

ACCEPT_MISSING = Entry(
    "accept-missing",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="The 101 has no Sec-WebSocket-Accept",
    meaning="The client must fail the connection: nothing proves that the server read the handshake.",
    usual="a server of the 2010 drafts, a mock, or a cache or proxy that filters unknown headers",
    advice="Send base64(SHA-1(key + GUID)) in Sec-WebSocket-Accept.",
)
ACCEPT_EMPTY = Entry(
    "accept-empty",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept is empty",
    meaning="The header has no value; the client must fail the connection.",
    usual="a server that did not find the key in the request as it arrived",
    advice="Check that Sec-WebSocket-Key reaches the server unchanged.",
)
ACCEPT_SEVERAL = Entry(
    "accept-several",
    "fail",
    "RFC 6455 section 11.3.3",
    title="Sec-WebSocket-Accept appears more than once",
    meaning="The header must not appear more than once in an answer, whether the values are right or not.",
    usual="both the application and a proxy or middleware answer the handshake",
    advice="Find the second place that sets the header, and remove it.",
)
ACCEPT_CASE = Entry(
    "accept-case",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept differs in letter case only",
    meaning="Upper and lower case are different in base64, so the value is wrong and the client must fail.",
    usual="a proxy or framework that changes the case of header values",
    advice="Find the proxy or library that changes header values between the server and this machine.",
)
ACCEPT_ECHO = Entry(
    "accept-echo",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept is the key itself",
    meaning="The server sent the key back instead of its hash.",
    usual="an echo or mock server, or an implementation that forgot the hash",
    advice="Answer with base64(SHA-1(key + GUID)).",
)
ACCEPT_HEX = Entry(
    "accept-hex",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept is in hexadecimal",
    meaning="The hash is right, but it is written in hexadecimal; it must be in base64.",
    usual="`hexdigest()` where `digest()` was meant",
    advice="Encode the 20 raw bytes of the hash in base64.",
)
ACCEPT_HEX_BASE64 = Entry(
    "accept-hex-base64",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept is base64 of hexadecimal",
    meaning="The hash is right, but its hexadecimal digits were encoded in base64, not its 20 bytes.",
    usual="`base64_encode(sha1(...))` in PHP without the raw flag, or a hex digest elsewhere",
    advice="Encode the 20 raw bytes of the hash.",
)
ACCEPT_PADDING = Entry(
    "accept-padding",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept lacks its padding",
    meaning="The hash is right, but the final `=` of the base64 is missing or repeated.",
    usual="a base64 routine without padding, or a parser that cut the value at `=`",
    advice="Use plain base64 with padding: 28 characters, ending in `=`.",
)
ACCEPT_URL_SAFE = Entry(
    "accept-url-safe",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept is in the URL-safe alphabet",
    meaning="The hash is right, but it has `-` and `_` in place of `+` and `/`.",
    usual="a base64url routine; it goes unnoticed with keys whose hash has neither character",
    advice="Use the plain alphabet of RFC 4648 section 4.",
)
ACCEPT_JUNK = Entry(
    "accept-junk",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept has something around it",
    meaning="The right value is there, with more before or after it. Only white space is ignored.",
    usual="quotes, a comma or a line end added by string formatting",
    advice="Send the value alone.",
)
ACCEPT_NO_GUID = Entry(
    "accept-no-guid",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept was made without the GUID",
    meaning="It is the hash of the key alone.",
    usual="an implementation that forgot the fixed GUID",
    advice="Append 258EAFA5-E914-47DA-95CA-C5AB0DC85B11 to the key before hashing.",
)
ACCEPT_GUID_CASE = Entry(
    "accept-guid-case",
    "fail",
    "RFC 6455 section 1.3",
    title="Sec-WebSocket-Accept was made with a lower-case GUID",
    meaning="The GUID is text in upper case; with the GUID in lower case the hash is different.",
    usual="a UUID type that prints itself in lower case",
    advice="Use the GUID as text, in upper case.",
)
ACCEPT_DECODED_KEY = Entry(
    "accept-decoded-key",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept was made from the decoded key",
    meaning="The server decoded the key from base64 before it hashed it; the key must be hashed as it is "
    "in the header.",
    usual="an implementation that decodes every base64 header",
    advice="Hash the header's text, not the 16 bytes in it.",
)
ACCEPT_KEY_CHANGED = Entry(
    "accept-key-changed",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept was made from a changed key",
    meaning="It matches the key in another letter case, or with white space or a line end after it: the "
    "server did not hash the key that wsprobe sent.",
    usual="a proxy or framework that changes the case of header values, or a parser that keeps the line end",
    advice="Compare the key in the server's log with the one sent (`-v` shows it).",
)
ACCEPT_EMPTY_KEY = Entry(
    "accept-empty-key",
    "fail",
    "RFC 6455 section 4.2.2, step 5.4",
    title="Sec-WebSocket-Accept was made from no key",
    meaning="It is the hash of the GUID alone: the server found no Sec-WebSocket-Key.",
    usual="a proxy that dropped Sec-WebSocket-Key, or a lookup by a misspelt or wrongly cased name",
    advice="Check that Sec-WebSocket-Key reaches the server, and under which name it is looked up.",
)
ACCEPT_SAMPLE_KEY = Entry(
    "accept-sample-key",
    "fail",
    "RFC 6455 section 1.3",
    title="Sec-WebSocket-Accept is the RFC's own example",
    meaning="It answers the sample key of RFC 6455, not the key of this request.",
    usual="a mock or hand-written server with the example's value built in",
    advice="Compute the value from the key of each request.",
)
ACCEPT_EARLIER_KEY = Entry(
    "accept-earlier-key",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept answers an earlier request",
    meaning="It matches the key of an earlier request of this probe, so it answers that request.",
    usual="a cache, or a proxy that mixes up the answers of a reused connection",
    advice="Switch caching and connection reuse off for the WebSocket path.",
)
ACCEPT_MISMATCH = Entry(
    "accept-mismatch",
    "fail",
    "RFC 6455 section 4.1, item 4",
    title="Sec-WebSocket-Accept is wrong",
    meaning="It is not base64(SHA-1(key + GUID)) of the key sent, and no known mistake explains it.",
    usual="a value made for another key (a cache, a proxy that opens its own handshake), a fixed value, or a "
    "server with a mistyped GUID",
    advice="Compare the key in the server's log with the one sent (`-v` shows it).",
)
ACCEPT_UNCHECKED = Entry(
    "accept-unchecked",
    "note",
    "RFC 6455 section 4.1, item 7",
    title="Sec-WebSocket-Accept could not be checked",
    meaning="The request did not carry exactly one Sec-WebSocket-Key, so there is no value to compare it with.",
    usual="a request written by hand (`-H`, `--raw-request`)",
    advice="Send one Sec-WebSocket-Key of 16 random bytes in base64.",
)


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


def _right(key: bytes) -> bytes:
    return expected_accept(key)


def _hex(key: bytes) -> bytes:
    return _digest(key + GUID).hex().encode()


Slip = tuple[Entry, str, Callable[[bytes, bytes], bool]]

_SLIPS: tuple[Slip, ...] = (
    (
        ACCEPT_CASE,
        "this is the expected value in another letter case",
        lambda got, key: got.lower() == _right(key).lower(),
    ),
    (ACCEPT_ECHO, "this is our own key", lambda got, key: got == key),
    (ACCEPT_HEX, "this is the same hash in hexadecimal", lambda got, key: got.lower() == _hex(key)),
    (
        ACCEPT_HEX_BASE64,
        "this is base64 of the hash's hexadecimal digits",
        lambda got, key: got in (b64encode(_hex(key)), b64encode(_hex(key).upper())),
    ),
    (
        ACCEPT_PADDING,
        "this is the expected value with other padding",
        lambda got, key: got.rstrip(b"=") == _right(key).rstrip(b"="),
    ),
    (
        ACCEPT_URL_SAFE,
        "this is the expected value in the URL-safe alphabet",
        lambda got, key: got.rstrip(b"=") == _url_safe(_right(key)).rstrip(b"="),
    ),
    (
        ACCEPT_JUNK,
        "this is the expected value with other characters around it",
        lambda got, key: _right(key) in got,
    ),
    (
        ACCEPT_NO_GUID,
        "this is the hash of the key without the GUID",
        lambda got, key: got == b64encode(_digest(key)),
    ),
    (
        ACCEPT_GUID_CASE,
        "this was made with the GUID in lower case",
        lambda got, key: got == b64encode(_digest(key + GUID.lower())),
    ),
    (
        ACCEPT_DECODED_KEY,
        "this was made from the decoded key",
        lambda got, key: got == b64encode(_digest(_decoded(key) + GUID)),
    ),
    (
        ACCEPT_KEY_CHANGED,
        "this was made from the key in other letter case, or with white space",
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
    (ACCEPT_EMPTY_KEY, "this was made from an empty key", lambda got, key: got == _right(b"")),
    (
        ACCEPT_SAMPLE_KEY,
        "this answers the sample key of RFC 6455 section 1.3",
        lambda got, key: got == _right(SAMPLE_KEY),
    ),
)


def accept(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require one Sec-WebSocket-Accept with the right value."""
    fields = response.head.all(b"sec-websocket-accept")
    key = reading.request.key
    right = _right(key) if key is not None else None
    if not fields:
        yield ACCEPT_MISSING.found(
            "the 101 has no Sec-WebSocket-Accept header",
            status_span(response),
            expected=right,
        )
        return
    if len(fields) > 1:
        same = "with the same value" if len({field.value for field in fields}) == 1 else "with different values"
        yield ACCEPT_SEVERAL.found(
            f"Sec-WebSocket-Accept appears {times(len(fields))}, {same}",
            where(response.head, fields[1:]),
            received=b", ".join(field.value for field in fields),
        )
    if key is None:
        keys = len(reading.request.head.all(b"sec-websocket-key"))
        yield ACCEPT_UNCHECKED.found(
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
        return ACCEPT_EMPTY.found("Sec-WebSocket-Accept is empty", field.span, expected=right, received=got)
    entry, words = _slip(reading, got, key)
    return entry.found(f"expected {shown(right)}; {words}", field.value_span, expected=right, received=got)


def _slip(reading: Reading, got: bytes, key: bytes) -> tuple[Entry, str]:
    for entry, words, fits in _SLIPS:
        if fits(got, key):
            return entry, words
    if any(got == _right(earlier) for earlier in _earlier_keys(reading)):
        return ACCEPT_EARLIER_KEY, "this answers an earlier request of this probe"
    if re.fullmatch(_SHAPE, got):
        return ACCEPT_MISMATCH, f"{shown(got)} has the right form, but is not the answer to this key"
    return ACCEPT_MISMATCH, f"{shown(got)} is not base64 of 20 bytes"


def _earlier_keys(reading: Reading) -> list[bytes]:
    heads = [split_head(hop.plan.request)[0] for hop in reading.exchange.hops]
    return [field.value for head in heads for field in head.all(b"sec-websocket-key")]
