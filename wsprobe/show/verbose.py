"""``-v``: the conversation as it happens, one line per event, for standard error.

``*`` marks lines of wsprobe itself, ``>`` bytes sent, ``<`` bytes received; with ``-vv``, every byte in hex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    LeftOut,
    ProxyHeaderSent,
    Received,
    Resolved,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.read import response_of
from wsprobe.read.frames import frame_at
from wsprobe.read.head import HeadSplitter, opens_session
from wsprobe.read.reading import Head
from wsprobe.request.target import authority
from wsprobe.show.answer import EMPTY_LINES, empty_lines
from wsprobe.show.connection import chain
from wsprobe.show.lines import Line, Look, Piece, Style, line, width_of
from wsprobe.show.session import ALONE, frame
from wsprobe.text import counted, hexdump, visible

if TYPE_CHECKING:
    from wsprobe.show.http2_frames import Frames

ENDS = {
    "fin": "the peer closed the connection",
    "truncated": "the peer closed the connection without a TLS close_notify",
    "reset": "the peer reset the connection",
    "timeout": "a time limit ran out",
    "limit": "wsprobe reached a size limit",
    "local": "closed by wsprobe: exchange complete",
    "error": "the connection failed",
    "interrupted": "interrupted",
}


MOST = 100_000
"""The most characters to show of one exchange with -v, both directions together."""
MOST_IN_HEX = 250_000
"""The same with -vv, which needs five characters for a byte."""
LONG_LINE = 4000
"""The most characters of one line."""


class Conversation:
    """Shows exchanges one after another, each within a limit, because a peer may send without end."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._begin()

    def event(self, of: Event) -> list[Line]:
        """The lines for the next event; empty for bytes beyond the limit, whose number is in the last line."""
        if isinstance(of, Received | Sent | TunnelReceived | TunnelSent):
            return self._bounded(of, self._read(of))
        lines = event(of, self._look)
        if isinstance(of, Ended):
            for mark, side in self._sides.items():
                if side.rest[side.shown :]:
                    rest = _text(mark, bytes(side.rest[side.shown :]), "", self._look)
                    lines[:0] = [_stamped(of.at, each) for each in rest]
            if self._hidden:
                text = f"{self._hidden} more bytes were sent or received (--json and --save keep all)"
                lines.insert(0, _stamped(of.at, _call(text, "warn")))
            self._begin()
        return lines

    def _begin(self) -> None:
        self._room = MOST_IN_HEX if self._look.verbose > 1 else MOST
        self._hidden = 0
        self._sides = {"<": _Side(), ">": _Side()}
        self._http2: Frames | None = None

    def _over_http2(self, of: Received | Sent) -> list[Line] | None:
        """The frames of HTTP/2 that the next bytes complete; None if HTTP/2 is not in use."""
        if self._http2 is None and isinstance(of, Sent) and of.data.startswith(b"PRI * HTTP/2.0\r\n\r\nSM"):
            from wsprobe.show.http2_frames import Frames  # hpack, only for HTTP/2

            self._http2 = Frames(self._look)
        if self._http2 is None:
            return None
        return self._http2.take("client" if isinstance(of, Sent) else "server", of.data)

    def _read(self, of: Received | Sent | TunnelReceived | TunnelSent) -> list[Line]:
        """The lines of *of*; once the session is open, the frames that it completes."""
        over_http2 = self._over_http2(of) if self._room > 0 and isinstance(of, Received | Sent) else None
        if over_http2 is not None:
            rows = [_stamped(of.at, each) for each in over_http2]
            return rows + (event(of, self._look) if self._look.verbose > 1 else [])
        if self._look.verbose > 1 or isinstance(of, TunnelReceived | TunnelSent) or self._room <= 0:
            return event(of, self._look)
        mark = "<" if isinstance(of, Received) else ">"
        style: Style = "" if mark == "<" else "ours"
        side = self._sides[mark]
        rows = []
        data = of.data
        if side.head is not None:
            side.rest += data
            found = side.head.advance(side.rest)
            end = len(found.raw) if found is not None else side.rest.rfind(b"\n") + 1
            if len(side.rest) - end > LONG_LINE:
                end = len(side.rest)
            if end > side.shown:
                rows += _text(mark, bytes(side.rest[side.shown : end]), style, self._look)
                side.shown = end
            if found is None:
                return [_stamped(of.at, each) for each in rows]
            data = bytes(side.rest[end:])
            side.rest.clear()
            side.shown = 0
            answer = response_of(found) if mark == "<" else None
            side.head = HeadSplitter() if answer is not None and answer.interim else None
            side.open = _is_13(found) if answer is None else opens_session(answer)
        if self._framed():
            rows += self._frames(mark, data, of.at)
        elif data:
            rows += _bytes(mark, data, self._look, style)
        return [_stamped(of.at, each) for each in rows]

    def _framed(self) -> bool:
        """Whether RFC 6455 frames come next: they were requested, and the answer opened a session."""
        return all(side.open and side.head is None for side in self._sides.values())

    def _frames(self, mark: str, data: bytes, at: int) -> list[Line]:
        side = self._sides[mark]
        side.rest += data
        rows = []
        start = 0
        while (found := frame_at(side.rest, start, lambda _: at)) is not None:
            start = found.span[1]
            rows.append(frame(mark, found, self._look, ALONE))
        del side.rest[:start]
        return rows

    def _bounded(self, of: Received | Sent | TunnelReceived | TunnelSent, lines: list[Line]) -> list[Line]:
        if self._room <= 0:
            self._hidden += len(of.data)
            return []
        size = sum(map(width_of, lines))
        self._room -= size
        if self._room < 0:
            kept = max(1, len(lines) * (size + self._room) // max(1, size))
            left = len(lines) - kept
            lines = lines[:kept]
            if left:
                more = f"... {counted(left, 'more line')} of this block"
                lines.append(_stamped(of.at, line(Piece(more, "dim"))))
        return lines


class _Side:
    """What one side has sent so far."""

    def __init__(self) -> None:
        self.head: HeadSplitter | None = HeadSplitter()
        self.rest = bytearray()
        """Bytes not yet shown, or not yet a whole frame; during a head, all of its bytes until now."""
        self.shown = 0
        self.open = False


def _is_13(head: Head) -> bool:
    return [field.value for field in head.all(b"sec-websocket-version")] == [b"13"]


def _text(mark: str, data: bytes, style: Style, look: Look) -> list[Line]:
    """*data* as text lines; of line ends, only those other than CR LF are shown."""
    rows = []
    lines = data.splitlines(keepends=True) if _textual(data) else [data]
    at = 0
    while at < len(lines):
        empty = lines[at : next((i for i in range(at, len(lines)) if lines[i].strip(b"\r\n")), len(lines))]
        if len(empty) > EMPTY_LINES:
            rows.append(line(Piece(f"{mark} ", style), *empty_lines(b"".join(empty))))
            at += len(empty)
            continue
        each = lines[at]
        at += 1
        ended = each.endswith(b"\r\n")
        text = look.text(each[:-2] if ended else each)
        left = len(text) - LONG_LINE
        tail = [Piece(f" ... {counted(left, 'more character')}", "dim")] if left > 0 else []
        rows.append(line(Piece(f"{mark} ", style), Piece(text[:LONG_LINE], style), *tail))
    return rows


def event(of: Event, look: Look) -> list[Line]:
    """The lines for one event, complete except for endless lines."""
    return [_stamped(of.at, each) for each in _said(of, look)]


def _stamped(at: int, of: Line) -> Line:
    return (Piece(f"{at / 1000:9.1f} ", "dim"), *of)


def _call(text: str, style: Style = "dim") -> Line:
    return line(Piece("* ", "dim"), Piece(text, style))


def _said(of: Event, look: Look) -> list[Line]:
    match of:
        case Resolved():
            return [_call(f"{visible(of.host.encode())} is {', '.join(of.addresses)}")]
        case ResolveFailed():
            return [_call(f"{visible(of.host.encode())} did not resolve: {visible(of.error.encode())}", "fail")]
        case Connecting():
            return [_call(f"connecting to {_place(of.address, of.port)}")]
        case ConnectFailed():
            return [_call(f"{_place(of.address, of.port)} failed: {visible(of.error.encode())}", "warn")]
        case Connected():
            return [_call(f"connected to {_place(of.address, of.port)}")]
        case TunnelSent():
            return _bytes("}", of.data, look, "ours")
        case TunnelReceived():
            return _bytes("{", of.data, look, "")
        case TunnelFailed():
            return [_call(f"the proxy failed: {visible(of.error.encode())}", "fail")]
        case TlsDone():
            return [
                _call(f"{of.version}, {of.cipher}, ALPN {of.alpn or 'none'}"),
                *_certificates(of),
                _verified(of),
            ]
        case TlsFailed():
            return [_call(f"TLS failed: {visible(of.error.encode())}", "fail"), *_certificates(of)]
        case Sent() | ProxyHeaderSent():
            return _bytes(">", of.data, look, "ours")
        case Received():
            return _bytes("<", of.data, look, "")
        case LeftOut():
            return [_call(f"not kept: {of.bytes_sent} bytes sent, {of.bytes_received} received")]
        case Ended():
            return [_call(ENDS[of.how] + (f": {visible(of.error.encode())}" if of.error else ""))]


def _place(address: str, port: int) -> str:
    shown = visible(address.encode())
    return authority(shown, port)


def _certificates(of: TlsDone | TlsFailed) -> list[Line]:
    """The certificate chain, the server's own certificate first."""
    if of.certificate is None:
        return []
    return [_call(row) for row in chain((of.certificate, *of.issuers))]


def _verified(of: TlsDone) -> Line:
    if of.verified:
        return _call("the certificate is valid")
    why = f": {visible(of.problem.encode())}" if of.problem else ""
    return _call(f"the certificate was not verified{why}", "warn")


def _bytes(mark: str, data: bytes, look: Look, style: Style) -> list[Line]:
    if look.verbose > 1:
        return [line(Piece(f"{mark} ", style), Piece(row, style)) for row in hexdump(data)]
    return _text(mark, data, style, look)


def _textual(data: bytes) -> bool:
    return data[:1] not in (b"", b"\x16", b"\x15") and not data[0] & 0x80
