"""The checks of a 101 (over HTTP/2: of a 200) and its extensions, in Firefox's order; and its errors if no
connection for HTTP could be made.

A script can distinguish what the standard wants to look alike: a TLS fault has code 1015, everything else 1006.
Sources: netwerk/protocol/websocket/WebSocketChannel.cpp (OnStartRequest, HandleExtensions,
ParseWebSocketExtension), dom/websocket/WebSocket.cpp (ScheduleConnectionCloseEvents),
security/nss/lib/ssl/ssl3gthr.c.
"""

from __future__ import annotations

import re

from msgspec import Struct

from wsprobe.browsers.firefox.http import Answer, Head
from wsprobe.browsers.network import Hindered, given_up, hindered
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept
from wsprobe.text import whole_number

_SPACES = rb"[ \t\n\f\r]+"
_FLAGS = (b"client_no_context_takeover", b"server_no_context_takeover")
_BITS = (b"client_max_window_bits", b"server_max_window_bits")
_NARROWEST = 8
_INTEGER = rb"(?s)([^0-9A-Fa-f]*)(?=[0-9A-Fa-f])[0xX]*([0-9]*)([A-Fa-f]?)"
_INT32_MAX = 2**31 - 1


class Deflate(Struct, frozen=True):
    """The agreed permessage-deflate."""

    server_bits: int = 15


class BadExtension(Exception):
    """The extension is not the one that was offered. The argument says what is wrong."""


class NoWindow(Exception):
    """zlib supports no window of 8 bits for sending. Firefox fails the channel in its main thread, which holds
    a lock and then waits for the same lock (HandleExtensions, DoStopSession: mCompressorMutex; measured, ESR
    153.8)."""


def agree(value: bytes) -> Deflate | None:
    """The permessage-deflate in *value*, the Sec-WebSocket-Extensions of the answer; None if *value* is empty.
    Raises BadExtension, NoWindow.

    Firefox reads one extension only: a comma does not separate two.
    """
    text = re.sub(_SPACES, b" ", value).strip(b" ")
    if not text:
        return None
    name, *parameters = [part.strip(b" ") for part in text.split(b";")]
    if name != b"permessage-deflate":
        raise BadExtension("it is not only permessage-deflate")
    if parameters and parameters[-1] == b"":
        parameters.pop()
    seen: dict[bytes, int] = {}
    for parameter in parameters:
        name, _, setting = parameter.partition(b"=")
        bits = _setting(name, setting)
        if name in seen:
            raise BadExtension(f"{name.decode()} twice")
        seen[name] = bits
    if seen.get(b"client_max_window_bits") == _NARROWEST:
        raise NoWindow
    return Deflate(seen.get(b"server_max_window_bits", 15))


def _setting(name: bytes, setting: bytes) -> int:
    if name in _FLAGS:
        if setting:
            raise BadExtension(f"{name.decode()} with a value")
        return 1
    if name not in _BITS:
        raise BadExtension("an unknown parameter")
    bits = integer(setting)
    if bits is None or not _NARROWEST <= bits <= 15:
        raise BadExtension(f"{name.decode()} with an unusable value")
    return bits


def integer(text: bytes) -> int | None:
    """*text* as a number (xpcom/string: ToInteger), None if it is none.

    Characters before the first digit and after the last are skipped, and so is an ``x`` after zeros. The
    letters a to f are digits of another base, so they make the result None.
    """
    found = re.match(_INTEGER, text)
    if found is None or found[3]:
        return None
    number = whole_number(found[2].decode(), _INT32_MAX) if found[2] else 0
    return -number if number and b"-" in found[1] else number


_SEPARATORS = b", \t"
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_HTTP_CHANNEL = "netwerk/protocol/http/nsHttpChannel.cpp"
_TRANSACTION = "netwerk/protocol/http/nsHttpTransaction.cpp"
ABNORMAL, TLS = 1006, 1015


class Opened(Struct, frozen=True):
    protocol: str
    deflate: Deflate | None
    stream: int
    """Offset in ``Reading.received`` of the first byte of the session."""

    @property
    def extensions(self) -> str:
        """The name of the extension without its parameters (mNegotiatedExtensions), "" without one."""
        return "permessage-deflate" if self.deflate is not None else ""


class Failed(Struct, frozen=True):
    because: str
    """The check that failed, and its source file."""
    code: int = ABNORMAL
    error: bool = True
    """False if the script gets ``close`` without ``error``, and the console no line."""
    races: str = ""
    console: tuple[str, ...] = ()
    """Console lines before the usual one."""
    frozen: str = ""
    """If the whole browser hangs and the script gets no event: why, in words; else ""."""


_FROZEN = "Firefox freezes, with all windows: it accepts client_max_window_bits=8, and then waits for itself"


def validate(answer: Answer, key: bytes | None, protocols: tuple[str, ...]) -> Opened | Failed:
    """Check an *answer* that is not pending. *key*: the Sec-WebSocket-Key. *protocols*: those that the page
    requested."""
    head = answer.head
    if head is None:
        return Failed(f"{answer.fault}: {_TRANSACTION}")
    status = head.status
    if not ((status.major == 1 and status.minor >= 1) or status.major == 2):
        return Failed(f"HTTP/{status.major}.{status.minor} is not HTTP/1.1: {_CHANNEL}")
    if status.code != (101 if status.major == 1 else 200):
        return Failed(f"status {status.code} is not {101 if status.major == 1 else 200}: {_CHANNEL}")
    fault = _upgrade_fault(head, key) if status.major == 1 else ""
    if fault:
        return Failed(f"{fault}: {_CHANNEL}")
    protocol = head.fields.get(b"sec-websocket-protocol")
    if protocols and protocol is not None and protocol.decode("latin-1") not in protocols:
        return Failed(f"the answer selects a subprotocol that was not offered: {_CHANNEL}")
    try:
        deflate = agree(head.fields.get(b"sec-websocket-extensions") or b"")
    except BadExtension as bad:
        return Failed(f"the extension is not accepted, {bad}: {_CHANNEL}")
    except NoWindow:
        return Failed(f"no window of 8 bits for what is sent: {_CHANNEL}", frozen=_FROZEN)
    if answer.stream is None:
        because = f"there was no connection to take over: {_HTTP_CHANNEL}"
        races = "the connection ended together with the head: open may come before close" if answer.cut else ""
        return Failed(because, error=not answer.cut, races=races)
    selected = (protocol or b"").decode("latin-1") if protocols else ""
    return Opened(selected, deflate, answer.stream)


def _upgrade_fault(head: Head, key: bytes | None) -> str:
    """What is wrong with Upgrade, Connection or Sec-WebSocket-Accept, which only HTTP/1.1 has; "" if nothing
    is."""
    fields = head.fields
    if all(token.lower() != b"websocket" for token in fields.tokens(b"upgrade", _SEPARATORS)):
        return "Upgrade has no websocket"
    if all(token.lower() != b"upgrade" for token in fields.tokens(b"connection", _SEPARATORS)):
        return "Connection has no Upgrade"
    if fields.get(b"sec-websocket-accept") != expected_accept(key or b""):
        return "Sec-WebSocket-Accept is wrong"
    return ""


_GATHER = "security/nss/lib/ssl/ssl3gthr.c"
_RECORD_HEADER = 5
_MAX_RECORD = 2**14 + 2048
"""The most bytes of a TLS record. Firefox refuses a longer one at its header (ssl3_GatherData)."""
_DEFINITE = ("certificate", "alert", "not-tls")
"""Kinds of failure that more waiting could not have changed."""


def not_established(reading: Reading) -> tuple[int, Failed | None] | None:
    """(microseconds, failure) if no request was answered; the failure is None while Firefox still waits.

    None if there was a connection, or if the result is still open.
    """
    found = hindered(reading)
    if found is None or (given_up(reading) and not (found.let_pass or found.kind in _DEFINITE)):
        return None
    return found.at, _failure(found)


_UNMADE = {
    "name": "the name did not resolve",
    "connect": "no connection, {why}",
    "tunnel": "the proxy opened no tunnel",
    "fin": "the connection ended during the TLS handshake",
    "reset": "the connection ended during the TLS handshake",
}


def _failure(found: Hindered) -> Failed | None:
    if found.kind == "not-tls":
        return _not_tls(found.received)
    if found.kind in _UNMADE:
        because = _UNMADE[found.kind].replace("{why}", found.key or found.error)
        return Failed(f"{because}: {_CHANNEL}")
    what = f"the certificate is not valid, {found.error}" if found.let_pass else found.error
    return Failed(f"TLS failed, {what}: {_CHANNEL}", TLS)


def _not_tls(received: bytes) -> Failed | None:
    """The failure if the bytes are not TLS: Firefox takes them for a TLS record, and waits for its end
    (ssl3_GatherData)."""
    if len(received) < _RECORD_HEADER:
        return None
    length = int.from_bytes(received[3:_RECORD_HEADER], "big")
    if length > _MAX_RECORD:
        return Failed(f"the answer is not TLS: {_GATHER}", TLS)
    if len(received) >= _RECORD_HEADER + length:
        return Failed(f"the answer is not a TLS record: {_GATHER}", TLS)
    return None
