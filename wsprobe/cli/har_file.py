"""The file of --har: collects entries, and writes them at the end."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from weakref import finalize

from wsprobe.cli.files import check_replaceable, write
from wsprobe.cli.option import usage_error
from wsprobe.report.report import Report
from wsprobe.show.har import document, entries

PIECE = 65536


class HarFile:
    """Collects reports, and writes them as one HAR file."""

    def __init__(self, path: str, *, secret: bool) -> None:
        """*secret*: see `files.private`. Raises click.UsageError if it cannot be written."""
        check_replaceable(path, "har")
        self._path = path
        self._secret = secret
        self._entries = TemporaryFile()  # noqa: SIM115 (finalize closes it)
        """The JSON of the entries, with commas between them. Only its owner can read the file."""
        finalize(self, self._entries.close)
        self._ends: list[int] = []
        """The offset at which each entry ends in it."""

    def add(self, report: Report) -> None:
        """Take the entries of the next report. Raises click.UsageError if there is no room for them."""
        with usage_error(OSError, where="--har"):
            for parts in entries(report):
                self._entries.write(b"," if self._ends else b"")
                self._entries.writelines(parts)
                self._ends.append(self._entries.tell())

    def cut(self, most: int) -> bool:
        """Drop what comes after the first *most* entries; returns whether there was anything."""
        over = len(self._ends) > most
        if over:
            del self._ends[most:]
            self._entries.seek(self._ends[-1] if self._ends else 0)
            self._entries.truncate()
        return over

    def write(self) -> None:
        """Write the file. Raises click.UsageError if that fails."""
        write(self._path, document(self._parts()), "har", secret=self._secret)

    def _parts(self) -> Iterator[bytes]:
        self._entries.seek(0)
        while part := self._entries.read(PIECE):
            yield part
