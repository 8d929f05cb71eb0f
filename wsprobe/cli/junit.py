"""The file of --junit: collects test cases, and writes the totals before them at the end."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

import click
from msgspec.structs import replace

from wsprobe.cli.files import check_replaceable, write_whole
from wsprobe.report.report import Report
from wsprobe.show.junit import TAIL, Case, Fault, Totals, case_element, case_of, head, unusable, watched
from wsprobe.watch.summary import Watch

MEMORY = 1 << 20
"""Characters in memory; more go to a temporary file."""
CHUNK = 1 << 16


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
        write_whole(self._path, self._pieces(), "junit", secret=self._secret)

    def _pieces(self) -> Iterator[str]:
        yield head(self._suite, self._totals)
        self._cases.seek(0)
        while piece := self._cases.read(CHUNK):
            yield piece
        yield TAIL
