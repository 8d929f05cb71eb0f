"""Target and options -> the exact bytes of the opening handshake (RFC 6455 section 4.1)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence

from msgspec import Struct

from wsprobe.exchange import Target
from wsprobe.request.target import host_header
from wsprobe.version import __version__

COMPRESSION = "permessage-deflate; client_max_window_bits"
"""The offer of RFC 7692 that Chromium makes too."""


class OfferError(ValueError):
    """An option that cannot go into a request. The message is one line of ASCII."""


class Offer(Struct, frozen=True):
    """The contents of a request. Text is sent as UTF-8; surrogate escapes are sent as their bytes.

    Text is sent unchanged, valid or not, because this is a probe. Only CR and LF are refused.
    """

    key: str | None = None
    """Sec-WebSocket-Key, generated or given; None: send none."""
    headers: tuple[str, ...] = ()
    """In curl's syntax: ``Name: value`` adds a field, or replaces the default field of that name in its
    place; ``Name:`` removes the default field; ``Name;`` sends an empty one. Repeats are all sent."""
    origin: str | None = None
    protocols: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    """Extension offers, joined in one field. Empty: ``COMPRESSION``, unless *no_compression*."""
    no_compression: bool = False
    version: str | None = None
    """Sec-WebSocket-Version; None: the number of the wire version."""
    user_agent: str | None = None
    """None: wsprobe and its version; "": send none, as in curl."""
    user: str | None = None
    """``user:password`` for HTTP Basic; None: from the URL, percent-decoded."""
    authorization: str | None = None
    """The value of Authorization instead of Basic's; "" to send none even with credentials."""
    cookies: tuple[str, ...] = ()
    """``name=value`` texts, joined in one field."""
    method: str = "GET"
    request_target: str | None = None
    """Instead of the target's resource name."""
    http_version: str = "1.1"


Default = tuple[str, str]
"""Name and value of a field that is sent unless a header option replaces or removes it."""


def request(target: Target, offer: Offer) -> bytes:
    """The bytes of the opening handshake of RFC 6455.

    Raises OfferError.
    """
    return compose(target, offer, defaults(target, offer))


def defaults(target: Target, offer: Offer) -> list[Default]:
    """The fields of RFC 6455 section 4.1, in the order sent, before any header option."""
    extensions = offer.extensions or (() if offer.no_compression else (COMPRESSION,))
    return [
        *present(
            ("Host", host_header(target)),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", offer.key),
            ("Sec-WebSocket-Version", "13" if offer.version is None else offer.version),
            ("Sec-WebSocket-Protocol", ", ".join(offer.protocols) if offer.protocols else None),
            ("Sec-WebSocket-Extensions", ", ".join(extensions) if extensions else None),
            ("Origin", offer.origin),
        ),
        *common(target, offer),
    ]


def common(target: Target, offer: Offer) -> list[Default]:
    """The fields that do not depend on the wire version: User-Agent, Authorization, Cookie."""
    agent = f"wsprobe/{__version__}" if offer.user_agent is None else offer.user_agent
    answer = offer.authorization
    if answer is None and (pair := credentials(target, offer)) is not None:
        answer = basic(pair)
    cookie = "; ".join(offer.cookies) or None
    return present(("User-Agent", agent or None), ("Authorization", answer or None), ("Cookie", cookie))


def basic(pair: bytes) -> str:
    """The value of Authorization for ``user:password`` (RFC 7617 section 2)."""
    return f"Basic {b64encode(pair).decode('ascii')}"


def present(*fields: tuple[str, str | None]) -> list[Default]:
    """*fields* without those that have no value."""
    return [(name, value) for name, value in fields if value is not None]


def compose(target: Target, offer: Offer, fields: Sequence[Default], tail: bytes = b"") -> bytes:
    """A request: its line, *fields* as the header options change them, the blank line, and *tail*.

    Other wire versions use it too: with their *fields*, and for hixie-76 its eight bytes as *tail*.

    Raises OfferError.
    """
    resource = target.resource if offer.request_target is None else offer.request_target
    first = f"{offer.method} {resource} HTTP/{offer.http_version}"
    if not offer.headers and (plain := _at_once([first, *(f"{name}: {value}" for name, value in fields)])):
        return plain + tail
    lines = [_encode(first)]
    options = [header_option(text) for text in offer.headers]
    for name, value in fields:
        named = [line for key, line in options if key == name.lower()]
        lines += [line for line in named if line] if named else [_encode(f"{name}: {value}")]
    defaults_named = {name.lower() for name, _ in fields}
    lines += [line for key, line in options if line and key not in defaults_named]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + tail


def _at_once(lines: list[str]) -> bytes:
    """A head of *lines* and the blank line; b"" if each line needs a check."""
    text = "\r\n".join(lines)
    if not text.isascii() or text.count("\r") != len(lines) - 1 or text.count("\n") != len(lines) - 1:
        return b""
    return text.encode("ascii") + b"\r\n\r\n"


def extended_connect(target: Target, offer: Offer) -> tuple[tuple[bytes, bytes], ...]:
    """The header block of the same request over HTTP/2 (RFC 8441 section 4), in the order sent.

    There is no key, nor Upgrade and Connection. Names go out in lower case (RFC 9113 section 8.2.1); a header
    option for Host sets ``:authority``.

    Raises OfferError.
    """
    resource = target.resource if offer.request_target is None else offer.request_target
    named = [(name, *_in_block(line)) for name, line in map(header_option, offer.headers)]
    host = next((value for name, _, value in named if name == "host" and value), _encode(host_header(target)))
    block = [
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"https" if target.secure else b"http"),
        (b":path", _encode(resource)),
        (b":authority", host),
    ]
    fields = [(name, value) for name, value in defaults(target, offer) if name not in ONLY_HTTP_1]
    for name, value in fields:
        given = [(field, text) for key, field, text in named if key == name.lower()]
        block += [pair for pair in given if pair[0]] if given else [(_encode(name.lower()), _encode(value))]
    known = {name.lower() for name, _ in fields} | {"host"}
    block += [(field, text) for key, field, text in named if field and key not in known]
    return tuple(block)


ONLY_HTTP_1 = ("Host", "Upgrade", "Connection", "Sec-WebSocket-Key")
"""Fields of RFC 6455 section 4.1 that have no place in HTTP/2 (RFC 8441 section 5, RFC 9113 section 8.2.2)."""


def _in_block(line: bytes) -> tuple[bytes, bytes]:
    """Name and value of a field line; an empty name if none is to be sent."""
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def raw(data: bytes, target: Target, key: str) -> bytes:
    """The bytes of a request file with ``{key}`` and ``{host}`` filled in, otherwise unchanged.

    Raises OfferError for a *key* with a line end.
    """
    values = {b"{key}": _encode(key), b"{host}": _encode(host_header(target))}
    return re.sub(rb"\{(?:key|host)\}", lambda found: values[found[0]], data)


def fresh_key(random_bytes: bytes) -> str:
    """The Sec-WebSocket-Key made of 16 random bytes (RFC 6455 section 4.1, item 7)."""
    if len(random_bytes) != 16:
        raise ValueError("a Sec-WebSocket-Key is made of 16 bytes")
    return b64encode(random_bytes).decode("ascii")


def header_option(text: str) -> tuple[str, bytes]:
    """The name of a header option (``Offer.headers``), in lower case, and its line; b"" to send none. Raises
    OfferError."""
    name, colon, value = text.partition(":")
    if not colon:
        name, semicolon, after = text.partition(";")
        if not semicolon or after.strip():
            raise OfferError(f"header {text!a} has no colon: write 'Name: value', 'Name:' or 'Name;'")
        line = _encode(f"{name}:")
    else:
        line = _encode(text) if value.strip() else b""
    if not name.strip():
        raise OfferError(f"header {text!a} has no name")
    return name.strip().lower(), line


def credentials(target: Target, offer: Offer) -> bytes | None:
    """``user:password`` (RFC 7617 section 2); *offer* takes precedence over the URL."""
    if offer.user is not None:
        user = _encode(offer.user)
    elif target.userinfo:
        from urllib.parse import unquote_to_bytes

        user = unquote_to_bytes(_encode(target.userinfo))
    else:
        return None
    return user if b":" in user else user + b":"


def _encode(text: str) -> bytes:
    if "\r" in text or "\n" in text:
        raise OfferError(
            f"{text!a} contains a line end; to send one, write the request to a file: --raw-request"
        )
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise OfferError(f"{text!a} has a lone surrogate, which is not a character") from None
