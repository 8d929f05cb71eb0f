"""What happened in a session, as far as it may say why it ended: its Close, its messages, and the times."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from wsprobe.diagnosis.words import of_json
from wsprobe.exchange import Exchange, Received, Sent
from wsprobe.read.behind import http_behind
from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    Deflate,
    Message,
    deflate_of,
    first_close,
    messages,
)
from wsprobe.read.reading import Frame, Reading, Response

QUIET = 1_000_000
"""Microseconds without a byte before an end that may be an idle limit: none is shorter than a second."""
SOON = 1_000_000
"""Microseconds from a message to an end that the message may have led to."""
AT_ONCE = 500_000
"""Microseconds below which a session ended at once: no limit of time is that short."""
ENGINE_IO = '0{"sid":"'
"""How the opening packet of engine.io begins."""


class SessionFacts(msgspec.Struct, frozen=True):
    """The facts about an open session."""

    close: Frame | None
    """The server's own Close: not the answer to ours."""
    code: int | None
    reason: str
    texts: tuple[str, ...]
    """The text messages of the server, and binary ones of JSON: the beginning of each."""
    binary: bool
    dropped: bool
    """The connection ended, and no side sent a Close."""
    quiet: int
    """Microseconds without a byte either way before the end."""
    lasted: int
    """Microseconds from the 101 to the end."""
    last: int | None
    """Bytes of the last data message that wsprobe sent before the end, as the user gave it; None if it sent
    none."""
    packed: int
    """Bytes of that message on the wire; the same if it was not compressed."""
    since: int
    """Microseconds from that message to the end."""
    connects: bool
    """wsprobe sent a packet of Socket.IO."""
    beats: bool
    """wsprobe sent a ping or pong of engine.io."""
    behind: Response | None
    broke: str
    """A frame of the client that breaks RFC 6455, in words; "" if there is none."""

    @property
    def ended(self) -> bool:
        """The server ended it."""
        return self.close is not None or self.dropped or self.behind is not None

    @property
    def untouched(self) -> bool:
        """No message went either way, and it ended at once: no handler need have run."""
        return not self.answered and self.last is None and self.lasted < AT_ONCE

    @property
    def answered(self) -> bool:
        """The server sent a message."""
        return bool(self.texts) or self.binary

    @property
    def named(self) -> str:
        """The Close, in words."""
        if self.code is None:
            return "a Close with text in place of its code" if self.reason else "an empty Close"
        return f"Close {self.code}"

    @property
    def after(self) -> str:
        """How long it was open, in words."""
        return "at once" if self.lasted < AT_ONCE else f"after {self.lasted / 1e6:.1f} s"


def session_facts(reading: Reading) -> SessionFacts:
    of, final = reading.session, reading.final
    assert of is not None
    assert final is not None
    behind = http_behind(reading)
    until = behind.head.start if behind is not None else len(reading.received)
    frames = tuple(frame for frame in of.frames if frame.start < until)
    close = first_close(frames)
    agreed = deflate_of(reading)
    told = messages(frames[:100], agreed.server if agreed is not None else None, 65536)
    ours = first_close(of.sent)
    if close is not None and ours is not None and ours.at < close.at:
        close = None  # the answer to our own Close
    if close is not None and reading.exchange.how_ended == "limit" and of.close_code(close) in (None, 1000):
        close = None  # the session ended at our own limit: this Close tells no more
    data = close.data if close is not None else b""
    as_text = re.fullmatch(_TEXT_FOR_CODE, data) is not None
    ended = close.at if close is not None else _end(reading.exchange)
    sent = [frame for frame in of.sent if frame.opcode in (CONTINUATION, TEXT, BINARY) and frame.at <= ended]
    last = _last_message(sent, agreed)
    dropped = reading.exchange.how_ended in ("fin", "reset", "truncated") and ours is None and not of.drops
    return SessionFacts(
        close,
        of.close_code(close) if close is not None and not as_text else None,
        _reason(data if as_text else data[2:]),
        tuple(words for message in told if (words := _words_of(message))),
        any(message.opcode == BINARY for message in told),
        dropped and close is None and behind is None,
        ended - _last(reading.exchange, ended),
        ended - reading.when(max(0, of.start - 1)),
        None if last is None else len(last.data),
        0 if last is None else sum(frame.length for frame in last.frames),
        ended - sent[-1].at if sent else 0,
        _sends(sent, agreed, _PACKETS),
        _sends(sent, agreed, _BEATS),
        behind,
        _broken(of.sent) if reading.exchange.plan.wire == "hybi-13" else "",
    )


def _broken(sent: Sequence[Frame]) -> str:
    """The first of *sent* that no client may send (RFC 6455 sections 5.1, 5.2 and 5.5), in words."""
    for frame in sent:
        if frame.opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            return f"a frame with the opcode {frame.opcode}"
        if not frame.masked:
            return "a frame without a mask"
        if frame.is_control and (not frame.fin or frame.length > 125):
            return "a control frame in parts, or of more than 125 bytes"
    return ""


def _reason(data: bytes) -> str:
    """The reason of a Close; of an object of JSON the words in it."""
    words = of_json(data) if data[:1] == b"{" else ()
    return words[0] if words else data.decode("utf-8", "surrogateescape")


_TEXT_FOR_CODE = rb"[ -~]{2}[\n -~\x80-\xff]*"
"""A Close whose first two bytes are text: as a code they would be above 4999."""


def _words_of(message: Message) -> str:
    """The beginning of a text message, and of JSON in a binary one; of other short binary messages the text
    that makes up most of them, as behind the bytes of a code (Colyseus)."""
    if message.opcode == TEXT or message.data[:1] == b"{":
        return message.data[:4096].decode("utf-8", "surrogateescape") or " "
    found = re.search(rb"[ -~]{8,}", message.data[:_SHORT]) if len(message.data) <= _SHORT else None
    if found is None or b" " not in found[0] or 2 * len(found[0]) < len(message.data):
        return ""
    return found[0].decode("ascii")


_SHORT = 512
"""Bytes of a binary message that may be an error with a text."""


def _sends(sent: Sequence[Frame], agreed: Deflate | None, packet: bytes) -> bool:
    """True if one of *sent*, or of the first few if they are compressed, is a *packet* of Socket.IO."""
    inflated = () if agreed is None else messages(sent[:8], agreed.client)
    packets = (*(frame.data for frame in sent), *(message.data for message in inflated))
    return any(re.match(packet, data) for data in packets)


_BEATS = rb"[23](?:probe)?\Z"
_PACKETS = rb"4[0-6]|[23](?:probe)?\Z"
"""The packets of a client of engine.io and Socket.IO."""


def _last_message(sent: Sequence[Frame], agreed: Deflate | None) -> Message | None:
    """The last of the data messages whose frames are *sent*, inflated; None if there is none.

    A compressed message may refer to those before it: if the last one is compressed, all are inflated."""
    if not sent:
        return None
    start = next((n for n in range(len(sent) - 1, -1, -1) if sent[n].opcode != CONTINUATION), 0)
    if agreed is None or not sent[start].rsv & RSV1:
        return messages(sent[start:])[-1]
    return messages(sent, agreed.client)[-1]


def _end(exchange: Exchange) -> int:
    return exchange.events[-1].at if exchange.events else 0


def _last(exchange: Exchange, before: int) -> int:
    """When a byte last went either way before *before*."""
    # type(): isinstance takes ten times as long for other types
    told = [event.at for event in exchange.events if type(event) in (Received, Sent) and event.at < before]
    return max(told, default=before)
