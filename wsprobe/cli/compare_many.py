"""``compare --json`` over more recordings than fit in memory: each is read, printed and forgotten.

A line that is not a recording becomes a note on standard error, and the others go on, as in a list of URLs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import click
from msgspec import Struct

from wsprobe.cli.compare_status import Reached, reached, status, together
from wsprobe.cli.output import finish
from wsprobe.cli.readers import Readers
from wsprobe.cli.recorded import recorded, with_verdicts
from wsprobe.cli.recordings import RecordedLine, exchanges
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import note, write
from wsprobe.outcome import Exit
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import json_line


class LineResult(Struct, frozen=True):
    """The result of a line."""

    text: str = ""
    """The text to print; "" if it is printed already."""
    reached: Reached | None = None
    """None if the line is no recording."""
    complaint: str = ""
    unmet: tuple[str, ...] = ()
    """A sentence for each unmet expectation."""
    save: bytes = b""


def compare_many(recordings: Iterable[RecordedLine], settings: Settings, by: Readers) -> int:
    """Read and print every recording, in their order; returns the exit status."""
    lines = Lines(settings)
    for line in recordings:
        lines.take(read_line(line, settings, by, sys.stdout.write))
    return lines.exit_status()


class Lines:
    """Takes the result of each line, in the order of the lines."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._results: list[Reached] = []
        self._complained = self._unmet = False

    def take(self, line: LineResult) -> None:
        """Print, count and keep the result of a *line*."""
        output = self._settings.output
        sys.stdout.write(line.text)
        if line.complaint:
            note(line.complaint)
        if not output.silent and not output.redact:
            for sentence in line.unmet:
                note(sentence)
        if output.save is not None:
            write(output.save, line.save, "save", append=True)
        self._complained = self._complained or bool(line.complaint)
        self._unmet = self._unmet or bool(line.unmet)
        if line.reached is not None and self._results != [line.reached]:
            self._results = [together([*self._results, line.reached])]

    def exit_status(self) -> int:
        """The exit status for all lines."""
        settings = self._settings
        if self._complained:
            return Exit.USAGE
        if self._unmet and settings.output.redact and not settings.output.silent:
            note("an --expect is not met")
        if settings.expectations:
            return Exit.UNEXPECTED if self._unmet else Exit.OPEN
        return status(self._results)


def read_line(
    line: RecordedLine, settings: Settings, by: Readers, write: Callable[[str], object]
) -> LineResult:
    """Read the recordings in *line*; *write* gets the text to print, in parts."""
    try:
        found = exchanges(line)
    except click.UsageError as error:
        return LineResult(complaint=error.format_message())
    results: list[Reached] = []
    unmet: list[str] = []
    saved: list[bytes] = []
    for exchange in found:
        made = with_verdicts(recorded(exchange, by), by)
        results.append(reached(made))
        finished = finish(made, settings, own_status=False)
        unmet += finished.unmet
        for piece in json_line(report_value(finished.report), settings.output.brief):
            write(piece)
        if settings.output.save is not None:
            saved.append(finished.recording)
    return LineResult("", together(results) if results else None, "", tuple(unmet), b"".join(saved))
