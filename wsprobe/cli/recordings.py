"""Files with recordings, one a line: those of --save and --json, also of a whole trace; and the WebSockets in a
HAR file or a browser's log."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from itertools import count, filterfalse, islice, takewhile
from typing import IO, cast

import click
import msgspec
from msgspec import Struct

from wsprobe.cli.evidence import kind_of
from wsprobe.cli.files import opened
from wsprobe.cli.option import usage_error
from wsprobe.exchange import Exchange
from wsprobe.recording.archive import ArchiveError, dump, load


class RecordedLine(Struct, frozen=True):
    """A line of a file with recordings, and its place."""

    where: str
    data: bytes


def recordings(name: str) -> list[Exchange]:
    """The recordings in file *name*, one a line; ``-`` is standard input. For a HAR file or a
    browser's log, its WebSockets.

    Raises click.UsageError, with the line's number, for a line that cannot be read.
    """
    return [exchange for line in lines(name) for exchange in exchanges(line)]


def lines(name: str, entry: int | None = None) -> Iterator[RecordedLine]:
    """Yield the lines of file *name* that are not empty, as they are read; ``-`` is standard input. For a HAR
    file or a browser's log, yield each WebSocket as a line, or only the one with number *entry*. Raises
    click.UsageError."""
    if name == "-":
        yield from _numbered(cast("BufferedReader", sys.stdin.buffer), "standard input")
        return
    kind = kind_of(name)
    if kind is not None:
        from wsprobe.cli.pasted.files import recordings_of  # only for a file of another program

        yield from (RecordedLine(name, dump(each).encode()) for each in recordings_of(name, kind, entry))
        return
    with usage_error(OSError, where=name), open(opened(name), "rb") as file:
        yield from _numbered(file, name)


LONGEST = 48 * 1024 * 1024
"""The most bytes of a line: both sides of a session at the limit of `talk --save`, in base64, and a margin."""


PIECE = 1024 * 1024
_BRACKET = 16
"""More bytes than a line has that holds nothing but the bracket of an object or array."""


def _too_long() -> str:
    return f"longer than {LONGEST:,} bytes, the limit for a recording"


def _numbered(file: BufferedReader, name: str) -> Iterator[RecordedLine]:
    """The lines of *file* that are not empty. Nothing here keeps a line that was handed on."""
    utf8 = _in_utf8(file)
    lines = takewhile(lambda line: line.data, map(partial(_line, utf8, name), count(1)))
    return _whole(filterfalse(lambda line: line.data.isspace(), lines))


def _in_utf8(file: BufferedReader) -> IO[bytes]:
    """*file* behind its byte order mark; UTF-16, which PowerShell writes, as UTF-8."""
    if not hasattr(file, "peek"):  # standard input in the memory of a test
        file = BufferedReader(file)
    start = file.peek(3)[:3]
    if start == codecs.BOM_UTF8:
        file.read(3)
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return cast("IO[bytes]", codecs.EncodedFile(file, "utf-8", "utf-16", "replace"))
    return file


def _whole(lines: Iterator[RecordedLine]) -> Iterator[RecordedLine]:
    """*lines*, with an object that ``jq`` printed over several lines as one, and each object of an array as
    one. Raises click.UsageError for one that is too long, or no JSON."""
    while held := [*islice(lines, 1)]:
        start = held[0].data.strip() if len(held[0].data) < _BRACKET else b""
        if start not in (b"{", b"["):
            yield held.pop()  # so that nothing here keeps it
            continue
        first = held.pop()
        end = b"}" if start == b"{" else b"]"
        pieces, size, last = [first.data], 0, b""
        while last != end and (line := next(lines, None)) is not None:
            pieces.append(line.data)
            size += len(line.data)
            last = line.data.rstrip()
            if size > LONGEST:
                raise click.UsageError(f"{first.where}: {_too_long()}")
        text = b"".join(pieces)
        try:
            found = [text] if start == b"{" else msgspec.json.decode(text, type=list[msgspec.Raw])
            for each in found:
                yield RecordedLine(first.where, msgspec.json.format(bytes(each), indent=-1) + b"\n")
        except (msgspec.DecodeError, RecursionError):
            yield RecordedLine(first.where, text)  # which says what is wrong with it


def _line(file: IO[bytes], name: str, number: int) -> RecordedLine:
    """The next line; empty at the end. Raises click.UsageError for one that is too long."""
    pieces = [file.readline(PIECE)]
    size = len(pieces[0])
    while size >= PIECE and not pieces[-1].endswith(b"\n") and (piece := file.readline(PIECE)):
        pieces.append(piece)
        size += len(piece)
        if size > LONGEST:
            raise click.UsageError(f"{name}, line {number}: {_too_long()}")
    return RecordedLine(f"{name}, line {number}", b"".join(pieces))


def exchanges(line: RecordedLine) -> list[Exchange]:
    """The recordings in *line*: one, or those of a whole trace. Raises click.UsageError with the line's
    place."""
    try:
        if not line.data.isascii():  # ours are
            line.data.decode()
        return _recorded(line.data)
    except UnicodeDecodeError:
        raise click.UsageError(f"{line.where}: not a recording: not UTF-8 text") from None
    except ArchiveError as error:
        cut = "" if line.data.endswith(b"\n") else "; it has no line end, and may have been cut"
        raise click.UsageError(f"{line.where}: {error}{cut}") from None


LONGEST_URL = 70_000
"""The first bytes of a line in which an object of ``trace --json`` can be recognised: it begins with its
URL."""


class _Changed(Struct):
    report: msgspec.Raw


class _Traced(Struct):
    """The members of the object of ``trace --json`` that contain its recordings."""

    changes: list[_Changed]


def _recorded(text: bytes) -> list[Exchange]:
    """The recordings in a line: one, or each one in the output of ``trace --json``. Raises ArchiveError."""
    if b'"changes":[{"change":' not in text[:LONGEST_URL]:
        return [load(text)]
    try:
        traced = msgspec.json.decode(text, type=_Traced)
    except (msgspec.DecodeError, RecursionError):
        raise ArchiveError("not a recording: an incomplete object of trace --json") from None
    return [load(bytes(each.report)) for each in traced.changes]
