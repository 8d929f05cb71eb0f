"""Checks whether an answer opens the WebSocket, extensions included, in Chromium's order; and its errors if no
connection for HTTP could be made.

Sources: net/websockets/websocket_basic_handshake_stream.cc (ValidateResponse, ValidateUpgradeResponse),
websocket_handshake_stream_base.cc (ValidateSubProtocol, ValidateExtensions), websocket_stream.cc (Delegate),
websocket_extension_parser.cc, websocket_deflate_parameters.cc; net/socket/tcp_client_socket.cc,
ssl_client_socket_impl.cc, and those of ``hindered.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from wsprobe.browsers.chromium.http import Answer, Headers
from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.extensions import BITS, FLAGS, TOKEN, Parameters, split
from wsprobe.browsers.network import (
    CERTIFICATE_REQUIRED,
    Hindered,
    certificate_error,
    certificate_faults,
    given_up,
    hindered,
)
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept
from wsprobe.read.unasked import reset_unasked

_NAME = re.compile(rf"[ \t]*({TOKEN})[ \t]*")
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*({TOKEN}|"(?:[^"\\]|\\.)+"))?[ \t]*')
_WINDOWS = ("8", "9", "10", "11", "12", "13", "14", "15")


class Fault(Exception):
    """A failed check: the *key* of ``Facts.failures`` with the values for its text; *inside*: it is a fault in
    the parameters of permessage-deflate."""

    def __init__(self, key: str, *, inside: bool = False, **values: str) -> None:
        self.key, self.inside, self.values = key, inside, values

    def text(self, facts: Facts) -> str:
        text = facts.failures[self.key].format(**self.values)
        return facts.failures["deflate"].format(detail=text) if self.inside else text


def agree(values: Sequence[bytes]) -> str | None:
    """The value of ``WebSocket.extensions``, given the *values* of Sec-WebSocket-Extensions in order; None
    without permessage-deflate. Raises Fault."""
    accepted: list[str] = []
    for raw in values:
        value = raw.decode("utf-8", "surrogateescape")
        extensions = split(value, _NAME, _PARAMETER)
        if extensions is None:
            raise Fault("extensions", value=value)
        for name, parameters in extensions:
            if name != "permessage-deflate":
                raise Fault("extension-unknown", name=name)
            if accepted:
                raise Fault("deflate-twice")
            _check(parameters)
            accepted.append(value)
    return ", ".join(accepted) if accepted else None


def _check(parameters: Parameters) -> None:
    """WebSocketDeflateParameters::Initialize, then IsValidAsResponse. Raises Fault."""
    seen: set[str] = set()
    without_value = False
    for name, value in parameters:
        if name not in (*FLAGS, *BITS):
            raise Fault("parameter-unknown", inside=True)
        if name in seen:
            raise Fault("parameter-twice", inside=True, name=name)
        seen.add(name)
        if value is None and name == "client_max_window_bits":
            without_value = True
        elif value not in ((None,) if name in FLAGS else _WINDOWS):
            raise Fault("parameter-invalid", inside=True, name=name)
    if without_value:
        raise Fault("parameter-without-value", inside=True)


_BASIC = "net/websockets/websocket_basic_handshake_stream.cc"
_BASE = "net/websockets/websocket_handshake_stream_base.cc"
_STREAM = "net/websockets/websocket_stream.cc"


class Opened(Struct, frozen=True):
    protocol: str
    extensions: str
    deflate: bool


class Failed(Struct, frozen=True):
    failure: str
    """The text after "failed: " in the console."""
    because: str
    """The deciding step, and its source file."""
    unauthorized: bool = False
    """True if the server requires credentials (401)."""


def validate(answer: Answer, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """Check an *answer* that is not pending. *key*: the Sec-WebSocket-Key that was sent."""
    headers = answer.headers
    if answer.error:
        return _net_error(answer, facts)
    assert headers is not None
    if headers.status == 101:
        return _upgrade(headers, key, protocols, facts)
    if headers.status in (401, 407):
        return _authenticate(headers.status, facts)
    if headers.version == (0, 9):
        detail = facts.failures["status-line"]
    else:
        detail = facts.failures["status"].format(status=headers.status)
    return handshake_fault(detail, f"status {headers.status} is not 101, 401 or 407: {_BASIC}", facts)


def _net_error(answer: Answer, facts: Facts) -> Failed:
    if answer.error == "EMPTY_RESPONSE":
        return Failed(facts.failures["empty"], f"the connection ended before the first byte: {_BASIC}")
    if answer.error == "CONNECTION_CLOSED" and answer.headers is not None and answer.headers.status == 401:
        # The layer above treats a cut head as complete (net/http/http_network_transaction.cc; measured).
        return _authenticate(401, facts)
    error = f"ERR_{answer.error}"
    detail = facts.failures["net-error"].format(error=error)
    return handshake_fault(
        detail, f"the head could not be read, {error}: net/http/http_stream_parser.cc", facts
    )


def _authenticate(status: int, facts: Facts) -> Failed:
    if status == 407:
        failure = facts.failures["establishment"].format(error="ERR_UNEXPECTED_PROXY_AUTH")
        return Failed(failure, "407 though no proxy is used: net/http/http_network_transaction.cc")
    return Failed(facts.failures["unauthorized"], f"401, and no more credentials: {_STREAM}", unauthorized=True)


def handshake_fault(detail: str, because: str, facts: Facts) -> Failed:
    """A failure whose console text contains *detail*."""
    failure = facts.failures["handshake"].format(detail=detail)
    lossy = any("\udc80" <= char <= "\udcff" for char in failure)
    return Failed("" if lossy else failure, because)  # a byte that is not UTF-8: nothing is shown (measured)


def _upgrade(headers: Headers, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    try:
        upgrade = _single(headers, "Upgrade")
        if upgrade.lower() != b"websocket":
            raise Fault("upgrade", value=_text(upgrade))
        if _single(headers, "Sec-WebSocket-Accept") != expected_accept(key or b""):
            raise Fault("accept")
        connection = headers.values(b"connection")
        if not connection:
            raise Fault("missing", name="Connection")
        if all(value.lower() != b"upgrade" for value in connection):
            raise Fault("connection")
    except Fault as fault:
        return _invalid(fault, _BASIC, headers, facts)
    return negotiated(headers, protocols, facts)


def _single(headers: Headers, name: str) -> bytes:
    """The only value of *name*. Raises Fault."""
    values = headers.values(name.lower().encode())
    if len(values) != 1:
        raise Fault("multiple" if values else "missing", name=name)
    return values[0]


def negotiated(headers: Headers, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """Check subprotocol and extensions: the last checks, over HTTP/1.1 and HTTP/2 alike."""
    try:
        protocol = _subprotocol(headers, protocols)
        extensions = agree(headers.values(b"sec-websocket-extensions"))
    except Fault as fault:
        return _invalid(fault, _BASE, headers, facts)
    return Opened(protocol, extensions or "", extensions is not None)


def _invalid(fault: Fault, source: str, headers: Headers, facts: Facts) -> Failed:
    detail = fault.text(facts)
    shown = detail.encode("utf-8", "backslashreplace").decode()
    return handshake_fault(detail, f"the {headers.status} is not valid, {shown}: {source}", facts)


def _subprotocol(headers: Headers, protocols: tuple[str, ...]) -> str:
    """The selected subprotocol. Chromium compares the first value with the offer before it counts a second one.
    Raises Fault."""
    selected = None
    for raw in headers.values(b"sec-websocket-protocol"):
        value = _text(raw)
        if selected is not None:
            raise Fault("multiple", name="Sec-WebSocket-Protocol")
        if value not in protocols:
            raise Fault("subprotocol-mismatch" if protocols else "subprotocol-unasked", value=value)
        selected = value
    if protocols and selected is None:
        raise Fault("subprotocol-missing")
    return selected or ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


_ERRORS = {
    "name": "ERR_NAME_NOT_RESOLVED",
    "connect": "ERR_CONNECTION_FAILED",
    "fin": "ERR_CONNECTION_CLOSED",
    "reset": "ERR_CONNECTION_RESET",
}
"""Kind -> net error, unless a more exact one is known. Any other kind is ERR_SSL_PROTOCOL_ERROR."""


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    """(microseconds, failure) if no request could be sent; None if one could, or if the recording does not
    tell."""
    found = hindered(reading)
    if found is None:
        at_once = _failed("ERR_CONNECTION_RESET", facts)
        return (reading.exchange.events[-1].at, at_once) if reset_unasked(reading) else None
    if given_up(reading) and not found.let_pass:
        return None
    return found.at, _failure(found, reading, facts)


def _failure(found: Hindered, reading: Reading, facts: Facts) -> Failed:
    if found.kind == "tunnel":
        return Failed(facts.failures["tunnel"], f"the proxy opened no tunnel: {_STREAM}")
    if found.kind == "alert" and found.key == str(CERTIFICATE_REQUIRED):
        return Failed(facts.failures["canceled"], f"the server requests a client certificate: {_STREAM}")
    if found.kind == "certificate":
        return _failed(certificate_error(certificate_faults(reading.exchange)), facts)
    return _failed(found.word("chromium", _ERRORS.get(found.kind, "ERR_SSL_PROTOCOL_ERROR")), facts)


def _failed(error: str, facts: Facts) -> Failed:
    return Failed(facts.failures["establishment"].format(error=error), f"{error}: {_STREAM}")
