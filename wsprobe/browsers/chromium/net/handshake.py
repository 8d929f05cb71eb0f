"""Is the answer an agreement to speak WebSocket? In Chromium's order of checks.

Sources: net/websockets/websocket_basic_handshake_stream.cc (ValidateResponse, ValidateUpgradeResponse),
websocket_handshake_stream_base.cc (ValidateSubProtocol), websocket_stream.cc (Delegate).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.net.extensions import Fault, agree
from wsprobe.browsers.chromium.net.http import Answer, Headers
from wsprobe.value import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BASIC = "net/websockets/websocket_basic_handshake_stream.cc"
_BASE = "net/websockets/websocket_handshake_stream_base.cc"
_STREAM = "net/websockets/websocket_stream.cc"


@dataclass(frozen=True, slots=True)
class Opened:
    protocol: str
    extensions: str
    deflate: bool


@dataclass(frozen=True, slots=True)
class Failed:
    failure: str
    """What the console says after "failed: "."""
    because: str
    """The step that decided, and its source file."""
    unauthorized: bool = False
    """True if credentials would have let it go on."""


def judge(answer: Answer, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """Judge an *answer* that is not pending. *key* is the Sec-WebSocket-Key that was sent."""
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
    return _handshake(detail, f"status {headers.status} is not 101, 401 or 407: {_BASIC}", facts)


def _net_error(answer: Answer, facts: Facts) -> Failed:
    if answer.error == "EMPTY_RESPONSE":
        return Failed(facts.failures["empty"], f"the connection ended before the first byte: {_BASIC}")
    if answer.error == "CONNECTION_CLOSED" and answer.headers is not None and answer.headers.status == 401:
        # A cut head counts as a whole one further up (net/http/http_network_transaction.cc; measured).
        return _authenticate(401, facts)
    error = f"ERR_{answer.error}"
    detail = facts.failures["net-error"].format(error=error)
    return _handshake(detail, f"the head could not be read, {error}: net/http/http_stream_parser.cc", facts)


def _authenticate(status: int, facts: Facts) -> Failed:
    if status == 407:
        failure = facts.failures["establishment"].format(error="ERR_UNEXPECTED_PROXY_AUTH")
        return Failed(failure, "407 though no proxy is used: net/http/http_network_transaction.cc")
    return Failed(facts.failures["unauthorized"], f"401 and no credentials left: {_STREAM}", unauthorized=True)


def _handshake(detail: str, because: str, facts: Facts) -> Failed:
    failure = facts.failures["handshake"].format(detail=detail)
    return Failed("" if _is_lossy(failure) else failure, because)


def _upgrade(headers: Headers, key: bytes | None, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    fault = (
        _upgrade_fault(headers, facts)
        or _accept_fault(headers, key, facts)
        or _connection_fault(headers, facts)
    )
    if fault:
        return _handshake(fault, _because(fault, _BASIC), facts)
    protocol, fault = _subprotocol(headers, protocols, facts)
    if fault:
        return _handshake(fault, _because(fault, _BASE), facts)
    agreed = agree(headers.values(b"sec-websocket-extensions"))
    if isinstance(agreed, Fault):
        fault = facts.failures[agreed.key].format(name=agreed.value, value=agreed.value)
        if agreed.inside:
            fault = facts.failures["deflate"].format(detail=fault)
        return _handshake(fault, _because(fault, _BASE), facts)
    return Opened(protocol, agreed.text, agreed.deflate)


def _because(fault: str, source: str) -> str:
    return f"the 101 does not hold, {fault.encode('utf-8', 'backslashreplace').decode()}: {source}"


def _single(headers: Headers, name: str, facts: Facts) -> tuple[bytes, str]:
    """(the only value, fault)."""
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
    if not fault and value != b64encode(sha1((key or b"") + _GUID).digest()):
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
    """(selected, fault): each value is held against what was asked for before a second one counts as one."""
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
    """True if there is a byte in it that is not UTF-8: such a text does not reach the console (measured)."""
    return not failure.isascii() and any("\udc80" <= c <= "\udcff" for c in failure)
