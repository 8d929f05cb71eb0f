"""The server's half of each wire version, one row each: its 101, and its frames. The lab plays it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from struct import pack

from msgspec import Struct

from wsprobe.read.drafts import CLOSING, frame_at_75, frame_at_76, mask_of_04, mask_of_05, of_client
from wsprobe.read.frames import CLOSE, TEXT, One, frame_at
from wsprobe.read.head import split_head
from wsprobe.read.request import Request
from wsprobe.wire.framing import CONTROL_MAX
from wsprobe.wire.hixie import answer_to, text
from wsprobe.wire.hybi import draft_frame
from wsprobe.wire.rfc6455 import frame

Values = Mapping[str, bytes]
"""Name -> value of what a 101 repeats of the request: ``accept``, ``nonce``, ``challenge``, ``origin``,
``location``, ``protocol``."""


class Speech(Struct, frozen=True):
    """The frames of one wire version. Opcodes are those of RFC 6455."""

    heard: One
    """Finds the next frame of a client."""
    said: Callable[[int, bytes, bool], bytes]
    """(opcode, payload, fin) -> the server's frame; b"" if the version has no such frame."""
    closing: Callable[[bytes], bytes]
    """Payload of the client's Close -> the frame that answers it."""
    too_big: bytes
    """The Close after a frame that is too long: 1009 in versions with close codes."""


def _framed(
    heard: One, made: Callable[..., bytes], too_big: bytes = pack("!H", 1009), answer: bytes | None = None
) -> Speech:
    """The frames that *made* writes. *too_big*: the payload of that Close. *answer*: that of the Close which
    answers the client's; None repeats the client's."""
    return Speech(
        heard,
        lambda opcode, payload, fin: made(opcode, payload, fin=fin),
        lambda payload: made(CLOSE, payload[:CONTROL_MAX] if answer is None else answer),
        made(CLOSE, too_big),
    )


def _said_in_hixie(opcode: int, payload: bytes, fin: bool) -> bytes:
    return text(payload) if opcode == TEXT else b""


_BY_SERVER = b"S"
"""hybi-05: the first byte of a Close names the side that closes."""

RFC6455 = _framed(frame_at, partial(frame, key=None))


def _hybi_04(asked: Request, opened: bytes) -> Speech:
    """The frames of hybi-04, whose mask depends on both heads of the handshake."""
    return _framed(of_client(mask_of_04(asked.head, split_head(opened)[0])), draft_frame, b"")


HIXIE_75 = Speech(frame_at_75, _said_in_hixie, lambda payload: b"", b"")
_HIXIE_76 = Speech(frame_at_76, _said_in_hixie, lambda payload: CLOSING, CLOSING)
_HYBI_05 = _framed(of_client(mask_of_05), draft_frame, _BY_SERVER, _BY_SERVER)
_HYBI_06 = _framed(of_client(mask_of_05), draft_frame)


def challenge(asked: Request) -> bytes:
    """The sixteen bytes that hixie-76 requires after the response's head; b"" if the request has no
    challenge."""
    keys = asked.first(b"sec-websocket-key1"), asked.first(b"sec-websocket-key2")
    return answer_to(*keys, asked.body) or b""


def nonce(asked: Request) -> bytes:
    """A Sec-WebSocket-Nonce for hybi-04: always the same for the same Sec-WebSocket-Key."""
    return b64encode(sha256(asked.first(b"sec-websocket-key")).digest()[:16])


def _opening(values: Values, *, nonce: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n%s\r\n" % (values["accept"], nonce)
    )


def _hixie(values: Values, *, name: bytes, prefix: bytes) -> bytes:
    """The response head of hixie-75 or -76 (section 5.2 of both). A requested subprotocol must be repeated."""
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


class ServerSide(Struct, frozen=True):
    """One wire version."""

    opening: Callable[[Values], bytes] = _opening
    """The 101, with no more than the version requires."""
    speech: Callable[[Request, bytes], Speech] = lambda asked, opened: RFC6455
    """(request, the 101) -> the frames."""


SERVER_SIDES: Mapping[str, ServerSide] = {
    "hixie-75": ServerSide(partial(_hixie, name=b"Web Socket", prefix=b""), lambda asked, opened: HIXIE_75),
    "hixie-76": ServerSide(
        lambda values: _hixie(values, name=b"WebSocket", prefix=b"Sec-") + values["challenge"],
        lambda asked, opened: _HIXIE_76,
    ),
    "hybi-04": ServerSide(
        lambda values: _opening(values, nonce=b"Sec-WebSocket-Nonce: %s\r\n" % values["nonce"]), _hybi_04
    ),
    "hybi-05": ServerSide(speech=lambda asked, opened: _HYBI_05),
    "hybi-06": ServerSide(speech=lambda asked, opened: _HYBI_06),
    "hybi-07": ServerSide(),
    "hybi-08": ServerSide(),
    "hybi-13": ServerSide(),
}
"""By the name in ``WIRES``. Apart from it, because nothing but the lab needs it."""
