"""Files that other programs wrote about a WebSocket: known by their contents, not by their names, and opened.

A HAR file, a browser's NetLog, Firefox's HTTP log; each may be compressed with gzip.
"""

from __future__ import annotations

import gzip
import os
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Literal

from wsprobe.cli import files
from wsprobe.cli.streams import redraw

Kind = Literal["har", "netlog", "firefox-log"]

BEGINNINGS: tuple[tuple[Kind, bytes], ...] = (
    ("har", rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{'),
    ("netlog", rb'(?:\xef\xbb\xbf)?\s*\{\s*"constants"\s*:\s*\{'),
    (
        "firefox-log",
        rb"(?:(?:\xef\xbb\xbf)?[^\r\n]{0,300}\r?\n){0,20}?"
        rb"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC - )?\[[^\]\r\n]{1,200}\]: [EWIDV]/[A-Za-z]",
    ),
)
"""How each begins. Every tool writes "log" first, and Chromium "constants"; Firefox a line of its logging, with
or without its time (xpcom/base/Logging.cpp)."""

LOOKED_AT = 4096
"""The bytes in which a file is recognised."""

GZIP = b"\x1f\x8b"
PIECE = 256 * 1024
DRAWN = 16 * 1024 * 1024
"""After so many bytes the progress is drawn again."""


def kind_of(word: str) -> Kind | None:
    """The kind of evidence in the file *word*; None if it is no such file."""
    if "://" in word or word.startswith("lab:"):
        return None
    try:
        if os.path.isfile(word):
            with opened(word) as file:
                begin = file.read(LOOKED_AT)
            found = next((kind for kind, form in BEGINNINGS if re.match(form, begin)), None)
            if found is not None:
                return found
    except (OSError, ValueError, EOFError, zlib.error):  # not to be read: whoever opens it says so
        pass
    return "har" if word.lower().endswith((".har", ".har.gz")) else None


_MOZ_LOG = r"(.+?)(?:\.child-\d{1,9})?\.moz_log(\.\d)?(\.gz)?"
"""A file of Firefox: of the main process or of a child, rotated or not (xpcom/base/Logging.cpp)."""


def parts(name: str) -> list[str]:
    """The files of the log to which the file *name* belongs, the oldest first. For one of Firefox, those of the
    main process, which has the network: also if *name* is only one part of a rotated log, or a child's file."""
    match = re.fullmatch(_MOZ_LOG, name)
    if match is None:
        return [name]
    begin, rotated, end = match.group(1), match.group(2), match.group(3) or ""
    files = [f"{begin}.moz_log.{number}{end}" for number in range(4)] if rotated else [f"{begin}.moz_log{end}"]
    return sorted(filter(os.path.isfile, files), key=_began) or [name]


def _began(name: str) -> tuple[bytes, float]:
    """When the part *name* begins, as its first line says; the time of its end, where lines have no times."""
    with suppress(OSError, EOFError, zlib.error), opened(name) as file:
        found = re.match(rb"\d{4}-\d\d-\d\d [\d:.]+", file.read(LOOKED_AT))
        return found.group() if found else b"", os.path.getmtime(name)
    return b"", 0.0


def once(words: Sequence[str]) -> list[str]:
    """*words* without the files of a log that an earlier word names: it is read whole."""
    found = {tuple(parts(word)): word for word in reversed(words)}
    return [word for word in words if found[tuple(parts(word))] == word]


def opened(name: str) -> IO[bytes]:
    """The file *name*, without its compression. Raises OSError."""
    file = open(files.opened(name), "rb")  # noqa: SIM115 (the caller closes it)
    if file.peek(2)[:2] == GZIP:
        unpacked = gzip.GzipFile(fileobj=file)
        # It closes this, and leaves alone what it was given.
        unpacked.myfileobj = file  # type: ignore[assignment]
        return unpacked  # type: ignore[return-value]
    return file


def pieces(name: str) -> Iterator[bytes]:
    """The bytes of the file *name*, without its compression, as far as it can be read, with progress on a
    terminal. Raises OSError."""
    size = 0
    with suppress(OSError):
        size = os.path.getsize(name)
    done = 0
    shows = sys.stderr.isatty() and size > DRAWN
    with opened(name) as file:
        compressed = isinstance(file, gzip.GzipFile)
        while True:
            try:
                piece = file.read(PIECE)
            except (EOFError, zlib.error, gzip.BadGzipFile):  # cut off, or damaged
                break
            if not piece:
                break
            yield piece
            before, done = done, done + len(piece)
            if shows and before // DRAWN != done // DRAWN:
                redraw(f"reading {done >> 20} MiB" if compressed else f"reading: {100 * done // size} %")
    if shows:
        redraw("")
