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

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = rf"[ \t]*({_TOKEN})"
_PARAMETER = rf'[ \t]*;[ \t]*({_TOKEN})(?:[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)+)"))?'
_BEFORE_VALUE = r"[ \t]*="
_ONLY_TOKEN = _TOKEN


class Extension(Struct, frozen=True):
    name: str
    parameters: tuple[tuple[str, str | None], ...]
    """(name, value without quotes; None without a value), in order."""


class Fault(Struct, frozen=True):
    """A failed check: the *key* of ``Facts.failures`` with the values for its text; *inside*: it is a fault in
    the parameters of permessage-deflate."""

    key: str
    value: str = ""
    inside: bool = False


class Agreed(Struct, frozen=True):
    deflate: bool
    text: str
    """The value of ``WebSocket.extensions``."""


def agree(values: Sequence[bytes]) -> Agreed | Fault:
    """Check the *values* of Sec-WebSocket-Extensions, in order. Returns what was agreed, or the first fault."""
    deflate = False
    accepted = []
    for raw in values:
        value = raw.decode("utf-8", "surrogateescape")
        extensions = parse(value)
        if not extensions:
            return Fault("extensions", value)
        for extension in extensions:
            if extension.name != "permessage-deflate":
                return Fault("extension-unknown", extension.name)
            if deflate:
                return Fault("deflate-twice")
            deflate = True
            fault = _parameters(extension)
            if fault is not None:
                return fault
            accepted.append(value)
    return Agreed(deflate, ", ".join(accepted))


def parse(value: str) -> list[Extension]:
    """The extensions in *value*; [] if any part is against the grammar (ParseWebSocketExtensions)."""
    found = []
    at = 0
    while True:
        name = re.compile(_NAME).match(value, at)
        if name is None:
            return []
        at = name.end()
        parameters: list[tuple[str, str | None]] = []
        while (parameter := re.compile(_PARAMETER).match(value, at)) is not None:
            at = parameter.end()
            if parameter[2] is None and parameter[3] is None and re.compile(_BEFORE_VALUE).match(value, at):
                return []
            quoted = re.sub(r"\\(.)", r"\1", parameter[3], flags=re.DOTALL) if parameter[3] else None
            if quoted is not None and not re.fullmatch(_ONLY_TOKEN, quoted):
                return []
            parameters.append((parameter[1], parameter[2] or quoted))
        found.append(Extension(name[1], tuple(parameters)))
        rest = value[at:].lstrip(" \t")
        if not rest:
            return found
        if rest[0] != ",":
            return []
        at = len(value) - len(rest) + 1


def _parameters(extension: Extension) -> Fault | None:
    """WebSocketDeflateParameters::Initialize, then IsValidAsResponse."""
    seen: set[str] = set()
    without_value = False
    for name, value in extension.parameters:
        if name not in (
            "server_no_context_takeover",
            "client_no_context_takeover",
            "server_max_window_bits",
            "client_max_window_bits",
        ):
            return Fault("parameter-unknown", inside=True)
        if name in seen:
            return Fault("parameter-twice", name, inside=True)
        seen.add(name)
        if name.endswith("takeover"):
            if value is not None:
                return Fault("parameter-invalid", name, inside=True)
        elif value is None and name == "client_max_window_bits":
            without_value = True
        elif value not in ("8", "9", "10", "11", "12", "13", "14", "15"):
            return Fault("parameter-invalid", name, inside=True)
    return Fault("parameter-without-value", inside=True) if without_value else None


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
    return Failed("" if _is_lossy(failure) else failure, because)


def _upgrade(headers: Headers, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    fault = (
        _upgrade_fault(headers, facts)
        or _accept_fault(headers, key, facts)
        or _connection_fault(headers, facts)
    )
    if fault:
        return handshake_fault(fault, _because(fault, _BASIC), facts)
    return negotiated(headers, protocols, facts)


def negotiated(headers: Headers, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """Check subprotocol and extensions: the last checks, over HTTP/1.1 and HTTP/2 alike."""
    protocol, fault = _subprotocol(headers, protocols, facts)
    if fault:
        return handshake_fault(fault, _because(fault, _BASE, headers.status), facts)
    agreed = agree(headers.values(b"sec-websocket-extensions"))
    if isinstance(agreed, Fault):
        fault = facts.failures[agreed.key].format(name=agreed.value, value=agreed.value)
        if agreed.inside:
            fault = facts.failures["deflate"].format(detail=fault)
        return handshake_fault(fault, _because(fault, _BASE, headers.status), facts)
    return Opened(protocol, agreed.text, agreed.deflate)


def _because(fault: str, source: str, status: int = 101) -> str:
    return f"the {status} is not valid, {fault.encode('utf-8', 'backslashreplace').decode()}: {source}"


def _single(headers: Headers, name: str, facts: Facts) -> tuple[bytes, str]:
    """(the only value of *name*, fault). One of them is empty."""
    values = headers.values(name.lower().encode())
    if not values:
        return b"", facts.failures["missing"].format(name=name)
    if len(values) > 1:
        return b"", facts.failures["multiple"].format(name=name)
    return values[0], ""


def _upgrade_fault(headers: Headers, facts: Facts) -> str:
    value, fault = _single(headers, "Upgrade", facts)
    if not fault and value.lower() != b"websocket":
        fault = facts.failures["upgrade"].format(value=_text(value))
    return fault


def _accept_fault(headers: Headers, key: bytes | None, facts: Facts) -> str:
    value, fault = _single(headers, "Sec-WebSocket-Accept", facts)
    if not fault and value != expected_accept(key or b""):
        fault = facts.failures["accept"]
    return fault


def _connection_fault(headers: Headers, facts: Facts) -> str:
    values = headers.values(b"connection")
    if not values:
        return facts.failures["missing"].format(name="Connection")
    if all(value.lower() != b"upgrade" for value in values):
        return facts.failures["connection"]
    return ""


def _subprotocol(headers: Headers, protocols: tuple[str, ...], facts: Facts) -> tuple[str, str]:
    """(selected, fault). Chromium compares the first value with the offer before it counts a second one."""
    selected = None
    for raw in headers.values(b"sec-websocket-protocol"):
        value = _text(raw)
        if selected is not None:
            return "", facts.failures["multiple"].format(name="Sec-WebSocket-Protocol")
        if not protocols:
            return "", facts.failures["subprotocol-unasked"].format(value=value)
        if value not in protocols:
            return "", facts.failures["subprotocol-mismatch"].format(value=value)
        selected = value
    if protocols and selected is None:
        return "", facts.failures["subprotocol-missing"]
    return selected or "", ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _is_lossy(failure: str) -> bool:
    """True if *failure* has a byte that is not UTF-8. Such a text does not reach the console (measured)."""
    return not failure.isascii() and any("\udc80" <= c <= "\udcff" for c in failure)


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
        return _reset_at_once(reading, facts)
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


def _reset_at_once(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    if not reset_unasked(reading):
        return None
    return reading.exchange.events[-1].at, _failed("ERR_CONNECTION_RESET", facts)


def _failed(error: str, facts: Facts) -> Failed:
    return Failed(facts.failures["establishment"].format(error=error), f"{error}: {_STREAM}")
