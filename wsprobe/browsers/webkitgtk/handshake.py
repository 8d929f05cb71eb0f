"""The checks of a 101 and its extensions, in libsoup's order; and the console texts if no connection could
carry HTTP.

Sources: libsoup/websocket/soup-websocket.c (soup_websocket_client_verify_handshake, process_extensions),
libsoup/websocket/soup-websocket-extension-deflate.c (parse_params, get_response_params); GLib's
gio/gthreadedresolver.c, gsocketclient.c, gsocket.c; glib-networking's tls/base/gtlsconnection-base.c,
tls/gnutls/gtlsconnection-gnutls.c; and those of ``hindered.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from wsprobe.browsers.network import CommonNames, Hindered, given_up, hindered
from wsprobe.browsers.webkitgtk.http import SPACE, Fields, contains, items, parameters
from wsprobe.browsers.webkitgtk.request import Facts
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept
from wsprobe.text import whole_number

NAME = b"permessage-deflate"
_SLOTS = 8
"""The number of slots in a GHashTable with few entries."""
_DECIMAL = rb"[ \t\n\v\f\r]*([+-]?)([0-9]+)"
_FLAGS = (b"server_no_context_takeover", b"client_no_context_takeover")
_BITS = (b"server_max_window_bits", b"client_max_window_bits")


class Refused(Exception):
    """The handshake fails. ``key``: the key of the text in the facts; ``name``: the name in the text."""

    def __init__(self, key: str, name: bytes = b"") -> None:
        super().__init__(key, name)
        self.key = key
        self.name = name.decode("utf-8", "replace")


class Accepted(Struct, frozen=True):
    text: str
    """The value of ``WebSocket.extensions``, with the parameters in libsoup's order."""
    server_bits: int
    """The bits of the server's window in the first permessage-deflate; 0 without one."""


def accept(value: bytes) -> Accepted:
    """The extensions in *value*, the Sec-WebSocket-Extensions of the answer. Raises Refused."""
    texts = []
    bits = 0
    for item in items(value):
        name, mark, rest = item.partition(b";")
        name = name.rstrip(SPACE)
        if name != NAME:
            raise Refused("extension")
        given = parameters(rest) if mark else {}
        if given is None:
            raise Refused("parameter-twice", name)
        checked = _checked(given)
        texts.append("; ".join([name.decode(), *_in_order(checked)]))
        bits = bits or checked.get(_BITS[0]) or 15
    return Accepted(", ".join(texts), bits)


def _checked(given: dict[bytes, bytes | None]) -> dict[bytes, int]:
    """The value of each parameter, 0 for a flag. The first fault in the hash table's order counts. Raises
    Refused."""
    checked = {}
    for name in in_table(given):
        value = given[name]
        if name in _FLAGS:
            if value is not None:
                raise Refused("parameter-value", name)
            checked[name] = 0
        elif name in _BITS:
            number = 15 if value is None and name == _BITS[1] else _bits(value)
            if number is None:
                raise Refused("parameter-value", name)
            checked[name] = number
        else:
            raise Refused("parameter", name)
    return checked


def in_table(names: Iterable[bytes]) -> list[bytes]:
    """*names* in the order in which a GHashTable lists them. From eight names on, their order is unchanged.

    Sources: libsoup/soup-misc.c (soup_str_case_hash), GLib's glib/ghash.c (g_hash_table_lookup_node).
    """
    names = list(names)
    if len(names) >= _SLOTS:
        return names
    slots: list[bytes | None] = [None] * _SLOTS
    for name in names:
        at, step = max(_hash(name), 2) * 11 % 2**32 % (_SLOTS - 1), 0
        while slots[at] is not None:
            step += 1
            at = (at + step) % _SLOTS
        slots[at] = name
    return [name for name in slots if name is not None]


def _hash(name: bytes) -> int:
    number = 0
    for char in name.upper():
        number = (number * 31 + char - (char >> 7 << 8)) % 2**32  # a char of C has a sign
    return number


def _bits(value: bytes | None) -> int | None:
    match = re.fullmatch(_DECIMAL, value or b"")
    if match is None or match[1] == b"-":
        return None
    number = whole_number(match[2].decode(), 15)
    return number if number is not None and number >= 8 else None


def _in_order(checked: dict[bytes, int]) -> list[str]:
    flags = [name.decode() for name in _FLAGS if name in checked]
    return flags + [f"{name.decode()}={checked[name]}" for name in _BITS if name in checked]


_SOURCE = "libsoup/websocket/soup-websocket.c"


class Failed(Struct, frozen=True):
    failure: str
    """The text after "failed: " in the console."""
    because: str


class Opened(Struct, frozen=True):
    protocol: str
    extensions: Accepted


def validate(fields: Fields, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """The result of a 101 with these *fields*. *key*: the Sec-WebSocket-Key sent, None if none was."""
    upgrade = fields.joined(b"upgrade")
    if upgrade is None or upgrade.lower() != b"websocket":
        return _failed("ignored", f"Upgrade is not websocket: {_SOURCE}", facts)
    if not fields.has_token(b"connection", b"upgrade"):
        return _failed("ignored", f"Connection has no upgrade: {_SOURCE}", facts)
    protocol = fields.one(b"sec-websocket-protocol")
    if protocol is not None:
        asked = ", ".join(protocols).encode()
        if not contains(asked, protocol, case=facts.subprotocol_case):
            return _failed("subprotocol", f"a subprotocol that was not offered: {_SOURCE}", facts)
    try:
        accepted = accept(fields.joined(b"sec-websocket-extensions") or b"")
    except Refused as refused:
        failure = facts.failures[refused.key].format(name=refused.name)
        return Failed(failure, f"{failure}: {_SOURCE}")
    given = fields.one(b"sec-websocket-accept")
    if given is None or key is None or given.lower() != expected_accept(key).lower():
        return _failed("accept", f"Sec-WebSocket-Accept does not match the key: {_SOURCE}", facts)
    return Opened((protocol or b"").decode("latin-1"), accepted)


def _failed(key: str, because: str, facts: Facts) -> Failed:
    return Failed(facts.failures[key], because)


_TLS = "tls/base/gtlsconnection-base.c"


COMMON_NAMES: CommonNames = "gnutls"


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed | None] | None:
    """(microseconds, failure) if no request could be sent; None if one was sent, or if the result is still
    open. The failure is None where only wsprobe fails, at a certificate."""
    found = hindered(reading, COMMON_NAMES)
    if found is None or (given_up(reading) and not found.let_pass):
        return None
    return found.at, None if found.accepted else _failure(found, facts)


_UNMADE = {
    "name": ("resolve", "the name did not resolve: gio/gthreadedresolver.c"),
    "connect": ("connect", "no connection: gio/gsocketclient.c"),
    "tunnel": ("proxy", "the proxy opened no tunnel: gio/gsocketclient.c"),
    "certificate": ("certificate", f"the certificate is not valid: {_TLS}"),
    "alert": ("alert", f"TLS alert {{number}}: {_TLS}"),
    "fin": ("handshake-ended", f"the connection ended in the TLS handshake: {_TLS}"),
    "reset": ("handshake-reset", f"reset in the TLS handshake: {_TLS}"),
}
"""Kind of ``Hindered`` -> (key of the failure, because)."""


def _failure(found: Hindered, facts: Facts) -> Failed:
    key, because = _UNMADE.get(found.kind, ("handshake", f"the answer is not TLS: {_TLS}"))
    error = found.word("glibc", found.error)
    if found.kind == "name":
        error = error or "Name or service not known"
    elif found.kind == "reset":
        error = facts.failures["receive"].format(error="Connection reset by peer")
    failure = facts.failures[key].format(host=found.host, error=error, alert=found.word("gnutls", "(null)"))
    return Failed(failure, because.format(number=found.key or None))
