"""The wire version that a request speaks, and how a server opens a session in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from wsprobe.lab.request import Request
from wsprobe.lab.stage.speech import HIXIE_75, HIXIE_76, HYBI_05, HYBI_06, RFC6455, Speech, hybi_04
from wsprobe.read.http.heads import split_head
from wsprobe.read.websocket.challenge import answer_to
from wsprobe.wire.draft_frames import mask_of_04

Values = Mapping[str, bytes]
"""What fills in a template: see ``request.values``."""

_BY_NUMBER = {b"4": "hybi-04", b"5": "hybi-05", b"6": "hybi-06", b"7": "hybi-07", b"8": "hybi-08"}


def spoken(asked: Request) -> str:
    """Return the wire version of *asked*: hybi-13 for all that is plainly no other.

    The hixie drafts send no version: 76 is known by its keys, 75 by ``WebSocket`` in these very letters where
    nothing else tells a version.
    """
    if (wire := _BY_NUMBER.get(asked.first(b"sec-websocket-version"))) is not None:
        return wire
    if asked.first(b"sec-websocket-key1"):
        return "hixie-76"
    told = asked.head.all(b"sec-websocket-key") or asked.head.all(b"sec-websocket-version")
    return "hixie-75" if asked.first(b"upgrade") == b"WebSocket" and not told else "hybi-13"


def challenge(asked: Request) -> bytes:
    """Return the sixteen bytes that hixie-76 wants behind the head; b"" where no such challenge came."""
    keys = asked.first(b"sec-websocket-key1"), asked.first(b"sec-websocket-key2")
    return answer_to(*keys, asked.body) or b""


def broken(right: bytes) -> bytes:
    """Return sixteen bytes that answer another challenge: every bit of the last one is the other way."""
    return right[:-1] + bytes(each ^ 0xFF for each in right[-1:])


def opening(wire: str, values: Values) -> bytes:
    """Return the 101 of *wire*, and nothing beyond what that version demands."""
    if wire == "hixie-75":
        return _hixie(b"Web Socket", b"", values)
    if wire == "hixie-76":
        return _hixie(b"WebSocket", b"Sec-", values) + values["challenge"]
    nonce = (b"Sec-WebSocket-Nonce: %s\r\n" % values["nonce"]) if wire == "hybi-04" else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n%s\r\n" % (values["accept"], nonce)
    )


def _hixie(name: bytes, prefix: bytes, values: Values) -> bytes:
    """Return the head of 75 or 76 (section 5.2 of both). A subprotocol that is asked for must be repeated."""
    echoes = [
        (b"Origin", values["origin"]),
        (b"Location", values["location"]),
        (b"Protocol", values["protocol"]),
    ]
    return (
        b"HTTP/1.1 101 %s Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" % name
        + b"".join(b"%sWebSocket-%s: %s\r\n" % (prefix, what, value) for what, value in echoes if value)
        + b"\r\n"
    )


def nonce(asked: Request) -> bytes:
    """Return a Sec-WebSocket-Nonce for hybi-04, the same for the same request."""
    return b64encode(sha256(asked.first(b"sec-websocket-key")).digest()[:16])


def speech(wire: str, asked: Request, opened: bytes) -> Speech:
    """Return how to hear and speak after the 101 that *opened* the session."""
    if wire == "hybi-04":
        return hybi_04(mask_of_04(asked.head, split_head(opened)[0]))
    known = {"hixie-75": HIXIE_75, "hixie-76": HIXIE_76, "hybi-05": HYBI_05, "hybi-06": HYBI_06}
    return known.get(wire, RFC6455)
