"""Is the answer an agreement to speak WebSocket? In Firefox's order of checks.

Source: netwerk/protocol/websocket/WebSocketChannel.cpp, OnStartRequest.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from wsprobe.browsers.firefox.net.extensions import BadExtension, Deflate, agree
from wsprobe.browsers.firefox.net.http.transaction import Answer, Head
from wsprobe.value import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SEPARATORS = b", \t"
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_HTTP_CHANNEL = "netwerk/protocol/http/nsHttpChannel.cpp"
_TRANSACTION = "netwerk/protocol/http/nsHttpTransaction.cpp"
ABNORMAL, TLS = 1006, 1015


@dataclass(frozen=True, slots=True)
class Opened:
    protocol: str
    deflate: Deflate | None
    stream: int
    """Offset in ``Reading.received`` of the first byte of the session."""

    @property
    def extensions(self) -> str:
        """Without the parameters (mNegotiatedExtensions)."""
        return "permessage-deflate" if self.deflate is not None else ""


@dataclass(frozen=True, slots=True)
class Failed:
    because: str
    """The step that decided, and its source file."""
    code: int = ABNORMAL
    error: bool = True
    """False where script gets ``close`` without ``error``, and the console nothing."""
    races: str = ""


def judge(answer: Answer, key: bytes | None, protocols: tuple[str, ...]) -> Opened | Failed:
    """Judge an *answer* that is not pending. *key* is the Sec-WebSocket-Key, *protocols* what was asked for."""
    head = answer.head
    if head is None:
        return Failed(f"{answer.fault}: {_TRANSACTION}")
    status = head.status
    if not ((status.major == 1 and status.minor >= 1) or status.major == 2):
        return Failed(f"HTTP/{status.major}.{status.minor} is not HTTP/1.1: {_CHANNEL}")
    if status.code != (101 if status.major == 1 else 200):
        return Failed(f"status {status.code} is not 101: {_CHANNEL}")
    fault = _upgrade_fault(head, key) if status.major == 1 else ""
    if fault:
        return Failed(f"{fault}: {_CHANNEL}")
    protocol = head.fields.get(b"sec-websocket-protocol")
    if protocols and protocol is not None and protocol.decode("latin-1") not in protocols:
        return Failed(f"the answer selects a subprotocol that was not asked for: {_CHANNEL}")
    try:
        deflate = agree(head.fields.get(b"sec-websocket-extensions") or b"")
    except BadExtension as bad:
        return Failed(f"the extension is not accepted, {bad}: {_CHANNEL}")
    if answer.stream is None:
        because = f"the connection could not be taken over: {_HTTP_CHANNEL}"
        races = "the connection ended with the head: open may be told before close" if answer.cut else ""
        return Failed(because, error=not answer.cut, races=races)
    selected = (protocol or b"").decode("latin-1") if protocols else ""
    return Opened(selected, deflate, answer.stream)


def _upgrade_fault(head: Head, key: bytes | None) -> str:
    """What only HTTP/1.1 has: Upgrade, Connection, Sec-WebSocket-Accept."""
    fields = head.fields
    if all(token.lower() != b"websocket" for token in fields.tokens(b"upgrade", _SEPARATORS)):
        return "Upgrade does not have websocket in it"
    if all(token.lower() != b"upgrade" for token in fields.tokens(b"connection", _SEPARATORS)):
        return "Connection does not have Upgrade in it"
    if fields.get(b"sec-websocket-accept") != b64encode(sha1((key or b"") + _GUID).digest()):
        return "Sec-WebSocket-Accept is not the right one"
    return ""
