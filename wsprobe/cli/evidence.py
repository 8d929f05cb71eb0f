"""Files that other programs wrote about a WebSocket: known by their contents, not by their names, and opened.

A HAR file, a browser's NetLog, Firefox's HTTP log; each may be compressed with gzip.
"""

from __future__ import annotations

import gzip
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Literal

from wsprobe.cli import files

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


def opened(name: str) -> IO[bytes]:
    """The file *name*, without its compression. Raises OSError."""
    file = open(files.opened(name), "rb")  # noqa: SIM115 (the caller closes it)
    if file.peek(2)[:2] == GZIP:
        return gzip.GzipFile(fileobj=_Closing(file))  # type: ignore[return-value]
    return file


class _Closing:
    """A file that its GzipFile closes: that leaves alone what it was given."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell
        self._file = file

    def __del__(self) -> None:
        self._file.close()


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
                _draw(f"reading {done >> 20} MiB" if compressed else f"reading: {100 * done // size} %")
    if shows:
        _draw("")


def _draw(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
