"""RFC 6455 sections 5.4 and 8.1, RFC 7692 section 7.2.2: frames as messages."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found
from wsprobe.judge.handshake.deflate import SERVER_TAKEOVER, SERVER_WINDOW
from wsprobe.judge.handshake.extensions import DEFLATE, accepted
from wsprobe.judge.session.frames import header, name
from wsprobe.judge.subject import said, session
from wsprobe.read.reading import Frame, Reading, Span

INFLATED_MAX = 16 * 1024 * 1024
"""Bytes that all messages of a session may inflate to; beyond it they are no longer judged."""


def messages(reading: Reading) -> Iterator[Finding]:
    """Fragments in order; text in UTF-8; compressed messages that can be inflated. The first of each fault."""
    of = session(reading)
    if of is None:
        return
    seen: set[str] = set()
    for finding in _messages(reading, said(of)):
        if finding.id not in seen:
            seen.add(finding.id)
            yield finding


def _messages(reading: Reading, frames: Sequence[Frame]) -> Iterator[Finding]:
    inflater = _inflater(reading)
    begun: list[Frame] = []
    for frame in frames:
        if frame.opcode > 2:
            continue
        if frame.opcode == 0 and not begun:
            yield found(
                "continuation-unexpected", "a continuation frame, and no message is unfinished", header(frame)
            )
            continue
        if frame.opcode and begun:
            yield found(
                "message-interrupted",
                f"a {name(frame)} message begins while a {name(begun[0])} message is unfinished",
                header(frame),
            )
            begun = []
        begun.append(frame)
        if frame.fin and frame.complete:
            yield from _content(begun, inflater, whole=True)
            begun = []
    if begun:
        yield from _content(begun, inflater, whole=False)
        if begun[-1].complete:
            yield found(
                "message-unfinished",
                f"a {name(begun[0])} message of {len(begun)} fragments so far was not finished",
                header(begun[0]),
            )


def _content(message: list[Frame], inflater: Inflater | None, *, whole: bool) -> Iterator[Finding]:
    data: bytes | None = b"".join(frame.data for frame in message)
    span: Span = (message[0].start, message[-1].span[1])
    if message[0].rsv & 4:
        if inflater is None or not whole:
            return
        data = inflater.message(data or b"")
        if inflater.problem:
            yield found("deflate-broken", f"a compressed message cannot be inflated: {inflater.problem}", span)
            inflater.give_up()
    if data is None or message[0].opcode != 1:
        return
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, whole)
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + 4]
        yield found(
            "text-not-utf8",
            f"a text message is not UTF-8 at byte {error.start} ({error.reason})",
            span,
            received=bad,
        )


class Inflater:
    """Inflates messages one after the other (RFC 7692 section 7.2.2), within bounds."""

    def __init__(self, bits: int, *, takeover: bool) -> None:
        import zlib

        self._zlib = zlib
        self._bits = bits
        self._takeover = takeover
        self._room = INFLATED_MAX
        self._context = zlib.decompressobj(-bits)
        self._usable = True
        self.problem = ""

    def message(self, data: bytes) -> bytes | None:
        """The message, or None where it cannot be had: see *problem*, "" if only our bound was reached."""
        if not self._usable:
            return None
        if not self._takeover or self._context.eof:
            self._context = self._zlib.decompressobj(-self._bits)
        try:
            done = self._context.decompress(data + b"\x00\x00\xff\xff", self._room)
        except self._zlib.error as error:
            self.problem = str(error)
            return None
        self._room -= len(done)
        if self._context.unconsumed_tail or self._room <= 0:
            self.give_up()
            return None
        return done

    def give_up(self) -> None:
        """Judge no more messages: the context is lost."""
        self._usable = False
        self.problem = ""


def _inflater(reading: Reading) -> Inflater | None:
    """For the compression that the 101 accepted; None without any."""
    params = next((dict(e.params) for e, _ in accepted(reading) if e.name == DEFLATE), None)
    if params is None:
        return None
    bits = params.get(SERVER_WINDOW) or b""
    known = bits.isdigit() and len(bits) < 3 and 8 <= int(bits) <= 15
    return Inflater(int(bits) if known else 15, takeover=SERVER_TAKEOVER not in params)
