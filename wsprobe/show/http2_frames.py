"""``-v`` over HTTP/2: the frames of both directions as they go."""

from __future__ import annotations

from wsprobe.read.http2 import BlockDecoder, form, frame_at
from wsprobe.read.http2_values import (
    CONTINUATION,
    DATA,
    GOAWAY,
    HEADER_SIZE,
    HEADERS,
    PREFACE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    By,
    Http2Frame,
    error_name,
    setting_name,
)
from wsprobe.show.answer import HEAD_LINES, LONG_LINE
from wsprobe.show.lines import Line, Look, Piece, Style, line
from wsprobe.text import counted, visible

SAID_MOST = 200
"""The most bytes of a payload in a frame's line."""

TABLE_MOST = 1 << 16
"""HEADER_TABLE_SIZE up to which blocks are followed."""


class Frames:
    """The frames of both directions as they go, for -v: a line each, and one for each field."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._left: dict[By, bytes] = {"client": b"", "server": b""}
        self._decoders = {by: BlockDecoder(1 << 21, TABLE_MOST) for by in self._left}
        self._fragments: dict[By, bytes] = {"client": b"", "server": b""}

    def take(self, by: By, data: bytes) -> list[Line]:
        """The lines for the next bytes of one direction; a frame is shown once it is whole."""
        mark = ">" if by == "client" else "<"
        style: Style = "ours" if by == "client" else ""
        rows: list[Line] = []
        data = self._left[by] + data
        if by == "client" and data.startswith(PREFACE):
            rows.append(line(Piece(f"{mark} the preface of HTTP/2", style)))
            data = data[len(PREFACE) :]
        at = 0
        while (parts := frame_at(data, at)) is not None and len(parts[1]) == int.from_bytes(
            parts[0][:3], "big"
        ):
            header, payload = parts
            content, problem = form(header, payload)
            of = Http2Frame(by, at, header, payload, 0, 0, content, problem)
            rows += [line(Piece(f"{mark} {text}", style)) for text in self._said(of)]
            at = of.span[1]
        self._left[by] = data[at:]
        if len(self._left[by]) > 1 << 16 or not self._plausible(by):
            rows.append(line(Piece(f"{mark} {self._look.text(self._left[by][:SAID_MOST])}", style)))
            self._left[by] = b""
        return rows

    def _plausible(self, by: By) -> bool:
        left = self._left[by]
        return len(left) < HEADER_SIZE or int.from_bytes(left[:3], "big") <= 1 << 20

    def _said(self, of: Http2Frame) -> list[str]:
        where = f" stream {of.stream}" if of.stream else ""
        flags = "".join(f" {name}" for name in of.flag_names)
        first = f"{of.name}{where}{flags}"
        if of.problem:
            return [f"{first} {visible(of.payload[:SAID_MOST])} ({visible(of.problem.encode())})"]
        match of.type:
            case t if t == SETTINGS:
                return [first + "".join(f" {setting_name(key)} {value}" for key, value in of.settings[:20])]
            case t if t in (HEADERS, CONTINUATION, PUSH_PROMISE):
                return [first, *self._fields(of)]
            case t if t == RST_STREAM:
                return [f"{first} {error_name(of.code or 0)}"]
            case t if t == GOAWAY:
                debug = f" {visible(of.debug[:SAID_MOST])}" if of.debug else ""
                return [f"{first} last stream {of.last_stream} {error_name(of.code or 0)}{debug}"]
            case t if t == WINDOW_UPDATE:
                return [f"{first} {of.increment}"]
        shown = self._look.text(of.content[:SAID_MOST] if of.type == DATA else of.payload[:SAID_MOST])
        return [f"{first} {of.length} bytes{f' {shown}' if shown else ''}"]

    def _fields(self, of: Http2Frame) -> list[str]:
        self._fragments[of.by] += of.content
        if "END_HEADERS" not in of.flag_names:
            return []
        fields, problem = self._decoders[of.by].decode(self._fragments[of.by])
        self._fragments[of.by] = b""
        shown = [
            f"  {self._look.text(name)}: {self._look.text(value[:LONG_LINE])}"
            for name, value, _ in fields[:HEAD_LINES]
        ]
        left = len(fields) - HEAD_LINES
        shown += [f"  ... {counted(left, 'more field')}"] if left > 0 else []
        return shown + ([f"  ({visible(problem.encode())})"] if problem else [])
