"""``compare`` over more recordings than fit in memory: each is read, printed and forgotten.

A line that is not a recording becomes a note on standard error, and the others go on, as in a list of URLs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.files import write
from wsprobe.cli.list_settings import HELD, HELD_BYTES
from wsprobe.cli.output import Finished, Output, finish
from wsprobe.cli.readers import Reached, Readers, reached, recorded, status, together, with_verdicts
from wsprobe.cli.recordings import RecordedLine, exchanges
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look, note
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.show.as_json import report_value
from wsprobe.show.compare import comparison, in_one_line
from wsprobe.show.json_text import json_line
from wsprobe.show.lines import Look, fitted


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


def compare_many(recordings: Iterable[RecordedLine], output: Output, by: Readers, verbose: bool = False) -> int:
    """Read and print every recording, in their order, as JSON or for a person; returns the exit status.
    *verbose*: print everything, not only what fits one screen."""
    settings = output.settings
    of = settings.output
    lines = Lines(settings)
    file = output.report_file(several=True)
    show: Callable[[Report], object] = _nothing
    if of.as_json:
        show = partial(write_json, sys.stdout.write, brief=of.brief)
    elif not of.silent:
        show = partial(_print, replace(look(sys.stdout, of.color), verbose=int(verbose), screen=not verbose))

    def take(finished: Finished) -> None:
        show(finished.report)
        if output.har is not None:
            output.har.add(finished.report)
        if file is not None:
            file.compared_alone(finished.unmasked)

    for line in recordings:
        lines.take(read_line(line, settings, by, take))
    output.write_files()
    if file is not None:
        file.written()
    if by.browsers and (file is not None or not (of.as_json or of.silent)):
        note(NOT_APART)
    return lines.exit_status()


NOT_APART = (
    f"not shown for more than {HELD:,} recordings or {HELD_BYTES >> 20} MiB: which of them a script can tell "
    "apart"
)


def write_json(write: Callable[[str], object], report: Report, *, brief: bool) -> None:
    """Give the line of ``--json`` for *report* to *write*, in parts."""
    for piece in json_line(report_value(report), brief):
        write(piece)


def _print(of: Look, report: Report) -> None:
    """Print *report* for a person: one line, or with -v all of it, and an empty line below it."""
    whole = not (report.views and of.screen)
    emit([*comparison([report], [], of), ()] if whole else fitted([in_one_line(report)], of), sys.stdout, of)


def _nothing(report: Report) -> None:
    pass


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
        if not output.mute and not output.redact:
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
        if self._unmet and settings.output.redact and not settings.output.mute:
            note("an --expect is not met")
        if settings.expectations:
            return Exit.UNEXPECTED if self._unmet else Exit.OPEN
        return status(self._results)


def read_line(
    line: RecordedLine, settings: Settings, by: Readers, take: Callable[[Finished], object]
) -> LineResult:
    """Read the recordings in *line*; *take* gets each, to print it."""
    try:
        found = exchanges(line)
    except click.UsageError as error:
        return LineResult(complaint=error.format_message())
    results: list[Reached] = []
    unmet: list[str] = []
    saved: list[bytes] = []
    for exchange in found:
        made = with_verdicts(recorded(exchange, by), by)
        results.append(reached(made, strict=by.strict))
        finished = finish(made, settings, own_status=False)
        unmet += finished.unmet
        take(finished)
        if settings.output.save is not None:
            saved.append(finished.recording)
    return LineResult("", together(results) if results else None, "", tuple(unmet), b"".join(saved))
