"""The file of --har: collects entries, and writes them at the end."""

from __future__ import annotations

from wsprobe.cli.streams import check_writable, write
from wsprobe.har import Json, document, entries
from wsprobe.report import Report


class HarFile:
    """Collects reports, and writes them as one HAR file."""

    def __init__(self, path: str, *, private: bool) -> None:
        """*private*: only the owner can read a new file. Raises click.UsageError if it cannot be written."""
        check_writable(path, "har", private=private)
        self._path = path
        self._entries: list[Json] = []

    def add(self, report: Report) -> None:
        """Take the entries of the next report."""
        self._entries += entries(report)

    def cut(self, most: int) -> bool:
        """Drop what comes after the first *most* entries; returns whether there was anything."""
        over = len(self._entries) > most
        del self._entries[most:]
        return over

    def write(self) -> None:
        """Write the file. Raises click.UsageError if that fails."""
        write(self._path, document(self._entries), "har")
