"""What libsoup makes of a Close frame: what it refuses, and what it cannot answer.

Source: libsoup/websocket/soup-websocket-connection.c, receive_close, close_connection, send_close.
"""

from __future__ import annotations

NO_STATUS, ABNORMAL, TLS = 1005, 1006, 1015
_ANSWERED = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, *range(3000, 5000)))
"""Codes that close_connection() sends back; any other is a protocol error, the registered 1012 to 1014 too."""
_LONGEST_REASON = 123
"""Bytes of it that fit into a Close frame."""


class Fault(Exception):
    """A frame breaks a rule. The argument is the key of the text."""


def code(payload: bytes) -> int:
    """The code of a Close frame. Raises Fault if there is half of one."""
    if len(payload) == 1:
        raise Fault("response")
    return int.from_bytes(payload[:2], "big") if payload else NO_STATUS


def reason(payload: bytes) -> str:
    """The reason of a Close frame, up to a NUL. Raises Fault if its code may not be there, or the reason is not
    UTF-8."""
    if payload and code(payload) in (NO_STATUS, ABNORMAL, TLS):
        raise Fault("response")
    try:
        return payload[2:].decode().partition("\0")[0]
    except UnicodeDecodeError:
        raise Fault("response") from None


def check_answer(payload: bytes) -> None:
    """Raises Fault if no Close can be sent back for this one."""
    if payload and code(payload) not in _ANSWERED:
        raise Fault("response")
    if len(reason(payload).encode()) > _LONGEST_REASON:
        raise Fault("response")
