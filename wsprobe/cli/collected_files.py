"""The files of --har and --junit: collected in a temporary file, and written at the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile, TemporaryFile
from weakref import finalize

import click
from msgspec.structs import replace

from wsprobe.cli.environment import environment
from wsprobe.cli.files import PIECE, check_replaceable, write
from wsprobe.cli.option import usage_error
from wsprobe.report.report import Report
from wsprobe.show.har import document, entries
from wsprobe.show.junit import TAIL, Case, Fault, Totals, case_element, case_of, head, unusable, watched
from wsprobe.watch.summary import Watch


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
        self._entries.seek(0)  # here, so that a full disk is a fault of the file
        yield from iter(lambda: self._entries.read(PIECE), b"")


MEMORY = 1 << 20
"""Characters in memory; more go to a temporary file."""


class JUnit:
    """Collects test cases, and writes them."""

    def __init__(self, path: str, command: str, *, secret: bool) -> None:
        """Call this inside *command*. *secret*: see `files.private`. Raises click.UsageError if it
        cannot be written."""
        check_replaceable(path, "junit")
        self._path = path
        self._suite = f"wsprobe {command}"
        self._secret = secret
        self._totals = Totals()
        # It is open for as long as the command runs, which may end before anything is written.
        self._cases = SpooledTemporaryFile(MEMORY, mode="w+", encoding="utf-8", newline="\n")  # noqa: SIM115
        click.get_current_context().call_on_close(self._cases.close)

    def add(self, case: Case) -> None:
        """Take the next test case."""
        self._totals.add(case)
        self._cases.write(case_element(case, self._suite))

    def test(self, report: Report, unmet: tuple[str, ...] = (), more: str = "") -> None:
        """Take *report* as a test case: see ``case_of``."""
        self.add(case_of(report, unmet, more))

    def unlike(self, report: Report, why: str, text: str) -> None:
        """Take *report* as a case that fails: it differs, or its views do. *why*: one line; *text*: how."""
        self.add(replace(case_of(report), fault=Fault(why, "differs", text)))

    def unusable(self, text: str) -> None:
        """Take a line of a list that is not a URL: see ``show.junit.unusable``."""
        self.add(unusable(text))

    def watched(self, watch: Watch, now: float, *, until: bool) -> None:
        """Take a watched URL: see ``show.junit.watched``."""
        self.add(watched(watch, now, until=until))

    def write(self) -> None:
        """Write the file. Raises click.UsageError if that fails."""
        write(self._path, (piece.encode() for piece in self._pieces()), "junit", secret=self._secret)

    def _pieces(self) -> Iterator[str]:
        if not self._totals.started:  # two runs are compared: the time of the tests is now
            self._totals.started = datetime.fromtimestamp(environment().now(), UTC).isoformat()
        yield head(self._suite, self._totals)
        self._cases.seek(0)
        yield from iter(lambda: self._cases.read(PIECE), "")
        yield TAIL
